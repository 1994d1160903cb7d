//! Images that are copied between registries, layouts and archives.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod referrers;
mod ways;

use std::path::Path;

use imgbuild::copy::Copied;
use imgbuild::registry::Client;
use imgbuild::{Copy, Location, target};
use imgbuild_testkit::fixtures;

pub(crate) fn place(text: &str) -> Location {
    text.parse().unwrap()
}

pub(crate) fn copy(from: &str, to: &str) -> Copy {
    Copy::new(place(from), target::at(&place(to)).unwrap()).registry(Client::default())
}

pub(crate) async fn copied(from: &str, to: &str) -> Copied {
    copy(from, to).run().await.unwrap_or_else(|error| panic!("{from} → {to}: {error}: {:?}", std::error::Error::source(&error)))
}

pub(crate) fn base() -> String {
    format!("oci:{}", fixtures::path("base").display())
}

pub(crate) fn in_folder(scheme: &str, folder: &Path, name: &str) -> String {
    format!("{scheme}:{}", folder.join(name).display())
}
