//! What a build asks about a base, and facts that hold the answers and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::candidates;
use super::{Facts, Identity, JAVA, Java, Lookup, Node, Resolved, Start, Tree, java};

impl Tree {
    /// What is known of these paths and of the folders above them; whatever lies below a folder that is not there is
    /// left out.
    #[must_use]
    pub fn narrow(&self, asked: &BTreeSet<String>) -> Self {
        let mut known = BTreeMap::new();
        for path in asked {
            for end in path.match_indices('/').map(|(at, _)| at).chain([path.len()]) {
                let Some(node) = self.known(&path[..end]) else { break };
                known.insert(path[..end].to_owned(), node.cloned());
                if node.is_none() {
                    break;
                }
            }
        }
        Self::narrowed(known)
    }
}

impl Facts {
    /// Facts of which nothing but these is known, for an image that starts as `start` says. What was found for an image
    /// that starts another Java says nothing about this one.
    #[must_use]
    pub fn known(tree: Tree, java: Option<Java>, users: BTreeMap<String, Option<Identity>>, start: &Start) -> Self {
        let java = match (java::locate(&tree, start), java) {
            (Lookup::Found(located), Some(java)) if located.path == java.executable => Lookup::Found(java),
            (Lookup::Absent, None) => Lookup::Absent,
            _ => Lookup::Unknown,
        };
        Self { tree, java, users }
    }

    /// These facts without what a build does not ask: `start` says what is started, `asked` and `users` which paths and users
    /// matter besides.
    #[must_use]
    pub fn narrow(&self, start: &Start, asked: &BTreeSet<String>, users: &BTreeSet<String>) -> Self {
        let mut asked = asked.clone();
        self.ask(start, &mut asked);
        let users = users.iter().chain([&start.user]).filter(|user| !user.is_empty());
        let users = users.map(|user| (user.clone(), self.user(user).found()));
        Self { tree: self.tree.narrow(&asked), java: self.java.clone(), users: users.collect() }
    }

    /// What of an image that starts as `start` says is not known, in words; empty where everything is.
    #[must_use]
    pub fn gaps(&self, start: &Start) -> Vec<String> {
        let mut gaps = Vec::new();
        if self.java == Lookup::Unknown {
            gaps.push("the Java that is started".to_owned());
        }
        let programs = start.programs().into_iter().filter(|name| self.find_executable(name, start) == Lookup::Unknown);
        gaps.extend(programs.map(|name| format!("the program `{name}`")));
        if self.folder(&start.working_dir) == Lookup::Unknown {
            gaps.push(format!("the folder `{}`", start.working_dir));
        }
        if self.user(&start.user) == Lookup::Unknown {
            gaps.push(format!("the user `{}`", start.user));
        }
        gaps
    }

    /// Takes the paths that are looked at to answer what `start` asks.
    fn ask(&self, start: &Start, asked: &mut BTreeSet<String>) {
        let home = start.java_home.as_ref().map(|home| format!("{home}/bin/{JAVA}"));
        let programs = start.programs();
        for name in programs.into_iter().chain([JAVA]).chain(home.as_deref()) {
            for path in candidates(start, name) {
                self.tree.walk(&path, true, |path, _| asked.extend([path.to_owned()]));
                if matches!(self.tree.resolve(&path), Lookup::Found(Resolved { node: Some(Node::File(file)), .. }) if file.permissions.is_executable())
                {
                    break;
                }
            }
        }
        self.tree.walk(&start.working_dir, true, |path, _| asked.extend([path.to_owned()]));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{File, Permissions};
    use super::*;

    fn tree() -> Tree {
        let mut tree = Tree::new();
        for (path, mode) in [("usr/bin/java", 0o755), ("usr/bin/curl", 0o755), ("bin/sh", 0o755), ("usr/bin/other", 0o755)] {
            tree.put(path, Node::File(File::new(Permissions::root(mode))));
        }
        let passwd = File { text: Some("app:x:7:8::/:/bin/sh\n".into()), ..File::new(Permissions::root(0o644)) };
        tree.put("etc/passwd", Node::File(passwd));
        tree
    }

    fn start() -> Start {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Start {
            command: words(&["java", "-jar", "/app/app.jar"]),
            health_command: words(&["/bin/sh", "-c", "curl -f localhost || exit 1"]),
            user: "app".to_owned(),
            working_dir: "/app/work".to_owned(),
            ..Start::default()
        }
    }

    #[test]
    fn narrowed_facts_answer_what_was_asked() {
        let whole = Facts::new(tree(), &start());
        let asked = ["opt/x".to_owned()].into();
        let narrow = whole.narrow(&start(), &asked, &["7:8".to_owned()].into());
        assert_eq!(narrow.gaps(&start()), Vec::<String>::new());
        for program in ["java", "curl", "/bin/sh"] {
            assert_eq!(narrow.find_executable(program, &start()), whole.find_executable(program, &start()), "{program}");
        }
        assert_eq!((narrow.java(), narrow.user("app")), (whole.java(), Lookup::Found(Identity { uid: 7, gid: 8 })));
        assert_eq!((narrow.folder("/app/work"), narrow.resolve("/opt/x")), (Lookup::Absent, Lookup::Absent));
        assert_eq!((narrow.find_executable("other", &start()), narrow.resolve("/etc/passwd")), (Lookup::Unknown, Lookup::Unknown));
        assert_eq!((narrow.user("7:8"), narrow.user("9")), (Lookup::Found(Identity { uid: 7, gid: 8 }), Lookup::Unknown));
        assert_eq!(narrow.narrow(&start(), &asked, &["7:8".to_owned()].into()), narrow);
    }

    #[test]
    fn what_another_start_asks_is_a_gap() {
        let narrow = Facts::new(tree(), &start()).narrow(&start(), &BTreeSet::new(), &BTreeSet::new());
        let again = |start: &Start| Facts::known(narrow.tree().clone(), narrow.java().clone().found(), narrow.users().clone(), start);
        assert_eq!(again(&start()), narrow);
        let other = Start { command: vec!["other".to_owned()], user: "root".to_owned(), working_dir: "/srv".to_owned(), ..start() };
        let expected = ["the Java that is started", "the program `other`", "the folder `/srv`", "the user `root`"];
        assert_eq!(again(&other).gaps(&other), expected);
        let elsewhere = Start { path: Some("/opt/jdk/bin:/usr/bin".to_owned()), ..start() };
        let gaps = again(&elsewhere).gaps(&elsewhere);
        assert!(gaps.contains(&"the Java that is started".to_owned()), "{gaps:?}");
    }
}
