//! The adapter for VaultWarden: its cryptography against what others computed.

#[path = "vaultwarden/crypto.rs"]
mod crypto;
#[path = "vaultwarden/generate.rs"]
mod generate;
