//! Unions: what is, and why not what should be.

use super::query::{Kind, Number, Parameter, Query};
use super::{View, page, problem::Problem};
use super::{filter, wire};
use crate::names::UnionName;
use crate::outcome::UnionState;
use crate::plan::guards::Guard;
use crate::revision::Revision;
use crate::store::{Error, Shown, Stopped, UnionOrder, UnionQuery, UnionSummary};

/// What a list can be asked for.
pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter { name: "state", about: "Only unions in this state.", kind: Kind::Word(UnionState::WORDS) },
    Parameter {
        name: "search",
        about: "Only unions whose name, display name or domain has this text, in any case, and of which all is so that is written as \
                `state:held`, `image:1.37`, `label:region=north`, `member:ana@union.example`.",
        kind: Kind::Text,
    },
    Parameter {
        name: "sort",
        about: "By `name`, as without it, or the `worst` first: what failed, is held or waits for an approval, then what is in \
                progress, suspended, a tombstone, current.",
        kind: Kind::Word(&[NAME, WORST]),
    },
    Parameter::AFTER,
    Number::LIMIT.parameter(),
];

/// The words of `sort`.
const NAME: &str = "name";
const WORST: &str = "worst";

/// In which order, and from where on: the place of a union by name is its name, else `failed.acme`.
fn order(query: &Query) -> Result<UnionOrder, Problem> {
    match query.text("sort")?.as_deref() {
        None | Some(NAME) => Ok(UnionOrder::Name(query.value("after")?)),
        Some(WORST) => {
            let Some(text) = query.text("after")? else { return Ok(UnionOrder::Worst(None)) };
            let place =
                text.split_once('.').and_then(|(state, name)| state.parse().ok().zip(name.parse().ok()));
            let why = || "it is the `next` of an earlier answer in the same order".to_owned();
            let place = place.ok_or_else(|| Problem::InvalidParameter { name: "after", why: why() })?;
            Ok(UnionOrder::Worst(Some(place)))
        }
        Some(_) => {
            Err(Problem::InvalidParameter { name: "sort", why: format!("it is `{NAME}` or `{WORST}`") })
        }
    }
}

/// Unions by name, or the worst first.
pub(super) async fn list(view: View, (): (), query: Query) -> Result<wire::UnionPage, Problem> {
    let limit = query.number(Number::LIMIT)?;
    let text = query.text("search")?.unwrap_or_default();
    let invalid = |why| Problem::InvalidParameter { name: "search", why };
    let (searched, filter) = filter::parse(&text).map_err(invalid)?;
    let state: Option<UnionState> = query.value("state")?;
    if state.zip(searched).is_some_and(|(state, searched)| state != searched) {
        return Err(invalid("`state:` is another one than `state`".to_owned()));
    }
    let wanted = UnionQuery {
        state: state.or(searched),
        filter,
        order: order(&query)?,
        // One more than asked tells whether others follow.
        limit: limit + 1,
    };
    let (unions, counts, accepted, stopped) = tokio::try_join!(
        listed(&view.store, &wanted),
        view.store.union_counts_by_state(&wanted.filter),
        view.store.accepted_revision(),
        view.store.stopped()
    )?;
    let wire::Page { items, next } =
        page(unions, limit, |listed| listed.0.clone(), |(_, found)| found.map(union));
    let items = items.into_iter().flatten().collect();
    let total = match wanted.state {
        Some(state) => counts.get(&state).copied().unwrap_or_default(),
        None => counts.values().sum(),
    };
    let revision = accepted.map(|revision| revision.to_string());
    let stopped = stopped.map(stop);
    Ok(wire::UnionPage { items, next, total, counts_by_state: counts, revision, stopped })
}

/// Unions, each with its place in the list: where that goes on does not depend on what became of one since its place was read.
async fn listed(store: &Shown, wanted: &UnionQuery) -> Result<Vec<(String, Option<UnionSummary>)>, Error> {
    Ok(match &wanted.order {
        UnionOrder::Name(_) => {
            let unions = store.unions(wanted).await?.into_iter();
            unions.map(|union| (union.name.to_string(), Some(union))).collect()
        }
        UnionOrder::Worst(after) => {
            let unions = store.worst(wanted, after.as_ref()).await?.into_iter();
            unions.map(|((state, name), union)| (format!("{state}.{name}"), union)).collect()
        }
    })
}

/// One union.
pub(super) async fn one(view: View, name: UnionName, _: Query) -> Result<wire::UnionDetail, Problem> {
    let Some(found) = view.store.union(&name).await? else {
        return Err(Problem::no_union(&name));
    };
    let health_reason = found.health.why().map(str::to_owned);
    let kept_until = found.kept_until;
    let guards = view.store.awaiting(&name).await?.iter().map(guard).collect();
    let mut findings = found.findings.clone();
    findings.extend(view.store.vault_findings(&name).await?);
    Ok(wire::UnionDetail { union: union(found), health_reason, kept_until, guards, findings })
}

pub(super) fn guard(guard: &Guard) -> wire::Guard {
    wire::Guard {
        guard: guard.kind,
        why: guard.why.clone(),
        changes: guard.changes.iter().map(ToString::to_string).collect(),
        digest: guard.digest.to_string(),
        approve: guard.trailer(),
    }
}

pub(super) fn stop(Stopped { why, since }: Stopped) -> wire::Stopped {
    wire::Stopped { why, since }
}

pub(super) fn union(union: UnionSummary) -> wire::Union {
    let printed = |revision: Option<Revision>| revision.map(|revision| revision.to_string());
    wire::Union {
        name: union.name.to_string(),
        display_name: union.display_name,
        domain: Some(union.domain).filter(|domain| !domain.is_empty()),
        state: union.state,
        health: union.health.to_string(),
        desired_revision: printed(union.desired),
        applied_revision: printed(union.applied),
        societies: union.societies,
        members: union.members,
        updated_at: union.updated_at,
        reason: union.reason,
        image: union.image,
        since: union.since,
        actor: union.actor,
        place: union.place.map(Into::into),
    }
}
