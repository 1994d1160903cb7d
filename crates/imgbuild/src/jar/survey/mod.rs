//! What the entries of a JAR tell about the machine and the Java that they need.
//!
//! Class files tell their version in their first bytes, native libraries their machine; of a nested library no more is read
//! than that, and nothing of it is kept but this. The room judges nothing: what is wrong for a base is the guards'.

mod classes;
mod native;
mod parts;
#[cfg(test)]
mod tests;

use std::io::Read as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde::{Deserialize, Serialize};

use super::archive::{Listing, PACKED_HEAD, head};
use super::{Bytes, Entry, Error, Jar, Library, Shape};

pub use self::classes::{Classes, java_release};
pub(super) use self::native::Code;
pub use self::native::Native;

/// What one JAR's entries tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    /// Class files by version.
    pub classes: Classes,
    /// Native libraries and programs for Linux.
    pub natives: Vec<Native>,
    /// Why not everything could be looked at, where that is so.
    pub unread: Option<String>,
}

/// Bytes of a nested JAR that is packed, and so is inflated into memory; Boot stores those that it nests.
const MAX_PACKED_LIBRARY: u64 = 256 << 20;
/// Libraries that are looked into at a time: each costs a directory and a window.
const MOST_AT_ONCE: usize = 4;
/// The part of the cores that look into libraries. A build makes layers beside, which takes longer: more would make its end wait for
/// those. A check, which has all cores, takes longer for it.
const CORES_DIVISOR: usize = 2;

impl Survey {
    /// Looks into nested libraries, several at a time, and gives what was found in their order.
    #[must_use]
    pub fn of_libraries(libraries: &[Library]) -> Vec<Self> {
        let next = AtomicUsize::new(0);
        let one = || {
            let at = next.fetch_add(1, Ordering::Relaxed);
            Some((at, Self::of_library(libraries.get(at)?)))
        };
        let work = || std::iter::from_fn(one).collect::<Vec<_>>();
        let threads =
            thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(CORES_DIVISOR)).min(MOST_AT_ONCE).min(libraries.len());
        let mut found = thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut found = work();
            for other in others {
                found.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            found
        });
        found.sort_unstable_by_key(|(at, _)| *at);
        found.into_iter().map(|(_, survey)| survey).collect()
    }

    /// Looks into a nested library.
    #[must_use]
    pub fn of_library(library: &Library) -> Self {
        match survey(library.entry()) {
            Ok(survey) => survey,
            Err(reason) => Self { unread: Some(reason), ..Self::default() },
        }
    }

    /// Looks into a JAR that is in memory; `name` is what reasons call it.
    #[must_use]
    pub fn of_bytes(name: &str, bytes: Vec<u8>) -> Self {
        list(name, bytes.into()).unwrap_or_else(|reason| Self { unread: Some(reason), ..Self::default() })
    }

    /// Takes a file that is in no JAR. Only classes and native code are looked at: their first bytes tell them.
    pub fn add(&mut self, path: &str, content: &[u8]) {
        if classes::is_class(path) {
            self.classes.add(path, content.first_chunk().copied());
        } else {
            self.natives.extend(Native::of(path, content));
        }
    }

    /// Takes what another one tells.
    pub fn merge(&mut self, other: &Self) {
        self.classes.merge(&other.classes);
        self.natives.extend(other.natives.iter().cloned());
        self.unread = self.unread.take().or_else(|| other.unread.clone());
    }

    /// Looks at the files of a JAR that are in no nested library: the application's own.
    ///
    /// # Errors
    /// When a native library cannot be read.
    pub fn of_application(jar: &Jar) -> Result<Self, Error> {
        let mut survey = Self::default();
        for entry in jar.archive().entries().iter().filter(|entry| !entry.is_folder()) {
            let Some(name) = application_name(jar, entry) else { continue };
            let mut start = [0; PACKED_HEAD];
            let start = first_bytes(entry, &mut start)?;
            if classes::is_class(name) {
                survey.classes.add(name, head(entry.method(), start));
            } else if native::may_be(entry.size(), || head(entry.method(), start)) {
                survey.natives.extend(Native::read(name, entry)?);
            }
        }
        Ok(survey)
    }
}

/// The first packed bytes of an entry.
fn first_bytes<'b>(entry: &Entry, buffer: &'b mut [u8; PACKED_HEAD]) -> Result<&'b [u8], Error> {
    let start = &mut buffer[..usize::try_from(entry.packed().len()).map_or(PACKED_HEAD, |len| len.min(PACKED_HEAD))];
    entry.packed().read_exact_at(0, start).map_err(|error| entry.read_error(error))?;
    Ok(start)
}

/// The name of an application's file on the class path; `None` for Boot's launcher and for nested libraries.
fn application_name<'a>(jar: &Jar, entry: &'a Entry) -> Option<&'a str> {
    let name = entry.name();
    match jar.shape() {
        Shape::SpringBoot(boot) => name.strip_prefix(boot.classes()),
        Shape::Executable { .. } | Shape::Library => Some(name),
    }
}

fn survey(library: &Entry) -> Result<Survey, String> {
    // The checksum of a stored one is proven when its layer is made.
    list(library.name(), library.stored().map_or_else(|| inflated(library), |bytes| Ok(bytes.clone()))?)
}

fn list(name: &str, bytes: Bytes) -> Result<Survey, String> {
    let listing = Listing::open(name, bytes).map_err(|error| error.to_string())?;
    let mut survey = Survey::default();
    let mut entries = listing.entries();
    while let Some(listed) = entries.next() {
        let listed = listed.map_err(|error| error.to_string())?;
        if classes::is_class(listed.name()) {
            survey.classes.add(listed.name(), listed.head());
        } else if native::may_be(listed.size(), || listed.head()) {
            let entry = listed.entry();
            let native = entry.map(|entry| Native::read(listed.name(), &entry)).transpose().map_err(|error| error.to_string())?;
            survey.natives.extend(native.flatten());
        }
    }
    Ok(survey)
}

fn inflated(library: &Entry) -> Result<Bytes, String> {
    if library.size() > MAX_PACKED_LIBRARY {
        return Err(format!("it has {} bytes, more than {MAX_PACKED_LIBRARY}", library.size()));
    }
    let mut whole = Vec::new();
    library.open().read_to_end(&mut whole).map_err(|error| error.to_string())?;
    Ok(whole.into())
}
