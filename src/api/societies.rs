//! Societies: who is in them and how far, which passwords there are, and who has to act. Never a value.

use std::collections::BTreeMap;

use super::query::Query;
use super::wire;
use super::{View, problem::Problem};
use crate::names::{SocietyName, UnionName};
use crate::outcome::{Actor, MemberState, SocietyState};
use crate::plan::society::{Origin, PasswordStanding, Standing};
use crate::store::SocietyRecord;

/// What is said of a society where the daemon knows no way to the unions' servers.
const NOT_REACHED: &str =
    "this daemon does nothing inside of the unions' servers: its setting `reach` is `off`";

/// The societies of a union, by name: those of its vault, and those of its documents that are not in it yet.
pub(super) async fn list(
    view: View,
    union: UnionName,
    _: Query,
) -> Result<wire::Page<wire::Society>, Problem> {
    let items = all(&union, &view).await?.iter().map(society).collect();
    Ok(wire::Page { items, next: None })
}

/// One society.
pub(super) async fn one(
    view: View,
    (union, name): (UnionName, SocietyName),
    _: Query,
) -> Result<wire::SocietyDetail, Problem> {
    let found = all(&union, &view).await?.into_iter().find(|society| society.name == name);
    let Some(found) = found else {
        return Err(Problem::NotFound { what: format!("society `{union}/{name}`") });
    };
    let mut counts = BTreeMap::new();
    for member in &found.members {
        *counts.entry(member.state).or_default() += 1;
    }
    let collections = found.ledger.iter().flat_map(|ledger| ledger.collections.keys());
    Ok(wire::SocietyDetail {
        society: society(&found),
        counts_by_member_state: counts,
        collections: collections.map(ToString::to_string).collect(),
        people: found.members.iter().map(member).collect(),
        items: found.passwords.iter().map(password).collect(),
    })
}

async fn all(union: &UnionName, view: &View) -> Result<Vec<SocietyRecord>, Problem> {
    if view.store.union(union).await?.is_none() {
        return Err(Problem::no_union(union));
    }
    let mut found = view.store.societies(union).await?;
    if let Some(accepted) = view.store.accepted(union).await? {
        for (name, document) in accepted.union.societies {
            if found.iter().all(|society| society.name != name) {
                found.push(not_there(name, document.display_name, view.looks_inside));
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// A society that no look has found in its vault yet, or that none will.
fn not_there(name: SocietyName, title: String, looks_inside: bool) -> SocietyRecord {
    let (state, findings) = if looks_inside {
        (SocietyState::InProgress, Vec::new())
    } else {
        (SocietyState::Blocked, vec![NOT_REACHED.to_owned()])
    };
    let (members, passwords) = (Vec::new(), Vec::new());
    SocietyRecord { name, title, state, ledger: None, members, passwords, findings, updated_at: None }
}

fn society(society: &SocietyRecord) -> wire::Society {
    let waits = |member: &&Standing| member.must_act.is_some_and(|actor| actor != Actor::Keyforge);
    let is_there = |member: &&Standing| !matches!(member.state, MemberState::Absent | MemberState::Revoked);
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    wire::Society {
        name: society.name.to_string(),
        display_name: society.title.clone(),
        state: society.state,
        members: count(society.members.iter().filter(is_there).count()),
        passwords: count(society.passwords.iter().filter(|password| password.value.is_some()).count()),
        waits: society.members.iter().filter(waits).map(member).collect(),
        findings: society.findings.clone(),
        updated_at: society.updated_at,
    }
}

fn member(member: &Standing) -> wire::Member {
    wire::Member {
        email: member.address.clone(),
        role: member.role,
        state: member.state,
        since: member.since,
        listed: member.listed,
        until: member.until,
        collections: member.access.iter().map(|(name, right)| (name.to_string(), *right)).collect(),
        reason: member.why.clone(),
        actor: member.must_act,
    }
}

fn password(password: &PasswordStanding) -> wire::Password {
    let (kind, rotation, changed_at) = match password.value {
        Some(Origin::Generated { rotation, at }) => (Some("generated"), Some(rotation), Some(at)),
        Some(Origin::Sealed { at }) => (Some("sealed"), None, Some(at)),
        Some(Origin::Document) | None => (None, None, None),
    };
    wire::Password {
        name: password.name.to_string(),
        collection: password.collection.to_string(),
        kind: kind.map(str::to_owned),
        rotation,
        changed_at,
    }
}
