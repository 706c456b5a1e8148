//! The contract of VaultWarden's server, as far as Keyforge relies on it: run on the stand-in of the tests, and on the
//! real server when `VAULTWARDEN_BIN` names it. Where the two differ the stand-in is wrong.
//!
//! The server checks no cryptography, so people here have keys and hashes that are only texts; `bw` alone needs real ones.

mod accounts;
mod admin;
mod bw;
mod caller;
mod ciphers;
mod collections;
mod config;
mod database;
mod imports;
mod limits;
mod mail;
mod members;
mod organizations;
mod people;
mod places;
mod races;
mod restarts;
mod server;
mod sink;
mod society;
#[path = "../support/mod.rs"]
mod support;
mod tokens;
