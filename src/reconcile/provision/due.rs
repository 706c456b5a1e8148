//! When a vault is looked at in full. Pure.
//!
//! Between two looks only the date of the newest change is asked for, which tells of everything that our account could
//! see, but not of people who register. So while somebody waits it is looked at each minute, and once an hour anyway:
//! dates pass, and a date of the server can lie.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::digest::Digest;
use crate::outcome::{MemberState, Reason, SocietyState};
use crate::plan::society::{Policy, Standing, VaultPlan};
use crate::store::{AcceptedUnion, SocietyRecord, VaultLook};

/// How soon a vault is looked at again in which somebody waits to be let in.
const PEOPLE_WAIT: Duration = Duration::from_mins(1);

/// For how long the date of the newest change is believed.
const BELIEVED: TimeDelta = TimeDelta::hours(1);

/// For how long what was compared by a session of its own counts.
const VERIFIED: TimeDelta = TimeDelta::days(1);

/// Of everything outside of the vault that a plan follows from.
pub(super) fn input(accepted: &AcceptedUnion, policy: &Policy, opens: bool) -> Digest {
    let policy = format!("{policy:?} {opens}");
    Digest::of_parts([accepted.input.as_bytes().as_slice(), policy.as_bytes()])
}

/// Whether it is looked at in full now, whatever the server's date says.
pub(super) fn is_due(
    last: Option<&VaultLook>,
    input: Digest,
    reason: Reason,
    now: DateTime<Utc>,
    societies: &[SocietyRecord],
) -> bool {
    let Some(last) = last else { return true };
    let unfinished = |society: &SocietyRecord| society.state == SocietyState::InProgress;
    last.input != input
        || reason != Reason::Interval
        || now - last.looked_at >= BELIEVED
        || now.date_naive() != last.looked_at.date_naive()
        || societies.iter().any(|society| unfinished(society) || society.members.iter().any(waits))
}

/// Whether something that was verified then is to be verified again.
pub(super) fn is_old(now: DateTime<Utc>) -> impl Fn(DateTime<Utc>) -> bool {
    move |then| now - then >= VERIFIED
}

/// When a vault is looked at again that is as it should be; `None`: with everything else of its union.
pub(super) fn again(plan: &VaultPlan) -> Option<Duration> {
    plan.societies().iter().flat_map(|society| &society.members).any(waits).then_some(PEOPLE_WAIT)
}

/// Whether somebody is on their way in.
fn waits(member: &Standing) -> bool {
    member.listed
        && matches!(member.state, MemberState::Invited | MemberState::Accepted | MemberState::Spoiled)
}
