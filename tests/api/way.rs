//! Where a commit is: the step that it has reached in each union that it touches, what stands in its way, and whose turn it is.

use keyforge::access::Role;
use keyforge::diagnostic::{Code, Diagnostic, Note, Severity, Span};
use keyforge::digest::Digest;
use keyforge::outcome::{Outcome, UnionState};
use keyforge::plan::guards::Guard;
use keyforge::signing::Voucher;
use keyforge::store::{
    Acceptance, Became, Decision, GuardEvent, NewDeployment, Next, Removed, Store, UnionFacts, Verdict,
};
use serde_json::{Value, json};
use sqlx::Executor as _;

use crate::fixture::{
    LEASE, accept, acceptance, accepted, claim, current, decided, guard, name, object, rollout, with_unions,
};
use crate::served::{Served, history, key, viewer};
use crate::support::postgres::Database;

/// The path of a revision by its number.
fn path(number: u8) -> String {
    format!("/api/v1/revisions/{}", object(number))
}

/// A word of an answer, or a dash.
fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

/// The unions of a revision as an answer tells them, a line each.
fn lines(told: &Value) -> Vec<String> {
    let line = |item: &Value| {
        let words =
            ["union", "state", "step", "ahead", "unionState", "actor"].map(|field| word(&item[field]));
        let by = word(&item["supersededBy"]).get(10..14).map_or(String::new(), |by| format!(" by {by}"));
        format!("{}{by}: {}", words.join(" "), word(&item["reason"]))
    };
    told["items"].as_array().expect("a list").iter().map(line).collect()
}

/// Reached, of how many, and who is lost before it, of each step.
fn steps(told: &Value) -> Vec<String> {
    let step = |step: &Value| {
        let lost: Vec<_> = step["lost"].as_array().expect("a list").iter().map(word).collect();
        format!("{} {}/{} {}", word(&step["step"]), step["reached"], step["of"], lost.join(" "))
            .trim_end()
            .to_owned()
    };
    told["steps"].as_array().expect("a list").iter().map(step).collect()
}

/// A mistake in the documents of a union that names another one.
fn taken(union: &str, code: Code) -> Diagnostic {
    Diagnostic {
        span: Span::file(format!("unions/{union}/union.yaml")),
        code,
        severity: Severity::Error,
        message: "the host `vault.example` belongs to union `birch`".into(),
        label: "also claimed by `birch`".into(),
        notes: vec![Note { span: Span::file("unions/birch/union.yaml"), message: "claimed here".into() }],
        hint: Some("choose another `domain`; union `birch` keeps it".into()),
    }
}

fn held(union: &str, code: Code) -> Verdict {
    let found = taken(union, code);
    let why = format!("{}:1: {}", found.span.path, found.message);
    Verdict { diagnostics: vec![found], ..decided(union, Decision::Held { why }) }
}

/// What a worker does of the next union that is due: a rollout of revision `number`, which ends so.
async fn work(store: &Store, number: u8, facts: UnionFacts) {
    let claim = claim(store).await;
    let rollout = NewDeployment { revision: object(number), ..rollout(number) };
    let id = store.open_deployment(&claim, &rollout).await.expect("opened").id();
    store.close_deployment(&claim, id, Outcome::Succeeded, None).await.expect("closed");
    store.set_status(&claim, &facts).await.expect("the lease holds");
    store.release(&claim, Next::Idle).await.expect("the lease was ours");
}

/// Six unions, each at another place with revision 2.
async fn everywhere() -> (Database, Store) {
    let (database, store) = with_unions(&["elm"]).await;
    work(&store, 1, current(1)).await;
    let guard = guard("elm", "it is removed, with 3 others");
    let waits = Verdict { awaiting: vec![guard.clone()], ..decided("elm", Decision::Unchanged) };
    let verdicts = vec![
        accepted("acme", 2),
        held("birch", Code::DuplicateDomain),
        held("cedar", Code::UnsignedCommit),
        waits,
    ];
    let recorded = Acceptance {
        guards: vec![GuardEvent { guard, became: Became::HeldBack }],
        ..acceptance(&store, 2, verdicts).await
    };
    store.record_acceptance(&recorded).await.expect("recorded");
    (database, store)
}

#[tokio::test]
async fn a_revision_tells_how_far_it_is_in_each_union_and_what_stands_in_its_way() {
    let (_database, store) = everywhere().await;
    let api = Served::start(store.clone()).await;
    let told = api.json(&path(2)).await;
    let why = "the host `vault.example` belongs to union `birch`";
    let expected = [
        format!("birch waiting verified accepted held officer: unions/birch/union.yaml:1: {why}"),
        format!("cedar waiting fetched verified held officer: unions/cedar/union.yaml:1: {why}"),
        "elm waiting verified accepted awaiting-approval officer: it is removed, with 3 others".to_owned(),
        "acme in-progress accepted planned in-progress keyforge: -".to_owned(),
    ];
    assert_eq!(lines(&told), expected);
    assert_eq!(
        steps(&told),
        [
            "fetched 4/4",
            "verified 3/4 cedar",
            "accepted 1/4 birch elm",
            "planned 0/4",
            "applied 0/4",
            "healthy 0/4",
        ]
    );
    assert_eq!(
        (&told["total"], &told["unionsByState"]),
        (&json!(4), &json!({ "waiting": 3, "in-progress": 1 }))
    );
    let (birch, elm) = (&told["items"][0], &told["items"][2]);
    assert_eq!(
        (word(&birch["place"]["path"]), word(&birch["code"])),
        ("unions/birch/union.yaml", "duplicate-domain")
    );
    assert_eq!(word(&birch["hint"]), "choose another `domain`; union `birch` keeps it");
    let approve = format!("`{}`", guard("elm", "").trailer());
    assert!(word(&elm["hint"]).contains(&approve), "{}", elm["hint"]);
    assert!(told["items"].as_array().expect("a list").iter().all(|item| item["since"].is_string()));

    work(&store, 2, current(2)).await;
    let acme = "acme done healthy - current -: -".to_owned();
    assert_eq!(lines(&api.json(&format!("{}?union=acme", path(2))).await), [acme]);
}

#[tokio::test]
async fn what_a_newer_revision_took_the_place_of_names_it() {
    let (_database, store) = everywhere().await;
    let api = Served::start(store.clone()).await;
    accept(&store, 3, vec![accepted("birch", 3), held("cedar", Code::UnsignedCommit), accepted("acme", 3)])
        .await;
    assert_eq!(
        lines(&api.json(&path(2)).await),
        [
            "elm waiting verified accepted awaiting-approval officer: it is removed, with 3 others",
            "acme superseded accepted - in-progress - by 0303: -",
            "birch superseded verified - in-progress - by 0303: -",
            "cedar superseded fetched - held - by 0303: -",
        ]
    );
    let first = lines(&api.json(&path(1)).await);
    assert_eq!(first, ["elm done healthy - awaiting-approval -: -"], "what waits is of a later one");
    // Equal documents that are still not acceptable are no news of the next revision.
    accept(&store, 4, vec![held("cedar", Code::UnsignedCommit)]).await;
    let unchanged = Acceptance {
        trees: [(name("cedar"), object(4))].into(),
        ..acceptance(&store, 5, vec![held("cedar", Code::UnsignedCommit)]).await
    };
    store.record_acceptance(&unchanged).await.expect("recorded");
    assert_eq!(api.json(&path(5)).await["total"], 0);
    // What a later one holds back for another reason is not the earlier one's.
    let why = "two others are removed with it";
    let now = Guard { digest: Digest::of("another"), ..guard("elm", why) };
    let became = [(guard("elm", ""), Became::Released), (now.clone(), Became::HeldBack)];
    let verdict = Verdict { awaiting: vec![now], ..decided("elm", Decision::Unchanged) };
    let recorded = Acceptance {
        guards: became.map(|(guard, became)| GuardEvent { guard, became }).to_vec(),
        ..acceptance(&store, 6, vec![verdict]).await
    };
    store.record_acceptance(&recorded).await.expect("recorded");
    let elm = async |number| lines(&api.json(&format!("{}?union=elm", path(number))).await).remove(0);
    assert_eq!(elm(2).await, "elm superseded verified - awaiting-approval -: -");
    assert_eq!(elm(6).await, format!("elm waiting verified accepted awaiting-approval officer: {why}"));
}

#[tokio::test]
async fn a_failed_rollout_comes_first_and_a_removal_is_through_once_nothing_runs() {
    let (_database, store) = history().await;
    let api = Served::start(store.clone()).await;
    let told = api.json(&path(1)).await;
    assert_eq!(
        lines(&told),
        [
            "birch failed planned applied failed operator: the quota is used up",
            "acme done healthy - held -: -",
        ]
    );
    assert_eq!(
        word(&told["items"][0]["hint"]),
        "Keyforge tries it again by itself; a newer revision takes its place at once."
    );
    assert!(told["items"][0]["deployment"].is_string());
    let removed = decided("birch", Decision::Removed(Removed::Kept { days: 30 }));
    accept(&store, 3, vec![removed]).await;
    let birch = async || lines(&api.json(&path(3)).await).remove(0);
    assert_eq!(birch().await, "birch in-progress accepted planned tombstone keyforge: -");
    let gone = UnionFacts { state: UnionState::Tombstone, applied: None, ..current(3) };
    work(&store, 3, gone).await;
    assert_eq!(birch().await, "birch done applied - tombstone -: -");
    assert_eq!(steps(&api.json(&path(3)).await)[5], "healthy 0/0", "nothing of it has to be");
}

#[tokio::test]
async fn a_word_of_a_newer_program_hides_no_revision() {
    let (database, store) = with_unions(&["acme", "birch"]).await;
    work(&store, 1, current(1)).await;
    work(&store, 1, current(1)).await;
    let mut connection = database.connection().await;
    for change in [
        "alter table union_status drop constraint union_status_progress",
        "update union_status set progress = 'paused' where union_name = 'acme'",
        "alter table deployment drop constraint deployment_outcome",
        "update deployment set outcome = 'halved' where union_name = 'acme'",
    ] {
        connection.execute(change).await.expect("changed");
    }
    let api = Served::start(store).await;
    let told = api.json(&path(1)).await;
    assert_eq!(
        lines(&told),
        ["acme in-progress healthy - in-progress keyforge: -", "birch done healthy - current -: -",]
    );
}

#[tokio::test]
async fn unions_of_a_revision_come_in_pages_and_by_what_is_asked_for() {
    let (_database, store) = everywhere().await;
    let api = Served::start(store).await;
    let all = lines(&api.json(&path(2)).await);
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let page = api.json(&format!("{}?limit=1{after}", path(2))).await;
        assert_eq!(page["total"], 4, "of all pages");
        found.extend(lines(&page));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(found, all);
    for (query, expected) in [
        ("state=waiting", &all[..3]),
        ("step=fetched", &all[1..2]),
        ("state=waiting&union=elm", &all[2..3]),
        ("union=maple", &[]),
        ("state=done", &[]),
    ] {
        assert_eq!(lines(&api.json(&format!("{}?{query}", path(2))).await), expected, "{query}");
    }
    for wrong in ["state=held", "after=elm", "after=waiting.", "after=held.elm", "step=seen"] {
        let (status, problem) = api.shown(&format!("{}?{wrong}", path(2))).await;
        assert_eq!((status, &problem["code"]), (400, &json!("invalid-parameter")), "{wrong}");
    }
}

#[tokio::test]
async fn a_revision_tells_who_vouches_for_it_what_it_changes_and_when_it_came_how_far() {
    let (database, store) = with_unions(&["acme", "cedar"]).await;
    work(&store, 1, current(1)).await;
    work(&store, 1, current(1)).await;
    let by = Voucher { commit: object(2), key: Some("SHA256:x".into()), name: "ana@x.example".into() };
    let vouched = [(name("acme"), [by].into())].into();
    let verdicts = vec![accepted("acme", 2)];
    let recorded = Acceptance { vouched, ..acceptance(&store, 2, verdicts).await };
    store.record_acceptance(&recorded).await.expect("recorded");
    let api = Served::start(store.clone()).await;
    let signed = json!({
        "state": "vouched", "signers": ["ana@x.example"],
        "commits": [{ "commit": object(2).to_string(), "key": "SHA256:x" }], "why": null,
    });
    let told = api.json(&path(2)).await;
    assert_eq!((&told["signature"], &told["previous"]), (&signed, &json!(object(1).to_string())));
    let counts =
        |create, update, keep| json!({ "create": create, "update": update, "delete": 0, "keep": keep });
    assert_eq!((&told["planned"], &told["done"]), (&counts(0, 0, 0), &counts(0, 0, 0)));
    let reached = |told: &Value| {
        let at = &told["items"][0]["reachedAt"];
        ["fetched", "judged", "planned", "applied", "healthy"]
            .map(|step| if at[step].is_string() { step } else { "-" })
            .join(" ")
    };
    assert_eq!(reached(&told), "fetched judged - - -");
    let claim = claim(&store).await;
    let rollout = NewDeployment { revision: object(2), ..rollout(2) };
    let id = store.open_deployment(&claim, &rollout).await.expect("opened").id();
    store.wait(&claim, id, "1 of 1 pods starts", LEASE, &[]).await.expect("waits");
    let told = api.json(&path(2)).await;
    assert_eq!(reached(&told), "fetched judged planned applied -");
    assert_eq!((&told["planned"], &told["done"]), (&counts(2, 1, 5), &counts(2, 1, 5)));
    let times: Vec<_> =
        told["steps"].as_array().expect("a list").iter().map(|step| word(&step["at"])).collect();
    assert!(times[..5].is_sorted() && times[4] != "-", "{times:?}");
    assert_eq!(times[5], "-");
    store.close_deployment(&claim, id, Outcome::Succeeded, None).await.expect("closed");
    store.set_status(&claim, &current(2)).await.expect("the lease holds");
    store.release(&claim, Next::Idle).await.expect("the lease was ours");
    let told = api.json(&path(2)).await;
    assert_eq!(reached(&told), "fetched judged planned applied healthy");
    database
        .connection()
        .await
        .execute(
            "insert into deployment
            select (jsonb_populate_record(deployment, jsonb_build_object(
                'deployment_id', gen_random_uuid(), 'reason', 'drift', 'creates', 9, 'created_at', clock_timestamp(),
                'applied_at', clock_timestamp(), 'closed_at', clock_timestamp()
            ))).* from deployment where union_name = 'acme' order by created_at desc limit 1",
        )
        .await
        .expect("written by hand");
    let later = api.json(&path(2)).await;
    let of_first = |told: &Value| (told["items"][0]["reachedAt"].clone(), told["planned"].clone());
    assert_eq!(of_first(&later), of_first(&told), "what is put back later is of the same revision");

    accept(&store, 3, vec![held("cedar", Code::UnsignedCommit)]).await;
    let refused = &api.json(&path(3)).await["signature"];
    assert_eq!((word(&refused["state"]), &refused["signers"]), ("refused", &json!([])));
    assert!(word(&refused["why"]).starts_with("unions/cedar/union.yaml"), "{refused}");
    assert_eq!(api.json(&path(1)).await["signature"]["state"], "not-asked");
}

#[tokio::test]
async fn a_few_digits_name_a_commit_as_long_as_they_name_one() {
    let (database, store) = with_unions(&["acme"]).await;
    let api = Served::start(store).await;
    for short in ["0101010", "010101010101010", "0101010101010101010101010101010101010101"] {
        assert_eq!(api.json(&format!("/api/v1/revisions/{short}")).await["commit"], object(1).to_string());
    }
    for (none, code) in [("010101", "no-such-path"), ("010101g", "no-such-path"), ("0101011", "not-found")] {
        let (status, problem) = api.shown(&format!("/api/v1/revisions/{none}")).await;
        assert_eq!((status, &problem["code"]), (404, &json!(code)), "{none}");
    }
    database
        .connection()
        .await
        .execute(
            "insert into revision (revision_id, branch, author_name, author_email, subject, committed_at)
            values (decode(rpad('01010101', 40, '2'), 'hex'), 'main', 'Bo', 'bo@acme.example', 'Another', now())",
        )
        .await
        .expect("written by hand");
    let (status, problem) = api.shown("/api/v1/revisions/01010101").await;
    assert_eq!((status, &problem["code"]), (409, &json!("ambiguous")));
    let detail = word(&problem["detail"]);
    assert!(detail.contains(&object(1).to_string()) && detail.contains("0101010122222222"), "{detail}");
    assert_eq!(api.json("/api/v1/revisions/010101010").await["subject"], "Change 1");
}

#[tokio::test]
async fn a_viewer_is_told_of_their_unions_alone_also_where_these_are_held_for_others() {
    let (_database, store) = everywhere().await;
    let api = Served::closed(store.clone()).await;
    let ask = async |unions: &[&str]| {
        let viewer = key(&store, &unions.join(" "), viewer(unions)).await;
        let answer = api.get_as(&viewer, &path(2)).await;
        (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
    };
    let (_, of_cedar) = ask(&["cedar"]).await;
    assert_eq!((&of_cedar["total"], &of_cedar["unionsByState"]), (&json!(1), &json!({ "waiting": 1 })));
    assert_eq!(steps(&of_cedar)[..3], ["fetched 1/1", "verified 0/1 cedar", "accepted 0/1"]);
    assert_eq!(of_cedar["subject"], Value::Null, "it is of others too");
    assert_eq!(of_cedar["signature"], Value::Null, "so is whoever signed it");
    let (_, of_birch) = ask(&["birch"]).await;
    let text = of_birch["items"].to_string();
    assert!(text.contains("cannot be accepted") && !text.contains("belongs to"), "{text}");
    let (_, of_elm) = ask(&["elm"]).await;
    assert_eq!(of_elm["items"][0]["reason"], "it is removed, and that waits for an approval");
    assert_eq!(ask(&["maple"]).await.0, 404, "it touches nothing of theirs");
    // Who is held alone is told the words of their own commit.
    accept(&store, 3, vec![held("cedar", Code::UnsignedCommit)]).await;
    let officer = key(&store, "officer", viewer(&["cedar"])).await;
    let own: Value = api.get_as(&officer, &path(3)).await.json().await.expect("JSON");
    assert_eq!(own["subject"], "Change 3");
    let all = key(&store, "all", Role::Operator).await;
    let seen: Value = api.get_as(&all, &path(2)).await.json().await.expect("JSON");
    assert_eq!(seen["total"], 4);
}
