//! `layer-path`: where files land, nothing of the base goes.

use super::{Finding, Id};
use crate::base::Conflict;
use crate::oci::Platform;

/// The finding about files of `layer` that cannot be put on the base of `platform`; none for what is no matter of the base.
#[must_use]
pub fn check(layer: &str, platform: &Platform, conflict: &Conflict) -> Option<Finding> {
    let (place, fix) = conflict.path().zip(conflict.hint())?;
    let reason = format!("the layer `{layer}` cannot be put on the base: {conflict}");
    Some(Finding { platforms: vec![platform.clone()], ..Finding::error(Id::LayerPath, place, reason, fix) })
}
