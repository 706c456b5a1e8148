//! What one revision changes after another, without a cluster and without a database: `keyforge plan` offline.
//!
//! ```text
//! two revisions ─read what differs→ load ─signatures, accept (the daemon's own)→ desired states ─plan::preview→ Preview
//! ```
//!
//! The older revision stands for what was accepted last, so its `keyforge.yaml` judges the newer one, with the signatures
//! and approvals of the commits between them. Reads only unions
//! whose tree or defaults differ: the cost does not depend on the others, unless one of them asks for another host, which
//! has to be compared with all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::accept::{Before, Court, Hearing, Judged, Read, Revision, accept, approve, touching, weigh};
use super::intake::load_now;
use super::signatures::{self, Standard};
use crate::desired::{self, Context, DesiredState, Given, Life, Pins, RenderError, Templates};
use crate::digest::Digest;
use crate::git::{self, Objects, Since};
use crate::names::{InstallationId, UnionName};
use crate::plan;
use crate::plan::guards::{self, Guard};
use crate::plan::preview::{Preview, Side, Standing, UnionPreview, between, delay};
use crate::revision::ObjectId;
use crate::signing::{self, Signers};
use crate::spec::{Candidate, DeletionPolicy, Schemas, Snapshot, Union};
use crate::store::{AcceptedKeyforge, Decision, IndexEntry, IndexedState, Removed, Verdict};

/// Why there is no preview.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A revision cannot be read.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// A union cannot be rendered.
    #[error(transparent)]
    Render(#[from] RenderError),
}

/// What unions are rendered with, and when.
#[derive(Debug, Clone)]
pub struct Site<'a> {
    /// Whose they are.
    pub installation: &'a InstallationId,
    /// Where the daemon keeps its own objects.
    pub namespace: &'a str,
    /// The manifests.
    pub templates: &'a Templates,
    /// Who alone may sign for `keyforge.yaml`; `None`: it says so itself.
    pub trusted_signers: Option<Arc<Signers>>,
    /// When it is asked: whether a suspend still counts hangs on it, and whose last day is over.
    pub now: DateTime<Utc>,
}

/// What `to` changes after `from`; without `from` everything is new.
///
/// # Errors
/// A revision cannot be read, or a template fails.
pub fn preview(
    objects: &Objects,
    from: Option<ObjectId>,
    to: ObjectId,
    site: &Site<'_>,
) -> Result<Preview, Error> {
    let schemas = Schemas::new();
    let everything = |_: &str| None;
    let (older, newer) = differing(objects, &schemas, from, to)?;
    let mut sides = Sides::load(&schemas, older, newer);
    if sides.claim_hosts() {
        let older = from.map_or_else(|| Ok(nothing()), |from| objects.snapshot(from, &everything))?;
        sides = Sides::load(&schemas, older, objects.snapshot(to, &everything)?);
    }
    sides.preview(objects, from, to, site)
}

/// Both revisions, read as far as they differ.
fn differing(
    objects: &Objects,
    schemas: &Schemas,
    from: Option<ObjectId>,
    to: ObjectId,
) -> Result<(Snapshot, Snapshot), git::Error> {
    let Some(from) = from else { return Ok((nothing(), objects.snapshot(to, &|_| None)?)) };
    let (old, new) = (objects.trees(from)?, objects.trees(to)?);
    let older = objects.snapshot(from, &|name| new.get(name).copied())?;
    let newer = objects.snapshot(to, &|name| old.get(name).copied())?;
    let same_defaults = older.keyforge == newer.keyforge || {
        let keyforge =
            |snapshot: &Snapshot| crate::spec::load_keyforge(schemas, snapshot.keyforge.as_ref()).0;
        match (keyforge(&older), keyforge(&newer)) {
            (Some(older), Some(newer)) => older.has_defaults_of(&newer),
            (older, newer) => older.is_none() && newer.is_none(),
        }
    };
    if same_defaults {
        return Ok((older, newer));
    }
    Ok((objects.snapshot(from, &|_| None)?, objects.snapshot(to, &|_| None)?))
}

fn nothing() -> Snapshot {
    Snapshot { keyforge: None, unions: BTreeMap::new(), findings: Vec::new() }
}

/// Both revisions as the loader understands them.
struct Sides {
    from: Revision,
    to: Revision,
}

impl Sides {
    /// The newer revision is judged by the policy of the older one, as the daemon does.
    fn load(schemas: &Schemas, older: Snapshot, newer: Snapshot) -> Self {
        let from = load_now(schemas, None, older);
        let policy = from.keyforge.as_ref().map(|(keyforge, _)| keyforge.policy());
        Self { to: load_now(schemas, policy, newer), from }
    }

    /// Whether a union asks for a host that it did not have, while others are unread.
    fn claim_hosts(&self) -> bool {
        let host =
            |loaded: &Revision, name: &UnionName| Some(document(loaded, name)?.spec.domain.host().to_owned());
        let anew = |name: &UnionName| {
            let wanted = host(&self.to, name);
            wanted.is_some() && wanted != host(&self.from, name)
        };
        let is_unread = |read: &Read| read.candidate.is_none();
        self.to.unions.values().any(is_unread) && self.to.unions.keys().any(anew)
    }

    fn preview(
        mut self,
        objects: &Objects,
        from: Option<ObjectId>,
        to: ObjectId,
        site: &Site<'_>,
    ) -> Result<Preview, Error> {
        let known: BTreeMap<UnionName, IndexEntry> =
            self.from.unions.iter().map(|(name, read)| (name.clone(), entry(read, from))).collect();
        let documents =
            known.keys().filter_map(|name| Some((name.clone(), document(&self.from, name)?.clone())));
        let keyforge = |revision: &Revision| {
            let (keyforge, blob) = revision.keyforge.clone()?;
            Some(AcceptedKeyforge { keyforge, blob, awaiting: None })
        };
        let accepted = keyforge(&self.from);
        let policy = accepted.clone().or_else(|| keyforge(&self.to));
        let policy = policy.map(|accepted| accepted.keyforge.spec).unwrap_or_default();
        let standard = Standard::new(site.trusted_signers.clone(), policy.signatures.as_ref(), site.now);
        let known_before = signatures::Accepted {
            head: from,
            keyforge: signing::Accepted {
                content: accepted.as_ref().map(|accepted| accepted.blob),
                at: from,
            },
            settled: from,
            unions: &known,
        };
        signatures::judge_offline(objects, to, known_before, &standard, &mut self.to)?;
        let before = Before {
            unions: &known,
            documents: &documents.collect(),
            keyforge: accepted.as_ref(),
            policy: &policy,
            missed: &[],
            removals: &BTreeSet::new(),
            now: site.now,
        };
        let weighed = weigh(&mut self.to, &before);
        let suspended_by = self.suspended_by(objects, to, site.now)?;
        let mut unchanged = self.to.unions.len();
        let there: BTreeSet<UnionName> = self.to.unions.keys().cloned().collect();
        let guards: Vec<Guard> = weighed.guards().cloned().collect();
        let judged = if from.is_some() && !guards.is_empty() {
            let parts = touching(&guards);
            let history = objects.history(&Since { judged: from, exempt: None, former: None, parts }, to)?;
            let court = Court {
                used: &BTreeSet::new(),
                trust: standard.trust(),
                second_person: policy.guards.approval.second_person,
                now: site.now,
            };
            approve(&[Hearing { guards, history }], &court)
        } else {
            Judged::default()
        };
        let accepted = accept(self.to, &before, &weighed, &judged);
        let mut unions = Vec::new();
        for verdict in accepted.verdicts {
            let is_there = there.contains(&verdict.union);
            let by = suspended_by.get(&verdict.union).map(String::as_str);
            let told = told(verdict, is_there, by, &self.from, site)?;
            let is_plain = told.standing == Standing::Accepted && told.waits.is_none() && !told.resumes;
            if !is_plain || !told.changes.is_empty() || !told.diagnostics.is_empty() {
                unchanged -= usize::from(is_there);
                unions.push(told);
            }
        }
        Ok(Preview { from, to, unions, unchanged, diagnostics: accepted.diagnostics })
    }

    /// Who wrote that a union is suspended, with the commit.
    fn suspended_by(
        &self,
        objects: &Objects,
        to: ObjectId,
        now: DateTime<Utc>,
    ) -> Result<BTreeMap<UnionName, String>, git::Error> {
        let mut found = BTreeMap::new();
        for (name, read) in &self.to.unions {
            let Some(span) = read.candidate.as_ref().and_then(Candidate::suspend) else { continue };
            let is_suspended = document(&self.to, name)
                .is_some_and(|union| plan::suspended(&union.spec, Life::Running, now).is_some());
            if is_suspended && let Some(written) = objects.writer(to, &(span.path.clone(), span.line))? {
                found.insert(name.clone(), format!("{} ({})", written.author, written.commit.short()));
            }
        }
        Ok(found)
    }
}

/// What a verdict of the newer revision means after the older one.
fn told(
    verdict: Verdict,
    is_there: bool,
    suspended_by: Option<&str>,
    older: &Revision,
    site: &Site<'_>,
) -> Result<UnionPreview, RenderError> {
    let Verdict { union: name, diagnostics, decision, awaiting } = verdict;
    let before = document(older, &name);
    let (standing, after) = match decision {
        // What is told of a removal that waits is what it would remove.
        Decision::Unchanged if !is_there => {
            let life = match before.map(|union| union.spec.deletion.policy) {
                Some(DeletionPolicy::Delete) => Life::Gone,
                _ => Life::Retained,
            };
            let why = guards::why(&awaiting).unwrap_or_default();
            (Standing::Awaiting { why }, before.map(|union| (union.clone(), life)))
        }
        Decision::Unchanged => (Standing::Accepted, before.map(|union| (union.clone(), Life::Running))),
        Decision::Held { why } => {
            (Standing::Held { why }, before.map(|union| (union.clone(), Life::Running)))
        }
        Decision::Accepted(new) => {
            let was_unsound = before.is_none() && older.unions.contains_key(&name);
            let standing = if was_unsound { Standing::Unknown } else { Standing::Accepted };
            (standing, (!was_unsound).then_some((new.union, Life::Running)))
        }
        Decision::Removed(removed) => {
            let days_kept = match removed {
                Removed::Kept { days } => Some(days),
                Removed::Gone => None,
            };
            (Standing::Removed { days_kept }, before.map(|union| (union.clone(), removed.life())))
        }
    };
    let drawn = before.map(|union| union.spec.rotation.admin_token);
    let old = before.map(|union| site.desired(union, Life::Running, None)).transpose()?;
    let new = after.as_ref().map(|(union, life)| site.desired(union, *life, drawn)).transpose()?;
    let changes = between(
        before.and_then(|union| Some(Side { union, desired: old.as_ref()? })),
        after.as_ref().and_then(|(union, _)| Some(Side { union, desired: new.as_ref()? })),
    );
    // What is held or removed waits for nothing that its documents say.
    let accepted = after.as_ref().map(|(union, _)| union).filter(|_| standing == Standing::Accepted);
    let waits = accepted.and_then(|union| delay(&union.spec, suspended_by, &changes, site.now));
    let suspended = |union: Option<&Union>| {
        union.is_some_and(|union| plan::suspended(&union.spec, Life::Running, site.now).is_some())
    };
    let resumes = standing == Standing::Accepted && suspended(before) && !suspended(accepted);
    Ok(UnionPreview {
        name: name.to_string(),
        standing,
        changes,
        waits,
        resumes,
        guards: awaiting,
        diagnostics,
    })
}

impl Site<'_> {
    fn desired(&self, union: &Union, life: Life, drawn: Option<u32>) -> Result<DesiredState, RenderError> {
        let context = Context {
            installation: self.installation.clone(),
            daemon_namespace: self.namespace.to_owned(),
            life,
            ending: None,
            drawn_admin_token: drawn,
            input: Digest::of(""),
            given: Given::default(),
            pins: Pins::default(),
        };
        desired::build(union, self.templates, &context)
    }
}

/// A union's documents, if they were read and are sound.
fn document<'a>(loaded: &'a Revision, name: &UnionName) -> Option<&'a Union> {
    loaded.unions.get(name)?.candidate.as_ref()?.document.as_ref()
}

/// The older revision of a union as what was accepted last.
fn entry(read: &Read, from: Option<ObjectId>) -> IndexEntry {
    let document = read.candidate.as_ref().map(|candidate| candidate.document.as_ref());
    let accepted = match (document, &read.candidate) {
        // Left unread, since it is the same in both: accepted then as now, and its host is asked for by nobody else.
        (None, _) => Some((Digest::of(""), String::new())),
        (Some(Some(union)), Some(candidate)) => Some((candidate.input, union.spec.domain.host().to_owned())),
        _ => None,
    };
    let accepted = accepted.zip(from).map(|((input, host), revision)| IndexedState {
        revision,
        tree: read.tree,
        input,
        host,
    });
    IndexEntry {
        accepted,
        is_orphan: false,
        life: Life::Running,
        waits: false,
        awaiting: Vec::new(),
        since: None,
    }
}
