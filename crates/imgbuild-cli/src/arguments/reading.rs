//! Which layers are looked into: of the commands that explain images.

use clap::ValueEnum;
use imgbuild::inspect::Reading;

/// Which layers are downloaded and looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Layers {
    /// Every layer
    All,
    /// The layers on top of the base, which is known of images that imgbuild made
    Own,
    /// No layer: documents alone
    None,
}

impl From<Layers> for Reading {
    fn from(layers: Layers) -> Self {
        match layers {
            Layers::All => Self::All,
            Layers::Own => Self::Own,
            Layers::None => Self::Nothing,
        }
    }
}
