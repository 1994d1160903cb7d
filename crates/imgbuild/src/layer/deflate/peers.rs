//! Readers of other people read a layer of a real JAR's libraries as we wrote it: gzip, Python's streaming tarfile, Java.

use std::fs;
use std::path::Path;
use std::process::Command;

use imgbuild_testkit::{peer, peers};

use crate::jar::{Jar, Layout};
use crate::layer::{Attributes, Encoding, Files, Stop, build};
use crate::oci::Digest;

/// Counts the bytes of one member, and demands that it is the only one.
const JAVA: &str = r#"
import java.io.*; import java.security.*; import java.util.*; import java.util.zip.*;
public class Inflate {
    public static void main(String[] arguments) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        try (InputStream in = new GZIPInputStream(new FileInputStream(arguments[0]), 65536)) {
            byte[] piece = new byte[65536];
            for (int count; (count = in.read(piece)) > 0; ) digest.update(piece, 0, count);
        }
        System.out.print("sha256:" + HexFormat.of().formatHex(digest.digest()));
    }
}
"#;

/// Lists a layer as a stream, which ends behind the first member, and hashes what the whole file inflates to.
const PYTHON: &str = r#"
import gzip, hashlib, sys, tarfile
with tarfile.open(sys.argv[1], "r|gz") as layer: print(sum(1 for _ in layer))
with gzip.open(sys.argv[1]) as layer: print("sha256:" + hashlib.file_digest(layer, "sha256").hexdigest())
"#;

/// The layers of a JAR in this layout: what each is to be read as, and how many entries it has.
fn layers(jar: &Path, layout: Layout, folder: &Path) -> Vec<(std::path::PathBuf, Digest, usize)> {
    let arrangement = Jar::open(jar).unwrap().arrange(layout, "app.jar").unwrap();
    let write = |layer: crate::jar::Layer| {
        let path = folder.join(format!("{layout}-{}.tar.gz", layer.name));
        let mut files = Files::new();
        for file in layer.files {
            files.add_file(&file.path, file.content, Attributes::FILE).unwrap();
        }
        let built = build(&files, Encoding::default(), fs::File::create(&path).unwrap(), &Stop::default()).unwrap();
        (path, built.diff_id, files.entries().count())
    };
    arrangement.layers.into_iter().map(write).collect()
}

#[test]
fn gzip_python_and_java_read_what_was_written() {
    let Some(jar) = peers::jar("app.jar") else { return };
    let (Some(gzip), Some(python), Some(java)) = (peer::path("gzip"), peer::path("python3"), peer::path("java")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("Inflate.java");
    fs::write(&source, JAVA).unwrap();
    let layouts = [Layout::Extracted, Layout::Packaged];
    for (path, diff_id, entries) in layouts.into_iter().flat_map(|layout| layers(&jar, layout, folder.path())) {
        assert_eq!(peer::output(Command::new(&gzip).arg("--test").arg(&path)), "");
        let read = peer::output(Command::new(&python).args(["-c", PYTHON]).arg(&path));
        assert_eq!(read.lines().collect::<Vec<_>>(), [entries.to_string(), diff_id.to_string()], "{}", path.display());
        assert_eq!(peer::output(Command::new(&java).arg(&source).arg(&path)), diff_id.to_string(), "{}", path.display());
    }
}

/// The libraries of a real JAR become at most a percent larger than `gzip -6` makes them.
#[test]
fn libraries_are_as_small_as_gzip_makes_them() {
    let Some(jar) = peers::jar("app.jar") else { return };
    let Some(gzip) = peer::path("gzip") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (path, ..) = layers(&jar, Layout::Extracted, folder.path()).remove(0);
    let (ours, tar) = (fs::metadata(&path).unwrap().len(), folder.path().join("layer.tar"));
    let inflated = Command::new(&gzip).args(["--decompress", "--stdout"]).arg(&path).stdout(fs::File::create(&tar).unwrap()).status();
    assert!(inflated.unwrap().success());
    assert_eq!(peer::output(Command::new(&gzip).arg("-6").arg(&tar)), "");
    let theirs = fs::metadata(folder.path().join("layer.tar.gz")).unwrap().len();
    assert!(ours * 100 <= theirs * 101, "{ours} bytes, and gzip makes {theirs}");
}
