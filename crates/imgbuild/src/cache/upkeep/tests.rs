use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use super::super::{Cache, CachedLayer};
use super::{Policy, Pruned, Size, Verified};
use crate::oci::{Descriptor, Digest, MediaType};

fn keep(cache: &Cache, content: &[u8], days_ago: u64) -> Descriptor {
    let descriptor = Descriptor::of(MediaType::OciConfig, content);
    cache.keep(&descriptor, content).unwrap();
    let used = SystemTime::now() - Duration::from_hours(24 * days_ago);
    File::options().write(true).open(cache.blob_path(&descriptor.digest)).unwrap().set_modified(used).unwrap();
    descriptor
}

fn cache() -> (tempfile::TempDir, Cache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path()).unwrap();
    (folder, cache)
}

#[test]
fn the_oldest_go_first_until_the_rest_fits() {
    let (_folder, cache) = cache();
    let blobs = [(&b"oldest"[..], 30), (b"middle", 20), (b"newest", 10)].map(|(content, days)| keep(&cache, content, days));
    assert_eq!(cache.size().unwrap(), Size { blobs: 3, bytes: 18, ..Size::default() });
    let pruned = cache.prune(&Policy { max_size: Some(13), older_than: None }).unwrap();
    assert_eq!(pruned, Pruned { blobs: 1, bytes: 6, left: 12, ..Pruned::default() });
    assert!(!cache.blob_path(&blobs[0].digest).exists());
    let pruned = cache.prune(&Policy { older_than: Some(Duration::from_hours(24 * 15)), max_size: None }).unwrap();
    assert_eq!((pruned.blobs, pruned.left), (1, 6));
    assert_eq!(cache.prune(&Policy::default()).unwrap().left, 0);
}

#[test]
fn what_a_running_build_has_found_stays() {
    let (folder, cache) = cache();
    let (found, other) = (keep(&cache, b"found", 30), keep(&cache, b"other", 30));
    let build = Cache::open(folder.path()).unwrap();
    assert!(build.find(&found).is_some());
    let pruned = cache.prune(&Policy::default()).unwrap();
    assert_eq!(pruned.blobs, 1);
    assert!(build.find(&found).is_some() && build.find(&other).is_none());
    drop(build);
    assert_eq!(cache.prune(&Policy::default()).unwrap().left, 0);
}

#[test]
fn a_record_goes_with_its_blob() {
    let (_folder, cache) = cache();
    let descriptor = keep(&cache, b"layer", 3);
    let record = CachedLayer {
        media_type: descriptor.media_type.clone(),
        digest: descriptor.digest.clone(),
        size: descriptor.size,
        diff_id: descriptor.digest.clone(),
    };
    cache.remember_layer(&Digest::of(b"key"), &record).unwrap();
    assert_eq!(cache.size().unwrap().layers, 1);
    cache.prune(&Policy { older_than: Some(Duration::from_hours(24)), max_size: None }).unwrap();
    assert_eq!(cache.size().unwrap(), Size::default());
}

#[test]
fn damaged_blobs_are_found_and_removed() {
    let (_folder, cache) = cache();
    let (sound, damaged) = (keep(&cache, b"sound", 1), keep(&cache, b"damaged", 1));
    fs::write(cache.blob_path(&damaged.digest), b"damagXd").unwrap();
    let verified = cache.verify().unwrap();
    assert_eq!(verified, Verified { sound: 1, removed: vec![damaged.digest], ..Verified::default() });
    assert!(cache.find(&sound).is_some());
}

fn remember(cache: &Cache, key: &str, days_ago: u64) -> Digest {
    let key = Digest::of(key.as_bytes());
    cache.remember_record(&key, &"found out").unwrap();
    let used = SystemTime::now() - Duration::from_hours(24 * days_ago);
    File::options().append(true).open(cache.record_path("records", &key)).unwrap().set_modified(used).unwrap();
    key
}

#[test]
fn records_count_and_go_like_blobs() {
    let (folder, cache) = cache();
    let (old, new) = (remember(&cache, "old", 30), remember(&cache, "new", 3));
    let size = cache.size().unwrap();
    assert!(size.records == 2 && size.blobs == 0 && size.bytes > 100, "{size:?}");
    // One that a running build has found stays, however old it is.
    let build = Cache::open(folder.path()).unwrap();
    assert_eq!(build.find_record::<String>(&old).as_deref(), Some("found out"));
    let pruned = cache.prune(&Policy::default()).unwrap();
    assert_eq!((pruned.records, pruned.left), (1, size.bytes / 2));
    assert_eq!((build.find_record::<String>(&new), build.find_record::<String>(&old).is_some()), (None, true));
    drop(build);
    assert_eq!(cache.prune(&Policy { max_size: Some(0), older_than: None }).unwrap().left, 0);
    let (_, kept) = (remember(&cache, "old", 30), remember(&cache, "kept", 3));
    let week = Policy { older_than: Some(Duration::from_hours(24 * 7)), max_size: None };
    assert_eq!((cache.prune(&week).unwrap().records, cache.find_record::<String>(&kept).is_some()), (1, true));
}

#[test]
fn a_damaged_record_is_no_record() {
    let (_folder, cache) = cache();
    let (sound, damaged) = (remember(&cache, "sound", 1), remember(&cache, "damaged", 1));
    let path = cache.record_path("records", &damaged);
    let text = fs::read_to_string(&path).unwrap();
    // It is JSON all the same.
    fs::write(&path, text.replace("found", "wrong")).unwrap();
    assert_eq!(cache.find_record::<String>(&damaged), None);
    fs::write(cache.path("records").join("strange"), "").unwrap();
    let verified = cache.verify().unwrap();
    assert_eq!((verified.sound_records, verified.removed_records), (1, 2));
    assert!(!path.exists() && cache.find_record::<String>(&sound).is_some());
}
