use imgbuild_testkit::classfile::{empty_class, module_info};
use imgbuild_testkit::elf::{Machine as Made, SharedObject};
use imgbuild_testkit::jar::{SpringBoot, library};
use imgbuild_testkit::peers;

use super::super::Bytes;
use super::*;
use crate::elf::{Libc, Machine};

fn jar(boot: &SpringBoot) -> Jar {
    Jar::read("app.jar", Bytes::from(boot.build())).unwrap()
}

fn libraries(jar: &Jar) -> Vec<(String, Survey)> {
    let Shape::SpringBoot(boot) = jar.shape() else { panic!("a Boot JAR") };
    let paths = boot.libraries().iter().map(|library| library.path().to_owned());
    paths.zip(Survey::of_libraries(boot.libraries())).collect()
}

#[test]
fn classes_are_counted_by_version_without_those_of_later_releases() {
    let files = [
        ("a/Old.class", empty_class("a/Old", 52)),
        ("a/New.class", empty_class("a/New", 65)),
        ("module-info.class", module_info("a", 65)),
        ("META-INF/versions/21/a/Old.class", empty_class("a/Old", 65)),
        ("a/not.class", b"no class at all".to_vec()),
        ("a/short.class", b"\xca\xfe".to_vec()),
    ];
    let jar =
        jar(&SpringBoot::empty("3.4.1").file("b/Mine.class", &empty_class("b/Mine", 61)).library("a-1.jar", &library("a", "1", &files)));
    let (_, found) = &libraries(&jar)[0];
    assert_eq!((found.classes.count(), found.classes.beyond(17)), (2, Some((1, 65, "a/New.class"))));
    assert_eq!(found.classes.beyond(21), None);
    let own = Survey::of_application(&jar).unwrap();
    assert_eq!((own.classes.count(), own.classes.beyond(16)), (1, Some((1, 61, "b/Mine.class"))));
}

#[test]
fn many_libraries_at_once_keep_their_order() {
    let number = |at: u16| library("a", "1", &[("a/A.class", empty_class("a/A", 45 + at))]);
    let boot = (0..40).fold(SpringBoot::empty("3.4.1"), |boot, at| boot.library(&format!("a-{at:02}.jar"), &number(at)));
    let found = libraries(&jar(&boot));
    let expected: Vec<_> = (0..40).map(|at| (format!("a-{at:02}.jar"), 45 + at)).collect();
    let newest = |survey: &Survey| survey.classes.beyond(0).unwrap().1;
    assert_eq!(found.iter().map(|(path, survey)| (path.clone(), newest(survey))).collect::<Vec<_>>(), expected);
    assert_eq!(Survey::of_libraries(&[]), []);
}

#[test]
fn natives_are_told_by_their_headers() {
    let elf = |object: SharedObject| object.build();
    let mut freebsd = elf(SharedObject::jni(Made::Amd64));
    freebsd[7] = 9;
    let files = [
        ("native/a", elf(SharedObject::jni(Made::Amd64))),
        ("native/b.bin", elf(SharedObject::jni_musl(Made::Arm64))),
        ("native/c.so", elf(SharedObject::new(Made::S390x))),
        ("native/SunOS/d.so", elf(SharedObject::jni(Made::Amd64))),
        ("native/e.so", freebsd),
        ("native/f.so", b"\x7fELF and nothing else, which is no library of any machine, however long the text may become".to_vec()),
        ("native/g.dylib", b"\xcf\xfa\xed\xfe".repeat(40)),
        ("native/h.dll", b"MZ".repeat(80)),
    ];
    let jar = jar(&SpringBoot::empty("3.4.1").library("a-1.jar", &library("a", "1", &files)));
    let (_, found) = &libraries(&jar)[0];
    let natives: Vec<_> = found.natives.iter().map(|native| (native.path.as_str(), native.machine, native.libc)).collect();
    let expected = [
        ("native/a", Machine::X86_64, Libc::Glibc),
        ("native/b.bin", Machine::Aarch64, Libc::Musl),
        ("native/c.so", Machine::S390x, Libc::None),
    ];
    assert_eq!(natives, expected);
}

#[test]
fn a_library_that_is_none_is_said_and_stops_nothing() {
    let jar = jar(&SpringBoot::empty("3.4.1").library("a-1.jar", b"not an archive"));
    assert!(libraries(&jar)[0].1.unread.as_ref().unwrap().contains("not a ZIP file"));
}

#[test]
fn a_real_jar_tells_its_natives_and_versions() {
    let Some(path) = peers::jar("app.jar") else { return };
    let jar = Jar::open(path).unwrap();
    let all = libraries(&jar);
    assert!(all.iter().all(|(_, survey)| survey.unread.is_none()));
    let of = |start: &str| &all.iter().find(|(path, _)| path.starts_with(start)).unwrap().1;
    let machines = |survey: &Survey| survey.natives.iter().map(|native| native.machine).collect::<Vec<_>>();
    assert_eq!(machines(of("netty-tcnative-boringssl-static-2.0.75.Final-linux-aarch_64")), [Machine::Aarch64]);
    let jna = machines(of("jna-"));
    let all_of = [Machine::X86_64, Machine::Aarch64, Machine::S390x, Machine::Loongarch64];
    assert!(all_of.iter().all(|machine| jna.contains(machine)), "{jna:?}");
    assert!(of("jna-").natives.iter().all(|native| native.path.contains("/linux-")), "{:?}", of("jna-").natives);
    assert!(of("snappy-java").natives.iter().all(|native| native.path.contains("/Linux/")), "{:?}", of("snappy-java").natives);
    assert!(all.iter().map(|(_, survey)| survey.classes.count()).sum::<u32>() > 30_000);
    assert!(all.iter().all(|(_, survey)| survey.classes.beyond(17).is_none()));
}
