//! Two layers that are not the same tar.

use std::cmp::Ordering;

use super::finding::{Presence, Where};
use super::{Error, entry};
use crate::blob::Blob;
use crate::layer::{ReadError, Scan, StopOnDrop};
use crate::oci::Digest;

/// Reads both layers side by side up to the first entry that differs, then to their ends: only layers that are what
/// their images say are compared.
pub(super) async fn compare(name: &str, found: (&Blob, &Digest), rebuilt: (&Blob, &Digest)) -> Result<Where, Error> {
    let failed = |source| Error::Layer { name: name.to_owned(), source };
    let stop = StopOnDrop::default();
    let open = |(blob, diff_id): (&Blob, &Digest)| {
        let (blob, diff_id, stop) = (blob.clone(), diff_id.clone(), stop.stop().clone());
        async move { Scan::open(&blob, Some(&diff_id), stop).await }
    };
    let (mut found, mut rebuilt) = tokio::try_join!(open(found), open(rebuilt)).map_err(failed)?;
    let task = tokio::task::spawn_blocking(move || {
        let place = first(&mut found, &mut rebuilt)?;
        found.finish()?;
        rebuilt.finish()?;
        Ok(place)
    });
    task.await.map_err(|_| Error::Stopped)?.map_err(failed)
}

fn first(found: &mut Scan, rebuilt: &mut Scan) -> Result<Where, ReadError> {
    loop {
        let (one, other) = (found.next_entry()?, rebuilt.next_entry()?);
        let finding = match (one, other) {
            (None, None) => return Ok(Where::Form),
            (Some(one), None) => entry::alone(&one, Presence::OnlyFound),
            (None, Some(other)) => entry::alone(&other, Presence::OnlyRebuilt),
            // Entries are sorted by path, so the smaller of two has no counterpart.
            (Some(one), Some(other)) => match one.path.cmp(&other.path) {
                Ordering::Less => entry::alone(&one, Presence::OnlyFound),
                Ordering::Greater => entry::alone(&other, Presence::OnlyRebuilt),
                Ordering::Equal => match entry::compare((&one, found), (&other, rebuilt))? {
                    Some(finding) => finding,
                    None => continue,
                },
            },
        };
        return Ok(Where::Entry(finding));
    }
}
