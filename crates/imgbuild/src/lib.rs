//! Builds multi-architecture container images for JVM applications with nothing but HTTP: no Docker daemon, no buildx,
//! no emulation, no JVM.
//!
//! ```text
//! imgbuild.yaml / flags ─► recipe ─┐
//! app.jar ───────────────► jar ────┼─► layer ─► image (one per platform) ─► index ─► target
//! registry / layout ─────► base ───┘
//! ```
//!
//! A module is a room: it uses itself and the rooms below it, never one above. Top to bottom: [`copy`], [`rebase`], [`tags`], [`verify`], [`diff`], [`inspect`], [`build`],
//! [`recipe`], [`target`], [`guard`], [`contents`], [`base`], [`source`], [`image`], [`layer`], [`jar`], [`equipment`], [`registry`], [`layout`], [`cache`],
//! [`tarball`], [`blob`], [`event`], [`elf`], [`connection`], [`shown`], [`oci`].
//!
//! The library prints nothing and keeps nothing global: what happens is reported as [`Event`]s, and errors say what was
//! being done to what, why it failed, and, through `hint()`, what to do about it.

pub mod base;
pub mod blob;
pub mod build;
pub mod cache;
pub mod connection;
pub mod contents;
pub mod copy;
pub mod diff;
pub mod elf;
pub mod equipment;
pub mod event;
pub mod guard;
pub mod image;
pub mod inspect;
pub mod jar;
pub mod layer;
pub mod layout;
pub mod oci;
pub mod rebase;
pub mod recipe;
pub mod registry;
pub mod shown;
pub mod source;
pub mod tags;
pub mod tarball;
pub mod target;
pub mod verify;

pub use build::{Build, Plan, Report};
pub use cache::Cache;
pub use copy::Copy;
pub use diff::Diff;
pub use equipment::Cancel;
pub use event::{Event, Observer};
pub use inspect::Inspect;
pub use oci::{Digest, Location, Platform, Reference};
pub use rebase::Rebase;
pub use recipe::Recipe;
pub use target::{ArchiveTarget, LayoutTarget, RegistryTarget, Target};
pub use verify::Verify;

/// The README's example of the library compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
