//! `keyforge wait`: until a commit is rolled out, for a pipeline that goes on after it.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use tokio::time::Instant;

use super::Verdict;
use super::ask::{Asking, Output, Refused};
use super::status::short;
use crate::api::wire::{RevisionDetail, UnionPage};
use crate::duration;
use crate::outcome::{Outcome, UnionState};
use crate::revision::ObjectId;

/// What is waited for.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The commit, in full
    #[arg(long, value_name = "SHA")]
    revision: ObjectId,
    /// For how long
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration::parse)]
    timeout: Duration,
    #[command(flatten)]
    asking: Asking,
}

const EXAMPLES: &str = "\
Examples:
  keyforge wait --revision 3f1c2d4e5a6b7c8d9e0f1a2b3c4d5e6f7a8b9c0d
  keyforge wait --revision 3f1c2d4e5a6b7c8d9e0f1a2b3c4d5e6f7a8b9c0d --timeout 30m --server https://keyforge.example

Ends with 0 once every union that the commit changed is as it says, 1 if one of them failed, if unions are held or wait for an
approval, or if the time is over, 2 if the daemon refuses to answer. A commit that was pushed together with later ones is never
fetched by itself: wait for the last one.";

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(1);

/// Where a commit is.
enum Seen {
    Unknown,
    Fetched(Box<RevisionDetail>),
    Accepted(Box<RevisionDetail>, BTreeMap<UnionState, u64>),
}

/// Waits.
pub(super) async fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    revision(args.revision, Instant::now() + args.timeout, &args.asking, out).await
}

/// Waits for a commit.
pub(super) async fn revision(
    commit: ObjectId,
    end: Instant,
    asking: &Asking,
    out: &mut dyn Write,
) -> anyhow::Result<Verdict> {
    let look = async || {
        let seen = look(commit, asking).await?;
        let (told, verdict) = (text(commit, &seen), judge(&seen));
        Ok(Looked { told, answer: verdict.map(|verdict| (seen, verdict)) })
    };
    match until(end, look).await? {
        Ended::Answered { told, answer: (seen, verdict) } => {
            tell(asking.output, &seen, &told, out)?;
            Ok(verdict)
        }
        Ended::Late { told } => late(&told, out),
    }
}

/// The time is over, and this is how far it is.
pub(super) fn late(told: &str, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    writeln!(out, "the time is over: {told}")?;
    Ok(Verdict::Findings)
}

/// What one look found: how far it is, and the answer if there is one.
pub(super) struct Looked<T> {
    pub(super) told: String,
    pub(super) answer: Option<T>,
}

/// How waiting ended.
pub(super) enum Ended<T> {
    /// With an answer.
    Answered { told: String, answer: T },
    /// Without one in time.
    Late { told: String },
}

/// Looks until there is an answer or the time is over.
///
/// # Errors
/// The daemon refuses to answer, or is away at the end. One that is away for a moment is no reason to give up before.
pub(super) async fn until<T>(
    end: Instant,
    mut look: impl AsyncFnMut() -> anyhow::Result<Looked<T>>,
) -> anyhow::Result<Ended<T>> {
    loop {
        let told = match look().await {
            Ok(Looked { told, answer: Some(answer) }) => return Ok(Ended::Answered { told, answer }),
            Ok(Looked { told, answer: None }) => told,
            Err(error) if error.downcast_ref::<Refused>().is_some_and(|refused| !refused.is_passing()) => {
                return Err(error);
            }
            Err(error) if Instant::now() >= end => return Err(error),
            Err(_) => String::new(),
        };
        if Instant::now() >= end {
            return Ok(Ended::Late { told });
        }
        tokio::time::sleep_until(end.min(Instant::now() + LOOK)).await;
    }
}

async fn look(commit: ObjectId, asking: &Asking) -> anyhow::Result<Seen> {
    let detail = async |commit: &str| {
        let found = asking.get::<RevisionDetail>(&format!("/api/v1/revisions/{commit}"), &[]).await;
        match found {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.downcast_ref::<Refused>().is_some_and(Refused::is_nowhere) => Ok(None),
            Err(error) => Err(error),
        }
    };
    let Some(found) = detail(&commit.to_string()).await? else { return Ok(Seen::Unknown) };
    let found = Box::new(found);
    let fleet: UnionPage = asking.get("/api/v1/unions", &[("limit", "1")]).await?;
    if found.head {
        return Ok(Seen::Accepted(found, fleet.counts_by_state));
    }
    // Accepted is also what was fetched before what is accepted now.
    let head = fleet.revision.as_deref().and_then(|revision| revision.rsplit_once(':'));
    let head = match head {
        Some((_, commit)) => detail(commit).await?,
        None => None,
    };
    match head {
        Some(head) if head.revision.fetched_at > found.revision.fetched_at => {
            Ok(Seen::Accepted(found, BTreeMap::new()))
        }
        _ => Ok(Seen::Fetched(found)),
    }
}

/// How it ended; none while it has not.
fn judge(seen: &Seen) -> Option<Verdict> {
    let Seen::Accepted(found, fleet) = seen else { return None };
    let count = |counts: &BTreeMap<UnionState, u64>, state| counts.get(&state).copied().unwrap_or_default();
    let failed = count(&found.counts_by_state, UnionState::Failed);
    // A union that had failed before is told as that until a worker has looked at it again.
    let has_failed =
        found.open == 0 && found.deployments.get(&Outcome::Failed).is_some_and(|failed| *failed > 0);
    if failed > 0 && has_failed {
        return Some(Verdict::Findings);
    }
    let total: u64 = found.counts_by_state.values().sum();
    let suspended = count(&found.counts_by_state, UnionState::Suspended);
    if found.applied + suspended < total || count(&found.counts_by_state, UnionState::InProgress) > 0 {
        return None;
    }
    let waits = [UnionState::Held, UnionState::AwaitingApproval];
    let asks = waits.iter().any(|state| count(fleet, *state) + count(&found.counts_by_state, *state) > 0);
    Some(if asks { Verdict::Findings } else { Verdict::Fine })
}

fn tell(output: Output, seen: &Seen, told: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    match (output, seen) {
        (Output::Json, Seen::Fetched(found) | Seen::Accepted(found, _)) => {
            writeln!(out, "{}", serde_json::to_string(found)?)?;
        }
        _ => writeln!(out, "{told}")?,
    }
    Ok(())
}

fn text(commit: ObjectId, seen: &Seen) -> String {
    match seen {
        Seen::Unknown => format!("{commit} is not fetched"),
        Seen::Fetched(found) => {
            format!("{} is fetched and not accepted yet", short(&found.revision.revision))
        }
        Seen::Accepted(found, fleet) => {
            let total: u64 = found.counts_by_state.values().sum();
            let words = |counts: &BTreeMap<UnionState, u64>, of: &[UnionState]| {
                let told = counts.iter().filter(|(state, _)| of.contains(state));
                told.map(|(state, number)| format!(", {number} {state}")).collect::<String>()
            };
            let own = words(&found.counts_by_state, UnionState::ALL);
            let held = words(fleet, &[UnionState::Held, UnionState::AwaitingApproval]);
            let held =
                if held.is_empty() { held } else { format!("; of all unions{}", held.replacen(',', "", 1)) };
            format!(
                "{} is applied by {} of {total} unions that it changed{own}{held}",
                short(&found.revision.revision),
                found.applied
            )
        }
    }
}
