//! Layers as other programs read them: any tree of files gives a tar that GNU tar, Python and umoci read back to the
//! same tree, whatever the order in which the files were named.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use bytes::Bytes;
use imgbuild::layer::{Attributes, Encoding, Entry, Files, Kind, Stop, build};
use imgbuild_testkit::base::Image;
use imgbuild_testkit::peer;
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::json;

/// What lies at a path: kind, mode and owner, and content or target.
type Tree = BTreeMap<String, (String, Vec<u8>)>;

/// Every case starts three programs.
const CASES: u32 = 24;

#[derive(Debug, Clone)]
enum Made {
    Folder,
    File(Vec<u8>),
    Link(String),
}

fn trees() -> impl Strategy<Value = Vec<(String, Made, Attributes)>> {
    let attributes = (0u32..=0o7777, 0u64..4_000_000, 0u64..4_000_000, 0u64..4_000_000_000);
    let attributes = attributes.prop_map(|(mode, uid, gid, mtime)| Attributes { mode, uid, gid, mtime });
    let kind = prop_oneof![
        Just(Made::Folder),
        "[a-z/.ü]{1,130}".prop_map(Made::Link),
        prop::collection::vec(any::<u8>(), 0..1500).prop_map(Made::File),
    ];
    let name = prop_oneof!["[ab]", "[a-zü 한\\\\\n'\"*-]{1,50}"];
    let path = prop::collection::vec(name, 1..7).prop_map(|parts| parts.join("/"));
    prop::collection::vec((path, kind, attributes), 1..15)
}

/// The files, each path as it was named first; nothing where one lies below another that is no folder.
fn files<'a>(entries: impl Iterator<Item = &'a (String, Made, Attributes)>) -> Option<Files> {
    let mut files = Files::new();
    for (path, made, attributes) in entries {
        let kind = match made {
            Made::Folder => Kind::Folder,
            Made::File(content) => Kind::File(std::sync::Arc::new(Bytes::from(content.clone()))),
            Made::Link(target) => Kind::Symlink(target.clone()),
        };
        files.add(path, Entry { kind, attributes: *attributes }).ok()?;
    }
    files.add_parents(Attributes::FOLDER, |_| false).ok()?;
    Some(files)
}

fn described(kind: &str, Attributes { mode, uid, gid, mtime }: Attributes) -> String {
    // A link has no mode of its own, and not every program sets its time.
    if kind == "link" { format!("link {uid}:{gid}") } else { format!("{kind} {mode:04o} {uid}:{gid} {mtime}") }
}

fn expected(files: &Files) -> Tree {
    let shown = |(path, entry): (&str, &Entry)| {
        let (kind, content) = match &entry.kind {
            Kind::Folder => ("folder", Vec::new()),
            Kind::Symlink(target) => ("link", target.clone().into_bytes()),
            Kind::File(content) => {
                let mut bytes = Vec::new();
                std::io::copy(&mut content.open().unwrap(), &mut bytes).unwrap();
                ("file", bytes)
            }
        };
        (path.to_owned(), (described(kind, entry.attributes), content))
    };
    files.entries().map(shown).collect()
}

fn without_folder_times(files: &Files) -> Tree {
    let mut tree = expected(files);
    for (path, entry) in files.entries().filter(|(_, entry)| matches!(entry.kind, Kind::Folder)) {
        tree.insert(path.to_owned(), (described("folder", Attributes { mtime: 0, ..entry.attributes }), Vec::new()));
    }
    tree
}

/// What lies below a folder of this machine.
fn found(root: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut ahead = vec![root.to_owned()];
    while let Some(folder) = ahead.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let (kind, content) = if metadata.is_dir() {
                ahead.push(path.clone());
                ("folder", Vec::new())
            } else if metadata.is_symlink() {
                ("link", fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec())
            } else {
                ("file", fs::read(&path).unwrap())
            };
            // GNU tar sets a folder's time when it leaves it, and `b-` stands between `b` and `b/c`: only Python, which
            // unpacks nothing, is asked about times of folders.
            let mtime = if metadata.is_dir() { 0 } else { metadata.mtime().try_into().unwrap() };
            let attributes = Attributes { mode: metadata.mode() & 0o7777, uid: metadata.uid().into(), gid: metadata.gid().into(), mtime };
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            tree.insert(name, (described(kind, attributes), content));
        }
    }
    tree
}

/// Python's reader of streams, which sees a tar from its beginning to its end.
const PYTHON: &str = r#"
import json, sys, tarfile
tree = {}
with tarfile.open(sys.argv[1], "r|gz") as tar:
    for member in tar:
        kind = "folder" if member.isdir() else "link" if member.issym() else "file"
        content = tar.extractfile(member).read().hex() if member.isreg() else member.linkname.encode().hex()
        assert member.isdir() or member.issym() or member.isreg(), member
        assert (member.uname, member.gname) == ("", ""), member
        tree[member.name] = [kind, member.mode, member.uid, member.gid, int(member.mtime), content]
json.dump(tree, sys.stdout)
"#;

fn read_by_python(layer: &Path) -> Option<Tree> {
    type Member = (String, u32, u64, u64, u64, String);
    let output = peer::output(peer::find("python3")?.args(["-c", PYTHON]).arg(layer));
    let members: BTreeMap<String, Member> = serde_json::from_str(&output).unwrap();
    let shown = |(name, (kind, mode, uid, gid, mtime, content)): (String, Member)| {
        let content = (0..content.len()).step_by(2).map(|at| u8::from_str_radix(&content[at..at + 2], 16).unwrap()).collect();
        (name, (described(&kind, Attributes { mode, uid, gid, mtime }), content))
    };
    Some(members.into_iter().map(shown).collect())
}

fn unpacked_by_tar(layer: &Path, folder: &Path) -> Option<Tree> {
    let root = folder.join("tar");
    fs::create_dir(&root).unwrap();
    let flags = ["--numeric-owner", "--same-owner", "--preserve-permissions", "--warning=no-timestamp", "-xzf"];
    drop(peer::output(peer::find("tar")?.args(flags).arg(layer).arg("-C").arg(&root)));
    Some(found(&root))
}

fn unpacked_by_umoci(layer: Vec<u8>, diff_id: &str, folder: &Path) -> Option<Tree> {
    let mut umoci = peer::find("umoci")?;
    let mut image = Image::default();
    let layer = image.put_blob("application/vnd.oci.image.layer.v1.tar+gzip", layer);
    let config = json!({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [diff_id]}});
    let config = image.put_blob("application/vnd.oci.image.config.v1+json", config.to_string().into_bytes());
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    image.root = image.put_document(media_type, &json!({"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [layer]}));
    image.write_layout(&folder.join("layout"), "1").unwrap();
    let bundle = folder.join("bundle");
    drop(peer::output(umoci.args(["unpack", "--image"]).arg(format!("{}:1", folder.join("layout").display())).arg(&bundle)));
    Some(found(&bundle.join("rootfs")))
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

proptest! {
    #![proptest_config(Config { cases: CASES, ..Config::default() })]

    #[test]
    fn a_layer_reads_back_to_the_same_tree_everywhere(entries in trees(), order in any::<prop::sample::Index>()) {
        let Some(files) = files(entries.iter()) else { return Err(TestCaseError::reject("two things at one place")) };
        let mut layer = Vec::new();
        let built = build(&files, Encoding::default(), &mut layer, &Stop::default()).unwrap();

        let start = order.index(entries.len());
        let turned = self::files(entries[start..].iter().rev().chain(entries[..start].iter())).unwrap();
        let again = build(&turned, Encoding::default(), Vec::new(), &Stop::default()).unwrap();
        prop_assert_eq!(&again, &built, "another order of the same files");

        let expected = expected(&files);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("layer.tar.gz");
        fs::write(&path, &layer).unwrap();
        if let Some(tree) = read_by_python(&path) {
            prop_assert_eq!(tree, expected, "by Python");
        }
        let expected = without_folder_times(&files);
        // Only root may give files away.
        if is_root() {
            if let Some(tree) = unpacked_by_tar(&path, folder.path()) {
                prop_assert_eq!(tree, expected.clone(), "by GNU tar");
            }
            if let Some(tree) = unpacked_by_umoci(layer, &built.diff_id.to_string(), folder.path()) {
                prop_assert_eq!(tree, expected, "by umoci");
            }
        } else {
            peer::skip("only root can unpack what belongs to others");
        }
    }
}
