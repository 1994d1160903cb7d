//! Extra fields of a header: the two kinds that change what a reader sees.

use super::flaw::Flaw;

/// Sizes and offset that did not fit in a header (APPNOTE 4.5.3).
pub(super) struct Wide<'a> {
    rest: &'a [u8],
}

impl Wide<'_> {
    /// Replaces a field that says "see zip64"; fields come in a fixed order.
    pub(super) fn replace(&mut self, field: &mut u64) -> Result<(), Flaw> {
        if *field != 0xffff_ffff {
            return Ok(());
        }
        let (value, rest) = self.rest.split_first_chunk().ok_or_else(|| Flaw::format("a zip64 size or offset is missing"))?;
        *field = u64::from_le_bytes(*value);
        self.rest = rest;
        Ok(())
    }
}

/// The zip64 field, checked as Java checks it. A header that says "see zip64" needs one.
pub(super) fn wide(extra: &[u8]) -> Result<Wide<'_>, Flaw> {
    let mut found = None;
    for field in fields(extra) {
        let (tag, content) = field?;
        if tag != 0x0001 {
            continue;
        }
        if !matches!(content.len(), 0 | 8 | 16 | 24 | 28) {
            return Err(Flaw::hostile("its zip64 field has a size that Java refuses"));
        }
        if found.replace(content).is_some() {
            return Err(Flaw::hostile("it has two zip64 fields"));
        }
    }
    Ok(Wide { rest: found.unwrap_or_default() })
}

/// Refuses a second name (Info-ZIP's Unicode path): unzip believes it, Java and Python do not.
pub(super) fn no_other_name(extra: &[u8], name: &[u8]) -> Result<(), Flaw> {
    for field in fields(extra) {
        let (tag, content) = field?;
        if tag == 0x7075 && content.get(5..) != Some(name) {
            return Err(Flaw::hostile("an extra field gives it another name"));
        }
    }
    Ok(())
}

/// Tag and content of each field. Up to three bytes at the end, which Android's aligner leaves, are no field.
fn fields(mut extra: &[u8]) -> impl Iterator<Item = Result<(u16, &[u8]), Flaw>> {
    std::iter::from_fn(move || {
        let (&[a, b, c, d], rest) = extra.split_first_chunk()?;
        let len = usize::from(u16::from_le_bytes([c, d]));
        let Some((content, rest)) = rest.split_at_checked(len) else {
            extra = &[];
            return Some(Err(Flaw::format("an extra field reaches past its header")));
        };
        extra = rest;
        Some(Ok((u16::from_le_bytes([a, b]), content)))
    })
}
