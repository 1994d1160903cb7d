//! What the tests of imgbuild share: makers of inputs, an in-memory registry, an image validator and other people's programs.
//! It never imports `imgbuild`: an oracle must not share the bug.

pub mod archive;
pub mod base;
pub mod classfile;
pub mod compress;
pub mod digest;
pub mod elf;
pub mod engine;
pub mod fixtures;
pub mod home;
pub mod jar;
pub mod peer;
pub mod peers;
pub mod registry;
pub mod terminal;
pub mod validate;
