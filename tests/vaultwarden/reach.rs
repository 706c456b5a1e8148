//! TLS on the way: the certificate has to name the domain, and the authority has to be ours.

use std::fs;

use keyforge::vaultwarden::{Error, Trust, tcp, tls};

use crate::bench::{client_by, drawn, server};

#[tokio::test]
async fn a_server_that_speaks_tls_is_reached_by_its_name_and_our_authority() {
    let folder = tempfile::tempdir().expect("a folder");
    let pair = rcgen::generate_simple_self_signed(["vault.acme.example".to_owned()]).expect("a certificate");
    let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    fs::write(&certificate, pair.cert.pem()).expect("written");
    fs::write(&key, pair.signing_key.serialize_pem()).expect("written");
    let rocket =
        format!("{{certs={:?},key={:?}}}", certificate.display().to_string(), key.display().to_string());
    let server = server(None, &[("ROCKET_TLS", &rocket)]);
    let port: u16 = server.url("").rsplit_once(':').expect("a port").1.parse().expect("a port");
    let way = |host: &str, authority: &rustls::pki_types::CertificateDer<'static>| {
        let trust = Trust::only(std::slice::from_ref(authority)).expect("an authority");
        client_by(tls(tcp("127.0.0.1", port), host, &trust), &drawn())
    };
    way("vault.acme.example", pair.cert.der()).version().await.expect("it is who it should be");
    let other_name = way("other.example", pair.cert.der()).version().await;
    assert!(matches!(other_name, Err(Error::Tls { .. })));
    let other = rcgen::generate_simple_self_signed(["vault.acme.example".to_owned()]).expect("a certificate");
    let other_authority = way("vault.acme.example", other.cert.der()).version().await;
    assert!(matches!(other_authority, Err(Error::Tls { .. })));
}
