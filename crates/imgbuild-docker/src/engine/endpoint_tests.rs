use super::*;

/// Folders that Docker's own client wrote.
fn recorded(client: &str) -> String {
    format!("{}/tests/recorded/contexts/{client}", env!("CARGO_MANIFEST_DIR"))
}

fn choose(variables: &[(&str, &str)], host: Option<&str>, context: Option<&str>) -> Result<Endpoint, Error> {
    let get = |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
    Environment(&get).choose(host, context)
}

/// Variables, `--host`, `--context`, and the host that is meant.
type Case<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>, Option<&'a str>, &'a str);

#[test]
fn an_option_beats_the_host_beats_the_context_beats_the_current_one() {
    for client in ["cli-20.10", "cli-28"] {
        let folder = recorded(client);
        let config = ("DOCKER_CONFIG", folder.as_str());
        let (host, context) = (("DOCKER_HOST", "tcp://h:1"), ("DOCKER_CONTEXT", "prod-tls"));
        let cases: [Case; 6] = [
            (&[config, host, context], Some("unix:///a"), None, "unix:///a"),
            (&[config, host, context], None, Some("local-unix"), "unix:///run/user/0/docker.sock"),
            (&[config, host, context], None, None, "tcp://h:1"),
            (&[config, context], None, None, "tcp://manager.example:2376"),
            (&[config], None, None, "ssh://deploy@manager.example:2222"),
            (&[config], None, Some("default"), "unix:///var/run/docker.sock"),
        ];
        for (variables, option, name, expected) in cases {
            assert_eq!(choose(variables, option, name).unwrap().host.to_string(), expected);
        }
    }
    let nothing = choose(&[("DOCKER_CONFIG", "/nonexistent"), ("DOCKER_HOST", "")], None, None).unwrap();
    assert_eq!(nothing.host, Host::local());
    assert!(choose(&[], Some("unix:///a"), Some("b")).is_err());
}

#[test]
fn contexts_bring_their_certificates() {
    let folder = recorded("cli-20.10");
    let of = |name: &str| choose(&[("DOCKER_CONFIG", &folder)], None, Some(name)).unwrap();
    let tls = of("prod-tls").tls.unwrap();
    assert!(tls.authority.unwrap().ends_with("docker/ca.pem") && !tls.anybody);
    let skipping = of("prod-tls-skip").tls.unwrap();
    assert!(skipping.anybody && skipping.identity.is_some());
    assert_eq!(of("prod-ssh").tls, None);
    assert_eq!(of("prod-ssh").origin, "context `prod-ssh`");
}

#[test]
fn a_context_that_is_not_there_is_named() {
    let error = choose(&[("DOCKER_CONFIG", &recorded("cli-28"))], None, Some("prod")).unwrap_err();
    assert!(error.to_string().contains("`prod`"), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn the_environment_asks_for_tls() {
    let of = |variables: &[(&str, &str)]| choose(variables, Some("tcp://h:2376"), None).unwrap().tls;
    assert_eq!(of(&[]), None);
    assert!(!of(&[("DOCKER_CERT_PATH", "/certificates")]).unwrap().anybody);
    assert!(!of(&[("DOCKER_TLS_VERIFY", "1"), ("DOCKER_TLS", "1")]).unwrap().anybody);
    assert!(of(&[("DOCKER_TLS", "1")]).unwrap().anybody);
    let socket = choose(&[("DOCKER_TLS_VERIFY", "1")], Some("unix:///a"), None).unwrap();
    assert_eq!(socket.tls, None);
}
