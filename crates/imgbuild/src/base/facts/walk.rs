//! Walks a path through a tree, from the root to its end, through links.

use super::{Node, Tree};

/// Links that are followed in one path, as Linux does (`path_resolution(7)`).
const MAX_LINKS: usize = 40;

/// Where a path ends.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::base) enum End<'a> {
    /// At something. The path has no links in it any more.
    There { path: String, node: Option<&'a Node> },
    /// At nothing. The path is where it would be.
    Missing { path: String },
    /// Within something that is no folder.
    Blocked { path: String },
    /// Nowhere: links lead in a circle.
    Circle,
    /// At a path that the tree does not reach.
    Unknown,
}

impl Tree {
    /// Follows `path` from the root; its last part is followed too if it is a link and `follow_last` says so. `visit`
    /// is told every path that was looked at. The root itself has no node.
    pub(in crate::base) fn walk<'a>(&'a self, path: &str, follow_last: bool, mut visit: impl FnMut(&str, Option<&'a Node>)) -> End<'a> {
        let mut ahead: Vec<String> = parts(path);
        let mut here = String::new();
        let mut node = None;
        let mut links = 0;
        while let Some(part) = ahead.pop() {
            if part == ".." {
                here.truncate(here.rfind('/').unwrap_or(0));
                continue;
            }
            let next = if here.is_empty() { part } else { format!("{here}/{part}") };
            let Some(found) = self.known(&next) else { return End::Unknown };
            visit(&next, found);
            match found {
                None => {
                    ahead.reverse();
                    return End::Missing { path: missing(&next, &ahead) };
                }
                Some(Node::Symlink(target)) if follow_last || !ahead.is_empty() => {
                    links += 1;
                    if links > MAX_LINKS {
                        return End::Circle;
                    }
                    if target.starts_with('/') {
                        here.clear();
                    }
                    ahead.extend(parts(target));
                }
                Some(Node::Folder(_)) => here = next,
                Some(_) if ahead.is_empty() => {
                    node = found;
                    here = next;
                    break;
                }
                Some(_) => return End::Blocked { path: next },
            }
        }
        let node = node.or_else(|| self.known(&here).flatten());
        End::There { path: here, node }
    }
}

/// The parts of a path, the last first. What changes nothing is left out.
fn parts(path: &str) -> Vec<String> {
    path.split('/').rev().filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect()
}

/// Where a path ends that leads on from a folder that is not there.
fn missing(from: &str, rest: &[String]) -> String {
    let mut path: Vec<&str> = from.split('/').collect();
    for part in rest {
        if part == ".." {
            path.pop();
        } else {
            path.push(part);
        }
    }
    path.join("/")
}
