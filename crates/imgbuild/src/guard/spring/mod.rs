//! Spring Boot's settings, as far as guards ask about them: where they come from, and how their names vary.
//!
//! Values are compared and never shown.

mod properties;
mod sources;
mod yaml;

pub(super) use self::properties::parse as parse_properties;
pub(super) use self::sources::Settings;
pub(super) use self::yaml::parse as parse_yaml;

/// One setting of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    /// Its name as the file has it, with dots.
    pub(super) name: String,
    /// Its value.
    pub(super) value: String,
    /// Where it stands, counted from 1, where that is known.
    pub(super) line: Option<u64>,
}

/// Why a file is malformed. It holds nothing of the file's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) line: u64,
    pub(super) reason: String,
}

/// A name in the one form that all spellings of it share (Spring Boot's relaxed binding): `SPRING_PROFILES_ACTIVE_0`,
/// `spring.profiles.active[0]` and `spring.profiles.active` are the same.
pub(super) fn canonical(name: &str) -> String {
    let name = name.split('[').next().unwrap_or_default();
    let letters: String = name.chars().filter(|character| !matches!(character, '.' | '-' | '_')).flat_map(char::to_lowercase).collect();
    letters.trim_end_matches(|last: char| last.is_ascii_digit()).to_owned()
}

/// The settings of a configuration file by its name; `None` where it is of another kind.
pub(super) fn parse_file(name: &str, content: &[u8]) -> Option<Result<Vec<Setting>, Malformed>> {
    match name.rsplit_once('.')?.1 {
        "yml" | "yaml" => Some(parse_yaml(content)),
        "properties" => Some(parse_properties(content)),
        _ => None,
    }
}
