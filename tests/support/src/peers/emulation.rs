//! An image's files, unpacked by `umoci`, and its programs, run by `qemu` when they are of another machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::layout::copy_single;
use super::{Peer, require};

/// The root file system of one platform's image.
#[derive(Debug)]
pub struct Unpacked {
    emulator: Option<Peer>,
    bundle: TempDir,
}

impl Unpacked {
    /// Unpacks the image of one Linux architecture; `source` and `credentials` as in [`copy_single`].
    ///
    /// A skip where `skopeo`, `umoci` or the emulator is missing.
    ///
    /// # Panics
    /// Where one of them refuses the image.
    #[must_use]
    pub fn from(source: &str, architecture: &str, credentials: Option<&str>) -> Option<Self> {
        let umoci = require("umoci")?;
        let emulator = match architecture {
            "arm64" if cfg!(not(target_arch = "aarch64")) => Some(require("qemu-aarch64-static")?),
            "amd64" if cfg!(not(target_arch = "x86_64")) => Some(require("qemu-x86_64-static")?),
            _ => None,
        };
        let bundle = tempfile::tempdir().unwrap_or_else(|error| panic!("cannot make a folder for an image: {error}"));
        let layout = bundle.path().join("layout");
        copy_single(source, architecture, credentials, &layout)?;
        let image = format!("{}:image", layout.display());
        umoci.run(["unpack".as_ref(), "--image".as_ref(), image.as_ref(), bundle.path().join("bundle").as_os_str()]);
        Some(Self { emulator, bundle })
    }

    /// Where `/` of the image lies.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.bundle.path().join("bundle/rootfs")
    }

    /// A command that runs the image's program `path` in its directory `workdir`, both absolute in the image.
    ///
    /// # Panics
    /// Where the program's path leads out of the image.
    #[must_use]
    pub fn command(&self, path: &str, workdir: &str) -> Command {
        let root = self.root();
        let mut command = if let Some(emulator) = &self.emulator {
            // `-L` shows the image's files where the program looks for `/…`; the kernel is told nothing.
            let mut command = emulator.command();
            command.arg("-L").arg(&root).arg(resolve(&root, path));
            command
        } else {
            let mut command = Command::new("chroot");
            command.arg(&root).arg(path);
            command
        };
        command.current_dir(root.join(workdir.trim_start_matches('/')));
        command
    }
}

/// Follows symlinks as they read inside the root, so that none leads to this machine's files.
fn resolve(root: &Path, path: &str) -> PathBuf {
    let mut pending: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
    let mut resolved = PathBuf::new();
    let mut followed = 0;
    while let Some(component) = pending.pop() {
        match component.as_str() {
            "" | "." => {}
            ".." => {
                resolved.pop();
            }
            name => match std::fs::read_link(root.join(&resolved).join(name)) {
                Ok(target) => {
                    followed += 1;
                    assert!(followed < 40, "too many symlinks on the way to `{path}`");
                    if target.is_absolute() {
                        resolved = PathBuf::new();
                    }
                    pending.extend(target.to_string_lossy().split('/').rev().map(str::to_owned));
                }
                Err(_) => resolved.push(name),
            },
        }
    }
    root.join(resolved)
}
