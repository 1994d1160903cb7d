//! The product's rules for the archives of its own layers, entry by entry.

use super::{NodeKind, Tree, Validator, report::Report, tree::clean};
use crate::archive::{Kind, Member, fits_ustar};

/// Largest owner and group that a USTAR field holds: seven octal digits.
const USTAR_OWNER: u64 = 0o777_7777;

/// Judges a layer's entries; `below` is the file system under it.
pub(super) fn judge(validator: &Validator, report: &mut Report, place: &str, members: &[Member], below: &Tree) {
    order(report, place, members);
    let own = Tree::new(members);
    for member in members {
        let place = format!("{place} `{}`", member.path);
        for what in name_problems(&member.path).into_iter().chain(header_problems(member)) {
            report.problem(&place, what);
        }
        for what in value_problems(validator, member, below).into_iter().chain(parent_problem(&member.path, &own, below)) {
            report.problem(&place, what);
        }
    }
}

/// Paths must be unique and sorted: by their bytes, or component by component.
fn order(report: &mut Report, place: &str, members: &[Member]) {
    let paths: Vec<String> = members.iter().map(|member| clean(&member.path)).collect();
    let by_bytes = paths.is_sorted();
    let by_component = paths.is_sorted_by(|one, other| one.split('/').le(other.split('/')));
    if !by_bytes && !by_component {
        let unsorted = paths.windows(2).find(|pair| pair[0] > pair[1]).map_or("", |pair| &pair[1]);
        report.problem(place, format!("its entries are not sorted: `{unsorted}`"));
    }
    let mut sorted = paths;
    sorted.sort();
    for pair in sorted.windows(2).filter(|pair| pair[0] == pair[1]) {
        report.problem(place, format!("two entries have the path `{}`", pair[0]));
    }
}

fn name_problems(path: &str) -> Vec<String> {
    let mut found = Vec::new();
    if path.starts_with('/') {
        found.push("its path is absolute".into());
    }
    for part in path.trim_start_matches('/').trim_end_matches('/').split('/') {
        if matches!(part, "" | "." | "..") {
            found.push(format!("its path has the part `{part}`"));
        }
        if part.starts_with(".wh.") {
            found.push("it is a whiteout".into());
        }
    }
    found
}

fn header_problems(member: &Member) -> Vec<String> {
    let mut found = Vec::new();
    if member.magic != *b"ustar\x0000" {
        found.push("its header is not USTAR".into());
    }
    if member.names != Default::default() {
        found.push(format!("it names the owner `{}:{}`", member.names.0, member.names.1));
    }
    if member.has_device || matches!(member.kind, Kind::CharacterDevice(..)) {
        found.push("it has a device number".into());
    }
    let link = match &member.kind {
        Kind::Symlink(target) | Kind::HardLink(target) => target.as_str(),
        _ => "",
    };
    for (key, value) in &member.pax {
        let needed = match key.as_str() {
            "path" => !fits_ustar(value) && *value == member.path,
            "linkpath" => (link.len() > 100 || !link.is_ascii()) && value == link,
            "uid" => member.uid > USTAR_OWNER,
            "gid" => member.gid > USTAR_OWNER,
            _ => false,
        };
        if !needed {
            found.push(format!("its pax record `{key}` is not needed"));
        }
    }
    found
}

fn value_problems(validator: &Validator, member: &Member, below: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    let path = clean(&member.path);
    let lower = below.node(&path);
    let owned_by_base = lower.filter(|node| node.kind == NodeKind::Directory && member.kind == Kind::Directory);
    let chosen = validator.modes.iter().find(|(known, _)| *known == path).map(|(_, mode)| *mode);
    let (mode, owner) = match (owned_by_base, &member.kind) {
        (Some(node), _) => (node.mode, (node.uid, node.gid)),
        (None, Kind::Directory) => (chosen.unwrap_or(0o755), validator.owner),
        (None, Kind::Symlink(_)) => (chosen.unwrap_or(0o777), validator.owner),
        (None, _) => (chosen.unwrap_or(0o644), validator.owner),
    };
    if member.mode != mode {
        found.push(format!("its mode is {:04o} instead of {mode:04o}", member.mode));
    }
    if (member.uid, member.gid) != owner {
        found.push(format!("its owner is {}:{} instead of {}:{}", member.uid, member.gid, owner.0, owner.1));
    }
    if member.modified != validator.modified {
        found.push(format!("its time is {} instead of {}", member.modified, validator.modified));
    }
    match lower.map(|node| node.kind) {
        Some(NodeKind::Symlink) if member.kind == Kind::Directory => found.push("it replaces a symbolic link of the base".into()),
        Some(NodeKind::Directory) if member.kind != Kind::Directory => found.push("it replaces a directory of the base".into()),
        _ => {}
    }
    found
}

/// Every folder above an entry must be a directory of this layer or of one below, and nothing else.
fn parent_problem(path: &str, own: &Tree, below: &Tree) -> Option<String> {
    let path = clean(path);
    let (parent, _) = path.rsplit_once('/').filter(|(parent, _)| !parent.is_empty())?;
    match own.node(parent).or_else(|| below.node(parent)).map(|node| node.kind) {
        Some(NodeKind::Directory) => None,
        Some(NodeKind::Symlink) => Some(format!("it lies behind the symbolic link `{parent}`")),
        Some(_) => Some(format!("its parent `{parent}` is no directory")),
        None => Some(format!("its parent `{parent}` is nowhere")),
    }
}
