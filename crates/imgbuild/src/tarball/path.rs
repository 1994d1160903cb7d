//! Paths in archives.

/// A path without a `/` in front and without `.`, `..` and empty parts, as it lies below the root once unpacked.
#[must_use]
pub fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// What a symbolic link at `name` with this target leads to, as a path below the root.
#[must_use]
pub fn beside(name: &str, target: &str) -> String {
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    if target.starts_with('/') { plain(target) } else { plain(&format!("{folder}/{target}")) }
}
