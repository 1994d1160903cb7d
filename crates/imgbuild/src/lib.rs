//! imgbuild
pub mod blob;
pub mod cache;
pub mod event;
pub mod image;
pub mod layer;
pub mod layout;
pub mod oci;
pub mod recipe;
pub mod registry;
