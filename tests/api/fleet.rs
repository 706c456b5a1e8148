//! All unions together: the worst first, with whose turn it is and since when, and at a glance.

use chrono::{DateTime, Utc};
use keyforge::diagnostic::{Code, Diagnostic, Severity, Span};
use keyforge::outcome::UnionState;
use keyforge::store::{Decision, Next, Removed, Store, Verdict};
use serde_json::{Value, json};
use sqlx::Executor as _;

use crate::fixture::{accept, accepted, claim, current, decided, guard, with_unions};
use crate::served::{Served, key, viewer};
use crate::support::postgres::Database;

/// A word of an answer, or a dash.
fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

/// A union that is held for a mistake at this line of its document.
fn held(union: &str, line: u32) -> Verdict {
    let path = format!("unions/{union}/union.yaml");
    let why = format!("{path}:{line}: `spec.domain` is missing");
    let found = Diagnostic {
        span: Span { line, ..Span::file(path) },
        code: Code::InvalidYaml,
        severity: Severity::Error,
        message: "`spec.domain` is missing".into(),
        label: "missing".into(),
        notes: Vec::new(),
        hint: None,
    };
    Verdict { diagnostics: vec![found], ..decided(union, Decision::Held { why }) }
}

/// One union in each state but `suspended`, which is set by hand; `alder` and `zelkova` are current.
async fn one_of_each() -> (Database, Store) {
    let unions = ["alder", "birch", "cedar", "dogwood", "elm", "fir", "zelkova"];
    let (database, store) = with_unions(&unions).await;
    for _ in unions {
        let claim = claim(&store).await;
        let mut facts = current(1);
        match claim.union.as_str() {
            "cedar" => facts.state = UnionState::Suspended,
            "fir" => facts.state = UnionState::Failed,
            _ => {}
        }
        facts.why = (facts.state != UnionState::Current).then(|| "for a reason".to_owned());
        store.set_status(&claim, &facts).await.expect("the lease holds");
        store.release(&claim, Next::Idle).await.expect("the lease was ours");
    }
    let waits = Verdict {
        awaiting: vec![guard("dogwood", "a society is removed")],
        ..decided("dogwood", Decision::Unchanged)
    };
    let verdicts = vec![
        accepted("birch", 2),
        waits,
        held("elm", 7),
        held("gum", 9),
        decided("alder", Decision::Removed(Removed::Kept { days: 30 })),
    ];
    accept(&store, 2, verdicts).await;
    (database, store)
}

#[tokio::test]
async fn the_worst_come_first_and_each_names_who_acts_next() {
    let (database, store) = one_of_each().await;
    let labels = "update acceptance set body = jsonb_set(body, '{labels}', case union_name
            when 'birch' then '{\"region\": \"north\", \"size\": \"big\"}' else '{\"region\": \"north\"}' end::jsonb)
        where union_name in ('birch', 'cedar')";
    database.connection().await.execute(labels).await.expect("changed by hand");
    let api = Served::start(store).await;
    let all = api.json("/api/v1/unions?sort=worst").await;
    let line = |union: &Value| {
        let words = ["name", "state", "actor", "reason"].map(|field| word(&union[field]));
        let place = union["place"]["line"].as_u64().map_or(String::new(), |line| format!(" at {line}"));
        words.join(" ") + &place
    };
    let lines: Vec<_> = all["items"].as_array().expect("a list").iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "fir failed operator for a reason",
            "elm held officer unions/elm/union.yaml:7: `spec.domain` is missing at 7",
            "gum held officer unions/gum/union.yaml:9: `spec.domain` is missing at 9",
            "dogwood awaiting-approval officer a society is removed",
            "birch in-progress keyforge -",
            "cedar suspended officer for a reason",
            "alder tombstone - -",
            "zelkova current - -",
        ]
    );
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let page = api.json(&format!("/api/v1/unions?sort=worst&limit=1{after}")).await;
        found.extend(page["items"].as_array().expect("a list").iter().map(line));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(found, lines, "in pages");
    let names = async |query: &str| {
        let page = api.json(&format!("/api/v1/unions?{query}")).await;
        let items = page["items"].as_array().expect("a list").iter();
        items.map(|union| word(&union["name"]).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("sort=worst&state=held").await, ["elm", "gum"]);
    assert_eq!(names("sort=worst&search=ELM").await, ["elm"]);
    assert_eq!(names("search=union+e+state:held").await, ["elm"]);
    for sort in ["name", "worst"] {
        let some = async |search: &str| names(&format!("sort={sort}&search={search}")).await.len();
        assert_eq!(some("image:SERVER:1.37").await, 7, "`gum` has no documents that were accepted");
        assert_eq!(some("image:1.38").await, 0);
        assert_eq!(some("member:ANA@acme.example+elm").await, 1);
        assert_eq!(some("member:ana@acme").await, 0, "the whole address");
        assert_eq!(some("label:region%3Dnorth").await, 2);
        assert_eq!(some("label:region%3Dnorth+label:size%3Dbig").await, 1);
        assert_eq!(some("label:region%3D").await, 0);
    }
    let counted = api.json("/api/v1/unions?search=label:region%3Dnorth").await["countsByState"].clone();
    assert_eq!(counted, json!({ "in-progress": 1, "suspended": 1 }));
    let (status, problem) = api.shown("/api/v1/unions?search=acme+stat:held").await;
    assert_eq!(status, 400);
    assert!(word(&problem["detail"]).starts_with("`search`: there is no `stat:`; there are"), "{problem}");
    assert_eq!(api.shown("/api/v1/unions?search=state:held&state=failed").await.0, 400);
    assert_eq!(names("sort=name").await, names("").await);
    for wrong in ["sort=best", "sort=worst&after=elm", "sort=worst&after=ill.elm", "sort=worst&after=held."] {
        let (status, problem) = api.shown(&format!("/api/v1/unions?{wrong}")).await;
        assert_eq!((status, &problem["code"]), (400, &json!("invalid-parameter")), "{wrong}");
    }
}

#[tokio::test]
async fn a_union_tells_since_when_it_is_in_its_state_whatever_else_changes() {
    let (database, store) = one_of_each().await;
    let api = Served::start(store.clone()).await;
    let mut connection = database.connection().await;
    let earlier = "set session_replication_role = replica;
        update union_status set accepted_at = accepted_at - interval '1 hour', progress_at = progress_at - interval '1 hour',
            waits_at = waits_at - interval '1 hour';
        set session_replication_role = origin";
    connection.execute(earlier).await.expect("changed by hand");
    let since =
        async |union: &str| word(&api.json(&format!("/api/v1/unions/{union}")).await["since"]).to_owned();
    let before = (since("elm").await, since("fir").await, since("birch").await);
    connection
        .execute(
            "update union_status set held_why = 'another mistake', health = 'unknown' where union_name = 'elm';
            update union_status set progress_why = 'another reason' where union_name = 'fir';
            update union_status set display_name = 'Birches' where union_name = 'birch'",
        )
        .await
        .expect("changed by hand");
    assert_eq!((since("elm").await, since("fir").await, since("birch").await), before);
    connection
        .execute(
            "update union_status set held_why = null where union_name = 'elm';
            update union_status set progress = 'in-progress' where union_name = 'fir';
            update union_status set accepted_input = sha256('another') where union_name = 'birch'",
        )
        .await
        .expect("changed by hand");
    assert!(since("fir").await > before.1 && since("birch").await > before.2);
    connection
        .execute("update union_status set progress = 'failed' where union_name = 'fir'")
        .await
        .expect("changed by hand");
    assert_eq!(since("fir").await, before.1, "tried again, it fails as before");
    let rolled_out: DateTime<Utc> =
        sqlx::query_scalar("select progress_at from union_status where union_name = 'elm'")
            .fetch_one(&mut connection)
            .await
            .expect("read");
    let elm: DateTime<Utc> = since("elm").await.parse().expect("a moment");
    assert_eq!(elm, rolled_out, "current since it was rolled out");
}

#[tokio::test]
async fn the_map_has_a_letter_for_each_union_in_the_order_of_their_names() {
    let (_database, store) = one_of_each().await;
    let api = Served::start(store.clone()).await;
    let map = api.json("/api/v1/map").await;
    assert_eq!((&map["states"], &map["total"]), (&json!("tisahfhc"), &json!(8)));
    let names = async |query: &str| {
        let told = api.json(&format!("/api/v1/map/names{query}")).await;
        assert_eq!(told["version"], map["version"], "{query}");
        told["names"].clone()
    };
    let all = json!(["alder", "birch", "cedar", "dogwood", "elm", "fir", "gum", "zelkova"]);
    assert_eq!(names("").await, all);
    assert_eq!(names("?limit=3&page=2").await, json!(["dogwood", "elm", "fir"]));
    assert_eq!(names("?page=2").await, json!([]));
    accept(&store, 3, vec![held("birch", 1)]).await;
    let later = api.json("/api/v1/map").await;
    assert_eq!(later["states"], "thsahfhc");
    assert_eq!(later["version"], map["version"], "no union came or went");
    accept(&store, 4, vec![accepted("hazel", 4)]).await;
    assert_ne!(api.json("/api/v1/map").await["version"], map["version"]);
}

#[test]
fn no_two_states_have_the_same_letter() {
    let mut letters: Vec<_> = UnionState::WORDS.iter().map(|word| &word[..1]).collect();
    letters.sort_unstable();
    letters.dedup();
    assert_eq!(letters.len(), UnionState::WORDS.len());
}

#[tokio::test]
async fn a_viewer_of_some_unions_sees_a_map_of_these_alone() {
    let (_database, store) = one_of_each().await;
    let api = Served::closed(store.clone()).await;
    let some = key(&store, "officer", viewer(&["elm", "zelkova", "nobody"])).await;
    let ask = async |path: &str| api.get_as(&some, path).await.json::<Value>().await.expect("JSON");
    let map = ask("/api/v1/map").await;
    assert_eq!((&map["states"], &map["total"]), (&json!("hc"), &json!(2)));
    accept(&store, 3, vec![accepted("hazel", 3)]).await;
    assert_eq!(ask("/api/v1/map").await, map);
    assert_eq!(
        ask("/api/v1/map/names").await,
        json!({ "names": ["elm", "zelkova"], "version": map["version"] })
    );
    let worst = ask("/api/v1/unions?sort=worst").await;
    let names: Vec<_> =
        worst["items"].as_array().expect("a list").iter().map(|union| &union["name"]).collect();
    assert_eq!(names, ["elm", "zelkova"]);
}
