//! Files of a service that are no part of its image: Swarm's configs and secrets.
//!
//! Each is named by its content, so that another content is another config, and a task never sees one change. Those that an
//! earlier specification names are kept: Swarm lets them be removed, and a rollback then fails task by task.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use imgbuild::{Digest, registry::Secret};
use serde_json::{Value, json};

use super::spec::Spec;
use super::{Error, Event, Service};
use crate::engine::{self, Request};

/// The label that says whose config it is.
const SERVICE_LABEL: &str = "dev.imgbuild.service";
/// The longest name (moby, `daemon/cluster/convert`).
const MAX_NAME: usize = 64;
/// Digits of the content's digest in a name.
const DIGEST_DIGITS: usize = 16;
/// Readable by every user of the container, as Docker's own client makes them.
const MODE: u32 = 0o444;

/// How a file is kept in the Swarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MountKind {
    /// A config, which managers can read.
    Config,
    /// A secret, which nobody but its tasks can read.
    Secret,
}

impl MountKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Secret => "secret",
        }
    }

    /// The name in specifications.
    const fn key(self) -> &'static str {
        match self {
            Self::Config => "Config",
            Self::Secret => "Secret",
        }
    }

    /// The largest file (swarmkit: 1,000 and 500 KiB).
    const fn limit(self) -> usize {
        match self {
            Self::Config => 1000 << 10,
            Self::Secret => 500 << 10,
        }
    }
}

impl FromStr for MountKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "swarm-config" => Ok(Self::Config),
            "swarm-secret" => Ok(Self::Secret),
            _ => Err(format!("`{text}` is none of `swarm-config` and `swarm-secret`")),
        }
    }
}

/// A file that is mounted into every task of a service.
#[derive(Clone)]
pub struct Mount {
    kind: MountKind,
    target: String,
    content: Vec<u8>,
}

impl Mount {
    /// `content` at the absolute path `target`.
    ///
    /// # Errors
    /// When it is empty or too large for Swarm, or the path is not absolute.
    pub fn new(kind: MountKind, target: impl Into<String>, content: Vec<u8>) -> Result<Self, Error> {
        let target = target.into();
        let no = |reason: String| Error::Input(format!("cannot mount a {} at `{target}`: {reason}", kind.name()));
        if !target.starts_with('/') {
            return Err(no("the path is not absolute".to_owned()));
        }
        if content.is_empty() || content.len() > kind.limit() {
            return Err(no(format!("it has {} bytes, and Swarm takes 1 to {}", content.len(), kind.limit())));
        }
        Ok(Self { kind, target, content })
    }

    /// `SERVICE-PATH-DIGEST`, of the characters that Swarm allows and no longer than it allows. A secret's digest is keyed: who
    /// sees the name must not be able to try out contents.
    fn name(&self, service: &str, key: &Secret) -> String {
        let digest = match self.kind {
            MountKind::Config => Digest::of(&self.content).hex().to_owned(),
            MountKind::Secret => {
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key.reveal().as_bytes());
                Digest::of(ring::hmac::sign(&key, &self.content).as_ref()).hex().to_owned()
            }
        };
        let path = self.target.trim_matches('/').replace(|character: char| !character.is_ascii_alphanumeric() && character != '.', ".");
        let mut front = format!("{service}-{path}");
        front.truncate(MAX_NAME - DIGEST_DIGITS - 1);
        format!("{}-{}", front.trim_end_matches(['.', '-', '_']), &digest[..DIGEST_DIGITS])
    }
}

impl fmt::Debug for Mount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Mount({} at {}, {} bytes)", self.kind.name(), self.target, self.content.len())
    }
}

/// What was made in the Swarm, to be mounted.
#[derive(Debug, Default)]
pub(super) struct Mounted(Vec<Made>);

#[derive(Debug)]
struct Made {
    kind: MountKind,
    target: String,
    id: String,
    name: String,
}

impl Service {
    /// Makes the configs and secrets that are not there yet.
    pub(super) async fn prepare_mounts(&self) -> Result<Mounted, Error> {
        let mut made = Vec::new();
        if self.mounts.is_empty() {
            return Ok(Mounted(made));
        }
        let key = self.mount_key().await?;
        for mount in self.mounts.iter() {
            let name = mount.name(self.name(), &key);
            let id = self.make(mount, &name).await?;
            made.push(Made { kind: mount.kind, target: mount.target.clone(), id, name });
        }
        Ok(Mounted(made))
    }

    async fn make(&self, mount: &Mount, name: &str) -> Result<String, Error> {
        let kind = mount.kind.name();
        let body = json!({"Name": name, "Labels": {SERVICE_LABEL: self.name()}, "Data": BASE64_STANDARD.encode(&mount.content)});
        let made = self.engine().json(Request::post(format!("/{kind}s/create"), body)).await;
        let id = match made {
            Ok(made) => made["ID"].as_str().map(str::to_owned),
            // The same name is the same content.
            Err(error) if error.status() == Some(409) => {
                let all = self.engine().list(Request::get(format!("/{kind}s")).filter("name", name)).await?;
                let own = all.iter().find(|one| one["Spec"]["Name"] == name);
                own.and_then(|own| own["ID"].as_str().map(str::to_owned))
            }
            Err(error) => return Err(error.into()),
        };
        self.events().emit(&Event::Mounted { kind, name: name.to_owned(), removed: false });
        let request = format!("POST /{kind}s/create");
        id.ok_or_else(|| engine::Error::Answer { request, reason: "it has no `ID`".to_owned() }.into())
    }

    /// A key that is the same for every run and known to managers alone, who can do anything anyway: the token by which managers
    /// join. The name of a secret tells nothing about the token.
    async fn mount_key(&self) -> Result<Secret, Error> {
        let swarm = self.engine().json(Request::get("/swarm")).await?;
        let token = swarm["JoinTokens"]["Manager"].as_str().filter(|token| !token.is_empty());
        let reason = "it has no join token for managers".to_owned();
        let token = token.ok_or(engine::Error::Answer { request: "GET /swarm".to_owned(), reason })?;
        Ok(Secret::new(token))
    }
}

impl Mounted {
    /// Mounts them, each in the place of what was there.
    pub(super) fn apply(&self, spec: &mut Spec) {
        for made in &self.0 {
            let key = made.kind.key();
            let file = json!({"Name": made.target, "UID": "0", "GID": "0", "Mode": MODE});
            let mut reference = json!({"File": file});
            reference[format!("{key}ID")] = made.id.clone().into();
            reference[format!("{key}Name")] = made.name.clone().into();
            for other in [MountKind::Config, MountKind::Secret].into_iter().filter(|kind| *kind != made.kind) {
                let container = &spec.0["TaskTemplate"]["ContainerSpec"];
                if container[format!("{}s", other.key())].is_array() {
                    spec.list(&["TaskTemplate", "ContainerSpec"], &format!("{}s", other.key()))
                        .retain(|one| one["File"]["Name"] != made.target.as_str());
                }
            }
            let list = spec.list(&["TaskTemplate", "ContainerSpec"], &format!("{key}s"));
            match list.iter_mut().find(|one| one["File"]["Name"] == made.target.as_str()) {
                Some(one) => *one = reference,
                None => list.push(reference),
            }
        }
    }

    /// Removes those of this service that no specification names any more, neither a present nor a previous one.
    pub(super) async fn clean(&self, service: &Service) -> Result<(), Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let services = service.engine().list(Request::get("/services")).await?;
        let named = named(&services);
        for kind in [MountKind::Config, MountKind::Secret] {
            let label = format!("{SERVICE_LABEL}={}", service.name());
            for one in service.engine().list(Request::get(format!("/{}s", kind.name())).filter("label", &label)).await? {
                let (Some(id), Some(name)) = (one["ID"].as_str(), one["Spec"]["Name"].as_str()) else { continue };
                if named.contains(id) {
                    continue;
                }
                match service.engine().bytes(Request::delete(format!("/{}s/{id}", kind.name()))).await {
                    Ok(_) => service.events().emit(&Event::Mounted { kind: kind.name(), name: name.to_owned(), removed: true }),
                    // Somebody mounts it since, or removed it.
                    Err(error) if matches!(error.status(), Some(400 | 404)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }
}

/// The ids of all configs and secrets that services name, now or in their previous specification.
fn named(services: &[Value]) -> HashSet<&str> {
    let specs = services.iter().flat_map(|service| [&service["Spec"], &service["PreviousSpec"]]);
    let references = specs.flat_map(|spec| {
        let container = &spec["TaskTemplate"]["ContainerSpec"];
        [MountKind::Config, MountKind::Secret].into_iter().flat_map(move |kind| {
            let list = container[format!("{}s", kind.key())].as_array().map(Vec::as_slice).unwrap_or_default();
            list.iter().filter_map(move |one| one[format!("{}ID", kind.key())].as_str())
        })
    });
    references.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded() -> Value {
        let text = std::fs::read(format!("{}/tests/recorded/config-missing-services-cfg.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    fn mount(kind: MountKind, target: &str, content: &str) -> Mount {
        Mount::new(kind, target, content.into()).unwrap()
    }

    #[test]
    fn a_secrets_name_is_keyed_and_every_name_is_short_enough() {
        let (one, other) = (Secret::new("SWMTKN-1"), Secret::new("SWMTKN-2"));
        let secret = mount(MountKind::Secret, "/app/config/application.yml", "password: a");
        let config = mount(MountKind::Config, "/app/config/application.yml", "password: a");
        assert_ne!(secret.name("api", &one), secret.name("api", &other));
        assert_eq!(config.name("api", &one), config.name("api", &other));
        assert_eq!(config.name("api", &one), format!("api-app.config.application.yml-{}", &Digest::of(b"password: a").hex()[..16]));
        let long = mount(MountKind::Config, &format!("/{}", "a".repeat(200)), "a").name(&"s".repeat(63), &one);
        assert!(long.len() <= MAX_NAME, "{long}");
        assert!(!format!("{secret:?}").contains("password"));
    }

    #[test]
    fn what_is_mounted_takes_the_place_of_what_was_there() {
        let mut spec = Spec(recorded()["Spec"].clone());
        let made = Made { kind: MountKind::Config, target: "/app/config/application.yml".into(), id: "new".into(), name: "n".into() };
        Mounted(vec![made]).apply(&mut spec);
        let configs = spec.container()["Configs"].as_array().unwrap();
        assert_eq!(configs.len(), 1);
        assert_eq!(
            configs[0],
            json!({"File": {"Name": "/app/config/application.yml", "UID": "0", "GID": "0", "Mode": 292}, "ConfigID": "new", "ConfigName": "n"})
        );
        let made = Made { kind: MountKind::Config, target: "/app/config/secret.yml".into(), id: "c".into(), name: "n".into() };
        Mounted(vec![made]).apply(&mut spec);
        assert_eq!((spec.container()["Configs"].as_array().unwrap().len(), spec.container()["Secrets"].as_array().unwrap().len()), (2, 0));
    }

    #[test]
    fn a_previous_specification_keeps_its_configs() {
        let services = [recorded()];
        let named = named(&services);
        assert!(named.contains("vfpgm285sgou5xgk10yg13vf9") && named.contains("jtcpklt84c3f315taam7urk7t"), "{named:?}");
        assert!(named.contains("yjdmfhz8j8kapgamndm6z3cyz"));
    }

    #[test]
    fn files_that_swarm_does_not_take_are_refused() {
        assert!(Mount::new(MountKind::Secret, "/a", vec![0; (500 << 10) + 1]).is_err());
        assert!(Mount::new(MountKind::Config, "/a", vec![0; (500 << 10) + 1]).is_ok());
        assert!(Mount::new(MountKind::Config, "/a", Vec::new()).is_err());
        assert!(Mount::new(MountKind::Config, "a", vec![0]).is_err());
    }
}
