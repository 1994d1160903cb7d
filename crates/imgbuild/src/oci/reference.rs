//! Image references as `github.com/distribution/reference` reads them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Digest;

/// The domain of Docker Hub in references; its registry is served at `registry-1.docker.io`.
pub const DOCKER_HUB: &str = "docker.io";

/// Longest tag (distribution-spec 1.1.1, "Pulling manifests").
const MAX_TAG_LENGTH: usize = 128;
/// Longest repository path; registries keep names in columns of this width.
const MAX_PATH_LENGTH: usize = 255;

/// Why a string is no image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{input}` is no image reference: {reason}")]
pub struct ReferenceError {
    input: String,
    reason: &'static str,
}

/// A repository with, where given, a tag and a digest: `docker.io/library/amazoncorretto:17`.
///
/// With tag and digest the digest decides. No tag is not the same as `latest`: [`resolved`](Self::resolved) adds it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference {
    domain: String,
    path: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// The registry's domain with its port, `docker.io` for Docker Hub.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The host, and port where given, that serves this domain's registry.
    #[must_use]
    pub fn registry_host(&self) -> &str {
        if self.domain == DOCKER_HUB { "registry-1.docker.io" } else { &self.domain }
    }

    /// The repository within the registry, such as `library/amazoncorretto`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The tag, where one was given.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, where one was given.
    #[must_use]
    pub const fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Domain and path: what names the repository.
    #[must_use]
    pub fn repository(&self) -> String {
        format!("{}/{}", self.domain, self.path)
    }

    /// The part of a manifest's URL that selects it: the digest, else the tag, else `latest`.
    #[must_use]
    pub fn selector(&self) -> &str {
        self.digest.as_ref().map_or_else(|| self.tag().unwrap_or("latest"), Digest::as_str)
    }

    /// What is really asked for: the digest alone where there is one, else the tag, `latest` when none was given.
    #[must_use]
    pub fn resolved(&self) -> Self {
        match &self.digest {
            Some(_) => Self { tag: None, ..self.clone() },
            None => Self { tag: Some(self.selector().to_owned()), ..self.clone() },
        }
    }

    /// The same repository and tag, pinned to `digest`.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }

    /// The same repository, by `digest` alone.
    #[must_use]
    pub fn by_digest(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), tag: None, ..self.clone() }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(input: &str) -> Result<Self, Self::Err> {
        let error = |reason| ReferenceError { input: input.chars().take(300).collect(), reason };
        if input.is_empty() {
            return Err(error("it is empty"));
        }
        if input.len() == 64 && input.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(error("64 hexadecimal digits look like an image id, not a name"));
        }
        let (domain, remainder) = split_domain(input);
        let (named, digest) = match remainder.split_once('@') {
            Some((named, digest)) => (named, Some(digest)),
            None => (remainder, None),
        };
        let (path, tag) = match named.split_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (named, None),
        };
        let path = if domain == DOCKER_HUB && !path.contains('/') { format!("library/{path}") } else { path.to_owned() };
        if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(error("a repository is written in lower case"));
        }
        if !is_domain(domain) {
            return Err(error("the part before the first `/` is no host name"));
        }
        if !path.split('/').all(is_path_component) {
            return Err(error("a repository is made of a-z and 0-9, joined by single `.`, one or two `_`, or `-`"));
        }
        if path.len() > MAX_PATH_LENGTH {
            return Err(error("a repository has at most 255 characters"));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(error("a tag has at most 128 letters, digits, `_`, `.` and `-`, and starts with none of the last two"));
        }
        let digest =
            digest.map(Digest::from_str).transpose().map_err(|_| error("what follows `@` is no sha256, sha384 or sha512 digest"))?;
        Ok(Self { domain: domain.to_owned(), path, tag: tag.map(str::to_owned), digest })
    }
}

/// A first part names a host only if it could not be a Docker Hub user: it has a dot, a port or a capital, or is `localhost`.
fn split_domain(input: &str) -> (&str, &str) {
    match input.split_once('/') {
        Some(("index.docker.io", rest)) => (DOCKER_HUB, rest),
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" || first.chars().any(char::is_uppercase) => (first, rest),
        _ => (DOCKER_HUB, input),
    }
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) => {
                let valid = !address.is_empty() && address.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':');
                return valid && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
            }
            None => return false,
        },
        None => domain.split_once(':').map_or((domain, None), |(host, port)| (host, Some(port))),
    };
    port.is_none_or(is_port) && host.split('.').all(is_domain_component)
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_domain_component(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_path_component(text: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends_well = text.bytes().next().is_some_and(alphanumeric) && text.bytes().next_back().is_some_and(alphanumeric);
    ends_well
        && text
            .split(|character: char| character.is_ascii_lowercase() || character.is_ascii_digit())
            .all(|separator| matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-'))
}

fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= MAX_TAG_LENGTH
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || byte == b'.' || byte == b'-')
}

impl TryFrom<String> for Reference {
    type Error = ReferenceError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.to_string()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.domain, self.path)?;
        self.tag.iter().try_for_each(|tag| write!(formatter, ":{tag}"))?;
        self.digest.iter().try_for_each(|digest| write!(formatter, "@{digest}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parses_as_distribution_does() {
        let vectors: serde_json::Value = serde_json::from_str(include_str!("../../../../fixtures/vectors/references.json")).unwrap();
        for case in vectors["cases"].as_array().unwrap() {
            let parsed = case["input"].as_str().unwrap().parse::<Reference>();
            let Some(expect) = case["expect"].as_object() else {
                assert!(parsed.is_err(), "{case}");
                continue;
            };
            let parsed = parsed.unwrap_or_else(|error| panic!("{case}: {error}"));
            let text = |key: &str| expect.get(key).and_then(|value| value.as_str());
            assert_eq!(Some(parsed.domain()), text("domain"), "{case}");
            assert_eq!(Some(parsed.path()), text("path"), "{case}");
            assert_eq!(parsed.tag(), text("tag"), "{case}");
            assert_eq!(parsed.digest().map(Digest::as_str), text("digest"), "{case}");
            assert_eq!(Some(parsed.to_string().as_str()), text("string"), "{case}");
            assert_eq!(parsed.resolved().to_string(), case["resolved"].as_str().unwrap(), "{case}");
        }
    }

    proptest! {
        #[test]
        fn what_parses_reads_back_the_same(input in "[a-zA-Z0-9._:/@-]{1,40}") {
            if let Ok(reference) = input.parse::<Reference>() {
                prop_assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference);
            }
        }
    }
}
