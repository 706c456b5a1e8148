//! The adapter for VaultWarden: its cryptography against what others computed, its client against the stand-in of the tests
//! or, where `VAULTWARDEN_BIN` names it, the real server.

mod support;

#[path = "vaultwarden/account.rs"]
mod account;
#[path = "vaultwarden/bench.rs"]
mod bench;
#[path = "vaultwarden/crypto.rs"]
mod crypto;
#[path = "vaultwarden/faults.rs"]
mod faults;
#[path = "vaultwarden/founded.rs"]
mod founded;
#[path = "vaultwarden/generate.rs"]
mod generate;
#[path = "vaultwarden/item.rs"]
mod item;
#[path = "vaultwarden/reach.rs"]
mod reach;
#[path = "vaultwarden/society.rs"]
mod society;
#[path = "vaultwarden/wire.rs"]
mod wire;
