//! An `imgbuild.yaml` to start from: what a Dockerfile says, or what a user answered, in the keys of the file.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{CopyStep, DEFAULT_WORKING_DIR, Dockerfile, Error, Step};
use crate::image::Overlay;
use crate::oci::{Location, Platform, Reference};

/// A file that is to be written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    /// Keys and values in the order of the documentation.
    keys: Vec<(&'static str, Value)>,
    notes: Vec<String>,
}

impl Draft {
    /// What a Dockerfile says. Its JAR becomes `jar`, which is laid out in layers; other files become `configs` and `add`.
    ///
    /// # Errors
    /// When a value is not valid, or depends on the base image.
    pub fn of_dockerfile(dockerfile: &Dockerfile) -> Result<Self, Error> {
        let mut draft = Self::default();
        let steps = dockerfile.evaluate(&[], &Platform::LINUX_AMD64, None)?;
        draft.notes.extend(steps.warnings);
        let base = dockerfile.base(&[], &[Platform::LINUX_AMD64])?;
        let copies: Vec<&CopyStep> =
            steps.steps.iter().filter_map(|step| if let Step::Copy(copy) = step { Some(copy) } else { None }).collect();
        let jar = copies.iter().copied().find(|copy| matches!(&copy.sources[..], [source] if is_jar(source)));
        match jar {
            Some(copy) => draft.add("jar", json!(copy.sources[0])),
            None => draft.notes.push("no COPY is of one JAR; add `jar: FILE`".to_owned()),
        }
        draft.add("base", json!(short(&base)));
        let (mut configs, mut additions) = (Vec::new(), Vec::new());
        for copy in copies.iter().copied().filter(|copy| jar != Some(*copy)) {
            for source in &copy.sources {
                match place(source, copy) {
                    Some((true, entry)) => configs.push(entry),
                    Some((false, entry)) => additions.push(entry),
                    None => draft.notes.push(format!("line {}: write out what `{source}` means, under `add`", copy.line)),
                }
            }
        }
        draft.add_list("configs", configs);
        draft.add_list("add", additions);
        draft.overlay(steps.overlay, jar);
        Ok(draft)
    }

    /// What a user answered; an empty text is no answer.
    ///
    /// # Errors
    /// When the base or the name is no reference.
    pub fn of_answers(jar: &str, base: &str, tag: &str, config: &str) -> Result<Self, Error> {
        let no = |text: &str, reason: String| Error::Answer { input: text.to_owned(), reason };
        let base: Location = base.parse().map_err(|error| no(base, format!("{error}")))?;
        let mut draft = Self::default();
        draft.add("jar", json!(jar));
        draft.add("base", json!(short(&base)));
        if !config.is_empty() {
            draft.add("configs", json!([config]));
        }
        if !tag.is_empty() {
            let tag: Reference = tag.parse().map_err(|error| no(tag, format!("{error}")))?;
            draft.add("tags", json!([tag.resolved().to_string()]));
        }
        Ok(draft)
    }

    /// What the user should look at.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The file's text.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let mut text = "# What imgbuild builds; `imgbuild build --help` explains the keys.\n".to_owned();
        for (key, value) in &self.keys {
            // Writing to a text cannot fail. A JSON value is a YAML value, so nothing needs another spelling.
            let _ = match value {
                Value::Array(list) if list.iter().all(Value::is_string) && !is_command(key) => {
                    let items: String = list.iter().map(|item| ["  - ", &item.to_string(), "\n"].concat()).collect();
                    write!(text, "{key}:\n{items}")
                }
                Value::Object(map) => {
                    let items: String =
                        map.iter().map(|(name, value)| ["  ", &json!(name).to_string(), ": ", &value.to_string(), "\n"].concat()).collect();
                    write!(text, "{key}:\n{items}")
                }
                Value::String(word) if is_plain(word) => writeln!(text, "{key}: {word}"),
                value => writeln!(text, "{key}: {value}"),
            };
        }
        text
    }

    fn overlay(&mut self, overlay: Overlay, jar: Option<&CopyStep>) {
        let home = overlay.working_dir.filter(|path| path != DEFAULT_WORKING_DIR);
        let own_entrypoint = jar.map(destination_of);
        let starts_jar = |words: &[String]| matches!(words, [java, flag, path] if java == "java" && flag == "-jar" && own_entrypoint.as_ref().is_some_and(|own| path == own || own.rsplit('/').next() == Some(path)));
        match overlay.entrypoint {
            // The layout's own entrypoint says the same of `/app/app.jar`.
            Some(words) if starts_jar(&words) => {}
            Some(words) => {
                if own_entrypoint.as_ref().is_some_and(|own| own != "/app/app.jar") {
                    self.notes.push("the JAR goes to `/app/app.jar`; let the entrypoint name it there".to_owned());
                }
                self.add("entrypoint", json!(words));
            }
            None => {}
        }
        let map = |pairs: Vec<(String, String)>| Value::Object(pairs.into_iter().map(|(name, value)| (name, value.into())).collect());
        let optional = [
            ("cmd", overlay.cmd.map(|words| json!(words))),
            ("env", Some(overlay.env).filter(|pairs| !pairs.is_empty()).map(map)),
            ("labels", Some(overlay.labels).filter(|pairs| !pairs.is_empty()).map(map)),
            ("user", overlay.user.map(Value::from)),
            ("workdir", home.map(Value::from)),
            ("stop-signal", overlay.stop_signal.map(Value::from)),
            ("shell", overlay.shell.map(|words| json!(words))),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                self.add(key, value);
            }
        }
        self.add_list("expose", overlay.exposed_ports.iter().map(ToString::to_string));
        self.add_list("volumes", overlay.volumes);
        if let Some(check) = overlay.healthcheck {
            let time = |nanoseconds: u64| format!("{}ms", nanoseconds / 1_000_000);
            let times = [
                ("interval", check.interval),
                ("timeout", check.timeout),
                ("start-period", check.start_period),
                ("start-interval", check.start_interval),
            ];
            let mut keys = json!({ "test": check.test });
            for (key, value) in times.into_iter().filter(|(_, value)| *value > 0) {
                keys[key] = time(value).into();
            }
            if check.retries > 0 {
                keys["retries"] = check.retries.into();
            }
            self.add("healthcheck", keys);
        }
    }

    fn add(&mut self, key: &'static str, value: Value) {
        self.keys.push((key, value));
    }

    fn add_list(&mut self, key: &'static str, list: impl IntoIterator<Item = String>) {
        let list: Vec<String> = list.into_iter().collect();
        if !list.is_empty() {
            self.add(key, json!(list));
        }
    }
}

fn is_command(key: &str) -> bool {
    matches!(key, "entrypoint" | "cmd" | "shell")
}

/// Whether YAML reads a text as it stands, and as a text.
fn is_plain(text: &str) -> bool {
    let letters = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_' | b':' | b'@'));
    letters && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/') && !text.ends_with(':') && text.len() > 5
}

fn is_jar(path: &str) -> bool {
    let extension = std::path::Path::new(path).extension().unwrap_or_default();
    (extension.eq_ignore_ascii_case("jar") || extension.eq_ignore_ascii_case("war")) && !path.contains(['*', '?', '['])
}

/// `amazoncorretto:17` as people write it.
fn short(base: &Location) -> String {
    let text = base.to_string();
    text.strip_prefix("docker.io/library/").map_or_else(|| text.clone(), str::to_owned)
}

/// Where one source of a COPY becomes a file.
fn destination_of(copy: &CopyStep) -> String {
    let name = copy.sources.first().and_then(|source| source.rsplit('/').next()).unwrap_or_default();
    if copy.into_folder { format!("{}/{name}", copy.destination.trim_end_matches('/')) } else { copy.destination.clone() }
}

/// `FILE:/PATH[:MODE]`, and whether it is a configuration of Spring Boot; nothing for a pattern.
fn place(source: &str, copy: &CopyStep) -> Option<(bool, String)> {
    if source.contains(['*', '?', '[', ':']) {
        return None;
    }
    let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let folder = copy.destination.trim_end_matches('/');
    let destination = if copy.into_folder { format!("{folder}/{name}") } else { copy.destination.clone() };
    let mode = copy.mode.map(|mode| format!(":{mode:04o}")).unwrap_or_default();
    let is_config = [".yml", ".yaml", ".properties"].iter().any(|end| name.ends_with(end)) && destination.contains("/config/");
    Some((is_config, format!("{source}:{destination}{mode}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{Project, Recipe};

    #[test]
    fn the_missions_file_in_the_keys_of_imgbuild_yaml() {
        let text = "FROM amazoncorretto:17\nWORKDIR /app\nCOPY build/libs/KOIN_API_V2.jar app.jar\nCOPY application.yml config/\nENTRYPOINT [\"java\",\"-jar\",\"/app/app.jar\"]\n";
        let draft = Draft::of_dockerfile(&Dockerfile::parse(text).unwrap()).unwrap();
        let expected = "# What imgbuild builds; `imgbuild build --help` explains the keys.\njar: build/libs/KOIN_API_V2.jar\nbase: amazoncorretto:17\nconfigs:\n  - \"application.yml:/app/config/application.yml\"\n";
        assert_eq!((draft.to_yaml().as_str(), draft.notes().len()), (expected, 0));
    }

    #[test]
    fn what_is_written_is_read_as_it_was_meant() {
        let text = "FROM eclipse-temurin:21\nENV A=\"x: y\" B='# no'\nLABEL team=koin\nUSER 1000\nEXPOSE 8080 9090/udp\nVOLUME /data\nWORKDIR /srv\nCOPY *.txt /x/\nCOPY --chmod=0600 key.pem /etc/\nHEALTHCHECK --interval=30s CMD curl -f x\nSTOPSIGNAL SIGINT\nENTRYPOINT [\"java\", \"-Xmx1g\", \"-jar\", \"/srv/a.jar\"]\nCMD [\"--x: y\"]\n";
        let dockerfile = Dockerfile::parse(text).unwrap();
        let draft = Draft::of_dockerfile(&dockerfile).unwrap();
        let project = Project::parse(&draft.to_yaml(), "").unwrap();
        let recipe = Recipe::from_sources([project.defaults]).unwrap();
        let wanted = dockerfile.evaluate(&[], &Platform::LINUX_AMD64, None).unwrap().overlay;
        assert_eq!(recipe.overlay, wanted);
        assert_eq!((recipe.additions[0].destination.as_str(), recipe.additions[0].mode), ("/etc/key.pem", Some(0o600)));
        assert_eq!(draft.notes().len(), 2, "a JAR is missing, and a pattern is to be written out: {:?}", draft.notes());
    }

    #[test]
    fn answers_become_keys() {
        let draft = Draft::of_answers("a b.jar", "amazoncorretto:17", "koin/api:1", "").unwrap();
        let project = Project::parse(&draft.to_yaml(), "").unwrap();
        assert_eq!(project.defaults.tags[0].to_string(), "docker.io/koin/api:1");
        assert_eq!(project.defaults.application.unwrap().to_str(), Some("a b.jar"));
        assert!(Draft::of_answers("a.jar", "UPPER", "", "").is_err());
    }
}
