//! JARs with every byte under control, written without the `zip` crate, which the product uses. Holds well-formed
//! archives, Spring Boot's shapes, and hostile archives whose headers lie on purpose.

mod build;
mod entry;
pub mod hostile;
mod library;
mod manifest;
mod record;
pub mod spring_boot;

pub use build::Jar;
pub use entry::{Descriptor, Entry};
pub use library::library;
pub use manifest::Manifest;
pub use record::{End, Header};
pub use spring_boot::SpringBoot;

#[cfg(test)]
mod tests;
