//! What asks: `init` on a terminal, which util-linux's `script` provides.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use imgbuild_testkit::home::Home;
use imgbuild_testkit::peer;

use crate::{base, home};

/// Runs `imgbuild init` on a terminal, waits for each question and types its answer: the exit code, and what the terminal shows.
fn typed(home: &Home, dialogue: &[(&str, &str)]) -> Option<(Option<i32>, String)> {
    let inner = home.command();
    let mut command = Command::new(peer::path("script")?);
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.args(["-qec", &format!("'{}' init", env!("CARGO_BIN_EXE_imgbuild")), "/dev/null"]).current_dir(home.folder());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut keyboard, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut shown, mut seen) = (Vec::new(), 0);
    let mut piece = [0; 256];
    for (question, answer) in dialogue {
        while !String::from_utf8_lossy(&shown[seen..]).contains(question) {
            let length = screen.read(&mut piece).unwrap();
            assert!(length > 0, "`{question}` was never asked: {}", String::from_utf8_lossy(&shown));
            shown.extend_from_slice(&piece[..length]);
        }
        seen = shown.len();
        keyboard.write_all(answer.as_bytes()).unwrap();
    }
    screen.read_to_end(&mut shown).unwrap();
    drop(keyboard);
    Some((child.wait().unwrap().code(), String::from_utf8_lossy(&shown).into_owned()))
}

#[test]
fn init_asks_again_until_an_answer_can_be_used() {
    let home = home();
    fs::create_dir_all(home.path("build/libs")).unwrap();
    fs::rename(home.path("app.jar"), home.path("build/libs/api.jar")).unwrap();
    let dialogue = [
        ("The JAR [build/libs/api.jar]", "\n"),
        ("The base image [amazoncorretto:17]", "UPPER\n"),
        ("The base image", "eclipse-temurin:21\n"),
        ("The image's name", "koin/api:1\n"),
        ("A config file", "application.yml\n"),
    ];
    let Some((code, shown)) = typed(&home, &dialogue) else { return };
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("UPPER") && shown.trim_end().ends_with("imgbuild.yaml"), "{shown}");
    let text = fs::read_to_string(home.path("imgbuild.yaml")).unwrap();
    let keys: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(
        keys,
        [
            "jar: build/libs/api.jar",
            "base: eclipse-temurin:21",
            "configs:",
            "  - \"application.yml\"",
            "tags:",
            "  - \"docker.io/koin/api:1\""
        ]
    );
    assert!(home.run(["build", "--base", &base(), "-o", "type=oci,dest=image"]).result().contains("@sha256:"));
}

#[test]
fn init_that_is_left_writes_nothing() {
    for (key, code, said) in [("\u{3}", 130, "stopped"), ("\u{4}", 1, "the answers ended")] {
        let home = home();
        let Some((ended, shown)) = typed(&home, &[("The JAR", "\n"), ("The base image", key)]) else { return };
        assert!(ended == Some(code) && shown.contains(said), "{ended:?}: {shown}");
        assert!(!home.path("imgbuild.yaml").exists());
    }
}
