//! Who could read what of a society on a day, and what is different on another one.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::query::{Kind, Parameter, Query};
use super::{View, problem::Problem, wire};
use crate::names::{SocietyName, UnionName};
use crate::spec::{CollectionRight, Reader};
use crate::store::ListedSince;

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
    let asked = query.moment("at")?;
    let at = asked.unwrap_or_else(Utc::now);
    let since = query.moment("since")?;
    let nothing = || Problem::NotFound { what: format!("record of who read in `{union}/{society}` then") };
    let found = view.store.listing(&union, &society, at).await?.ok_or_else(nothing)?;
    let readers = readers(&found, at);
    let before = match since {
        // Before there was a record of it, nobody read in it that is known.
        Some(since) => {
            let before = view.store.listing(&union, &society, since).await?;
            Some(before.map(|before| self::readers(&before, since)).unwrap_or_default())
        }
        None => None,
    };
    Ok(wire::Readers {
        union: union.to_string(),
        society: society.to_string(),
        at: asked,
        revision: found.revision.to_string(),
        listed_since: found.since,
        changes: before.map(|before| changes(&before, &readers)),
        items: readers.into_iter().map(reader).collect(),
    })
}

fn readers(found: &ListedSince, at: DateTime<Utc>) -> Readers {
    found.listing.as_ref().map(|listing| listing.readers(at.date_naive())).unwrap_or_default()
}

fn reader((email, reader): (String, Reader)) -> wire::Reader {
    let Reader { role, until, collections, passwords } = reader;
    wire::Reader { email, role, until, collections, passwords }
}

/// What each may do in each collection otherwise than before.
fn changes(before: &Readers, now: &Readers) -> Vec<wire::ReaderChange> {
    fn rights(readers: &Readers) -> BTreeMap<(&String, &String), CollectionRight> {
        let pairs = readers.iter().flat_map(|(email, reader)| {
            reader.collections.iter().map(move |(collection, right)| ((email, collection), *right))
        });
        pairs.collect()
    }
    let (before, now) = (rights(before), rights(now));
    let places: BTreeSet<_> = before.keys().chain(now.keys()).collect();
    let changed = places.into_iter().filter(|place| before.get(*place) != now.get(*place));
    changed
        .map(|place| wire::ReaderChange {
            email: place.0.clone(),
            collection: place.1.clone(),
            from: before.get(place).copied(),
            to: now.get(place).copied(),
        })
        .collect()
}
