//! The YAML parser's errors in the words of a recipe.

use super::{Error, near};

/// Turns the parser's error into ours: its place, its reason, and the nearest key for an unknown one.
pub(super) fn syntax(file: &str, error: &serde_saphyr::Error) -> Error {
    let error = error.without_snippet();
    let (line, column) = error.location().map_or((0, 0), |location| (location.line(), location.column()));
    let (reason, hint) = match error {
        serde_saphyr::Error::SerdeUnknownField { field, expected, .. } => {
            let hint = match near::nearest(field, expected) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("the keys are {}", near::listed(expected)),
            };
            (format!("unknown key `{}`", field.chars().take(80).collect::<String>()), Some(hint))
        }
        serde_saphyr::Error::DuplicateMappingKey { key: Some(key), .. } => (format!("the key `{key}` is there twice"), None),
        serde_saphyr::Error::NullIntoString { .. } => {
            ("the value is empty".to_owned(), Some("leave the key out, or write `\"\"` for an empty text".to_owned()))
        }
        other => (reason_without_place(other), None),
    };
    Error::Syntax { file: file.to_owned(), line, column, reason, hint }
}

/// The parser writes the place behind its message; ours stands in front.
fn reason_without_place(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    let text = text
        .lines()
        .next()
        .unwrap_or_default()
        .replace("string scalar", "a text")
        .replace("mapping start", "a map")
        .replace("sequence start", "a list");
    match (text.rfind(" at line "), error.location()) {
        (Some(at), Some(_)) => text[..at].trim_end_matches(',').to_owned(),
        _ => text,
    }
}
