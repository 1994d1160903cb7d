use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::base::facts::{File as BaseFile, Node, Permissions};

const FILE: &str = "imgbuild.lock";

fn start() -> Start {
    Start { command: vec!["java".to_owned()], user: "app".to_owned(), working_dir: "/app".to_owned(), ..Start::default() }
}

fn lock() -> Lock {
    let mut tree = Tree::new();
    tree.put("usr/bin/java", Node::Symlink("/opt/java/bin/java".to_owned()));
    tree.put("opt/java/bin/java", Node::File(BaseFile::new(Permissions::root(0o755))));
    let release = BaseFile { text: Some("JAVA_VERSION=\"17.0.12\"".into()), ..BaseFile::new(Permissions::root(0o644)) };
    tree.put("opt/java/release", Node::File(release));
    tree.put("home/app", Node::Folder(Permissions { mode: 0o750, uid: 1000, gid: 1000 }));
    let facts =
        Facts::new(tree, &start()).narrow(&start(), &["home/app".to_owned(), "home/app/x".to_owned()].into(), &["app".to_owned()].into());
    let image = LockedImage::new(Digest::of(b"manifest"), &facts);
    let platforms = [("linux/amd64".to_owned(), image)].into();
    let documents = ["index", "manifest", "{\n  \"os\": \"linux\"\n}"].map(|text| (Digest::of(text.as_bytes()), text.to_owned()));
    let base = "docker.io/library/amazoncorretto:17".to_owned();
    Lock { base, digest: Digest::of(b"index"), platforms, documents: documents.into() }
}

fn parse(text: &str) -> Result<Lock, LockError> {
    Lock::parse(text, Path::new(FILE))
}

#[test]
fn a_lock_reads_back_and_says_what_it_knows() {
    let text = lock().to_string();
    let read = parse(&text).unwrap();
    assert_eq!((read.to_string(), &read), (text.clone(), &lock()));
    let facts = read.platforms["linux/amd64"].facts(&start());
    assert_eq!(facts.gaps(&start()), Vec::<String>::new());
    assert_eq!(facts.java().clone().found().unwrap().version.unwrap().feature(), 17);
    for line in [
        r#"  "base": "docker.io/library/amazoncorretto:17","#,
        r#"        "executable": "/opt/java/bin/java","#,
        r#"        "version": "17.0.12""#,
        r#"        "app": "absent""#,
        r#"        "/app": "absent","#,
        r#"        "/home/app": "folder 0750 1000:1000","#,
        r#"        "/usr/bin/java": "link /opt/java/bin/java","#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[test]
fn a_broken_lock_is_refused_with_its_line() {
    let text = lock().to_string();
    let line_of = |part: &str| text.lines().position(|line| line.contains(part)).unwrap() + 1;
    let index = Digest::of(b"index");
    let cases = [
        (text.replace("folder 0750 1000:1000", "folder 0799"), line_of("folder 0750"), "are no permissions"),
        (text.replace("\"/home\"", "\"home\""), line_of("\"/home\""), "does not start with `/`"),
        (text.replace("\"17.0.12\"", "\"new\""), line_of("17.0.12"), "is no version of Java"),
        (text.replacen("\"manifest\"", "\"manifets\"", 1), line_of("\"manifest\""), "unknown field"),
        (text.replace("linux\\\"", "windows\\\""), line_of("linux\\\""), "was changed: it has the digest `sha256:"),
        (text.replacen(&format!("\"{index}\": \"index\""), "\"sha256:0\": \"index\"", 1), line_of(&format!("{index}\": ")), "sha256:0"),
        (text.replace("sha256:", "sha256;"), line_of("\"digest\""), ""),
        (text.replace("\"base\"", "<<<<<<< ours\n\"base\""), line_of("\"base\""), ""),
        (text[..text.len() / 2].to_owned(), text[..text.len() / 2].lines().count(), "EOF"),
        (String::new(), 1, "EOF"),
    ];
    for (broken, expected, reason) in cases {
        match parse(&broken).unwrap_err() {
            error @ LockError::Syntax { line, .. } => {
                assert_eq!(line, expected, "{error}");
                assert!(error.to_string().contains(reason) && error.hint().unwrap().contains("--update-lock"), "{error}");
            }
            error => panic!("{error:?}"),
        }
    }
}

#[test]
fn a_lock_of_a_newer_imgbuild_is_no_damaged_one() {
    // Its other keys may be new as well.
    let newer = lock().to_string().replace("\"version\": 1,", "\"version\": 9, \"more\": true,");
    let error = parse(&newer).unwrap_err();
    assert!(matches!(error, LockError::Version { found: 9, known: 1, .. }), "{error}");
    assert!(error.hint().unwrap().contains("the imgbuild that wrote it"));
}

#[test]
fn a_lock_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    assert_eq!(Lock::read(&path).unwrap(), None);
    lock().write(&path).unwrap();
    assert_eq!(Lock::read(&path).unwrap(), Some(lock()));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let gone = folder.path().join("none").join(FILE);
    assert!(matches!(lock().write(&gone), Err(LockError::Write { .. })));
    fs::write(&path, vec![b' '; 17 << 20]).unwrap();
    assert!(Lock::read(&path).unwrap_err().to_string().contains("larger than"));
    fs::write(&path, [0xff]).unwrap();
    let binary = Lock::read(&path).unwrap_err();
    assert!(matches!(binary, LockError::Read { .. }) && binary.hint().unwrap().contains("--update-lock"), "{binary}");
}

#[test]
fn a_base_is_named_alike_wherever_its_lock_lies() {
    let name = |location: &str, folder: &str| Lock::name(&location.parse().unwrap(), Path::new(folder));
    assert_eq!(name("amazoncorretto:17", "/a"), "docker.io/library/amazoncorretto:17");
    assert_eq!((name("oci:/a/base:17", "/a"), name("oci:base:17", "")), ("oci:base:17".into(), "oci:base:17".into()));
    assert_eq!(name("oci:/b/base:17", "/a"), "oci:/b/base:17");
    assert_eq!(name("oci-archive:/a/base.tar", "/a"), "oci-archive:base.tar");
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}", at in any::<prop::sample::Index>(), byte in any::<char>()) {
        let _ = parse(&text);
        let mut text: Vec<char> = lock().to_string().chars().collect();
        let at = at.index(text.len());
        text[at] = byte;
        let text: String = text.into_iter().collect();
        // A changed text is another lock or none, and what is read is written as it will be read.
        if let Ok(read) = parse(&text) {
            prop_assert_eq!(parse(&read.to_string()).unwrap(), read);
        }
    }
}
