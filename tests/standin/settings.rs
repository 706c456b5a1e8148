//! The environment, read as VaultWarden reads it.
//!
//! Its oddities are kept, since a template that trips over one must fail here too: `NAME_FILE` beside `NAME` ends the
//! start, a word that is no boolean is ignored, an `ADMIN_TOKEN` that is no Argon2 text is the password itself.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use url::Url;

use crate::admin::Admin;

/// What the server was told.
pub(crate) struct Settings {
    pub(crate) address: SocketAddr,
    /// `ROCKET_TLS` as it is written.
    pub(crate) tls: Option<String>,
    pub(crate) data_folder: PathBuf,
    pub(crate) domain: Url,
    pub(crate) admin: Admin,
    pub(crate) signups_allowed: bool,
    pub(crate) invitations_allowed: bool,
    pub(crate) mail: bool,
    pub(crate) web_vault: bool,
}

/// What cannot be meant.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("`{name}` and `{name}_FILE` are both set")]
    Both { name: String },
    #[error("`{name}_FILE` cannot be read: {source}")]
    File { name: String, source: std::io::Error },
    #[error("DOMAIN variable needs to contain the protocol (http, https)")]
    Domain,
    #[error("The configured Argon2 PHC in `ADMIN_TOKEN` is invalid: {0}")]
    AdminToken(argon2::password_hash::phc::Error),
}

impl Settings {
    pub(crate) fn read(environment: &Environment) -> Result<Self, SettingsError> {
        let domain = environment.text("DOMAIN")?.unwrap_or_else(|| "http://localhost".into());
        let domain = Url::parse(&domain).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        Ok(Self {
            address: SocketAddr::new(
                environment.plain("ROCKET_ADDRESS").unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
                environment.plain("ROCKET_PORT").unwrap_or(80),
            ),
            tls: environment.plain("ROCKET_TLS"),
            data_folder: environment.text("DATA_FOLDER")?.unwrap_or_else(|| "data".into()).into(),
            domain: domain.ok_or(SettingsError::Domain)?,
            admin: Admin::read(environment.text("ADMIN_TOKEN")?.as_deref().unwrap_or_default())
                .map_err(SettingsError::AdminToken)?,
            signups_allowed: environment.flag("SIGNUPS_ALLOWED", true)?,
            invitations_allowed: environment.flag("INVITATIONS_ALLOWED", true)?,
            mail: environment.text("SMTP_HOST")?.is_some(),
            web_vault: environment.flag("WEB_VAULT_ENABLED", true)?,
        })
    }

    /// The path below which everything is answered, without a slash at its end.
    pub(crate) fn base(&self) -> &str {
        self.domain.path().trim_end_matches('/')
    }
}

/// The variables of the process.
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    pub(crate) fn of_process() -> Self {
        Self(std::env::vars().collect())
    }

    /// A setting: its variable, or the file that `NAME_FILE` names.
    fn text(&self, name: &str) -> Result<Option<String>, SettingsError> {
        match (self.0.get(name), self.0.get(&format!("{name}_FILE"))) {
            (Some(_), Some(_)) => Err(SettingsError::Both { name: name.into() }),
            (Some(value), None) => Ok(Some(value.clone())),
            (None, Some(path)) => match std::fs::read_to_string(path) {
                Ok(text) => Ok(Some(text.trim().to_owned())),
                Err(source) => Err(SettingsError::File { name: name.into(), source }),
            },
            (None, None) => Ok(None),
        }
    }

    fn flag(&self, name: &str, default: bool) -> Result<bool, SettingsError> {
        Ok(match self.text(name)?.map(|word| word.to_lowercase()).as_deref() {
            Some("true" | "t" | "yes" | "y" | "1") => true,
            Some("false" | "f" | "no" | "n" | "0") => false,
            _ => default,
        })
    }

    /// Of Rocket's own settings, which have no `_FILE`.
    fn plain<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.0.get(name)?.parse().ok()
    }
}
