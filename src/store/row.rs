//! From columns to the words of the house.
//!
//! Separate so that every reader refuses what it does not understand in the same way, instead of guessing.

use std::str::FromStr;

use super::RowError;
use crate::desired::Life;
use crate::digest::Digest;
use crate::health::Health;
use crate::names::UnionName;
use crate::outcome::UnknownWord;
use crate::revision::{ObjectId, Revision};

pub(super) fn word<T: FromStr<Err = UnknownWord>>(text: &str) -> Result<T, RowError> {
    Ok(text.parse()?)
}

pub(super) fn union_name(text: &str) -> Result<UnionName, RowError> {
    Ok(text.parse()?)
}

/// A word of a list that is known to serde only.
pub(super) fn kebab<T: serde::de::DeserializeOwned>(text: String) -> Result<T, RowError> {
    Ok(serde_json::from_value(serde_json::Value::String(text))?)
}

pub(super) fn object_id(bytes: &[u8]) -> Result<ObjectId, RowError> {
    exactly::<20>(bytes).map(ObjectId::from)
}

pub(super) fn digest(bytes: &[u8]) -> Result<Digest, RowError> {
    exactly::<32>(bytes).map(Digest::from)
}

/// A revision of which both columns or none are there.
pub(super) fn revision(branch: Option<String>, commit: Option<&[u8]>) -> Result<Option<Revision>, RowError> {
    branch.zip(commit).map(|(branch, commit)| Ok(Revision { branch, commit: object_id(commit)? })).transpose()
}

pub(super) fn health(word: &str, why: Option<&str>) -> Result<Health, RowError> {
    let json = serde_json::json!({ "health": word, "why": why });
    Ok(serde_json::from_value(json)?)
}

pub(super) fn exactly<const N: usize>(bytes: &[u8]) -> Result<[u8; N], RowError> {
    bytes.try_into().map_err(|_| RowError::Length { wanted: N, found: bytes.len() })
}

/// The word of a life, as serde writes it.
pub(super) fn life(life: Life) -> &'static str {
    match life {
        Life::Running => "running",
        Life::Retained => "retained",
        Life::Gone => "gone",
    }
}
