//! What the documents say of passwords, with sealed values opened: what a plan compares by fingerprints and the executor
//! writes.
//!
//! Apart from the plan, which holds no value. Invariant: no `Debug`, no `Serialize`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::change::Source;
use super::place::{Fingerprint, FingerprintKey, Place, Slot};
use crate::names::{PasswordName, SocietyName};
use crate::redacted::Redacted;
use crate::seal::Sealed;
use crate::spec::{FieldValue, Password, PasswordValue, Union};

/// A sealed text, opened: its value and when it was sealed; or why it does not open, in words for everybody.
pub type Opening = Result<(Redacted<String>, DateTime<Utc>), String>;

/// Every text of every password of a union.
pub struct Contents(BTreeMap<Place, BTreeMap<Slot, Content>>);

/// One text.
pub enum Content {
    /// It is known.
    Known {
        /// It.
        value: Redacted<String>,
        /// Where it comes from.
        source: Source,
    },
    /// It is drawn.
    Drawn(Source),
    /// It is sealed and does not open.
    Unopened(String),
}

/// The names that a place had, its own first. What something else is called now is no former name of it.
pub(super) fn former(union: &Union, society: &SocietyName, password: &Password) -> Vec<Place> {
    let place = |society: &SocietyName, password: &PasswordName| Place {
        union: union.name.clone(),
        society: society.clone(),
        password: password.clone(),
    };
    let document = union.societies.get(society);
    let was = document.and_then(|document| document.renamed_from.as_ref());
    let was = was.filter(|was| !union.societies.contains_key(*was));
    let is_taken = |name: &&PasswordName| {
        document.into_iter().flat_map(|document| &document.passwords).any(|other| other.name == **name)
    };
    let former = password.renamed_from.as_ref().filter(|name| !is_taken(name));
    let societies = [Some(society), was].into_iter().flatten();
    societies
        .flat_map(|society| {
            let names = [Some(&password.name), former].into_iter().flatten();
            names.map(move |name| place(society, name))
        })
        .collect()
}

impl Contents {
    /// Of a union's documents. `open` gets the places that the text may be sealed for, the present one first.
    pub fn of(union: &Union, open: impl Fn(&[Place], &Slot, &Sealed) -> Opening) -> Self {
        let mut contents = BTreeMap::new();
        for (name, society) in &union.societies {
            for password in &society.passwords {
                let places = former(union, name, password);
                let slots = slots(password, |slot, sealed| open(&places, slot, sealed));
                if let Some(place) = places.into_iter().next() {
                    contents.insert(place, slots);
                }
            }
        }
        Self(contents)
    }

    /// One text, if it is known.
    pub fn value(&self, place: &Place, slot: &Slot) -> Option<&Redacted<String>> {
        match self.0.get(place)?.get(slot)? {
            Content::Known { value, .. } => Some(value),
            Content::Drawn(_) | Content::Unopened(_) => None,
        }
    }

    /// The texts of one password.
    pub(super) fn slots(&self, place: &Place) -> impl Iterator<Item = (&Slot, &Content)> {
        self.0.get(place).into_iter().flatten()
    }
}

impl Content {
    /// What it is compared by; none of what is drawn or does not open.
    pub(super) fn fingerprint(
        &self,
        key: &FingerprintKey,
        place: &Place,
        slot: &Slot,
    ) -> Option<Fingerprint> {
        match self {
            Self::Known { value, .. } => Some(key.fingerprint(place, slot, value.expose())),
            Self::Drawn(_) | Self::Unopened(_) => None,
        }
    }
}

fn slots(password: &Password, open: impl Fn(&Slot, &Sealed) -> Opening) -> BTreeMap<Slot, Content> {
    let plain =
        |text: &str| Content::Known { value: Redacted::new(text.to_owned()), source: Source::Document };
    let sealed = |slot: &Slot, sealed: &Sealed| match open(slot, sealed) {
        Ok((value, at)) => Content::Known { value, source: Source::Sealed { at } },
        Err(why) => Content::Unopened(why),
    };
    let mut slots = BTreeMap::from([(Slot::Title, plain(password.shown()))]);
    let value = match &password.value {
        PasswordValue::Generate(generate) => {
            Content::Drawn(Source::Generate { alphabet: generate.alphabet, rotation: generate.rotation })
        }
        PasswordValue::Sealed(text) => sealed(&Slot::Value, text),
    };
    slots.insert(Slot::Value, value);
    if let Some(username) = &password.username {
        slots.insert(Slot::Username, plain(username));
    }
    if !password.uris.is_empty() {
        slots.insert(Slot::Uris, plain(&password.uris.join("\n")));
    }
    if let Some(notes) = &password.notes {
        slots.insert(Slot::Notes, plain(notes));
    }
    if let Some(totp) = &password.totp {
        slots.insert(Slot::Totp, sealed(&Slot::Totp, &totp.sealed));
    }
    for field in &password.fields {
        let slot = Slot::Field(field.name.clone());
        let content = match &field.value {
            FieldValue::Value(text) => plain(text),
            FieldValue::Sealed(text) => sealed(&slot, text),
        };
        slots.insert(slot, content);
    }
    // What is empty is not there for anybody.
    slots.retain(|_, content| !matches!(content, Content::Known { value, .. } if value.expose().is_empty()));
    slots
}
