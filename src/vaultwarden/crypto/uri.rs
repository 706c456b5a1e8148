//! What clients keep beside an address of a login, so that a server cannot exchange it.
//!
//! Separate for its reason: in an item with a key of its own, clients silently drop an address without it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The checksum of an address, in plain: it is encrypted like any other text.
pub fn checksum(uri: &str) -> String {
    STANDARD.encode(Sha256::digest(uri))
}
