//! What can be wrong with a base's configuration or with what is asked of it.

/// Why an image could not be composed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration is no JSON object of the expected shape.
    #[error("the image configuration is not valid: {0}")]
    Config(String),
    /// Manifest and configuration count the layers differently.
    #[error("the image's manifest has {layers} layers but its configuration has {diff_ids} diff ids")]
    LayerCount {
        /// Layers in the manifest.
        layers: usize,
        /// Entries of `rootfs.diff_ids`.
        diff_ids: usize,
    },
    /// A port that is none.
    #[error("`{0}` is no port: write `8080`, `8080/udp` or `8000-8010`")]
    Port(String),
    /// Docker's manifests have no place for annotations.
    #[error("annotations need the OCI format: a Docker manifest has no place for them; use `--format oci` or `--label`")]
    AnnotationsInDocker,
    /// A base layer whose type has no counterpart in the format that is written.
    #[error("the base has a layer of type `{0}`, which cannot be published in this format")]
    LayerType(String),
    /// `--format` is no format.
    #[error("`{0}` is no format: write `oci` or `docker`")]
    Format(String),
    /// `--created` is no time.
    #[error("`{0}` is no time: write seconds since 1970 or RFC 3339, such as `2025-01-31T12:00:00Z`")]
    Created(String),
}
