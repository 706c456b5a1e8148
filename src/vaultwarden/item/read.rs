//! What is in an item, for the planner: fingerprints at the place that its marker names.
//!
//! Invariant: it never fails. An item that does not open, in whole or in part, is one that a person should know of, and
//! no reason to look at nothing else.

use std::collections::BTreeMap;

use super::{Field, Item, LOGIN, Listed, Shell};
use crate::ids::SocietyId;
use crate::plan::society::{
    Fingerprint, FingerprintKey, MARKER_FIELD, Marker, ObservedContent, ObservedItem, Slot,
};
use crate::redacted::Redacted;
use crate::vaultwarden::crypto::Key;
use crate::vaultwarden::error::{Call, Error};

impl Listed {
    pub(in crate::vaultwarden) fn observed(
        &self,
        id: SocietyId,
        society: &Key,
        fingerprints: &FingerprintKey,
    ) -> ObservedItem {
        match self {
            Self::Sound(item) => item.observed(id, society, fingerprints),
            Self::Odd(Shell { id, creation_date, revision_date, deleted_date, collection_ids }) => {
                ObservedItem {
                    id: *id,
                    created: *creation_date,
                    revised: *revision_date,
                    deleted: *deleted_date,
                    collections: collection_ids.clone(),
                    content: ObservedContent::Broken,
                }
            }
        }
    }
}

impl Item {
    fn observed(&self, id: SocietyId, society: &Key, fingerprints: &FingerprintKey) -> ObservedItem {
        ObservedItem {
            id: self.id,
            created: self.creation_date,
            revised: self.revision_date,
            deleted: self.deleted_date,
            collections: self.collection_ids.clone(),
            content: self.content(id, society, fingerprints),
        }
    }

    fn content(&self, id: SocietyId, society: &Key, fingerprints: &FingerprintKey) -> ObservedContent {
        let own;
        let key = match &self.key {
            None => society,
            Some(wrapped) => {
                match wrapped.parse().ok().and_then(|wrapped| society.decrypt_key(&wrapped).ok()) {
                    Some(key) => {
                        own = key;
                        &own
                    }
                    None => return ObservedContent::Broken,
                }
            }
        };
        if let Some((marker, genuine)) = self.marker(id, key, fingerprints) {
            // A password is of one type. Of another one it is what somebody made of it.
            if self.kind != LOGIN {
                return ObservedContent::Broken;
            }
            let slots = self.slots(key, &marker, fingerprints);
            return ObservedContent::Marked { marker, genuine, slots };
        }
        if self.opens(key) { ObservedContent::Unmarked } else { ObservedContent::Broken }
    }

    /// What we wrote, if we did, and whether that is sure.
    pub(super) fn marker(
        &self,
        id: SocietyId,
        key: &Key,
        fingerprints: &FingerprintKey,
    ) -> Option<(Marker, bool)> {
        let fields = self.fields.iter().flatten();
        fields
            .filter_map(|field| field.text(key))
            .find(|(name, _)| name == MARKER_FIELD)
            .and_then(|(_, value)| Marker::read(value.expose(), fingerprints, id))
    }

    fn slots(
        &self,
        key: &Key,
        marker: &Marker,
        fingerprints: &FingerprintKey,
    ) -> BTreeMap<Slot, Fingerprint> {
        self.texts(key)
            .into_iter()
            .map(|(slot, text)| {
                let fingerprint = fingerprints.fingerprint(&marker.place, &slot, text.expose());
                (slot, fingerprint)
            })
            .collect()
    }

    /// Every text of it that opens and is not empty, but the marker.
    pub(super) fn texts(&self, key: &Key) -> BTreeMap<Slot, Redacted<String>> {
        let login = self.login.as_ref();
        let uris = login.and_then(|login| login.uris.as_ref()).map(|uris| {
            let opened =
                uris.iter().filter_map(|uri| open(key, uri.uri.as_deref())).map(|uri| uri.expose().clone());
            Redacted::new(opened.collect::<Vec<_>>().join("\n"))
        });
        let named = [
            (Slot::Title, open(key, self.name.as_deref())),
            (Slot::Notes, open(key, self.notes.as_deref())),
            (Slot::Username, login.and_then(|login| open(key, login.username.as_deref()))),
            (Slot::Value, login.and_then(|login| open(key, login.password.as_deref()))),
            (Slot::Totp, login.and_then(|login| open(key, login.totp.as_deref()))),
            (Slot::Uris, uris),
        ];
        let fields = self.fields.iter().flatten().rev().filter_map(|field| field.text(key));
        let fields = fields.filter(|(name, _)| name != MARKER_FIELD);
        let fields = fields.map(|(name, value)| (Slot::Field(name), Some(value)));
        let texts = fields.chain(named).filter_map(|(slot, text)| Some((slot, text?)));
        texts.filter(|(_, text)| !text.expose().is_empty()).collect()
    }

    /// Whether all of it opens.
    fn opens(&self, key: &Key) -> bool {
        let sound = |text: &Option<String>| text.is_none() || open(key, text.as_deref()).is_some();
        let login = self.login.iter().all(|login| {
            let texts = [&login.username, &login.password, &login.totp];
            texts.into_iter().chain(login.uris.iter().flatten().map(|uri| &uri.uri)).all(sound)
        });
        let fields = self.fields.iter().flatten().all(|field| sound(&field.name) && sound(&field.value));
        sound(&self.name) && sound(&self.notes) && login && fields
    }

    /// The key that its texts are under.
    pub(super) fn key<'k>(
        &self,
        call: Call,
        society: &'k Key,
        room: &'k mut Option<Key>,
    ) -> Result<&'k Key, Error> {
        let Some(wrapped) = &self.key else { return Ok(society) };
        let crypto = |source| Error::Crypto { call, source };
        let wrapped = wrapped
            .parse()
            .map_err(|malformed: crate::vaultwarden::crypto::Malformed| crypto(malformed.into()))?;
        Ok(room.insert(society.decrypt_key(&wrapped).map_err(crypto)?))
    }

    pub(super) fn is_login(&self) -> bool {
        self.kind == LOGIN
    }
}

impl Field {
    /// Its name and value.
    pub(super) fn text(&self, key: &Key) -> Option<(String, Redacted<String>)> {
        let name = open(key, self.name.as_deref())?.expose().clone();
        Some((name, open(key, self.value.as_deref())?))
    }
}

/// `None`: there is none, or it does not open.
fn open(key: &Key, text: Option<&str>) -> Option<Redacted<String>> {
    key.decrypt(&text?.parse().ok()?).ok()
}
