//! Certificates of both sides, shaken hands over in memory.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConnection, RootCertStore, ServerConfig, ServerConnection};

use super::Trust;

/// An authority, a certificate that it signed for `registry.example`, and that one's key, all in PEM.
fn certificates() -> (String, String, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let pem = authority.self_signed(&authority_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let signed = CertificateParams::new(vec!["registry.example".to_owned()]).unwrap();
    let certificate = signed.signed_by(&key, &Issuer::new(authority, authority_key)).unwrap();
    (pem, certificate.pem(), key.serialize_pem())
}

fn der<T: rustls::pki_types::pem::PemObject>(pem: &str) -> T {
    T::from_pem_slice(pem.as_bytes()).unwrap_or_else(|_| panic!("no PEM"))
}

/// Shakes hands with a server that wants a client certificate of its authority.
fn handshake(trust: &Trust, authority: &str, certificate: &str, key: &str) -> Result<(), rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(der::<CertificateDer<'static>>(authority)).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![der(certificate)], der::<PrivateKeyDer<'static>>(key))
        .unwrap();
    let mut server = ServerConnection::new(Arc::new(server)).unwrap();
    let name = ServerName::try_from("registry.example").unwrap();
    let mut client = ClientConnection::new(Arc::new(trust.configuration().unwrap()), name).unwrap();
    for _ in 0..10 {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets()?;
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok(())
}

#[test]
fn certs_d_gives_a_host_its_authority_and_our_certificate() {
    let (authority, certificate, key) = certificates();
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("registry.example:5000");
    std::fs::create_dir(&place).unwrap();
    for (name, content) in [("ca.crt", &authority), ("client.cert", &certificate), ("client.key", &key)] {
        std::fs::write(place.join(name), content).unwrap();
    }
    let folders = [PathBuf::from("/nonexistent"), folder.path().to_owned()];
    let trust = Trust::of_host("registry.example:5000", &folders, None, false);
    handshake(&trust, &authority, &certificate, &key).unwrap();

    let nameless = Trust { identity: None, ..trust.clone() };
    assert!(handshake(&nameless, &authority, &certificate, &key).is_err(), "the server accepts anybody");
    assert_eq!(Trust::of_host("registry.example", &folders, None, false), Trust::default(), "another port is another host");

    std::fs::remove_file(place.join("client.key")).unwrap();
    let error = trust.configuration().unwrap_err().to_string();
    assert!(error.contains("client.key"), "{error}");
}

#[test]
fn a_stranger_is_not_trusted_unless_anybody_is() {
    let (authority, certificate, key) = certificates();
    let (_, other_certificate, other_key) = certificates();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, &authority).unwrap();
    let (certificate_file, key_file) = (folder.path().join("c"), folder.path().join("k"));
    std::fs::write(&certificate_file, &certificate).unwrap();
    std::fs::write(&key_file, &key).unwrap();
    let trust = Trust { authorities: vec![file], identity: Some((certificate_file, key_file)), anybody: false };
    assert!(handshake(&trust, &authority, &other_certificate, &other_key).is_err());
    handshake(&Trust { anybody: true, ..trust }, &authority, &other_certificate, &other_key).unwrap();
}
