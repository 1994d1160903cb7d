//! The libraries that an ELF file is linked to, by its program headers, and what they tell about its system.

use object::elf::{DT_NEEDED, DT_STRTAB, PT_LOAD};
use object::read::elf::{Dyn as _, FileHeader, ProgramHeader as _};

use super::{Libc, System};

/// Names of needed libraries that are looked at: real files need fewer than a hundred.
const MAX_NEEDED: usize = 1024;

/// The system of a file; `None` where its tables lead out of it.
pub(super) fn system<Elf: FileHeader>(bytes: &[u8]) -> Option<System> {
    let header = Elf::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, bytes).ok()?;
    for segment in segments {
        if let Some(mut notes) = segment.notes(endian, bytes).ok().flatten() {
            while let Ok(Some(note)) = notes.next() {
                if note.name() == b"Android" {
                    return Some(System::Android);
                }
            }
        }
    }
    for segment in segments {
        if let Some(system) = segment.interpreter(endian, bytes).ok()?.and_then(of_name) {
            return Some(system);
        }
    }
    let Some(dynamic) = segments.iter().find_map(|segment| segment.dynamic(endian, bytes).ok().flatten()) else {
        return Some(System::Linux(None));
    };
    let strings = dynamic.iter().find(|entry| entry.d_tag(endian) == DT_STRTAB);
    let Some(address) = strings.map(|entry| entry.d_val(endian).into()) else { return Some(System::Linux(None)) };
    let offset = segments.iter().filter(|segment| segment.p_type(endian) == PT_LOAD).find_map(|segment| {
        let (start, size): (u64, u64) = (segment.p_vaddr(endian).into(), segment.p_filesz(endian).into());
        let within = address.checked_sub(start).filter(|&within| within < size)?;
        segment.p_offset(endian).into().checked_add(within)
    })?;
    let strings = bytes.get(usize::try_from(offset).ok()?..)?;
    let needed = dynamic.iter().filter(|entry| entry.d_tag(endian) == DT_NEEDED).take(MAX_NEEDED);
    let names = needed.filter_map(|entry| {
        let start = usize::try_from(entry.d_val(endian).into()).ok()?;
        strings.get(start..)?.split(|&byte| byte == 0).next()
    });
    let names: Vec<&[u8]> = names.collect();
    if names.contains(&&b"liblog.so"[..]) || names.contains(&&b"libandroid.so"[..]) {
        return Some(System::Android);
    }
    Some(names.into_iter().find_map(of_name).unwrap_or(System::Linux(None)))
}

/// What the path of a program loader or the name of a C library tells.
fn of_name(name: &[u8]) -> Option<System> {
    let name = name.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    let starts = |start: &str| name.starts_with(start.as_bytes());
    if starts("libc.musl-") || starts("ld-musl-") || name == b"libc.so" {
        return Some(System::Linux(Some(Libc::Musl)));
    }
    if starts("libc.so.6") || starts("ld-linux") || starts("ld64.so") {
        return Some(System::Linux(Some(Libc::Glibc)));
    }
    // Solaris has `libc.so.1`, the BSDs have numbers of their own; `ld.so.1` is glibc's on big-endian PowerPC too.
    (starts("libc.so.") || starts("ld-elf")).then_some(System::Other)
}
