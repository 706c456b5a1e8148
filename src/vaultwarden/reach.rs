//! Settings: how the servers are reached, and where mails to our accounts go.
//!
//! The way itself is a `Dial`; some lead through Kubernetes, so `reconcile` makes them.

use std::path::PathBuf;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::dial::Trust;

/// How VaultWarden's servers are reached.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Options {
    /// How unions' servers are reached, to do something inside of them [default: not at all]
    #[arg(long, env = "KEYFORGE_REACH", value_enum)]
    pub reach: Option<Reach>,
    /// Authorities of the servers' certificates, and no others [default: those of the system]
    #[arg(long, env = "KEYFORGE_REACH_CA_FILE", value_name = "FILE")]
    pub reach_ca_file: Option<PathBuf>,
    /// Mailbox of Keyforge's accounts in servers that send mails; a part after `+` is added [default: who they are from]
    #[arg(long, env = "KEYFORGE_SERVICE_ACCOUNT_ADDRESS", value_name = "ADDRESS")]
    pub service_account_address: Option<crate::names::Email>,
}

/// A way to a union's server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Reach {
    /// By the name of its Service, inside the cluster
    Service,
    /// By the address of its pod
    Pod,
    /// Through the API server
    PortForward,
    /// As members do
    Domain,
}

/// The authorities cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("failed to read the authorities in {}", path.display())]
pub struct TrustError {
    path: PathBuf,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Options {
    /// Whose certificates count. Reads the file.
    ///
    /// # Errors
    /// Where it has no certificate, or the system trusts nobody.
    pub fn trust(&self) -> Result<Trust, TrustError> {
        let Some(path) = &self.reach_ca_file else {
            return Trust::system()
                .map_err(|error| TrustError { path: "the system".into(), source: error.into() });
        };
        let failed = |source| TrustError { path: path.clone(), source };
        let authorities =
            CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let authorities = authorities.map_err(|error| failed(error.into()))?;
        if authorities.is_empty() {
            return Err(failed("there is no certificate in it".into()));
        }
        Trust::only(&authorities).map_err(|error| failed(error.into()))
    }
}
