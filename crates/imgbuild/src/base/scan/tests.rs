use std::fs;
use std::sync::{Arc, Mutex};

use imgbuild_testkit::archive::{Entry as TarEntry, Kind as TarKind};
use imgbuild_testkit::base::{Base as Made, Compression, Layer, PlatformImage};
use imgbuild_testkit::elf::RunnableMachine;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::base::facts::{Facts, Identity, Libc, Lookup, Node, Permissions, Start};
use crate::base::{Base, Resolver};
use crate::blob::Blob;
use crate::layer::{Attributes, Encoding, Entry, Files, Kind, Stop, build};
use crate::oci::{MediaType, Platform};
use crate::registry::Client;

/// A base in a layout, and a cache.
struct Bench {
    folder: tempfile::TempDir,
    cache: Cache,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Bench {
    fn new(base: &Made) -> Self {
        let folder = tempfile::tempdir().unwrap();
        base.build().write_layout(&folder.path().join("base"), "17").unwrap();
        let cache = Cache::open(folder.path().join("cache")).unwrap();
        Self { folder, cache, seen: Arc::default() }
    }

    fn of(layers: impl IntoIterator<Item = Layer>) -> Self {
        let image = layers.into_iter().fold(PlatformImage::new("linux/amd64"), PlatformImage::layer);
        Self::new(&Made::new().platform(image))
    }

    async fn resolve(&self, platforms: &[Platform]) -> Base {
        let location = format!("oci:{}:17", self.folder.path().join("base").display()).parse().unwrap();
        Resolver::new(&Client::builder().build(), None).resolve(&location, None, platforms).await.unwrap()
    }

    async fn trees(&self, platforms: &[Platform]) -> Result<Vec<Tree>, Error> {
        let base = self.resolve(platforms).await;
        let seen = Arc::clone(&self.seen);
        let events = Events::to(move |event: &Event| seen.lock().unwrap().push(event.to_string()));
        Scanner::new(&self.cache, &events).trees("the base", &base.images, |_| false).await
    }

    async fn tree(&self) -> Tree {
        self.trees(&[Platform::LINUX_AMD64]).await.unwrap().remove(0)
    }

    async fn refusal(&self) -> String {
        let error = self.trees(&[Platform::LINUX_AMD64]).await.unwrap_err();
        format!("{error}: {}", std::error::Error::source(&error).unwrap())
    }
}

fn paths(tree: &Tree) -> Vec<&str> {
    tree.nodes().map(|(path, _)| path).collect()
}

const BOTH: [Platform; 2] = [Platform::LINUX_AMD64, Platform::LINUX_ARM64];

#[tokio::test]
async fn the_fixture_base_is_known_by_its_files() {
    let bench = Bench::new(&Made::java());
    let start = Start { command: vec!["java".to_owned()], ..Start::default() };
    for (tree, machine) in bench.trees(&BOTH).await.unwrap().into_iter().zip(["x86_64", "aarch64"]) {
        let facts = Facts::new(tree, &start);
        let java = facts.java().clone().found().unwrap();
        assert_eq!(java.executable, "/usr/lib/jvm/java-17-fixture/bin/java");
        assert_eq!((java.machine.unwrap().to_string().as_str(), java.libc), (machine, Some(Libc::Glibc)));
        assert_eq!(java.version.map(|version| version.feature()), Some(17));
        assert_eq!(facts.user("app"), Lookup::Found(Identity { uid: 1000, gid: 1000 }));
        assert_eq!(facts.folder("/tmp").found().unwrap().permissions, Permissions::root(0o1777));
        assert_eq!(facts.folder("/home/app").found().unwrap().permissions, Permissions { mode: 0o750, uid: 1000, gid: 1000 });
        assert_eq!(facts.folder("/lib").found().unwrap().path, "/usr/lib");
        assert_eq!(facts.folder("/app"), Lookup::Absent);
    }
}

#[tokio::test]
async fn a_base_is_read_once() {
    let bench = Bench::new(&Made::java());
    let first = bench.trees(&BOTH).await.unwrap();
    let base = bench.resolve(&BOTH).await;
    for layer in base.images.iter().flat_map(|image| &image.layers) {
        fs::remove_file(bench.folder.path().join("base/blobs/sha256").join(layer.digest().hex())).unwrap();
    }
    assert_eq!(bench.trees(&BOTH).await.unwrap(), first);
    let seen = bench.seen.lock().unwrap();
    assert!(seen.len() == 2 && seen[0].starts_with("reading the base `the base` once") && seen[1].contains("4 layers read"), "{seen:?}");
}

#[tokio::test]
async fn layers_of_every_compression_are_laid_over_each_other() {
    let lower = Layer::new().directory("a", 0o755).file("a/gone", 0o644, b"").file("a/stays", 0o600, b"x").directory("b", 0o755);
    let lower =
        lower.file("b/hidden", 0o644, b"").symlink("lib", "usr/lib").directory("usr", 0o755).directory("usr/lib", 0o711).owned(7, 8);
    let middle =
        Layer::new().whiteout("a/gone").opaque("b").directory("b", 0o700).file("b/new", 0o4755, b"").compression(Compression::Zstd);
    let long = "d/".repeat(120) + "ü";
    let upper = Layer::new().hard_link("second", "b/new").file("lib/x", 0o644, b"").file(&long, 0o644, b"").compression(Compression::None);
    let tree = Bench::of([lower, middle, upper]).tree().await;
    let found: Vec<&str> = paths(&tree).into_iter().filter(|path| !path.starts_with("d/")).collect();
    assert_eq!(found, ["a", "a/stays", "b", "b/new", "d", "lib", "second", "usr", "usr/lib", "usr/lib/x"]);
    let node = |path: &str| tree.resolve(path).found().unwrap().node.unwrap().to_string();
    assert_eq!((node("b"), node("second"), node("usr/lib")), ("folder 0700".into(), "file 4755".into(), "folder 0711 7:8".into()));
    assert_eq!(node(&long), "file 0644");
}

#[tokio::test]
async fn entries_that_runtimes_disagree_about_are_refused_by_name() {
    let special = |path: &str, kind| Layer::new().entry(TarEntry::new(path, kind));
    let cases = [
        (Layer::new().file("../evil", 0o644, b""), "entry `../evil` leads out of its folder"),
        (Layer::new().file("a/../../evil\u{1b}[2J", 0o644, b""), "entry `a/../../evil\\u{1b}[2J` leads out"),
        (Layer::new().file(".wh.", 0o644, b""), "entry `.wh.` takes nothing away"),
        (Layer::new().file("a/.wh...", 0o644, b""), "takes nothing away"),
        (Layer::new().directory(".wh.etc", 0o755), "is itself no file"),
        (Layer::new().file(&"n/".repeat(2100), 0o644, b""), "longer than Linux takes"),
        (Layer::new().symlink("link", &"n/".repeat(2100)), "longer than Linux takes"),
        (
            special("a", TarKind::File(Vec::new())).entry(TarEntry { path: "x/".repeat(600_000), ..TarEntry::new("", TarKind::Directory) }),
            "longer",
        ),
    ];
    for (layer, expected) in cases {
        let refusal = Bench::of([layer]).refusal().await;
        assert!(refusal.contains("cannot learn what is in the base `the base`") && refusal.contains(expected), "{expected}: {refusal}");
    }
}

#[tokio::test]
async fn a_layer_that_is_cut_or_is_another_is_an_error_that_names_it() {
    let bench = Bench::of([Layer::new().file("a", 0o644, &[1; 5000])]);
    let base = bench.resolve(&[Platform::LINUX_AMD64]).await;
    let blob = &base.images[0].layers[0];
    let path = bench.folder.path().join("base/blobs/sha256").join(blob.digest().hex());
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 9]).unwrap();
    let refusal = bench.refusal().await;
    assert!(refusal.contains(&blob.digest().short().to_string()) && refusal.contains("ends after"), "{refusal}");

    // Cut before it was hashed: only the compression tells.
    let archive = Layer::new().file("a", 0o644, &[1; 5000]).archive();
    let mut image = Made::new().platform(PlatformImage::new("linux/amd64").layer(Layer::new().file("a", 0o644, b"1"))).build();
    let cut = imgbuild_testkit::compress::gzip(&archive)[..40].to_vec();
    let layer = image.put_blob("application/vnd.oci.image.layer.v1.tar+gzip", cut);
    let config = json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [Digest::of(&archive)]}});
    let config = image.put_blob("application/vnd.oci.image.config.v1+json", config.to_string().into_bytes());
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    image.root = image.put_document(media_type, &json!({"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [layer]}));
    let folder = tempfile::tempdir().unwrap();
    image.write_layout(&folder.path().join("base"), "17").unwrap();
    let cut = Bench { folder, ..bench };
    let error = cut.trees(&[Platform::LINUX_AMD64]).await.unwrap_err();
    assert!(matches!(error, Error::Layer { source: ReadError::Unpack { .. } | ReadError::Tar { .. }, .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("--facts skip"));
}

#[tokio::test]
async fn facts_of_another_tar_are_not_believed() {
    let bench = Bench::of([Layer::new().file("a", 0o644, b"")]);
    let tree = bench.tree().await;
    let base = bench.resolve(&[Platform::LINUX_AMD64]).await;
    let kept = bench.cache.find_record::<serde_json::Value>(&key(&base.images[0].layers[0])).unwrap();
    assert!(kept.to_string().contains("file 0644"), "{kept}");
    let diff_id = base.images[0].config.diff_ids()[0].as_str();
    let lie = kept.to_string().replace(diff_id, Digest::of(b"lie").as_str()).replace("file 0644", "file 4755");
    for record in [lie.as_str(), "{}", "7"] {
        let record: serde_json::Value = serde_json::from_str(record).unwrap();
        bench.cache.remember_record(&key(&base.images[0].layers[0]), &record).unwrap();
        assert_eq!(bench.tree().await, tree);
    }
}

#[tokio::test]
async fn a_java_of_another_machine_is_seen_whatever_the_config_claims() {
    let image = PlatformImage::java("linux/arm64", RunnableMachine::Amd64, "21.0.1");
    let bench = Bench::new(&Made::new().platform(image));
    let tree = bench.trees(&[Platform::LINUX_ARM64]).await.unwrap().remove(0);
    let java = Facts::new(tree, &Start::default()).java().clone().found().unwrap();
    assert!(!java.machine.unwrap().is_of(&Platform::LINUX_ARM64));
}

/// Any tree: folders, files and links under names that meet, with any mode and owner.
fn trees() -> impl Strategy<Value = Vec<(String, TarKind, Permissions)>> {
    let permissions = (0u32..=0o7777, 0u64..5_000_000, 0u64..5_000_000);
    let permissions = permissions.prop_map(|(mode, uid, gid)| Permissions { mode, uid, gid });
    let kind = prop_oneof![
        Just(TarKind::Directory),
        "[a-z/.ü]{1,130}".prop_map(TarKind::Symlink),
        prop::collection::vec(any::<u8>(), 0..700).prop_map(TarKind::File),
    ];
    let name = prop_oneof!["[ab]", "[a-zü 한]{1,60}"];
    let path = prop::collection::vec(name, 1..5).prop_map(|parts| parts.join("/"));
    prop::collection::vec((path, kind, permissions), 0..12)
}

proptest! {
    #[test]
    fn what_our_layers_hold_is_what_is_found(entries in trees(), encoding in prop::sample::select(vec!["gzip", "zstd", "none"])) {
        let mut files = Files::new();
        for (path, kind, Permissions { mode, uid, gid }) in entries {
            let kind = match kind {
                TarKind::File(content) => Kind::File(Arc::new(bytes::Bytes::from(content))),
                TarKind::Symlink(target) => Kind::Symlink(target),
                _ => Kind::Folder,
            };
            // A path can be taken: such trees cannot be.
            let _ = files.add(&path, Entry { kind, attributes: Attributes { mode, uid, gid, ..Attributes::FILE } });
        }
        prop_assume!(files.add_parents(Attributes::FOLDER, |_| false).is_ok());
        let mut bytes = Vec::new();
        let encoding: Encoding = encoding.parse().unwrap();
        let built = build(&files, encoding, &mut bytes, &Stop::default()).unwrap();
        let blob = Blob::from_bytes(MediaType::OciLayer(encoding.compression()), bytes);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let found = runtime.block_on(scan(&blob, Some(&built.diff_id), layer::read)).unwrap();
        let found: Vec<(String, String)> = found.nodes.iter().map(|(path, node)| (path.clone(), node.to_string())).collect();
        let expected = files.entries().map(|(path, Entry { kind, attributes: Attributes { mode, uid, gid, .. } })| {
            let permissions = Permissions { mode: *mode, uid: *uid, gid: *gid };
            let node = match kind {
                Kind::Folder => Node::Folder(permissions).to_string(),
                Kind::File(_) => format!("file {permissions}"),
                Kind::Symlink(target) => format!("link {target}"),
            };
            (path.to_owned(), node)
        });
        prop_assert_eq!(found, expected.collect::<Vec<_>>());
    }
}
