//! What Java, Python and unzip say of archives: the readers that have to agree about what is taken.

use std::fs;
use std::path::{Path, PathBuf};

use crate::peer;

/// What Java says of each archive, in order: `|name=checksum` of each entry, or `!` and why it refuses. `None` without Java.
///
/// # Panics
/// When Java cannot be run.
#[must_use]
pub fn java(archives: &[PathBuf]) -> Option<Vec<String>> {
    views("java", ("View.java", include_str!("View.java")), archives)
}

/// The same by Python's `zipfile`.
///
/// # Panics
/// When Python cannot be run.
#[must_use]
pub fn python(archives: &[PathBuf]) -> Option<Vec<String>> {
    views("python3", ("view.py", include_str!("view.py")), archives)
}

/// Whether unzip reads each archive without a warning but the one about a script in front.
///
/// # Panics
/// When unzip cannot be run.
#[must_use]
pub fn unzip(archives: &[PathBuf]) -> Option<Vec<bool>> {
    let takes = |path: &PathBuf| {
        let mut command = peer::find("unzip")?;
        let output = command.args(["-t", "-P", ""]).arg(path).output();
        let output = output.unwrap_or_else(|error| panic!("unzip: {error}"));
        let text = peer::text(&output);
        let only_prefix = text.contains("extra bytes at beginning or within zipfile") && text.matches("warning").count() == 1;
        Some(output.status.code() == Some(0) || output.status.code() == Some(1) && only_prefix)
    };
    archives.iter().map(takes).collect()
}

/// Size and name of each entry as `unzip -l` lists them.
///
/// # Panics
/// When unzip cannot list the archive.
#[must_use]
pub fn unzip_list(archive: &Path) -> Option<Vec<(u64, String)>> {
    let mut command = peer::find("unzip")?;
    let output = command.args(["-lqq", "-UU"]).arg(archive).env("LC_ALL", "C.UTF-8").output();
    let output = output.unwrap_or_else(|error| panic!("unzip: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // `   123  2025-01-01 00:00   name`; a name may hold spaces.
    let line = |line: &str| {
        let mut rest = line.trim_start();
        let mut words = Vec::new();
        for _ in 0..3 {
            let (word, after) = rest.split_once(' ')?;
            words.push(word);
            rest = after.trim_start();
        }
        Some((words.first()?.parse().ok()?, rest.to_owned()))
    };
    Some(text.lines().filter_map(line).collect())
}

/// A spelling of a name in which the judges can be compared.
#[must_use]
pub fn escaped(name: &str) -> String {
    let one = |character: char| match u32::from(character) {
        33..=126 => character.to_string(),
        code => format!("<{code:x}>"),
    };
    name.chars().map(one).collect()
}

fn views(program: &str, script: (&str, &str), archives: &[PathBuf]) -> Option<Vec<String>> {
    let mut command = peer::find(program)?;
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no folder: {error}"));
    let script_path = folder.path().join(script.0);
    fs::write(&script_path, script.1).unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = peer::output(command.arg(script_path).args(archives));
    Some(said.lines().map(str::to_owned).collect())
}
