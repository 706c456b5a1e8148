//! An item as it is sent: every text of it is one that was opened again.
//!
//! Apart from what is read, whose texts are whatever the server has. Invariant: a `Body` made from an item differs from it
//! in what was written, and in nothing else.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Field, HIDDEN, Item, LOGIN, Login, Uri};
use crate::ids::SocietyId;
use crate::plan::society::{MARKER_FIELD, Slot};
use crate::vaultwarden::crypto::{Checked, EncString, Error, Key, checksum};

/// The most former passwords that clients keep.
const REMEMBERED: usize = 5;

/// What becomes of a slot of an item that is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays as it is.
    Stays,
    /// It is written anew.
    Written,
    /// It is taken out.
    Goes,
}

/// An item as it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body {
    #[serde(rename = "type")]
    kind: u8,
    organization_id: SocietyId,
    reprompt: u8,
    favorite: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_known_revision_date: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Checked>,
    name: Option<Checked>,
    notes: Option<Checked>,
    fields: Vec<FieldBody>,
    password_history: Vec<Value>,
    login: LoginBody,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FieldBody {
    #[serde(rename = "type")]
    kind: u8,
    name: Option<Checked>,
    value: Option<Checked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    linked_id: Option<u32>,
    /// Its name in plain, by which it is found.
    #[serde(skip)]
    plain: Option<String>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct LoginBody {
    username: Option<Checked>,
    password: Option<Checked>,
    totp: Option<Checked>,
    uris: Vec<UriBody>,
    password_revision_date: Option<Value>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UriBody {
    uri: Checked,
    uri_checksum: Checked,
    #[serde(rename = "match")]
    matches: Option<u8>,
}

impl Body {
    /// A new item without anything in it.
    pub(super) fn new(society: SocietyId) -> Self {
        Self {
            kind: LOGIN,
            organization_id: society,
            reprompt: 0,
            favorite: false,
            last_known_revision_date: None,
            key: None,
            name: None,
            notes: None,
            fields: Vec::new(),
            password_history: Vec::new(),
            login: LoginBody::default(),
        }
    }

    /// What is there, for a society whose key is `society` and an item whose texts are under `key`. The slots that do not stay
    /// need not open; of several fields of one name the first is the slot.
    pub(super) fn of(
        item: &Item,
        id: SocietyId,
        society: &Key,
        key: &Key,
        fate: impl Fn(&Slot) -> Fate,
    ) -> Result<Self, Error> {
        let stays = |slot: Slot| fate(&slot) == Fate::Stays;
        let again = |slot: Slot, text: &Option<String>| if stays(slot) { again(key, text) } else { Ok(None) };
        let mut fields: Vec<FieldBody> = Vec::new();
        for field in item.fields.iter().flatten() {
            let former = fields.iter().filter_map(|field| field.plain.as_ref()).collect();
            let body = field.body(key, &former, &fate)?;
            fields.extend(body);
        }
        Ok(Self {
            kind: item.kind,
            organization_id: id,
            reprompt: item.reprompt.unwrap_or_default(),
            favorite: item.favorite,
            last_known_revision_date: Some(item.revision_date),
            key: self::again(society, &item.key)?,
            name: again(Slot::Title, &item.name)?,
            notes: again(Slot::Notes, &item.notes)?,
            fields,
            password_history: item
                .password_history
                .iter()
                .flatten()
                .map(|past| kept(key, past))
                .collect::<Result<_, _>>()?,
            login: match &item.login {
                Some(login) => LoginBody {
                    username: again(Slot::Username, &login.username)?,
                    password: again(Slot::Value, &login.password)?,
                    totp: again(Slot::Totp, &login.totp)?,
                    uris: if stays(Slot::Uris) { login.uris(key)? } else { Vec::new() },
                    password_revision_date: login.password_revision_date.clone(),
                    other: login.other(key)?,
                },
                None => LoginBody::default(),
            },
        })
    }

    /// Puts a text into its slot. A new address keeps how a former one like it was to match.
    pub(super) fn set(
        &mut self,
        key: &Key,
        slot: &Slot,
        text: &str,
        hidden: bool,
        former: &[Uri],
    ) -> Result<(), Error> {
        let checked = || Checked::text(key, text).map(Some);
        match slot {
            Slot::Title => self.name = checked()?,
            Slot::Notes => self.notes = checked()?,
            Slot::Username => self.login.username = checked()?,
            Slot::Value => self.login.password = checked()?,
            Slot::Totp => self.login.totp = checked()?,
            Slot::Uris => {
                let matches =
                    |uri: &str| former.iter().find(|former| former.is(key, uri)).and_then(|uri| uri.matches);
                let uris = text.lines().map(|uri| UriBody::new(key, uri, matches(uri)));
                self.login.uris = uris.collect::<Result<_, _>>()?;
            }
            Slot::Field(name) => self.set_field(key, name, text, hidden)?,
        }
        Ok(())
    }

    /// Puts the marker into its field.
    pub(super) fn mark(&mut self, key: &Key, marker: &str) -> Result<(), Error> {
        self.set_field(key, MARKER_FIELD, marker, true)
    }

    /// Keeps a password that is replaced now among those that people can look up.
    pub(super) fn remember(&mut self, key: &Key, former: &str, now: DateTime<Utc>) -> Result<(), Error> {
        let former = Checked::text(key, former)?;
        self.password_history.insert(0, json!({ "password": former, "lastUsedDate": now }));
        self.password_history.truncate(REMEMBERED);
        self.login.password_revision_date = Some(json!(now));
        Ok(())
    }

    fn set_field(&mut self, key: &Key, name: &str, text: &str, hidden: bool) -> Result<(), Error> {
        let value = Some(Checked::text(key, text)?);
        if let Some(field) = self.fields.iter_mut().find(|field| field.plain.as_deref() == Some(name)) {
            field.value = value;
            let is_text = matches!(field.kind, super::SHOWN | HIDDEN);
            if hidden || !is_text {
                (field.kind, field.linked_id) = (if hidden { HIDDEN } else { super::SHOWN }, None);
            }
            return Ok(());
        }
        let (kind, plain) = (if hidden { HIDDEN } else { super::SHOWN }, Some(name.to_owned()));
        self.fields.push(FieldBody {
            kind,
            name: Some(Checked::text(key, name)?),
            value,
            linked_id: None,
            plain,
        });
        Ok(())
    }
}

impl Field {
    /// `None`: it goes. `former` are the names of those before it.
    fn body(
        &self,
        key: &Key,
        former: &BTreeSet<&String>,
        fate: &impl Fn(&Slot) -> Fate,
    ) -> Result<Option<FieldBody>, Error> {
        let name = again(key, &self.name)?;
        let plain = match &self.name {
            Some(name) => Some(key.decrypt(&name.parse()?)?.expose().clone()),
            None => None,
        };
        let fate = match plain.as_ref().filter(|plain| !former.contains(plain)) {
            // The marker is written anew with every write, whatever it says now.
            Some(plain) if plain == MARKER_FIELD => Fate::Written,
            Some(plain) => fate(&Slot::Field(plain.clone())),
            None => Fate::Stays,
        };
        let value = match fate {
            Fate::Goes => return Ok(None),
            Fate::Written => None,
            Fate::Stays => again(key, &self.value)?,
        };
        Ok(Some(FieldBody { kind: self.kind, name, value, linked_id: self.linked_id, plain }))
    }
}

impl Login {
    fn uris(&self, key: &Key) -> Result<Vec<UriBody>, Error> {
        let uris = self.uris.iter().flatten().filter_map(|uri| Some((uri.uri.as_ref()?, uri.matches)));
        uris.map(|(uri, matches)| UriBody::new(key, key.decrypt(&uri.parse()?)?.expose(), matches)).collect()
    }

    fn other(&self, key: &Key) -> Result<Map<String, Value>, Error> {
        // The first address once more, for clients of former years: the server makes it itself.
        let other = self.other.iter().filter(|(name, _)| *name != "uri");
        other.map(|(name, value)| Ok((name.clone(), kept(key, value)?))).collect()
    }
}

impl Uri {
    fn is(&self, key: &Key, plain: &str) -> bool {
        let opened = self.uri.as_ref().and_then(|uri| key.decrypt(&uri.parse().ok()?).ok());
        opened.is_some_and(|uri| uri.expose() == plain)
    }
}

impl UriBody {
    fn new(key: &Key, uri: &str, matches: Option<u8>) -> Result<Self, Error> {
        let uri_checksum = Checked::text(key, &checksum(uri))?;
        Ok(Self { uri: Checked::text(key, uri)?, uri_checksum, matches })
    }
}

/// A text that is there and stays.
fn again(key: &Key, text: &Option<String>) -> Result<Option<Checked>, Error> {
    text.as_ref().map(|text| Checked::again(key, &text.parse()?)).transpose()
}

/// Anything that is there and stays: whatever in it looks encrypted opens.
fn kept(key: &Key, value: &Value) -> Result<Value, Error> {
    match value {
        Value::String(text) => {
            if let Ok(encrypted) = text.parse::<EncString>() {
                Checked::again(key, &encrypted)?;
            }
        }
        Value::Array(values) => values.iter().try_for_each(|value| kept(key, value).map(drop))?,
        Value::Object(values) => values.values().try_for_each(|value| kept(key, value).map(drop))?,
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(value.clone())
}
