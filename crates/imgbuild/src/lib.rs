//! imgbuild
pub mod blob;
pub mod event;
pub mod image;
pub mod layer;
pub mod oci;
pub mod recipe;
