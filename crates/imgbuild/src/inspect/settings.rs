//! How a container of an image is started, as its configuration says.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::image::{Config, RECORD_LABEL};
use crate::shown::{HIDDEN, Mask, is_secret_name, masked};

/// Variables whose values are shown: they say where things lie and in which language, and never let anybody in.
const HARMLESS: [&str; 11] = [
    "PATH",
    "JAVA_HOME",
    "JAVA_VERSION",
    "JRE_HOME",
    "CATALINA_HOME",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "TZ",
    "HOME",
    "SPRING_PROFILES_ACTIVE",
];

/// How a container is started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// ENTRYPOINT, with what looks secret left out.
    pub entrypoint: Vec<String>,
    /// CMD, with what looks secret left out.
    pub cmd: Vec<String>,
    /// ENV.
    pub env: Vec<Variable>,
    /// USER; empty for root.
    pub user: String,
    /// WORKDIR; empty for `/`.
    pub working_dir: String,
    /// EXPOSE.
    pub exposed_ports: Vec<String>,
    /// VOLUME.
    pub volumes: Vec<String>,
    /// LABEL, without imgbuild's own record, with what looks secret left out.
    pub labels: BTreeMap<String, String>,
    /// What the health check runs.
    pub healthcheck: Vec<String>,
    /// STOPSIGNAL; empty for SIGTERM.
    pub stop_signal: String,
}

/// An environment variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, where it is known to be harmless.
    pub value: Option<String>,
}

impl Settings {
    /// What `config` says.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let text = |key: &str| config.runtime(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let keys = |key: &str| config.runtime(key).and_then(Value::as_object).map(|map| map.keys().cloned().collect()).unwrap_or_default();
        let labels = config.runtime("Labels").and_then(Value::as_object).into_iter().flatten();
        let labels = labels.filter(|(name, _)| *name != RECORD_LABEL).map(|(name, value)| {
            let value = value.as_str().unwrap_or_default();
            (name.clone(), if is_secret_name(name) { HIDDEN.to_owned() } else { masked(value) })
        });
        Self {
            entrypoint: command(config.runtime("Entrypoint")),
            cmd: command(config.runtime("Cmd")),
            env: strings(config.runtime("Env")).iter().map(|entry| Variable::of(entry)).collect(),
            user: text("User"),
            working_dir: text("WorkingDir"),
            exposed_ports: keys("ExposedPorts"),
            volumes: keys("Volumes"),
            labels: labels.collect(),
            healthcheck: command(config.runtime("Healthcheck").and_then(|check| check.get("Test"))),
            stop_signal: text("StopSignal"),
        }
    }
}

impl Variable {
    fn of(entry: &str) -> Self {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        Self { name: name.to_owned(), value: HARMLESS.contains(&name).then(|| value.to_owned()) }
    }
}

fn strings(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The words of a command.
fn command(value: Option<&Value>) -> Vec<String> {
    let mut mask = Mask::default();
    strings(value).iter().map(|word| mask.argument(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_that_may_be_secret_is_kept() {
        let config = r#"{"config":{"Env":["PATH=/bin","DB=CANARY","SPRING_PROFILES_ACTIVE=prod"],"Cmd":["--api-key","CANARY","x"],
            "Entrypoint":["sh","-c","java -Dp.token=CANARY -jar a.jar"],"Labels":{"my.secret":"CANARY","a":"b","dev.imgbuild.record":"CANARY"},
            "ExposedPorts":{"8080/tcp":{}},"Healthcheck":{"Test":["CMD","curl","http://u:CANARY@x/"]},"User":"app"}}"#;
        let settings = Settings::of(&Config::parse(config.as_bytes()).unwrap());
        assert!(!format!("{settings:?}").contains("CANARY"), "{settings:?}");
        assert_eq!(settings.env.iter().filter(|variable| variable.value.is_some()).count(), 2);
        assert_eq!(
            (settings.cmd.as_slice(), settings.user.as_str()),
            (&["--api-key".to_owned(), "***".to_owned(), "x".to_owned()][..], "app")
        );
        assert_eq!(settings.labels.keys().collect::<Vec<_>>(), ["a", "my.secret"]);
    }
}
