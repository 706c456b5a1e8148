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
use crate::seal::Opener;
use crate::store::{SocietyRecord, VaultLook};

/// How soon a vault is looked at again in which somebody waits to be let in.
const PEOPLE_WAIT: Duration = Duration::from_mins(1);

/// For how long the date of the newest change is believed.
const BELIEVED: TimeDelta = TimeDelta::hours(1);

/// For how long what was compared by a session of its own counts.
const VERIFIED: TimeDelta = TimeDelta::days(1);

/// Of everything outside of the vault that a plan follows from: the documents, the policy, and which keys open sealed values.
pub(super) fn input(accepted: Digest, policy: &Policy, opener: Option<&Opener>) -> Digest {
    let recipients = opener.map(Opener::recipients).unwrap_or_default();
    let recipients: Vec<String> = recipients.iter().map(ToString::to_string).collect();
    let policy = format!("{policy:?} {}", recipients.join(" "));
    Digest::of_parts([accepted.as_bytes().as_slice(), policy.as_bytes()])
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{ConfirmBy, UnlistedMembers};

    #[test]
    fn another_key_that_opens_sealed_values_makes_a_look_due() {
        let policy = Policy { confirm: ConfirmBy::Phrase, unlisted: UnlistedMembers::Report, rotate: false };
        let input = |keys: Option<&str>| {
            let opener = keys.map(|keys| Opener::parse(keys).expect("identities"));
            input(Digest::of("documents"), &policy, opener.as_ref())
        };
        let one = "AGE-SECRET-KEY-1LPC773ERPLLE4496E5F8R2FF258M2GACEM32MXE656JEXS4W9ACSZGLU6D";
        let other = "AGE-SECRET-KEY-15L8PSDPZFQZD4WS7W9V4XN47TGGSDMKHXYTC8ULK0PXE0Y9FPV9S4H0SH9";
        assert_eq!(input(Some(one)), input(Some(one)));
        let inputs =
            [input(None), input(Some(one)), input(Some(other)), input(Some(&format!("{one}\n{other}")))];
        let different: std::collections::BTreeSet<_> = inputs.iter().collect();
        assert_eq!(different.len(), inputs.len());
    }
}
