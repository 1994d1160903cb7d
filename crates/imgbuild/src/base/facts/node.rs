//! What can be at a path.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::Elf;

/// Who may do what: permission bits and numeric owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Permissions {
    /// Permission bits, with those of set-id and sticky.
    pub mode: u32,
    /// Numeric user.
    pub uid: u64,
    /// Numeric group.
    pub gid: u64,
}

impl Permissions {
    /// `mode` for the owner 0:0.
    #[must_use]
    pub const fn root(mode: u32) -> Self {
        Self { mode, uid: 0, gid: 0 }
    }

    /// Whether anybody may execute it.
    #[must_use]
    pub const fn is_executable(self) -> bool {
        self.mode & 0o111 != 0
    }
}

/// `0755`, and ` UID:GID` where the owner is not 0:0.
impl fmt::Display for Permissions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04o}", self.mode)?;
        if (self.uid, self.gid) == (0, 0) { Ok(()) } else { write!(formatter, " {}:{}", self.uid, self.gid) }
    }
}

impl FromStr for Permissions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (mode, owner) = text.split_once(' ').unwrap_or((text, "0:0"));
            let (uid, gid) = owner.split_once(':')?;
            let mode = u32::from_str_radix(mode, 8).ok().filter(|mode| *mode <= 0o7777)?;
            Some(Self { mode, uid: uid.parse().ok()?, gid: gid.parse().ok()? })
        };
        read().ok_or_else(|| format!("`{text}` are no permissions: write a mode such as `0755`, and ` UID:GID` where it is not `0:0`"))
    }
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A folder.
    Folder(Permissions),
    /// A regular file.
    File(File),
    /// A symbolic link to this target, as it is written.
    Symlink(String),
    /// A device, a pipe or a socket.
    Special,
}

/// A regular file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Mode and owner.
    pub permissions: Permissions,
    /// What its ELF headers say, where it is a program called `java`.
    pub elf: Option<Arc<Elf>>,
    /// Its content, where it is /etc/passwd or /etc/group, or the lines that count, where it is the `release` of a JDK.
    pub text: Option<Arc<str>>,
}

impl File {
    /// A file of which nothing but its permissions is known.
    #[must_use]
    pub const fn new(permissions: Permissions) -> Self {
        Self { permissions, elf: None, text: None }
    }
}

/// `folder 0755`, `file 0644 0:42`, `link /etc/alternatives/java`, `special`: without what is known of a file's content.
impl fmt::Display for Node {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(permissions) => write!(formatter, "folder {permissions}"),
            Self::File(file) => write!(formatter, "file {}", file.permissions),
            Self::Symlink(target) => write!(formatter, "link {target}"),
            Self::Special => formatter.write_str("special"),
        }
    }
}

impl FromStr for Node {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(' ') {
            Some(("folder", permissions)) => permissions.parse().map(Self::Folder),
            Some(("file", permissions)) => permissions.parse().map(|permissions| Self::File(File::new(permissions))),
            Some(("link", target)) if !target.is_empty() => Ok(Self::Symlink(target.to_owned())),
            None if text == "special" => Ok(Self::Special),
            _ => Err(format!("`{text}` is no node: write `folder MODE`, `file MODE`, `link TARGET` or `special`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_read_back_as_they_were_written() {
        let owned = Permissions { mode: 0o1777, uid: 1000, gid: 42 };
        let nodes = [
            (Node::Folder(Permissions::root(0o755)), "folder 0755"),
            (Node::Folder(owned), "folder 1777 1000:42"),
            (Node::File(File::new(Permissions::root(0))), "file 0000"),
            (Node::Symlink("/usr/lib x".to_owned()), "link /usr/lib x"),
            (Node::Special, "special"),
        ];
        for (node, text) in nodes {
            assert_eq!((node.to_string().as_str(), text.parse()), (text, Ok(node)));
        }
        for text in ["", "folder", "folder 8", "folder 17777", "file 0644 0", "file 0644 0:-1", "link", "link ", "door 0755"] {
            assert!(text.parse::<Node>().is_err(), "{text}");
        }
    }
}
