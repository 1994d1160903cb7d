use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use imgbuild_testkit::peers::{Engine, SshServer, TlsEngine};

use crate::site::Ended;

/// How long ssh may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// The smallest question to an engine: what would be pruned.
fn asked(host: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_imgbuild"));
    command.args(["prune", "--dry-run"]).env("DOCKER_HOST", host).env("DOCKER_CONFIG", "/nonexistent");
    for name in ["DOCKER_CONTEXT", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "DOCKER_TLS"] {
        command.env_remove(name);
    }
    command
}

fn with_ssh(host: &str, client: &Path) -> Command {
    let mut command = asked(host);
    command.env("PATH", format!("{}:{}", client.display(), std::env::var("PATH").unwrap()));
    command
}

/// Processes of ssh that lead to this socket.
fn tunnels(socket: &str) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok());
    processes.filter(|line| String::from_utf8_lossy(line).contains(&format!(":{socket}"))).count()
}

fn assert_no_tunnel(socket: &str) {
    let began = Instant::now();
    while tunnels(socket) > 0 {
        assert!(began.elapsed() < PATIENCE, "ssh is left behind");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn an_engine_is_reached_by_ssh_and_the_tunnel_ends_with_us() {
    let Some(server) = SshServer::start() else { return };
    let Some(engine) = Engine::start() else { return };
    let socket = engine.host().trim_start_matches("unix://").to_owned();
    let host = server.host(&socket);
    let ended = Ended::of(&with_ssh(&host, &server.client()).output().unwrap());
    assert!(ended.code == 0 && ended.stdout.contains("would free"), "{}", ended.text);
    assert_no_tunnel(&socket);

    // Killed while it waits, it takes its tunnel along too.
    let mut command = with_ssh(&host, &server.client());
    let mut child = command.env("TMPDIR", std::env::temp_dir()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while tunnels(&socket) == 0 && child.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_no_tunnel(&socket);

    for (client, socket, words) in [
        (server.client_without_host(), socket.as_str(), ["ost key", "log in once by hand"]),
        (server.client_with_refused_key(), socket.as_str(), ["ermission denied (", "must log in without a question"]),
        (server.client(), "/nonexistent/docker.sock", ["open failed", "usermod"]),
    ] {
        let ended = Ended::of(&with_ssh(&server.host(socket), &client).output().unwrap());
        assert!(ended.code == 5 && words.iter().all(|word| ended.text.contains(word)), "{words:?}: {}", ended.text);
        assert_no_tunnel(socket);
    }
}

#[test]
fn an_engine_is_reached_by_tls_and_strangers_are_told() {
    let Some(engine) = TlsEngine::start() else { return };
    let with = |folder: &Path| {
        let mut command = asked(&engine.host());
        Ended::of(&command.env("DOCKER_CERT_PATH", folder).env("DOCKER_TLS_VERIFY", "1").output().unwrap())
    };
    let good = with(&engine.certificates());
    assert_eq!(good.code, 0, "{}", good.text);
    let refused = with(&engine.refused_certificates());
    assert!(refused.code == 5 && refused.text.contains("refuses our certificate"), "{}", refused.text);
    let strange = with(&engine.strange_authority());
    assert!(strange.code == 5 && strange.text.contains("is not trusted") && strange.text.contains("ca.pem"), "{}", strange.text);
    let plain = Ended::of(&asked(&engine.host()).output().unwrap());
    assert_ne!(plain.code, 0, "{}", plain.text);
}
