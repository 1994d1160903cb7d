//! One user at one build server: a working directory, a home and a cache that nobody else uses, and the program under test in it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A working directory, a home and a cache that nobody else uses.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
    program: PathBuf,
}

/// How the program ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Home {
    /// A home for `program`.
    ///
    /// # Panics
    /// Where no folder can be made.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("cannot make a home: {error}"));
        for name in ["temporary", "no-credentials"] {
            fs::create_dir(folder.path().join(name)).unwrap_or_else(|error| panic!("cannot make a home: {error}"));
        }
        Self { folder, program: program.into() }
    }

    /// The working directory.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path in the working directory.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Writes a file into the working directory.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap_or_else(|error| panic!("cannot write `{name}`: {error}"));
    }

    /// Writes `application.yml` with this greeting.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn write_config(&self, greeting: &str) {
        self.write("application.yml", format!("greeting:\n  text: {greeting}\n"));
    }

    /// The program in this home, without what the developer's own environment says.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            let said = name.to_string_lossy().to_ascii_uppercase();
            if said.starts_with("IMGBUILD_") || said.ends_with("_PROXY") || said.starts_with("DOCKER_") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(self.folder())
            .stdin(Stdio::null())
            .env("HOME", self.folder())
            .env("TMPDIR", self.path("temporary"))
            .env("IMGBUILD_CACHE_DIR", self.path("cache"))
            .env("DOCKER_CONFIG", self.path("no-credentials"))
            .env_remove("XDG_CACHE_HOME")
            .env_remove("XDG_RUNTIME_DIR")
            .env_remove("REGISTRY_AUTH_FILE")
            .env_remove("SOURCE_DATE_EPOCH");
        command
    }

    /// Runs the program with these arguments.
    #[must_use]
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ended {
        Ended::of(self.command().args(arguments))
    }

    /// The names of what lies in the folder for temporary files.
    #[must_use]
    pub fn temporary_files(&self) -> Vec<String> {
        files_in(&self.path("temporary"))
    }
}

impl Ended {
    /// Runs a command to its end.
    ///
    /// # Panics
    /// Where it cannot be started.
    #[must_use]
    pub fn of(command: &mut Command) -> Self {
        command.output().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}")).into()
    }

    /// The error on stderr, from its first line on, checked for its form.
    ///
    /// # Panics
    /// Where the program ended otherwise, wrote a result, or its error has another form.
    #[must_use]
    pub fn refused(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        assert_eq!(self.stdout, "", "a result of what failed");
        // The progress that comes before may speak of errors, too.
        let is_start = |at: &usize| *at == 0 || self.stderr[..*at].ends_with('\n');
        let start = self.stderr.match_indices("error: ").map(|(at, _)| at).find(is_start);
        let error = &self.stderr[start.unwrap_or_else(|| panic!("no error: {}", self.stderr))..];
        let mut lines = error.lines();
        assert!(lines.next().is_some_and(|line| line.starts_with("error: ")), "{error}");
        for line in lines {
            assert!(
                line.starts_with("  because: ") || line.starts_with("hint: ") || line.starts_with("      "),
                "the form of `{line}` in:\n{error}"
            );
        }
        assert!(error.contains("\nhint: ") || error.contains("\n  because: ") || error.contains(": "), "{error}");
        error
    }

    /// The result of a success: one line.
    ///
    /// # Panics
    /// Where the program failed or wrote anything else.
    #[must_use]
    pub fn result(&self) -> &str {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        let line = self.stdout.strip_suffix('\n').unwrap_or_else(|| panic!("no result: `{}`", self.stdout));
        assert!(!line.contains('\n'), "more than one line: {line}");
        line
    }

    /// The digest of a result.
    ///
    /// # Panics
    /// As [`result`](Self::result), and where the result has no digest.
    #[must_use]
    pub fn digest(&self) -> &str {
        self.result().rsplit_once('@').unwrap_or_else(|| panic!("no digest: {}", self.stdout)).1
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// The names in a folder, sorted; none where there is no folder.
#[must_use]
pub fn files_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    names
}
