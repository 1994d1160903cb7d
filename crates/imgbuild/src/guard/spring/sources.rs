//! Where Spring Boot takes settings from when the image starts, the strongest first: arguments, system properties,
//! `SPRING_APPLICATION_JSON`, variables, files.

use super::{Setting, canonical, parse_yaml};

/// Settings by their canonical names, the strongest first.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Settings(Vec<(String, String)>);

impl Settings {
    /// What command and variables set.
    pub(in super::super) fn of_start(command: &[String], env: &[(String, String)]) -> Self {
        let mut settings = Self::default();
        let variable = |name: &str| env.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let arguments = command.iter().filter_map(|word| word.strip_prefix("--")).filter_map(|word| word.split_once('='));
        let options =
            ["JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "JAVA_OPTS"].into_iter().filter_map(variable).flat_map(str::split_whitespace);
        let properties = command.iter().map(String::as_str).chain(options);
        let properties =
            properties.filter_map(|word| word.trim_matches(['"', '\'']).strip_prefix("-D")).filter_map(|word| word.split_once('='));
        for (name, value) in arguments.chain(properties) {
            settings.push(name, value);
        }
        // A shell's command is one word with words in it.
        for word in command.iter().filter(|word| word.contains(char::is_whitespace)).flat_map(|word| word.split_whitespace()) {
            let word = word.trim_matches(['"', '\'']);
            if let Some((name, value)) = word.strip_prefix("--").or_else(|| word.strip_prefix("-D")).and_then(|word| word.split_once('=')) {
                settings.push(name, value);
            }
        }
        if let Some(json) = variable("SPRING_APPLICATION_JSON") {
            // JSON is YAML.
            settings.add(&parse_yaml(json.as_bytes()).unwrap_or_default());
        }
        for (name, value) in env {
            settings.push(name, value);
        }
        settings
    }

    /// Adds weaker settings.
    pub(in super::super) fn add(&mut self, settings: &[Setting]) {
        for setting in settings {
            self.push(&setting.name, &setting.value);
        }
    }

    fn push(&mut self, name: &str, value: &str) {
        self.0.push((canonical(name), value.to_owned()));
    }

    /// The strongest value of a setting.
    pub(in super::super) fn value(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value of a setting.
    pub(in super::super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let name = canonical(name);
        self.0.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The parts of every value of a setting, which is a list.
    pub(in super::super) fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        self.all(name).flat_map(|value| value.split([',', ';'])).map(str::trim).filter(|part| !part.is_empty())
    }

    /// Values of the settings whose names start so, with the rest of the name.
    pub(in super::super) fn below(&self, start: &str) -> impl Iterator<Item = (&str, &str)> {
        let start = canonical(start);
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(start.as_str())?, value.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_source_comes_first() {
        let command = ["java", "-Dspring.profiles.active=property", "-jar", "/app/app.jar", "--spring.profiles.active=argument"];
        let command = command.map(str::to_owned);
        let env = [
            ("SPRING_PROFILES_ACTIVE", "variable"),
            ("JAVA_TOOL_OPTIONS", "-Xmx1g -Dspring.profiles.active=tool"),
            ("SPRING_APPLICATION_JSON", "{\"spring\": {\"profiles\": {\"active\": \"json\"}}}"),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut settings = Settings::of_start(&command, &env);
        settings.add(&[Setting { name: "spring.profiles.active[0]".to_owned(), value: "file".to_owned(), line: None }]);
        assert_eq!(
            settings.all("spring.profiles.active").collect::<Vec<_>>(),
            ["argument", "property", "tool", "json", "variable", "file"]
        );
        assert_eq!(settings.value("spring.profiles.active"), Some("argument"));
        let shell = ["sh", "-c", "exec java -Dspring.config.location=/etc/app/ -jar app.jar"].map(str::to_owned);
        assert_eq!(Settings::of_start(&shell, &[]).list("spring.config.location").collect::<Vec<_>>(), ["/etc/app/"]);
    }

    #[test]
    fn names_have_one_form() {
        for name in ["spring.profiles.active", "SPRING_PROFILES_ACTIVE", "spring.profiles.active[0]", "SPRING_PROFILES_ACTIVE_0"] {
            assert_eq!(canonical(name), "springprofilesactive");
        }
    }
}
