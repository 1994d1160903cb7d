//! The Jenkinsfile's step, run as Jenkins runs it: `sh -xe` without a terminal, in an environment that holds next to nothing, and
//! ended by SIGTERM where the build is aborted.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use imgbuild_testkit::fixtures;
use imgbuild_testkit::home::{Ended, Home, files_in};
use imgbuild_testkit::registry::{Registry, Tokens, What, When};

use crate::{blocks, home};

const TOKEN: &str = "canary-Pa55word";
/// Longer than any test waits.
const STALL: Duration = Duration::from_mins(2);

/// What stands between `before` and `after`.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("the Jenkinsfile has no `{before}`"));
    rest.split_once(after).unwrap_or_else(|| panic!("the Jenkinsfile has no `{after}`")).0
}

/// A workspace, and the registry that stands for Docker Hub.
struct Job {
    home: Home,
    registry: Registry,
}

impl Job {
    fn new() -> Self {
        let registry = Registry::builder().tokens(Tokens::new().user("u", TOKEN, &["pull", "push"])).start();
        registry.load_layout("library/amazoncorretto", fixtures::path("base")).unwrap();
        registry.clear_log();
        let home = home();
        for folder in ["build/libs", "bin", "user"] {
            fs::create_dir_all(home.path(folder)).unwrap();
        }
        fs::copy(fixtures::path("app.jar"), home.path("build/libs/KOIN_API_V2.jar")).unwrap();
        home.write_config("from Jenkins");
        home.write("bin/git", "#!/bin/sh\n[ \"$*\" = 'log -1 --pretty=%ct' ] && echo 1700000000\n");
        fs::set_permissions(home.path("bin/git"), fs::Permissions::from_mode(0o755)).unwrap();
        Self { home, registry }
    }

    /// The step, with the addresses and the folder of this test.
    fn script(&self) -> String {
        let [jenkinsfile] = blocks("groovy")[..] else { panic!("the README has one Jenkinsfile") };
        // Groovy takes a line's end away where a backslash stands before it.
        let step = between(jenkinsfile, "script: '''", "'''").replace("\\\n", "");
        assert!(!step.contains('\\'), "Groovy would read another escape: {step}");
        step.replace("docker.io/koin/api", &format!("{}/koin/api", self.registry.host()))
            .replace("amazoncorretto:17", &self.registry.reference("library/amazoncorretto", "17"))
            .replace("/srv/config/application.yml", "application.yml")
    }

    fn command(&self) -> Command {
        let [jenkinsfile] = blocks("groovy")[..] else { panic!("the README has one Jenkinsfile") };
        self.home.write("script.sh", self.script());
        let program = Path::new(env!("CARGO_BIN_EXE_imgbuild")).parent().unwrap();
        let mut command = Command::new("/bin/sh");
        command
            .args(["-xe", "script.sh"])
            .env_clear()
            .env("HOME", self.home.path("user"))
            .env("PATH", format!("{}:{}:/usr/bin:/bin", self.home.path("bin").display(), program.display()))
            // Jenkins sets the number for every build; what is left behind is looked for in a folder of our own.
            .envs([("BUILD_NUMBER", "7"), ("TMPDIR", self.home.path("temporary").to_str().unwrap())])
            .env(between(jenkinsfile, "usernameVariable: '", "'"), "u")
            .env(between(jenkinsfile, "passwordVariable: '", "'"), TOKEN)
            .current_dir(self.home.folder())
            .stdin(Stdio::null())
            .process_group(0);
        command
    }
}

#[test]
fn it_pushes_and_stdout_is_the_result() {
    let job = Job::new();
    let ended = Ended::of(&mut job.command());
    assert_eq!(ended.result(), format!("{}/koin/api:latest@{}", job.registry.host(), ended.digest()));
    assert_eq!(job.registry.tags("koin/api"), ["7", "latest"]);
    assert!(!ended.stderr.contains('\u{1b}') && !ended.stderr.contains(TOKEN), "{}", ended.stderr);
    assert_eq!(job.home.temporary_files(), Vec::<String>::new());
    assert_eq!(files_in(&job.home.path("user")), [".cache"], "no credential is stored");
}

/// Who gets the signal: Jenkins sends it to every process of the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aborted {
    Everything,
    Imgbuild,
}

fn abort(child: &Child, aborted: Aborted) {
    let id = match aborted {
        Aborted::Everything => format!("-{}", child.id()),
        Aborted::Imgbuild => {
            let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap();
            children.trim().to_owned()
        }
    };
    assert!(Command::new("kill").args(["-TERM", "--", &id]).status().unwrap().success(), "{id}");
}

#[test]
fn aborted_it_leaves_nothing() {
    for aborted in [Aborted::Everything, Aborted::Imgbuild] {
        let job = Job::new();
        job.registry.inject(When::request("PUT", "/blobs/uploads/").then(What::StallRequestAt(0, STALL)));
        let child = job.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let began = Instant::now();
        while job.registry.count("PUT", "/blobs/uploads/") == 0 {
            assert!(began.elapsed() < Duration::from_mins(1), "no upload ever began");
            std::thread::sleep(Duration::from_millis(10));
        }
        abort(&child, aborted);
        // It reads until nobody writes any more: the shell may end before its child.
        let output = child.wait_with_output().unwrap();
        let code = output.status.code().or_else(|| output.status.signal().map(|signal| 128 + signal));
        let ended = Ended::from(output);
        assert_eq!((code, ended.stdout.as_str()), (Some(143), ""), "{aborted:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("no tag has moved"), "{aborted:?}: {}", ended.stderr);
        assert_eq!(job.registry.tags("koin/api"), Vec::<String>::new(), "{aborted:?}");
        assert_eq!(job.registry.open_uploads(), 0, "{aborted:?}: an upload was left open");
        assert_eq!(job.home.temporary_files(), Vec::<String>::new(), "{aborted:?}");
        assert_eq!(files_in(&job.home.path("user/.cache/imgbuild/v1/tmp")), Vec::<String>::new(), "{aborted:?}");
    }
}
