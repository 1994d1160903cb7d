//! What differs between a layer and the one that was built again.

use serde::Serialize;

use crate::oci::Digest;

/// The first layer that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LayerFinding {
    /// Which one, from the base upwards, counted from one.
    pub number: usize,
    /// What it holds.
    pub name: String,
    /// Its digest in the image.
    pub found: Option<Digest>,
    /// Its digest when it is built again.
    pub rebuilt: Option<Digest>,
    /// Where it differs.
    #[serde(flatten)]
    pub place: Where,
}

/// Where a layer differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "differs", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Where {
    /// The inputs give no such layer.
    OnlyFound,
    /// The image has no such layer.
    OnlyRebuilt,
    /// The tars are the same; they are compressed in different ways.
    Compression,
    /// The entries are the same; the tars are written in different ways.
    Form,
    /// At this entry, the first that differs.
    Entry(EntryFinding),
}

/// Who has an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// The image alone.
    OnlyFound,
    /// What was built again alone.
    OnlyRebuilt,
    /// Both.
    Both,
}

/// How an entry of a layer differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryFinding {
    /// Its path.
    pub path: String,
    /// Who has it.
    pub presence: Presence,
    /// The fields of its header that differ.
    pub fields: Vec<Field>,
    /// The bytes of its content that differ.
    pub bytes: Option<Bytes>,
    /// Where in it, when it is a JAR.
    pub within: Option<Within>,
}

/// A field of a header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What the image has.
    pub found: String,
    /// What was built again.
    pub rebuilt: String,
}

/// The bytes between the first and the last that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bytes {
    /// The offset of the first byte that differs.
    pub from: u64,
    /// The offset behind the last byte that differs.
    pub to: u64,
    /// How many bytes the image has.
    pub found_size: u64,
    /// How many bytes were built again.
    pub rebuilt_size: u64,
}

/// The first file of a JAR that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Within {
    /// Its path in the JAR; `None` where all files are the same and the JAR is packed differently.
    pub path: Option<String>,
    /// Who has it.
    pub presence: Presence,
    /// The bytes of its content that differ.
    pub bytes: Option<Bytes>,
    /// Whether the times of entries are all that differs in the JAR.
    pub only_times: bool,
}
