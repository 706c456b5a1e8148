//! What can fail on the way to a config repo on another machine.
//!
//! Apart from the mirror's own failures: these are about the server, the way to it and what it asks for. The texts name
//! neither host nor URL; what the server or `ssh` said is in the causes.

use std::io;
use std::path::PathBuf;

use rustls::CertificateError;

/// The config repo's server was not reached, not trusted, or does not answer as it should.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// A form of `repo` needs a setting that is not there.
    #[error("`repo` is over ssh, which needs `{setting}`")]
    MissingSetting {
        /// Which.
        setting: &'static str,
    },
    /// A file of the settings cannot be read.
    #[error("`{setting}`: failed to read {}", path.display())]
    File {
        /// The setting that names it.
        setting: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The credentials are of another kind than the server takes.
    #[error("`repo_credentials_file` holds {found}, and {form} takes {wanted}")]
    OtherCredentials {
        /// What it looks like.
        found: &'static str,
        /// `https` or `ssh`.
        form: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// There is no certificate in the file.
    #[error("`repo_ca_file` holds no certificate in PEM form")]
    NoCertificate,
    /// The HTTP client cannot be made.
    #[error("config repo: the client cannot be made")]
    Client {
        /// Why.
        source: reqwest::Error,
    },
    /// No connection, or a broken one.
    #[error("config repo: the server is not reached")]
    Unreachable {
        /// Why.
        source: reqwest::Error,
    },
    /// The server does not prove who it is.
    #[error("config repo: the server's certificate is not trusted")]
    Certificate {
        /// What is wrong with it.
        source: rustls::Error,
    },
    /// The server shows a certificate that is made to sign others.
    #[error("config repo: the server's certificate is an authority's own (CA:TRUE), which no server may use")]
    AuthorityAsServer,
    /// It does not know us, or does not let us in.
    #[error("config repo: the server refuses {} (HTTP {status})", if *given { "the credentials" } else { "to answer without credentials" })]
    Refused {
        /// 401 or 403.
        status: u16,
        /// Whether there were any.
        given: bool,
    },
    /// It knows of no such repository, or does not show it to us.
    #[error("config repo: the server has no such repository, or does not show it (HTTP {status})")]
    NoRepository {
        /// 404 or 410.
        status: u16,
    },
    /// It sends us elsewhere.
    #[error("config repo: the server redirects to another one, which is not followed")]
    Redirected,
    /// It has another answer.
    #[error("config repo: the server answers HTTP {status}")]
    Status {
        /// Which.
        status: u16,
    },
    /// It is no Git server.
    #[error("config repo: the server's answer is not one of a Git server")]
    NotGit,
    /// Git on the server has an objection.
    #[error("config repo: the server says: {said}")]
    Objection {
        /// Its words, cut and made printable.
        said: String,
    },
    /// There is no OpenSSH.
    #[error("failed to run `ssh`")]
    NoSsh {
        /// Why.
        source: io::Error,
    },
    /// Nothing is known of the server's key.
    #[error("config repo: the server's host key is not known: {said}")]
    UnknownHostKey {
        /// What `ssh` said.
        said: String,
    },
    /// The server has another key than it had.
    #[error(
        "config repo: the server's host key is another than the known one; somebody may stand in between"
    )]
    ChangedHostKey,
    /// It does not take our key.
    #[error("config repo: the server refuses the key: {said}")]
    KeyRefused {
        /// What `ssh` said.
        said: String,
    },
    /// The connection ended, or was never made.
    #[error("config repo: ssh ended: {said}")]
    Ssh {
        /// What `ssh`, or Git behind it, said.
        said: String,
    },
}

impl RemoteError {
    /// What a person can do about it, where that is sure.
    pub(in crate::git) fn hint(&self) -> Option<String> {
        Some(match self {
            Self::MissingSetting { setting: "repo_known_hosts_file" } | Self::UnknownHostKey { .. } => {
                "write the server's host key into the file that `repo_known_hosts_file` names: `ssh-keyscan HOST` \
                 shows it, its owner publishes the fingerprint to compare it with"
                    .into()
            }
            Self::MissingSetting { setting } => format!("set `{setting}` to the file with the private key"),
            Self::File { .. } => "let the daemon's user read it, or set another".into(),
            Self::ChangedHostKey => {
                "ask the server's owner whether they changed it; only then put the new one in the place of the old \
                 one in `repo_known_hosts_file`"
                    .into()
            }
            // The second is what an authority of the same name with another key leaves.
            Self::Certificate {
                source:
                    rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature),
            } => "set `repo_ca_file` to the certificate of the authority that signed it".into(),
            Self::AuthorityAsServer => {
                "give the server a certificate that the authority signed; a self-signed one is made with `openssl \
                 req -x509 -addext basicConstraints=critical,CA:FALSE`"
                    .into()
            }
            Self::Refused { given: false, .. } => {
                "set `repo_credentials_file` to a file with a token, or with `user:password`".into()
            }
            Self::Refused { given: true, .. } => {
                "renew what is in `repo_credentials_file`; it is read again at each fetch".into()
            }
            Self::NoRepository { .. } => {
                "compare `repo` with the address that `git clone` takes, and whether the credentials may read it".into()
            }
            Self::Redirected => "set `repo` to the address that it redirects to".into(),
            Self::KeyRefused { .. } => {
                "enter the public key of `repo_credentials_file` as one that may read the repository".into()
            }
            Self::NoSsh { .. } => "install OpenSSH's client (`apt-get install openssh-client`)".into(),
            _ => return None,
        })
    }

    /// Whether it may be well a moment later, without anybody doing anything here.
    pub(in crate::git) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Ssh { .. } => true,
            Self::Status { status } => matches!(status, 429 | 500..=599),
            _ => false,
        }
    }
}
