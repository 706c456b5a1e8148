//! Who is answered, and of what: nobody learns of a union that they do not see, by whatever they ask for.

use std::collections::BTreeMap;

use keyforge::access::{Role, Sight};
use keyforge::diagnostic::{Code, Diagnostic, Note, Severity, Span};
use keyforge::outcome::Outcome;
use keyforge::signing::Voucher;
use keyforge::store::{Acceptance, Decision, Next, Store};
use serde_json::{Value, json};
use sqlx::Executor as _;

use crate::fixture::{accept, acceptance, accepted, claim, decided, name, object, rollout, with_unions};
use crate::served::{Served, key, viewer};
use crate::support::postgres::Database;

/// Paths that answer everybody: probes, and the contract.
const FOR_ANYONE: [&str; 5] =
    ["/api/v1/openapi.json", "/api/v1/sign-in", "/health", "/health/live", "/health/ready"];

/// Paths that answer those alone who see all unions.
const OF_THE_FLEET: [&str; 1] = ["/metrics"];

/// Paths that answer operators alone.
const OF_OPERATORS: [&str; 1] = ["/api/v1/sync/{request}"];

/// What an answer is made of, but for what differs from request to request.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

async fn told(api: &Served, credential: &str, path: &str) -> Told {
    let mut answer = api.get_as(credential, path).await;
    let mut headers: BTreeMap<String, String> = answer
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().expect("a text").to_owned()))
        .collect();
    let id = headers.remove("x-request-id").expect("an id");
    headers.retain(|name, _| name != "date" && !name.starts_with("ratelimit"));
    let status = answer.status().as_u16();
    let body = if headers["content-type"] == "text/event-stream" {
        // Its first event: from where to go on.
        String::from_utf8(answer.chunk().await.expect("a stream").expect("an event").to_vec())
            .expect("a text")
    } else {
        answer.text().await.expect("a body")
    };
    Told { status, headers, body: body.replace(&id, "<id>") }
}

/// Every path of the contract that tells something.
async fn paths(api: &Served) -> Vec<String> {
    let document = api.json("/api/v1/openapi.json").await;
    let paths = document["paths"].as_object().expect("paths").iter();
    paths.filter(|(_, item)| item.get("get").is_some()).map(|(path, _)| path.clone()).collect()
}

/// What a path names.
struct Names<'a> {
    union: &'a str,
    deployment: &'a str,
    commit: &'a str,
}

fn filled(path: &str, names: &Names<'_>) -> String {
    let path = path.replace("{union}", names.union).replace("{society}", "chess");
    let path = path.replace("{deployment}", names.deployment).replace("{commit}", names.commit);
    path.replace("{request}", &uuid::Uuid::nil().to_string())
}

async fn deployments(store: &Store) -> BTreeMap<String, String> {
    let query = keyforge::store::DeploymentQuery { limit: 100, ..Default::default() };
    let found = store.shown_to(Sight::All).deployments(&query).await.expect("the database answers");
    found.into_iter().map(|found| (found.union.to_string(), found.id.to_string())).collect()
}

/// A rollout of the union that is due.
async fn roll_out(store: &Store) {
    let claim = claim(store).await;
    let id = store.open_deployment(&claim, &rollout(1)).await.expect("opened").id();
    store.close_deployment(&claim, id, Outcome::Succeeded, None).await.expect("closed");
    store.release(&claim, Next::Idle).await.expect("the lease was ours");
}

/// A finding that names `birch`, in the files of `acme`.
fn about_both() -> Diagnostic {
    Diagnostic {
        span: Span::file("unions/acme/union.yaml"),
        code: Code::DuplicateDomain,
        severity: Severity::Error,
        message: "the host `vault.example` belongs to union `birch`".into(),
        label: "also claimed by `birch`".into(),
        notes: vec![Note { span: Span::file("unions/birch/union.yaml"), message: "claimed here".into() }],
        hint: Some("choose another `domain`; union `birch` keeps it".into()),
    }
}

/// `acme` as it is alone: rolled out, then held for what another union has.
async fn acme() -> (Database, Store) {
    let (database, store) = with_unions(&["acme"]).await;
    roll_out(&store).await;
    let why = "unions/acme/union.yaml:5: the host `vault.example` belongs to union `birch`".to_owned();
    let mut verdict = decided("acme", Decision::Held { why });
    verdict.diagnostics.push(about_both());
    accept(&store, 1, vec![verdict]).await;
    (database, store)
}

/// All that happens in `birch`: it comes with the same commit and is rolled out, and the next commit is of it alone.
async fn birch_comes(database: &Database, store: &Store) {
    accept(store, 1, vec![accepted("birch", 1)]).await;
    roll_out(store).await;
    let mut connection = database.connection().await;
    connection
        .execute(
            "insert into revision (revision_id, branch, author_name, author_email, subject, committed_at)
            values (decode(repeat('02', 20), 'hex'), 'main', 'birch bot', 'bot@birch.example', 'Change birch', now());
            insert into audit (what, union_name, revision_id)
            values ('union-accepted', 'birch', decode(repeat('02', 20), 'hex'));
            insert into diagnostic (union_name, severity, body)
            select null, 'warning', jsonb_set(body, '{message}', '\"birch may take any host\"') from diagnostic limit 1;
            insert into drift (union_name, resource, field, manager, outcome, deployment_id)
            select union_name, '{}', '.birch', 'birch', 'put-back', deployment_id from deployment where union_name = 'birch';
            update union_status set findings = '{birch has a pod}' where union_name = 'birch'",
        )
        .await
        .expect("written by hand");
}

#[tokio::test]
async fn whatever_happens_in_another_union_changes_nothing_that_a_viewer_is_told() {
    let (database, store) = acme().await;
    let api = Served::closed(store.clone()).await;
    let viewer = key(&store, "officer", viewer(&["acme"])).await;
    let own = deployments(&store).await["acme"].clone();
    let commit = "01".repeat(20);
    let names = Names { union: "acme", deployment: &own, commit: &commit };
    let mut asked: Vec<String> = paths(&api).await.iter().map(|path| filled(path, &names)).collect();
    let more = [
        "/api/v1/unions?limit=1",
        "/api/v1/unions?search=birch",
        "/api/v1/unions?state=current",
        "/api/v1/unions?after=birch",
        "/api/v1/deployments?limit=1",
        "/api/v1/deployments?union=birch",
        "/api/v1/diagnostics?union=birch",
        "/api/v1/diagnostics?limit=1",
        "/api/v1/revisions?limit=1",
        "/api/v1/plans?limit=1",
        "/api/v1/search?search=birch",
        "/api/v1/search?search=chess",
        "/api/v1/search?search=ana@acme.example",
        "/api/v1/search?search=0202020",
        "/api/v1/audit?limit=1",
        "/api/v1/audit?union=birch",
    ];
    asked.extend(more.map(str::to_owned));
    asked.push(format!("/api/v1/deployments/{own}/events?limit=1"));
    asked.push("/api/v1/unions/acme/resources?limit=1".to_owned());
    let before = read(&api, &viewer, &asked).await;
    assert!(
        before.values().any(|told| told.body.contains("another union has this host")),
        "it is told the fact"
    );
    birch_comes(&database, &store).await;
    let after = read(&api, &viewer, &asked).await;
    for (path, told) in &after {
        let at = "when its commit is the one of others too, and what that says is not told";
        // Both unions came with one commit, whose words may be about the other one from then on.
        if path.starts_with("/api/v1/audit") {
            let sees_nobody = |told: &Told| told.body.replace("\"author\":\"Ana\"", "\"author\":null");
            assert_eq!(sees_nobody(told), sees_nobody(&before[path]), "{path}: {at}");
        } else if path.ends_with("/timeline") {
            let body = before[path].body.replace("\"detail\":\"Change 1\"", "\"detail\":null");
            assert_eq!(told.body, body, "{path}: {at}");
        } else if (path.starts_with("/api/v1/revisions") && !path.ends_with("/files"))
            || path == "/api/v1/overview"
        {
            assert_eq!(without_words(&told.body), without_words(&before[path].body), "{path}");
            assert!(told.body.contains("\"subject\":null"), "{path}: {at}");
        } else if !path.starts_with("/health") {
            // Health tells since when the cluster is away, which each live plan finds anew.
            assert_eq!(told, &before[path], "{path}");
        }
        let text = format!("{told:?}").to_lowercase();
        assert!(!text.contains("birch"), "{path}: {text}");
    }
    // Who sees both sees it: the test is of something.
    let operator = key(&store, "operator", Role::Operator).await;
    let seen = read(&api, &operator, &asked).await;
    let telling = seen.iter().filter(|(path, told)| **told != after[*path]).count();
    assert!(telling >= 12, "{telling}");
}

/// An answer but for what authors wrote of commits.
fn without_words(body: &str) -> Value {
    fn forget(told: &mut Value) {
        match told {
            Value::Object(fields) => {
                fields.retain(|name, _| !["subject", "author", "signature"].contains(&name.as_str()));
                fields.values_mut().for_each(forget);
            }
            Value::Array(items) => items.iter_mut().for_each(forget),
            _ => {}
        }
    }
    let mut told = serde_json::from_str(body).expect("JSON");
    forget(&mut told);
    told
}

async fn read(api: &Served, credential: &str, paths: &[String]) -> BTreeMap<String, Told> {
    let mut read = BTreeMap::new();
    for path in paths {
        read.insert(path.clone(), told(api, credential, path).await);
    }
    read
}

#[tokio::test]
async fn a_union_that_is_not_seen_is_one_that_there_is_not() {
    let (database, store) = acme().await;
    birch_comes(&database, &store).await;
    let api = Served::closed(store.clone()).await;
    let viewer = key(&store, "officer", viewer(&["acme"])).await;
    let (theirs, other) =
        (deployments(&store).await["birch"].clone(), "00000000-0000-7000-8000-000000000000");
    let (known, unknown) = ("02".repeat(20), "03".repeat(20));
    let named = paths(&api).await;
    let named = named.iter().filter(|path| path.contains('{') && !OF_OPERATORS.contains(&path.as_str()));
    for path in named {
        let birch = Names { union: "birch", deployment: &theirs, commit: &known };
        let nobody = Names { union: "maple", deployment: other, commit: &unknown };
        let birch = told(&api, &viewer, &filled(path, &birch)).await;
        let nobody = told(&api, &viewer, &filled(path, &nobody)).await;
        assert_eq!(birch.status, 404, "{path}");
        let body = birch.body.replace("birch", "maple").replace(&theirs, other).replace(&known, &unknown);
        assert_eq!(Told { body, ..birch }, nobody, "{path}");
    }
    // An id says itself when it was made, and nothing else of it counts.
    let place = told(&api, &viewer, &format!("/api/v1/deployments?after={theirs}")).await;
    let made_then = format!("{}0000", &theirs[..theirs.len() - 4]);
    assert_eq!(place, told(&api, &viewer, &format!("/api/v1/deployments?after={made_then}")).await);
}

#[tokio::test]
async fn who_does_not_say_who_they_are_is_told_nothing_and_a_probe_that_it_is_well() {
    let (_database, store) = acme().await;
    let api = Served::closed(store.clone()).await;
    api.dependencies.started();
    let names =
        Names { union: "acme", deployment: &deployments(&store).await["acme"], commit: &"01".repeat(20) };
    for path in paths(&api).await {
        let answer = api.get(&filled(&path, &names)).await;
        if FOR_ANYONE.contains(&path.as_str()) {
            assert_eq!(answer.status().as_u16(), 200, "{path}");
            assert!(!answer.text().await.expect("a body").contains("acme"), "{path}");
            continue;
        }
        assert_eq!(answer.status().as_u16(), 401, "{path}");
        assert_eq!(answer.headers()["www-authenticate"], "Bearer", "{path}");
        assert_eq!(answer.json::<Value>().await.expect("JSON")["code"], "unauthenticated", "{path}");
    }
    let (_, probe) = api.shown("/health/ready").await;
    assert_eq!((&probe["source"], &probe["diagnostics"]), (&Value::Null, &serde_json::json!([])));
}

#[tokio::test]
async fn what_is_about_all_unions_together_is_for_who_sees_all() {
    let (_database, store) = acme().await;
    let api = Served::closed(store.clone()).await;
    let some = key(&store, "officer", viewer(&["acme"])).await;
    let all = key(&store, "auditor", Role::Viewer(Sight::All)).await;
    for path in OF_THE_FLEET {
        let answer = api.get_as(&some, path).await;
        assert_eq!(answer.status().as_u16(), 403, "{path}");
        assert_eq!(answer.json::<Value>().await.expect("JSON")["code"], "forbidden");
        assert_eq!(api.get_as(&all, path).await.status().as_u16(), 200, "{path}");
    }
}

#[tokio::test]
async fn a_key_counts_in_full_until_it_expires_and_until_it_is_revoked() {
    let (database, store) = acme().await;
    let api = Served::closed(store.clone()).await;
    let operator = key(&store, "operator", Role::Operator).await;
    let ask = async |credential: &str| api.get_as(credential, "/api/v1/unions").await.status().as_u16();
    assert_eq!(ask(&operator).await, 200);
    assert_eq!(ask(&operator.replace("Bearer", "bEARER")).await, 200);
    let mut wrong: Vec<String> =
        ["", "Bearer", "Bearer ", "Basic a2Y6a2Y=", "Bearer kf_1"].map(str::to_owned).into();
    wrong.push(operator.replace("Bearer ", ""));
    wrong.push(operator[..operator.len() - 1].to_owned());
    wrong.push(key_of_nobody());
    for credential in &wrong {
        let answer = api.get_as(credential, "/api/v1/unions").await;
        assert_eq!(answer.status().as_u16(), 401, "{credential}");
        assert_eq!(answer.headers()["www-authenticate"], "Bearer error=\"invalid_token\"", "{credential}");
    }
    let ends = key(&store, "ends", Role::Operator).await;
    assert_eq!(ask(&ends).await, 200);
    database
        .connection()
        .await
        .execute("update api_key set expires_at = now() where name = 'ends'")
        .await
        .expect("changed by hand");
    assert_eq!(ask(&ends).await, 401);
    assert!(store.revoke_api_key("operator").await.expect("the database answers"));
    assert!(!store.revoke_api_key("operator").await.expect("the database answers"), "once is enough");
    assert_eq!(ask(&operator).await, 401);
}

fn key_of_nobody() -> String {
    format!("Bearer {}", keyforge::access::ApiKey::draw().expose())
}

#[tokio::test]
async fn an_address_that_is_wrong_too_often_waits_but_with_a_key_that_counted_before() {
    let (_database, store) = acme().await;
    let api = Served::closed(store.clone()).await;
    let operator = key(&store, "operator", Role::Operator).await;
    let known = key(&store, "known", Role::Operator).await;
    let status = async || api.get_as(&known, "/api/v1/unions").await.status().as_u16();
    assert_eq!(status().await, 200);
    for _ in 0..10 {
        assert_eq!(api.get_as(&key_of_nobody(), "/api/v1/unions").await.status().as_u16(), 401);
    }
    for credential in [&operator, &key_of_nobody()] {
        let answer = api.get_as(credential, "/api/v1/unions").await;
        assert_eq!(answer.status().as_u16(), 429);
        let wait: u64 = answer.headers()["retry-after"].to_str().expect("a text").parse().expect("seconds");
        assert!((1..=60).contains(&wait), "{wait}");
        assert_eq!(answer.json::<Value>().await.expect("JSON")["code"], "too-many-failures");
    }
    assert_eq!(status().await, 200, "whoever else is wrong at its address");
    assert!(store.revoke_api_key("known").await.expect("the database answers"));
    assert_eq!((status().await, status().await), (401, 429), "until it does not count");
    assert_eq!(api.get("/api/v1/unions").await.status().as_u16(), 401, "who says nothing was not wrong");
    let counted = api.metrics.text(&keyforge::telemetry::Scrape::default());
    for line in [
        "keyforge_failed_log_ins_total 11",
        "keyforge_denied_requests_total{code=\"unauthenticated\"} 12",
        "keyforge_denied_requests_total{code=\"too-many-failures\"} 3",
    ] {
        assert!(counted.lines().any(|found| found == line), "{line} is not in\n{counted}");
    }
}

#[tokio::test]
async fn a_name_of_a_key_is_taken_until_it_is_revoked_and_lists_hold_no_key() {
    let (_database, store) = with_unions(&["acme"]).await;
    let _first = key(&store, "grafana", viewer(&["acme", "birch"])).await;
    let again = keyforge::store::NewApiKey {
        name: "grafana".into(),
        digest: keyforge::access::ApiKey::draw().digest(),
        role: Role::Operator,
        lasts: std::time::Duration::from_secs(60),
    };
    assert!(store.add_api_key(&again).await.expect("the database answers").is_err());
    let keys = store.api_keys().await.expect("the database answers");
    assert_eq!(keys.iter().map(|key| &key.role).collect::<Vec<_>>(), [&viewer(&["acme", "birch"])]);
    assert!(store.revoke_api_key("grafana").await.expect("the database answers"));
    assert!(store.add_api_key(&again).await.expect("the database answers").is_ok());
    let holder = store.key_holder(&again.digest).await.expect("the database answers").expect("it counts");
    assert_eq!((holder.name.as_str(), holder.role), ("grafana", Role::Operator));
}

/// What a command says, and how it ends.
async fn command(database: &Database, arguments: &[&str]) -> (String, Option<i32>) {
    let mut keyforge = tokio::process::Command::new(env!("CARGO_BIN_EXE_keyforge"));
    keyforge.args(arguments).env_clear().env("KEYFORGE_DATABASE_URL", &database.url);
    let ended = keyforge.output().await.expect("it runs");
    (String::from_utf8(ended.stdout).expect("a text"), ended.status.code())
}

#[tokio::test]
async fn a_key_that_the_command_has_made_asks_the_daemon_until_the_command_revokes_it() {
    let (database, store) = acme().await;
    birch_comes(&database, &store).await;
    let api = Served::closed(store).await;
    let (key, ended) = command(&database, &["apikey", "create", "board", "--union", "acme"]).await;
    assert_eq!(ended, Some(0));
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), &key).expect("written");
    let (server, path) = (format!("http://{}", api.address), file.path().to_str().expect("a path"));
    let status = ["status", "--server", &server, "--api-key-file", path, "--output", "json"];
    let (shown, ended) = command(&database, &status).await;
    assert_eq!(ended, Some(1), "`acme` is held");
    assert!(shown.contains("acme") && !shown.contains("birch"), "{shown}");
    assert_eq!(command(&database, &status[..3]).await.1, Some(2), "without a key");

    assert_eq!(
        command(&database, &["apikey", "create", "board", "--operator"]).await.1,
        Some(2),
        "it is taken"
    );
    let (listed, _) = command(&database, &["apikey", "list"]).await;
    assert!(listed.contains("board  viewer  acme") && !listed.contains(key.trim()), "{listed}");
    assert_eq!(command(&database, &["apikey", "revoke", "board"]).await.1, Some(0));
    assert_eq!(command(&database, &["apikey", "revoke", "board"]).await.1, Some(2));
    assert_eq!(command(&database, &status).await.1, Some(2));
}

#[tokio::test]
async fn without_authentication_everybody_on_this_machine_sees_everything() {
    let (_database, store) = acme().await;
    let api = Served::start(store).await;
    for path in ["/api/v1/unions/acme", "/api/v1/audit", "/metrics"] {
        assert_eq!(api.get(path).await.status().as_u16(), 200, "{path}");
    }
}

#[tokio::test]
async fn who_stands_behind_a_commit_is_not_told_to_who_does_not_see_that_it_is_held_elsewhere() {
    let (_database, store) = with_unions(&["acme"]).await;
    let why = "unions/birch/union.yaml:1: `spec.domain` is missing".to_owned();
    let verdicts = vec![accepted("acme", 2), decided("birch", Decision::Held { why })];
    let by = Voucher { commit: object(2), key: Some("SHA256:x".into()), name: "ana@x.example".into() };
    let vouched = [(name("acme"), [by].into())].into();
    let acceptance = Acceptance { vouched, ..acceptance(&store, 2, verdicts).await };
    store.record_acceptance(&acceptance).await.expect("recorded");
    let api = Served::closed(store.clone()).await;
    let path = format!("/api/v1/audit?union=acme&commit={}", "02".repeat(20));
    let record = async |credential: &str| {
        let told: Value = api.get_as(credential, &path).await.json().await.expect("JSON");
        told["items"][0].clone()
    };
    let officer = record(&key(&store, "officer", viewer(&["acme"])).await).await;
    assert_eq!((&officer["author"], &officer["signers"]), (&Value::Null, &json!([])), "{officer}");
    assert_eq!(officer["detail"].get("signatures"), None, "{officer}");
    assert!(officer["detail"]["files"].is_array(), "{officer}");
    let operator = record(&key(&store, "operator", Role::Operator).await).await;
    assert_eq!((&operator["author"], &operator["signers"]), (&json!("Ana"), &json!(["ana@x.example"])));
    assert_eq!(operator["detail"]["signatures"][0]["key"], "SHA256:x");
}
