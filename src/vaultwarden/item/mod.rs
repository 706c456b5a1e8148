//! Items of a society: the passwords of ours, and what people keep beside them.
//!
//! ```text
//! read   what is in an item, by fingerprints      write  the calls
//! body   an item as it is sent
//! ```
//!
//! Invariant: what Keyforge did not write is sent back as it was. The server replaces an item as a whole with every write,
//! passkeys and further fields of people too.

mod body;
mod read;
mod write;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

pub use write::{Text, Writing};

use crate::ids::{CollectionId, ItemId};

/// An item, as the server gives it. All texts are encrypted, or should be.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    id: ItemId,
    #[serde(rename = "type")]
    kind: u8,
    creation_date: DateTime<Utc>,
    revision_date: DateTime<Utc>,
    deleted_date: Option<DateTime<Utc>>,
    /// Whether clients ask for the master password before they show it.
    reprompt: Option<u8>,
    #[serde(default)]
    favorite: bool,
    /// Of the item itself; everything else is under it then.
    key: Option<String>,
    #[serde(default)]
    collection_ids: BTreeSet<CollectionId>,
    name: Option<String>,
    notes: Option<String>,
    fields: Option<Vec<Field>>,
    password_history: Option<Vec<Value>>,
    login: Option<Login>,
}

/// An item of a list. The server keeps of some parts whatever a client sends, so one that no client of ours would write
/// must not hide the others.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Listed {
    /// It reads as one.
    Sound(Box<Item>),
    /// It does not, but for what the server itself says of it.
    Odd(Shell),
}

/// What the server itself says of an item.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shell {
    id: ItemId,
    creation_date: DateTime<Utc>,
    revision_date: DateTime<Utc>,
    deleted_date: Option<DateTime<Utc>>,
    #[serde(default)]
    collection_ids: BTreeSet<CollectionId>,
}

/// A further field.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Field {
    #[serde(rename = "type")]
    kind: u8,
    name: Option<String>,
    value: Option<String>,
    linked_id: Option<u32>,
}

/// What an item of type 1 has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Login {
    username: Option<String>,
    password: Option<String>,
    totp: Option<String>,
    uris: Option<Vec<Uri>>,
    password_revision_date: Option<Value>,
    /// Passkeys, and whatever comes later.
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// An address.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Uri {
    uri: Option<String>,
    #[serde(rename = "match")]
    matches: Option<u8>,
}

/// The type of an item with a password.
const LOGIN: u8 = 1;
/// The types of a field: shown, and hidden.
const SHOWN: u8 = 0;
const HIDDEN: u8 = 1;
