//! Who may read what of a society by its documents, on a day: kept for each accepted revision, for who asks later.
//!
//! Apart from `plan::society`, which brings a vault there: whoever was listed could read from the moment on at which that was
//! done, and no longer than until it was undone.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::document::{Collection, CollectionRight, GENERAL, Member, Owner, Role};
use crate::names::CollectionName;

/// What the documents of a society, and of its union, say of people and of what they share. No value is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Owners of every society of the union.
    pub owners: Vec<Owner>,
    /// The people of this one.
    pub members: Vec<Member>,
    /// Its collections, as far as they are named.
    pub collections: Vec<Collection>,
    /// What is shared, and in which collection.
    pub passwords: Vec<Shared>,
}

/// Where a password is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shared {
    /// Its name.
    pub name: String,
    /// Its collection; none: `general`.
    pub collection: Option<CollectionName>,
}

/// Somebody who may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// What they are in the society.
    pub role: Role,
    /// Their last day.
    pub until: Option<NaiveDate>,
    /// What they may do in each collection that they see; none: they manage all that there are.
    pub collections: Option<BTreeMap<String, CollectionRight>>,
}

impl Listing {
    /// Who may read what on a day, by address in lower case.
    pub fn readers(&self, day: NaiveDate) -> BTreeMap<String, Reader> {
        let mut readers = BTreeMap::new();
        for member in &self.members {
            // The last day counts in full.
            if member.until.is_none_or(|until| day <= until) {
                let collections = match member.role {
                    Role::Owner | Role::Admin => None,
                    Role::Manager | Role::Member => Some(given(member)),
                };
                let reader = Reader { role: member.role, until: member.until, collections };
                readers.insert(member.email.as_str().to_lowercase(), reader);
            }
        }
        for owner in &self.owners {
            let reader = Reader { role: Role::Owner, until: None, collections: None };
            readers.insert(owner.email.as_str().to_lowercase(), reader);
        }
        readers
    }

    /// What is in each collection, sorted: told once, whoever sees it, so that an answer grows with what the documents say.
    pub fn shared(&self) -> BTreeMap<String, Vec<String>> {
        let named = self.collections.iter().map(|collection| collection.name.to_string());
        let mut shared: BTreeMap<_, _> =
            named.chain([GENERAL.to_owned()]).map(|name| (name, Vec::new())).collect();
        for Shared { name, collection } in &self.passwords {
            let collection = collection.as_ref().map_or(GENERAL, CollectionName::as_str);
            shared.entry(collection.to_owned()).or_default().push(name.clone());
        }
        shared.values_mut().for_each(|passwords| passwords.sort());
        shared
    }
}

/// The server takes one for the other: whoever manages and writes in a collection manages it.
fn given(member: &Member) -> BTreeMap<String, CollectionRight> {
    let right = |right| match (member.role, right) {
        (Role::Manager, CollectionRight::Write) => CollectionRight::Manage,
        (_, right) => right,
    };
    member.collections.iter().map(|access| (access.name.to_string(), right(access.access))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whoever_is_listed_reads_what_is_given_to_them_until_the_end_of_their_last_day() {
        let listing: Listing = serde_json::from_value(json!({
            "owners": [{"email": "IT@acme.example"}],
            "members": [
                {"email": "ana@acme.example", "role": "member", "until": "2026-11-30",
                 "collections": [{"name": "board", "access": "read"}]},
                {"email": "bo@acme.example", "role": "admin"},
                {"email": "cy@acme.example", "role": "manager",
                 "collections": [{"name": "general", "access": "write"}]},
            ],
            "collections": [{"name": "board"}],
            "passwords": [{"name": "forum", "collection": null}, {"name": "bank", "collection": "board"}],
        }))
        .expect("a listing");
        let told = |day: &str| {
            let readers = listing.readers(day.parse().expect("a day")).into_iter();
            let told = readers.map(|(address, reader)| match reader.collections {
                Some(collections) => format!("{address} {}", collections.into_keys().collect::<String>()),
                None => format!("{address} all"),
            });
            told.collect::<Vec<_>>()
        };
        let rest = ["bo@acme.example all", "cy@acme.example general", "it@acme.example all"];
        assert_eq!(told("2026-11-30"), [&["ana@acme.example board"], &rest[..]].concat());
        assert_eq!(told("2026-12-01"), rest);
        let shared = [("board", vec!["bank"]), ("general", vec!["forum"])];
        let shared = shared.map(|(name, of)| (name.to_owned(), of.into_iter().map(str::to_owned).collect()));
        assert_eq!(listing.shared(), BTreeMap::from(shared));
        let cy = &listing.readers("2026-12-01".parse().expect("a day"))["cy@acme.example"];
        assert_eq!(cy.collections, Some(BTreeMap::from([("general".into(), CollectionRight::Manage)])));
    }
}
