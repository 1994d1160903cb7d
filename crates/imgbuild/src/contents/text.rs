//! Files whose text says something: configuration, the `release` of a JDK, the name of the operating system.

use super::Keys;
use crate::base::facts::JavaVersion;
use crate::jar::Manifest;

/// The file name of a JAR's manifest, which lies by itself where a JAR was laid out as files.
const MANIFEST: &str = "MANIFEST.MF";
/// Larger files are no configuration that people write.
pub(super) const MAX_TEXT: u64 = 1 << 20;

/// What a file means, as far as that can be read from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// Configuration with these keys.
    Configuration(Keys),
    /// YAML that does not parse.
    BrokenYaml,
    /// The file `release` of a JDK of this version.
    Java(JavaVersion),
    /// The file `os-release` of an operating system of this name.
    System(String),
}

/// Whether the text of a file of this name and size may mean something.
pub(super) fn may_mean(path: &str, size: u64) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    size <= MAX_TEXT && (has_extension(name, &["yml", "yaml", "properties"]) || ["release", "os-release", MANIFEST].contains(&name))
}

/// What a file means.
pub(super) fn meaning(path: &str, bytes: &[u8]) -> Option<Meaning> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let text = String::from_utf8_lossy(bytes);
    match name {
        "release" => JavaVersion::from_release(&text).map(Meaning::Java),
        MANIFEST => Manifest::parse(bytes).ok().map(|manifest| Meaning::Configuration(Keys::of_manifest(&manifest))),
        "os-release" => system_name(&text).map(Meaning::System),
        _ if has_extension(name, &["properties"]) => Some(Meaning::Configuration(Keys::of_properties(&text))),
        _ => Some(Keys::of_yaml(&text).map_or(Meaning::BrokenYaml, Meaning::Configuration)),
    }
}

/// The name for people in `os-release` (os-release(5)).
fn system_name(text: &str) -> Option<String> {
    let value = text.lines().find_map(|line| line.trim().strip_prefix("PRETTY_NAME="))?.trim().trim_matches('"');
    (!value.is_empty()).then(|| value.to_owned())
}

pub(super) fn has_extension(name: &str, extensions: &[&str]) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| extensions.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}
