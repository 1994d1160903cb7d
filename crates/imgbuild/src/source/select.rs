//! Chooses an index's entry for a platform.

use crate::oci::{Descriptor, Index, Platform};

/// What an index has for a platform.
#[derive(Debug)]
pub(super) enum Choice<'a> {
    /// The first entry that matches.
    Entry(&'a Descriptor),
    /// No entry matches, but these entries may lead to one: indexes, and manifests that name no platform.
    Unclear(Vec<&'a Descriptor>),
}

/// Strict: of several entries that match, the first; attestations and entries of unknown types are passed over.
pub(super) fn choose<'a>(index: &'a Index, wanted: &Platform) -> Choice<'a> {
    let images: Vec<&Descriptor> = runnable(index).collect();
    let matching =
        images.iter().find(|entry| entry.media_type.is_manifest() && entry.platform.as_ref().is_some_and(|has| wanted.matches(has)));
    match matching {
        Some(entry) => Choice::Entry(entry),
        None => Choice::Unclear(images.into_iter().filter(|entry| entry.media_type.is_index() || entry.platform.is_none()).collect()),
    }
}

/// The platforms that an index says it has.
pub(super) fn platforms(index: &Index) -> Vec<Platform> {
    runnable(index).filter_map(|entry| entry.platform.clone()).collect()
}

/// The entries that may be, or lead to, images to run.
pub(super) fn runnable(index: &Index) -> impl Iterator<Item = &Descriptor> {
    let known = |entry: &&Descriptor| entry.media_type.is_manifest() || entry.media_type.is_index();
    index.manifests().iter().filter(known).filter(|entry| !entry.is_attestation())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::oci::{Digest, Document};

    fn index(entries: &[(&str, &str, Option<&str>)]) -> Index {
        let manifests: Vec<_> = entries
            .iter()
            .map(|(name, media_type, platform)| {
                let platform = platform.map(|platform| {
                    let parts: Vec<&str> = platform.split('/').collect();
                    Platform::new(parts[0], parts[1], parts.get(2).copied().unwrap_or_default())
                });
                let mut entry = json!({"mediaType": media_type, "digest": Digest::of(name.as_bytes()), "size": 1});
                if let Some(platform) = platform {
                    entry["platform"] = json!(platform);
                }
                entry
            })
            .collect();
        match Document::parse(json!({"schemaVersion": 2, "manifests": manifests}).to_string().into(), None).unwrap() {
            Document::Index(index) => index,
            Document::Manifest(_) => unreachable!(),
        }
    }

    const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    const INDEX: &str = "application/vnd.oci.image.index.v1+json";

    fn chosen(index: &Index, wanted: &str) -> Option<Digest> {
        match choose(index, &wanted.parse().unwrap()) {
            Choice::Entry(entry) => Some(entry.digest.clone()),
            Choice::Unclear(_) => None,
        }
    }

    #[test]
    fn the_first_strict_match_is_chosen() {
        let index = index(&[
            ("386", MANIFEST, Some("linux/386")),
            ("armv7", MANIFEST, Some("linux/arm/v7")),
            ("first", MANIFEST, Some("linux/amd64")),
            ("second", MANIFEST, Some("linux/amd64")),
            ("arm64", MANIFEST, Some("linux/arm64/v8")),
        ]);
        assert_eq!(chosen(&index, "linux/amd64"), Some(Digest::of(b"first")));
        assert_eq!(chosen(&index, "linux/arm64"), Some(Digest::of(b"arm64")));
        assert_eq!(chosen(&index, "linux/arm/v6"), None);
        assert_eq!(platforms(&index).len(), 5);
    }

    #[test]
    fn attestations_and_unknown_types_are_never_chosen() {
        let index = index(&[
            ("unknown", MANIFEST, Some("unknown/unknown")),
            ("chart", "application/vnd.cncf.helm.config.v1+json", Some("linux/amd64")),
            ("nested", INDEX, None),
        ]);
        match choose(&index, &Platform::LINUX_AMD64) {
            Choice::Unclear(entries) => assert_eq!(entries[0].digest, Digest::of(b"nested")),
            Choice::Entry(entry) => panic!("{entry:?}"),
        }
        assert_eq!(chosen(&index, "unknown/unknown"), None);
    }
}
