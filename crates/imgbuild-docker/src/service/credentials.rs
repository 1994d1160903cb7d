//! The credentials that Swarm's nodes pull with.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE;
use imgbuild::Reference;
use imgbuild::registry::{Anonymous, Client, Credential, Credentials, Found, Secret};
use serde_json::json;

use super::Error;
use super::event::Events;

/// The key of Docker Hub's credentials.
const DOCKER_HUB_SERVER: &str = "https://index.docker.io/v1/";
/// Users of registries whose passwords are tokens of some hours.
const SHORT_LIVED_USERS: [&str; 3] = ["oauth2accesstoken", "00000000-0000-0000-0000-000000000000", "AWS"];

/// What Swarm's nodes may show a registry, and a client that may do the same: what it cannot pull, they cannot.
#[derive(Clone)]
pub struct PullAccess {
    client: Client,
    credentials: Option<Arc<dyn Credentials>>,
    is_ours: bool,
}

impl Default for PullAccess {
    fn default() -> Self {
        Self::kept(Client::builder().credentials(Anonymous).build())
    }
}

impl PullAccess {
    /// Swarm keeps what it was given before; `client` has no credentials.
    #[must_use]
    pub const fn kept(client: Client) -> Self {
        Self { client, credentials: None, is_ours: false }
    }

    /// Swarm is given what `credentials` have for the image's registry, and `client` uses the same. `is_ours` says that
    /// they are the ones that we push with.
    #[must_use]
    pub fn given(client: Client, credentials: Arc<dyn Credentials>, is_ours: bool) -> Self {
        Self { client, credentials: Some(credentials), is_ours }
    }

    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    pub(super) const fn is_given(&self) -> bool {
        self.credentials.is_some()
    }

    /// The value of `X-Registry-Auth`.
    pub(super) async fn header(&self, image: &Reference, events: &Events) -> Result<Option<Secret>, Error> {
        let Some(credentials) = &self.credentials else { return Ok(None) };
        let Some(found) = credentials.find(image.domain(), image.path()).await?.found else {
            events.warn(
                format!("there are no credentials for `{}` to hand to Swarm", image.domain()),
                Some("log in first, or leave `--with-registry-auth` and `--pull-auth-file` away"),
            );
            return Ok(None);
        };
        if is_short_lived(&found, image) {
            events.warn(
                format!(
                    "the credentials for `{}` (from {}) are good for some hours only; tasks that start later cannot pull",
                    image.domain(),
                    found.source
                ),
                Some("give Swarm ones that last, with `--pull-auth-file`"),
            );
        }
        if self.is_ours && self.may_push(image).await {
            events.warn(
                format!("Swarm keeps the credentials for `{}` (from {}), and they may push", image.domain(), found.source),
                Some("give Swarm ones that may only pull, with `--pull-auth-file`"),
            );
        }
        Ok(Some(encode(&found.credential, image.domain())))
    }

    /// Whether the credentials may push, as far as the registry tells.
    async fn may_push(&self, image: &Reference) -> bool {
        let standing = self.client.standing(image, true).await;
        standing.is_ok_and(|standing| standing.missing.is_empty() && standing.denied.is_none())
    }
}

impl std::fmt::Debug for PullAccess {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(if self.is_given() { "PullAccess(given)" } else { "PullAccess(kept)" })
    }
}

fn is_short_lived(found: &Found, image: &Reference) -> bool {
    match &found.credential {
        Credential::Password { user, .. } => {
            SHORT_LIVED_USERS.contains(&user.as_str()) && (user != "AWS" || image.domain().ends_with(".amazonaws.com"))
        }
        _ => true,
    }
}

/// JSON in URL-safe base64: the daemon takes the other one for no credentials and says so only in its log.
fn encode(credential: &Credential, domain: &str) -> Secret {
    let server = if domain == imgbuild::oci::DOCKER_HUB { DOCKER_HUB_SERVER } else { domain };
    let config = match credential {
        Credential::Password { user, password } => json!({"username": user, "password": password.reveal(), "serveraddress": server}),
        Credential::IdentityToken(token) => json!({"identitytoken": token.reveal(), "serveraddress": server}),
        Credential::RegistryToken(token) => json!({"registrytoken": token.reveal(), "serveraddress": server}),
        _ => json!({"serveraddress": server}),
    };
    Secret::new(BASE64_URL_SAFE.encode(config.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_url_safe_base64_of_json_and_prints_nothing() {
        let credential = Credential::Password { user: "u".into(), password: Secret::new("canary???>>>") };
        let header = encode(&credential, "docker.io");
        let text = header.reveal();
        assert!(!text.contains(['+', '/']) && text.contains(['-', '_']), "{text}");
        let config: serde_json::Value = serde_json::from_slice(&BASE64_URL_SAFE.decode(text).unwrap()).unwrap();
        assert_eq!(config, json!({"username": "u", "password": "canary???>>>", "serveraddress": DOCKER_HUB_SERVER}));
        assert!(!format!("{header:?}").contains(text));
    }

    #[test]
    fn tokens_of_some_hours_are_known() {
        let image = |name: &str| name.parse::<Reference>().unwrap();
        let of = |user: &str| Found {
            credential: Credential::Password { user: user.into(), password: Secret::new("p") },
            source: "a test".into(),
        };
        assert!(is_short_lived(&of("AWS"), &image("1.dkr.ecr.eu-west-1.amazonaws.com/a")));
        assert!(is_short_lived(&of("oauth2accesstoken"), &image("europe-docker.pkg.dev/a/b/c")));
        assert!(!is_short_lived(&of("koin"), &image("koin/api")));
    }
}
