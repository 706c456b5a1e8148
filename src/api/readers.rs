//! Who could read what of a society on a day, and what is different on another one.

use std::collections::{BTreeMap, BTreeSet};

use super::query::{Kind, Parameter, Query};
use super::{View, problem::Problem, wire};
use crate::names::{SocietyName, UnionName};
use crate::spec::{CollectionRight, Listing, Reader};
use crate::store::ListedThen;

/// What can be asked for.
pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter { name: "at", about: "At which moment; now, where none is given.", kind: Kind::Moment },
    Parameter { name: "since", about: "Also what is different since this other moment.", kind: Kind::Moment },
];

/// By address.
type Readers = BTreeMap<String, Reader>;

/// Who could read what.
pub(super) async fn list(
    view: View,
    (union, society): (UnionName, SocietyName),
    query: Query,
) -> Result<wire::Readers, Problem> {
    let at = query.moment("at")?;
    let since = query.moment("since")?;
    let nothing = || Problem::NotFound { what: format!("record of who read in `{union}/{society}` then") };
    let found = view.store.listing(&union, &society, at).await?.ok_or_else(nothing)?;
    let readers = readers(&found);
    let before = match since {
        // Before there was a record of it, nobody read in it that is known.
        Some(since) => {
            let before = view.store.listing(&union, &society, Some(since)).await?;
            Some(before.as_ref().map(self::readers).unwrap_or_default())
        }
        None => None,
    };
    Ok(wire::Readers {
        union: union.to_string(),
        society: society.to_string(),
        at,
        revision: found.revision.to_string(),
        listed_since: found.since,
        changes: before.map(|before| changes(&before, &readers)),
        items: readers.into_iter().map(reader).collect(),
        collections: found.listing.as_ref().map(Listing::shared).unwrap_or_default(),
    })
}

fn readers(found: &ListedThen) -> Readers {
    found.listing.as_ref().map(|listing| listing.readers(found.day)).unwrap_or_default()
}

fn reader((email, reader): (String, Reader)) -> wire::Reader {
    let Reader { role, until, collections } = reader;
    wire::Reader { email, role, until, collections }
}

/// What each may do in each collection otherwise than before.
fn changes(before: &Readers, now: &Readers) -> Vec<wire::ReaderChange> {
    fn rights(readers: &Readers) -> BTreeMap<(&String, Option<&String>), CollectionRight> {
        let mut rights = BTreeMap::new();
        for (email, reader) in readers {
            match &reader.collections {
                Some(given) => {
                    rights.extend(given.iter().map(|(name, right)| ((email, Some(name)), *right)));
                }
                None => drop(rights.insert((email, None), CollectionRight::Manage)),
            }
        }
        rights
    }
    let (before, now) = (rights(before), rights(now));
    let places: BTreeSet<_> = before.keys().chain(now.keys()).collect();
    let changed = places.into_iter().filter(|place| before.get(*place) != now.get(*place));
    changed
        .map(|place| wire::ReaderChange {
            email: place.0.clone(),
            collection: place.1.cloned(),
            from: before.get(place).copied(),
            to: now.get(place).copied(),
        })
        .collect()
}
