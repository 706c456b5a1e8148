//! What Git says of each union, recorded in one piece.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use keyforge::access::Sight;
use keyforge::desired::Life;
use keyforge::diagnostic::{Code, Diagnostic, Severity, Span};
use keyforge::digest::Digest;
use keyforge::health::Health;
use keyforge::outcome::{Reason, UnionState};
use keyforge::spec::Keyforge;
use keyforge::store::{
    Acceptance, AcceptedKeyforge, AcceptedUnion, Claim, Decision, DiagnosticQuery, Error, IndexEntry,
    IndexedState, Next, Removed, Retry, Store, UnionFacts, UnionFilter, UnionSummary, Verdict,
};
use serde_json::json;
use sqlx::{Executor as _, Row};

use crate::fixture::{
    accept, acceptance, accepted, claim, decided, decided_after, guard, name, newly_accepted, object,
    revision, with_unions,
};
use crate::support::postgres::Database;

fn held(union: &str, why: &str) -> Verdict {
    decided(union, Decision::Held { why: why.into() })
}

fn entry(accepted: Option<IndexedState>) -> IndexEntry {
    IndexEntry {
        accepted,
        is_orphan: false,
        life: Life::Running,
        waits: false,
        awaiting: Vec::new(),
        since: None,
    }
}

/// The findings, page by page.
async fn found(store: &Store, union: Option<&str>) -> Vec<Diagnostic> {
    let mut all = Vec::new();
    let mut query = DiagnosticQuery { union: union.map(name), limit: 1, ..DiagnosticQuery::default() };
    loop {
        let page = store.shown_to(Sight::All).diagnostics(&query).await.expect("the database answers");
        let Some(last) = page.last() else { return all };
        query.after = Some(last.place.clone());
        all.extend(page.into_iter().map(|found| found.diagnostic));
    }
}

async fn shown(store: &Store, union: &str) -> UnionSummary {
    store.shown_to(Sight::All).union(&name(union)).await.expect("the database answers").expect("known")
}

fn diagnostic(path: &str, message: &str) -> Diagnostic {
    Diagnostic {
        span: Span::file(path),
        code: Code::InvalidYaml,
        severity: Severity::Error,
        message: message.into(),
        label: String::new(),
        notes: Vec::new(),
        hint: None,
    }
}

#[tokio::test]
async fn an_accepted_union_is_read_back_and_due() {
    let (database, store) = with_unions(&["acme"]).await;
    let new = newly_accepted("acme", 1);
    assert_eq!(
        store.accepted(&name("acme")).await.expect("the database answers"),
        Some(AcceptedUnion {
            union: new.union,
            revision: revision(1),
            tree: object(1),
            input: Digest::of([1]),
            life: Life::Running,
            kept_until: None,
            applied: None,
            missed: None,
            suspended_by: None,
        })
    );
    let acme = shown(&store, "acme").await;
    assert_eq!((acme.display_name.as_str(), acme.domain.as_str()), ("Union acme", "https://acme.example"));
    assert_eq!((acme.societies, acme.members), (1, 2));
    assert_eq!((acme.state, acme.desired, acme.applied), (UnionState::InProgress, Some(revision(1)), None));
    assert_eq!(claim(&store).await.reason, Reason::Push);

    let documents = sqlx::query(
        "select path, convert_from(content, 'UTF8'), document_id = sha256(content)
        from acceptance_document join document using (document_id) order by path",
    )
    .fetch_all(&mut database.connection().await)
    .await
    .expect("read");
    let documents: Vec<(String, String, bool)> =
        documents.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    assert_eq!(
        documents,
        [
            ("unions/acme/societies/chess.yaml".into(), "kind: Society".into(), true),
            ("unions/acme/union.yaml".into(), "kind: Union # 1".into(), true),
        ]
    );
}

#[tokio::test]
async fn a_hold_keeps_what_is_accepted() {
    let (_database, store) = with_unions(&["acme"]).await;
    store.release(&claim(&store).await, Next::Idle).await.expect("the lease was ours");
    let before = store.accepted(&name("acme")).await.expect("the database answers").expect("accepted");
    accept(&store, 2, vec![held("acme", "`spec.domain` is missing")]).await;

    assert_eq!(store.accepted(&name("acme")).await.expect("the database answers"), Some(before.clone()));
    let acme = shown(&store, "acme").await;
    assert_eq!((acme.state, acme.reason.as_deref()), (UnionState::Held, Some("`spec.domain` is missing")));
    assert_eq!(acme.desired, Some(revision(1)));
    assert_eq!(
        store.next_due_in().await.expect("the database answers"),
        None,
        "a hold changes nothing to do"
    );

    accept(&store, 3, vec![decided("acme", Decision::Unchanged)]).await;
    assert_eq!(store.accepted(&name("acme")).await.expect("the database answers"), Some(before));
    assert_eq!(shown(&store, "acme").await.desired, Some(revision(3)));
}

#[tokio::test]
async fn a_union_that_never_was_accepted_is_seen_as_held() {
    let (_database, store) = with_unions(&[]).await;
    accept(&store, 2, vec![held("acme", "`spec.domain` is missing")]).await;
    let acme = shown(&store, "acme").await;
    assert_eq!((acme.state, acme.desired, acme.applied), (UnionState::Held, None, None));
    assert_eq!(acme.display_name, "acme");
    let index = store.acceptance_index().await.expect("the database answers");
    assert_eq!(index[&name("acme")], IndexEntry { waits: true, since: Some(object(1)), ..entry(None) });

    accept(&store, 3, vec![decided("acme", Decision::Removed(Removed::Kept { days: 30 }))]).await;
    assert_eq!(store.shown_to(Sight::All).union(&name("acme")).await.expect("the database answers"), None);
}

#[tokio::test]
async fn a_removed_union_is_kept_and_may_come_back() {
    let (_database, store) = with_unions(&["acme"]).await;
    store.release(&claim(&store).await, Next::Idle).await.expect("the lease was ours");
    accept(&store, 2, vec![decided("acme", Decision::Removed(Removed::Kept { days: 30 }))]).await;
    let removed = store.accepted(&name("acme")).await.expect("the database answers").expect("kept");
    assert_eq!(
        (removed.life, removed.revision, removed.input),
        (Life::Retained, revision(2), Digest::of([1]))
    );
    let shown_as = shown(&store, "acme").await;
    assert_eq!((shown_as.state, shown_as.kept_until), (UnionState::Tombstone, removed.kept_until));
    store.release(&claim(&store).await, Next::Idle).await.expect("the removal made it due");

    accept(&store, 3, vec![accepted("acme", 3)]).await;
    let shown_as = shown(&store, "acme").await;
    assert_eq!((shown_as.state, shown_as.kept_until), (UnionState::InProgress, None));
    assert_eq!(claim(&store).await.union, name("acme"));
}

#[tokio::test]
async fn a_removal_without_approval_changes_nothing_but_what_is_shown() {
    let (_database, store) = with_unions(&["acme"]).await;
    store.release(&claim(&store).await, Next::Idle).await.expect("the lease was ours");
    let before = store.accepted(&name("acme")).await.expect("the database answers").expect("accepted");
    let guard = guard("acme", "2 unions are removed at once, 1 is allowed");
    let why = guard.why.as_str();
    let waits = Verdict { awaiting: vec![guard.clone()], ..decided("acme", Decision::Unchanged) };
    accept(&store, 2, vec![waits]).await;
    let acme = shown(&store, "acme").await;
    assert_eq!((acme.state, acme.reason.as_deref()), (UnionState::AwaitingApproval, Some(why)));
    assert_eq!(acme.desired, Some(revision(1)));
    assert_eq!(store.accepted(&name("acme")).await.expect("the database answers"), Some(before));
    assert_eq!(store.next_due_in().await.expect("the database answers"), None);
    assert_eq!(store.awaiting(&name("acme")).await.expect("the database answers"), [guard]);
    assert!(store.acceptance_index().await.expect("the database answers")[&name("acme")].waits);

    // Its documents are back, with a mistake: nothing waits for an approval any more.
    accept(&store, 3, vec![held("acme", "a mistake")]).await;
    assert_eq!(shown(&store, "acme").await.state, UnionState::Held);
    accept(&store, 4, vec![decided("acme", Decision::Unchanged)]).await;
    assert_eq!(shown(&store, "acme").await.state, UnionState::InProgress);
}

#[tokio::test]
async fn the_index_tells_digests_of_all_unions() {
    let (_database, store) = with_unions(&["acme", "birch"]).await;
    accept(&store, 2, vec![accepted("birch", 2), held("acme", "why")]).await;
    let state = |number: u8, host: &str| {
        Some(IndexedState {
            revision: object(number),
            tree: object(number),
            input: Digest::of([number]),
            host: host.into(),
        })
    };
    let index = store.acceptance_index().await.expect("the database answers");
    let expected = BTreeMap::from([
        (name("acme"), IndexEntry { waits: true, since: Some(object(1)), ..entry(state(1, "acme.example")) }),
        (name("birch"), entry(state(2, "birch.example"))),
    ]);
    assert_eq!(index, expected);
}

#[tokio::test]
async fn findings_are_replaced_for_the_unions_that_were_read() {
    let (_database, store) = with_unions(&["acme", "birch"]).await;
    let of_acme = diagnostic("unions/acme/union.yaml", "acme");
    let of_birch = diagnostic("unions/birch/union.yaml", "birch");
    let of_repo = diagnostic("keyforge.yaml", "repo");
    let mut acceptance = Acceptance {
        diagnostics: vec![of_repo.clone()],
        ..decided_after(
            Some(1),
            1,
            vec![
                Verdict { diagnostics: vec![of_acme.clone()], ..held("acme", "why") },
                Verdict { diagnostics: vec![of_birch.clone()], ..held("birch", "why") },
            ],
        )
    };
    store.record_acceptance(&acceptance).await.expect("recorded");
    let all = found(&store, None).await;
    assert_eq!(all, [of_repo, of_acme, of_birch.clone()]);

    acceptance.diagnostics.clear();
    acceptance.verdicts = vec![decided("acme", Decision::Unchanged)];
    store.record_acceptance(&acceptance).await.expect("recorded");
    let kept = std::slice::from_ref(&of_birch);
    assert_eq!(found(&store, None).await, kept);
    let of_one = found(&store, Some("birch")).await;
    assert_eq!(of_one, kept);
}

#[tokio::test]
async fn the_last_accepted_keyforge_stays_until_another_is_accepted() {
    let database = Database::migrated().await;
    let store = database.store();
    assert_eq!(store.head().await.expect("the database answers"), None);
    let keyforge = json!({ "name": "students", "spec": { "guards": { "unionsRemovedPerRevision": 3 } } });
    let keyforge: Keyforge = serde_json::from_value(keyforge).expect("a `keyforge.yaml`");
    accept(&store, 1, Vec::new()).await;
    let awaiting = Some(guard("acme", "looser"));
    let keyforge = AcceptedKeyforge { keyforge, blob: object(9), awaiting };
    let mut acceptance =
        Acceptance { keyforge: Some(keyforge.clone()), ..decided_after(Some(1), 1, Vec::new()) };
    store.record_acceptance(&acceptance).await.expect("recorded");
    accept(&store, 2, Vec::new()).await;
    acceptance.keyforge = None;
    acceptance.revision = object(2);
    acceptance.expected = Some(object(2));
    store.record_acceptance(&acceptance).await.expect("recorded");

    let head = store.head().await.expect("the database answers").expect("accepted");
    assert_eq!((head.revision, head.keyforge), (revision(2), Some(keyforge)));
}

#[tokio::test]
async fn a_revision_is_recorded_whole_or_not_at_all() {
    let (_database, store) = with_unions(&[]).await;
    let acceptance = Acceptance {
        diagnostics: vec![diagnostic("keyforge.yaml", "repo")],
        // Never recorded as a revision.
        ..decided_after(Some(1), 7, vec![held("acme", "why"), accepted("birch", 7)])
    };
    let error = store.record_acceptance(&acceptance).await.expect_err("there is no such revision");
    assert_eq!(error.to_string(), "the database refused a statement");
    assert_eq!(store.acceptance_index().await.expect("the database answers"), BTreeMap::new());
    assert_eq!(found(&store, None).await, []);
}

#[tokio::test]
async fn a_head_that_moved_since_it_was_read_is_not_moved_back() {
    let database = Database::migrated().await;
    let store = database.store();
    let late = |expected| Acceptance {
        diagnostics: vec![diagnostic("keyforge.yaml", "repo")],
        ..decided_after(expected, 1, vec![accepted("acme", 1)])
    };
    let refused = async |expected| {
        let error = store.record_acceptance(&late(expected)).await.expect_err("decided after another head");
        assert!(matches!(error, Error::HeadMoved), "{error:?}");
        assert_eq!(error.retry(), Retry::Backoff);
    };
    refused(Some(9)).await;
    assert_eq!(store.head().await.expect("the database answers"), None);

    accept(&store, 1, Vec::new()).await;
    accept(&store, 2, Vec::new()).await;
    refused(None).await;
    refused(Some(1)).await;
    assert_eq!(store.head().await.expect("the database answers").expect("accepted").revision, revision(2));
    assert_eq!(store.shown_to(Sight::All).union(&name("acme")).await.expect("the database answers"), None);
    assert_eq!(found(&store, None).await, []);
}

#[tokio::test]
async fn a_first_start_takes_many_unions_in() {
    let unions: Vec<String> = (0..1201).map(|number| format!("union-{number:04}")).collect();
    let unions: Vec<&str> = unions.iter().map(String::as_str).collect();
    let (_database, store) = with_unions(&unions).await;
    assert_eq!(store.acceptance_index().await.expect("the database answers").len(), 1201);
    let counts = store
        .shown_to(Sight::All)
        .union_counts_by_state(&UnionFilter::default())
        .await
        .expect("the database answers");
    assert_eq!(counts, BTreeMap::from([(UnionState::InProgress, 1201)]));
}

#[tokio::test]
async fn revisions_and_workers_do_not_get_in_each_others_way() {
    let (_database, store) = with_unions(&["acme", "birch"]).await;
    let accepting = async {
        for number in 2..100 {
            accept(&store, number, vec![accepted("acme", number), accepted("birch", number)]).await;
        }
    };
    let working = async |claim: Claim| {
        for round in 0..200 {
            let why = Some(format!("round {round}"));
            let facts = UnionFacts {
                findings: None,
                state: UnionState::InProgress,
                health: Some(Health::Unknown),
                why,
                applied: None,
            };
            store.set_status(&claim, &facts).await.expect("no deadlock");
        }
    };
    // Claimed before: a claim passes over a row that a revision just has locked.
    let (one, other) = (claim(&store).await, claim(&store).await);
    tokio::join!(accepting, working(one), working(other));
}

#[tokio::test]
async fn the_date_of_a_removed_union_never_gets_earlier_and_its_deletion_names_it() {
    let (_database, store) = with_unions(&["acme"]).await;
    accept(&store, 2, vec![decided("acme", Decision::Removed(Removed::Kept { days: 30 }))]).await;
    let claim = claim(&store).await;
    let kept_until = async || {
        let removed = store.accepted(&name("acme")).await.expect("the database answers").expect("kept");
        removed.kept_until.expect("it is removed")
    };
    let (now, first) = (store.now().await.expect("the database answers"), kept_until().await);
    let rest = first - now;
    assert!(rest > TimeDelta::days(29) && rest <= TimeDelta::days(30), "{rest}");

    store.keep_until(&claim, first - TimeDelta::days(1)).await.expect("the lease holds");
    assert_eq!(kept_until().await, first);
    store.keep_until(&claim, first + TimeDelta::days(1)).await.expect("the lease holds");
    assert_eq!(kept_until().await, first + TimeDelta::days(1));

    assert!(!store.begin_deletion(&claim, first).await.expect("the lease holds"), "another date counts");
    let last = kept_until().await;
    assert!(store.begin_deletion(&claim, last).await.expect("the lease holds"));
    let life = store.accepted(&name("acme")).await.expect("the database answers").expect("kept").life;
    assert_eq!(life, Life::Gone);
}

#[tokio::test]
async fn a_union_that_came_back_is_not_deleted() {
    let (_database, store) = with_unions(&["acme"]).await;
    accept(&store, 2, vec![decided("acme", Decision::Removed(Removed::Kept { days: 0 }))]).await;
    let claim = claim(&store).await;
    let removed = store.accepted(&name("acme")).await.expect("the database answers").expect("kept");
    let until = removed.kept_until.expect("it is removed");
    accept(&store, 3, vec![accepted("acme", 3)]).await;
    assert!(!store.begin_deletion(&claim, until).await.expect("the lease holds"));
    accept(&store, 4, vec![decided("acme", Decision::Removed(Removed::Kept { days: 0 }))]).await;
    assert!(!store.begin_deletion(&claim, until).await.expect("the lease holds"), "it was removed once more");
}

/// What is deferred to the end of the transaction is one statement, and grows with the fleet.
#[tokio::test]
async fn the_end_of_a_large_acceptance_may_take_longer_than_a_statement() {
    let (database, _) = with_unions(&["acme"]).await;
    let dawdle = "create function dawdle() returns trigger language plpgsql as
            $$ begin perform pg_sleep(3); return null; end $$;
        create constraint trigger dawdles after update on union_status deferrable initially deferred
            for each row execute function dawdle()";
    database.connection().await.execute(dawdle).await.expect("a slow trigger");
    let store = database.store_with(&["--database-statement-timeout", "2s"]);
    let two = acceptance(&store, 2, vec![accepted("acme", 2)]).await;
    store.in_time_for(two.parts(), store.record_acceptance(&two)).await.expect("recorded");
    let many =
        acceptance(&store, 3, (0..1000).map(|number| accepted(&format!("u{number}"), 3)).collect()).await;
    assert_eq!((two.parts(), many.parts()), (1, 3), "each of which may take its time");
}

#[tokio::test]
async fn a_hold_is_at_the_place_of_its_newest_finding_also_where_that_is_a_newer_programs() {
    let (database, store) = with_unions(&["acme"]).await;
    for (number, file) in [(2, "union.yaml"), (3, "societies/chess.yaml")] {
        let path = format!("unions/acme/{file}");
        let mut verdict = decided("acme", Decision::Held { why: format!("{path}:1: no") });
        verdict.diagnostics.push(diagnostic(&path, "no"));
        let trees = [(name("acme"), object(9))].into();
        let acceptance = Acceptance { trees, ..acceptance(&store, number, vec![verdict]).await };
        store.record_acceptance(&acceptance).await.expect("recorded");
        assert_eq!(shown(&store, "acme").await.place.expect("a place").path, path, "of the same documents");
    }
    database
        .connection()
        .await
        .execute("update hold set finding = jsonb_set(finding, '{code}', '\"unheard-of\"')")
        .await
        .expect("written by hand");
    let held = shown(&store, "acme").await;
    assert_eq!(held.place.expect("a place").path, "unions/acme/societies/chess.yaml");
    let touched = store.shown_to(Sight::All).told_of(object(3), &[&name("acme")]).await;
    let told = touched.expect("the database answers").remove(0).held.expect("held");
    assert_eq!((told.why.as_str(), told.finding), ("unions/acme/societies/chess.yaml:1: no", None));
}
