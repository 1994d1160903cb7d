//! The words of a `java` command (java(1)).

/// What a `java` command starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Started<'a> {
    /// The main class of this JAR.
    Jar(&'a str),
    /// A class.
    Class(&'a str),
    /// Something else: a module, an argument file, or nothing.
    Other,
}

/// Options whose value is the next word.
const WITH_VALUE: [&str; 12] = [
    "-cp",
    "-classpath",
    "--class-path",
    "-p",
    "--module-path",
    "--upgrade-module-path",
    "--add-modules",
    "--add-exports",
    "--add-opens",
    "--add-reads",
    "--limit-modules",
    "--patch-module",
];

/// What is started by a command whose first word is a `java`; `None` for another program.
pub(super) fn started(command: &[String]) -> Option<Started<'_>> {
    let (program, mut rest) = command.split_first()?;
    if program.rsplit('/').next() != Some("java") {
        return None;
    }
    while let Some((word, after)) = rest.split_first() {
        rest = after;
        match word.as_str() {
            "-jar" => return Some(rest.first().map_or(Started::Other, |jar| Started::Jar(jar))),
            "-m" | "--module" | "-version" | "--version" | "-help" | "--help" => return Some(Started::Other),
            option if WITH_VALUE.contains(&option) => rest = rest.get(1..).unwrap_or_default(),
            word if word.starts_with('@') || word.starts_with("--module=") => return Some(Started::Other),
            option if option.starts_with('-') => {}
            class => return Some(Started::Class(class)),
        }
    }
    Some(Started::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_passed_over() {
        let table = [
            ("java -jar /app/app.jar --server.port=1", Some(Started::Jar("/app/app.jar"))),
            ("/opt/jdk/bin/java -Xmx1g -cp /app:/x com.example.Main -jar", Some(Started::Class("com.example.Main"))),
            ("java --add-opens java.base/java.lang=ALL-UNNAMED --add-opens=a/b=c Main", Some(Started::Class("Main"))),
            ("java @/app/arguments", Some(Started::Other)),
            ("java -m a/b", Some(Started::Other)),
            ("java", Some(Started::Other)),
            ("/entrypoint.sh java -jar x", None),
            ("", None),
        ];
        for (line, expected) in table {
            let command: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            assert_eq!(started(&command), expected, "{line}");
        }
    }
}
