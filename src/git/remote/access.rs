//! What lets us in and whom we trust: the files that the settings name.
//!
//! They are read at each fetch, so one that is renewed on disk counts from the next one on. Invariant: what is in the
//! credentials file goes to the wire and nowhere else.

use std::path::{Path, PathBuf};

use reqwest::Certificate;
use zeroize::Zeroizing;

use super::RemoteError;
use crate::git::Options;
use crate::git::repo::Repo;
use crate::redacted::Redacted;

/// Forges take a token as the password of any user; this is the name that their documents use.
const TOKEN_USER: &str = "x-access-token";

/// The settings' files.
#[derive(Debug, Clone, Default)]
pub(in crate::git) struct Access {
    pub(super) credentials_file: Option<PathBuf>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) known_hosts_file: Option<PathBuf>,
}

/// Who we are, to a web server.
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: Redacted<String>,
}

impl Access {
    pub(in crate::git) fn of(options: &Options) -> Self {
        Self {
            credentials_file: options.repo_credentials_file.clone(),
            ca_file: options.repo_ca_file.clone(),
            known_hosts_file: options.repo_known_hosts_file.clone(),
        }
    }

    /// Whether what a form of `repo` cannot do without is set.
    pub(in crate::git) fn suits(&self, repo: &Repo) -> Result<(), RemoteError> {
        match repo {
            Repo::Local(_) | Repo::Web(_) => Ok(()),
            Repo::Ssh(_) => self.ssh_names().map(|_| ()),
        }
    }

    fn ssh_names(&self) -> Result<(&Path, &Path), RemoteError> {
        let named = |setting, path: Option<_>| path.ok_or(RemoteError::MissingSetting { setting });
        let key = named("repo_credentials_file", self.credentials_file.as_deref())?;
        Ok((key, named("repo_known_hosts_file", self.known_hosts_file.as_deref())?))
    }

    /// A token, or `user:password`, if there is a file.
    pub(super) fn login(&self) -> Result<Option<Login>, RemoteError> {
        let Some(path) = &self.credentials_file else { return Ok(None) };
        let bytes = Zeroizing::new(read("repo_credentials_file", path)?);
        let other = |found| RemoteError::OtherCredentials {
            found,
            form: "https",
            wanted: "a token or `user:password`, on one line",
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| other("no text"))?.trim();
        if text.starts_with("-----BEGIN ") {
            return Err(other("a key"));
        }
        if text.is_empty() {
            return Err(other("nothing"));
        }
        if text.contains(char::is_control) {
            return Err(other("several lines"));
        }
        let (user, password) = text.split_once(':').unwrap_or((TOKEN_USER, text));
        Ok(Some(Login { user: user.to_owned(), password: Redacted::new(password.to_owned()) }))
    }

    /// The only authorities to trust, if there is a file; else those of the system are.
    pub(super) fn authorities(&self) -> Result<Option<Vec<Certificate>>, RemoteError> {
        let Some(path) = &self.ca_file else { return Ok(None) };
        let found = Certificate::from_pem_bundle(&read("repo_ca_file", path)?).unwrap_or_default();
        if found.is_empty() { Err(RemoteError::NoCertificate) } else { Ok(Some(found)) }
    }

    /// The files of the private key and of the known hosts, which ssh reads itself.
    pub(super) fn ssh_files(&self) -> Result<(&Path, &Path), RemoteError> {
        let (key, known_hosts) = self.ssh_names()?;
        // Asked here, since ssh's own words would be about a key that was refused or a host that is unknown.
        let bytes = Zeroizing::new(read("repo_credentials_file", key)?);
        if !bytes.starts_with(b"-----BEGIN ") {
            return Err(RemoteError::OtherCredentials {
                found: "something else",
                form: "ssh",
                wanted: "a private key without a passphrase",
            });
        }
        read("repo_known_hosts_file", known_hosts)?;
        Ok((key, known_hosts))
    }
}

fn read(setting: &'static str, path: &Path) -> Result<Vec<u8>, RemoteError> {
    std::fs::read(path).map_err(|source| RemoteError::File { setting, path: path.to_owned(), source })
}
