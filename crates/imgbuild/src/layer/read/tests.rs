use std::io::Read as _;

use imgbuild_testkit::archive::{Entry, Kind, write};
use imgbuild_testkit::compress;

use super::*;
use crate::blob::{Blob, MemorySource};
use crate::oci::{Compression, Descriptor, Digest, MediaType};

fn tar() -> Vec<u8> {
    write(&[Entry::new("a", Kind::File(vec![1; 70_000])), Entry::new("b", Kind::File(b"two".to_vec()))])
}

fn blob(bytes: Vec<u8>) -> Blob {
    Blob::from_bytes(MediaType::OciLayer(Compression::Gzip), bytes)
}

async fn contents(blob: &Blob, diff_id: Option<&Digest>) -> Result<Vec<(String, usize)>, ReadError> {
    scan(blob, diff_id, |scan| {
        let mut found = Vec::new();
        while let Some(entry) = scan.next_entry()? {
            let mut content = Vec::new();
            scan.read_to_end(&mut content).map_err(|error| scan.read_error(error))?;
            found.push((entry.path, content.len()));
        }
        Ok(found)
    })
    .await
}

#[tokio::test]
async fn every_compression_is_read_whatever_the_type_says() {
    let tar = tar();
    let diff_id = Digest::of(&tar);
    let members = [compress::gzip(&tar[..512]), compress::gzip(&tar[512..])].concat();
    for bytes in [tar.clone(), compress::gzip(&tar), compress::zstd(&tar), members] {
        let found = contents(&blob(bytes), Some(&diff_id)).await.unwrap();
        assert_eq!(found, [("a".to_owned(), 70_000), ("b".to_owned(), 3)]);
    }
}

#[tokio::test]
async fn another_tar_than_the_configuration_names_is_an_error_even_when_nobody_reads_it() {
    let error = scan(&blob(compress::gzip(&tar())), Some(&Digest::of(b"other")), |_| Ok(())).await.unwrap_err();
    assert!(matches!(error, ReadError::DiffId { .. }), "{error}");
}

#[tokio::test]
async fn a_layer_that_is_cut_or_changed_is_never_believed() {
    let whole = compress::gzip(&tar());
    let descriptor = Descriptor::of(MediaType::OciLayer(Compression::Gzip), &whole);
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    for bytes in [whole[..middle].to_vec(), whole[..0].to_vec(), changed, [whole.clone(), vec![0]].concat()] {
        let blob = Blob::new(descriptor.clone(), MemorySource(bytes.into()));
        let error = contents(&blob, None).await.unwrap_err();
        assert!(matches!(error, ReadError::Blob(_) | ReadError::Unpack { .. } | ReadError::Tar { .. }), "{error}");
    }
    // Cut before it was hashed: the descriptor is right, the compression is not.
    let error = contents(&blob(whole[..middle].to_vec()), None).await.unwrap_err();
    assert!(matches!(error, ReadError::Unpack { .. }), "{error}");
}
