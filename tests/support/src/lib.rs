//! Tests support.
pub mod archive;
pub mod classfile;
pub mod compress;
pub mod digest;
pub mod elf;
pub mod jar;
pub mod peer;
