//! Who is listed in a document: invited, recognised, confirmed, given what the document says.
//!
//! Apart from who is not listed, of whom nothing is ever given. Invariant: rules 1 and 3 of `members`.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::change::Change;
use super::finding::{Finding, Standing};
use super::ledger::{Invitation, MemberLedger};
use super::members::{Wait, is_ours, person, remember, state, tell, waits};
use super::observed::{MemberStatus, ObservedMember};
use super::people::{self, Wanted};
use super::planning::Planning;
use crate::outcome::{Actor, MemberState};
use crate::spec::{ConfirmBy, Role};

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
pub(super) fn listed(planning: &mut Planning<'_>, want: &Wanted, member: &ObservedMember) {
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
pub(super) fn absent(planning: &mut Planning<'_>, address: &str, want: &Wanted) {
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
