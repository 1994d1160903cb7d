//! Where the facts about a base come from.

use std::fmt;
use std::str::FromStr;

use super::Error;

/// Where the facts about a base come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FactsFrom {
    /// From its lock, from the cache, or from its layers, which are read once.
    #[default]
    Scan,
    /// From nowhere: what its documents claim is trusted, and nobody looks into its layers.
    Skip,
}

impl FromStr for FactsFrom {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "scan" => Ok(Self::Scan),
            "skip" => Ok(Self::Skip),
            _ => Err(Error::Value { input: text.to_owned(), kind: "source of facts", reason: "write `scan` or `skip`" }),
        }
    }
}

impl fmt::Display for FactsFrom {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Scan => "scan",
            Self::Skip => "skip",
        })
    }
}
