use serde_json::{Value, json};

use super::{DEFAULT_MODIFIED, NodeKind, Report, Tree, Validator};
use crate::{
    archive::{Entry, Kind, members},
    base::{Base, Compression, Format, Image, Layer, PlatformImage},
    compress,
    digest::sha256,
    elf::RunnableMachine,
    fixtures, peer,
};

/// A clean overlay: what the product would put on a base.
fn overlay() -> Layer {
    Layer::new()
        .directory("app", 0o755)
        .file("app/app.jar", 0o644, b"jar")
        .directory("app/lib", 0o755)
        .directory("tmp", 0o1777)
        .file("tmp/note", 0o644, b"note")
        .modified(DEFAULT_MODIFIED)
}

fn platform() -> PlatformImage {
    PlatformImage::java("linux/amd64", RunnableMachine::Amd64, "17.0.12")
}

fn check(image: &Image) -> Report {
    Validator::new(2).check(image, image.digest())
}

fn check_layer(layer: Layer) -> Report {
    check(&Base::new().platform(platform().layer(layer)).build())
}

fn assert_only(report: &Report, expected: &str) {
    let all = report.problems.iter().all(|problem| problem.to_string().contains(expected));
    assert!(!report.is_valid() && all, "expected only `{expected}`: {report}");
}

#[test]
fn clean_images_have_no_problem() {
    for format in [Format::Oci, Format::Docker] {
        for compression in [Compression::Gzip, Compression::Zstd, Compression::None] {
            let layer = overlay().compression(compression);
            let report = check(&Base::new().platform(platform().layer(layer)).format(format).build());
            assert!(report.is_valid(), "{format:?} {compression:?}: {report}");
            assert_eq!(report.platforms[0].layers.iter().map(|layer| layer.judged).collect::<Vec<_>>(), [false, false, true]);
        }
    }
}

#[test]
fn every_rule_for_entries_is_enforced() {
    let file = |path: &str| Entry { modified: DEFAULT_MODIFIED, ..Entry::new(path, Kind::File(b"x".to_vec())) };
    let directory = |path: &str| Entry { modified: DEFAULT_MODIFIED, ..Entry::new(path, Kind::Directory) };
    let pax = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
    let long = format!("{}/{}", "a".repeat(90), "b".repeat(90));
    let cases = [
        (vec![file("b"), file("a")], "not sorted: `a`"),
        (vec![file("a"), file("a")], "two entries have the path `a`"),
        (vec![Entry { uid: 1, ..file("a") }], "its owner is 1:0 instead of 0:0"),
        (vec![Entry { gid: 7, ..file("a") }], "its owner is 0:7 instead of 0:0"),
        (vec![Entry { mode: 0o664, ..file("a") }], "its mode is 0664 instead of 0644"),
        (vec![Entry { mode: 0o700, ..directory("a") }], "its mode is 0700 instead of 0755"),
        (vec![directory("tmp")], "its mode is 0755 instead of 1777"),
        (vec![directory("home"), Entry { mode: 0o750, ..directory("home/app") }], "its owner is 0:0 instead of 1000:1000"),
        (vec![Entry { modified: 1, ..file("a") }], "its time is 1 instead of 315532800"),
        (vec![Entry { names: ("root".into(), String::new()), ..file("a") }], "it names the owner `root:`"),
        (vec![Entry { pax: pax("comment", "x"), ..file("a") }], "its pax record `comment` is not needed"),
        (vec![Entry { pax: pax("mtime", "1.5"), ..file("a") }], "its pax record `mtime` is not needed"),
        (vec![directory(&"a".repeat(90)), Entry { pax: pax("path", &long), ..file(&long) }], "its pax record `path` is not needed"),
        (vec![file(".wh.etc")], "it is a whiteout"),
        (vec![file("/a")], "its path is absolute"),
        (vec![directory("."), file("./a")], "its path has the part `.`"),
        (vec![file("a/b")], "its parent `a` is nowhere"),
        (vec![file("a"), file("a/b")], "its parent `a` is no directory"),
        (vec![file("lib/a")], "it lies behind the symbolic link `lib`"),
        (vec![directory("lib")], "it replaces a symbolic link of the base"),
        (vec![file("etc")], "it replaces a directory of the base"),
        (vec![Entry { modified: DEFAULT_MODIFIED, mode: 0o644, ..Entry::new("n", Kind::CharacterDevice(1, 3)) }], "device number"),
    ];
    for (entries, expected) in cases {
        assert_only(&check_layer(entries.into_iter().fold(Layer::new(), Layer::entry)), expected);
    }
}

#[test]
fn what_is_needed_or_chosen_is_no_problem() {
    let long = format!("{}/{}", "a".repeat(120), "b".repeat(120));
    let layer = Layer::new()
        .directory(&"a".repeat(120), 0o755)
        .file(&long, 0o644, b"")
        .file("\u{d55c}\u{ae00}.yml", 0o600, b"")
        .owned(1000, 1000)
        .modified(77);
    let members = members(&layer.archive()).unwrap();
    assert!(members.iter().skip(1).all(|member| !member.pax.is_empty()));
    let image = Base::new().platform(platform().layer(layer)).build();
    let validator = Validator::new(2).modified(77).mode("\u{d55c}\u{ae00}.yml", 0o600);
    let report = validator.check(&image, image.digest());
    assert_eq!(report.problems.len(), 1, "{report}");
    assert_only(&report, "its owner is 1000:1000 instead of 0:0");
    let report = validator.owner(1000, 1000).check(&image, image.digest());
    assert!(report.problems.iter().all(|problem| problem.what == "its owner is 0:0 instead of 1000:1000"), "{report}");
}

/// An image whose third layer is this blob of this archive.
fn image_with(blob: Vec<u8>, archive: &[u8]) -> Image {
    let mut image = Base::new().platform(platform()).build();
    let child = image.json(image.digest())["manifests"][0].clone();
    let mut manifest = image.json(child["digest"].as_str().unwrap());
    let mut config = image.json(manifest["config"]["digest"].as_str().unwrap());
    config["rootfs"]["diff_ids"].as_array_mut().unwrap().push(sha256(archive).into());
    config["history"].as_array_mut().unwrap().push(json!({}));
    manifest["layers"].as_array_mut().unwrap().push(image.put_blob(Format::Oci.layer(Compression::Gzip), blob));
    manifest["config"] = image.put_blob(Format::Oci.config(), config.to_string().into_bytes());
    rooted(image, &manifest, &child["platform"])
}

fn rooted(mut image: Image, manifest: &Value, platform: &Value) -> Image {
    let mut child = image.put_document(Format::Oci.manifest(), manifest);
    child["platform"] = platform.clone();
    let index = json!({"schemaVersion": 2, "mediaType": Format::Oci.index(), "manifests": [child]});
    image.root = image.put_document(Format::Oci.index(), &index);
    image
}

#[test]
fn a_gzip_member_must_be_clean_and_alone() {
    let archive = overlay().archive();
    let clean = compress::gzip(&archive);
    let change = |at: usize, byte: u8| {
        let mut changed = clean.clone();
        changed[at] = byte;
        changed
    };
    let named = [&clean[..3], &[8], &clean[4..10], b"layer.tar\0", &clean[10..]].concat();
    let two = [compress::gzip(&archive[..512]), compress::gzip(&archive[512..])].concat();
    let cases = [
        (change(4, 1), "has a time"),
        (change(9, 3), "names the operating system 3"),
        (named, "has the flags 0x08"),
        (two, "bytes behind the first compressed member"),
    ];
    assert!(check(&image_with(clean.clone(), &archive)).is_valid());
    for (blob, expected) in cases {
        assert_only(&check(&image_with(blob, &archive)), expected);
    }
    assert_only(&check(&image_with([&clean[..], b"x"].concat(), &archive)), "cannot be decompressed");
    assert_only(&check(&image_with(clean[..40].to_vec(), &archive)), "cannot be decompressed");
    assert_only(&check(&image_with(clean, b"another archive")), "the diff id is");
}

#[test]
fn manifests_and_configs_must_agree() {
    let change = |change: &dyn Fn(&mut Value, &mut Value)| {
        let mut image = Base::new().platform(platform()).build();
        let mut child = image.json(image.digest())["manifests"][0].clone();
        let mut manifest = image.json(child["digest"].as_str().unwrap());
        let mut config = image.json(manifest["config"]["digest"].as_str().unwrap());
        change(&mut config, &mut child["platform"]);
        manifest["config"] = image.put_blob(Format::Oci.config(), config.to_string().into_bytes());
        check(&rooted(image, &manifest, &child["platform"]))
    };
    assert!(change(&|_, _| ()).is_valid());
    assert_only(&change(&|config, _| config["os"] = "".into()), "it lacks `os`");
    assert_only(&change(&|config, _| config["architecture"] = "arm64".into()), "its `architecture` is `arm64`");
    assert_only(&change(&|config, platform| (config["variant"], platform["variant"]) = ("v8".into(), "v7".into())), "its `variant`");
    assert_only(&change(&|config, _| config["rootfs"]["type"] = "x".into()), "`rootfs.type`");
    assert_only(&change(&|config, _| config["history"] = json!([])), "0 non-empty entries for 2 layers");
    assert_only(&change(&|config, _| config["config"] = json!([])), "`config` is no object");
    let fewer = change(&|config, _| {
        let _ = config["rootfs"]["diff_ids"].as_array_mut().unwrap().pop();
    });
    assert!(fewer.to_string().contains("1 diff ids for 2 layers"), "{fewer}");
}

#[test]
fn bytes_must_be_what_descriptors_say() {
    let image = Base::java().build();
    for damaged in image.documents.keys().chain(image.blobs.keys()) {
        let source = |digest: &str| {
            let mut bytes = image.bytes(digest).ok_or("absent")?.to_vec();
            if digest == damaged {
                bytes.push(b' ');
            }
            Ok(bytes)
        };
        let report = Validator::new(2).check(&source, image.digest());
        assert!(report.problems.iter().any(|problem| problem.what.starts_with("its digest is")), "{damaged}: {report}");
        let source = |digest: &str| if digest == damaged { Err("lost".into()) } else { Ok(image.bytes(digest).ok_or("absent")?.to_vec()) };
        assert!(Validator::new(2).check(&source, image.digest()).to_string().contains("lost"), "{damaged}");
    }
}

#[test]
fn media_types_must_not_be_mixed() {
    let image = Base::java().build();
    let docker = Base::java().format(Format::Docker).build();
    let mut mixed = Image { documents: docker.documents.clone(), blobs: docker.blobs.clone(), ..image.clone() };
    let children = docker.json(docker.digest())["manifests"].clone();
    let index = json!({"schemaVersion": 2, "mediaType": Format::Oci.index(), "manifests": children});
    mixed.root = mixed.put_document(Format::Oci.index(), &index);
    assert_only(&check(&mixed), "its media type is");
    let single = Base::java().build_single(0).unwrap();
    assert_only(&check(&single), "which is no index");
}

#[test]
fn attestations_are_a_problem_of_ours_but_not_of_a_base() {
    let image = Base::java().attestations().build();
    assert_only(&check(&image), "`unknown/unknown`");
    for image in [image, Base::java().nested().build()] {
        let report = Validator::of_base().check(&image, image.digest());
        assert!(report.is_valid(), "{report}");
        assert_eq!(report.platforms.len(), 2);
    }
}

#[test]
fn one_platform_comes_once() {
    let image = Base::new().platform(platform()).platform(platform()).build();
    assert_only(&check(&image), "it has `linux/amd64` twice");
}

#[test]
fn the_checked_in_base_is_valid_and_its_java_is_where_it_should_be() {
    let report = Validator::of_base().check_layout(&fixtures::path("base"), fixtures::BASE_TAG).into_result().unwrap();
    for name in ["linux/amd64", "linux/arm64/v8"] {
        let root = report.platform(name).unwrap().root();
        let java = root.node("usr/lib/jvm/java-17-fixture/bin/java").unwrap();
        assert_eq!((java.kind, java.mode, &java.content()[..4]), (NodeKind::File, 0o755, &b"\x7fELF"[..]));
        assert_eq!(root.node("lib").unwrap().link.as_deref(), Some("usr/lib"));
        assert_eq!(root.node("usr/bin/java").unwrap().link.as_deref(), Some("/etc/alternatives/java"));
    }
    assert_only(&Validator::of_base().check_layout(&fixtures::path("base"), "18"), "0 entries are named `18`");
}

#[test]
fn layers_apply_as_the_specification_says() {
    let tree = |layer: Layer| Tree::new(&members(&layer.archive()).unwrap());
    let mut root = tree(Layer::new().file("a/one", 0o644, b"1").file("a/two", 0o644, b"2").file("b/c/d", 0o644, b"3").with_parents());
    root.apply(&tree(Layer::new().whiteout("a/one").file("b/new", 0o644, b"4").opaque("b/c")));
    assert_eq!(root.paths(), ["a", "a/two", "b", "b/c", "b/new"]);
    root.apply(&tree(Layer::new().symlink("a", "b").whiteout("b/c")));
    assert_eq!(root.paths(), ["a", "b", "b/new"]);
    assert_eq!(root.content("b/new"), Some(&b"4"[..]));
    assert_eq!(root.content("b"), None);
}

#[test]
fn python_agrees_about_a_tree() {
    let Some(mut python) = peer::find("python3") else { return };
    let file = tempfile::NamedTempFile::new().unwrap();
    let layer = overlay();
    std::fs::write(file.path(), layer.blob()).unwrap();
    let script = "import sys,tarfile,hashlib\n\
        t=tarfile.open(sys.argv[1],'r|gz')\n\
        for m in t: print(m.name, oct(m.mode)[2:], m.mtime, m.size, hashlib.sha256(t.extractfile(m).read()).hexdigest() if m.isfile() else None)";
    let listing = peer::output(python.args(["-c", script]).arg(file.path()));
    let tree = Tree::new(&members(&layer.archive()).unwrap());
    let own: Vec<String> = tree
        .nodes()
        .map(|(path, node)| {
            let hash = node.sha256.as_deref().unwrap_or("None");
            format!("{path} {:o} {} {} {hash}", node.mode, node.modified, node.size)
        })
        .collect();
    assert_eq!(listing.lines().collect::<Vec<_>>(), own);
}
