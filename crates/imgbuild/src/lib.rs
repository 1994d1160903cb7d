//! imgbuild
pub mod blob;
pub mod event;
pub mod oci;
