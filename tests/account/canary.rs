//! A password is in no output, no error, no log, no file and no image: only where a login stores it.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE};
use imgbuild_testkit::fixtures;
use imgbuild_testkit::registry::{Answer, Denial, Registry, Tokens, Users, What, When};

use crate::home::{Ended, Home};

const CANARY: &str = "Canary/7f3+b=91 ü";

/// The password in every form in which it travels.
fn forms() -> Vec<Vec<u8>> {
    let pair = format!("user:{CANARY}");
    let mut forms = vec![CANARY.to_owned(), url::form_urlencoded::byte_serialize(CANARY.as_bytes()).collect()];
    for engine in [BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE] {
        forms.extend([engine.encode(CANARY), engine.encode(&pair)]);
    }
    forms.into_iter().map(String::into_bytes).collect()
}

fn assert_clean(what: &str, bytes: &[u8]) {
    for form in forms() {
        let at = bytes.windows(form.len()).position(|window| window == form);
        let around = at.map(|at| String::from_utf8_lossy(&bytes[at.saturating_sub(100)..(at + 100).min(bytes.len())]));
        assert_eq!(around, None, "{what} holds the password");
    }
}

fn assert_nothing_said(said: &Ended) {
    assert!(said.stderr.contains("TRACE") && said.stderr.contains("/v2/"), "requests are not logged: {said:?}");
    assert_clean("stdout", said.stdout.as_bytes());
    assert_clean("stderr", said.stderr.as_bytes());
}

fn assert_no_file(folder: &Path, except: &Path) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            assert_no_file(&entry, except);
        } else if entry != except && !entry.is_symlink() {
            assert_clean(&entry.display().to_string(), &fs::read(&entry).unwrap());
        }
    }
}

fn registries() -> Vec<Registry> {
    let tokens = |actions: &[&str]| Tokens::new().user("user", CANARY, actions).user("reader", "readpw", &["pull"]);
    let echo = |body: String| What::Answer(Answer::bare(403).header("content-type", "text/plain").body(body));
    let pair = BASE64_STANDARD.encode(format!("user:{CANARY}"));
    let mut all = vec![
        Registry::builder().tokens(tokens(&["pull", "push"])).start(),
        Registry::builder().tokens(tokens(&["pull", "push"]).refuse_post(404)).start(),
        Registry::builder().tokens(tokens(&["pull"]).denial(Denial::AtTokenServer)).start(),
        Registry::builder().tokens(tokens(&["pull"])).start(),
        Registry::builder().basic(Users::new().user("user", CANARY, &["pull", "push"])).start(),
    ];
    let echoing = Registry::builder().basic(Users::new().user("user", CANARY, &["pull", "push"])).start();
    echoing.inject(When::request("POST", "/blobs/uploads/").authorized().then(echo(format!("you sent Basic {pair}, which is {CANARY}"))));
    all.push(echoing);
    for registry in &all {
        registry.load_layout("library/amazoncorretto", fixtures::path("base")).unwrap();
        registry.inject(When::request("PUT", "/blobs/uploads/").nth(1).then(What::Reset));
    }
    all
}

fn build(home: &Home, registry: &Registry, progress: &str) -> std::process::Command {
    let mut command = home.imgbuild();
    command.arg("build").arg(fixtures::path("app.jar")).args(["-vv", "--progress", progress, "--push", "--metadata-file", "m.json"]);
    command.arg(format!("--base={}", registry.reference("library/amazoncorretto", "17")));
    command.args(["--cache-dir", "cache", "-t", &registry.reference("koin/api", "1")]);
    command
}

#[test]
fn a_password_is_nowhere_but_where_the_login_stores_it() {
    let mut ended = Vec::new();
    for registry in registries() {
        let home = Home::new();
        let login = home.login(&registry.host(), "user", &format!("{CANARY}\n"));
        assert_eq!(login.code, Some(0), "{login:?}");
        assert_nothing_said(&login);
        for progress in ["plain", "json"] {
            let said = Ended::of(&mut build(&home, &registry, progress));
            ended.push(said.code);
            assert_nothing_said(&said);
        }
        let reference = registry.reference("koin/api", "1");
        let auth = Ended::of(home.imgbuild().args(["auth", "-vv", "--json", &reference]));
        assert_nothing_said(&auth);
        assert!(fs::read_to_string(home.config()).unwrap().contains(&BASE64_STANDARD.encode(format!("user:{CANARY}"))));
        assert_no_file(home.path(), &home.config());
        if let Some(index) = registry.manifest("koin/api", "1") {
            assert_clean("the index", &index.bytes);
            for request in registry.requests().iter().filter(|request| request.method == "PUT") {
                assert_clean("a request's path", request.path.as_bytes());
                let digest = request.path.rsplit_once("sha256").map(|(_, hex)| format!("sha256:{}", &hex[hex.len() - 64..]));
                digest.and_then(|digest| registry.blob(&digest)).iter().for_each(|blob| assert_clean("a blob", blob));
            }
        }
    }
    assert!(ended.contains(&Some(0)) && ended.contains(&Some(4)), "both ends were seen: {ended:?}");
}

#[test]
fn the_credentials_of_one_run_are_stored_nowhere() {
    for registry in registries() {
        let home = Home::new();
        let mut command = build(&home, &registry, "plain");
        command.env("IMGBUILD_REGISTRY_USER", "user").env("IMGBUILD_REGISTRY_PASSWORD", CANARY);
        assert_nothing_said(&Ended::of(&mut command));
        assert!(!home.config().exists());
        assert_no_file(home.path(), Path::new(""));
    }
}

#[test]
fn a_wrong_password_and_a_broken_program_say_no_more() {
    let registry = Registry::builder().tokens(Tokens::new().user("user", "another", &["pull", "push"])).start();
    let home = Home::new();
    let wrong = home.login(&registry.host(), "user", CANARY);
    assert_eq!(wrong.code, Some(4), "{wrong:?}");
    assert_nothing_said(&wrong);

    let right = Registry::builder().tokens(Tokens::new().user("user", CANARY, &["pull", "push"])).start();
    home.program("echo", "cat; cat >&2; exit 1");
    home.write_config(r#"{"credsStore":"echo"}"#);
    let broken = home.login(&right.host(), "user", CANARY);
    assert_eq!(broken.code, Some(4), "{broken:?}");
    assert_nothing_said(&broken);
    home.program("echo", "read -r line; echo \"cannot store $line\" >&2; exit 1");
    assert_nothing_said(&home.login(&right.host(), "user", CANARY));
    assert_no_file(home.path(), Path::new(""));
}
