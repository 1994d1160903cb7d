//! What an image remembers of how it was made, for `rebase` and `verify`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Overlay;
use crate::oci::Digest;

/// The one configuration label that imgbuild writes. It never holds imgbuild's version: a new release must not
/// change the digest of an unchanged build.
pub const RECORD_LABEL: &str = "dev.imgbuild.record";

/// What the label holds, as compact JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The canonical reference of the base; none for a base from a layout, whose path is of one machine only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub base: Option<String>,
    /// The digest of the base's manifest for this platform.
    pub base_digest: Digest,
    /// How many of the image's layers are the base's.
    pub base_layers: usize,
    /// The time that the image was given, in seconds since 1970; none where it has its base's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub created: Option<u64>,
    /// What was changed in the base's configuration.
    pub overlay: Overlay,
}

impl Record {
    /// The label's value.
    #[must_use]
    pub fn to_label(&self) -> String {
        // `to_value` cannot fail on maps with string keys, which is all that a record holds.
        serde_json::to_value(self).as_ref().map(Value::to_string).unwrap_or_default()
    }

    /// Reads the label of an image; `None` where imgbuild did not write one.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        serde_json::from_str(label).ok()
    }
}
