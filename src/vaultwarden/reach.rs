//! Settings: how the servers are reached, and where mails to our accounts go.
//!
//! The way itself is a `Dial`; some lead through Kubernetes, so `reconcile` makes them.

use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::dial::Trust;

/// How VaultWarden's servers are reached.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Options {
    /// How unions' servers are reached, to do something inside of them [default: `service` in the cluster, else
    /// `port-forward`]
    #[arg(long, env = "KEYFORGE_REACH", value_enum)]
    pub reach: Option<Choice>,
    /// Authorities of the servers' certificates, and no others [default: those of the system]
    #[arg(long, env = "KEYFORGE_REACH_CA_FILE", value_name = "FILE")]
    pub reach_ca_file: Option<PathBuf>,
    /// Mailbox of Keyforge's accounts in servers that send mails; a part after `+` is added [default: who they are from]
    #[arg(long, env = "KEYFORGE_SERVICE_ACCOUNT_ADDRESS", value_name = "ADDRESS")]
    pub service_account_address: Option<crate::names::Email>,
}

/// A way to a union's server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
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

/// What the setting may be: a way, or none, for operators who want servers alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice(Option<Reach>);

impl ValueEnum for Choice {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self(Some(Reach::Service)),
            Self(Some(Reach::Pod)),
            Self(Some(Reach::PortForward)),
            Self(Some(Reach::Domain)),
            Self(None),
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self.0 {
            Some(way) => way.to_possible_value(),
            None => Some(
                PossibleValue::new("off").help("Not at all: the servers run, and nothing is done in them"),
            ),
        }
    }
}

/// The authorities cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("failed to read the authorities in {}", path.display())]
pub struct TrustError {
    path: PathBuf,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Options {
    /// The way that was chosen, or the usual one for a process inside of the cluster or outside of it; `None`: off.
    pub fn way(&self, inside: bool) -> Option<Reach> {
        let usual = if inside { Reach::Service } else { Reach::PortForward };
        self.reach.map_or(Some(usual), |Choice(chosen)| chosen)
    }

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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn servers_are_reached_by_the_usual_way_unless_another_one_or_none_is_chosen() {
        let ways = |line: &[&str]| {
            let line = Line::try_parse_from([&["keyforge"], line].concat()).expect("a line");
            [true, false].map(|inside| line.options.way(inside))
        };
        assert_eq!(ways(&[]), [Some(Reach::Service), Some(Reach::PortForward)]);
        assert_eq!(ways(&["--reach", "pod"]), [Some(Reach::Pod); 2]);
        assert_eq!(ways(&["--reach", "port-forward"]), [Some(Reach::PortForward); 2]);
        assert_eq!(ways(&["--reach", "off"]), [None; 2]);
    }
}
