//! The registry seen by an ordinary HTTP client.

use std::sync::Arc;

use reqwest::{Client, ClientBuilder, Response};

use super::*;

mod access;
mod faults;
mod protocol;
mod proxied;
mod secure;
mod seeding;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A client that follows no redirects and trusts `authority_pem`.
fn client_trusting(authority_pem: Option<&str>) -> Client {
    client_builder(authority_pem).no_proxy().build().unwrap()
}

fn client_builder(authority_pem: Option<&str>) -> ClientBuilder {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    if let Some(pem) = authority_pem {
        use rustls::pki_types::pem::PemObject as _;
        roots.add(rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    }
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Client::builder().tls_backend_preconfigured(tls).redirect(reqwest::redirect::Policy::none())
}

fn client() -> Client {
    client_trusting(None)
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
}

/// The first error's code.
async fn code(response: Response) -> String {
    let body: serde_json::Value = response.json().await.unwrap();
    body["errors"][0]["code"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
}

/// Opens an upload session; returns its absolute `Location`.
async fn open_session(client: &Client, registry: &Registry, repository: &str) -> url::Url {
    let uploads = format!("{}/v2/{repository}/blobs/uploads/", registry.url());
    let response = client.post(&uploads).send().await.unwrap();
    assert_eq!(response.status(), 202);
    url::Url::parse(&uploads).unwrap().join(header(&response, "location")).unwrap()
}

/// A session's URL with the digest that commits it.
fn committing(mut session: url::Url, digest: &str) -> url::Url {
    session.query_pairs_mut().append_pair("digest", digest);
    session
}

/// Puts a small image; returns the manifest's digest.
fn seed_image(registry: &Registry, repository: &str, tag: &str) -> String {
    let config = registry.put_blob(repository, "{}");
    let layer = registry.put_blob(repository, "layer");
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 2 },
        "layers": [{ "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer, "size": 5 }],
    });
    let digest = registry.put_manifest(repository, MANIFEST, manifest.to_string());
    registry.tag(repository, tag, &digest);
    digest
}
