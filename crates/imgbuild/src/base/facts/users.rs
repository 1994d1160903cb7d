//! Who a container's process is: `USER` looked up in /etc/passwd and /etc/group.

use std::fmt;
use std::str::FromStr;

use super::{Lookup, Node, Tree};

/// The numbers that a user has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Numeric user.
    pub uid: u64,
    /// Numeric group.
    pub gid: u64,
}

impl Identity {
    /// Who a process is when nobody says.
    pub const ROOT: Self = Self { uid: 0, gid: 0 };
}

impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.uid, self.gid)
    }
}

impl FromStr for Identity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || text.split_once(':').and_then(|(uid, gid)| Some(Self { uid: uid.parse().ok()?, gid: gid.parse().ok()? }));
        read().ok_or_else(|| format!("`{text}` is no `UID:GID`"))
    }
}

/// Looks up `user`, `uid`, `user:group` or `uid:gid` as an engine does: names must be there, numbers need not be.
pub(super) fn find(tree: &Tree, user: &str) -> Lookup<Identity> {
    let (user, group) = user.split_once(':').map_or((user, None), |(user, group)| (user, Some(group)));
    if user.is_empty() {
        return Lookup::Found(Identity::ROOT);
    }
    let account = match (text(tree, "etc/passwd"), user.parse()) {
        (Lookup::Unknown, _) => return Lookup::Unknown,
        (passwd, number) => {
            let lines = passwd.found().unwrap_or_default();
            match (account(lines, user), number) {
                (Some(account), _) => account,
                (None, Ok(uid)) => Identity { uid, gid: 0 },
                (None, Err(_)) => return Lookup::Absent,
            }
        }
    };
    let Some(group) = group.filter(|group| !group.is_empty()) else { return Lookup::Found(account) };
    let lines = match text(tree, "etc/group") {
        Lookup::Unknown => return Lookup::Unknown,
        found => found.found().unwrap_or_default(),
    };
    let named = fields(lines).find(|fields| fields.first() == Some(&group)).and_then(|fields| fields.get(2)?.parse().ok());
    named.or_else(|| group.parse().ok()).map(|gid| Identity { gid, ..account }).into()
}

/// The line of a user, by name or number (passwd(5)).
fn account(lines: &str, user: &str) -> Option<Identity> {
    let fields = fields(lines).find(|fields| fields.first() == Some(&user) || fields.get(2) == Some(&user))?;
    Some(Identity { uid: fields.get(2)?.parse().ok()?, gid: fields.get(3)?.parse().ok()? })
}

fn fields(lines: &str) -> impl Iterator<Item = Vec<&str>> {
    lines.lines().map(|line| line.split(':').collect())
}

fn text<'a>(tree: &'a Tree, path: &str) -> Lookup<&'a str> {
    tree.resolve(path).and_then(|found| match found.node {
        Some(Node::File(file)) => file.text.as_deref().into(),
        _ => Lookup::Absent,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{File, Permissions};
    use super::*;

    #[test]
    fn users_and_groups_are_found_by_name_and_number() {
        let mut tree = Tree::new();
        let passwd = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:app:/home/app:/bin/sh\nbroken\n";
        for (path, text) in [("etc/passwd", passwd), ("etc/group", "staff:x:50:\n")] {
            tree.put(path, Node::File(File { text: Some(text.into()), ..File::new(Permissions::root(0o644)) }));
        }
        let identity = |uid, gid| Lookup::Found(Identity { uid, gid });
        for (user, expected) in [
            ("", identity(0, 0)),
            ("app", identity(1000, 1001)),
            ("1000", identity(1000, 1001)),
            ("1234", identity(1234, 0)),
            ("app:staff", identity(1000, 50)),
            ("app:7", identity(1000, 7)),
            ("65532:65532", identity(65532, 65532)),
            ("app:nobody", Lookup::Absent),
            ("nobody", Lookup::Absent),
            ("broken", Lookup::Absent),
        ] {
            assert_eq!(find(&tree, user), expected, "{user}");
        }
        assert_eq!(find(&Tree::new(), "app"), Lookup::Absent);
        assert_eq!(find(&Tree::narrowed([]), "app"), Lookup::Unknown);
    }
}
