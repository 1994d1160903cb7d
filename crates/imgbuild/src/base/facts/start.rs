//! What an image starts, and as whom: what the facts are asked about.

use serde_json::Value;

use crate::image::Config;

/// `PATH` where an image sets none, as Docker and containerd set it.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Names of shells that take a text behind `-c`.
const SHELLS: [&str; 4] = ["sh", "bash", "ash", "dash"];

/// What a container of the image starts with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Start {
    /// ENTRYPOINT and CMD in exec form, one behind the other.
    pub command: Vec<String>,
    /// What the health check runs, in exec form; empty where there is none.
    pub health_command: Vec<String>,
    /// The variable `PATH`.
    pub path: Option<String>,
    /// The variable `JAVA_HOME`.
    pub java_home: Option<String>,
    /// USER; empty for root.
    pub user: String,
    /// WORKDIR; empty for `/`.
    pub working_dir: String,
}

impl Start {
    /// What an image of this configuration starts with.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let words = |value: Option<&Value>| -> Vec<String> {
            let list = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let mut command = words(config.runtime("Entrypoint"));
        command.extend(words(config.runtime("Cmd")));
        let mut health = words(config.runtime("Healthcheck").and_then(|check| check.get("Test"))).into_iter();
        let health_command = match health.next().as_deref() {
            Some("CMD") => health.collect(),
            Some("CMD-SHELL") => {
                let shell = words(config.runtime("Shell"));
                let shell = if shell.is_empty() { vec!["/bin/sh".to_owned(), "-c".to_owned()] } else { shell };
                shell.into_iter().chain(health).collect()
            }
            _ => Vec::new(),
        };
        Self {
            command,
            health_command,
            path: config.env("PATH").map(str::to_owned),
            java_home: config.env("JAVA_HOME").filter(|home| home.starts_with('/')).map(str::to_owned),
            user: config.runtime("User").and_then(Value::as_str).unwrap_or_default().to_owned(),
            working_dir: config.working_dir().to_owned(),
        }
    }

    /// The folders of `PATH`; what a container runtime takes where the image sets none.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        self.path.as_deref().unwrap_or(DEFAULT_PATH).split(':').filter(|folder| !folder.is_empty())
    }

    /// The programs that must be there: those of command and health check and, where one is a shell, the first one that
    /// its text names.
    #[must_use]
    pub fn programs(&self) -> Vec<&str> {
        let mut programs: Vec<&str> = Vec::new();
        for words in [&self.command, &self.health_command] {
            let Some(program) = words.first() else { continue };
            programs.push(program);
            let is_shell = SHELLS.contains(&program.rsplit('/').next().unwrap_or(program));
            if let [_, flag, text, ..] = words.as_slice()
                && is_shell
                && flag == "-c"
            {
                programs.extend(first_program(text));
            }
        }
        programs.dedup();
        programs
    }
}

/// The first program that a shell's text names, where that is plain to see.
fn first_program(text: &str) -> Option<&str> {
    let mut words = text.split_ascii_whitespace().filter(|word| *word != "exec");
    let word = words.find(|word| !is_assignment(word))?;
    // Builtins, quotes and operators: what is started then takes a shell to tell.
    let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte));
    let builtin = ["test", "cd", "export", "set", "if", "for", "while", "exit", "echo", "true", "ulimit", "umask", "trap", "until", "case"];
    (plain && !builtin.contains(&word)).then_some(word)
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn start(runtime: &Value) -> Start {
        let config = json!({"architecture": "amd64", "os": "linux", "config": runtime});
        Start::of(&Config::parse(config.to_string().as_bytes()).unwrap())
    }

    #[test]
    fn a_configuration_says_what_is_started() {
        let found = start(&json!({
            "Entrypoint": ["java"], "Cmd": ["-jar", "x"], "User": "app:app", "WorkingDir": "/app",
            "Env": ["PATH=/opt/bin:/bin", "JAVA_HOME=/opt/java"], "Healthcheck": {"Test": ["CMD-SHELL", "wget -q localhost"]},
        }));
        assert_eq!(found.command, ["java", "-jar", "x"]);
        assert_eq!(found.health_command, ["/bin/sh", "-c", "wget -q localhost"]);
        assert_eq!((found.java_home.as_deref(), found.user.as_str(), found.working_dir.as_str()), (Some("/opt/java"), "app:app", "/app"));
        assert_eq!(found.folders().collect::<Vec<_>>(), ["/opt/bin", "/bin"]);
        assert_eq!(found.programs(), ["java", "/bin/sh", "wget"]);
        let empty = start(&json!({"Healthcheck": {"Test": ["NONE"]}}));
        assert_eq!((empty.command.len(), empty.health_command.len(), empty.programs().len()), (0, 0, 0));
        assert_eq!(empty.folders().next(), Some("/usr/local/sbin"));
    }

    #[test]
    fn the_program_behind_a_shell_is_told_where_it_is_plain() {
        let shell = |text: &str| start(&json!({"Entrypoint": ["/bin/sh", "-c", text]}));
        for (text, program) in [
            ("exec java -jar x", Some("java")),
            ("JAVA_OPTS=-Xmx1g exec /opt/java/bin/java $JAVA_OPTS", Some("/opt/java/bin/java")),
            ("test -f x && java", None),
            ("\"$JAVA_HOME/bin/java\"", None),
            ("", None),
        ] {
            assert_eq!(shell(text).programs().get(1).copied(), program, "{text}");
        }
    }
}
