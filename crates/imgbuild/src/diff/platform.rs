//! The images of one platform, compared.

use std::collections::HashSet;

use serde_json::Value;

use super::archives::Repacked;
use super::files::Times;
use super::merged::merge;
use super::report::{PlatformDifference, Verdict};
use super::software::Software;
use super::{Change, application, documents, files, libraries, settings};
use crate::blob::Blob;
use crate::contents::ByDiffId;
use crate::inspect::{Reading, layers};
use crate::oci::Digest;
use crate::source::PlatformImage;

/// The layers of `image` that are read because `other` does not have them. A layer that `other` has in another
/// compression is read too: what its diff id promises must be true.
pub(super) fn unshared(image: &PlatformImage, other: &PlatformImage, reading: Reading) -> Vec<(Blob, Digest)> {
    let shared: HashSet<&Digest> = other.layers.iter().map(Blob::digest).collect();
    layers(image, reading).into_iter().filter(|(blob, _)| !shared.contains(blob.digest())).collect()
}

/// Compares the images of one platform.
pub(super) fn compare(left: &PlatformImage, right: &PlatformImage, contents: &ByDiffId) -> PlatformDifference {
    let digests = [left, right].map(|image| image.manifest.descriptor().digest.clone());
    let shared: HashSet<&Digest> = left.config.diff_ids().iter().filter(|id| right.config.diff_ids().contains(id)).collect();
    let diff_ids = left.config.diff_ids().iter().chain(right.config.diff_ids());
    let unread_layers = diff_ids.filter(|id| !shared.contains(id) && !contents.contains_key(*id)).count();
    let changes = if digests[0] == digests[1] { Vec::new() } else { changes(left, right, &shared, contents, unread_layers) };
    let verdict = changes.iter().map(Change::verdict).max();
    let [left_digest, right_digest] = digests;
    // What nobody looked into may hold anything.
    let unknown = if left_digest == right_digest { Verdict::Same } else { Verdict::Different };
    PlatformDifference {
        platform: right.platform.clone(),
        left: left_digest,
        right: right_digest,
        verdict: verdict.filter(|_| unread_layers == 0).unwrap_or(unknown),
        shared_layers: shared.len(),
        unread_layers,
        changes,
    }
}

fn changes(left: &PlatformImage, right: &PlatformImage, shared: &HashSet<&Digest>, contents: &ByDiffId, unread: usize) -> Vec<Change> {
    let (one, other) = (merged_software(left, shared, contents), merged_software(right, shared, contents));
    let (mut repacked, mut times) = (Repacked::default(), Times::default());
    let mut changes: Vec<Change> = settings::base(left, right).into_iter().collect();
    let version = |from: &Option<String>, to: &Option<String>| (from != to).then(|| (from.clone(), to.clone()));
    changes.extend(version(&one.java, &other.java).map(|(from, to)| Change::Java { from, to }));
    changes.extend(version(&one.system, &other.system).map(|(from, to)| Change::System { from, to }));
    let of_libraries = libraries::compare(&one, &other, &mut repacked, &mut times);
    let with_libraries = !of_libraries.is_empty();
    changes.extend(of_libraries);
    changes.extend(application::compare(&one, &other, with_libraries, &mut repacked, &mut times));
    changes.extend(settings::compare(&left.config, &right.config));
    changes.extend(files::compare(&one, &other, &mut times));
    changes.extend(order(left, right, shared));
    changes.extend(compressions(left, right));
    let created = |image: &PlatformImage| image.config.raw().get("created").and_then(Value::as_str).map(str::to_owned);
    let created = created(left) != created(right);
    let archives = repacked.times;
    changes.extend(repacked.changes());
    if times.files + archives > 0 || created {
        changes.push(Change::Times { files: times.files, archives, created });
    }
    let are_layers_same = left.config.diff_ids() == right.config.diff_ids();
    if !are_layers_same && unread == 0 && !changes.iter().any(|change| is_of_layers(change, created)) {
        changes.push(Change::LayerForm);
    }
    // A history that follows the layers says nothing new.
    let documents = documents::of_configs(&left.config, &right.config).into_iter().chain(documents::of_manifests(left, right));
    let is_new = |change: &Change| !matches!(change, Change::Document { part, .. } if part == "history" && !are_layers_same);
    changes.extend(documents.filter(is_new));
    changes.sort();
    changes.dedup();
    changes
}

/// What differs in base, settings and documents, whatever is in the layers.
pub(crate) fn of_documents(left: &PlatformImage, right: &PlatformImage) -> Vec<Change> {
    let mut changes: Vec<Change> = settings::base(left, right).into_iter().collect();
    changes.extend(settings::compare(&left.config, &right.config));
    changes.extend(documents::of_configs(&left.config, &right.config));
    changes.extend(documents::of_manifests(left, right));
    changes
}

/// Whether it says how layers differ.
fn is_of_layers(change: &Change, created: bool) -> bool {
    match change {
        Change::Times { files, archives, .. } => !created || files + archives > 0,
        Change::Base { .. } | Change::Env { .. } | Change::Setting { .. } | Change::Label { .. } | Change::Document { .. } => false,
        _ => true,
    }
}

fn merged_software<'a>(image: &'a PlatformImage, shared: &HashSet<&Digest>, contents: &'a ByDiffId) -> Software<'a> {
    let base = image.config.record().map(|record| record.base_layers);
    let layers = image.config.diff_ids().iter().enumerate().filter(|(_, diff_id)| !shared.contains(diff_id));
    let layers = layers.filter_map(|(at, diff_id)| Some((contents.get(diff_id)?.as_ref(), base.map(|base| at >= base))));
    Software::new(&merge(layers), &image.config)
}

/// Layers that both have, when they do not lie on each other in the same order.
fn order(left: &PlatformImage, right: &PlatformImage, shared: &HashSet<&Digest>) -> Option<Change> {
    let sequence = |image: &PlatformImage| image.config.diff_ids().iter().filter(|id| shared.contains(id)).cloned().collect::<Vec<_>>();
    (sequence(left) != sequence(right)).then_some(Change::LayerOrder)
}

/// Layers of one diff id with other compressed bytes.
fn compressions(left: &PlatformImage, right: &PlatformImage) -> Vec<Change> {
    let layers = |image: &PlatformImage| {
        image.config.diff_ids().iter().cloned().zip(image.layers.iter().map(|layer| layer.digest().clone())).collect::<Vec<_>>()
    };
    let right = layers(right);
    let pairs = layers(left).into_iter().filter_map(|(diff_id, from)| {
        let (_, to) = right.iter().find(|(other, _)| *other == diff_id)?;
        (from != *to && !right.iter().any(|(_, digest)| *digest == from))
            .then(|| Change::Compression { from: from.to_string(), to: to.to_string() })
    });
    pairs.collect()
}
