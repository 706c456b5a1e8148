//! People: invited, recognised, confirmed, kept out, and how far each of them is.
//!
//! The rules, in order:
//! 1. Our own account is none of them. What a person in VaultWarden took is never given back; what they gave beyond the
//!    document is taken, as far as we made the membership or `keyforge.yaml` says so.
//! 2. The society never loses its last owner.
//! 3. A key is given only to who proved to be meant: by the fingerprint phrase in the document, or by the mailbox that our
//!    own mail reached. An owner needs the phrase. The first key that was seen is the only one.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::change::Person;
use super::finding::{Finding, Standing};
use super::ledger::MemberLedger;
use super::listed::{absent, listed};
use super::observed::{MemberStatus, ObservedMember};
use super::people::{self, Wanted};
use super::planning::Planning;
use super::unlisted::unlisted;
use crate::ids::{CollectionId, MembershipId};
use crate::outcome::{Actor, MemberState};
use crate::spec::{Role, UnlistedMembers};

/// Somebody who has left and may know what they could see.
pub(super) struct Leaver {
    pub(super) address: String,
    pub(super) at: DateTime<Utc>,
    /// `None`: everything.
    pub(super) sees: Option<BTreeSet<CollectionId>>,
}

impl Leaver {
    pub(super) fn saw(&self, collection: CollectionId) -> bool {
        self.sees.as_ref().is_none_or(|sees| sees.contains(&collection))
    }
}

/// Plans everybody; gives who has left.
pub(super) fn plan(planning: &mut Planning<'_>) -> Vec<Leaver> {
    let wanted = people::wanted(planning);
    let observed = planning.observed;
    let mut there: BTreeMap<&str, &ObservedMember> = BTreeMap::new();
    for member in &observed.members {
        there.insert(&member.address, member);
    }
    planning.last_owner = last_owner(planning, &wanted);
    let mut leavers = Vec::new();
    for (address, want) in &wanted {
        match there.get(address.as_str()) {
            Some(member) => listed(planning, want, member),
            None => absent(planning, address, want),
        }
    }
    for (address, member) in there {
        if !wanted.contains_key(address) {
            leavers.extend(unlisted(planning, member));
        }
    }
    second_owner(planning);
    leavers
}

/// The confirmed owner who has to stay because no other one does: of those that the documents take away, a listed one
/// before others.
fn last_owner(planning: &Planning<'_>, wanted: &BTreeMap<String, Wanted>) -> Option<MembershipId> {
    let stays = |member: &ObservedMember| match wanted.get(&member.address) {
        Some(want) => want.role == Role::Owner,
        None => !is_ours(planning, member) && planning.input.policy.unlisted == UnlistedMembers::Report,
    };
    let is_owner =
        |member: &&ObservedMember| member.status == MemberStatus::Confirmed && member.role == Role::Owner;
    let owners = || planning.observed.members.iter().filter(is_owner);
    if owners().any(stays) {
        return None;
    }
    let last = owners().min_by_key(|owner| (!wanted.contains_key(&owner.address), &owner.address));
    last.map(|owner| owner.id)
}

/// Whether we made this membership.
pub(super) fn is_ours(planning: &Planning<'_>, member: &ObservedMember) -> bool {
    made(&planning.before.members, &planning.input.ledger.made, member)
}

/// Whether it is remembered as ours: by its id, or because nobody else was invited since we wrote the invitation down.
pub(super) fn made(
    remembered: &BTreeMap<String, MemberLedger>,
    made: &BTreeSet<MembershipId>,
    member: &ObservedMember,
) -> bool {
    let ours = remembered.get(&member.address).is_some_and(|ledger| {
        ledger.invited.is_some() && ledger.membership.is_none_or(|known| known == member.id)
    });
    ours || made.contains(&member.id)
}

/// What is remembered of a member from now on.
pub(super) fn remember(
    before: Option<&MemberLedger>,
    member: &ObservedMember,
    ours: bool,
    state: MemberState,
    now: DateTime<Utc>,
) -> MemberLedger {
    let same = before.filter(|before| before.membership.is_none_or(|known| known == member.id));
    let mut ledger = same.cloned().unwrap_or_default();
    ledger.membership = Some(member.id);
    (ledger.deleting, ledger.by_hand) = (false, false);
    if !ours {
        ledger.invited = None;
    }
    if ledger.pinned.is_none() && member.status >= MemberStatus::Accepted {
        ledger.pinned = member.key.map(|key| key.digest);
    }
    ledger.state = Some(match ledger.state {
        Some((was, since)) if was == state => (was, since),
        _ => (state, now),
    });
    ledger
}

/// Where somebody is.
pub(super) fn state(member: &ObservedMember) -> MemberState {
    match member.status {
        MemberStatus::Revoked => MemberState::Revoked,
        MemberStatus::Invited => MemberState::Invited,
        MemberStatus::Accepted if member.key.is_none() && !member.has_password => MemberState::Spoiled,
        MemberStatus::Accepted => MemberState::Accepted,
        MemberStatus::Confirmed => MemberState::Confirmed,
    }
}

pub(super) fn person(member: &ObservedMember) -> Person {
    Person { membership: member.id, user: member.user, address: member.address.clone() }
}

/// What somebody waits for, and who has to act.
pub(super) type Wait = Option<(String, Actor)>;

/// One person at least has to be able to help when our account is lost.
fn second_owner(planning: &mut Planning<'_>) {
    let is_owner = |member: &&ObservedMember| member.role == Role::Owner;
    let mut owners = planning.observed.members.iter().filter(is_owner);
    if owners.any(|owner| owner.status == MemberStatus::Confirmed) {
        return;
    }
    let waiting = planning.members.iter().filter(|member| member.role == Role::Owner && member.listed);
    let waiting = waiting.map(|member| member.address.clone()).collect();
    planning.findings.push(Finding::NoSecondOwner { society: planning.name().clone(), waiting });
}

pub(super) fn waits(why: &str, must_act: Actor) -> Wait {
    Some((why.to_owned(), must_act))
}

pub(super) fn tell(
    planning: &mut Planning<'_>,
    role: Role,
    member: &ObservedMember,
    ledger: &MemberLedger,
    listed: bool,
    wait: Wait,
    until: Option<chrono::NaiveDate>,
) {
    let (state, since) = ledger.state.unwrap_or((state(member), planning.input.now));
    let (why, must_act) = wait.unzip();
    let address = member.address.clone();
    let named = planning.collections.iter().filter_map(|(name, id)| {
        let right = member.access.get(id)?;
        Some((name.clone(), *right))
    });
    let access = named.collect();
    planning.members.push(Standing { address, role, access, state, since, listed, until, why, must_act });
}
