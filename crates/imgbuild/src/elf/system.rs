//! The system that a file is for, by what it is linked to.

use super::{Elf, Libc};

/// The system that a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Linux, with the C library that it is linked to.
    Linux(Libc),
    /// Android, whose C library is neither of Linux's two.
    Android,
    /// Another Unix.
    Other,
}

impl Elf {
    /// The system, as far as loader and needed libraries tell it.
    #[must_use]
    pub fn system(&self) -> System {
        let needs = |wanted: &str| self.needed.iter().any(|name| name == wanted);
        if needs("liblog.so") || needs("libandroid.so") {
            return System::Android;
        }
        // Solaris has `libc.so.1`, the BSDs have numbers of their own.
        let foreign = |name: &String| name.starts_with("libc.so.") && !name.starts_with("libc.so.6");
        match self.libc() {
            Libc::None if self.needed.iter().any(foreign) => System::Other,
            // Toolchains that cross-compile for musl name its library without a number.
            Libc::None if needs("libc.so") => System::Linux(Libc::Musl),
            libc => System::Linux(libc),
        }
    }
}

#[cfg(test)]
mod tests {
    use imgbuild_testkit::elf::{Machine as Made, SharedObject};

    use super::super::{IDENTIFICATION, identify};
    use super::*;

    #[test]
    fn the_first_bytes_name_the_machine() {
        for made in Made::ALL {
            let file = SharedObject::new(made).build();
            let (machine, linux) = identify(&file[..IDENTIFICATION]).unwrap();
            assert_eq!((machine, linux), (Elf::parse(&file).unwrap().machine, true));
        }
        assert!(identify(b"#!/bin/sh\nexec java \"$@\"\n").is_none() && identify(b"\x7fELF").is_none());
    }

    #[test]
    fn the_system_is_the_one_whose_c_library_is_needed() {
        for made in Made::ALL {
            let table = [
                (SharedObject::jni(made), System::Linux(Libc::Glibc)),
                (SharedObject::jni_musl(made), System::Linux(Libc::Musl)),
                (SharedObject::new(made), System::Linux(Libc::None)),
                (SharedObject::new(made).needed("libm.so.6"), System::Linux(Libc::None)),
                (SharedObject::new(made).needed("libc.so"), System::Linux(Libc::Musl)),
                (SharedObject::new(made).needed("libc.so").needed("liblog.so"), System::Android),
                (SharedObject::new(made).needed("libc.so.1"), System::Other),
                (SharedObject::new(made).needed("libc.so.96.2"), System::Other),
                (SharedObject::new(made).interpreter(made.glibc_loader()), System::Linux(Libc::Glibc)),
            ];
            for (object, system) in table {
                assert_eq!(Elf::parse(&object.build()).unwrap().system(), system, "{object:?}");
            }
        }
    }
}
