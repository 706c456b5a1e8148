//! The keys that open sealed values: with the daemon, never in Git.

use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::seal::{KeyFileError, Opener};

/// What opens sealed values.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct SealingOptions {
    /// Secret keys that open sealed values: identities of age, one per line, as `age-keygen` writes them. Without it no
    /// sealed value is opened
    #[arg(long, env = "KEYFORGE_SEALING_KEY_FILE", value_name = "FILE")]
    pub sealing_key_file: Option<PathBuf>,
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SealingKeyError {
    /// It cannot be read.
    #[error("failed to read the sealing keys from {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What it holds are no keys.
    #[error("the sealing keys in {} cannot be used", path.display())]
    Key {
        /// Which.
        path: PathBuf,
        /// Why.
        source: KeyFileError,
    },
}

impl SealingOptions {
    /// Reads the file, if there is to be one.
    ///
    /// # Errors
    /// It cannot be read, or what it holds are no keys.
    pub fn load(&self) -> Result<Option<Arc<Opener>>, SealingKeyError> {
        let Some(path) = &self.sealing_key_file else { return Ok(None) };
        let text = std::fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(|source| SealingKeyError::Read { path: path.clone(), source })?;
        let opener =
            Opener::parse(&text).map_err(|source| SealingKeyError::Key { path: path.clone(), source })?;
        Ok(Some(Arc::new(opener)))
    }
}
