//! Where somebody's commit is: the step that it has reached in each union that it touches, and what stands in its way.
//!
//! One answer for head and rows, so that both are of the same moment. All unions of a revision are judged anew each time
//! (`progress`), which costs little; what is read of each in full is a page.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::blocker::Blocker;
use super::query::{Kind, Number, Parameter, Query};
use super::{View, problem::Problem, revisions, wire};
use crate::names::UnionName;
use crate::outcome::{Actor, RevisionState, RevisionStep, SignatureState};
use crate::progress::{Facts, Judged, Stand};
use crate::revision::{ObjectId, ShortId};
use crate::store::{FetchedRevision, Known, PlanCounts, Reached, Signed, Touched};

/// What can be asked for.
pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "state",
        about: "Only unions in which it stands so.",
        kind: Kind::Word(RevisionState::WORDS),
    },
    Parameter {
        name: "step",
        about: "Only unions in which this is the last step that it has reached.",
        kind: Kind::Word(RevisionStep::WORDS),
    },
    Parameter { name: "union", about: "Only this union, also in what is counted.", kind: Kind::Name },
    Parameter::AFTER,
    Number::LIMIT.parameter(),
];

/// So many names are told of those that begin alike.
const ALIKE: u32 = 8;

/// So many unions are named that are lost before a step.
const LOST: usize = 3;

/// A union of a revision, in the order of the list: how it stands, then its name.
type Row = (RevisionState, UnionName, Known, Stand);

/// One revision.
pub(super) async fn one(view: View, name: ShortId, query: Query) -> Result<wire::RevisionWay, Problem> {
    let limit = query.number(Number::LIMIT)?;
    let state: Option<RevisionState> = query.value("state")?;
    let step: Option<RevisionStep> = query.value("step")?;
    let union: Option<UnionName> = query.value("union")?;
    let after = after(&query)?;
    let (found, asked) = named(&view, &name).await?;
    let (commit, fetched_at) = (found.revision.commit, found.fetched_at);
    let is_readable = found.words.is_some();
    let (detail, touched, signature, previous) = tokio::try_join!(
        revisions::detail(&view, found),
        async { Ok(view.store.touched(commit, union.as_ref()).await?) },
        async { if is_readable { Ok(Some(signature(view.store.signed(commit).await?))) } else { Ok(None) } },
        async {
            if view.store.sight().is_all() { Ok(view.store.revision_before(commit).await?) } else { Ok(None) }
        },
    )?;
    let mut rows: Vec<Row> = touched
        .into_iter()
        .map(|(union, known)| {
            let stand = known.facts.stand(view.looks_inside);
            (stand.state, union, known, stand)
        })
        .collect();
    rows.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let steps = steps(&rows, fetched_at, view.looks_inside);
    let planned = changes(&rows, |_| true);
    let done = changes(&rows, |known| known.rollout.is_some_and(|rollout| rollout.is_applied));
    let mut unions_by_state = BTreeMap::new();
    for (state, ..) in &rows {
        *unions_by_state.entry(*state).or_default() += 1;
    }
    let total = rows.len() as u64;
    rows.retain(|(stands, name, _, stand)| {
        state.is_none_or(|state| state == *stands)
            && step.is_none_or(|step| step == stand.step)
            && after.as_ref().is_none_or(|after| (*stands, name) > (after.0, &after.1))
    });
    let wire::Page { items, next } =
        super::page(rows, limit, |row| format!("{}.{}", row.0, row.1), |row| row);
    let items = told(&view, commit, fetched_at, &items).await?;
    Ok(wire::RevisionWay {
        asked: asked.map(|commit| commit.to_string()),
        detail,
        previous: previous.map(|previous| previous.to_string()),
        signature,
        planned,
        done,
        steps,
        unions_by_state,
        total,
        items,
        next,
    })
}

/// The revision of this name, and the commit that was named, where it is none itself.
pub(super) async fn named(
    view: &View,
    name: &ShortId,
) -> Result<(FetchedRevision, Option<ObjectId>), Problem> {
    let (mut found, asked) = match view.store.search_revisions(name.range(), ALIKE).await? {
        found if found.is_empty() => arrived(view, name).await?,
        found => (found, None),
    };
    if found.len() > 1 {
        let found = found.iter().map(|found| found.revision.commit.to_string()).collect();
        return Err(Problem::Ambiguous { found });
    }
    let missing = || Problem::NotFound { what: format!("revision {name} among those that were fetched") };
    found.pop().map(|found| (found, asked)).ok_or_else(missing)
}

/// The revision with which a commit came that is none itself, and that commit: several may be pushed at once. Who does not see
/// all unions names it in full, so that nobody tries which commits there are.
async fn arrived(view: &View, name: &ShortId) -> Result<(Vec<FetchedRevision>, Option<ObjectId>), Problem> {
    let (first, last) = name.range();
    let head = view.store.accepted_revision().await?;
    let Some(head) = head.filter(|_| view.store.sight().is_all() || first == last) else {
        return Ok((Vec::new(), None));
    };
    let Some(commit) = view.past.commit(&head, name).await else { return Ok((Vec::new(), None)) };
    let revisions = view.store.revisions_of(&head.branch).await?;
    // Where older ones are left out, one of them may have brought what the first has.
    let before = revisions.oldest_first.first().copied().filter(|_| !revisions.is_whole);
    let with = view.past.brought(&head, commit, revisions.oldest_first).await;
    let Some(with) = with.filter(|with| Some(*with) != before) else { return Ok((Vec::new(), None)) };
    let found = view.store.revision(with).await?;
    Ok((found.into_iter().collect(), Some(commit)))
}

/// A place in the list: `failed.acme`.
fn after(query: &Query) -> Result<Option<(RevisionState, UnionName)>, Problem> {
    let Some(text) = query.text("after")? else { return Ok(None) };
    let place = text.split_once('.').and_then(|(state, name)| state.parse().ok().zip(name.parse().ok()));
    let why = || "it is the `next` of an earlier answer".to_owned();
    place.map(Some).ok_or_else(|| Problem::InvalidParameter { name: "after", why: why() })
}

fn signature(signed: Signed) -> wire::Signature {
    let state = match (&signed.refused, signed.is_asked) {
        (Some(_), _) => SignatureState::Refused,
        (None, true) => SignatureState::Vouched,
        (None, false) => SignatureState::NotAsked,
    };
    let commits = signed.signatures.into_iter();
    let commits = commits.map(|by| wire::SignedCommit { commit: by.commit.to_string(), key: by.key });
    wire::Signature { state, signers: signed.signers, commits: commits.collect(), why: signed.refused }
}

/// What the newest rollouts of such unions change.
fn changes(rows: &[Row], counts: impl Fn(&Known) -> bool) -> wire::Changes {
    let rollouts = rows.iter().filter(|row| counts(&row.2)).filter_map(|row| row.2.rollout);
    let mut all = wire::Changes { create: 0, update: 0, delete: 0, keep: 0 };
    for PlanCounts { creates, updates, deletes, keeps } in rollouts.map(|rollout| rollout.planned) {
        all.create += creates;
        all.update += updates;
        all.delete += deletes;
        all.keep += keeps;
    }
    all
}

/// How many have reached each step, when the last of them did, and who is lost before it.
fn steps(rows: &[Row], fetched_at: DateTime<Utc>, looks_inside: bool) -> Vec<wire::StepCount> {
    let last = if looks_inside { RevisionStep::Provisioned } else { RevisionStep::Healthy };
    let steps = RevisionStep::ALL.iter().copied().filter(|step| *step <= last);
    let count = |step: RevisionStep| {
        let is_lost = |row: &&Row| {
            let stuck = matches!(row.0, RevisionState::Failed | RevisionState::Waiting);
            stuck && ahead(&row.2.facts, row.3, looks_inside) == Some(step)
        };
        let reached = || rows.iter().filter(|row| row.3.step >= step);
        wire::StepCount {
            step,
            reached: reached().count() as u64,
            at: reached().filter_map(|row| at(&row.2.reached, step, fetched_at)).max(),
            of: rows.iter().filter(|row| row.2.facts.end(looks_inside) >= step).count() as u64,
            lost: rows.iter().filter(is_lost).take(LOST).map(|row| row.1.to_string()).collect(),
        }
    };
    steps.map(count).collect()
}

/// When a step was reached.
fn at(reached: &Reached, step: RevisionStep, fetched_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match step {
        RevisionStep::Fetched => Some(fetched_at),
        RevisionStep::Verified | RevisionStep::Accepted => reached.judged,
        RevisionStep::Planned => reached.planned,
        RevisionStep::Applied => reached.applied,
        RevisionStep::Healthy | RevisionStep::Provisioned => reached.healthy,
    }
}

/// The step that is at hand; none where it is through, or never will be.
fn ahead(facts: &Facts, stand: Stand, looks_inside: bool) -> Option<RevisionStep> {
    let is_over = matches!(stand.state, RevisionState::Done | RevisionState::Superseded);
    let mut rest = RevisionStep::ALL.iter().copied().filter(|step| *step > stand.step);
    rest.next().filter(|step| !is_over && *step <= facts.end(looks_inside))
}

/// A page of unions in full.
async fn told(
    view: &View,
    commit: ObjectId,
    fetched_at: DateTime<Utc>,
    rows: &[Row],
) -> Result<Vec<wire::RevisionUnion>, Problem> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<&UnionName> = rows.iter().map(|row| &row.1).collect();
    let (told, takes_two) =
        tokio::try_join!(view.store.told_of(commit, &names), view.store.approval_takes_two())?;
    let approver = if takes_two { Actor::SecondPerson } else { Actor::Officer };
    let mut told: BTreeMap<UnionName, Touched> =
        told.into_iter().map(|touched| (touched.union.clone(), touched)).collect();
    let rows = rows.iter().filter_map(|(_, union, Known { facts, reached, .. }, stand)| {
        let touched = told.remove(union)?;
        let when = |step| {
            Some(step).filter(|step| *step <= stand.step).and_then(|step| at(reached, step, fetched_at))
        };
        let blocker = Blocker::new(facts, *stand, &touched, approver);
        Some(wire::RevisionUnion {
            union: union.to_string(),
            display_name: touched.display_name,
            state: stand.state,
            step: stand.step,
            ahead: ahead(facts, *stand, view.looks_inside),
            union_state: touched.state,
            removes: facts.judged == Judged::Removed,
            reason: blocker.reason,
            place: blocker.finding.as_ref().map(|found| found.span.clone().into()),
            code: blocker.finding.as_ref().map(|found| found.code),
            hint: blocker.hint,
            actor: blocker.actor,
            since: blocker.since,
            reached_at: wire::ReachedAt {
                fetched: fetched_at,
                judged: reached.judged,
                planned: when(RevisionStep::Planned),
                applied: when(RevisionStep::Applied),
                healthy: when(RevisionStep::Healthy),
            },
            deployment: touched.deployment.map(|deployment| deployment.id.to_string()),
            superseded_by: touched.newer.map(|newer| newer.revision.to_string()),
        })
    });
    Ok(rows.collect())
}
