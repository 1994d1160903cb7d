//! An image's files, unpacked by `umoci`, and its programs, run by `qemu` when they are of another machine.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::layout::copy_single;
use super::{require, root};
use crate::peer;

/// Runs a program with `$1` as its root and `$2` as its directory there. The kernel's own folders are mounted for it alone.
const INSIDE: &str = r#"
root=$1 directory=$2
shift 2
mkdir -p "$root/proc" "$root/dev"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
exec unshare --root="$root" --wd="$directory" "$@"
"#;

/// Where the emulator lies in an unpacked image.
const EMULATOR: &str = "qemu";

/// The root file system of one platform's image.
#[derive(Debug)]
pub struct Unpacked {
    emulated: bool,
    bundle: TempDir,
}

impl Unpacked {
    /// Unpacks the image of one Linux architecture; `source` and `credentials` as in [`copy_single`].
    ///
    /// A skip where `skopeo` or `umoci` is missing.
    ///
    /// # Panics
    /// Where one of them refuses the image.
    #[must_use]
    pub fn from(source: &str, architecture: &str, credentials: Option<&str>) -> Option<Self> {
        let umoci = require("umoci")?;
        if !root() {
            peer::skip("`umoci unpack` needs root");
            return None;
        }
        let bundle = tempfile::tempdir().unwrap_or_else(|error| panic!("cannot make a folder for an image: {error}"));
        let layout = bundle.path().join("layout");
        copy_single(source, architecture, credentials, &layout)?;
        let image = format!("{}:image", layout.display());
        umoci.run(["unpack".as_ref(), "--image".as_ref(), image.as_ref(), bundle.path().join("bundle").as_os_str()]);
        let native = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        Some(Self { emulated: architecture != native, bundle })
    }

    /// Where `/` of the image lies.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.bundle.path().join("bundle/rootfs")
    }

    /// A command that runs the image's program `path` in its directory `workdir`, both absolute in the image.
    ///
    /// A program of another machine is given to the emulator, which is put into the root for that; the kernel is told nothing.
    /// A skip where the emulator is missing.
    ///
    /// # Panics
    /// Where the emulator cannot be copied.
    #[must_use]
    pub fn command(&self, path: &str, workdir: &str) -> Option<Command> {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", INSIDE, "sh"]);
        command.arg(self.root()).arg(workdir).stdin(Stdio::null());
        if self.emulated {
            let emulator = require(if cfg!(target_arch = "aarch64") { "qemu-x86_64-static" } else { "qemu-aarch64-static" })?;
            let copied = fs::copy(emulator.path(), self.root().join(EMULATOR));
            copied.unwrap_or_else(|error| panic!("cannot copy `{}`: {error}", emulator.path().display()));
            command.arg(format!("/{EMULATOR}"));
        }
        command.arg(path);
        Some(command)
    }
}
