//! The files that a recipe names → the files of a layer.

use std::fs;
use std::io;
use std::path::Path;

use bytes::Bytes;
use walkdir::WalkDir;

use super::Error;
use crate::layer::{Attributes, Entry, FileContent, Files, Kind};
use crate::oci::Platform;
use crate::recipe::{Injected, Recipe};

/// The layer's name in messages and in the history.
pub(super) const CONFIG_LAYER: &str = "config";
/// The layer's name in messages and in the history.
pub(super) const ADDITIONS_LAYER: &str = "additions";

/// Configuration files are read at once: small, and secret, so that they are never copied to a disk.
const MAX_CONFIG_FILE: u64 = 64 << 20;

/// The files of the configuration layer for `platform`.
pub(super) fn configs(recipe: &Recipe, platform: &Platform) -> Result<Files, Error> {
    let mut files = Files::new();
    for config in recipe.configs.iter().filter(|config| config.is_for(platform)) {
        let attributes = with_mode(recipe.attributes(Attributes::FILE), config.mode);
        let content = read(&config.source).map_err(|source| unreadable(config, &config.source, source))?;
        let added = files.add_file(&config.destination, Bytes::from(content), attributes);
        added.map_err(|source| Error::Layer { name: CONFIG_LAYER.to_owned(), source })?;
    }
    Ok(files)
}

/// The files of the layer of additions for `platform`.
pub(super) fn additions(recipe: &Recipe, platform: &Platform) -> Result<Files, Error> {
    let mut files = Files::new();
    for addition in recipe.additions.iter().filter(|addition| addition.is_for(platform)) {
        if addition.source.is_dir() {
            add_folder(&mut files, recipe, addition)?;
        } else {
            let attributes = with_mode(recipe.attributes(Attributes::FILE), addition.mode);
            add_file(&mut files, addition, &addition.source, &addition.destination, attributes)?;
        }
    }
    Ok(files)
}

/// A folder's content goes below the destination, as COPY does it. Modes are ours, except that what may be executed stays so.
fn add_folder(files: &mut Files, recipe: &Recipe, addition: &Injected) -> Result<(), Error> {
    let failed = |path: &Path, source| unreadable(addition, path, source);
    for entry in WalkDir::new(&addition.source).sort_by_file_name().min_depth(1) {
        let entry = entry.map_err(|error| failed(&addition.source, error.into()))?;
        let relative = entry.path().strip_prefix(&addition.source).unwrap_or(entry.path());
        let relative = relative.to_str().ok_or_else(|| failed(entry.path(), io::Error::other("its name is not UTF-8")))?;
        let path = format!("{}/{relative}", addition.destination.trim_end_matches('/'));
        let file_type = entry.file_type();
        if file_type.is_dir() {
            add(files, &path, Entry { kind: Kind::Folder, attributes: recipe.attributes(Attributes::FOLDER) })?;
        } else if file_type.is_symlink() {
            let target = fs::read_link(entry.path()).map_err(|error| failed(entry.path(), error))?;
            let target = target.to_str().ok_or_else(|| failed(entry.path(), io::Error::other("its target is not UTF-8")))?;
            let attributes = recipe.attributes(Attributes { mode: 0o777, ..Attributes::FILE });
            add(files, &path, Entry { kind: Kind::Symlink(target.to_owned()), attributes })?;
        } else {
            let attributes = with_mode(recipe.attributes(executable_mode(&entry)), addition.mode);
            add_file(files, addition, entry.path(), &path, attributes)?;
        }
    }
    Ok(())
}

fn add_file(files: &mut Files, addition: &Injected, source: &Path, path: &str, attributes: Attributes) -> Result<(), Error> {
    let content = FileContent::new(source).map_err(|error| unreadable(addition, source, error))?;
    files.add_file(path, content, attributes).map_err(|source| Error::Layer { name: ADDITIONS_LAYER.to_owned(), source })
}

fn add(files: &mut Files, path: &str, entry: Entry) -> Result<(), Error> {
    files.add(path, entry).map_err(|source| Error::Layer { name: ADDITIONS_LAYER.to_owned(), source })
}

/// 0755 for what its owner may execute, else 0644: the umask of the machine must not change the digest.
fn executable_mode(entry: &walkdir::DirEntry) -> Attributes {
    use std::os::unix::fs::PermissionsExt as _;
    let executable = entry.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o100 != 0);
    Attributes { mode: if executable { 0o755 } else { 0o644 }, ..Attributes::FILE }
}

fn with_mode(attributes: Attributes, mode: Option<u32>) -> Attributes {
    Attributes { mode: mode.unwrap_or(attributes.mode), ..attributes }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let size = fs::metadata(path)?.len();
    if size > MAX_CONFIG_FILE {
        let reason = format!("it has {size} bytes; a configuration has at most {MAX_CONFIG_FILE}, larger files go in with `--add`");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    fs::read(path)
}

fn unreadable(injected: &Injected, path: &Path, source: io::Error) -> Error {
    Error::Injected { path: path.to_owned(), destination: injected.destination.clone(), source }
}
