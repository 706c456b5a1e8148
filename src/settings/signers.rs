//! The root of trust: who may sign at all, in a file that nobody can change by a commit.

use std::path::PathBuf;
use std::sync::Arc;

use crate::signing::{Signers, SignersError};

/// Whose signatures are trusted, whatever the config repo says.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct SignerOptions {
    /// Keys that alone may sign for `keyforge.yaml`, and may sign for all else: the text of an OpenSSH `allowed_signers`
    /// file, armored OpenPGP public keys, or both. Without it `keyforge.yaml` itself says who may
    #[arg(long, env = "KEYFORGE_TRUSTED_SIGNERS_FILE", value_name = "FILE")]
    pub trusted_signers_file: Option<PathBuf>,
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SignersFileError {
    /// It cannot be read.
    #[error("failed to read the trusted signers from {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A key in it is wrong.
    #[error("the trusted signers in {} cannot be used", path.display())]
    Key {
        /// Which.
        path: PathBuf,
        /// What is wrong first.
        source: SignersError,
    },
    /// It has no key, so that nothing could ever be accepted.
    #[error("the file of trusted signers {} has no key", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
}

impl SignerOptions {
    /// Reads the file, if there is to be one.
    ///
    /// # Errors
    /// It cannot be read, a key in it is wrong, or there is none.
    pub fn load(&self) -> Result<Option<Arc<Signers>>, SignersFileError> {
        let Some(path) = &self.trusted_signers_file else { return Ok(None) };
        let path = || path.clone();
        let text = std::fs::read_to_string(path())
            .map_err(|source| SignersFileError::Read { path: path(), source })?;
        let (signers, mistakes) = Signers::read_file(&text);
        match mistakes.into_iter().next() {
            Some(source) => Err(SignersFileError::Key { path: path(), source }),
            None if signers.is_empty() => Err(SignersFileError::Empty { path: path() }),
            None => Ok(Some(Arc::new(signers))),
        }
    }
}
