//! Debian's `openssh-server` on a loopback port, with keys of its own; nothing in /etc/ssh or ~/.ssh is read.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::process::{Running, free_address};
use super::require;
use crate::peer;

/// Where `sshd` wants an empty folder when root runs it.
const PRIVILEGE_FOLDER: &str = "/run/sshd";

/// A running `sshd` that lets the user of this process in.
#[derive(Debug)]
pub struct SshServer {
    port: u16,
    user: String,
    _running: Running,
    folder: TempDir,
}

impl SshServer {
    /// Starts one; a skip where it is not installed.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn start() -> Option<Self> {
        let (server, keys) = (require("sshd")?, require("ssh-keygen")?);
        require("ssh")?;
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("cannot make a folder for `sshd`: {error}"));
        let at = |name: &str| folder.path().join(name);
        for key in ["host", "id", "refused"] {
            drop(peer::output(keys.command().args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(at(key))));
        }
        let user = peer::output(Command::new("id").arg("-un")).trim().to_owned();
        if user == "root" {
            // Made by the package's service, which does not run here; an empty folder harms nobody.
            fs::create_dir_all(PRIVILEGE_FOLDER).unwrap_or_else(|error| panic!("cannot make `{PRIVILEGE_FOLDER}`: {error}"));
        }
        let port = free_address().port();
        let settings = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n",
            at("host").display(),
            at("id.pub").display(),
        );
        write(&at("sshd_config"), &settings);
        let public = fs::read_to_string(at("host.pub")).unwrap_or_else(|error| panic!("no host key: {error}"));
        let key: Vec<&str> = public.split(' ').take(2).collect();
        write(&at("known_hosts"), &format!("[127.0.0.1]:{port} {}\n", key.join(" ")));
        write(&at("unknown_hosts"), "");
        let mut running = Running::start("sshd", server.command().args(["-D", "-e", "-f"]).arg(at("sshd_config")), &at("log"));
        let listens = running.ready(|| std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        assert!(listens.is_some(), "`sshd` does not start: {}", running.log());
        Some(Self { port, user, _running: running, folder })
    }

    /// `ssh://USER@127.0.0.1:PORT` in front of a socket's path.
    #[must_use]
    pub fn host(&self, socket: &str) -> String {
        format!("ssh://{}@127.0.0.1:{}{socket}", self.user, self.port)
    }

    /// A folder whose `ssh` takes the good key and knows the host; for the front of `PATH`.
    #[must_use]
    pub fn client(&self) -> PathBuf {
        self.client_with("client", "id", "known_hosts")
    }

    /// The same with a key that the server refuses.
    #[must_use]
    pub fn client_with_refused_key(&self) -> PathBuf {
        self.client_with("refused-client", "refused", "known_hosts")
    }

    /// The same for a host that was never seen.
    #[must_use]
    pub fn client_without_host(&self) -> PathBuf {
        self.client_with("new-client", "id", "unknown_hosts")
    }

    fn client_with(&self, name: &str, key: &str, hosts: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("cannot make `{}`: {error}", folder.display()));
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        write(
            &folder.join("config"),
            &format!(
                "Host *\n  IdentityFile {}\n  IdentitiesOnly yes\n  UserKnownHostsFile {}\n  GlobalKnownHostsFile /dev/null\n  \
                 StrictHostKeyChecking yes\n",
                at(key),
                at(hosts)
            ),
        );
        let real = peer::path("ssh").unwrap_or_default();
        let script = folder.join("ssh");
        write(&script, &format!("#!/bin/sh\nexec {} -F {} \"$@\"\n", real.display(), folder.join("config").display()));
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))
            .unwrap_or_else(|error| panic!("cannot make `ssh` runnable: {error}"));
        folder
    }
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("cannot write `{}`: {error}", path.display()));
}
