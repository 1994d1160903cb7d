//! YAML files, as Spring Boot reads them: several documents, no key twice.

use serde_json::Value;

use super::{Malformed, Setting};

/// Settings below each other that are followed; real files have fewer than ten.
const MAX_DEPTH: usize = 64;

/// The settings of all documents of a file.
pub(in super::super) fn parse(content: &[u8]) -> Result<Vec<Setting>, Malformed> {
    let text = std::str::from_utf8(content).map_err(|error| {
        let before = content.get(..error.valid_up_to()).unwrap_or_default();
        Malformed { line: line_of(before), reason: "it is not UTF-8".to_owned() }
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // SnakeYAML takes no tab where a line is indented; others do.
    if let Some((number, _)) = (1..).zip(text.lines()).find(|(_, line)| line.trim_start_matches(' ').starts_with('\t') && !is_blank(line))
        && serde_saphyr::from_multiple::<Value>(text).is_err()
    {
        return Err(Malformed { line: number, reason: "a tab indents the line, where YAML takes spaces only".to_owned() });
    }
    let options = serde_saphyr::options! { with_snippet: false };
    let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options).map_err(|error| malformed(text, &error))?;
    let mut settings = Vec::new();
    for document in &documents {
        flatten(String::new(), document, 0, &mut settings);
    }
    Ok(settings)
}

fn is_blank(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

fn flatten(name: String, value: &Value, depth: usize, settings: &mut Vec<Setting>) {
    let below = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match value {
        _ if depth > MAX_DEPTH => {}
        Value::Object(members) => members.iter().for_each(|(key, value)| flatten(below(key), value, depth + 1, settings)),
        Value::Array(list) => {
            for (number, value) in list.iter().enumerate() {
                flatten(format!("{name}[{number}]"), value, depth + 1, settings);
            }
        }
        Value::String(text) => settings.push(Setting { name, value: text.clone(), line: None }),
        Value::Null => settings.push(Setting { name, value: String::new(), line: None }),
        Value::Bool(_) | Value::Number(_) => settings.push(Setting { name, value: value.to_string(), line: None }),
    }
}

/// The parser's words, unless one of them stands in the file too: a message may quote an alias or a key, and a password
/// that starts with `*` is read as an alias.
fn malformed(text: &str, error: &serde_saphyr::Error) -> Malformed {
    let error = error.without_snippet();
    let (line, column) = error.location().map_or((1, 1), |location| (location.line(), location.column()));
    if let serde_saphyr::Error::DuplicateMappingKey { .. } = error {
        return Malformed { line, reason: "a key is there twice".to_owned() };
    }
    let message = error.to_string();
    let message = message.lines().next().unwrap_or_default();
    let message = message.find(" at line ").map_or(message, |at| message[..at].trim_end_matches(','));
    let words = message.split(|character: char| !character.is_alphanumeric()).filter(|word| word.len() > 2);
    let quotes = words.clone().any(|word| text.contains(word) && !COMMON.contains(&word));
    let said = if quotes || message.is_empty() { "it is no valid YAML" } else { message };
    Malformed { line, reason: format!("{said} (column {column})") }
}

/// Words of the parser's messages that files hold too and that tell nothing.
const COMMON: [&str; 12] = ["the", "this", "not", "and", "for", "was", "with", "key", "value", "found", "block", "mapping"];

fn line_of(before: &[u8]) -> u64 {
    before.split(|&byte| byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_flattened() {
        let text = "server:\n  port: 8080\n---\nspring.profiles:\n  active: [a, b]\nempty:\n";
        let settings = parse(text.as_bytes()).unwrap();
        let pairs: Vec<(&str, &str)> = settings.iter().map(|setting| (setting.name.as_str(), setting.value.as_str())).collect();
        assert_eq!(pairs, [("server.port", "8080"), ("spring.profiles.active[0]", "a"), ("spring.profiles.active[1]", "b"), ("empty", "")]);
        assert_eq!(parse(b"").unwrap(), []);
    }

    #[test]
    fn errors_have_their_line_and_nothing_of_the_values() {
        let secret = "hunter2secret";
        let table = [
            (format!("a: 1\nb: [{secret}\nc: 3\n"), 2..5),
            (format!("a: 1\npassword: *{secret}\n"), 2..3),
            (format!("a: 1\na: {secret}\n"), 2..3),
            (format!("a: \"{secret}\nb: 1\n"), 1..4),
            (format!("a: {secret}: b\n"), 1..2),
            (format!("a:\n  b: {secret}\n c: 1\n"), 3..4),
            (format!("a:\n\tb: {secret}\n"), 2..3),
            (format!("password: !{secret} x\n  y: 1\n"), 1..3),
            (format!("password: @{secret}\n"), 1..2),
        ];
        for (text, lines) in table {
            let error = parse(text.as_bytes()).unwrap_err();
            assert!(lines.contains(&error.line), "{text:?}: {error:?}");
            assert!(!error.reason.contains("hunter"), "{error:?}");
        }
        assert_eq!(parse(b"a: 1\nb: \xff\n").unwrap_err().line, 2);
    }
}
