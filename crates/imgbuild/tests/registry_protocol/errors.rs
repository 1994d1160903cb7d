//! What an error is, and what it advises.

use std::time::Duration;

use imgbuild::registry::{CredentialsError, Denied, Error, Kind, Why};

fn network(reason: &str) -> Error {
    Error::Network { request: "GET https://h/".to_owned(), reason: reason.to_owned() }
}

fn late(what: &str) -> Error {
    Error::Deadline { what: what.to_owned(), limit: Duration::from_secs(9) }
}

fn denied(why: Why, missing: &[&str]) -> Error {
    let (request, reason, registry) = ("POST https://h/".to_owned(), "DENIED".to_owned(), "h.example".to_owned());
    let missing = missing.iter().map(ToString::to_string).collect();
    Error::Denied(Box::new(Denied { request, status: 403, reason, registry, credential: Some("the file".to_owned()), why, missing }))
}

fn gave_up(last: Error) -> Error {
    Error::GaveUp { attempts: 6, elapsed: Duration::from_secs(3), last: Box::new(last) }
}

#[test]
fn an_error_says_its_kind_its_status_and_what_can_be_done() {
    let (request, host, reason) = (|| "GET https://h/".to_owned(), || "h".to_owned(), || "r".to_owned());
    let status = |status| Error::Status { request: request(), status, reason: reason() };
    let forbidden = |flag| Error::Forbidden { request: request(), host: host(), reason: reason(), flag };
    for (error, kind, status, hint) in [
        (denied(Why::NoCredentials, &[]), Kind::NotAuthorised, Some(403), Some("no credentials for `h.example` were found; log in first")),
        (denied(Why::WrongCredentials, &[]), Kind::NotAuthorised, Some(403), Some("does not accept the credentials (from the file)")),
        (denied(Why::ExpiredToken, &[]), Kind::NotAuthorised, Some(403), Some("has expired")),
        (denied(Why::MissingScope, &["repository:a:push"]), Kind::NotAuthorised, Some(403), Some("may pull but not push")),
        (denied(Why::MissingScope, &["repository:a:pull"]), Kind::NotAuthorised, Some(403), Some("may not do this")),
        (denied(Why::MissingScope, &[]), Kind::NotAuthorised, Some(403), Some("may not do this")),
        (Error::Credentials(CredentialsError::Invalid(reason())), Kind::NotAuthorised, None, None),
        (
            Error::Credentials(CredentialsError::ProgramName { source_name: "credsStore".to_owned(), name: "x/y".to_owned() }),
            Kind::NotAuthorised,
            None,
            Some("correct credsStore"),
        ),
        (Error::NotFound { request: request(), status: 404, reason: reason() }, Kind::NotFound, Some(404), None),
        (status(418), Kind::Registry, Some(418), None),
        (network("it broke"), Kind::Network, None, None),
        (network("the host does not speak TLS"), Kind::Network, None, Some("--insecure HOST")),
        (network("connection refused (Connect)"), Kind::Network, None, Some("check the host's name and the network")),
        (late("GET https://h/"), Kind::Network, None, None),
        (late("connection refused (Connect)"), Kind::Network, None, Some("check the host's name and the network")),
        (late("the host `h` cannot be found: DNS"), Kind::Network, None, Some("this machine's DNS")),
        (Error::UnknownHost { request: request(), host: host(), reason: reason() }, Kind::Network, None, Some("getent hosts h")),
        (Error::Certificate { request: request(), host: host(), reason: reason() }, Kind::Network, None, Some("--ca-file FILE")),
        (
            Error::ClientCertificate { request: request(), host: host(), reason: reason() },
            Kind::Network,
            None,
            Some("certs.d/h/client.cert"),
        ),
        (Error::Proxy { request: request(), proxy: host() }, Kind::Network, None, Some("HTTPS_PROXY")),
        (forbidden(Some("--insecure")), Kind::Registry, None, Some("allow it with --insecure h")),
        (forbidden(None), Kind::Registry, None, None),
        (
            Error::Wait {
                request: request(),
                status: 429,
                reason: reason(),
                wait: Duration::from_secs(9),
                longest: Duration::from_secs(1),
            },
            Kind::Registry,
            Some(429),
            Some("log in to get a higher limit"),
        ),
        (gave_up(network("refused (Connect)")), Kind::Network, None, Some("check the host's name")),
        (gave_up(status(503)), Kind::Registry, Some(503), None),
        (Error::Integrity { request: request(), reason: reason() }, Kind::Integrity, None, None),
        (Error::Answer { request: request(), reason: reason() }, Kind::Registry, None, None),
        (Error::Input(reason()), Kind::Input, None, None),
    ] {
        assert_eq!((error.kind(), error.status()), (kind, status), "{error:?}");
        match (error.hint(), hint) {
            (None, None) => {}
            (Some(said), Some(part)) if said.contains(part) => {}
            (said, part) => panic!("{error:?}: {said:?} instead of {part:?}"),
        }
    }
}

#[test]
fn missing_scopes_are_named_where_there_are_any() {
    assert_eq!(denied(Why::MissingScope, &["a", "b"]).to_string(), "POST https://h/: 403 DENIED (missing `a`, `b`)");
    assert_eq!(denied(Why::NoCredentials, &[]).to_string(), "POST https://h/: 403 DENIED");
}
