//! The cryptography of Bitwarden's clients, as far as Keyforge needs it. The server checks none of it.
//!
//! ```text
//! kdf        address and password → master key        key        64 bytes: encrypt, decrypt
//! encstring  the strict parser of what is stored       rsa        pairs of accounts and societies, wrapped keys
//! checked    what may be sent: parsed and opened again
//! phrase     the five words of an account's key        words      their list
//! uri, totp  what goes with a login                    generate   new passwords
//! ```
//!
//! Separate from the client, so that it can be tried against vectors of others without a server.
//!
//! Invariants: no I/O and no decision. Keys are wiped when they go, and have no `Debug`. Nothing is decrypted before its
//! MAC is verified. Only a [`Checked`] text can be sent: one bad string would break the client of every member.

mod checked;
mod encstring;
mod generate;
mod kdf;
mod key;
mod phrase;
mod rsa;
mod totp;
mod uri;
mod words;

pub use checked::Checked;
pub use encstring::{EncString, Malformed};
pub use generate::generate;
pub use kdf::{Kdf, MasterKey};
pub use key::Key;
pub use phrase::phrase;
pub use rsa::{PrivateKey, PublicKey};
pub use totp::{Totp, TotpError};
pub use uri::checksum;

/// What cannot be opened, read or made. No variant holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not what a client writes.
    #[error("the value is no encrypted text: {0}")]
    Malformed(#[from] Malformed),
    /// Encrypted in another way than this key opens.
    #[error("the value is of type {found}, not {wanted}")]
    Type {
        /// Its type.
        found: u8,
        /// What the key opens.
        wanted: u8,
    },
    /// Another key, or it was changed.
    #[error("the value was encrypted with another key, or was changed")]
    Tampered,
    /// Opened, and not UTF-8.
    #[error("the value holds no text")]
    NotText,
    /// More than the server keeps.
    #[error("the text has {bytes} bytes; at most {} fit into a field", checked::LONGEST)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not a key, or one that clients do not use.
    #[error("the key is no {0}")]
    Key(&'static str),
    /// Weaker than genuine clients accept, or so strong that it would only cost time.
    #[error("the derivation of the key is out of bounds")]
    Kdf,
    /// What was made cannot be opened again. It is not sent.
    #[error("the encrypted text does not open to what it was made of")]
    NotTheSame,
}
