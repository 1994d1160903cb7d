//! The socket of another machine's engine, brought here by ssh.
//!
//! The user's own ssh and its configuration decide about host keys and identities; nothing is asked. The tunnel ends with
//! us, however we end: a shell between holds the end of a pipe, and ends ssh and removes the socket when that closes.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use super::{Error, Host, host::Remote};

/// How long it may take until the engine answers: ssh's own limit for a connection and a little more.
const READY_LIMIT: Duration = Duration::from_secs(20);
const INTERVAL: Duration = Duration::from_millis(50);
/// What ssh says is kept up to this size.
const MAX_SAID_BYTES: usize = 16 << 10;
/// A Unix socket's path has at most 107 bytes (unix(7)).
const MAX_PATH_BYTES: usize = 107;

/// `$1` is the socket, the rest is the command. File 3 is the pipe from us.
const KEEPER: &str = r#"
exec 3<&0
socket=$1; shift
"$@" </dev/null 3<&- & ssh=$!
{ while read -r _; do :; done <&3; kill "$ssh"; } 2>/dev/null & watcher=$!
wait "$ssh"; code=$?
kill "$watcher" 2>/dev/null
rm -f "$socket"; rmdir "${socket%/*}" 2>/dev/null
exit "$code"
"#;

/// A running ssh that forwards a socket of ours to the engine's.
#[derive(Debug)]
pub(super) struct Tunnel {
    keeper: Child,
    said: Arc<Mutex<Vec<u8>>>,
    socket: PathBuf,
    // The folder is private: who can open the socket can do anything on the other machine.
    _folder: TempDir,
}

impl Tunnel {
    /// Starts ssh and waits until `answers` says that the engine can be asked through the socket.
    pub(super) async fn open<F: Future<Output = bool>>(remote: &Remote, answers: impl Fn(PathBuf) -> F) -> Result<Self, Error> {
        let fail = |reason: String| Error::Ssh { host: Host::Ssh(remote.clone()).to_string(), reason };
        let folder = folder().map_err(|error| fail(format!("cannot make a folder for the socket: {error}")))?;
        let socket = folder.path().join("s");
        let mut keeper = command(remote, &socket).spawn().map_err(|error| fail(format!("cannot start `sh`: {error}")))?;
        let said = Arc::new(Mutex::new(Vec::new()));
        if let Some(stderr) = keeper.stderr.take() {
            tokio::spawn(listen(stderr, Arc::clone(&said)));
        }
        let mut tunnel = Self { keeper, said, socket, _folder: folder };
        let until = Instant::now() + READY_LIMIT;
        loop {
            if tunnel.socket.exists() && answers(tunnel.socket.clone()).await {
                return Ok(tunnel);
            }
            let ended = tunnel.has_ended();
            if ended {
                // What ssh said last may still be in the pipe.
                tokio::time::sleep(INTERVAL).await;
            }
            let said = tunnel.said();
            if ended || said.contains("open failed") || Instant::now() > until {
                return Err(fail(if said.is_empty() { "it does not answer".to_owned() } else { said }));
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Whether ssh has ended by itself.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.keeper.try_wait(), Ok(None))
    }

    /// The lines that ssh wrote, each once.
    fn said(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&said);
        let mut lines: Vec<&str> = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.chars().all(|character| character == '@')) {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines.join("; ")
    }
}

fn folder() -> std::io::Result<TempDir> {
    let make = |parent: &Path| tempfile::Builder::new().prefix("imgbuild-").tempdir_in(parent);
    let usual = make(&std::env::temp_dir())?;
    if usual.path().as_os_str().len() + "/s.0123456789abcdef".len() <= MAX_PATH_BYTES { Ok(usual) } else { make(Path::new("/tmp")) }
}

fn command(remote: &Remote, socket: &Path) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(KEEPER).arg("sh").arg(socket).args(["ssh", "-nNT"]);
    for option in [
        "BatchMode=yes",
        "ExitOnForwardFailure=yes",
        "StreamLocalBindUnlink=yes",
        "StreamLocalBindMask=0177",
        "ServerAliveInterval=15",
        "ServerAliveCountMax=3",
        "ConnectTimeout=10",
        "ControlMaster=no",
        "ControlPath=none",
    ] {
        command.args(["-o", option]);
    }
    command.arg("-L").arg(format!("{}:{}", socket.display(), remote.socket));
    if let Some(port) = remote.port {
        command.args(["-p", &port.to_string()]);
    }
    if let Some(user) = &remote.user {
        command.args(["-l", user]);
    }
    command.args(["--", &remote.host]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    // Ctrl-C at the terminal is ours to answer: what goes on is said through this tunnel.
    command.process_group(0);
    command
}

async fn listen(mut stderr: tokio::process::ChildStderr, said: Arc<Mutex<Vec<u8>>>) {
    let mut piece = [0; 1024];
    while let Ok(length @ 1..) = stderr.read(&mut piece).await {
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MAX_SAID_BYTES.saturating_sub(said.len());
        said.extend_from_slice(&piece[..length.min(room)]);
    }
}
