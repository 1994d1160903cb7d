//! The way to a registry: authorities, certificates, proxies, mirrors, addresses and limits, as flags and the environment name them.

use std::fs;
use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;

use imgbuild_testkit::fixtures;
use imgbuild_testkit::registry::{Proxy, Registry, Tls, What, When};

use crate::home::{Ended, Home};

/// Asks `host` who we are, the cheapest way to talk to a registry.
fn ask(home: &Home, host: &str, set_up: impl FnOnce(&mut Command)) -> Ended {
    let mut command = home.imgbuild();
    command.args(["auth", "--pull", &format!("{host}/koin/api:1")]);
    set_up(&mut command);
    Ended::of(&mut command)
}

fn with_authority(home: &Home, registry: &Registry) -> PathBuf {
    let path = home.path().join("ca.pem");
    fs::write(&path, registry.authority_pem().unwrap()).unwrap();
    path
}

#[test]
fn an_authority_is_trusted_by_flag_by_variable_and_by_folder() {
    let registry = Registry::builder().tls(Tls::new()).start();
    let home = Home::new();
    let (host, file) = (registry.host(), with_authority(&home, &registry));
    let unknown = ask(&home, &host, |_| {});
    assert_eq!(unknown.code, Some(5), "{unknown:?}");
    for part in ["no trusted authority signed it", "--ca-file FILE", "SSL_CERT_FILE", &format!("--insecure {host}")] {
        assert!(unknown.stderr.contains(part), "`{part}` is missing: {unknown:?}");
    }
    let by_flag = ask(&home, &host, |command| _ = command.arg("--ca-file").arg(&file));
    let by_own_variable = ask(&home, &host, |command| _ = command.env("IMGBUILD_CA_FILE", &file));
    let by_variable = ask(&home, &host, |command| _ = command.env("SSL_CERT_FILE", &file));
    let insecure = ask(&home, &host, |command| _ = command.args(["--insecure", &host]));
    for said in [by_flag, by_own_variable, by_variable, insecure] {
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    for folder in [".config/containers/certs.d", ".config/docker/certs.d"] {
        let home = Home::new();
        let folder = home.path().join(folder).join(&host);
        fs::create_dir_all(&folder).unwrap();
        fs::copy(&file, folder.join("ca.crt")).unwrap();
        let said = ask(&home, &host, |_| {});
        assert_eq!(said.code, Some(0), "{said:?}");
    }
}

#[test]
fn a_client_certificate_is_shown_where_a_folder_has_one() {
    let registry = Registry::builder().tls(Tls::new().known_clients()).start();
    let home = Home::new();
    let folder = home.path().join(".config/containers/certs.d").join(registry.host());
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("ca.crt"), registry.authority_pem().unwrap()).unwrap();
    let stranger = ask(&home, &registry.host(), |_| {});
    assert!(stranger.code == Some(5) && stranger.stderr.contains("wants a client certificate"), "{stranger:?}");
    assert!(
        stranger.stderr.contains(&format!("hint: put yours into `~/.config/containers/certs.d/{}/client.cert`", registry.host())),
        "{stranger:?}"
    );
    let (certificate, key) = registry.client_pem().unwrap();
    fs::write(folder.join("client.cert"), certificate).unwrap();
    fs::write(folder.join("client.key"), key).unwrap();
    let known = ask(&home, &registry.host(), |_| {});
    assert_eq!(known.code, Some(0), "{known:?}");
}

#[test]
fn a_proxy_is_used_excepted_and_shown_without_its_password() {
    let registry = Registry::start();
    let host = format!("registry.example:{}", registry.address().port());
    let proxy = Proxy::builder().basic("user", "canary").resolve(&host, registry.address()).start();
    let home = Home::new();
    let through = |url: String, except: &str| {
        ask(&home, &host, |command| {
            command.args(["--insecure", &host, "--timeout", "5s", "-vv"]);
            command.env("HTTPS_PROXY", &url).env("HTTP_PROXY", &url).env("NO_PROXY", except);
        })
    };
    let right = through(proxy.url_with("user", "canary"), "");
    assert_eq!(right.code, Some(0), "{right:?}");
    assert!(!proxy.log().requests().is_empty());
    let wrong = through(proxy.url_with("user", "canary2"), "");
    assert_eq!(wrong.code, Some(5), "{wrong:?}");
    assert!(wrong.stderr.contains("407") && wrong.stderr.contains("HTTPS_PROXY"), "{wrong:?}");
    let before = proxy.log().requests().len();
    let direct = through(proxy.url_with("user", "canary"), ".example");
    assert_eq!((direct.code, proxy.log().requests().len()), (Some(5), before), "the name is known to the proxy alone: {direct:?}");
    for said in [right, wrong, direct] {
        assert!(!said.stderr.contains("canary") && !said.stdout.contains("canary"), "{said:?}");
    }
}

#[test]
fn an_address_of_version_6_is_a_registry() {
    let registry = Registry::builder().listen(SocketAddr::from((Ipv6Addr::LOCALHOST, 0))).start();
    let said = ask(&Home::new(), &format!("[::1]:{}", registry.address().port()), |_| {});
    assert_eq!(said.code, Some(0), "{said:?}");
}

fn build(home: &Home, base: &str, set_up: impl FnOnce(&mut Command)) -> Ended {
    let mut command = home.imgbuild();
    command.arg("build").arg(fixtures::path("app.jar")).arg(format!("--base={base}")).args(["--no-cache", "-o", "type=oci,dest=out"]);
    set_up(&mut command);
    Ended::of(&mut command)
}

#[test]
fn a_base_comes_from_the_mirror_that_a_flag_a_recipe_or_a_registries_conf_names() {
    let (registry, mirror) = (Registry::start(), Registry::start());
    registry.load_layout("library/amazoncorretto", fixtures::path("base")).unwrap();
    mirror.load_layout("copy/amazoncorretto", fixtures::path("base")).unwrap();
    let base = registry.reference("library/amazoncorretto", "17");
    let (prefix, location) = (format!("{}/library", registry.host()), format!("{}/copy", mirror.host()));
    let mut results = Vec::new();
    for way in ["none", "flag", "recipe", "conf"] {
        let home = Home::new();
        registry.clear_log();
        fs::write(home.path().join("imgbuild.yaml"), format!("mirrors: [\"{prefix}={location}\"]\n")).unwrap();
        fs::write(home.path().join("empty.yaml"), "").unwrap();
        let conf = home.path().join("registries.conf");
        fs::write(&conf, format!("[[registry]]\nlocation = \"{prefix}\"\n[[registry.mirror]]\nlocation = \"{location}\"\n")).unwrap();
        let said = build(&home, &base, |command| {
            match way {
                "flag" => command.args(["-f", "empty.yaml", "--mirror", &format!("{prefix}={location}")]),
                "recipe" => command.args(["-f", "imgbuild.yaml"]),
                "conf" => command.args(["-f", "empty.yaml"]).env("CONTAINERS_REGISTRIES_CONF", &conf),
                _ => command.args(["-f", "empty.yaml"]),
            };
        });
        assert_eq!(said.code, Some(0), "{way}: {said:?}");
        assert_eq!(registry.requests().is_empty(), way != "none", "{way}: {:#?}", registry.log().lines());
        results.push(said.stdout);
    }
    results.dedup();
    assert_eq!(results.len(), 1, "a mirror has the same image: {results:?}");
    let bad = build(&Home::new(), &base, |command| _ = command.args(["--mirror", "docker.io=https://m.example"]));
    assert!(bad.code == Some(2) && bad.stderr.contains("is no place for a mirror"), "{bad:?}");
}

#[test]
fn no_more_blobs_move_at_once_than_jobs_and_a_time_limit_ends_everything() {
    let registry = Registry::start();
    registry.load_layout("library/amazoncorretto", fixtures::path("base")).unwrap();
    let push = |set_up: &[&str]| {
        let home = Home::new();
        let mut command = home.imgbuild();
        command.arg("build").arg(fixtures::path("app.jar")).args(["--no-cache", "--push", "-t", &registry.reference("koin/api", "1")]);
        Ended::of(command.arg(format!("--base={}", registry.reference("library/amazoncorretto", "17"))).args(set_up))
    };
    registry.inject(When::request("PUT", "/blobs/uploads/").then(What::StallHeaders(std::time::Duration::from_millis(150))));
    let said = push(&["--jobs", "1"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let mut starts: Vec<_> = registry
        .requests()
        .into_iter()
        .filter(|entry| entry.method == "PUT" && entry.path.contains("/blobs/uploads/"))
        .map(|entry| entry.at)
        .collect();
    starts.sort_unstable();
    assert!(starts.len() > 2 && starts.windows(2).all(|pair| pair[1] > pair[0] + std::time::Duration::from_millis(140)), "{starts:?}");

    registry.clear_faults();
    registry.inject(When::request("GET", "/manifests/").answer(503));
    let late = push(&["--timeout", "1s"]);
    assert_eq!(late.code, Some(5), "{late:?}");
    assert!(late.stderr.contains("the time limit of 1 s for everything has passed"), "{late:?}");
}
