//! What happens while imgbuild works, as values.
//!
//! The library reports through an [`Observer`] that its caller hands in; it never prints and keeps nothing global.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::oci::{Digest, Platform};

/// Which way a blob moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From a registry to us.
    Download,
    /// From us to a registry, a daemon or a folder.
    Upload,
}

/// How a blob came to be where it was wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Its bytes were transferred.
    Sent,
    /// The registry linked it from another repository.
    Mounted,
    /// It was there already.
    Present,
}

/// One thing that happened.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// The base was found.
    BaseResolved {
        /// What was asked for.
        reference: String,
        /// The digest of its index or manifest.
        digest: Digest,
        /// The platforms that are built.
        platforms: Vec<Platform>,
    },
    /// A layer is ready.
    LayerReady {
        /// What it holds, such as `dependencies`.
        name: String,
        /// The digest of the compressed layer.
        digest: Digest,
        /// Its compressed size in bytes.
        size: u64,
        /// Whether it came from the cache.
        cached: bool,
    },
    /// Layers of a base are read to learn what is in them; once, since what is found is kept.
    ScanStarted {
        /// The base as it was named.
        base: String,
        /// How many layers.
        layers: usize,
        /// Their size in bytes, compressed.
        size: u64,
    },
    /// The layers of a base were read.
    ScanFinished {
        /// The base as it was named.
        base: String,
        /// How many layers.
        layers: usize,
        /// Their size in bytes, compressed.
        size: u64,
    },
    /// The lock of the base was written.
    LockWritten {
        /// The file.
        path: std::path::PathBuf,
    },
    /// A blob starts to move.
    TransferStarted {
        /// The blob.
        digest: Digest,
        /// Which way.
        direction: Direction,
        /// Its size in bytes.
        size: u64,
    },
    /// More of a blob has moved.
    TransferProgress {
        /// The blob.
        digest: Digest,
        /// Which way.
        direction: Direction,
        /// Bytes so far; falls back when a transfer starts again.
        done: u64,
        /// Its size in bytes.
        size: u64,
    },
    /// A blob is where it was wanted.
    TransferFinished {
        /// The blob.
        digest: Digest,
        /// Which way.
        direction: Direction,
        /// How it came there.
        outcome: Outcome,
        /// Its size in bytes.
        size: u64,
    },
    /// A request failed and is tried again.
    Retry {
        /// What was tried, without secrets.
        what: String,
        /// How many attempts have failed.
        attempt: u32,
        /// How long until the next one, in seconds when written as JSON.
        #[serde(serialize_with = "seconds")]
        wait: Duration,
        /// Why the attempt failed.
        reason: String,
    },
    /// A guard found something.
    Finding {
        /// The guard.
        id: String,
        /// `error` or `warning`.
        severity: String,
        /// The platforms whose images it is about.
        platforms: Vec<Platform>,
        /// Where.
        place: String,
        /// What is wrong.
        reason: String,
        /// What to do about it.
        fix: String,
        /// Why it is let pass, where somebody said so.
        allowed: Option<String>,
    },
    /// Something that the user should know and that stops nothing.
    Warning {
        /// The message, in lower case.
        message: String,
        /// What to do about it, where there is something.
        hint: Option<String>,
    },
    /// A tag, a layout or an archive now names this image.
    Published {
        /// Where: `NAME:TAG@DIGEST` or `oci:DIR`.
        target: String,
        /// The digest of the index.
        digest: Digest,
        /// Whether it was so before.
        unchanged: bool,
    },
}

fn seconds<S: serde::Serializer>(wait: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(wait.as_secs_f64())
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BaseResolved { reference, digest, platforms } => {
                let platforms: Vec<String> = platforms.iter().map(ToString::to_string).collect();
                write!(formatter, "base `{reference}` is {} ({})", digest.short(), platforms.join(", "))
            }
            Self::LayerReady { name, digest, size, cached } => {
                let from = if *cached { ", from the cache" } else { "" };
                write!(formatter, "layer `{name}` is {} ({}{from})", digest.short(), Bytes(*size))
            }
            Self::ScanStarted { base, layers, size } => {
                write!(formatter, "reading the base `{base}` once, to learn what is in it: {layers} {} ({})", noun(*layers), Bytes(*size))
            }
            Self::ScanFinished { base, layers, size } => {
                write!(formatter, "base `{base}` is known: {layers} {} read ({})", noun(*layers), Bytes(*size))
            }
            Self::LockWritten { path } => write!(formatter, "wrote the lock `{}`", path.display()),
            Self::TransferStarted { digest, direction, size } => write!(formatter, "{direction} {} ({})", digest.short(), Bytes(*size)),
            Self::TransferProgress { digest, direction, done, size } => {
                write!(formatter, "{direction} {}: {} of {}", digest.short(), Bytes(*done), Bytes(*size))
            }
            Self::TransferFinished { digest, direction, outcome, size } => {
                let outcome = match (outcome, direction) {
                    (Outcome::Sent, Direction::Upload) => "sent",
                    (Outcome::Sent, Direction::Download) => "received",
                    (Outcome::Mounted, _) => "mounted",
                    (Outcome::Present, _) => "is already there",
                };
                write!(formatter, "{} {outcome} ({})", digest.short(), Bytes(*size))
            }
            Self::Retry { what, attempt, wait, reason } => {
                write!(formatter, "{what}: attempt {attempt} failed ({reason}); trying again in {:.1} s", wait.as_secs_f64())
            }
            Self::Finding { id, severity, platforms, place, reason, fix, allowed } => {
                let severity = if allowed.is_some() { "allowed" } else { severity.as_str() };
                let platforms: Vec<String> = platforms.iter().map(ToString::to_string).collect();
                let platforms = if platforms.is_empty() { String::new() } else { format!(" ({})", platforms.join(", ")) };
                write!(formatter, "{severity}[{id}] `{place}`{platforms}: {reason}")?;
                match allowed {
                    Some(reason) => write!(formatter, "\nallowed: {reason}"),
                    None => write!(formatter, "\nhint: {fix}"),
                }
            }
            Self::Warning { message, hint } => {
                write!(formatter, "warning: {message}")?;
                hint.iter().try_for_each(|hint| write!(formatter, "\nhint: {hint}"))
            }
            Self::Published { target, unchanged: true, .. } => write!(formatter, "unchanged: {target}"),
            Self::Published { target, unchanged: false, .. } => write!(formatter, "published {target}"),
        }
    }
}

const fn noun(layers: usize) -> &'static str {
    if layers == 1 { "layer" } else { "layers" }
}

impl fmt::Display for Direction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Download => "download",
            Self::Upload => "upload",
        })
    }
}

/// A number of bytes as people read it: `73.1 MB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(
    /// The number.
    pub u64,
);

impl fmt::Display for Bytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
        match UNITS.iter().find(|(unit, _)| self.0 >= *unit) {
            Some((unit, name)) => write!(formatter, "{}.{} {name}", self.0 / unit, self.0 % unit * 10 / unit),
            None => write!(formatter, "{} B", self.0),
        }
    }
}

/// Is told what happens. Called from several threads, often and while work waits: be quick.
pub trait Observer: Send + Sync {
    /// Takes one event.
    fn observe(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync> Observer for F {
    fn observe(&self, event: &Event) {
        self(event);
    }
}

/// A shared handle to the observer, or to none.
#[derive(Clone, Default)]
pub struct Events(Option<Arc<dyn Observer>>);

impl Events {
    /// Events that go to `observer`.
    #[must_use]
    pub fn to(observer: impl Observer + 'static) -> Self {
        Self(Some(Arc::new(observer)))
    }

    /// Reports one event.
    pub fn emit(&self, event: &Event) {
        if let Some(observer) = &self.0 {
            observer.observe(event);
        }
    }

    /// Reports a warning.
    pub fn warn(&self, message: impl Into<String>, hint: Option<&str>) {
        self.emit(&Event::Warning { message: message.into(), hint: hint.map(str::to_owned) });
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_some() { "Events(observed)" } else { "Events(none)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_well() {
        for (number, text) in [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (73_149_000, "73.1 MB"), (2_500_000_000, "2.5 GB")] {
            assert_eq!(Bytes(number).to_string(), text);
        }
    }

    #[test]
    fn a_closure_observes() {
        let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let events = Events::to(move |event: &Event| sink.lock().unwrap().push(event.to_string()));
        events.warn("the clock is wrong", Some("set it"));
        Events::default().warn("nobody hears this", None);
        assert_eq!(*seen.lock().unwrap(), ["warning: the clock is wrong\nhint: set it"]);
    }
}
