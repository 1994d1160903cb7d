//! Parts of what an entry holds, by their offset.

use std::io::{self, Read as _};

use super::super::archive::Contents;
use super::super::{Entry, Error};

/// Inflates an entry up to the parts that are asked for and keeps none of it: a native library may be larger than all else that a
/// build holds together.
pub(super) struct Parts<'a> {
    entry: &'a Entry,
    contents: Contents,
    position: u64,
}

impl<'a> Parts<'a> {
    pub(super) fn of(entry: &'a Entry) -> Self {
        Self { entry, contents: entry.open(), position: 0 }
    }

    /// The bytes from an offset, or those of them that there are. What lies before the last ones is inflated once more.
    pub(super) fn read(&mut self, offset: u64, len: usize) -> Result<Vec<u8>, Error> {
        self.part(offset, len).map_err(|error| self.entry.read_error(error))
    }

    fn part(&mut self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        if offset < self.position {
            (self.contents, self.position) = (self.entry.open(), 0);
        }
        self.position += io::copy(&mut self.contents.by_ref().take(offset - self.position), &mut io::sink())?;
        let mut bytes = Vec::new();
        self.position += self.contents.by_ref().take(len as u64).read_to_end(&mut bytes)? as u64;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Jar;
    use super::*;

    #[test]
    fn parts_are_the_contents_in_any_order() {
        let content: Vec<u8> = (0..9000u32).flat_map(u32::to_le_bytes).collect();
        let bytes = imgbuild_testkit::jar::library("a", "1", &[("part.bin", content.clone())]);
        let jar = Jar::read("a.jar", bytes.into()).unwrap();
        let entry = jar.archive().entry("part.bin").unwrap();
        let mut parts = Parts::of(entry);
        for (offset, len) in [(0, 10), (100, 4000), (30_000, 16), (29_000, 2000), (35_990, 100), (90_000, 5)] {
            let wanted = content.get(offset..).unwrap_or_default();
            assert_eq!(parts.read(offset as u64, len).unwrap(), &wanted[..len.min(wanted.len())], "{offset} {len}");
        }
    }
}
