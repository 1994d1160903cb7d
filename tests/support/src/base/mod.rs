//! Base images as values: layers, configs, manifests and indexes made by hand, the same bytes on every machine.
//! Holds nothing that runs but the fixtures' `java`; refuses to be a general image builder.

mod image;
mod index;
mod java;
mod layer;
mod media;
mod platform;

pub use image::{Document, Image};
pub use index::Base;
pub use layer::Layer;
pub use media::{Compression, Format};
pub use platform::PlatformImage;

#[cfg(test)]
mod tests;
