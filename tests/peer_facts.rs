//! The facts about a real JDK base of two architectures, as `tar`, `readelf` and its own `release` file tell them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use imgbuild::base::facts::{Facts, Start};
use imgbuild::base::{Resolver, Scanner};
use imgbuild::build::LockMode;
use imgbuild::event::Events;
use imgbuild::image::Parent;
use imgbuild::registry::Client;
use imgbuild::{Build, Cache, Digest, Platform, Recipe, RegistryTarget};
use imgbuild_testkit::registry::Registry;
use imgbuild_testkit::{fixtures, peer, peers};

fn layer_file(digest: &Digest) -> PathBuf {
    peer::input().join("base/blobs/sha256").join(digest.hex())
}

/// What `tar` lists of all layers, one over the other: path and what the facts call it.
fn listed(image: &Parent) -> Option<BTreeMap<String, String>> {
    let mut tree: BTreeMap<String, String> = BTreeMap::new();
    for layer in &image.layers {
        let flags = ["--numeric-owner", "--quoting-style=literal", "-tvzf"];
        let listing = peer::output(peer::find("tar")?.args(flags).arg(layer_file(layer.digest())));
        for line in listing.lines() {
            // `drwxr-xr-x 0/0 0 2024-01-31 12:00 path`, links with ` -> target` or ` link to target` behind.
            let mut rest = line;
            let mut fields = [""; 5];
            for field in &mut fields {
                (*field, rest) = rest.trim_start().split_once(' ').unwrap();
            }
            let mode = octal(&fields[0][1..]);
            let (uid, gid) = fields[1].split_once('/').unwrap();
            let owner = if (uid, gid) == ("0", "0") { String::new() } else { format!(" {uid}:{gid}") };
            let plain = |path: &str| path.trim_start_matches("./").trim_matches('/').to_owned();
            let (path, shown) = match &fields[0][..1] {
                "d" => (plain(rest), format!("folder {mode:04o}{owner}")),
                "l" => {
                    let (path, target) = rest.split_once(" -> ").unwrap();
                    (plain(path), format!("link {target}"))
                }
                "h" => {
                    let (path, target) = rest.split_once(" link to ").unwrap();
                    (plain(path), tree[&plain(target)].clone())
                }
                "-" => (plain(rest), format!("file {mode:04o}{owner}")),
                _ => (plain(rest), "special".to_owned()),
            };
            assert!(!path.rsplit('/').next().unwrap().starts_with(".wh."), "the test knows no whiteouts: {path}");
            if !path.is_empty() {
                tree.insert(path, shown);
            }
        }
    }
    Some(tree)
}

/// The mode of `rwxr-sr-t`.
fn octal(letters: &str) -> u32 {
    let bit = |(at, letter): (usize, char)| {
        let usual = 0o400 >> at;
        let special = [0o4000, 0o2000, 0o1000][at / 3];
        match letter {
            '-' => 0,
            's' | 't' => usual | special,
            'S' | 'T' => special,
            _ => usual,
        }
    };
    letters.chars().enumerate().take(9).map(bit).sum()
}

/// A file of the base, by `tar`.
fn extract(image: &Parent, path: &str) -> Option<Vec<u8>> {
    for layer in image.layers.iter().rev() {
        for name in [path.trim_start_matches('/').to_owned(), format!(".{path}")] {
            let output = peer::find("tar")?.arg("-xzOf").arg(layer_file(layer.digest())).arg(name).output().unwrap();
            if output.status.success() {
                return Some(output.stdout);
            }
        }
    }
    panic!("`{path}` is in no layer")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_facts_are_what_tar_readelf_and_the_release_file_say() {
    let Some(folder) = peers::base() else { return };
    let platforms = [Platform::LINUX_AMD64, Platform::LINUX_ARM64];
    let location = format!("oci:{}:17", folder.display()).parse().unwrap();
    let resolved = Resolver::new(&Client::builder().build(), None).resolve(&location, None, &platforms).await.unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let (cache, events) = (Cache::open(scratch.path()).unwrap(), Events::default());
    let trees = Scanner::new(&cache, &events).trees("the base", &resolved.images, |_| false).await.unwrap();
    for ((image, tree), platform) in resolved.images.iter().zip(trees).zip(&platforms) {
        let Some(listed) = listed(image) else { return };
        let found: BTreeMap<String, String> = tree.nodes().map(|(path, node)| (path.to_owned(), node.to_string())).collect();
        let differ: Vec<_> = listed.iter().filter(|(path, shown)| found.get(*path) != Some(shown)).take(5).collect();
        assert!(differ.is_empty(), "`{platform}`: {differ:?}");
        // Folders that no layer lists are made as runtimes make them.
        let made = found.iter().filter(|(path, _)| !listed.contains_key(*path));
        assert!(made.clone().all(|(_, shown)| shown == "folder 0755"), "{:?}", made.collect::<Vec<_>>());
        assert!(found.len() > 500, "{}", found.len());

        let facts = Facts::new(tree, &Start::of(&image.config));
        let java = facts.java().clone().found().unwrap();
        let program = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(program.path(), extract(image, &java.executable).unwrap()).unwrap();
        let Some(mut readelf) = peer::find("readelf") else { return };
        let headers = peer::output(readelf.args(["-W", "-h", "-l", "-d"]).arg(program.path()));
        let (machine, name) = if *platform == Platform::LINUX_AMD64 { ("X86-64", "x86_64") } else { ("AArch64", "aarch64") };
        assert!(headers.contains(machine) && java.machine.unwrap().to_string() == name, "{headers}");
        assert!(headers.contains("program interpreter: /lib") && headers.contains("ld-linux"), "{headers}");
        assert_eq!(java.libc.unwrap().to_string(), "glibc");

        let home = java.executable.strip_suffix("/bin/java").unwrap();
        let release = String::from_utf8(extract(image, &format!("{home}/release")).unwrap()).unwrap();
        let version = java.version.unwrap();
        assert!(release.contains(&format!("JAVA_VERSION=\"{version}\"")), "{release}");
        assert_eq!(version.feature(), 17);
    }
    let records = std::fs::read_dir(scratch.path().join("v1/records")).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
    let size: u64 = records.sum();
    assert!(size < 2_000_000, "the facts about four layers have {size} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_lock_nothing_of_the_real_base_is_read() {
    let Some(folder) = peers::base() else { return };
    let registry = Registry::start();
    registry.load_layout("library/amazoncorretto", folder).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let lock = scratch.path().join("imgbuild.lock");
    let mut recipe = Recipe::default();
    recipe.base = registry.reference("library/amazoncorretto", "17").parse().unwrap();
    let build = |cache: &str, mode| {
        let cache = Cache::open(scratch.path().join(cache)).unwrap();
        let target = RegistryTarget::new(registry.reference("koin/api", "1").parse().unwrap());
        Build::new(recipe.clone(), fixtures::path("app.jar")).target(target).cache(cache).lock(&lock, mode)
    };
    let first = build("one", LockMode::Write).run().await.unwrap();
    let size = std::fs::metadata(&lock).unwrap().len();
    assert!(size < 20_000, "{size}");
    registry.clear_log();
    let second = build("two", LockMode::Frozen).run().await.unwrap();
    assert_eq!(second.digest, first.digest);
    for kind in ["/blobs/", "/manifests/"] {
        assert_eq!(registry.count("GET", &format!("library/amazoncorretto{kind}")), 0, "{kind}");
    }
}
