//! Who should be in a society and with what, and what becomes of that where a person in VaultWarden gave less.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::ledger::Granted;
use super::observed::ObservedMember;
use super::planning::Planning;
use crate::digest::Digest;
use crate::ids::CollectionId;
use crate::spec::{CollectionRight, Confirm, Role};

/// Somebody who should be in a society.
pub(super) struct Wanted {
    /// What they should have.
    pub(super) role: Role,
    /// `None`: one of the collections is not there yet.
    pub(super) granted: Option<Granted>,
    /// The digest of the fingerprint phrase that the document names.
    pub(super) phrase: Option<Digest>,
    pub(super) until: Option<NaiveDate>,
}

/// Everybody who should be in it, by address in lower case. Owners of the union are owners of it; whose last day is over
/// is not among them.
pub(super) fn wanted(planning: &Planning<'_>) -> BTreeMap<String, Wanted> {
    let today = planning.input.now.date_naive();
    let phrase =
        |confirm: &Option<Confirm>| confirm.as_ref().map(|confirm| Digest::of(confirm.fingerprint.as_str()));
    let mut people = BTreeMap::new();
    for member in &planning.document.members {
        if member.until.is_some_and(|day| day < today) {
            continue;
        }
        let right = |right| match (member.role, right) {
            // The server takes one for the other: whoever manages and writes in a collection manages it.
            (Role::Manager, CollectionRight::Write) => CollectionRight::Manage,
            (_, right) => right,
        };
        let access = member
            .collections
            .iter()
            .map(|access| planning.collections.get(&access.name).map(|id| (*id, right(access.access))));
        let granted = match member.role {
            Role::Owner | Role::Admin => Some(BTreeMap::new()),
            Role::Manager | Role::Member => access.collect(),
        };
        let granted = granted.map(|access| Granted { role: member.role, access });
        let (phrase, until) = (phrase(&member.confirm), member.until);
        people.insert(
            member.email.as_str().to_lowercase(),
            Wanted { role: member.role, granted, phrase, until },
        );
    }
    for owner in &planning.input.union.spec.owners {
        let address = owner.email.as_str().to_lowercase();
        let listed: Option<&Wanted> = people.get(&address);
        let phrase = phrase(&owner.confirm).or_else(|| listed.and_then(|listed| listed.phrase));
        let granted = Some(Granted { role: Role::Owner, access: BTreeMap::new() });
        people.insert(address, Wanted { role: Role::Owner, granted, phrase, until: None });
    }
    people
}

/// What somebody is to have.
pub(super) struct Given {
    /// It.
    pub(super) granted: Granted,
    /// Whether a person took some of what the document gives, which stays so.
    pub(super) narrowed: bool,
}

/// What somebody is to have who has something already. What the document gave before and somebody took is not given again
/// until the document gives something else there; collections of people's own are left as they are.
pub(super) fn given(
    planning: &Planning<'_>,
    want: &Granted,
    observed: &ObservedMember,
    before: Option<&Granted>,
) -> Given {
    let theirs = observed.access.iter().filter(|(id, _)| !planning.ours.contains(id));
    let mut granted = lesser(want, observed);
    if let Some(before) = before {
        if before.role != want.role {
            granted.role = want.role;
        }
        if sees_all(granted.role) {
            granted.access.clear();
        } else {
            let anew = want.access.iter().filter(|(id, right)| before.access.get(*id) != Some(*right));
            granted.access.extend(anew.map(|(id, right)| (*id, *right)));
        }
    }
    let narrowed = granted != *want;
    if !sees_all(granted.role) {
        granted.access.extend(theirs.map(|(id, right)| (*id, *right)));
    }
    Given { granted, narrowed }
}

/// What somebody has, as it would be given.
pub(super) fn has(observed: &ObservedMember) -> Granted {
    let access = if sees_all(observed.role) { BTreeMap::new() } else { observed.access.clone() };
    Granted { role: observed.role, access }
}

/// Whether everything in the society is theirs to see.
pub(super) fn sees_all(role: Role) -> bool {
    matches!(role, Role::Owner | Role::Admin)
}

/// The lesser of what is wanted and what is there.
fn lesser(want: &Granted, observed: &ObservedMember) -> Granted {
    let role = if rank(observed.role) < rank(want.role) { observed.role } else { want.role };
    let access = if sees_all(role) {
        BTreeMap::new()
    } else if sees_all(want.role) {
        observed.access.clone()
    } else if sees_all(observed.role) || observed.all_collections {
        want.access.clone()
    } else {
        let both = |(id, right): (&CollectionId, &CollectionRight)| {
            let is = observed.access.get(id)?;
            Some((*id, if reach(*is) < reach(*right) { *is } else { *right }))
        };
        want.access.iter().filter_map(both).collect()
    };
    Granted { role, access }
}

fn rank(role: Role) -> u8 {
    match role {
        Role::Member => 0,
        Role::Manager => 1,
        Role::Admin => 2,
        Role::Owner => 3,
    }
}

fn reach(right: CollectionRight) -> u8 {
    match right {
        CollectionRight::ReadHidden => 0,
        CollectionRight::Read => 1,
        CollectionRight::Write => 2,
        CollectionRight::Manage => 3,
    }
}
