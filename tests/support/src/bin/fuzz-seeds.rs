//! Writes the corpora that the fuzz targets start from: `fuzz-seeds FOLDER` makes `FOLDER/<target>/`. A program of this
//! workspace: it needs none of what the targets are built with.

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use imgbuild_testkit::archive::{self, Entry, Kind};
use imgbuild_testkit::base::Base;
use imgbuild_testkit::elf::{Machine, SharedObject};
use imgbuild_testkit::fixtures;
use imgbuild_testkit::jar::{SpringBoot, hostile, library};

/// A lock as `--lock` writes it, with everything that one may hold.
const LOCK: &str = r#"{
  "version": 1,
  "base": "docker.io/library/amazoncorretto:17",
  "digest": "sha256:0000000000000000000000000000000000000000000000000000000000000000",
  "platforms": {
    "linux/amd64": {
      "manifest": "sha256:1111111111111111111111111111111111111111111111111111111111111111",
      "java": {
        "executable": "/usr/lib/jvm/java/bin/java",
        "version": "17.0.12",
        "machine": "x86_64",
        "libc": "glibc"
      },
      "users": {
        "app": "1000:1000",
        "nobody": "absent"
      },
      "paths": {
        "/app": "absent",
        "/home": "folder 0755",
        "/home/app": "folder 0750 1000:1000",
        "/lib": "link usr/lib",
        "/usr/lib/jvm/java/bin/java": "file 0755"
      }
    }
  },
  "documents": {
    "sha256:9d99a75171aea000c711b34c0e5e3f28d3d537dd99d110eafbfbc2bd8e52c2bf": "{\"architecture\":\"amd64\",\"os\":\"linux\"}"
  }
}
"#;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else { return failed("name a folder") };
    match write(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&format!("cannot write the corpora: {error}")),
    }
}

#[expect(clippy::print_stderr, reason = "a program tells its user why it failed")]
fn failed(reason: &str) -> ExitCode {
    eprintln!("error: {reason}");
    ExitCode::FAILURE
}

fn write(folder: &Path) -> io::Result<()> {
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let place = folder.join(target);
        fs::create_dir_all(&place)?;
        fs::write(place.join(name), bytes)
    };
    for case in hostile::cases() {
        write("jar", case.id, &case.bytes)?;
        write("deflate", case.id, &case.bytes)?;
    }
    let natives = [Machine::Amd64, Machine::Arm64].map(|machine| SharedObject::jni(machine).build());
    let nested = library("native", "1", &[("linux/a.so", natives[0].clone()), ("META-INF/versions/21/b.so", natives[1].clone())]);
    let boots = [
        SpringBoot::new("3.5.0").library("native-1.jar", &nested).file("c.so", &SharedObject::jni_musl(Machine::Arm64).build()),
        SpringBoot::new("3.4.1"),
        SpringBoot::new("2.7.18"),
        SpringBoot::new("3.2.1").war(),
        SpringBoot::new("4.0.0").without_layers_index(),
    ];
    for (number, boot) in boots.iter().enumerate() {
        write("jar", &format!("boot-{number}"), &boot.build())?;
        write("deflate", &format!("boot-{number}"), &boot.build())?;
        write("indexes", &format!("layers-{number}"), boot.layers_text().unwrap_or_default().as_bytes())?;
    }
    for name in ["app.jar", "plain.jar"] {
        write("jar", name, &fs::read(fixtures::path(name))?)?;
    }
    write("indexes", "manifest", b"Manifest-Version: 1.0\r\nMain-Class: a.B\r\n\r\nName: a\r\nSHA-256-Digest: x\r\n\r\n")?;
    write("indexes", "classpath", b"- \"BOOT-INF/lib/a.jar\"\n")?;
    for (digest, blob) in &Base::java().build().blobs {
        let mut tar = Vec::new();
        if io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&blob[..]), &mut tar).is_ok() {
            write("tar", &digest.replace(':', "-"), &tar)?;
        }
    }
    write("tar", "odd", &archive::write(&odd()))?;
    write("lock", "whole", LOCK.as_bytes())?;
    write("lock", "empty", b"")
}

/// What a base may hold and most do not.
fn odd() -> [Entry; 6] {
    let long = "a/".repeat(60) + "long";
    let mut attribute = Entry::new("x", Kind::File(b"content".to_vec()));
    attribute.pax.push(("SCHILY.xattr.user.a".to_owned(), "b".to_owned()));
    [
        Entry::new(&long, Kind::File(vec![7; 700])),
        Entry::new("link", Kind::Symlink(long.clone())),
        attribute,
        Entry::new("hard", Kind::HardLink("x".to_owned())),
        Entry::new("dev/null", Kind::CharacterDevice(1, 3)),
        Entry::new("../.wh.gone", Kind::File(Vec::new())),
    ]
}
