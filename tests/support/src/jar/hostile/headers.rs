//! Headers that contradict each other or the data: names, sizes, checksums, methods, places.

use super::{Case, Verdict, case, text, usual};
use crate::jar::{Descriptor, Entry, Jar};

/// The entry that lies.
const LIAR: &str = "liar.txt";
const ENCRYPTED: u16 = 1;
const UNICODE_PATH: u16 = 0x7075;

pub(super) fn cases() -> Vec<Case> {
    let liar = || Entry::file(LIAR, &text());
    let stored = || Entry::stored(LIAR, b"stored content");
    let described = || liar().descriptor(Descriptor::Signed);
    let disputed: Vec<(&str, Entry)> = vec![
        ("local-name-differs", liar().change_local(|header| header.name = b"other.txt".to_vec())),
        ("crc-wrong", liar().change(|header| header.crc ^= 1)),
        ("central-crc-wrong", liar().change_central(|header| header.crc ^= 1)),
        ("size-too-small", liar().change(|header| header.size = 10)),
        ("stored-sizes-differ", stored().change(|header| header.size += 2)),
        ("compressed-size-too-small", liar().change(|header| header.compressed_size -= 3)),
        ("data-damaged", liar().raw_data(&[0xff; 40])),
        ("encrypted", liar().change(|header| header.flags |= ENCRYPTED)),
        ("central-encrypted", liar().change_central(|header| header.flags |= ENCRYPTED)),
        ("method-unknown", liar().change(|header| header.method = 93)),
        ("method-differs", liar().change_central(|header| header.method = 0)),
        ("offset-wrong", liar().change_central(|header| header.offset += 1)),
        ("offset-beyond-the-end", liar().change_central(|header| header.offset = 1 << 30)),
        ("name-not-utf8", Entry::stored(b"liar\xff\xfe.txt", b"x").change(|header| header.flags |= 1 << 11)),
        ("extra-field-overlong", liar().change(|header| header.extra = vec![0xfe, 0xca, 0xff, 0x00, 0x01])),
    ];
    let dangerous: Vec<(&str, Entry)> = vec![
        ("size-too-large", liar().change(|header| header.size *= 2)),
        ("central-size-differs", liar().change_central(|header| header.size += 1)),
        ("compressed-size-too-large", liar().change(|header| header.compressed_size += 1000)),
        ("unicode-path-differs", liar().extra(UNICODE_PATH, &unicode_path())),
        ("local-crc-differs", liar().change_local(|header| header.crc ^= 1)),
        ("local-size-differs", liar().change_local(|header| header.size += 1)),
        ("local-compressed-size-differs", liar().change_local(|header| header.compressed_size += 1)),
        ("local-method-differs", liar().change_local(|header| header.method = 0)),
        ("local-encrypted", liar().change_local(|header| header.flags |= ENCRYPTED)),
        ("local-zip64-sizes-differ", liar().zip64().change_local(|header| header.size += 1)),
        ("descriptor-crc-wrong", described().change_descriptor(|header| header.crc ^= 1)),
        ("descriptor-size-wrong", described().change_descriptor(|header| header.size += 1)),
        ("descriptor-compressed-size-wrong", described().change_descriptor(|header| header.compressed_size += 1)),
        ("descriptor-missing", liar().change_local(|header| header.flags |= 1 << 3).change_central(|header| header.flags |= 1 << 3)),
    ];
    let name = |entry: &Entry| if entry.name().is_ascii() { Some(LIAR) } else { None };
    let mut cases: Vec<Case> = [(Verdict::Disputed, disputed), (Verdict::Dangerous, dangerous)]
        .into_iter()
        .flat_map(|(verdict, entries)| entries.into_iter().map(move |(id, entry)| (verdict, id, entry)))
        .map(|(verdict, id, entry)| case(verdict, id, name(&entry), &usual().entry(entry)))
        .collect();
    cases.extend(overlaps());
    cases
}

/// Version 1, the CRC of the header's own name, and another name (APPNOTE 4.6.9): Java ignores it, unzip shows it.
fn unicode_path() -> Vec<u8> {
    [&[1][..], &crc32fast::hash(LIAR.as_bytes()).to_le_bytes(), b"shown.txt"].concat()
}

/// Entries that share bytes of the archive.
fn overlaps() -> Vec<Case> {
    let kernel = || Entry::file("kernel.bin", &text());
    let behind_usual = local_length(&usual());
    let at = move |entry: Entry, offset: u64| entry.without_local().change_central(move |header| header.offset = offset);

    let renamed = usual().entry(kernel()).entry(at(Entry::file("again.bin", &text()), behind_usual));
    let twice = usual().entry(kernel()).entry(at(kernel(), behind_usual));
    let inner = Entry::stored("inner.txt", b"inner");
    let outer = Entry::stored("outer.bin", &Jar::new().entry(inner.clone()).build());
    let into_outer = behind_usual + local_length(&Jar::new().entry(Entry::stored("outer.bin", b"")));
    let quoted = usual().entry(outer).entry(at(inner, into_outer));
    vec![
        case(Verdict::Disputed, "two-names-share-data", Some("again.bin"), &renamed),
        case(Verdict::Dangerous, "twins-share-data", Some("kernel.bin"), &twice),
        case(Verdict::Dangerous, "entry-inside-entry", Some("inner.txt"), &quoted),
    ]
}

/// Bytes of an archive before its central directory.
fn local_length(jar: &Jar) -> u64 {
    let bytes = jar.build();
    let central = bytes.windows(4).position(|window| window == b"PK\x01\x02");
    central.unwrap_or(bytes.len()) as u64
}
