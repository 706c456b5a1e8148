//! TLS that ends in the server itself, as `ROCKET_TLS` asks for it.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use tokio_rustls::TlsAcceptor;

/// The files of `ROCKET_TLS`, such as `{certs="/tls/tls.crt",key="/tls/tls.key"}`.
#[derive(Debug, Deserialize)]
pub(crate) struct Files {
    certs: PathBuf,
    key: PathBuf,
}

/// Why the server cannot speak TLS.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("ROCKET_TLS cannot be read: {0}")]
    Form(toml::de::Error),
    #[error("a certificate or key cannot be read: {0}")]
    File(rustls::pki_types::pem::Error),
    #[error("the key does not fit the certificate: {0}")]
    Pair(rustls::Error),
}

/// What the setting asks for.
pub(crate) fn acceptor(setting: &str) -> Result<TlsAcceptor, TlsError> {
    #[derive(Deserialize)]
    struct Setting {
        tls: Files,
    }
    let Setting { tls } = toml::from_str(&format!("tls = {setting}")).map_err(TlsError::Form)?;
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(&tls.certs).and_then(Iterator::collect);
    let key = PrivateKeyDer::from_pem_file(&tls.key).map_err(TlsError::File)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Pair)?
        .with_no_client_auth()
        .with_single_cert(certificates.map_err(TlsError::File)?, key)
        .map_err(TlsError::Pair)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
