//! People: invited, recognised, confirmed, kept out, and how far each of them is.
//!
//! The rules, in order:
//! 1. Our own account is none of them. What a person in VaultWarden took is never given back; what they gave beyond the
//!    document is taken, as far as we made the membership or `keyforge.yaml` says so.
//! 2. The society never loses its last owner.
//! 3. A key is given only to who proved to be meant: by the fingerprint phrase in the document, or by the mailbox that our
//!    own mail reached. An owner needs the phrase. The first key that was seen is the only one.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::change::{Change, Person};
use super::finding::{Finding, Standing};
use super::ledger::{Invitation, Left, MemberLedger};
use super::observed::{MemberStatus, ObservedMember};
use super::people::{self, Wanted};
use super::planning::Planning;
use crate::ids::{CollectionId, MembershipId};
use crate::outcome::{Actor, MemberState};
use crate::spec::{ConfirmBy, Role, UnlistedMembers};

/// Somebody who has left and may know what they could see.
pub(super) struct Leaver {
    pub(super) address: String,
    pub(super) at: DateTime<Utc>,
    /// `None`: everything.
    sees: Option<BTreeSet<CollectionId>>,
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
type Wait = Option<(String, Actor)>;

/// While mail is off the server lets anybody register with an address: an invitation by mail proves nothing any more, but
/// of who was seen to have accepted before.
fn unproved(
    planning: &Planning<'_>,
    before: Option<&MemberLedger>,
    member: &ObservedMember,
    ledger: &mut MemberLedger,
) {
    let seen = before.and_then(|before| before.state).map(|(state, _)| state);
    let accepted_before = seen == Some(MemberState::Accepted) && member.status == MemberStatus::Accepted;
    if !planning.input.observed.mail && !accepted_before && member.status != MemberStatus::Confirmed {
        ledger.invited = ledger.invited.map(|invitation| Invitation { by_mail: false, ..invitation });
    }
}

/// Somebody who is listed and there.
fn listed(planning: &mut Planning<'_>, want: &Wanted, member: &ObservedMember) {
    let now = planning.input.now;
    let ours = is_ours(planning, member);
    let before = planning.before.members.get(&member.address).cloned();
    let mut ledger = remember(before.as_ref(), member, ours, state(member), now);
    unproved(planning, before.as_ref(), member, &mut ledger);
    let (society, address) = (planning.name().clone(), member.address.clone());
    // First: nobody is given a key while they would have more than they should.
    if !matches!(state(member), MemberState::Revoked | MemberState::Spoiled) {
        ledger.left = None;
        grant(planning, want, member, &mut ledger);
    }
    let wait = match state(member) {
        MemberState::Invited => invited(planning, &ledger, member),
        MemberState::Spoiled if !ours => {
            planning.findings.push(Finding::Spoiled { society, address: address.clone() });
            waits("registered without a usable key", Actor::Officer)
        }
        MemberState::Spoiled => {
            ledger.deleting = true;
            planning.taken.push(Change::DeleteMember(person(member)));
            waits("registered without a usable key; is invited again", Actor::Keyforge)
        }
        MemberState::Accepted => accepted(planning, want, &ledger, member),
        MemberState::Revoked if ledger.left.is_some() => {
            // First what they may have, then, at the next look, that they may: never their former rights.
            if grant(planning, want, member, &mut ledger) {
                planning.given.push(Change::Restore(person(member)));
            }
            waits("is listed again, and let in again", Actor::Keyforge)
        }
        MemberState::Revoked => {
            let gone = false;
            planning.findings.push(Finding::RemovedByHand { society, address: address.clone(), gone });
            waits("revoked in VaultWarden, by a person or its two-factor policy", Actor::Officer)
        }
        MemberState::Confirmed => {
            if member.key.is_some() && member.key.map(|key| key.digest) != ledger.pinned {
                planning.findings.push(Finding::OtherKey { society, address: address.clone() });
            }
            None
        }
        MemberState::Absent => None,
    };
    tell(planning, want.role, member, &ledger, true, wait, want.until);
    planning.ledger.members.insert(address, ledger);
}

/// Invited: the invitation is renewed before it is void. Without mail none ever is.
fn invited(planning: &mut Planning<'_>, ledger: &MemberLedger, member: &ObservedMember) -> Wait {
    if !planning.input.observed.mail {
        return waits("waits for them to register with this address", Actor::Member);
    }
    let expire = planning.input.union.spec.vaultwarden.invitations.expire.as_secs();
    let good = TimeDelta::seconds(i64::try_from(expire / 5 * 4).unwrap_or(i64::MAX));
    // Of an invitation whose time is not known the time counts since it was first seen.
    let since = ledger.invited.map(|invitation| invitation.at).or(ledger.state.map(|(_, since)| since));
    if since.is_some_and(|since| planning.input.now - since >= good) {
        planning.given.push(Change::Reinvite(person(member)));
    }
    waits("waits for them to accept the invitation in their mail", Actor::Member)
}

/// Accepted: is it who is meant?
fn accepted(
    planning: &mut Planning<'_>,
    want: &Wanted,
    ledger: &MemberLedger,
    member: &ObservedMember,
) -> Wait {
    let (society, address) = (planning.name().clone(), member.address.clone());
    let Some(key) = member.key else {
        return waits("waits until their client has made keys: they log in once", Actor::Member);
    };
    if ledger.pinned.is_some_and(|pinned| pinned != key.digest) {
        planning.findings.push(Finding::OtherKey { society, address });
        return waits("their key is another one than at first", Actor::Officer);
    }
    let by_mail = ledger.invited.is_some_and(|invitation| invitation.by_mail)
        && planning.input.policy.confirm == ConfirmBy::Mail;
    match want.phrase {
        Some(phrase) if phrase != key.phrase => {
            planning.findings.push(Finding::OtherPhrase { society, address });
            return waits(
                "the fingerprint phrase of their account is not the one in the document",
                Actor::Officer,
            );
        }
        None if want.role == Role::Owner => {
            return waits(
                "an owner waits for the fingerprint phrase of their account in the document",
                Actor::Officer,
            );
        }
        None if !by_mail => {
            return waits(
                "waits for the fingerprint phrase of their account in the document",
                Actor::Officer,
            );
        }
        Some(_) | None => {}
    }
    planning.given.push(Change::Confirm { person: person(member), key: key.digest });
    waits("is being confirmed", Actor::Keyforge)
}

/// Role and collections as the document says, but for what a person took. Gives whether it is so already.
fn grant(
    planning: &mut Planning<'_>,
    want: &Wanted,
    member: &ObservedMember,
    ledger: &mut MemberLedger,
) -> bool {
    // One of its collections is made first.
    let Some(wanted) = &want.granted else { return false };
    let people::Given { granted, narrowed } =
        people::given(planning, wanted, member, ledger.granted.as_ref());
    let (society, address) = (planning.name().clone(), member.address.clone());
    if narrowed {
        planning.findings.push(Finding::Narrowed { society: society.clone(), address: address.clone() });
    }
    if granted == people::has(member) && !member.all_collections {
        ledger.granted = Some(wanted.clone());
        return true;
    }
    let demotes = member.role == Role::Owner && granted.role != Role::Owner;
    if demotes && planning.last_owner == Some(member.id) {
        planning.findings.push(Finding::LastOwner { society, address });
        return false;
    }
    let change = Change::Grant { person: person(member), granted };
    if demotes {
        planning.taken.push(change);
    } else {
        planning.given.push(change);
    }
    false
}

/// Somebody who is listed and not there.
fn absent(planning: &mut Planning<'_>, address: &str, want: &Wanted) {
    let before = planning.before.members.get(address).cloned().unwrap_or_default();
    let since = match before.state {
        Some((MemberState::Absent, since)) => since,
        _ => planning.input.now,
    };
    let was_there = before.membership.is_some() && !before.deleting && before.left.is_none();
    // Where nothing is remembered, who is not there may have been removed.
    let by_hand = before.by_hand || was_there || planning.forgotten;
    let mut ledger = if by_hand { before } else { MemberLedger::default() };
    ledger.by_hand = by_hand;
    ledger.state = Some((MemberState::Absent, since));
    planning.ledger.members.insert(address.to_owned(), ledger);
    let wait = if by_hand {
        let (society, address) = (planning.name().clone(), address.to_owned());
        planning.findings.push(Finding::RemovedByHand { society, address, gone: true });
        waits("removed in VaultWarden by a person", Actor::Officer)
    } else {
        // Until then one of its collections is made.
        if let Some(granted) = &want.granted {
            planning.given.push(Change::Invite { address: address.to_owned(), granted: granted.clone() });
        }
        waits("is being invited", Actor::Keyforge)
    };
    let (why, must_act) = wait.unzip();
    planning.members.push(Standing {
        address: address.to_owned(),
        role: want.role,
        access: BTreeMap::new(),
        state: MemberState::Absent,
        since,
        listed: true,
        until: want.until,
        why,
        must_act,
    });
}

/// Somebody who is there and not listed.
fn unlisted(planning: &mut Planning<'_>, member: &ObservedMember) -> Option<Leaver> {
    let now = planning.input.now;
    let ours = is_ours(planning, member);
    let before = planning.before.members.get(&member.address).cloned();
    let mut ledger = remember(before.as_ref(), member, ours, state(member), now);
    let (society, address) = (planning.name().clone(), member.address.clone());
    let is_confirmed = member.status == MemberStatus::Confirmed;
    let goes = ours || planning.input.policy.unlisted == UnlistedMembers::Revoke;
    let mut wait = None;
    if !goes {
        planning.findings.push(Finding::Unlisted { society, address: address.clone() });
        wait = waits("is in no document", Actor::Officer);
    } else if planning.last_owner == Some(member.id) {
        planning.findings.push(Finding::LastOwner { society, address: address.clone() });
        wait = waits("would leave the society without a second owner", Actor::Officer);
    } else if member.status != MemberStatus::Revoked {
        planning.taken.push(Change::Revoke(person(member)));
        ledger.left = Some(Left { at: now, knew: is_confirmed });
        wait = waits("is in no document any more", Actor::Keyforge);
    } else if ours {
        // Revoked by somebody else, or before everything was forgotten: from now on it is as if we had. What is only seen
        // now is no reason to draw anything anew.
        let left = *ledger.left.get_or_insert(Left { at: now, knew: false });
        let ends = left.at + TimeDelta::days(i64::from(planning.ledger.kept_days));
        if ends <= now {
            ledger.deleting = true;
            planning.taken.push(Change::DeleteMember(person(member)));
        }
        wait = waits(
            &format!("is in no document any more; removed after {}", ends.format("%F")),
            Actor::Keyforge,
        );
    }
    if ledger.left.is_some_and(|left| !left.knew) {
        // Whoever lists them again says that their key, whichever it is then, is to be looked at anew.
        ledger.pinned = None;
    }
    tell(planning, member.role, member, &ledger, false, wait, None);
    let leaver = ledger.left.filter(|left| left.knew).map(|left| Leaver {
        address: address.clone(),
        at: left.at,
        sees: (!people::sees_all(member.role) && !member.all_collections)
            .then(|| member.access.keys().copied().collect()),
    });
    planning.ledger.members.insert(address, ledger);
    leaver
}

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

fn waits(why: &str, must_act: Actor) -> Wait {
    Some((why.to_owned(), must_act))
}

fn tell(
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
