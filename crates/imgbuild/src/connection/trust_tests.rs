//! Certificates of both sides, shaken hands over in memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConnection, RootCertStore, ServerConfig, ServerConnection};

use super::{Authorities, Trust};

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

/// The PEM texts as files of these names.
fn write(folder: &Path, files: [(&str, &str); 3]) -> [PathBuf; 3] {
    files.map(|(name, text)| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    })
}

#[test]
fn a_host_is_shown_our_certificate_and_its_files_are_named() {
    let (authority, certificate, key) = certificates();
    let folder = tempfile::tempdir().unwrap();
    let [ca, cert, secret] = write(folder.path(), [("ca.crt", &authority), ("client.cert", &certificate), ("client.key", &key)]);
    for authorities in [Authorities::System { and: vec![ca.clone()] }, Authorities::Only(ca)] {
        let trust = Trust { authorities, identity: Some((cert.clone(), secret.clone())), anybody: false };
        handshake(&trust, &authority, &certificate, &key).unwrap();
        let nameless = Trust { identity: None, ..trust };
        assert!(handshake(&nameless, &authority, &certificate, &key).is_err(), "the server accepts anybody");
    }
    std::fs::remove_file(&secret).unwrap();
    let error = Trust { identity: Some((cert, secret)), ..Trust::default() }.configuration().unwrap_err().to_string();
    assert!(error.contains("client.key"), "{error}");
}

#[test]
fn a_stranger_is_not_trusted_unless_anybody_is() {
    let (authority, certificate, key) = certificates();
    let (_, other_certificate, other_key) = certificates();
    let folder = tempfile::tempdir().unwrap();
    let [ca, cert, secret] = write(folder.path(), [("ca", &authority), ("cert", &certificate), ("key", &key)]);
    for authorities in [Authorities::System { and: vec![ca.clone()] }, Authorities::Only(ca)] {
        let trust = Trust { authorities, identity: Some((cert.clone(), secret.clone())), anybody: false };
        assert!(handshake(&trust, &authority, &other_certificate, &other_key).is_err());
        handshake(&Trust { anybody: true, ..trust }, &authority, &other_certificate, &other_key).unwrap();
    }
}
