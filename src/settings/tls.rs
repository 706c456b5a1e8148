//! What proves to clients of the API that it is ours: a certificate and its key, in files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// How the API proves who it is.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct TlsOptions {
    /// Certificate of the API, and those that vouch for it, in PEM. With it the API speaks TLS alone, from version 1.2 on
    #[arg(long, env = "KEYFORGE_TLS_CERT_FILE", value_name = "FILE")]
    pub tls_cert_file: Option<PathBuf>,
    /// Secret key of that certificate, in PEM
    #[arg(long, env = "KEYFORGE_TLS_KEY_FILE", value_name = "FILE")]
    pub tls_key_file: Option<PathBuf>,
}

/// The files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One of the two.
    #[error("`{given}` is set and `{missing}` is not; TLS takes both, plain HTTP none")]
    Half {
        /// The setting that there is.
        given: &'static str,
        /// The one that is lacking.
        missing: &'static str,
    },
    /// A file cannot be read, or holds something else.
    #[error(
        "failed to read {what} from {path}; the file is PEM, as `certbot` and cert-manager write it",
        path = path.display()
    )]
    Read {
        /// What should be in it.
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// They do not belong together, or are of a kind that nobody can use.
    #[error(
        "the certificate in {cert} cannot be used with the key in {key}; name the two that were made together",
        cert = cert.display(),
        key = key.display()
    )]
    Pair {
        /// Where the certificate is.
        cert: PathBuf,
        /// Where the key is.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}

impl TlsOptions {
    /// Reads both files, if there are to be any.
    ///
    /// # Errors
    /// One setting is without the other, a file cannot be read, or they do not fit together.
    pub fn load(&self) -> Result<Option<Arc<ServerConfig>>, TlsError> {
        let half = |given, missing| Err(TlsError::Half { given, missing });
        match (&self.tls_cert_file, &self.tls_key_file) {
            (None, None) => Ok(None),
            (Some(_), None) => half("tls_cert_file", "tls_key_file"),
            (None, Some(_)) => half("tls_key_file", "tls_cert_file"),
            (Some(cert), Some(key)) => config(cert, key).map(Arc::new).map(Some),
        }
    }
}

fn config(cert: &Path, key: &Path) -> Result<ServerConfig, TlsError> {
    let failed = |what, path: &Path| {
        let path = path.to_owned();
        move |source| TlsError::Read { what, path, source }
    };
    let unread = failed("the certificate", cert);
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(cert).and_then(Iterator::collect);
    let chain =
        chain.and_then(|chain| if chain.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(chain) });
    let chain = chain.map_err(unread)?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(failed("the key", key))?;
    let unfit = |source| TlsError::Pair { cert: cert.to_owned(), key: key.to_owned(), source };
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unfit)?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(unfit)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::fs;

    use super::*;

    #[test]
    fn a_pair_is_used_and_anything_else_refused_with_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for name in ["one", "other"] {
            let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
            fs::write(at(&format!("{name}.crt")), made.cert.pem()).expect("written");
            fs::write(at(&format!("{name}.key")), made.signing_key.serialize_pem()).expect("written");
        }
        fs::write(at("empty"), "").expect("written");
        let load = |cert: Option<&str>, key: Option<&str>| {
            let options = TlsOptions { tls_cert_file: cert.map(at), tls_key_file: key.map(at) };
            match options.load() {
                Ok(config) => format!("used: {}", config.is_some()),
                Err(error) => {
                    let source = error.source().map(|source| format!(": {source}")).unwrap_or_default();
                    format!("{error}{source}").replace(&folder.path().display().to_string(), "")
                }
            }
        };
        let mut told = String::new();
        for (cert, key) in [
            (None, None),
            (Some("one.crt"), Some("one.key")),
            (Some("one.crt"), None),
            (None, Some("one.key")),
            (Some("one.crt"), Some("other.key")),
            (Some("nothing"), Some("one.key")),
            (Some("empty"), Some("one.key")),
            (Some("one.key"), Some("one.key")),
            (Some("one.crt"), Some("one.crt")),
        ] {
            told += &format!("{}\n", load(cert, key));
        }
        assert_eq!(
            told,
            "\
used: false
used: true
`tls_cert_file` is set and `tls_key_file` is not; TLS takes both, plain HTTP none
`tls_key_file` is set and `tls_cert_file` is not; TLS takes both, plain HTTP none
the certificate in /one.crt cannot be used with the key in /other.key; name the two that were made together: \
keys may not be consistent: KeyMismatch
failed to read the certificate from /nothing; the file is PEM, as `certbot` and cert-manager write it: \
I/O error: No such file or directory (os error 2)
failed to read the certificate from /empty; the file is PEM, as `certbot` and cert-manager write it: no items found
failed to read the certificate from /one.key; the file is PEM, as `certbot` and cert-manager write it: no items found
failed to read the key from /one.crt; the file is PEM, as `certbot` and cert-manager write it: no items found
"
        );
    }
}
