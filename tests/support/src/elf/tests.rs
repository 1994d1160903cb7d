use std::{io::Write as _, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use super::{Machine, RunnableMachine, SharedObject, java, java_with};
use crate::peer;

fn program(folder: &Path, bytes: &[u8]) -> std::path::PathBuf {
    let path = folder.join("java");
    // The file is closed before it is started, or the kernel answers `text file busy`.
    std::fs::File::create(&path).unwrap().write_all(bytes).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn assert_answers(command: &mut Command) {
    let output = command.arg("-version").output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("openjdk version \"17.0.12-fixture\"\n"));
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn amd64_runs_natively() {
    let folder = tempfile::tempdir().unwrap();
    assert_answers(&mut Command::new(program(folder.path(), &java(RunnableMachine::Amd64, "17.0.12-fixture"))));
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn amd64_with_a_loader_runs_through_it() {
    let loader = Machine::Amd64.glibc_loader();
    if !Path::new(loader).exists() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let headers = SharedObject::new(Machine::Amd64).interpreter(loader).needed("libc.so.6");
    assert_answers(&mut Command::new(program(folder.path(), &java_with(RunnableMachine::Amd64, "17.0.12-fixture", headers))));
}

#[test]
fn arm64_runs_under_qemu() {
    let Some(mut qemu) = peer::find("qemu-aarch64-static") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    assert_answers(qemu.arg(program(folder.path(), &java(RunnableMachine::Arm64, "17.0.12-fixture"))));
}

#[test]
fn readelf_sees_machine_loader_libraries_and_symbols() {
    let names = [
        (Machine::I386, "Intel 80386"),
        (Machine::Amd64, "X86-64"),
        (Machine::Arm, "Machine:                           ARM"),
        (Machine::Arm64, "AArch64"),
        (Machine::Riscv64, "RISC-V"),
        (Machine::S390x, "S/390"),
        (Machine::Ppc64le, "PowerPC64"),
    ];
    assert_eq!(names.map(|(machine, _)| machine), Machine::ALL);
    for (machine, name) in names {
        for (object, libc) in [
            (SharedObject::jni(machine), "libc.so.6".to_owned()),
            (SharedObject::jni_musl(machine), format!("libc.musl-{}.so.1", machine.musl_name())),
        ] {
            let Some(mut readelf) = peer::find("readelf") else {
                return;
            };
            let folder = tempfile::tempdir().unwrap();
            let object = object.interpreter(machine.glibc_loader()).soname("libfixture.so").build();
            let report = peer::output(readelf.args(["-W", "-h", "-l", "-d", "-s", "-D"]).arg(program(folder.path(), &object)));
            for expected in [
                name,
                machine.glibc_loader(),
                &format!("Shared library: [{libc}]"),
                "Library soname: [libfixture.so]",
                "JNI_OnLoad",
                "Java_com_example_Native_answer",
            ] {
                assert!(report.contains(expected), "{machine:?} lacks `{expected}`:\n{report}");
            }
        }
    }
}

#[test]
fn headers_are_for_their_machine() {
    for machine in Machine::ALL {
        let object = SharedObject::new(machine).build();
        let number = u16::from_le_bytes([object[18], object[19]]);
        let number = if object[5] == 2 { number.swap_bytes() } else { number };
        assert_eq!((&object[..4], number), (&b"\x7fELF"[..], machine.number()), "{machine:?}");
    }
}
