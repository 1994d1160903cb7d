//! Manifests with a `subject`, also on registries that do not list referrers (distribution-spec 1.1.1, "Pushing Manifests with Subject").

use bytes::Bytes;
use serde_json::json;

use super::super::Error;
use super::super::listing::fallback_tag;
use super::manifest::check;
use super::{Pusher, lock};
use crate::blob::BoxFuture;
use crate::oci::{Descriptor, Digest, MediaType};

/// Another client may write the same index between our reading and our writing.
const ATTEMPTS: u32 = 3;

impl Pusher {
    /// The digests of what the target lists as referring to `subject`.
    ///
    /// # Errors
    /// When the registry cannot be asked.
    pub async fn referrers(&self, subject: &Digest) -> Result<Vec<Digest>, Error> {
        match self.0.client.referrers(&self.0.target, subject, None).await {
            Ok(listed) => Ok(listed.into_iter().map(|referrer| referrer.digest).collect()),
            // Where the repository does not exist yet, reading it can be denied to one who may create it.
            Err(Error::Denied(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Sends a manifest or an index that names a subject, so that the target lists it. One that is there and is not listed is sent
    /// again: that is how a list is mended.
    ///
    /// # Errors
    /// When the registry cannot be asked or refuses, or when `bytes` are not what `descriptor` says.
    pub async fn put_referrer(&self, descriptor: &Descriptor, bytes: Bytes) -> Result<(), Error> {
        check(descriptor, &bytes)?;
        lock(&self.0.manifests).insert(descriptor.digest.clone(), (descriptor.clone(), bytes.clone()));
        self.put_document(&self.0.target.by_digest(descriptor.digest.clone()), descriptor, &bytes).await
    }

    /// Adds a manifest to the index at its subject's fallback tag; others' entries are kept.
    ///
    /// # Errors
    /// When the registry cannot be asked or refuses, or when others write the index each time between our reading and our writing.
    pub(super) fn keep_fallback<'a>(&'a self, subject: &'a Digest, entry: Descriptor) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let target = &self.0.target;
            let place = fallback_tag(target, subject)?;
            for _ in 0..ATTEMPTS {
                let mut entries = self.0.client.fallback(target, subject).await?;
                if entries.iter().any(|known| known.digest == entry.digest) {
                    return Ok(());
                }
                entries.push(entry.clone());
                let index: Bytes =
                    json!({ "schemaVersion": 2, "mediaType": MediaType::OciIndex.as_str(), "manifests": entries }).to_string().into();
                self.put_document(&place, &Descriptor::of(MediaType::OciIndex, &index), &index).await?;
            }
            let kept = self.0.client.fallback(target, subject).await?.iter().any(|known| known.digest == entry.digest);
            let lost = || Error::Answer {
                request: format!("PUT {place}"),
                reason: format!("others wrote the list of referrers at the same time, {ATTEMPTS} times"),
            };
            if kept { Ok(()) } else { Err(lost()) }
        })
    }
}
