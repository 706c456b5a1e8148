//! The keys by which somebody vouches for the audit: with the daemon and with who verifies, never in the database.

use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::chain::{Keys, KeysError};

/// Who vouches for the audit.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct AuditOptions {
    /// Keys that vouch for the audit: one a line, of 32 characters at least; the first one makes checkpoints, all of them know
    /// those that they made [default: nobody vouches]
    #[arg(long, env = "KEYFORGE_AUDIT_KEY_FILE", value_name = "FILE")]
    pub audit_key_file: Option<PathBuf>,
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuditKeyError {
    /// It cannot be read.
    #[error("failed to read the keys of the audit from {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What it holds are no keys.
    #[error("the keys of the audit in {} cannot be used", path.display())]
    Key {
        /// Which.
        path: PathBuf,
        /// Why.
        source: KeysError,
    },
}

impl AuditOptions {
    /// Reads the file, if there is to be one.
    ///
    /// # Errors
    /// It cannot be read, or what it holds are no keys.
    pub fn load(&self) -> Result<Option<Arc<Keys>>, AuditKeyError> {
        let Some(path) = &self.audit_key_file else { return Ok(None) };
        let text = std::fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(|source| AuditKeyError::Read { path: path.clone(), source })?;
        let keys = Keys::parse(&text).map_err(|source| AuditKeyError::Key { path: path.clone(), source })?;
        Ok(Some(Arc::new(keys)))
    }
}
