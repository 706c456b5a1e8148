//! Who set a field, where, and which deployment applied it: asked of a real repository with a past.

use keyforge::git::Mirror;
use keyforge::outcome::Outcome;
use keyforge::revision::{ObjectId, Revision};
use keyforge::store::{Acceptance, Applied, NewDeployment, NewRevision, Next, Store, UnionFacts};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::fixture::{accepted, claim, current, decided_after, rollout};
use crate::served::Served;
use crate::support::postgres::Database;
use crate::support::repo::Repo;

const KEYFORGE: &str = "\
apiVersion: keyforge.dev/v1
kind: Keyforge
metadata: {name: federation}
spec:
  defaults:
    vaultwarden:
      image: vaultwarden/server:1.37.2
";

const UNION: &str = "\
apiVersion: keyforge.dev/v1
kind: Union
metadata: {name: acme}
spec:
  displayName: Acme
  contacts: [it@acme.example]
  domain: https://vault.acme.example
";

const SOCIETY: &str = "\
apiVersion: keyforge.dev/v1
kind: Society
metadata: {name: chess}
spec:
  displayName: Chess
  passwords:
    - name: bank
      sealed: hunter2
    - name: forum
      value: hunter2
";

fn id(oid: git2::Oid) -> ObjectId {
    let mut bytes = [0; 20];
    bytes.copy_from_slice(oid.as_bytes());
    bytes.into()
}

/// Accepts `acme` at a commit and rolls it out.
async fn roll_out(store: &Store, commit: git2::Oid, number: u8) {
    let revision = Revision { branch: "main".into(), commit: id(commit) };
    let new = NewRevision {
        revision: revision.clone(),
        author_name: "Ana Officer".into(),
        author_email: "ana@acme.example".into(),
        subject: "a commit".into(),
        committed_at: chrono::DateTime::UNIX_EPOCH,
    };
    store.record_revision(&new).await.expect("recorded");
    let head = store.head().await.expect("the database answers");
    let acceptance = Acceptance {
        revision: revision.commit,
        expected: head.map(|head| head.revision.commit),
        ..decided_after(None, number, vec![accepted("acme", number)])
    };
    store.record_acceptance(&acceptance).await.expect("recorded");
    let claim = claim(store).await;
    let deployment = NewDeployment { revision: revision.commit, ..rollout(number) };
    let opened = store.open_deployment(&claim, &deployment).await.expect("opened").id();
    store.close_deployment(&claim, opened, Outcome::Succeeded, None).await.expect("closed");
    let applied = current(number).applied.map(|applied| Applied { revision: revision.commit, ..applied });
    let facts = UnionFacts { applied, ..current(number) };
    store.set_status(&claim, &facts).await.expect("the lease holds");
    store.release(&claim, Next::Idle).await.expect("the lease was ours");
}

/// A repository of three commits, of which the first and the last were rolled out.
pub(crate) async fn history() -> (Database, Store, Repo, Vec<git2::Oid>) {
    let repo = Repo::bare();
    let first = repo
        .change()
        .file("keyforge.yaml", KEYFORGE)
        .file("unions/acme/union.yaml", UNION)
        .file("unions/acme/societies/chess.yaml", SOCIETY)
        .push("Start");
    let second = repo
        .change()
        .file("unions/acme/union.yaml", UNION.replace("displayName: Acme", "displayName: Acme Union"))
        .push("Rename it");
    let third = repo.change().file("keyforge.yaml", KEYFORGE.replace("1.37.2", "1.37.3")).push("New server");
    let mirror = Mirror::open(&repo.options()).expect("a mirror");
    mirror.fetch(&CancellationToken::new()).await.expect("fetched");
    let database = Database::migrated().await;
    let store = database.store();
    roll_out(&store, first, 1).await;
    roll_out(&store, third, 2).await;
    (database, store, repo, vec![first, second, third])
}

#[tokio::test]
async fn each_field_names_its_line_its_commit_and_the_deployment_that_applied_it() {
    let (_database, store, repo, commits) = history().await;
    let api = Served::over(store, repo).await;
    let deployments = api.json("/api/v1/deployments").await;
    let deployment = |at: usize| deployments["items"][at]["id"].as_str().expect("an id").to_owned();
    let (first, last) = (deployment(1), deployment(0));
    let answer = api.json("/api/v1/unions/acme/fields").await;
    assert_eq!(answer["revision"], format!("main@sha1:{}", commits[2]));
    let told: Vec<String> = answer["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|field| {
            let words = ["path", "value", "file", "subject"].map(|key| field[key].as_str().expect("text"));
            let commit = commits.iter().position(|commit| field["commit"] == commit.to_string());
            let by = match field["deployment"].as_str() {
                Some(id) if id == first => "the first",
                Some(id) if id == last => "the last",
                _ => "none",
            };
            assert_eq!(field["author"], "Ana Officer");
            assert!(field["appliedAt"].is_string(), "{field}");
            let [path, value, file, subject] = words;
            format!("{path} = {value}, {file}:{} by {commit:?} {subject}, applied by {by}", field["line"])
        })
        .collect();
    assert_eq!(
        told,
        [
            "spec.displayName = Acme Union, unions/acme/union.yaml:5 by Some(1) Rename it, applied by the last",
            "spec.contacts[0] = it@acme.example, unions/acme/union.yaml:6 by Some(0) Start, applied by the first",
            "spec.domain = https://vault.acme.example, unions/acme/union.yaml:7 by Some(0) Start, applied by the first",
            "spec.vaultwarden.image = vaultwarden/server:1.37.3, keyforge.yaml:7 by Some(2) New server, applied by the \
             last",
        ]
    );
}

#[tokio::test]
async fn what_is_sealed_or_secret_is_a_word() {
    let (_database, store, repo, _) = history().await;
    let api = Served::over(store, repo).await;
    let answer = api.json("/api/v1/unions/acme/fields?society=chess").await;
    assert_eq!(answer["society"], "chess");
    let values: Vec<_> =
        answer["items"].as_array().expect("a list").iter().map(|field| &field["value"]).collect();
    assert_eq!(json!(values), json!(["Chess", "bank", "sealed", "forum", "********"]));
}

#[tokio::test]
async fn a_commit_that_came_with_another_one_is_where_that_one_is() {
    let (_database, store, repo, commits) = history().await;
    let unknown = repo.change().file("unions/acme/union.yaml", UNION).commit("Never pushed");
    let api = Served::over(store, repo).await;
    let way = async |name: &str| api.json(&format!("/api/v1/revisions/{name}")).await;
    for commit in [commits[1].to_string(), commits[1].to_string()[..7].to_owned()] {
        let told = way(&commit).await;
        assert_eq!(told["commit"], commits[2].to_string(), "{commit}");
        assert_eq!(told["asked"], commits[1].to_string(), "{commit}");
    }
    assert_eq!(way(&commits[0].to_string()).await["asked"], serde_json::Value::Null);
    assert_eq!(api.shown(&format!("/api/v1/revisions/{unknown}")).await.0, 404, "it is not on the branch");
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_not_there() {
    let (_database, store, repo, _) = history().await;
    let api = Served::over(store, repo).await;
    for (path, detail) in [
        ("/api/v1/unions/birch/fields", "there is no accepted document of union `birch`"),
        (
            "/api/v1/unions/acme/fields?society=go",
            "there is no `unions/acme/societies/go.yaml` in main@sha1:",
        ),
    ] {
        let (status, body) = api.shown(path).await;
        assert_eq!(status, 404);
        assert!(body["detail"].as_str().is_some_and(|told| told.starts_with(detail)), "{body}");
    }
}

/// The command asks the daemon and prints a table.
#[tokio::test]
async fn keyforge_explain_shows_the_fields_of_a_password() {
    let (_database, store, repo, commits) = history().await;
    let api = Served::over(store, repo).await;
    let mut keyforge = tokio::process::Command::new(env!("CARGO_BIN_EXE_keyforge"));
    keyforge
        .args(["explain", "acme/chess/forum", "--server", &format!("http://{}", api.address)])
        .env_clear();
    let output = keyforge.output().await.expect("keyforge runs");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let short = |commit: git2::Oid| commit.to_string()[..12].to_owned();
    let cells = |line: &str| -> Vec<String> {
        line.split("  ").map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty()).collect()
    };
    let lines: Vec<Vec<String>> = text.lines().map(cells).collect();
    assert_eq!(lines[0], [format!("acme/chess/forum at main@{}", short(commits[2]))]);
    assert_eq!(lines[2], ["FIELD", "VALUE", "SET IN", "COMMIT", "BY", "WRITTEN", "APPLIED", "DEPLOYMENT"]);
    let cells: Vec<&[String]> = lines[3..].iter().map(|cells| &cells[..5]).collect();
    let first = short(commits[0]);
    assert_eq!(
        cells,
        [
            ["spec.passwords[1].name", "forum", "unions/acme/societies/chess.yaml:9", &first, "Ana Officer"],
            [
                "spec.passwords[1].value",
                "********",
                "unions/acme/societies/chess.yaml:10",
                &first,
                "Ana Officer"
            ],
        ]
    );
}
