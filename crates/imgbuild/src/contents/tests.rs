use imgbuild_testkit::archive::{Entry, Kind, write};
use imgbuild_testkit::jar::{Jar, Manifest, SpringBoot, library};

use super::*;
use crate::blob::Blob;
use crate::oci::{Compression, MediaType};

async fn layer(entries: &[Entry]) -> LayerContents {
    read(&Blob::from_bytes(MediaType::OciLayer(Compression::None), write(entries)), None).await.unwrap()
}

fn file(path: &str, bytes: &[u8]) -> Entry {
    Entry::new(path, Kind::File(bytes.to_vec()))
}

#[tokio::test]
async fn files_links_and_whiteouts_are_told_apart() {
    let found = layer(&[
        Entry::new("./", Kind::Directory),
        file("./app/a", b"one"),
        file("app/.wh.gone", b""),
        file("app/empty/.wh..wh..opq", b""),
        Entry::new("lib", Kind::Symlink("usr/lib".to_owned())),
        file("opt/java/release", b"IMPLEMENTOR=\"X\"\nJAVA_VERSION=\"17.0.12\"\n"),
        file("etc/os-release", b"PRETTY_NAME=\"Debian GNU/Linux 12\"\n"),
        file("app/config/application.yml", b"a:\n  b: CANARY\n"),
        file("app/config/broken.yml", b"a: [\n"),
    ])
    .await;
    assert_eq!((found.deleted.as_slice(), found.emptied.as_slice()), (&["app/gone".to_owned()][..], &["app/empty".to_owned()][..]));
    assert_eq!(found.nodes["lib"].kind, NodeKind::Symlink("usr/lib".to_owned()));
    let meaning = |path: &str| found.nodes[path].content().unwrap().meaning.clone().unwrap();
    assert_eq!(meaning("opt/java/release"), Meaning::Java("17.0.12".parse().unwrap()));
    assert_eq!(meaning("etc/os-release"), Meaning::System("Debian GNU/Linux 12".to_owned()));
    assert_eq!(meaning("app/config/broken.yml"), Meaning::BrokenYaml);
    let Meaning::Configuration(keys) = meaning("app/config/application.yml") else { panic!() };
    assert_eq!(keys.names().collect::<Vec<_>>(), ["a.b"]);
    assert!(!format!("{found:?}").contains("CANARY"));
}

#[tokio::test]
async fn a_fat_jar_is_looked_into_down_to_its_libraries() {
    let greeter = library("greeter", "1.0.0", &[("x/Greeter.class", b"class".to_vec())]);
    let fat = SpringBoot::empty("3.4.1").library("greeter-1.0.0.jar", &greeter).file("application.yml", b"a: 1\n").build();
    let found = layer(&[file("app/app.jar", &fat), file("app/none.jar", b"no zip")]).await;
    let jar = found.nodes["app/app.jar"].content().unwrap().jar.as_ref().unwrap();
    let (path, nested) = jar.libraries().next().unwrap();
    assert_eq!(path, "BOOT-INF/lib/greeter-1.0.0.jar");
    let nested = nested.jar.as_ref().unwrap();
    assert_eq!(nested.coordinates.to_string(), "greeter 1.0.0");
    assert!(nested.files.contains_key("x/Greeter.class") && jar.is_executable);
    assert!(matches!(jar.files["BOOT-INF/classes/application.yml"].meaning, Some(Meaning::Configuration(_))));
    assert!(found.nodes["app/none.jar"].content().unwrap().unread.as_ref().unwrap().contains("no JAR"));
    assert_eq!(found.jars().count(), 2);
}

#[tokio::test]
async fn times_and_packing_of_a_jar_are_known_apart_from_its_content() {
    let jar = |stored: bool, date: u16| {
        let entry =
            if stored { imgbuild_testkit::jar::Entry::stored("a", b"aaaa") } else { imgbuild_testkit::jar::Entry::file("a", b"aaaa") };
        Jar::new().manifest(&Manifest::new()).entry(entry.modified(date, 0)).build()
    };
    let mut found = Vec::new();
    for bytes in [jar(true, 33), jar(true, 34), jar(false, 33)] {
        found.push(layer(&[file("x.jar", &bytes)]).await.nodes["x.jar"].content().unwrap().jar.clone().unwrap());
    }
    assert!(found.iter().all(|jar| jar.files == found[0].files));
    assert!(found[0].times != found[1].times && found[0].packing == found[1].packing);
    assert!(found[0].times == found[2].times && found[0].packing != found[2].packing);
}
