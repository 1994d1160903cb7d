//! `exploded`: every file of the JAR at its own path, as Boot's `extract --layers --launcher` does it.

use super::super::{Archive, SpringBoot};
use super::{Arrangement, Content, Launch, Placed, into_layers};

/// Lays out all files; folders come from their paths.
pub(in super::super) fn explode(archive: &Archive, boot: &SpringBoot) -> Arrangement {
    let files = archive.entries().iter().filter(|entry| !entry.is_folder()).map(|entry| {
        let file = Placed { path: entry.name().to_owned(), content: Content::Entry(entry.clone()) };
        (boot.layers.layer(entry.name()).to_owned(), file)
    });
    Arrangement::new(into_layers(&boot.layers, files), Launch::Class(boot.launcher.clone()))
}
