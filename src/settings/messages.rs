//! Who vouches for the places that notifications go to.

use std::path::PathBuf;

use super::authorities::{self, AuthoritiesError};
use crate::messenger::{Authorities, Messenger};

/// How messages leave.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct MessageOptions {
    /// Authorities, in PEM, of whom one vouches for the places that notifications go to [default: those that the system
    /// trusts]
    #[arg(long, env = "KEYFORGE_NOTIFY_CA_FILE", value_name = "FILE")]
    pub notify_ca_file: Option<PathBuf>,
}

impl MessageOptions {
    /// What sends messages.
    ///
    /// # Errors
    /// The file of authorities cannot be used.
    pub fn load(&self) -> Result<Messenger, AuthoritiesError> {
        let Some(path) = self.notify_ca_file.clone() else { return Ok(Messenger::default()) };
        Ok(Messenger::trusting(authorities::read(path, Authorities::parse)?))
    }
}
