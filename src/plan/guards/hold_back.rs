//! The wanted documents, with what waits kept as it was.
//!
//! The result is a document like any other: whatever comes after it need not know that something waits.

use super::society::{key, member, successor};
use super::union::field;
use super::{Destructive, Guard};
use crate::names::{Email, SocietyName};
use crate::spec::{Database, GENERAL, Member, Society, Union};

/// `after` without the changes of these guards, which were computed from `before` and `after`.
pub fn hold_back(before: &Union, after: &Union, waiting: &[Guard]) -> Union {
    let mut kept = after.clone();
    for change in waiting.iter().flat_map(|guard| &guard.changes) {
        match change {
            Destructive::Union {} => return before.clone(),
            Destructive::Society { society } => {
                let was = before.societies.get(society);
                kept.societies.extend(was.map(|was| (society.clone(), was.clone())));
            }
            Destructive::Member { society, member } => restore(before, after, &mut kept, society, member),
            Destructive::Role { society, member: email, from, .. } => {
                let members = kept.societies.get_mut(society).map(|society| &mut society.members);
                let found = members.into_iter().flatten().find(|member| member.email == *email);
                if let Some(member) = found {
                    member.role = *from;
                }
            }
            Destructive::Owner { owner } => {
                let was = before.spec.owners.iter().find(|was| was.email == *owner);
                kept.spec.owners.extend(was.cloned());
            }
            Destructive::Field { field, .. } => set_back(before, &mut kept, field),
            // Nothing of it is in the documents.
            Destructive::Lost { .. } | Destructive::Items { .. } => {}
        }
    }
    kept
}

fn restore(before: &Union, after: &Union, kept: &mut Union, society: &SocietyName, email: &Email) {
    let was = before
        .societies
        .iter()
        .find(|(old, _)| successor(old, before, after).is_some_and(|(name, _)| name == society));
    let was = was.and_then(|(_, was)| member(was, email));
    if let (Some(was), Some(now)) = (was, kept.societies.get_mut(society)) {
        let was = with_collections_of(was, now);
        // Whose last day was set into the past is there still.
        now.members.retain(|member| key(&member.email) != key(&was.email));
        now.members.push(was);
    }
}

/// What they saw, as far as it is still there.
fn with_collections_of(was: &Member, now: &Society) -> Member {
    let mut kept = was.clone();
    kept.collections.retain_mut(|access| {
        let name = &access.name;
        let is_there = name.as_str() == GENERAL || now.collections.iter().any(|found| found.name == *name);
        let renamed = now.collections.iter().find(|found| found.renamed_from.as_ref() == Some(name));
        if let (false, Some(renamed)) = (is_there, renamed) {
            access.name = renamed.name.clone();
        }
        is_there || renamed.is_some()
    });
    kept
}

fn set_back(before: &Union, kept: &mut Union, name: &str) {
    let (was, is) = (&before.spec, &mut kept.spec);
    match name {
        field::DOMAIN => is.domain.clone_from(&was.domain),
        field::IMAGE => is.vaultwarden.image.clone_from(&was.vaultwarden.image),
        field::STORAGE_CLASS => is.storage.class_name.clone_from(&was.storage.class_name),
        field::DATABASE_KIND => is.database.clone_from(&was.database),
        field::BACKUP => match (&was.backup, &mut is.backup) {
            (Some(was), Some(is)) => is.to.clone_from(&was.to),
            (was, is) => is.clone_from(was),
        },
        _ => {}
    }
    if let (
        Database::Postgres { image: old, storage: before, .. },
        Database::Postgres { image, storage, .. },
    ) = (&was.database, &mut is.database)
    {
        match name {
            field::DATABASE_IMAGE => image.clone_from(old),
            field::DATABASE_STORAGE_CLASS => storage.class_name.clone_from(&before.class_name),
            _ => {}
        }
    }
}
