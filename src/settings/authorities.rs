//! A file of authorities, in PEM, of whom one vouches for whom we call.
//!
//! Apart from the settings that name one, since each of them has its own library, and all have the same mistakes.

use std::path::PathBuf;

/// The file of authorities cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthoritiesError {
    /// It cannot be read.
    #[error("failed to read the authorities in {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It holds no certificate.
    #[error("{} holds no certificate in PEM", path.display())]
    NoCertificate {
        /// Which.
        path: PathBuf,
    },
}

/// Reads the file, in the form of the library that asks; none: there is no certificate in it.
pub(super) fn read<T>(path: PathBuf, parse: impl FnOnce(&[u8]) -> Option<T>) -> Result<T, AuthoritiesError> {
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(source) => return Err(AuthoritiesError::Read { path, source }),
    };
    parse(&text).ok_or(AuthoritiesError::NoCertificate { path })
}
