//! Whatever becomes a layer is one gzip member that another implementation inflates to the tar, whatever it looks like; and
//! it is the same bytes in whatever pieces it comes, and on however many processors.

#![no_main]

use std::io::{self, Read};
use std::sync::Arc;

use flate2::bufread::GzDecoder;
use imgbuild::jar::{Bytes, BytesReader};
use imgbuild::layer::{self, Attributes, Content, Encoding, Entry, Files, Kind, Stop};
use imgbuild::oci::Digest;
use libfuzzer_sys::fuzz_target;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Longer than the two longest pieces that are compressed by themselves.
const SEVERAL_PIECES: usize = 1_300_000;

/// A file that is given out in parts.
struct Parts {
    bytes: Bytes,
    size: usize,
}

impl Content for Parts {
    fn size(&self) -> u64 {
        self.bytes.len()
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(Part { reader: self.bytes.reader(), size: self.size }))
    }

    fn place(&self) -> String {
        "memory".to_owned()
    }

    fn range(&self) -> Option<Bytes> {
        Some(self.bytes.clone())
    }
}

struct Part {
    reader: BytesReader,
    size: usize,
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len().min(self.size);
        self.reader.read(&mut buffer[..wanted])
    }
}

/// The layer of these files, each given out in parts of this size.
fn built(contents: &[&[u8]], size: usize, encoding: Encoding) -> (layer::Built, Vec<u8>) {
    let mut files = Files::new();
    for (number, content) in contents.iter().enumerate() {
        let kind = Kind::File(Arc::new(Parts { bytes: content.to_vec().into(), size }));
        files.add(&format!("app/lib/{number}.jar"), Entry { kind, attributes: Attributes::FILE }).expect("the path is allowed");
    }
    let mut packed = Vec::new();
    let built = layer::build(&files, encoding, &mut packed, &Stop::default()).expect("memory takes everything");
    (built, packed)
}

/// Does it on one processor.
fn alone<T>(work: impl FnOnce() -> T) -> T {
    let all = sched_getaffinity(None).expect("Linux says where we may run");
    let mut one = CpuSet::new();
    one.set((0..CpuSet::MAX_CPU).find(|number| all.is_set(*number)).expect("there is a processor"));
    sched_setaffinity(None, &one).expect("a processor of ours");
    let result = work();
    sched_setaffinity(None, &all).expect("those that we had");
    result
}

fuzz_target!(|data: &[u8]| {
    let Some((&[long, size], rest)) = data.split_first_chunk() else { return };
    let (first, second) = rest.split_at(rest.len() / 2);
    let repeated = if long % 32 == 1 && !rest.is_empty() { rest.repeat(SEVERAL_PIECES / rest.len() + 1) } else { rest.to_vec() };
    let contents = [&repeated, first, second];

    let (built, packed) = self::built(&contents, usize::MAX, Encoding::default());
    let mut member = GzDecoder::new(&packed[..]);
    let mut unpacked = Vec::new();
    member.read_to_end(&mut unpacked).expect("it is a gzip member");
    assert!(member.into_inner().is_empty(), "something follows the member");
    let (_, tar) = self::built(&contents, usize::MAX, "none".parse().expect("an encoding"));
    assert!(unpacked == tar, "it inflates to something else");
    assert_eq!((&built.digest, &built.diff_id, built.size), (&Digest::of(&packed), &Digest::of(&unpacked), packed.len() as u64));

    let again = alone(|| self::built(&contents, 1 + usize::from(size) * 37, Encoding::default()));
    assert!(again == (built, packed), "other pieces or other processors give other bytes");
});
