//! The questions that are asked about a base, answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Elf, Identity, Java, Lookup, Node, Permissions, Resolved, Start, Tree, java, users};

/// A folder, behind all links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Where it is.
    pub path: String,
    /// Its mode and owner.
    pub permissions: Permissions,
}

/// A program, behind all links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executable {
    /// Where it is.
    pub path: String,
    /// Its mode and owner.
    pub permissions: Permissions,
    /// What its ELF headers say, where they were read: those of programs called `java` are.
    pub elf: Option<Arc<Elf>>,
}

/// What is known about the base of one platform, as far as an image that starts in one way is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub(super) tree: Tree,
    pub(super) java: Lookup<Java>,
    /// The users that were asked about; what a whole tree says about others is in its files.
    pub(super) users: BTreeMap<String, Option<Identity>>,
}

impl Facts {
    /// The facts about `tree` for an image that starts as `start` says.
    #[must_use]
    pub fn new(tree: Tree, start: &Start) -> Self {
        Self { java: java::find(&tree, start), tree, users: BTreeMap::new() }
    }

    /// The same base with more files on it: `tree` is this tree with them. What was known of users stays.
    #[must_use]
    pub fn over(&self, tree: Tree, start: &Start) -> Self {
        // Only a whole tree can tell that a layer brings the Java that is started.
        let java = if tree.is_whole() { java::find(&tree, start) } else { self.java.clone() };
        Self { tree, java, users: self.users.clone() }
    }

    /// The paths.
    #[must_use]
    pub const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The Java that the image starts.
    #[must_use]
    pub const fn java(&self) -> &Lookup<Java> {
        &self.java
    }

    /// The users that were looked up, by what was asked.
    #[must_use]
    pub const fn users(&self) -> &BTreeMap<String, Option<Identity>> {
        &self.users
    }

    /// What a path leads to, through links across all layers.
    #[must_use]
    pub fn resolve(&self, path: &str) -> Lookup<Resolved<'_>> {
        self.tree.resolve(path)
    }

    /// The folder that a path leads to. The root is one, with the permissions that runtimes give it.
    #[must_use]
    pub fn folder(&self, path: &str) -> Lookup<Folder> {
        self.resolve(path).and_then(|found| match found.node {
            Some(Node::Folder(permissions)) => Lookup::Found(Folder { path: found.path, permissions: *permissions }),
            None => Lookup::Found(Folder { path: found.path, permissions: Permissions::root(0o755) }),
            Some(_) => Lookup::Absent,
        })
    }

    /// The program that a name leads to, as `execvp` finds it: through `PATH` where it holds no `/`.
    #[must_use]
    pub fn find_executable(&self, name: &str, start: &Start) -> Lookup<Executable> {
        executable(&self.tree, start, name)
    }

    /// Who `user`, `uid`, `user:group` or `uid:gid` is.
    #[must_use]
    pub fn user(&self, user: &str) -> Lookup<Identity> {
        match self.users.get(user) {
            Some(known) => (*known).into(),
            None => users::find(&self.tree, user),
        }
    }
}

/// The program that `name` leads to.
pub(super) fn executable(tree: &Tree, start: &Start, name: &str) -> Lookup<Executable> {
    for path in candidates(start, name) {
        match tree.resolve(&path) {
            Lookup::Found(Resolved { path, node: Some(Node::File(file)) }) if file.permissions.is_executable() => {
                return Lookup::Found(Executable { path, permissions: file.permissions, elf: file.elf.clone() });
            }
            Lookup::Found(_) | Lookup::Absent => {}
            Lookup::Unknown => return Lookup::Unknown,
        }
    }
    Lookup::Absent
}

/// Where a name is looked for, in this order.
pub(super) fn candidates(start: &Start, name: &str) -> Vec<String> {
    match name {
        "" => Vec::new(),
        absolute if absolute.starts_with('/') => vec![absolute.to_owned()],
        relative if relative.contains('/') => vec![format!("{}/{relative}", start.working_dir)],
        name => start.folders().map(|folder| format!("{folder}/{name}")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use imgbuild_testkit::elf as fixture;

    use super::super::{File, Libc};
    use super::*;

    fn elf() -> Elf {
        Elf::parse(&fixture::java(fixture::RunnableMachine::Amd64, "17")).unwrap()
    }

    fn debian() -> Tree {
        let mut tree = Tree::new();
        let home = "usr/lib/jvm/java-17-openjdk-amd64";
        for folder in ["usr", "usr/bin", "usr/lib", "usr/lib/jvm", home, &format!("{home}/bin"), "etc", "etc/alternatives"] {
            tree.put(folder, Node::Folder(Permissions::root(0o755)));
        }
        tree.put("bin", Node::Symlink("usr/bin".to_owned()));
        tree.put("tmp", Node::Folder(Permissions::root(0o1777)));
        tree.put("usr/bin/java", Node::Symlink("/etc/alternatives/java".to_owned()));
        tree.put("usr/bin/notes", Node::File(File::new(Permissions::root(0o644))));
        tree.put("usr/bin/start", Node::File(File::new(Permissions::root(0o755))));
        tree.put("etc/alternatives/java", Node::Symlink(format!("/{home}/bin/java")));
        let java = File { elf: Some(Arc::new(elf())), ..File::new(Permissions::root(0o755)) };
        tree.put(&format!("{home}/bin/java"), Node::File(java));
        let release = File { text: Some("JAVA_VERSION=\"17.0.12\"\n".into()), ..File::new(Permissions::root(0o644)) };
        tree.put(&format!("{home}/release"), Node::File(release));
        tree
    }

    fn start(command: &[&str]) -> Start {
        Start { command: command.iter().map(|&word| word.to_owned()).collect(), ..Start::default() }
    }

    #[test]
    fn java_is_found_through_path_alternatives_and_scripts() {
        let expected = Java {
            executable: "/usr/lib/jvm/java-17-openjdk-amd64/bin/java".to_owned(),
            machine: Some(elf().machine),
            libc: Some(Libc::Glibc),
            version: "17.0.12".parse().ok(),
        };
        for command in [&["java", "-jar", "x.jar"][..], &["/bin/java"], &["start"], &["sh", "-c", "exec java"], &[]] {
            assert_eq!(*Facts::new(debian(), &start(command)).java(), Lookup::Found(expected.clone()), "{command:?}");
        }
        let elsewhere = Start { path: Some("/opt/bin".to_owned()), ..start(&["java"]) };
        assert_eq!(*Facts::new(debian(), &elsewhere).java(), Lookup::Absent);
        let home = Some("/usr/lib/jvm/java-17-openjdk-amd64".to_owned());
        assert_eq!(*Facts::new(debian(), &Start { java_home: home, ..elsewhere }).java(), Lookup::Found(expected));
    }

    #[test]
    fn programs_and_folders_are_told_from_other_files() {
        let facts = Facts::new(debian(), &start(&["java"]));
        let found = |name: &str| facts.find_executable(name, &start(&[])).map(|found| found.path);
        assert_eq!(found("start"), Lookup::Found("/usr/bin/start".to_owned()));
        assert_eq!(found("usr/bin/start"), Lookup::Found("/usr/bin/start".to_owned()), "relative to the working directory");
        assert_eq!((found("notes"), found("/usr/bin"), found("")), (Lookup::Absent, Lookup::Absent, Lookup::Absent));
        assert_eq!(facts.folder("/tmp").map(|folder| folder.permissions.mode), Lookup::Found(0o1777));
        assert_eq!(facts.folder("/bin").map(|folder| folder.path), Lookup::Found("/usr/bin".to_owned()));
        assert_eq!(facts.folder("/").map(|folder| folder.path), Lookup::Found("/".to_owned()));
        assert_eq!(facts.folder("/usr/bin/start"), Lookup::Absent);
    }
}
