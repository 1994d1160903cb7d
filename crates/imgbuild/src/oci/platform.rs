//! Platforms as containerd reads and compares them.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a string is no platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{input}` is no platform: {reason}")]
pub struct PlatformError {
    input: String,
    reason: &'static str,
}

/// An operating system, an architecture and, where it matters, a variant: `linux/arm/v7`.
///
/// The fields are kept as they were written; [`normalize`](Self::normalize) gives the form that compares.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Platform {
    architecture: Cow<'static, str>,
    os: Cow<'static, str>,
    #[serde(rename = "os.version", default, skip_serializing_if = "Option::is_none")]
    os_version: Option<String>,
    #[serde(rename = "os.features", default, skip_serializing_if = "Vec::is_empty")]
    os_features: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    variant: Option<Cow<'static, str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    features: Vec<String>,
}

impl Platform {
    /// Linux on x86-64.
    pub const LINUX_AMD64: Self = Self::known("linux", "amd64");
    /// Linux on 64-bit ARM.
    pub const LINUX_ARM64: Self = Self::known("linux", "arm64");

    const fn known(os: &'static str, architecture: &'static str) -> Self {
        Self {
            architecture: Cow::Borrowed(architecture),
            os: Cow::Borrowed(os),
            os_version: None,
            os_features: Vec::new(),
            variant: None,
            features: Vec::new(),
        }
    }

    /// A platform of operating system, architecture and, where not empty, variant.
    #[must_use]
    pub fn new(os: &str, architecture: &str, variant: &str) -> Self {
        Self {
            architecture: architecture.to_owned().into(),
            os: os.to_owned().into(),
            variant: Some(variant).filter(|variant| !variant.is_empty()).map(|variant| variant.to_owned().into()),
            ..Self::known("", "")
        }
    }

    /// The operating system, such as `linux`.
    #[must_use]
    pub fn os(&self) -> &str {
        &self.os
    }

    /// The architecture in Go's spelling, such as `arm64`.
    #[must_use]
    pub fn architecture(&self) -> &str {
        &self.architecture
    }

    /// The variant of the architecture, such as `v8`.
    #[must_use]
    pub fn variant(&self) -> Option<&str> {
        self.variant.as_deref()
    }

    /// The version of the operating system; only Windows bases carry one.
    #[must_use]
    pub fn os_version(&self) -> Option<&str> {
        self.os_version.as_deref()
    }

    /// The spelling that compares: `linux/aarch64/8` becomes `linux/arm64`, `linux/armhf` becomes `linux/arm/v7`.
    #[must_use]
    pub fn normalize(&self) -> Self {
        let (architecture, variant) = normalize_architecture(&self.architecture, self.variant().unwrap_or_default());
        Self {
            os: normalize_os(&self.os).into(),
            architecture: architecture.into(),
            variant: Some(variant).filter(|variant| !variant.is_empty()).map(Cow::Owned),
            ..self.clone()
        }
    }

    /// Whether an image for `candidate` is what was asked for. Strict: `linux/amd64` never takes `linux/386`,
    /// nor `linux/arm64` an image for `linux/arm`, although the processor could run it.
    #[must_use]
    pub fn matches(&self, candidate: &Self) -> bool {
        let (wanted, candidate) = (self.normalize(), candidate.normalize());
        (wanted.os, wanted.architecture, wanted.variant) == (candidate.os, candidate.architecture, candidate.variant)
    }

    /// Whether this is `unknown/unknown`, with which BuildKit marks attestations.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.os, self.architecture)?;
        self.variant.iter().try_for_each(|variant| write!(formatter, "/{variant}"))
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    /// Reads `os`, `architecture`, `os/architecture` or `os/architecture/variant`, with the aliases of `uname`.
    fn from_str(input: &str) -> Result<Self, Self::Err> {
        let error = |reason| PlatformError { input: input.chars().take(160).collect(), reason };
        let parts: Vec<&str> = input.split('/').collect();
        let (os, os_version) =
            split_os_version(parts[0]).ok_or_else(|| error("the operating system has characters that are not allowed"))?;
        if !parts[1..].iter().all(|part| is_specifier(part)) {
            return Err(error("a part is empty or has characters other than letters, digits, `_`, `.` and `-`"));
        }
        let platform = match parts[..] {
            [_] => from_one_word(os).ok_or_else(|| error("it names no operating system or architecture that is known"))?,
            [_, architecture] => {
                let (architecture, variant) = normalize_architecture(architecture, "");
                // containerd leaves the default of 32-bit ARM out, as `docker pull` prints it.
                let variant = if architecture == "arm" && variant == "v7" { String::new() } else { variant };
                Self::new(&normalize_os(os), &architecture, &variant)
            }
            [_, architecture, variant] => {
                let (architecture, variant) = normalize_architecture(architecture, variant);
                let variant = if architecture == "arm64" && variant.is_empty() { "v8".to_owned() } else { variant };
                Self::new(&normalize_os(os), &architecture, &variant)
            }
            _ => return Err(error("it has more than three parts")),
        };
        Ok(Self { os_version, ..platform })
    }
}

fn from_one_word(word: &str) -> Option<Platform> {
    let (architecture, variant) = normalize_architecture(word, "");
    if ARCHITECTURES.contains(&architecture.as_str()) {
        let variant = if architecture == "arm" && variant == "v7" { "" } else { &variant };
        return Some(Platform::new("linux", &architecture, variant));
    }
    let os = normalize_os(word);
    SYSTEMS.contains(&os.as_str()).then(|| Platform::new(&os, &host_architecture(), ""))
}

/// `windows(10.0.17763)` carries a version in parentheses.
fn split_os_version(text: &str) -> Option<(&str, Option<String>)> {
    let (os, version) = match text.split_once('(') {
        Some((os, rest)) => (os, Some(rest.strip_suffix(')')?)),
        None => (text, None),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let valid = !os.is_empty() && os.bytes().all(plain) && version.unwrap_or_default().bytes().all(|byte| plain(byte) || byte == b'.');
    valid.then(|| (os, version.filter(|version| !version.is_empty()).map(str::to_owned)))
}

fn is_specifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

fn normalize_os(os: &str) -> String {
    match os.to_ascii_lowercase().as_str() {
        "" => "linux".to_owned(),
        "macos" => "darwin".to_owned(),
        other => other.to_owned(),
    }
}

fn normalize_architecture(architecture: &str, variant: &str) -> (String, String) {
    let (architecture, variant) = (architecture.to_ascii_lowercase(), variant.to_ascii_lowercase());
    let (architecture, variant) = match (architecture.as_str(), variant.as_str()) {
        ("i386", _) => ("386", ""),
        ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
        ("x86_64" | "x86-64" | "amd64", other) => ("amd64", other),
        ("aarch64" | "arm64", "8" | "v8" | "v8.0") => ("arm64", ""),
        ("aarch64" | "arm64", "9" | "9.0" | "v9.0") => ("arm64", "v9"),
        ("aarch64" | "arm64", other) => ("arm64", other),
        ("armhf", _) | ("arm", "" | "7") => ("arm", "v7"),
        ("armel", _) | ("arm", "6") => ("arm", "v6"),
        ("arm", "5") => ("arm", "v5"),
        ("arm", "8") => ("arm", "v8"),
        (other, variant) => (other, variant),
    };
    (architecture.to_owned(), variant.to_owned())
}

fn host_architecture() -> String {
    normalize_architecture(std::env::consts::ARCH, "").0
}

/// The values of `GOARCH` that containerd knows.
const ARCHITECTURES: &[&str] = &[
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "armbe",
    "arm64",
    "arm64be",
    "ppc64",
    "ppc64le",
    "loong64",
    "mips",
    "mipsle",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "ppc",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

/// The values of `GOOS` that containerd knows.
const SYSTEMS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "windows",
    "zos",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> serde_json::Value {
        serde_json::from_str(include_str!("../../../../fixtures/vectors/platforms.json")).unwrap()
    }

    #[test]
    fn parses_as_containerd_does() {
        for case in vectors()["parse"].as_array().unwrap() {
            let parsed = case["input"].as_str().unwrap().parse::<Platform>();
            match case["expect"].as_object() {
                Some(expect) => {
                    let parsed = parsed.unwrap();
                    let variant = expect.get("variant").and_then(|variant| variant.as_str());
                    let expected = (expect["os"].as_str().unwrap(), expect["architecture"].as_str().unwrap(), variant);
                    assert_eq!((parsed.os(), parsed.architecture(), parsed.variant()), expected, "{case}");
                    assert_eq!(parsed.normalize().to_string(), case["formatted"].as_str().unwrap());
                }
                None => assert!(parsed.is_err(), "{case}"),
            }
        }
    }

    #[test]
    fn normalizes_as_containerd_does() {
        let text = |value: &serde_json::Value, at: usize| value[at].as_str().unwrap().to_owned();
        for case in vectors()["normalize"].as_array().unwrap() {
            let (input, output) = (&case["in"], &case["out"]);
            let platform = Platform::new(&text(input, 0), &text(input, 1), &text(input, 2)).normalize();
            assert_eq!(platform, Platform::new(&text(output, 0), &text(output, 1), &text(output, 2)), "{case}");
        }
    }

    #[test]
    fn matches_strictly() {
        for case in vectors()["match_strict"].as_array().unwrap() {
            let parse = |key: &str| case[key].as_str().unwrap().parse::<Platform>().unwrap();
            assert_eq!(parse("want").matches(&parse("candidate")), case["match"].as_bool().unwrap(), "{case}");
        }
    }

    #[test]
    fn keeps_what_windows_bases_say() {
        let json = r#"{"architecture":"amd64","os":"windows","os.version":"10.0.17763","os.features":["win32k"]}"#;
        let platform: Platform = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&platform).unwrap(), json);
    }
}
