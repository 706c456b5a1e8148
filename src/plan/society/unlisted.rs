//! Who is there and in no document any more, or in none of Keyforge's: kept out, and after some days ended.
//!
//! Apart from who is listed. Invariant: rules 1 and 2 of `members`.

use chrono::TimeDelta;

use super::change::Change;
use super::finding::Finding;
use super::ledger::Left;
use super::members::{Leaver, is_ours, person, remember, state, tell, waits};
use super::observed::{MemberStatus, ObservedMember};
use super::people;
use super::planning::Planning;
use crate::outcome::Actor;
use crate::spec::UnlistedMembers;

/// Somebody who is there and not listed.
pub(super) fn unlisted(planning: &mut Planning<'_>, member: &ObservedMember) -> Option<Leaver> {
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
