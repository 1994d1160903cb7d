//! Parts of what an entry holds, by their offset.

use std::io::{self, BufWriter, Read as _};

use super::super::archive::Contents;
use super::super::{Entry, Error};

/// Inflates an entry up to the parts that are asked for and keeps only its start: a native library may be larger than all else that
/// a build holds together.
pub(super) struct Parts<'a> {
    entry: &'a Entry,
    start: Vec<u8>,
    contents: Contents,
    position: u64,
}

/// Bytes of the start that are kept. Linkers put what names the needed libraries in front of the code.
const KEPT: u64 = 512 << 10;

/// Bytes that are inflated at a time where nobody wants them: with fewer, zlib copies more of them.
const SKIPPED: usize = 128 << 10;

impl<'a> Parts<'a> {
    pub(super) fn of(entry: &'a Entry) -> Result<Self, Error> {
        let len = entry.size().min(KEPT);
        // One byte more shows the end of a shorter one without another buffer.
        let (mut start, mut contents) = (Vec::with_capacity(usize::try_from(len + 1).unwrap_or_default()), entry.open());
        contents.by_ref().take(KEPT).read_to_end(&mut start).map_err(|error| entry.read_error(error))?;
        Ok(Self { entry, position: start.len() as u64, start, contents })
    }

    /// The first bytes, as many as are kept.
    pub(super) fn start(&self) -> &[u8] {
        &self.start
    }

    /// The bytes from an offset, or those of them that there are. What lies before the last ones is inflated once more.
    pub(super) fn read(&mut self, offset: u64, len: usize) -> Result<Vec<u8>, Error> {
        self.part(offset, len).map_err(|error| self.entry.read_error(error))
    }

    fn part(&mut self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let kept = usize::try_from(offset).ok().and_then(|offset| self.start.get(offset..)).unwrap_or_default();
        if kept.len() >= len || (!kept.is_empty() && self.entry.size() <= KEPT) {
            return Ok(kept[..len.min(kept.len())].to_vec());
        }
        if offset < self.position {
            (self.contents, self.position) = (self.entry.open(), 0);
        }
        self.position +=
            io::copy(&mut self.contents.by_ref().take(offset - self.position), &mut BufWriter::with_capacity(SKIPPED, io::sink()))?;
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
        let content: Vec<u8> = (0..200_000u32).flat_map(u32::to_le_bytes).collect();
        let bytes = imgbuild_testkit::jar::library("a", "1", &[("part.bin", content.clone())]);
        let jar = Jar::read("a.jar", bytes.into()).unwrap();
        let entry = jar.archive().entry("part.bin").unwrap();
        let mut parts = Parts::of(entry).unwrap();
        let kept = usize::try_from(KEPT).unwrap();
        assert_eq!(parts.start(), &content[..kept]);
        for (offset, len) in [(0, 10), (700_000, 16), (kept - 5, 10), (600_000, 2000), (100, 4000), (799_990, 100), (900_000, 5)] {
            let wanted = content.get(offset..).unwrap_or_default();
            assert_eq!(parts.read(offset as u64, len).unwrap(), &wanted[..len.min(wanted.len())], "{offset} {len}");
        }
    }
}
