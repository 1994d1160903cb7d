use imgbuild_testkit::elf::{Machine as Made, RunnableMachine, SharedObject, java};

use super::*;

#[test]
fn machines_have_the_platforms_names() {
    for made in Made::ALL {
        let (machine, linux) = identify(&SharedObject::new(made).build()).unwrap();
        assert_eq!((machine.architecture(), linux), (Some(made.architecture()), true));
        assert!(machine.is_of(&format!("linux/{}", made.architecture()).parse().unwrap()), "{machine}");
    }
    let (arm64, _) = identify(&SharedObject::new(Made::Arm64).build()).unwrap();
    assert!(arm64.is_of(&"linux/arm64/v8".parse().unwrap()) && !arm64.is_of(&"linux/arm/v7".parse().unwrap()));
    assert_eq!(arm64.to_string(), "aarch64");
}

#[test]
fn the_c_library_is_the_one_that_is_needed() {
    for made in Made::ALL {
        let table = [
            (SharedObject::jni(made), System::Linux(Some(Libc::Glibc))),
            (SharedObject::jni_musl(made), System::Linux(Some(Libc::Musl))),
            (SharedObject::new(made), System::Linux(None)),
            (SharedObject::new(made).needed("libm.so.6"), System::Linux(None)),
            (SharedObject::new(made).needed("libc.so"), System::Linux(Some(Libc::Musl))),
            (SharedObject::new(made).needed("libc.so").needed("liblog.so"), System::Android),
            (SharedObject::new(made).needed("libc.so.1"), System::Other),
            (SharedObject::new(made).needed("libc.so.96.2"), System::Other),
            (SharedObject::new(made).interpreter(made.glibc_loader()), System::Linux(Some(Libc::Glibc))),
        ];
        for (object, system) in table {
            assert_eq!(Binary::parse(&object.build()).unwrap().system, system, "{object:?}");
        }
    }
}

#[test]
fn the_fixtures_java_is_glibcs() {
    let binary = Binary::parse(&java(RunnableMachine::Arm64, "17")).unwrap();
    assert_eq!((binary.machine.architecture(), binary.system), (Some("arm64"), System::Linux(Some(Libc::Glibc))));
}

#[test]
fn what_is_no_elf_file_or_is_cut_is_none() {
    let whole = SharedObject::jni(Made::Amd64).build();
    assert!(Binary::parse(b"#!/bin/sh\n").is_none() && identify(b"\x7fELF").is_none());
    for length in 0..whole.len() {
        // Cut anywhere: an answer or none, never a panic.
        let _ = Binary::parse(&whole[..length]);
    }
    assert!(Binary::parse(&whole[..64]).is_none());
}

#[test]
fn another_systems_number_is_another_system() {
    let mut freebsd = SharedObject::jni(Made::Amd64).build();
    freebsd[7] = 9;
    assert_eq!(Binary::parse(&freebsd).unwrap().system, System::Other);
}
