//! A part of an archive in memory, that follows whoever reads forward.

use super::super::Bytes;

/// Reads pieces of an archive by position. Most are near the last one, so one call to the system serves hundreds.
pub(super) struct Window<'a> {
    bytes: &'a Bytes,
    start: u64,
    held: Vec<u8>,
}

/// How much is read at once.
const WINDOW: u64 = 128 << 10;

impl<'a> Window<'a> {
    pub(super) fn new(bytes: &'a Bytes) -> Self {
        Self { bytes, start: 0, held: Vec::new() }
    }

    /// The bytes from a position; `None` where they reach past the end or cannot be read.
    pub(super) fn read(&mut self, position: u64, len: u64) -> Option<&[u8]> {
        if self.range(position, len).is_none() {
            let wanted = len.max(WINDOW).min(self.bytes.len().checked_sub(position)?);
            self.held.resize(usize::try_from(wanted).ok()?, 0);
            self.start = position;
            if self.bytes.read_exact_at(position, &mut self.held).is_err() {
                self.held.clear();
            }
        }
        self.range(position, len).and_then(|range| self.held.get(range))
    }

    /// Where they are in what is held.
    fn range(&self, position: u64, len: u64) -> Option<std::ops::Range<usize>> {
        let start = usize::try_from(position.checked_sub(self.start)?).ok()?;
        let end = start.checked_add(usize::try_from(len).ok()?)?;
        (end <= self.held.len()).then_some(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_archives_wherever_they_lie() {
        let whole: Vec<u8> = (0..3 * WINDOW).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let bytes = Bytes::from(whole.clone());
        let mut window = Window::new(&bytes);
        for (position, len) in [(0, 30), (40, 512), (WINDOW - 10, 20), (5, 5), (2 * WINDOW, WINDOW), (WINDOW, 2 * WINDOW), (3 * WINDOW, 0)]
        {
            let range = usize::try_from(position).unwrap()..usize::try_from(position + len).unwrap();
            assert_eq!(window.read(position, len), whole.get(range), "{position} {len}");
        }
        for (position, len) in [(3 * WINDOW - 5, 6), (3 * WINDOW + 1, 0), (u64::MAX, 1), (1, u64::MAX)] {
            assert_eq!(window.read(position, len), None, "{position} {len}");
        }
    }
}
