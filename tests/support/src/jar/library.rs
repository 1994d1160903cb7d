//! Libraries as they lie nested in a Boot JAR: real JARs of their own.

use super::{Jar, Manifest};

/// A library JAR with a manifest that names it and its version, and `files` in their order.
#[must_use]
pub fn library(title: &str, version: &str, files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let manifest = Manifest::new()
        .attribute("Implementation-Title", title)
        .attribute("Implementation-Version", version)
        .attribute("Automatic-Module-Name", &title.replace('-', "."));
    files.iter().fold(Jar::new().manifest(&manifest), |jar, (path, content)| jar.directories_of(path).file(path, content)).build()
}
