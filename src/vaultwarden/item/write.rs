//! The calls that change items.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use http::Method;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::body::{Body, Fate};
use super::{Item, Listed};
use crate::ids::{CollectionId, ItemId, MakingId, SocietyId};
use crate::plan::society::{Applied, FingerprintKey, Marker, Origin, Place, Slot};
use crate::redacted::Redacted;
use crate::spec::Alphabet;
use crate::vaultwarden::client::Client;
use crate::vaultwarden::crypto::generate;
use crate::vaultwarden::error::{Call, Error};
use crate::vaultwarden::society::List;
use crate::vaultwarden::wire::Request;

/// What is written into a slot, and where it comes from.
pub struct Writing {
    /// What.
    pub text: Text,
    /// Where it comes from, for the marker.
    pub origin: Origin,
}

/// The text of a slot.
pub enum Text {
    /// This one.
    Given(Redacted<String>),
    /// One that is drawn now.
    Drawn(Alphabet),
    /// What the item has.
    Kept,
}

#[derive(Deserialize)]
struct Made {
    id: ItemId,
}

impl Client {
    pub(in crate::vaultwarden) async fn items(&self, society: SocietyId) -> Result<Vec<Listed>, Error> {
        let call = "read the items";
        let path = format!("/api/ciphers/organization-details?organizationId={society}");
        let list: List<Listed> = self.call(call, &Request::get(path)).await?.json(call)?;
        Ok(list.data)
    }

    /// Makes a password.
    ///
    /// # Errors
    /// Of the call, and [`Error::Crypto`] for a text that does not fit.
    pub async fn create_item(
        &self,
        society: SocietyId,
        collection: CollectionId,
        place: &Place,
        write: &BTreeMap<Slot, Writing>,
        fingerprints: &FingerprintKey,
    ) -> Result<ItemId, Error> {
        let call = "create the password";
        let crypto = |source| Error::Crypto { call, source };
        let key = self.key(call, society).await?;
        let making = Some(MakingId(Uuid::new_v4()));
        let (mut body, mut marker) =
            (Body::new(society), Marker { place: place.clone(), slots: BTreeMap::new(), making });
        for (slot, writing) in write {
            let text = match &writing.text {
                Text::Given(text) => text.clone(),
                Text::Drawn(alphabet) => generate(*alphabet),
                Text::Kept => continue,
            };
            body.set(&key, slot, text.expose(), writing.is_hidden(), &[]).map_err(crypto)?;
            let fingerprint = fingerprints.fingerprint(place, slot, text.expose());
            marker.slots.insert(slot.clone(), Applied { fingerprint, origin: writing.origin });
        }
        body.mark(&key, &marker.text(fingerprints, society)).map_err(crypto)?;
        let body = json!({ "cipher": body, "collectionIds": [collection] });
        let request = Request::json(Method::POST, "/api/ciphers/create", &body);
        let made: Made = self.call(call, &request).await?.json(call)?;
        Ok(made.id)
    }

    /// Writes into a password, takes slots out of it, and leaves the rest. A value that is replaced stays in its history.
    ///
    /// # Errors
    /// [`Error::Changed`] where somebody was faster, [`Error::Crypto`] where a part that stays does not open.
    #[expect(clippy::too_many_arguments, reason = "they are the fields of one change")]
    pub async fn update_item(
        &self,
        society: SocietyId,
        id: ItemId,
        place: &Place,
        revised: DateTime<Utc>,
        write: &BTreeMap<Slot, Writing>,
        remove: &BTreeSet<Slot>,
        carry: &BTreeMap<Slot, Applied>,
        fingerprints: &FingerprintKey,
    ) -> Result<(), Error> {
        let call = "update the password";
        let crypto = |source| Error::Crypto { call, source };
        let path = format!("/api/ciphers/{id}");
        // Read anew: the server itself takes what is two seconds old for fresh.
        let item = self.item(call, id).await?;
        if item.revision_date != revised || !item.is_login() {
            return Err(Error::Changed { call });
        }
        let society_key = self.key(call, society).await?;
        let mut own = None;
        let key = item.key(call, &society_key, &mut own)?;
        let texts = item.texts(key);
        let is_kept = |slot: &Slot| write.get(slot).is_some_and(|writing| matches!(writing.text, Text::Kept));
        let fate = |slot: &Slot| {
            if write.contains_key(slot) && !is_kept(slot) {
                Fate::Written
            } else if remove.contains(slot) {
                Fate::Goes
            } else {
                Fate::Stays
            }
        };
        let mut body = Body::of(&item, society, &society_key, key, fate).map_err(crypto)?;
        let mut value = None;
        let former = item.marker(society, key, fingerprints).filter(|(_, genuine)| *genuine);
        let making = former.and_then(|(former, _)| former.making);
        let mut marker = Marker { place: place.clone(), slots: carry.clone(), making };
        let former = item.login.as_ref().and_then(|login| login.uris.as_deref()).unwrap_or_default();
        for (slot, writing) in write {
            let text = match (&writing.text, texts.get(slot)) {
                (Text::Given(text), _) | (Text::Kept, Some(text)) => text.clone(),
                (Text::Drawn(alphabet), _) => generate(*alphabet),
                (Text::Kept, None) => return Err(Error::Changed { call }),
            };
            if !is_kept(slot) {
                body.set(key, slot, text.expose(), writing.is_hidden(), former).map_err(crypto)?;
            }
            if *slot == Slot::Value {
                value = Some(text.clone());
            }
            let fingerprint = fingerprints.fingerprint(place, slot, text.expose());
            marker.slots.insert(slot.clone(), Applied { fingerprint, origin: writing.origin });
        }
        // The same one written anew is no former one.
        let is_other = |former: &&Redacted<String>| {
            value.as_ref().is_none_or(|value: &Redacted<String>| value.expose() != former.expose())
        };
        let replaced = texts.get(&Slot::Value).filter(|_| fate(&Slot::Value) != Fate::Stays).filter(is_other);
        if let Some(former) = replaced {
            body.remember(key, former.expose(), Utc::now()).map_err(crypto)?;
        }
        body.mark(key, &marker.text(fingerprints, society)).map_err(crypto)?;
        self.call(call, &Request::json(Method::PUT, path, &body)).await.map(|_| ())
    }

    /// Puts a password into exactly these collections, if it is in those that were seen.
    ///
    /// # Errors
    /// [`Error::Changed`] where somebody moved it since.
    pub async fn move_item(
        &self,
        id: ItemId,
        seen: &BTreeSet<CollectionId>,
        collections: &BTreeSet<CollectionId>,
    ) -> Result<(), Error> {
        let call = "move the password";
        if self.item(call, id).await?.collection_ids != *seen {
            return Err(Error::Changed { call });
        }
        let path = format!("/api/ciphers/{id}/collections_v2");
        let request = Request::json(Method::PUT, path, &json!({ "collectionIds": collections }));
        self.call(call, &request).await.map(|_| ())
    }

    /// Puts passwords into the bin.
    ///
    /// # Errors
    /// Of the call.
    pub async fn bin_items(&self, ids: &[ItemId]) -> Result<(), Error> {
        self.with_items("put passwords into the bin", Method::PUT, "/api/ciphers/delete", ids).await
    }

    /// Takes passwords out of the bin.
    ///
    /// # Errors
    /// Of the call.
    pub async fn restore_items(&self, ids: &[ItemId]) -> Result<(), Error> {
        self.with_items("take passwords out of the bin", Method::PUT, "/api/ciphers/restore", ids).await
    }

    /// Deletes a password for ever, if it has been in the bin since it was seen there.
    ///
    /// # Errors
    /// [`Error::Changed`] where somebody took it out since.
    pub async fn purge_item(&self, id: ItemId, binned: DateTime<Utc>) -> Result<(), Error> {
        let call = "purge the password";
        if self.item(call, id).await?.deleted_date != Some(binned) {
            return Err(Error::Changed { call });
        }
        self.call(call, &Request::new(Method::DELETE, format!("/api/ciphers/{id}"))).await.map(|_| ())
    }

    /// As it is now: a look may be some seconds old.
    async fn item(&self, call: Call, id: ItemId) -> Result<Item, Error> {
        self.call(call, &Request::get(format!("/api/ciphers/{id}"))).await?.json(call)
    }

    async fn with_items(&self, call: Call, method: Method, path: &str, ids: &[ItemId]) -> Result<(), Error> {
        self.call(call, &Request::json(method, path, &json!({ "ids": ids }))).await.map(|_| ())
    }
}

impl Writing {
    /// Whether clients show it behind dots.
    fn is_hidden(&self) -> bool {
        !matches!(self.origin, Origin::Document)
    }
}
