//! Networks of our own: namespaces joined by a bridge, which leave this machine's network alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{require, root};
use crate::peer;

/// A network namespace, kept by a file.
#[derive(Debug)]
pub(super) struct Namespace(PathBuf);

impl Namespace {
    /// Makes one that the file keeps; a skip where that is not allowed here.
    pub(super) fn create(file: &Path) -> Option<Self> {
        require("unshare")?;
        require("nsenter")?;
        require("ip")?;
        fs::write(file, "").unwrap_or_else(|error| panic!("cannot write `{}`: {error}", file.display()));
        let made = Command::new("unshare").arg(format!("--net={}", file.display())).arg("true").output();
        if !root() || !made.as_ref().is_ok_and(|made| made.status.success()) {
            peer::skip(format_args!("network namespaces are not allowed here: {made:?}"));
            return None;
        }
        let namespace = Self(file.to_owned());
        namespace.run(["ip", "link", "set", "lo", "up"]);
        Some(namespace)
    }

    /// The words that run the program behind them in it.
    pub(super) fn words(&self) -> Vec<String> {
        // Not `ip netns exec`: that mounts another /sys, in which `dockerd` misses its control groups.
        vec!["nsenter".to_owned(), format!("--net={}", self.0.display())]
    }

    /// Runs a program in it that must succeed.
    pub(super) fn run<'a>(&self, words: impl IntoIterator<Item = &'a str>) {
        drop(peer::output(Command::new("nsenter").arg(format!("--net={}", self.0.display())).args(words)));
    }

    /// Joins `other` to the bridge `br0` of this one, with `address` as `eth0`; `port` is the cable's end here.
    pub(super) fn join(&self, other: &Self, port: &str, address: &str) {
        let there = other.0.display().to_string();
        self.run(["ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", &there]);
        self.run(["ip", "link", "set", port, "master", "br0", "up"]);
        other.run(["ip", "addr", "add", address, "dev", "eth0"]);
        other.run(["ip", "link", "set", "eth0", "up"]);
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(Command::new("umount").args(["--lazy"]).arg(&self.0).output());
    }
}
