//! An image configuration (image-spec 1.1.1, "Image Configuration") as it was read, patched in place.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::{DEFAULT_SHELL, Error, Overlay, RECORD_LABEL, Record};
use crate::oci::{Digest, Platform};

/// 1980-01-01T00:00:00Z, the earliest time that a ZIP can hold, for images whose base has no time.
const FALLBACK_CREATED: &str = "1980-01-01T00:00:00Z";

/// 9999-12-31T23:59:59Z, the last second that RFC 3339 can write.
const LAST_SECOND: u64 = 253_402_300_799;

/// When an image says that it was created. Nothing of imgbuild reads it as an age.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Created {
    /// The base's own time, so that the same input gives the same digest on any day.
    #[default]
    OfBase,
    /// This time, in seconds since 1970.
    At(u64),
}

impl Created {
    /// Reads seconds since 1970 (`SOURCE_DATE_EPOCH`) or RFC 3339 in UTC.
    ///
    /// # Errors
    /// When the text is neither.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let error = || Error::Created(text.to_owned());
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().ok().filter(|seconds| *seconds <= LAST_SECOND).map(Self::At).ok_or_else(error);
        }
        let time = humantime::parse_rfc3339(text).map_err(|_| error())?;
        let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| error())?;
        Ok(Self::At(since_epoch.as_secs()))
    }
}

/// The configuration of an image.
#[derive(Debug, Clone)]
pub struct Config {
    raw: Map<String, Value>,
    diff_ids: Vec<Digest>,
}

impl Config {
    /// Reads the bytes of a configuration.
    ///
    /// # Errors
    /// When they are no JSON object or `rootfs.diff_ids` holds no digests.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let raw: Map<String, Value> = serde_json::from_slice(bytes).map_err(|error| Error::Config(error.to_string()))?;
        let diff_ids = match raw.get("rootfs").and_then(|rootfs| rootfs.get("diff_ids")) {
            None | Some(Value::Null) => Vec::new(),
            Some(list) => serde_json::from_value(list.clone()).map_err(|error| Error::Config(format!("rootfs.diff_ids: {error}")))?,
        };
        for key in ["config", "rootfs"] {
            if raw.get(key).is_some_and(|value| !value.is_object() && !value.is_null()) {
                return Err(Error::Config(format!("`{key}` is no object")));
            }
        }
        Ok(Self { raw, diff_ids })
    }

    /// The digests of the uncompressed layers, base first.
    #[must_use]
    pub fn diff_ids(&self) -> &[Digest] {
        &self.diff_ids
    }

    /// Operating system, architecture and variant that the configuration claims.
    #[must_use]
    pub fn platform(&self) -> Platform {
        let text = |key: &str| self.raw.get(key).and_then(Value::as_str).unwrap_or_default();
        Platform::new(text("os"), text("architecture"), text("variant"))
    }

    /// All of it, as it was read.
    #[must_use]
    pub const fn raw(&self) -> &Map<String, Value> {
        &self.raw
    }

    /// A member of the runtime part, `config`.
    #[must_use]
    pub fn runtime(&self, key: &str) -> Option<&Value> {
        self.raw.get("config").and_then(|config| config.get(key)).filter(|value| !value.is_null())
    }

    /// The value of an environment variable.
    #[must_use]
    pub fn env(&self, name: &str) -> Option<&str> {
        self.runtime("Env")?.as_array()?.iter().rev().filter_map(Value::as_str).find_map(|entry| {
            let (key, value) = entry.split_once('=')?;
            (key == name).then_some(value)
        })
    }

    /// The environment variables, in their order.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        let list = self.runtime("Env").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let pairs = list.iter().filter_map(Value::as_str).filter_map(|entry| entry.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// WORKDIR, `/` where none is set.
    #[must_use]
    pub fn working_dir(&self) -> &str {
        self.runtime("WorkingDir").and_then(Value::as_str).filter(|path| !path.is_empty()).unwrap_or("/")
    }

    /// What runs a command in shell form: SHELL, or what a Dockerfile takes where none is set.
    #[must_use]
    pub fn shell(&self) -> Vec<String> {
        let shell = self.runtime("Shell").cloned().and_then(|shell| serde_json::from_value(shell).ok());
        shell.unwrap_or_else(|| DEFAULT_SHELL.map(str::to_owned).to_vec())
    }

    /// What imgbuild recorded when it made this image.
    #[must_use]
    pub fn record(&self) -> Option<Record> {
        self.runtime("Labels")?.get(RECORD_LABEL)?.as_str().and_then(Record::from_label)
    }

    /// The names of the layers above the lowest `below`, as imgbuild wrote them into the history; `None` where another
    /// program made one of them, or the history does not tell.
    #[must_use]
    pub fn own_layers(&self, below: usize) -> Option<Vec<&str>> {
        let history = self.raw.get("history")?.as_array()?;
        let layers = history.iter().filter(|entry| !is_empty_layer(entry)).skip(below);
        let names = layers.map(|entry| entry.get("created_by")?.as_str()?.strip_prefix("imgbuild "));
        names.collect::<Option<Vec<&str>>>().filter(|names| below + names.len() == self.diff_ids.len())
    }

    /// Whether the base asks for build steps that only a Dockerfile build would run.
    #[must_use]
    pub fn has_onbuild(&self) -> bool {
        self.runtime("OnBuild").and_then(Value::as_array).is_some_and(|steps| !steps.is_empty())
    }

    /// This configuration with the changes of `overlay`, its layers left as they are.
    #[must_use]
    pub fn patched(&self, overlay: &Overlay) -> Self {
        let mut raw = self.raw.clone();
        patch(object(&mut raw, "config"), overlay, self.working_dir());
        Self { raw, diff_ids: self.diff_ids.clone() }
    }

    /// The configuration of the image on top: patched by `overlay`, with the layers `added` as (diff id, what made it).
    #[must_use]
    pub(super) fn derive(&self, overlay: &Overlay, added: &[(&Digest, &str)], created: &Created, record: &Record) -> Vec<u8> {
        let mut raw = self.raw.clone();
        let created = match created {
            Created::At(seconds) => Value::from(rfc3339(*seconds)),
            Created::OfBase => raw.get("created").filter(|time| time.is_string()).cloned().unwrap_or_else(|| FALLBACK_CREATED.into()),
        };
        raw.insert("created".to_owned(), created.clone());
        let runtime = object(&mut raw, "config");
        patch(runtime, overlay, self.working_dir());
        object(runtime, "Labels").insert(RECORD_LABEL.to_owned(), record.to_label().into());

        let diff_ids: Vec<&str> = self.diff_ids.iter().chain(added.iter().map(|(diff_id, _)| *diff_id)).map(Digest::as_str).collect();
        let rootfs = object(&mut raw, "rootfs");
        rootfs.insert("type".to_owned(), "layers".into());
        rootfs.insert("diff_ids".to_owned(), diff_ids.into());

        let mut history = base_history(&raw, self.diff_ids.len());
        history
            .extend(added.iter().map(|(_, name)| json!({"created": created, "created_by": format!("imgbuild {name}"), "comment": name})));
        raw.insert("history".to_owned(), history.into());
        Value::Object(raw).to_string().into_bytes()
    }
}

/// The member `key` as an object, made where it is missing or null.
fn object<'a>(map: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    let member = map.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if !member.is_object() {
        *member = Value::Object(Map::new());
    }
    match member {
        Value::Object(object) => object,
        _ => unreachable!("the member was just made an object"),
    }
}

fn patch(runtime: &mut Map<String, Value>, overlay: &Overlay, base_working_dir: &str) {
    if let Some(entrypoint) = &overlay.entrypoint {
        runtime.insert("Entrypoint".to_owned(), entrypoint.clone().into());
        // A Dockerfile's ENTRYPOINT resets the base's CMD; tools that forget it run `java -jar app.jar bash`.
        runtime.shift_remove("Cmd");
    }
    if let Some(cmd) = &overlay.cmd {
        runtime.insert("Cmd".to_owned(), cmd.clone().into());
    }
    patch_env(runtime, &overlay.env);
    for (key, value) in &overlay.labels {
        object(runtime, "Labels").insert(key.clone(), value.clone().into());
    }
    if let Some(user) = &overlay.user {
        runtime.insert("User".to_owned(), user.clone().into());
    }
    if let Some(path) = &overlay.working_dir {
        runtime.insert("WorkingDir".to_owned(), join_path(base_working_dir, path).into());
    }
    for key in overlay.exposed_ports.iter().flat_map(super::Port::keys) {
        object(runtime, "ExposedPorts").insert(key, json!({}));
    }
    for volume in &overlay.volumes {
        object(runtime, "Volumes").insert(volume.clone(), json!({}));
    }
    if let Some(signal) = &overlay.stop_signal {
        runtime.insert("StopSignal".to_owned(), signal.clone().into());
    }
    if let Some(healthcheck) = overlay.healthcheck.as_ref().and_then(|check| serde_json::to_value(check).ok()) {
        runtime.insert("Healthcheck".to_owned(), healthcheck);
    }
    if let Some(shell) = &overlay.shell {
        runtime.insert("Shell".to_owned(), shell.clone().into());
    }
}

fn patch_env(runtime: &mut Map<String, Value>, changes: &[(String, String)]) {
    if changes.is_empty() {
        return;
    }
    let mut env: Vec<Value> = runtime.get("Env").and_then(Value::as_array).cloned().unwrap_or_default();
    for (name, value) in changes {
        let entry = Value::from(format!("{name}={value}"));
        let names_it = |entry: &Value| entry.as_str().is_some_and(|entry| entry.split('=').next() == Some(name));
        match env.iter_mut().find(|entry| names_it(entry)) {
            Some(place) => *place = entry,
            None => env.push(entry),
        }
    }
    runtime.insert("Env".to_owned(), env.into());
}

/// A WORKDIR on top of the base's, cleaned as Go's `path.Join` does: no `.`, `..` or doubled `/`.
pub(crate) fn join_path(base: &str, path: &str) -> String {
    let joined = if path.starts_with('/') { path.to_owned() } else { format!("{base}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The base's history, made to fit its layers: some tools write none or too little, and readers insist that the
/// entries that are not empty are as many as the diff ids (image-spec 1.1.1, "history").
fn base_history(raw: &Map<String, Value>, layers: usize) -> Vec<Value> {
    let history = raw.get("history").and_then(Value::as_array).cloned().unwrap_or_default();
    let described = history.iter().filter(|entry| !is_empty_layer(entry)).count();
    let unknown = || json!({"created_by": "layer of the base"});
    if described <= layers {
        history.into_iter().chain(std::iter::repeat_with(unknown).take(layers - described)).collect()
    } else {
        std::iter::repeat_with(unknown).take(layers).collect()
    }
}

fn is_empty_layer(entry: &Value) -> bool {
    entry.get("empty_layer").and_then(Value::as_bool).unwrap_or(false)
}

fn rfc3339(seconds: u64) -> String {
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
}
