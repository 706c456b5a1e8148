//! Slots: places for secret values, which only the executor knows.
//!
//! ```text
//! admin-token-hash          of the admin token that the controller drew
//! database-password         of the database in the namespace, drawn with it
//! backup-password           by which copies of the data are encrypted, drawn with it
//! secret/<name>/<key>       a value of a Secret that the document names
//! ```
//!
//! Invariant: a slot is a name. Digests, plans, `keyforge render` and golden files have names, never values.

use std::fmt;
use std::str::FromStr;

use super::manifest::ManifestError;

/// A secret value that the executor puts into a manifest when it applies it; in base64, since it goes into `data`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// The admin token's Argon2id hash, as VaultWarden's `ADMIN_TOKEN` takes it.
    AdminTokenHash,
    /// The address of Keyforge's own account in the server, which alone may found societies.
    AccountAddress,
    /// The password of the database that runs beside the server.
    DatabasePassword,
    /// The password by which copies of the data are encrypted.
    BackupPassword,
    /// A value of a Secret in the daemon's namespace that the document names.
    Secret {
        /// The Secret's name.
        name: String,
        /// Which of its values.
        key: String,
    },
}

/// What a template may write.
pub(super) const KNOWN: &str =
    "`admin-token-hash`, `account-address`, `database-password`, `backup-password`, `secret/<name>/<key>`";

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AdminTokenHash => f.write_str("admin-token-hash"),
            Self::AccountAddress => f.write_str("account-address"),
            Self::DatabasePassword => f.write_str("database-password"),
            Self::BackupPassword => f.write_str("backup-password"),
            Self::Secret { name, key } => write!(f, "secret/{name}/{key}"),
        }
    }
}

impl FromStr for Slot {
    type Err = ManifestError;

    fn from_str(text: &str) -> Result<Self, ManifestError> {
        let mut parts = text.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("admin-token-hash"), None, ..) => Ok(Self::AdminTokenHash),
            (Some("account-address"), None, ..) => Ok(Self::AccountAddress),
            (Some("database-password"), None, ..) => Ok(Self::DatabasePassword),
            (Some("backup-password"), None, ..) => Ok(Self::BackupPassword),
            (Some("secret"), Some(name), Some(key), None) if !name.is_empty() && !key.is_empty() => {
                Ok(Self::Secret { name: name.to_owned(), key: key.to_owned() })
            }
            _ => Err(ManifestError::Slot { found: text.to_owned() }),
        }
    }
}
