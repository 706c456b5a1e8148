//! The fields of a union's documents as they are in force: who set each, where, and which deployment applied it first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::query::{self, Parameter, Query};
use super::{View, problem::Problem, wire};
use crate::git::{Changes, ChangesQuery, Mirror, Origin};
use crate::names::{SocietyName, UnionName};
use crate::outcome::Outcome;
use crate::revision::{ObjectId, Revision, ShortId};
use crate::spec::{self, FieldInForce, Kind};
use crate::store::{DeploymentQuery, DeploymentRecord, Shown};

/// What can be asked for.
pub(super) const PARAMETERS: &[Parameter] = &[Parameter {
    name: "society",
    about: "The fields of this society instead of those of the union itself.",
    kind: query::Kind::Name,
}];

/// How many look into history at a time: each is a thread that works, until it sees that nobody waits any more.
const TURNS: usize = 2;

/// How many deployments of a union are looked through, in pages of this many.
const PAGES: usize = 4;
const PAGE: u32 = 500;

/// The history of the config repo, as far as the API asks it.
#[derive(Clone)]
pub struct Past {
    git: Mirror,
    turns: Arc<Semaphore>,
}

impl Past {
    /// Of this mirror.
    pub fn new(git: Mirror) -> Self {
        Self { git, turns: Arc::new(Semaphore::new(TURNS)) }
    }

    /// A commit of the past of this head. A mirror that cannot be read knows none: what was fetched is known without it.
    pub(super) async fn commit(&self, head: &Revision, name: &ShortId) -> Option<ObjectId> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        self.git.commit_before(head, name, turn).await.ok().flatten()
    }

    /// The files that a revision changed.
    pub(super) async fn changes(&self, revision: &Revision, query: ChangesQuery) -> Result<Changes, Problem> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| Problem::Internal)?;
        Ok(self.git.changes(revision, query, turn).await?)
    }

    /// Which of these revisions, oldest first, brought it.
    pub(super) async fn brought(
        &self,
        head: &Revision,
        commit: ObjectId,
        revisions: Vec<ObjectId>,
    ) -> Option<ObjectId> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        self.git.brought(head, commit, revisions, turn).await.ok().flatten()
    }
}

/// The fields of a union, or of one of its societies.
pub(super) async fn list(view: View, name: UnionName, query: Query) -> Result<wire::Fields, Problem> {
    let society: Option<SocietyName> = query.value("society")?;
    let union = view.store.union(&name).await?;
    // What is applied is in force; before the first time, what is accepted will be.
    let revision = union.and_then(|union| union.applied.or(union.desired));
    let Some(revision) = revision else {
        return Err(Problem::NotFound { what: format!("accepted document of union `{name}`") });
    };
    let (kind, path) = match &society {
        None => (Kind::Union, format!("unions/{name}/union.yaml")),
        Some(society) => (Kind::Society, format!("unions/{name}/societies/{society}.yaml")),
    };
    let turn = Arc::clone(&view.past.turns).acquire_owned().await.map_err(|_| Problem::Internal)?;
    let git = &view.past.git;
    let files = git.files(&revision, vec![spec::KEYFORGE.to_owned(), path.clone()]).await?;
    let Some(content) = files.get(&path) else {
        return Err(Problem::NotFound { what: format!("`{path}` in {revision}") });
    };
    let keyforge = files.get(spec::KEYFORGE).map(Vec::as_slice);
    let fields = spec::fields(kind, keyforge, &path, content);
    let lines: BTreeSet<_> =
        fields.iter().map(|field| (field.place.path.clone(), field.place.line)).collect();
    let deployments = succeeded(&view.store, &name).await?;
    let revisions = deployments.iter().map(|deployment| deployment.revision.commit).collect();
    let origin = git.origin(&revision, lines, revisions, turn).await?;
    let mut first = BTreeMap::new();
    for deployment in &deployments {
        first.entry(deployment.revision.commit).or_insert(deployment);
    }
    let mut shown: Vec<_> = fields.into_iter().map(|field| shown(field, &origin, &first)).collect();
    if !view.store.sight().is_all() {
        // A commit may have touched other unions too, and be about them.
        shown.iter_mut().for_each(|field| field.subject = None);
    }
    Ok(wire::Fields {
        union: name.to_string(),
        society: society.map(|society| society.to_string()),
        revision: revision.to_string(),
        items: shown,
    })
}

/// The deployments of a union that applied something, oldest first. Of very many the oldest are left out.
async fn succeeded(store: &Shown, union: &UnionName) -> Result<Vec<DeploymentRecord>, Problem> {
    let mut query = DeploymentQuery { union: Some(union.clone()), limit: PAGE, ..DeploymentQuery::default() };
    let mut found = Vec::new();
    for _ in 0..PAGES {
        let page = store.deployments(&query).await?;
        let is_last = page.len() < PAGE as usize;
        query.after = page.last().map(|deployment| deployment.id);
        found.extend(page.into_iter().filter(|deployment| deployment.outcome == Some(Outcome::Succeeded)));
        if is_last {
            found.reverse();
            return Ok(found);
        }
    }
    // The oldest of these did not bring what came before it.
    found.pop();
    found.reverse();
    Ok(found)
}

fn shown(field: FieldInForce, origin: &Origin, first: &BTreeMap<ObjectId, &DeploymentRecord>) -> wire::Field {
    let FieldInForce { path, value, place } = field;
    let written = origin.written.get(&(place.path.clone(), place.line));
    let applied = written.and_then(|written| origin.brought.get(&written.commit));
    let deployment = applied.and_then(|revision| first.get(revision));
    wire::Field {
        path,
        value,
        file: place.path,
        line: place.line,
        commit: written.map(|written| written.commit.to_string()),
        author: written.map(|written| written.author.clone()),
        subject: written.map(|written| written.subject.clone()),
        written_at: written.map(|written| written.at),
        deployment: deployment.map(|deployment| deployment.id.to_string()),
        applied_at: deployment.and_then(|deployment| deployment.closed_at),
    }
}
