//! The guards of one union's documents.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::society::{self, Pair, key, successor};
use super::{Destructive, Guard, GuardKind};
use crate::digest::Digest;
use crate::names::{Email, ObjectName, SocietyName, UnionName};
use crate::spec::{
    Backup, BackupTo, Database, Guards, ImageDowngrade, ImageReference, Role, Union, UnionSpec,
};

/// The fields that a guard can hold back.
pub(super) mod field {
    pub(in super::super) const DOMAIN: &str = "spec.domain";
    pub(in super::super) const IMAGE: &str = "spec.vaultwarden.image";
    pub(in super::super) const STORAGE_CLASS: &str = "spec.storage.className";
    pub(in super::super) const BACKUP: &str = "spec.backup.to";
    pub(in super::super) const DATABASE_KIND: &str = "spec.database.kind";
    pub(in super::super) const DATABASE_IMAGE: &str = "spec.database.image";
    pub(in super::super) const DATABASE_STORAGE_CLASS: &str = "spec.database.storage.className";
}

/// What a union's change is measured by.
#[derive(Debug)]
pub struct Bounds<'a> {
    /// Which union.
    pub union: &'a UnionName,
    /// Of the `keyforge.yaml` that was accepted before.
    pub guards: &'a Guards,
    /// Who was removed from it in the last 24 hours without an approval.
    pub lately: &'a BTreeSet<(SocietyName, Email)>,
    /// What waits already: neither time nor smaller steps let it through.
    pub waiting: &'a BTreeSet<Digest>,
    /// By UTC.
    pub today: NaiveDate,
}

/// What of the way from one state of a union to the next has to wait for an approval.
pub fn of_union(before: &Union, after: &Union, bounds: &Bounds<'_>) -> Vec<Guard> {
    let mut guards = Vec::new();
    let (mut removed, mut kept) = (Vec::new(), Vec::new());
    for (old, society) in &before.societies {
        match successor(old, before, after) {
            None => removed.push((old, society)),
            Some((name, now)) => kept.push(Pair {
                name,
                former: old,
                before: society,
                after: now,
                owned_by_union: !before.spec.owners.is_empty() || !after.spec.owners.is_empty(),
            }),
        }
    }
    for (old, society) in removed {
        let change = Destructive::Society { society: old.clone() };
        let why = format!("society `{old}` with {} members is removed", society.members.len());
        guards.extend(Guard::new(GuardKind::SocietyRemoved, Some(bounds.union), vec![change], why));
    }
    guards.extend(owners(before, after, bounds));
    guards.extend(kept.iter().flat_map(|pair| society::guards(pair, bounds)));
    guards.extend(fields(before, after, bounds));
    guards
}

/// Societies that go on under another name, with that.
pub fn renamed<'a>(
    before: &'a Union,
    after: &'a Union,
) -> impl Iterator<Item = (&'a SocietyName, &'a SocietyName)> {
    let kept = before.societies.keys().filter_map(move |old| Some((old, successor(old, before, after)?.0)));
    kept.filter(|(old, new)| old != new)
}

/// Who is no member of a society any more, although their last day is not over. Of societies that are gone as a whole
/// nobody is told.
pub fn members_removed(before: &Union, after: &Union, today: NaiveDate) -> Vec<(SocietyName, Email)> {
    let kept = before.societies.iter().filter_map(|(old, was)| Some((was, successor(old, before, after)?)));
    kept.flat_map(|(was, (name, now))| {
        society::removed(was, now, today).map(|member| (name.clone(), member.email.clone()))
    })
    .collect()
}

/// Second owners of all societies, as the union's document names them.
fn owners(before: &Union, after: &Union, bounds: &Bounds<'_>) -> Option<Guard> {
    let stays = |email: &Email| after.spec.owners.iter().any(|owner| key(&owner.email) == key(email));
    let leaving = before.spec.owners.iter().filter(|owner| !stays(&owner.email));
    let changes: Vec<_> = leaving.map(|owner| Destructive::Owner { owner: owner.email.clone() }).collect();
    let orphan = after.societies.iter().find(|(_, society)| {
        after.spec.owners.is_empty()
            && !society::present(society, bounds.today).any(|member| member.role == Role::Owner)
    });
    let (kind, why) = match orphan {
        Some((name, _)) => (GuardKind::LastOwner, format!("society `{name}` would be left without an owner")),
        None => (GuardKind::Demotion, format!("owners of every society are removed: {}", changes.len())),
    };
    Guard::new(kind, Some(bounds.union), changes, why)
}

fn fields(before: &Union, after: &Union, bounds: &Bounds<'_>) -> Vec<Guard> {
    let (was, is) = (&before.spec, &after.spec);
    let mut images = Vec::new();
    let mut classes = Vec::new();
    let mut others = Vec::new();
    let change = |field, from: String, to: String| Destructive::field(field, Some(from), Some(to));
    if is_older(&was.vaultwarden.image, &is.vaultwarden.image) {
        images.push(change(
            field::IMAGE,
            was.vaultwarden.image.to_string(),
            is.vaultwarden.image.to_string(),
        ));
    }
    if was.storage.class_name != is.storage.class_name {
        let class = |storage: &crate::spec::Storage| storage.class_name.as_ref().map(ToString::to_string);
        classes.push(Destructive::field(field::STORAGE_CLASS, class(&was.storage), class(&is.storage)));
    }
    match (&was.database, &is.database) {
        (
            Database::Postgres { image: old, storage: before, .. },
            Database::Postgres { image: new, storage: after, .. },
        ) => {
            if is_older(old, new) {
                images.push(change(field::DATABASE_IMAGE, old.to_string(), new.to_string()));
            }
            if before.class_name != after.class_name {
                let class =
                    |storage: &crate::spec::Storage| storage.class_name.as_ref().map(ToString::to_string);
                classes.push(Destructive::field(field::DATABASE_STORAGE_CLASS, class(before), class(after)));
            }
        }
        (old, new) if kind(old) != kind(new) => {
            let changes = vec![change(field::DATABASE_KIND, kind(old).to_owned(), kind(new).to_owned())];
            let why = format!("`{}` changes: its rows do not move along", field::DATABASE_KIND);
            others.push((GuardKind::DatabaseKindChanged, changes, why));
        }
        _ => {}
    }
    if let (Some(old), new) = (volume_of_copies(was), volume_of_copies(is))
        && new != Some(old)
    {
        let words = |class: Option<&ObjectName>| match class {
            Some(class) => format!("volume of class {class}"),
            None => "volume".to_owned(),
        };
        let to = match (&is.backup, new) {
            (None, _) => None,
            (Some(_), Some(class)) => Some(words(class)),
            (Some(_), None) => Some("s3".to_owned()),
        };
        let changes = vec![Destructive::field(field::BACKUP, Some(words(old)), to)];
        let why = format!("`{}` changes: the copies on the volume go with it", field::BACKUP);
        others.push((GuardKind::BackupRemoved, changes, why));
    }
    if was.domain != is.domain {
        let changes = vec![change(field::DOMAIN, was.domain.to_string(), is.domain.to_string())];
        let why = format!("`{}` changes: members find their passwords at another address", field::DOMAIN);
        others.push((GuardKind::DomainChanged, changes, why));
    }
    if bounds.guards.image_downgrade == ImageDowngrade::Refuse {
        let why = "an image goes back to an older version, which may not understand newer data".to_owned();
        others.push((GuardKind::ImageDowngrade, images, why));
    }
    let why = "a storage class changes, and a volume cannot move to another".to_owned();
    others.push((GuardKind::StorageClassChanged, classes, why));
    let guard = |(kind, changes, why)| Guard::new(kind, Some(bounds.union), changes, why);
    others.into_iter().filter_map(guard).collect()
}

/// The storage class of the volume with the copies, if there is such a volume.
fn volume_of_copies(spec: &UnionSpec) -> Option<Option<&ObjectName>> {
    match &spec.backup {
        Some(Backup { to: BackupTo::Volume { class_name, .. }, .. }) => Some(class_name.as_ref()),
        _ => None,
    }
}

fn kind(database: &Database) -> &'static str {
    match database {
        Database::Sqlite {} => "sqlite",
        Database::Postgres { .. } => "postgres",
        Database::External { .. } => "external",
    }
}

/// Whether the second image may be of an older version. What is not known to be newer may be.
fn is_older(before: &ImageReference, after: &ImageReference) -> bool {
    let versions = Version::of(&before.tag).zip(Version::of(&after.tag));
    if before.tag == after.tag {
        // To pin what runs is no step back; to pin something else may be one, and a tag without a version may move back.
        return match (&before.digest, &after.digest) {
            (None, _) => false,
            (Some(was), Some(is)) => was != is,
            (Some(_), None) => versions.is_none(),
        };
    }
    versions.is_none_or(|(before, after)| !before.precedes(&after))
}

/// `1.37.2-alpine` is version 1.37.2 in another build, `1.37.2-rc1` comes before it.
struct Version<'t> {
    numbers: Vec<u64>,
    build: &'t str,
}

impl<'t> Version<'t> {
    fn of(tag: &'t str) -> Option<Self> {
        let (numbers, build) = tag.split_once('-').unwrap_or((tag, ""));
        let numbers = numbers.strip_prefix('v').unwrap_or(numbers).split('.');
        Some(Self { numbers: numbers.map(|number| number.parse().ok()).collect::<Option<_>>()?, build })
    }

    fn is_unfinished(&self) -> bool {
        let build = self.build.to_ascii_lowercase();
        ["alpha", "beta", "rc", "pre", "dev", "test", "nightly"].iter().any(|word| build.starts_with(word))
    }

    /// Whether nothing is lost on the way from this one.
    fn precedes(&self, after: &Self) -> bool {
        // Of two that are not finished the order is not known.
        after.numbers > self.numbers || (after.numbers == self.numbers && !after.is_unfinished())
    }
}
