//! Where something is, by a few letters of its name, or by all of what somebody pasted: a commit, a deployment, an address.
//!
//! For a box in which people type: a few of each kind, each with the page that shows it.

use super::query::{Kind, Parameter, Query};
use super::{View, problem::Problem, wire};
use crate::ids::DeploymentId;
use crate::outcome::{Outcome, SocietyState};
use crate::revision::ShortId;
use crate::store::FoundSociety;

/// What can be asked for.
pub(super) const PARAMETERS: &[Parameter] = &[Parameter {
    name: "search",
    about: "A text of two characters or more within names and titles, in any case; or a whole address, the first 7 digits \
            or more of a commit, the id of a deployment.",
    kind: Kind::Text,
}];

/// How many of a kind are told.
const MOST: u32 = 8;

/// Of a shorter text everything would be found.
const SHORTEST: usize = 2;

/// What is found.
pub(super) async fn list(view: View, (): (), query: Query) -> Result<wire::FoundPage, Problem> {
    let text = query.text("search")?.unwrap_or_default();
    let text = text.trim();
    if text.chars().count() < SHORTEST {
        return Ok(wire::FoundPage { items: Vec::new() });
    }
    let (unions, societies) =
        tokio::try_join!(view.store.search_unions(text, MOST), view.store.search_societies(text, MOST))?;
    let unions = unions.into_iter().map(|union| wire::Found {
        kind: wire::FoundKind::Union,
        url: format!("/unions/{}", union.name),
        name: union.name.to_string(),
        title: Some(union.title),
        union: Some(union.name.to_string()),
        state: Some(union.state.to_string()),
    });
    let mut items: Vec<_> = unions.chain(societies.into_iter().map(society)).collect();
    if text.contains('@') {
        let listed = view.store.search_members(text, MOST).await?;
        items.extend(listed.into_iter().map(|found| member(text, found)));
    }
    if let Ok(short) = text.parse::<ShortId>() {
        let found = view.store.search_revisions(short.range(), MOST).await?;
        items.extend(found.into_iter().map(|found| {
            let commit = found.revision.commit.to_string();
            wire::Found {
                kind: wire::FoundKind::Revision,
                url: format!("/revisions/{commit}"),
                name: commit,
                title: found.words.map(|words| words.subject),
                union: None,
                state: None,
            }
        }));
    }
    if let Ok(id) = text.parse::<DeploymentId>()
        && let Some(found) = view.store.deployment(id).await?
    {
        items.push(wire::Found {
            kind: wire::FoundKind::Deployment,
            url: format!("/deployments/{id}"),
            name: id.to_string(),
            title: None,
            union: Some(found.union.to_string()),
            state: Some(found.outcome.map_or(found.phase.as_str(), Outcome::as_str).to_owned()),
        });
    }
    Ok(wire::FoundPage { items })
}

fn society(found: FoundSociety) -> wire::Found {
    wire::Found {
        kind: wire::FoundKind::Society,
        url: format!("/unions/{}/societies/{}", found.union, found.name),
        name: found.name.to_string(),
        title: Some(found.title),
        union: Some(found.union.to_string()),
        state: found.state.map(SocietyState::as_str).map(str::to_owned),
    }
}

/// Somebody in a society, at its page.
fn member(address: &str, found: FoundSociety) -> wire::Found {
    let society = society(found);
    wire::Found { kind: wire::FoundKind::Member, name: address.to_lowercase(), ..society }
}
