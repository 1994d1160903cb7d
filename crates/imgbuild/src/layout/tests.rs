use std::fs;
use std::path::Path;

use super::*;
use crate::blob::Blob;
use crate::event::Outcome;
use crate::oci::{Descriptor, MediaType};

const EMPTY_INDEX: &[u8] = br#"{"schemaVersion":2,"manifests":[]}"#;

async fn write(folder: &Path, content: &'static [u8], tag: Option<&str>) -> Descriptor {
    let blob = Blob::from_bytes(MediaType::OciIndex, content);
    let writer = LayoutWriter::open(folder).unwrap();
    writer.write_blob(&blob).await.unwrap();
    writer.finish(blob.descriptor(), tag, &[]).unwrap();
    blob.descriptor().clone()
}

#[tokio::test]
async fn what_is_written_reads_back() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a/image");
    let descriptor = write(&folder, EMPTY_INDEX, Some("17")).await;
    let layout = Layout::open(&folder).unwrap();
    for tag in [Some("17"), None] {
        assert_eq!(layout.find(tag).unwrap().digest, descriptor.digest);
    }
    assert_eq!(layout.document(&descriptor).await.unwrap().raw(), EMPTY_INDEX);
    assert_eq!(fs::read_dir(parent.path().join("a")).unwrap().count(), 1, "nothing is left beside the layout");
}

#[tokio::test]
async fn a_tag_moves_and_others_stay() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("image");
    let first = write(&folder, EMPTY_INDEX, Some("1")).await;
    write(&folder, EMPTY_INDEX, Some("2")).await;
    let second = write(&folder, br#"{"schemaVersion":2,"manifests":[ ]}"#, Some("2")).await;
    let layout = Layout::open(&folder).unwrap();
    assert_eq!(layout.images().unwrap().len(), 2);
    assert_eq!(layout.find(Some("1")).unwrap().digest, first.digest);
    assert_eq!(layout.find(Some("2")).unwrap().digest, second.digest);
    let error = layout.find(Some("3")).unwrap_err();
    assert!(error.to_string().contains("`1`, `2`"), "{error}");
    assert!(matches!(layout.find(None), Err(Error::SeveralImages { count: 2, .. })));
}

#[tokio::test]
async fn an_unfinished_layout_is_never_seen() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("image");
    let writer = LayoutWriter::open(&folder).unwrap();
    writer.write_blob(&Blob::from_bytes(MediaType::OciIndex, EMPTY_INDEX)).await.unwrap();
    assert!(!folder.exists());
    drop(writer);
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_blob_that_is_there_is_not_written_again() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("image");
    let descriptor = write(&folder, EMPTY_INDEX, Some("1")).await;
    let writer = LayoutWriter::open(&folder).unwrap();
    assert_eq!(writer.write_blob(&Blob::from_bytes(MediaType::OciIndex, EMPTY_INDEX)).await.unwrap(), Outcome::Present);
    assert!(writer.is_unchanged(&descriptor, Some("1"), &[]).unwrap());
    assert!(!writer.is_unchanged(&descriptor, Some("2"), &[]).unwrap());
}

#[test]
fn a_folder_with_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.tex"), b"").unwrap();
    assert!(matches!(LayoutWriter::open(folder.path()), Err(Error::Occupied(_))));
    assert!(matches!(Layout::open(folder.path()), Err(Error::NotALayout { .. })));
    assert!(matches!(Layout::open("no/such/folder"), Err(Error::NotALayout { .. })));
}

#[tokio::test]
async fn a_document_that_is_not_what_its_descriptor_says_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("image");
    let descriptor = write(&folder, EMPTY_INDEX, None).await;
    fs::write(folder.join("blobs/sha256").join(descriptor.digest.hex()), br#"{"schemaVersion":2,"manifests":{}}"#).unwrap();
    let layout = Layout::open(&folder).unwrap();
    assert!(matches!(layout.document(&descriptor).await, Err(Error::Blob(crate::blob::Error::Mismatch { .. }))));
}
