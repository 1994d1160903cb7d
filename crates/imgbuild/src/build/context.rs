//! The context of a Dockerfile: the folder that COPY takes files from.
//!
//! Nothing outside of it is read, whatever links say, and what `.dockerignore` leaves out is not seen.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::Error;
use crate::recipe::{Dockerfile, Ignore, Pattern};

/// The most bytes of a `.dockerignore`.
const MAX_IGNORE: u64 = 1 << 20;

/// A context.
#[derive(Debug)]
pub(super) struct Context {
    /// Its path without links.
    root: PathBuf,
    ignore: Ignore,
}

/// A source of a COPY that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Its path from the context, for messages.
    pub(super) name: String,
    /// Its path on this machine, without links.
    pub(super) path: PathBuf,
    pub(super) is_folder: bool,
}

/// Something below a folder that is copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Below {
    /// Its path from that folder.
    pub(super) relative: String,
    pub(super) path: PathBuf,
    pub(super) kind: BelowKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BelowKind {
    Folder,
    File { executable: bool },
    Symlink(String),
}

impl Context {
    /// Opens the context of a Dockerfile. `NAME.dockerignore` beside the Dockerfile goes before the context's own.
    pub(super) fn open(folder: &Path, dockerfile: &Dockerfile) -> Result<Self, Error> {
        let failed = |source| Error::Context { path: folder.to_owned(), source };
        let root = folder.canonicalize().map_err(failed)?;
        if !root.is_dir() {
            return Err(failed(io::ErrorKind::NotADirectory.into()));
        }
        let beside = dockerfile.path().map(|path| {
            let mut name = path.as_os_str().to_owned();
            name.push(".dockerignore");
            PathBuf::from(name)
        });
        for path in beside.into_iter().chain([root.join(".dockerignore")]) {
            match read_ignore(&path) {
                Ok(ignore) => return Ok(Self { root, ignore }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(Error::Context { path, source }),
            }
        }
        Ok(Self { root, ignore: Ignore::default() })
    }

    /// The files and folders that a pattern of COPY means, sorted; empty where there are none.
    pub(super) fn find(&self, pattern: &str) -> io::Result<Vec<Found>> {
        let invalid = |reason: String| io::Error::new(io::ErrorKind::InvalidInput, reason);
        let parts: Vec<&str> = pattern.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        if parts.contains(&"..") {
            return Err(invalid("it leads out of the context".to_owned()));
        }
        let mut names = BTreeSet::from([String::new()]);
        for part in parts {
            let pattern = Pattern::parse(part).map_err(invalid)?;
            let mut next = BTreeSet::new();
            for folder in &names {
                match pattern.literal() {
                    Some(name) => drop(next.insert(join(folder, &name))),
                    None => next.extend(self.children(folder, &pattern)?),
                }
            }
            names = next;
        }
        let mut found = Vec::new();
        for name in names {
            if let Some(one) = self.look(name)? {
                found.push(one);
            }
        }
        Ok(found)
    }

    /// The names in a folder that match.
    fn children(&self, folder: &str, pattern: &Pattern) -> io::Result<Vec<String>> {
        let Some(Found { path, is_folder: true, .. }) = self.look(folder.to_owned())? else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        for entry in fs::read_dir(path)? {
            let name = entry?.file_name();
            if let Some(name) = name.to_str().filter(|name| pattern.matches(name)) {
                names.push(join(folder, name));
            }
        }
        Ok(names)
    }

    /// What has this name, links followed; nothing where it is left out.
    fn look(&self, name: String) -> io::Result<Option<Found>> {
        let path = match self.root.join(&name).canonicalize() {
            Ok(path) => path,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Ok(real) = path.strip_prefix(&self.root) else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{name}` is a link that leads out of the context")));
        };
        let is_folder = path.is_dir();
        let is_left_out = |name: &str| !name.is_empty() && self.ignore.leaves_out(name) && !(is_folder && self.ignore.has_exceptions());
        let left_out = is_left_out(&name) || real.to_str().is_some_and(is_left_out);
        Ok((!left_out).then_some(Found { name, path, is_folder }))
    }

    /// Everything below a folder, sorted. Links stay links.
    pub(super) fn below(&self, folder: &Found) -> io::Result<Vec<Below>> {
        let mut below = Vec::new();
        let mut walk = WalkDir::new(&folder.path).sort_by_file_name().min_depth(1).into_iter();
        while let Some(entry) = walk.next() {
            let entry = entry?;
            let relative = entry.path().strip_prefix(&folder.path).unwrap_or(entry.path());
            let relative =
                relative.to_str().ok_or_else(|| io::Error::other(format!("the name of `{}` is not UTF-8", entry.path().display())))?;
            let is_folder = entry.file_type().is_dir();
            if self.ignore.leaves_out(&join(&folder.name, relative)) {
                // Without exceptions nothing below can be seen; with them a folder appears when something in it does.
                if is_folder && !self.ignore.has_exceptions() {
                    walk.skip_current_dir();
                }
                continue;
            }
            below.push(Below { relative: relative.to_owned(), path: entry.path().to_owned(), kind: kind(&entry)? });
        }
        Ok(below)
    }
}

fn kind(entry: &walkdir::DirEntry) -> io::Result<BelowKind> {
    let file_type = entry.file_type();
    if file_type.is_dir() {
        Ok(BelowKind::Folder)
    } else if file_type.is_symlink() {
        let target = fs::read_link(entry.path())?;
        let target = target.to_str().ok_or_else(|| io::Error::other(format!("the target of `{}` is not UTF-8", entry.path().display())))?;
        Ok(BelowKind::Symlink(target.to_owned()))
    } else if file_type.is_file() {
        Ok(BelowKind::File { executable: is_executable(entry.path())? })
    } else {
        Err(io::Error::other(format!("`{}` is a device, a pipe or a socket", entry.path().display())))
    }
}

/// Whether its owner may execute a file: all of its mode that the umask of a machine does not change.
pub(super) fn is_executable(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(path)?.permissions().mode() & 0o100 != 0)
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn read_ignore(path: &Path) -> io::Result<Ignore> {
    let mut text = String::new();
    fs::File::open(path)?.take(MAX_IGNORE).read_to_string(&mut text)?;
    Ignore::parse(&text).map_err(|(line, reason)| io::Error::new(io::ErrorKind::InvalidData, format!("line {line}: {reason}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(ignore: &str) -> (tempfile::TempDir, Context) {
        let folder = tempfile::tempdir().unwrap();
        for name in ["build/libs/app.jar", "build/libs/app-plain.jar", "src/A.java", "run.sh", "secret/key"] {
            fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            fs::write(folder.path().join(name), name).unwrap();
        }
        fs::write(folder.path().join(".dockerignore"), ignore).unwrap();
        let context = Context::open(folder.path(), &Dockerfile::parse("FROM a").unwrap()).unwrap();
        (folder, context)
    }

    fn names(context: &Context, pattern: &str) -> Vec<String> {
        context.find(pattern).unwrap().into_iter().map(|found| found.name).collect()
    }

    #[test]
    fn patterns_mean_what_is_not_left_out() {
        let (_folder, context) = context("secret\n**/*-plain.jar\n");
        assert_eq!(names(&context, "build/libs/*.jar"), ["build/libs/app.jar"]);
    }

    #[test]
    fn folders_are_walked_without_what_is_left_out() {
        let (folder, context) = context("*\n!build/libs\n");
        let root = context.find(".").unwrap();
        let below: Vec<String> = context.below(&root[0]).unwrap().into_iter().map(|below| below.relative).collect();
        assert_eq!(below, ["build/libs", "build/libs/app-plain.jar", "build/libs/app.jar"]);
        assert!(names(&context, "src/A.java").is_empty() && names(&context, "none").is_empty());
        fs::write(folder.path().join(".dockerignore"), "[").unwrap();
        assert!(Context::open(folder.path(), &Dockerfile::parse("FROM a").unwrap()).is_err());
    }

    #[test]
    fn nothing_outside_is_read() {
        let (folder, context) = context("");
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("x"), "x").unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("out")).unwrap();
        std::os::unix::fs::symlink("run.sh", folder.path().join("start")).unwrap();
        assert!(context.find("out/x").is_err() && context.find("../x").is_err());
        assert!(context.find("start").unwrap()[0].path.ends_with("run.sh"), "a link is followed where it is the source");
    }
}
