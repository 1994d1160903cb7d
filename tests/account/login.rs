//! `login` and `logout`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use imgbuild_testkit::peer;
use imgbuild_testkit::registry::{Registry, Users};
use serde_json::json;

use crate::home::{Ended, Home, registry, with_input};

#[test]
fn a_password_is_checked_then_stored_then_forgotten() {
    for registry in [registry(), Registry::builder().basic(Users::new().user("writer", "writepw", &["pull", "push"])).start()] {
        let (home, host) = (Home::new(), registry.host());
        let wrong = home.login(&host, "writer", "canary\n");
        assert_eq!(wrong.code, Some(4), "{wrong:?}");
        assert!(wrong.stderr.contains("hint: ") && wrong.stdout.is_empty() && !home.config().exists(), "{wrong:?}");

        home.write_config(r#"{"zebra":[1],"auths":{"other.example":{"auth":"dTpw"}},"credHelpers":{"third.example":"x"}}"#);
        let right = home.login(&host, "writer", "writepw\n");
        assert_eq!(right.stdout, format!("logged in to `{host}` as `writer`; the password is in ~/.docker/config.json\n"), "{right:?}");
        assert_eq!(fs::metadata(home.config()).unwrap().permissions().mode() & 0o777, 0o600);
        let stored = home.read_config();
        assert_eq!(stored["auths"][&host], json!({ "auth": "d3JpdGVyOndyaXRlcHc=" }));

        let used = Ended::of(home.imgbuild().args(["auth", &format!("{host}/koin/api")]));
        assert_eq!(used.code, Some(0), "{used:?}");
        assert!(used.stdout.contains("`writer` from auths of ~/.docker/config.json"), "{used:?}");

        let out = Ended::of(home.imgbuild().args(["logout", &host]));
        assert_eq!(out.stdout, format!("the credentials for `{host}` are gone from ~/.docker/config.json\n"), "{out:?}");
        let kept = json!({ "zebra": [1], "auths": { "other.example": { "auth": "dTpw" } }, "credHelpers": { "third.example": "x" } });
        assert_eq!(home.read_config(), kept);
        let again = Ended::of(home.imgbuild().args(["logout", &host]));
        assert_eq!((again.code, again.stdout), (Some(0), format!("no credentials for `{host}` were stored\n")));
    }
}

#[test]
fn a_configured_program_gets_the_password_on_its_input_and_not_as_an_argument() {
    let (home, registry) = (Home::new(), registry());
    let folder = home.path().display();
    home.program("vault", &format!("echo \"$@\" >> {folder}/arguments; cat > {folder}/$1"));
    home.write_config(r#"{"credsStore":"vault"}"#);
    let said = home.login(&registry.host(), "writer", "writepw");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.ends_with("the password is in credsStore vault of ~/.docker/config.json\n"), "{said:?}");
    let stored: serde_json::Value = serde_json::from_slice(&fs::read(home.path().join("store")).unwrap()).unwrap();
    assert_eq!(stored, json!({ "ServerURL": registry.host(), "Username": "writer", "Secret": "writepw" }));
    assert_eq!(home.read_config(), json!({ "credsStore": "vault" }));
    let out = Ended::of(home.imgbuild().args(["logout", &registry.host()]));
    assert!(out.stdout.contains("credsStore vault"), "{out:?}");
    assert_eq!(fs::read_to_string(home.path().join("arguments")).unwrap(), "store\nerase\n");
}

#[test]
fn without_a_terminal_a_password_comes_from_stdin_alone() {
    let (home, registry) = (Home::new(), registry());
    let asked = Ended::of(home.imgbuild().args(["login", &registry.host(), "-u", "writer"]).stdin(Stdio::null()));
    assert_eq!(asked.code, Some(2), "{asked:?}");
    assert!(asked.stderr.contains("--password-stdin"), "{asked:?}");
    let nobody = with_input(home.imgbuild().args(["login", &registry.host(), "--password-stdin"]), "writepw");
    assert_eq!(nobody.code, Some(2), "{nobody:?}");
    assert!(nobody.stderr.contains("-u USER"), "{nobody:?}");
    let flag = Ended::of(home.imgbuild().args(["login", &registry.host(), "-u", "writer", "--password", "writepw"]));
    assert_eq!(flag.code, Some(2), "a password among the arguments is seen by everybody on the machine: {flag:?}");
    let empty = home.login(&registry.host(), "writer", "\n");
    assert!(empty.code == Some(1) && empty.stderr.contains("empty"), "{empty:?}");
    assert!(registry.requests().is_empty() && !home.config().exists());
}

/// Types the lines into a terminal whose program is given by the arguments, and prints what the terminal shows.
const TERMINAL: &str = r"
import os, pty, sys, time
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[2], sys.argv[2:])
shown = b''
for line in sys.argv[1].split(','):
    while not shown.rstrip(b' ').endswith(b':'):
        shown += os.read(terminal, 1024)
    time.sleep(0.2)
    os.write(terminal, line.encode() + b'\n')
    shown += b'|'
try:
    while True:
        more = os.read(terminal, 1024)
        if not more:
            break
        shown += more
except OSError:
    pass
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
";

#[test]
fn on_a_terminal_user_and_password_are_asked_for_and_the_password_is_not_echoed() {
    let Some(mut python) = peer::find("python3") else { return };
    let (home, registry) = (Home::new(), registry());
    python.env_clear().env("HOME", home.path()).env("PATH", std::env::var("PATH").unwrap_or_default());
    let program = env!("CARGO_BIN_EXE_imgbuild");
    let said = Ended::of(python.args(["-c", TERMINAL, "writer,writepw", program, "login", &registry.host()]));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("writer") && !said.stdout.contains("writepw"), "{said:?}");
    assert_eq!(home.read_config()["auths"][&registry.host()]["auth"], "d3JpdGVyOndyaXRlcHc=");
}
