//! The environment, read as VaultWarden reads it: what holds from start to end. What may change is in `config`.
//!
//! Its oddities are kept, since a template that trips over one must fail here too: `NAME_FILE` beside `NAME` ends the
//! start, an `ADMIN_TOKEN` that is no Argon2 text is the password itself.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use url::Url;

use crate::config::Config;

/// The release whose behaviour this is.
const VERSION: &str = "1.37.2";

/// What the server was told.
pub(crate) struct Settings {
    pub(crate) address: SocketAddr,
    /// `ROCKET_TLS` as it is written.
    pub(crate) tls: Option<String>,
    pub(crate) data_folder: PathBuf,
    /// A PostgreSQL server of this machine, instead of the file in the data folder. Others are left alone: the dev
    /// cluster has no names for them.
    pub(crate) database: Option<String>,
    pub(crate) domain: Url,
    pub(crate) web_vault: bool,
    /// The release that it says it is. The real server is told when it is built; here a test may say another one.
    pub(crate) version: String,
}

/// What cannot be meant.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("`{name}` and `{name}_FILE` are both set")]
    Both { name: String },
    #[error("`{name}_FILE` cannot be read: {source}")]
    File { name: String, source: std::io::Error },
    #[error("`config.json` is no JSON: {0}")]
    ConfigFile(serde_json::Error),
    #[error("DOMAIN is no address: {0}")]
    Domain(url::ParseError),
    #[error("{0}")]
    Meant(String),
}

impl Settings {
    pub(crate) fn read(environment: &Environment) -> Result<(Self, Config), SettingsError> {
        let data_folder: PathBuf = environment.text("DATA_FOLDER")?.unwrap_or_else(|| "data".into()).into();
        let file = environment.text("CONFIG_FILE")?.map(PathBuf::from);
        let config = Config::read(environment, file.unwrap_or_else(|| data_folder.join("config.json")))?;
        config.check().map_err(SettingsError::Meant)?;
        let database = environment.text("DATABASE_URL")?;
        let settings = Self {
            address: SocketAddr::new(
                environment.plain("ROCKET_ADDRESS").unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
                environment.plain("ROCKET_PORT").unwrap_or(80),
            ),
            tls: environment.plain("ROCKET_TLS"),
            data_folder,
            database: database.filter(|url| is_near(url)),
            domain: Url::parse(&config.text("domain")).map_err(SettingsError::Domain)?,
            web_vault: config.flag("web_vault_enabled"),
            version: environment.plain("VW_VERSION").unwrap_or_else(|| VERSION.to_owned()),
        };
        Ok((settings, config))
    }

    /// The path below which everything is answered, without a slash at its end.
    pub(crate) fn base(&self) -> &str {
        self.domain.path().trim_end_matches('/')
    }
}

/// Whether it is a PostgreSQL server behind a socket's folder or the loopback address.
fn is_near(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default();
    url.scheme().starts_with("postgres") && (host.starts_with("%2F") || host.starts_with("127."))
}

/// The variables of the process.
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    pub(crate) fn of_process() -> Self {
        Self(std::env::vars().collect())
    }

    /// A setting: its variable, or the file that `NAME_FILE` names.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, SettingsError> {
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

    /// Of Rocket's own settings, which have no `_FILE`.
    fn plain<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.0.get(name)?.parse().ok()
    }
}
