//! Who may read a file: its mode and owner, and those of the folders above it.

use super::super::{ConfigFile, Subject};
use crate::base::facts::{Identity, Lookup, Node, Permissions, Resolved};

const READ: u32 = 0o4;
const ENTER: u32 = 0o1;

/// Why the image's user cannot read a file, and what to do.
pub(super) fn obstacle(subject: &Subject<'_>, config: &ConfigFile) -> Option<(String, String)> {
    let facts = subject.facts?;
    let Lookup::Found(user) = facts.user(&subject.start.user) else { return None };
    for (at, _) in config.destination.match_indices('/').skip(1) {
        let folder = &config.destination[..at];
        if let Lookup::Found(found) = facts.folder(folder)
            && !may(user, found.permissions, ENTER)
        {
            let reason = format!("the image's user {user} may not enter `{folder}` ({})", found.permissions);
            return Some((reason, format!("put it elsewhere, such as `{}`, or change the user with `--user`", usual(subject, config))));
        }
    }
    let Lookup::Found(Resolved { node: Some(Node::File(file)), .. }) = facts.resolve(&config.destination) else { return None };
    if may(user, file.permissions, READ) {
        return None;
    }
    let reason = format!("the image's user {user} may not read it ({})", file.permissions);
    let fix = format!("`--config {}:{}:0644`, or give it to that user with `--chown {user}`", config.source, config.destination);
    Some((reason, fix))
}

fn usual(subject: &Subject<'_>, config: &ConfigFile) -> String {
    format!("{}/config/{}", subject.working_dir().trim_end_matches('/'), config.file_name())
}

/// Linux's rule: root may, else the first of owner, group and others that fits decides (`path_resolution(7)`).
fn may(user: Identity, permissions: Permissions, bit: u32) -> bool {
    let shift = if user.uid == permissions.uid {
        6
    } else if user.gid == permissions.gid {
        3
    } else {
        0
    };
    user.uid == 0 || permissions.mode >> shift & bit != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_fits_decides() {
        let user = |uid, gid| Identity { uid, gid };
        let table = [
            (user(0, 0), 0o000, true),
            (user(1, 1), 0o600, true),
            (user(1, 1), 0o044, false),
            (user(2, 1), 0o604, false),
            (user(2, 1), 0o040, true),
            (user(2, 2), 0o004, true),
            (user(2, 2), 0o640, false),
        ];
        for (user, mode, expected) in table {
            assert_eq!(may(user, Permissions { mode, uid: 1, gid: 1 }, READ), expected, "{user} {mode:o}");
        }
    }
}
