//! The released binary is static: it runs in an empty root, where it resolves names, checks certificates, builds and pushes.
//!
//! `.ci/steps static` builds it. The test needs root, for chroot and for the port of DNS.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::Command;

use imgbuild_testkit::home::Ended;
use imgbuild_testkit::registry::{Registry, Tls, Tokens};
use imgbuild_testkit::{fixtures, peer};

/// What the binary may weigh: it is fetched for one build step.
const MAX_BYTES: u64 = 12_000_000;
/// An address of loopback that no other name server here has.
const NAME_SERVER: &str = "127.0.53.17";
/// A name that only that server knows.
const HOST: &str = "registry.imgbuild.test";

fn binary() -> Option<PathBuf> {
    let target = format!("target/{}-unknown-linux-gnu/release/imgbuild", std::env::consts::ARCH);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(target);
    if !path.exists() {
        peer::skip("the static binary was not built; run `.ci/steps static`");
        return None;
    }
    Some(path)
}

/// Answers every question for an IPv4 address with 127.0.0.1, and others with nothing (RFC 1035, 4.1).
fn answer_names(socket: &UdpSocket) {
    let mut question = [0; 512];
    while let Ok((length, asker)) = socket.recv_from(&mut question) {
        let asked = &question[12..length];
        let name = asked.iter().position(|byte| *byte == 0).unwrap();
        let is_ipv4 = asked[name + 1..name + 3] == [0, 1];
        let mut answer = question[..2].to_vec();
        answer.extend([0x81, 0x80, 0, 1, 0, u8::from(is_ipv4), 0, 0, 0, 0]);
        answer.extend(&asked[..name + 5]);
        if is_ipv4 {
            // The name is the question's, the class is IN, the answer holds for a minute.
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
        }
        socket.send_to(&answer, asker).unwrap();
    }
}

/// A folder that holds the binary, its input, `/etc/resolv.conf` and the kernel's random numbers, and nothing else.
fn empty_root(binary: &Path, authority: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::copy(binary, root.path().join("imgbuild")).unwrap();
    for name in ["app.jar", "application.yml"] {
        fs::copy(fixtures::path(name), root.path().join(name)).unwrap();
    }
    fs::write(root.path().join("authority.pem"), authority).unwrap();
    for folder in ["dev", "etc", "tmp"] {
        fs::create_dir(root.path().join(folder)).unwrap();
    }
    fs::write(root.path().join("etc/resolv.conf"), format!("nameserver {NAME_SERVER}\n")).unwrap();
    // A static binary cannot look for `getrandom` in the C library and reads the devices.
    for (device, minor) in [("random", "8"), ("urandom", "9")] {
        let made = Command::new("mknod").arg(root.path().join("dev").join(device)).args(["c", "1", minor]).status().unwrap();
        assert!(made.success(), "only root may make a device");
    }
    root
}

#[test]
fn the_static_binary_pushes_from_an_empty_root() {
    let Some(binary) = binary() else { return };
    let size = fs::metadata(&binary).unwrap().len();
    assert!(size < MAX_BYTES, "{size} bytes");
    let Ok(socket) = UdpSocket::bind((NAME_SERVER, 53)) else {
        peer::skip("only root may answer names at port 53");
        return;
    };
    std::thread::spawn(move || answer_names(&socket));

    let tokens = Tokens::new().user("writer", "writepw", &["pull", "push"]);
    let registry = Registry::builder().tls(Tls::new().names(&[HOST, "127.0.0.1"])).tokens(tokens).start();
    registry.load_layout("library/amazoncorretto", fixtures::path("base")).unwrap();
    let root = empty_root(&binary, registry.authority_pem().unwrap());
    let name = |repository: &str| format!("{HOST}:{}/{repository}", registry.address().port());
    let mut command = Command::new("chroot");
    command.arg(root.path()).args(["/imgbuild", "build", "/app.jar", "--config", "/application.yml", "--push", "-vv"]);
    command.args(["--ca-file", "/authority.pem", "--allow-private-host", "127.0.0.1"]);
    command.arg(format!("--base={}", name("library/amazoncorretto:17"))).arg(format!("--tag={}", name("koin/api:1")));
    // `chroot` itself is looked for on PATH.
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("IMGBUILD_REGISTRY_USER", "writer")
        .env("IMGBUILD_REGISTRY_PASSWORD", "writepw")
        .env("HOME", "/");
    let ended = Ended::of(&mut command);
    assert_eq!(ended.result(), format!("{}@{}", name("koin/api:1"), ended.digest()));
    assert_eq!(registry.manifest("koin/api", "1").unwrap().digest, ended.digest());
}
