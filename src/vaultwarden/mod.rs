//! VaultWarden: all that is read from and written inside a union's server.
//!
//! ```text
//! crypto  the clients' cryptography
//! ```
//!
//! Invariant: nothing else knows how its values are encrypted.

pub mod crypto;
