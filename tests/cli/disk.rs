//! Disks that are full and places that take nothing.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use imgbuild_testkit::home::{Home, files_in};
use imgbuild_testkit::peer;

use crate::support::{base, build, fixture, home, run};

/// A file system of some kilobytes, gone when it is dropped. Mounting needs root.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(home: &Home, options: &str) -> Option<Self> {
        let path = home.path("small");
        fs::create_dir(&path).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&path).output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            peer::skip("only root may mount a small file system");
            return None;
        }
        Some(Self(path))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking(), "the small disk stays");
    }
}

#[test]
fn a_full_disk_is_named_and_nothing_half_visible_is_left() {
    let home = home();
    let Some(disk) = SmallDisk::mount(&home, "size=16k") else { return };
    let ended = home.run(["build", &fixture("app.jar"), &base(), "--output", "type=oci,dest=small/image"]);
    let said = ended.refused(1);
    assert!(said.contains("small/image") && said.contains("No space left on device"), "{said}");
    assert!(!disk.0.join("image/index.json").exists(), "an index of an image that is not there");
    assert_eq!(home.temporary_files(), Vec::<String>::new());
}

#[test]
fn a_full_disk_takes_no_archive_and_no_copy_either() {
    let home = home();
    let Some(disk) = SmallDisk::mount(&home, "size=16k") else { return };
    let from = base().trim_start_matches("--base=").to_owned();
    for to in ["oci-archive:small/a.tar", "docker-archive:small/b.tar:koin/jdk:17", "oci:small/c:17"] {
        let ended = home.run(["copy", &from, to]);
        let said = ended.refused(1);
        assert!(said.contains("No space left on device") && said.contains("hint: free space on that disk"), "{to}: {said}");
        assert_eq!(files_in(&disk.0), Vec::<String>::new(), "{to}");
    }
}

#[test]
fn a_full_cache_is_named_with_a_way_on() {
    let home = home();
    let Some(disk) = SmallDisk::mount(&home, "size=8k") else { return };
    let ended = run(build(&home).args(["--cache-dir", "small/cache"]));
    let said = ended.refused(1);
    assert!(said.contains("small/cache") && said.contains("free space on that disk"), "{said}");
    assert_eq!(files_in(&disk.0.join("cache/v1/tmp")), Vec::<String>::new(), "something half written");
    assert!(!home.path("image/index.json").exists());
}

#[test]
fn a_cache_that_may_only_be_read_is_a_warning() {
    let home = home();
    let Some(disk) = SmallDisk::mount(&home, "size=8m") else { return };
    let filled = run(build(&home).args(["--cache-dir", "small/cache"]));
    let read_only = Command::new("mount").args(["-o", "remount,ro"]).arg(&disk.0).status().unwrap();
    assert!(read_only.success());
    let ended = run(build(&home).args(["--cache-dir", "small/cache", "--output", "type=oci,dest=other"]));
    assert!(ended.stderr.contains("warning: cannot write"), "{}", ended.stderr);
    assert_eq!(ended.digest(), filled.digest());
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let home = home();
    let ended = run(build(&home).stdout(File::options().write(true).open("/dev/full").unwrap()));
    assert!(ended.refused(1).contains("cannot write the result to stdout"), "{}", ended.stderr);
}
