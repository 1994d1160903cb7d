//! What the benchmarks work on: a Spring Boot JAR that is the same in every run.

use std::io::{Cursor, Write as _};

use imgbuild::jar::{Bytes, Jar, Layout, Shape, Survey};
use imgbuild::layer::{Attributes, Files};
use imgbuild_testkit::classfile::main_class;
use imgbuild_testkit::jar::SpringBoot;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Bytes of a class. They do not shrink, so that this much is passed on.
const CLASS: usize = 3000;

/// Bytes that no compressor makes smaller, the same in every run.
pub(crate) fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}

fn library(number: usize, classes: usize) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for class in 0..classes {
        let name = format!("org/example/library{number}/internal/support/Component{class}.class");
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(&noise(CLASS, (number * classes + class) as u64)).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A library whose classes deflate as those of compilers do.
fn library_of_classes(number: usize, classes: usize) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for class in 0..classes {
        let name = format!("org/example/library{number}/internal/support/Component{class}");
        zip.start_file(format!("{name}.class"), SimpleFileOptions::default()).unwrap();
        zip.write_all(&main_class(&name, 61, &format!("{:?}", noise(CLASS / 6, class as u64)))).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A JAR of so many libraries of so many classes each, none of which shrinks.
pub(crate) fn jar(libraries: usize, classes: usize) -> Bytes {
    pack(libraries, |number| library(number, classes))
}

/// The same, of real classes.
pub(crate) fn jar_of_classes(libraries: usize, classes: usize) -> Jar {
    Jar::read("bench.jar", pack(libraries, |number| library_of_classes(number, classes))).unwrap()
}

fn pack(libraries: usize, library: impl Fn(usize) -> Vec<u8>) -> Bytes {
    let libraries = (0..libraries).map(|number| (format!("library{number}-1.0.0.jar"), library(number)));
    libraries.fold(SpringBoot::new("3.5.0"), |boot, (name, bytes)| boot.library(&name, &bytes)).build().into()
}

/// What the guards ask of the libraries: the version of every class, and native libraries.
pub(crate) fn survey(jar: &Jar) -> Vec<Survey> {
    let Shape::SpringBoot(boot) = jar.shape() else { unreachable!("Spring Boot packed it") };
    Survey::of_libraries(boot.libraries())
}

/// What the layers of a JAR hold, in one.
pub(crate) fn files(jar: &Bytes) -> Files {
    let arrangement = Jar::read("bench.jar", jar.clone()).unwrap().arrange(Layout::Extracted, "app.jar").unwrap();
    let mut files = Files::new();
    for file in arrangement.layers.into_iter().flat_map(|layer| layer.files) {
        files.add_file(&file.path, file.content, Attributes::FILE).unwrap();
    }
    files
}
