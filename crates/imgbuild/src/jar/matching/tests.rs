use std::io::Read as _;

use imgbuild_testkit::classfile::empty_class;
use imgbuild_testkit::elf::{Machine as Made, SharedObject};
use imgbuild_testkit::jar::{SpringBoot, library};

use super::super::{Bytes, Content, Jar, Layout};
use super::*;

/// A library with one class, `a/A`, and native files.
fn with_class(natives: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut files = vec![("a/A.class", empty_class("a/A", 61))];
    files.extend(natives.iter().cloned());
    library("a", "1", &files)
}

fn linux(machine: Made) -> Vec<u8> {
    SharedObject::jni(machine).build()
}

/// A library for the processor with this number (`e_machine`).
fn other_machine(number: u16) -> Vec<u8> {
    let mut file = linux(Made::Amd64);
    file[18..20].copy_from_slice(&number.to_le_bytes());
    file
}

fn mac() -> Vec<u8> {
    b"\xcf\xfa\xed\xfe".repeat(40)
}

fn windows() -> Vec<u8> {
    let mut file = b"MZ".to_vec();
    file.resize(0x3c, 0);
    file.extend(0x80_u32.to_le_bytes());
    file.resize(0x80, 0);
    file.extend(b"PE\0\0");
    file.resize(200, 0);
    file
}

fn arranged(boot: &SpringBoot, layout: Layout, platforms: &[&str]) -> Arrangement {
    let platforms: Vec<Platform> = platforms.iter().map(|text| text.parse().unwrap()).collect();
    Jar::read("app.jar", Bytes::from(boot.build())).unwrap().arrange_for(layout, "app.jar", &platforms).unwrap()
}

fn boot(libraries: &[(&str, Vec<u8>)]) -> SpringBoot {
    libraries.iter().fold(SpringBoot::new("3.4.1"), |boot, (name, bytes)| boot.library(name, bytes))
}

fn bytes(content: &Content) -> Vec<u8> {
    let mut bytes = Vec::new();
    content.open().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, content.size());
    bytes
}

/// The files of the library called `name` that a platform gets; `None` where the library stays out.
fn shipped(arrangement: &Arrangement, platform: &str, name: &str) -> Option<Vec<String>> {
    let platform: Platform = platform.parse().unwrap();
    let of_platform = arrangement.layers.iter().filter(|layer| layer.platforms.is_empty() || layer.platforms.contains(&platform));
    let mut files = of_platform.flat_map(|layer| &layer.files).filter(|file| file.path.ends_with(&format!("/{name}")));
    let file = files.next()?;
    assert!(files.next().is_none(), "{name} is there once");
    let archive = Archive::open(name, Bytes::from(bytes(&file.content))).unwrap();
    let files = archive.entries().iter().filter(|entry| !entry.is_folder() && !entry.name().starts_with("META-INF/"));
    Some(files.map(|entry| entry.name().to_owned()).collect())
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with what may be nothing")]
fn names(files: &[&str]) -> Option<Vec<String>> {
    Some(files.iter().map(|&file| file.to_owned()).collect())
}

fn layers(arrangement: &Arrangement) -> Vec<String> {
    let shown = |layer: &Layer| {
        let platforms: Vec<String> = layer.platforms.iter().map(ToString::to_string).collect();
        format!("{} {}", layer.name, platforms.join(",")).trim_end().to_owned()
    };
    arrangement.layers.iter().map(shown).collect()
}

#[test]
fn libraries_without_native_code_stay_shared_byte_for_byte() {
    let jar = boot(&[(
        "a-1.jar",
        with_class(&[("a.txt", b"\x7fELF is only how this text starts, whatever its length may be in the end".repeat(2))]),
    )]);
    let all = Jar::read("app.jar", Bytes::from(jar.build())).unwrap().arrange(Layout::Extracted, "app.jar").unwrap();
    let matching = arranged(&jar, Layout::Extracted, &["linux/amd64", "linux/arm64"]);
    assert_eq!(layers(&matching), layers(&all));
    for (one, other) in all.layers.iter().zip(&matching.layers) {
        let content = |layer: &Layer| layer.files.iter().map(|file| (file.path.clone(), bytes(&file.content))).collect::<Vec<_>>();
        assert_eq!(content(one), content(other));
    }
    assert!(matching.left_out.iter().all(|(_, libraries)| libraries.is_empty()) && matching.kept.is_empty());
}

#[test]
fn a_library_for_several_machines_is_written_again_for_each() {
    let natives = [
        ("n/amd64.so", linux(Made::Amd64)),
        ("n/arm64.so", linux(Made::Arm64)),
        ("n/musl.so", SharedObject::jni_musl(Made::Arm64).build()),
        ("n/ppc.so", other_machine(20)),
        ("n/mac.dylib", mac()),
        ("n/win.dll", windows()),
        ("n/Linux-Android/arm64.so", linux(Made::Arm64)),
    ];
    let jar = boot(&[("a-1.jar", with_class(&natives))]);
    for layout in [Layout::Extracted, Layout::Exploded] {
        let found = arranged(&jar, layout, &["linux/amd64", "linux/arm64/v8", "linux/arm/v7", "linux/mips64le"]);
        assert_eq!(shipped(&found, "linux/amd64", "a-1.jar"), names(&["a/A.class", "n/amd64.so"]), "{layout}");
        assert_eq!(shipped(&found, "linux/arm64/v8", "a-1.jar"), names(&["a/A.class", "n/arm64.so", "n/musl.so"]));
        assert_eq!(shipped(&found, "linux/arm/v7", "a-1.jar"), names(&["a/A.class"]));
        assert_eq!(shipped(&found, "linux/mips64le", "a-1.jar"), names(&["a/A.class", "n/ppc.so"]), "nobody knows what that is");
        let apart: Vec<String> = layers(&found).into_iter().filter(|layer| layer.contains("natives")).collect();
        assert_eq!(
            apart,
            ["linux/amd64", "linux/arm64/v8", "linux/arm/v7", "linux/mips64le"].map(|platform| format!("dependencies-natives {platform}"))
        );
    }
}

/// The files of a layer with their content.
type Shown = Vec<(String, Vec<u8>)>;

#[test]
fn an_image_is_the_same_alone_and_beside_others() {
    let jar = boot(&[("a-1.jar", with_class(&[("n/amd64.so", linux(Made::Amd64)), ("n/arm64.so", linux(Made::Arm64))]))]);
    let both = arranged(&jar, Layout::Extracted, &["linux/amd64", "linux/arm64"]);
    for platform in ["linux/amd64", "linux/arm64"] {
        let alone = arranged(&jar, Layout::Extracted, &[platform]);
        let wanted: Platform = platform.parse().unwrap();
        let of = |found: &Arrangement| -> Vec<(String, Shown)> {
            let layers = found.layers.iter().filter(|layer| layer.platforms.is_empty() || layer.platforms.contains(&wanted));
            let files = |layer: &Layer| layer.files.iter().map(|file| (file.path.clone(), bytes(&file.content))).collect();
            layers.map(|layer| (layer.name.clone(), files(layer))).collect()
        };
        assert_eq!(of(&alone), of(&both));
    }
}

#[test]
fn jars_for_one_machine_stay_out_of_the_images_of_others() {
    let only = |native: Vec<u8>| library("n", "1", &[("META-INF/native/n.so", native), ("META-INF/LICENSE.txt", b"free".to_vec())]);
    let jar = boot(&[
        ("n-1-linux-x86_64.jar", only(linux(Made::Amd64))),
        ("n-1-linux-aarch_64.jar", only(linux(Made::Arm64))),
        ("n-1-osx-x86_64.jar", only(mac())),
        ("n-1-windows-x86_64.jar", only(windows())),
    ]);
    let found = arranged(&jar, Layout::Extracted, &["linux/amd64", "linux/arm64"]);
    let is_there = |platform, name| shipped(&found, platform, name).is_some();
    for (platform, own, other) in [
        ("linux/amd64", "n-1-linux-x86_64.jar", "n-1-linux-aarch_64.jar"),
        ("linux/arm64", "n-1-linux-aarch_64.jar", "n-1-linux-x86_64.jar"),
    ] {
        assert!(is_there(platform, own) && !is_there(platform, other) && !is_there(platform, "n-1-osx-x86_64.jar"), "{platform}");
        let wanted: Platform = platform.parse().unwrap();
        let (_, gone) = found.left_out.iter().find(|(known, _)| *known == wanted).unwrap();
        let expected = [other, "n-1-osx-x86_64.jar", "n-1-windows-x86_64.jar"].map(|name| format!("BOOT-INF/lib/{name}"));
        assert_eq!(*gone, BTreeSet::from(expected));
    }
}

#[test]
fn the_class_path_is_one_for_every_platform_and_names_every_library() {
    let jar = boot(&[("n-1-linux-x86_64.jar", library("n", "1", &[("n.so", linux(Made::Amd64))])), ("z-1.jar", with_class(&[]))]);
    let found = arranged(&jar, Layout::Extracted, &["linux/amd64", "linux/arm64"]);
    let thin: Vec<&Placed> = found.layers.iter().flat_map(|layer| &layer.files).filter(|file| file.path == "app.jar").collect();
    assert_eq!(thin.len(), 1, "the application's layer is shared");
    let thin = Jar::read("thin", Bytes::from(bytes(&thin[0].content))).unwrap();
    let class_path = thin.manifest().unwrap().main().value("Class-Path").unwrap().to_owned();
    assert!(class_path.ends_with("lib/n-1-linux-x86_64.jar lib/z-1.jar"), "{class_path}");
}

#[test]
fn classes_are_never_lost_with_native_code() {
    // Each JAR of this artifact has its classes too.
    let both = [
        ("a-1-linux.jar", with_class(&[("n/x.so", linux(Made::Amd64))])),
        ("a-1-linux-aarch64.jar", with_class(&[("n/y.so", linux(Made::Arm64))])),
    ];
    let found = arranged(&boot(&both), Layout::Extracted, &["linux/amd64", "linux/s390x"]);
    assert_eq!(shipped(&found, "linux/amd64", "a-1-linux.jar"), names(&["a/A.class", "n/x.so"]));
    assert_eq!(shipped(&found, "linux/amd64", "a-1-linux-aarch64.jar"), None, "the other one has the same class");
    for name in ["a-1-linux.jar", "a-1-linux-aarch64.jar"] {
        assert_eq!(shipped(&found, "linux/s390x", name), names(&["a/A.class"]), "neither is for this machine");
    }
    let other = library("a", "1", &[("a/A.class", empty_class("a/A", 52)), ("n/y.so", linux(Made::Arm64))]);
    let found = arranged(&boot(&[both[0].clone(), ("a-1-linux-aarch64.jar", other)]), Layout::Extracted, &["linux/amd64"]);
    assert_eq!(shipped(&found, "linux/amd64", "a-1-linux-aarch64.jar"), names(&["a/A.class"]), "another class of this name");
    let service = library("s", "1", &[("META-INF/services/a.Service", b"a.A".to_vec()), ("s.so", linux(Made::Arm64))]);
    let found = arranged(&boot(&[("s-1-linux-aarch64.jar", service)]), Layout::Extracted, &["linux/amd64"]);
    assert_eq!(shipped(&found, "linux/amd64", "s-1-linux-aarch64.jar"), names(&[]), "who looks for services finds them");
}

#[test]
fn signed_libraries_stay_whole_unless_nothing_of_them_is_needed() {
    let signed = |files: &[(&str, Vec<u8>)]| {
        let signature = [("META-INF/A.SF", b"Signature-Version: 1.0\r\n\r\n".to_vec()), ("META-INF/A.RSA", vec![1])];
        library("a", "1", &[files, &signature[..]].concat())
    };
    let natives = [("n/x.so", linux(Made::Amd64)), ("n/y.so", linux(Made::Arm64))];
    let jar = boot(&[
        ("a-1.jar", signed(&[("a/A.class", empty_class("a/A", 61)), natives[0].clone(), natives[1].clone()])),
        ("b-1-linux-aarch64.jar", signed(&natives[1..])),
    ]);
    let found = arranged(&jar, Layout::Extracted, &["linux/amd64", "linux/arm64"]);
    assert_eq!(shipped(&found, "linux/amd64", "a-1.jar"), names(&["a/A.class", "n/x.so", "n/y.so"]));
    assert!(found.kept.len() == 1 && found.kept[0].contains("`BOOT-INF/lib/a-1.jar` is signed"), "{:?}", found.kept);
    assert_eq!(shipped(&found, "linux/amd64", "b-1-linux-aarch64.jar"), None);
    assert!(shipped(&found, "linux/arm64", "b-1-linux-aarch64.jar").is_some());
}

#[test]
fn what_no_platform_loads_is_left_alone() {
    let bpf = other_machine(247);
    let mut fat = b"\xca\xfe\xba\xbe\0\0\0\x02".to_vec();
    fat.resize(120, 0);
    let jar = boot(&[(
        "a-1.jar",
        with_class(&[("probe.o", bpf), ("short.so", b"\x7fELF".to_vec()), ("text.exe", b"MZ ".repeat(50)), ("two.jnilib", fat)]),
    )]);
    let found = arranged(&jar, Layout::Extracted, &["linux/amd64", "linux/arm64"]);
    assert_eq!(shipped(&found, "linux/arm64", "a-1.jar"), names(&["a/A.class", "probe.o", "short.so", "text.exe"]));
    assert!(!layers(&found).iter().any(|layer| layer.contains("natives")), "{:?}", layers(&found));
}

#[test]
fn a_library_that_is_written_again_depends_on_nothing_but_its_files() {
    let natives = [("n/x.so", linux(Made::Amd64)), ("n/y.so", linux(Made::Arm64))];
    let content = |files: &[(&str, Vec<u8>)]| {
        let found = arranged(&boot(&[("a-1.jar", with_class(files))]), Layout::Extracted, &["linux/amd64"]);
        let mut files = found.layers.iter().flat_map(|layer| &layer.files).filter(|file| file.path.ends_with("a-1.jar"));
        files.next().map(|file| (bytes(&file.content), file.content.outline().cloned())).unwrap()
    };
    let reversed: Vec<(&str, Vec<u8>)> = natives.iter().rev().cloned().collect();
    assert_eq!(content(&natives), content(&reversed));
    let (rewritten, outline) = content(&natives);
    assert!(rewritten.starts_with(b"PK\x03\x04") && rewritten[30..].starts_with(b"META-INF/MANIFEST.MF"));
    let others = [("n/z.so", linux(Made::Amd64)), ("n/y.so", linux(Made::Arm64))];
    assert_ne!(content(&others).1, outline, "caches tell files of one size apart");
}

#[test]
fn what_cannot_be_kept_out_is_refused_with_a_way_out() {
    let jar = Jar::read("app.jar", Bytes::from(boot(&[]).build())).unwrap();
    let windows: Platform = "windows/amd64".parse().unwrap();
    for (layout, platforms, says) in [
        (Layout::Packaged, &[Platform::LINUX_AMD64][..], "byte for byte"),
        (Layout::Extracted, &[Platform::LINUX_AMD64, windows][..], "`windows/amd64`"),
    ] {
        let error = jar.arrange_for(layout, "app.jar", platforms).unwrap_err();
        assert!(error.to_string().contains(says) && error.hint().unwrap().contains("--layout extracted"), "{error}");
    }
    for natives in [Natives::All, Natives::Matching] {
        assert_eq!(natives.to_string().parse(), Ok(natives));
    }
    assert!("some".parse::<Natives>().is_err());
}
