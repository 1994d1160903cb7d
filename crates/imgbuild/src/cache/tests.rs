use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::blob::{BoxFuture, MemorySource, Reader, Source};
use crate::oci::MediaType;

/// Counts how often it is opened.
struct Counting(MemorySource, Arc<AtomicUsize>);

impl Source for Counting {
    fn open<'a>(&'a self, descriptor: &'a Descriptor) -> BoxFuture<'a, Result<Reader, crate::blob::Error>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            self.0.open(descriptor).await
        })
    }

    fn place(&self) -> String {
        "a registry".to_owned()
    }
}

fn counting(promised: &[u8], given: &'static [u8]) -> (Blob, Arc<AtomicUsize>) {
    let opened = Arc::new(AtomicUsize::new(0));
    let source = Counting(MemorySource(given.into()), Arc::clone(&opened));
    (Blob::new(Descriptor::of(MediaType::OciConfig, promised), source), opened)
}

fn files_below(folder: &Path) -> usize {
    walkdir::WalkDir::new(folder).into_iter().flatten().filter(|entry| entry.file_type().is_file()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_download_a_digest_for_builds_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (blob, opened) = counting(b"layer", b"layer");
    let reads = (0..8).map(|_| {
        // Caches of their own stand for processes of their own: the lock is the kernel's.
        let attached = Cache::open(folder.path()).unwrap().attach(&blob);
        tokio::spawn(async move { attached.read(5).await.unwrap() })
    });
    for read in reads.collect::<Vec<_>>() {
        assert_eq!(read.await.unwrap(), "layer");
    }
    assert_eq!(opened.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn wrong_bytes_are_asked_for_once_more_and_never_stored() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path()).unwrap();
    let (blob, opened) = counting(b"layer", b"LAYER");
    assert!(cache.fetch(&blob).await.is_err());
    assert_eq!(opened.load(Ordering::SeqCst), 2);
    assert!(cache.find(blob.descriptor()).is_none());
    assert_eq!(files_below(&cache.path("tmp")) + files_below(&cache.path("blobs")), 0);
}

#[tokio::test]
async fn what_was_just_written_stays_readable_and_whole() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path()).unwrap();
    let (blob, opened) = counting(b"layer", b"layer");
    let written = cache.fetch(&blob).await.unwrap();
    let path = cache.blob_path(blob.digest());
    let held = File::options().write(true).open(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, b"other").unwrap();
    assert_eq!(written.read(5).await.unwrap(), "layer");
    // Whoever shortens the file that is open is noticed.
    held.set_len(3).unwrap();
    assert!(matches!(written.read(5).await, Err(crate::blob::Error::Read { .. })));
    assert_eq!(opened.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn bytes_that_rot_on_disk_are_noticed_removed_and_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path()).unwrap();
    let (blob, opened) = counting(b"layer", b"layer");
    let attached = cache.attach(&blob);
    attached.read(5).await.unwrap();
    assert!(cache.find(blob.descriptor()).is_some());
    fs::write(cache.blob_path(blob.digest()), b"rotte").unwrap();
    assert!(matches!(attached.read(5).await, Err(crate::blob::Error::Mismatch { .. })));
    assert_eq!(attached.read(5).await.unwrap(), "layer");
    assert_eq!(opened.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_layer_is_remembered_while_its_bytes_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path()).unwrap();
    let key = Digest::of(b"inputs");
    let descriptor = Descriptor::of(MediaType::OciConfig, b"layer");
    let layer = CachedLayer { media_type: MediaType::OciConfig, digest: descriptor.digest.clone(), size: 5, diff_id: Digest::of(b"tar") };
    cache.remember_layer(&key, &layer).unwrap();
    assert_eq!(cache.find_layer(&key), None);
    cache.keep(&descriptor, b"layer").unwrap();
    assert_eq!(cache.find_layer(&key), Some(layer));
}

#[test]
fn only_files_of_the_dead_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path()).unwrap();
    let (alive, abandoned) = (cache.pending().unwrap(), cache.path("tmp").join("abandoned"));
    fs::write(&abandoned, b"half").unwrap();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(24);
    for path in fs::read_dir(cache.path("tmp")).unwrap().map(|entry| entry.unwrap().path()) {
        File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
    }
    Cache::open(folder.path()).unwrap();
    assert!(!abandoned.exists());
    assert_eq!(files_below(&cache.path("tmp")), 1);
    drop(alive);
    assert_eq!(files_below(&cache.path("tmp")), 0);
}

#[test]
fn nobody_else_may_look_into_it() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path().join("cache")).unwrap();
    assert_eq!(fs::metadata(&cache.0.root).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = Cache::open(&file).unwrap_err();
    assert!(error.to_string().contains("file"), "{error}");
    assert!(error.hint().unwrap().contains("--cache-dir"));
}

#[test]
fn a_temporary_cache_leaves_nothing() {
    let cache = Cache::temporary().unwrap();
    let root = cache.0.root.clone();
    assert!(root.exists());
    drop(cache);
    assert!(!root.exists());
}
