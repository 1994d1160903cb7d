//! Manifests with a `subject` on registries that do not list referrers (distribution-spec 1.1.1, "Pushing Manifests with Subject").

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::Error;
use super::super::listing::fallback_tag;
use super::Pusher;
use crate::blob::BoxFuture;
use crate::oci::{Descriptor, MediaType};

/// Another client may write the same index between our reading and our writing.
const ATTEMPTS: u32 = 3;

impl Pusher {
    /// Adds a manifest to the index at its subject's fallback tag; others' entries are kept.
    ///
    /// # Errors
    /// When the registry cannot be asked or refuses, or when others write the index each time between our reading and our writing.
    pub(super) fn keep_fallback<'a>(
        &'a self,
        subject: Descriptor,
        descriptor: &'a Descriptor,
        bytes: &'a Bytes,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let target = &self.0.target;
            let place = fallback_tag(target, &subject.digest)?;
            let entry = entry(descriptor, bytes);
            for _ in 0..ATTEMPTS {
                let mut entries = self.0.client.fallback(target, &subject.digest).await?;
                if entries.iter().any(|known| known.digest == entry.digest) {
                    return Ok(());
                }
                entries.push(entry.clone());
                let index: Bytes =
                    json!({ "schemaVersion": 2, "mediaType": MediaType::OciIndex.as_str(), "manifests": entries }).to_string().into();
                self.put_document(&place, &Descriptor::of(MediaType::OciIndex, &index), &index).await?;
            }
            let kept = self.0.client.fallback(target, &subject.digest).await?.iter().any(|known| known.digest == entry.digest);
            let lost = || Error::Answer {
                request: format!("PUT {place}"),
                reason: format!("others wrote the list of referrers at the same time, {ATTEMPTS} times"),
            };
            if kept { Ok(()) } else { Err(lost()) }
        })
    }
}

/// The subject of a manifest, where it has one.
pub(super) fn subject_of(bytes: &Bytes) -> Option<Descriptor> {
    let document: Value = serde_json::from_slice(bytes).ok()?;
    serde_json::from_value(document.get("subject")?.clone()).ok()
}

/// A referrer's descriptor carries the manifest's artifact type (its config's type where it has none) and annotations.
fn entry(descriptor: &Descriptor, bytes: &Bytes) -> Descriptor {
    let mut entry = Descriptor::new(descriptor.media_type.clone(), descriptor.digest.clone(), descriptor.size);
    let document: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let own = document.get("artifactType").filter(|own| own.as_str().is_some_and(|own| !own.is_empty()));
    if let Some(artifact_type) = own.or_else(|| document.get("config").and_then(|config| config.get("mediaType"))) {
        entry.rest.insert("artifactType".to_owned(), artifact_type.clone());
    }
    if let Some(Value::Object(annotations)) = document.get("annotations") {
        entry.annotations.clone_from(annotations);
    }
    entry
}
