//! Unions and revisions to store, and the one change by hand that many tests need: an expired lease.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use keyforge::digest::Digest;
use keyforge::health::Health;
use keyforge::ids::ResourceId;
use keyforge::names::UnionName;
use keyforge::outcome::{Reason, UnionState};
use keyforge::plan::guards::Guard;
use keyforge::revision::{ObjectId, Revision};
use keyforge::spec::File;
use keyforge::store::{
    Acceptance, Applied, Claim, Decision, NewDeployment, NewRevision, NewlyAccepted, PlanCounts, Store,
    UnionFacts, Verdict,
};
use serde_json::json;
use uuid::Uuid;

use crate::support::postgres::Database;

/// Longer than any test takes.
pub(crate) const LEASE: Duration = Duration::from_secs(60);

pub(crate) fn name(text: &str) -> UnionName {
    text.parse().expect("a name")
}

/// A commit or tree that is told from others by one number.
pub(crate) fn object(number: u8) -> ObjectId {
    ObjectId::from([number; 20])
}

pub(crate) fn revision(number: u8) -> Revision {
    Revision { branch: "main".into(), commit: object(number) }
}

pub(crate) fn resource(kind: &str, name: &str) -> ResourceId {
    ResourceId {
        kind: kind.into(),
        namespace: Some("union-acme".into()),
        name: name.into(),
        api_version: "v1".into(),
    }
}

/// A union with one society of two members, whose input follows from its number.
pub(crate) fn newly_accepted(union: &str, number: u8) -> Box<NewlyAccepted> {
    let document = json!({
        "name": union,
        "source": format!("unions/{union}/union.yaml"),
        "labels": {},
        "spec": {
            "displayName": format!("Union {union}"),
            "contacts": ["it@acme.example"],
            "domain": format!("https://{union}.example"),
            "vaultwarden": { "image": "vaultwarden/server:1.37.2" },
        },
        "societies": {
            "chess": {
                "displayName": "Chess",
                "members": [
                    { "email": "ana@acme.example", "role": "owner" },
                    { "email": "bo@acme.example", "role": "member" },
                ],
            },
        },
    });
    Box::new(NewlyAccepted {
        union: serde_json::from_value(document).expect("a union"),
        tree: object(number),
        input: Digest::of([number]),
        suspended_by: None,
        documents: vec![
            File {
                path: format!("unions/{union}/union.yaml"),
                blob: object(number),
                content: format!("kind: Union # {number}").into_bytes().into(),
            },
            File {
                path: format!("unions/{union}/societies/chess.yaml"),
                blob: object(number),
                content: b"kind: Society".as_slice().into(),
            },
        ],
    })
}

pub(crate) fn accepted(union: &str, number: u8) -> Verdict {
    Verdict {
        union: name(union),
        diagnostics: Vec::new(),
        decision: Decision::Accepted(newly_accepted(union, number)),
        awaiting: Vec::new(),
    }
}

pub(crate) fn decided(union: &str, decision: Decision) -> Verdict {
    Verdict { union: name(union), diagnostics: Vec::new(), decision, awaiting: Vec::new() }
}

/// Records revision `number` with these verdicts.
pub(crate) async fn accept(store: &Store, number: u8, verdicts: Vec<Verdict>) {
    let recorded = acceptance(store, number, verdicts).await;
    store.record_acceptance(&recorded).await.expect("recorded");
}

/// Revision `number` with these verdicts, as it would be recorded after the head.
pub(crate) async fn acceptance(store: &Store, number: u8, verdicts: Vec<Verdict>) -> Acceptance {
    let new = NewRevision {
        revision: revision(number),
        author_name: "Ana".into(),
        author_email: "ana@acme.example".into(),
        subject: format!("Change {number}"),
        committed_at: chrono::DateTime::UNIX_EPOCH,
    };
    store.record_revision(&new).await.expect("recorded");
    let head = store.head().await.expect("the database answers");
    Acceptance { expected: head.map(|head| head.revision.commit), ..decided_after(None, number, verdicts) }
}

/// Revision `number` with these verdicts, decided after this head, and nothing else.
pub(crate) fn decided_after(expected: Option<u8>, number: u8, verdicts: Vec<Verdict>) -> Acceptance {
    Acceptance {
        revision: object(number),
        expected: expected.map(object),
        keyforge: None,
        diagnostics: Vec::new(),
        trees: verdicts.iter().map(|verdict| (verdict.union.clone(), object(number))).collect(),
        verdicts,
        vouched: BTreeMap::new(),
        guards: Vec::new(),
        approvals: BTreeSet::new(),
        forgiven: Vec::new(),
        removals: BTreeSet::new(),
        renamed: Vec::new(),
        reason: Reason::Push,
    }
}

/// A guard of a union that waits.
pub(crate) fn guard(union: &str, why: &str) -> Guard {
    let guard = json!({
        "guard": "union-removed", "union": union, "why": why, "changes": [{ "change": "union" }],
        "digest": Digest::of(union),
    });
    serde_json::from_value(guard).expect("a guard")
}

/// A database in which these unions are accepted at revision 1, and due.
pub(crate) async fn with_unions(unions: &[&str]) -> (Database, Store) {
    let database = Database::migrated().await;
    let store = database.store();
    accept(&store, 1, unions.iter().map(|union| accepted(union, 1)).collect()).await;
    (database, store)
}

pub(crate) async fn claim(store: &Store) -> Claim {
    store.claim(Uuid::new_v4(), LEASE).await.expect("the database answers").expect("a union is due")
}

/// A worker's word that input `number` is applied and healthy.
pub(crate) fn current(number: u8) -> UnionFacts {
    UnionFacts {
        findings: None,
        state: UnionState::Current,
        health: Some(Health::Current),
        why: None,
        applied: Some(Applied {
            revision: object(number),
            input: Digest::of([number]),
            desired: Digest::of([number, number]),
        }),
    }
}

/// Turns the clock for one lease: it ran out a second ago.
pub(crate) async fn expire(database: &Database, union: &UnionName) {
    let expired = sqlx::query("update work set leased_until = now() - interval '1 s' where union_name = $1")
        .bind(union.as_str())
        .execute(&mut database.connection().await)
        .await
        .expect("changed by hand");
    assert_eq!(expired.rows_affected(), 1, "{union} has a lease");
}

/// A rollout of the input of this number.
pub(crate) fn rollout(number: u8) -> NewDeployment {
    NewDeployment {
        reason: Reason::Push,
        revision: object(1),
        input: Digest::of([number]),
        desired: Digest::of([number, number]),
        plan: json!({ "digest": number }),
        counts: PlanCounts { creates: 2, updates: 1, deletes: 0, keeps: 5 },
        makes: Vec::new(),
    }
}

/// A rollout that makes these.
pub(crate) fn making(resources: &[ResourceId]) -> NewDeployment {
    NewDeployment { makes: resources.to_vec(), ..rollout(1) }
}
