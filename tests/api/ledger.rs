//! `keyforge audit` against a served API: a chain that is whole, and every way in which a hand can break it.

use std::process::Output;

use sqlx::{AssertSqlSafe, Executor as _};
use tokio::process::Command;

use crate::served::{Served, history};
use crate::support::postgres::Database;

async fn keyforge(api: &Served, arguments: &str) -> Output {
    let mut keyforge = Command::new(env!("CARGO_BIN_EXE_keyforge"));
    keyforge.env_clear().env("KEYFORGE_SERVER", format!("http://{}", api.address));
    keyforge.args(arguments.split(' ')).output().await.expect("keyforge runs")
}

/// What the command says, and its exit code.
async fn said(api: &Served, arguments: &str) -> (String, Option<i32>) {
    let output = keyforge(api, arguments).await;
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
}

/// The digest that `verify` ends with.
fn newest(told: &str) -> &str {
    told.lines().last().expect("a line")
}

/// Writes past everything that guards the tables, as who owns the server can.
async fn by_hand(database: &Database, statement: &str) {
    let statement = format!("set session_replication_role = replica; {statement}");
    database.connection().await.execute(AssertSqlSafe(statement)).await.expect("written by hand");
}

#[tokio::test]
async fn a_chain_that_nobody_touched_is_whole_and_contains_what_it_contained() {
    let (_database, store) = history().await;
    let api = Served::start(store.clone()).await;
    let (told, code) = said(&api, "audit verify").await;
    assert!(told.starts_with("6 records, the chain is whole; newest digest\nsha256:"), "{told}");
    assert_eq!(code, Some(0));
    let earlier = newest(&told).to_owned();
    crate::fixture::accept(&store, 3, vec![crate::fixture::accepted("acme", 3)]).await;
    let (told, code) = said(&api, &format!("audit verify --contains {earlier}")).await;
    assert!(told.starts_with("7 records"), "{told}");
    assert_eq!(code, Some(0));
    let (told, code) = said(&api, "audit verify --output json").await;
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!((&told["whole"], &told["records"], code), (&true.into(), &7.into(), Some(0)));
}

#[tokio::test]
async fn a_record_that_was_changed_is_found() {
    let (database, store) = history().await;
    let api = Served::start(store).await;
    by_hand(&database, "update audit set union_name = 'cedar' where audit_id = 3").await;
    let (told, code) = said(&api, "audit verify").await;
    assert_eq!(told, "the chain is broken at record 3: its digest is not that of what it says\n");
    assert_eq!(code, Some(1));
}

#[tokio::test]
async fn a_record_that_was_changed_together_with_its_digest_is_found() {
    let (database, store) = history().await;
    let api = Served::start(store).await;
    by_hand(
        &database,
        "update audit set union_name = 'cedar' where audit_id = 3;
        update audit_link set digest = sha256(previous || convert_to(audit_text(audit), 'UTF8'))
        from audit where audit.audit_id = audit_link.audit_id and audit_link_id = 3",
    )
    .await;
    let (told, code) = said(&api, "audit verify").await;
    assert_eq!(
        told,
        "the chain is broken at record 3: the next one was made after a record with another digest\n"
    );
    assert_eq!(code, Some(1));
}

#[tokio::test]
async fn a_record_that_was_taken_out_is_found() {
    let (database, store) = history().await;
    let api = Served::start(store).await;
    let take = |number: u8| {
        format!(
            "delete from audit_link where audit_link_id = {number}; delete from audit where audit_id = {number}"
        )
    };
    by_hand(&database, &take(3)).await;
    let (told, code) = said(&api, "audit verify").await;
    assert_eq!(told, "the chain is broken at record 2: a record between it and the next one is missing\n");
    assert_eq!(code, Some(1));
    by_hand(&database, &format!("{}; {}", take(1), take(2))).await;
    let (told, _) = said(&api, "audit verify").await;
    assert!(told.starts_with("the chain is broken: what came before record 4 is gone"), "{told}");
}

/// Who can write to the database can make a whole chain of other records. It is not the one of which somebody knows a digest.
#[tokio::test]
async fn a_chain_that_was_made_anew_is_not_the_one_whose_digest_was_kept() {
    let (database, store) = history().await;
    let api = Served::start(store).await;
    let earlier = newest(&said(&api, "audit verify").await.0).to_owned();
    by_hand(
        &database,
        "delete from audit_link where audit_link_id = 6; delete from audit where audit_id = 6;
        update audit set detail = '{}' where audit_id = 5;
        update audit_link set digest = sha256(previous || convert_to(audit_text(audit), 'UTF8'))
        from audit where audit.audit_id = audit_link.audit_id and audit_link_id = 5",
    )
    .await;
    assert_eq!(said(&api, "audit verify").await.1, Some(0));
    let (told, code) = said(&api, &format!("audit verify --contains {earlier}")).await;
    assert_eq!(
        told,
        "the chain is whole, but it is another one: the digest that it must contain is not in it\n"
    );
    assert_eq!(code, Some(1));
}

/// What was told of the chain is kept in a file of lines, and each of them has to be in it later.
#[tokio::test]
async fn a_chain_is_compared_with_what_was_anchored_elsewhere() {
    let (database, store) = history().await;
    let api = Served::start(store.clone()).await;
    let file = tempfile::NamedTempFile::new().expect("a file");
    let verify = format!("audit verify --anchors {}", file.path().display());
    let (first, code) = said(&api, "audit head").await;
    assert!(first.starts_with("6 sha256:") && code == Some(0), "{first}");
    crate::fixture::accept(&store, 3, vec![crate::fixture::accepted("acme", 3)]).await;
    let (second, _) = said(&api, "audit head").await;
    std::fs::write(file.path(), format!("{first}\n{second}")).expect("written");
    assert_eq!(said(&api, &verify).await.1, Some(0));

    by_hand(
        &database,
        "delete from audit_link where audit_link_id = 7; delete from audit where audit_id = 7;
        update audit set detail = '{\"outcome\": \"succeeded\"}' where audit_id = 6;
        update audit_link set digest = sha256(previous || convert_to(audit_text(audit), 'UTF8'))
        from audit where audit.audit_id = audit_link.audit_id and audit_link_id = 6",
    )
    .await;
    assert_eq!(said(&api, "audit verify").await.1, Some(0), "by itself it is whole");
    let told =
        "the chain is whole, but it is another one: record 6 had another digest when it was anchored\n";
    assert_eq!(said(&api, &verify).await, (told.to_owned(), Some(1)));
    std::fs::write(file.path(), &second).expect("written");
    let told = "the chain is whole, but it was longer: record 7 was anchored, and it is gone\n";
    assert_eq!(said(&api, &verify).await, (told.to_owned(), Some(1)));
    std::fs::write(file.path(), "7 sha256:1\n").expect("written");
    assert_eq!(said(&api, &verify).await.1, Some(2), "what is no anchor is no word for a chain");
}

#[tokio::test]
async fn records_are_exported_for_programs_and_for_spreadsheets() {
    let (_database, store) = history().await;
    let api = Served::start(store).await;
    let (lines, code) = said(&api, "audit export").await;
    assert_eq!(code, Some(0));
    let page = api.json("/api/v1/audit").await;
    let exported: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(serde_json::Value::from(exported), page["items"]);

    let (table, code) = said(&api, "audit export --form csv").await;
    assert_eq!(code, Some(0));
    let mut rows = table.lines();
    assert_eq!(
        rows.next(),
        Some("number,at,what,union,revision,author,signers,approver,deployment,detail,previous,digest")
    );
    let oldest = rows.last().expect("a row");
    assert!(oldest.starts_with("\"1\",\"") && oldest.contains("\"union-accepted\",\"acme\""), "{oldest}");
}

/// Author's names come from Git.
#[tokio::test]
async fn what_a_spreadsheet_would_compute_is_exported_as_a_text() {
    let (database, store) = history().await;
    let api = Served::start(store).await;
    by_hand(&database, "update revision set author_name = '=cmd(\"a\")'").await;
    let (table, _) = said(&api, "audit export --form csv").await;
    assert!(table.contains("\"'=cmd(\"\"a\"\")\""), "{table}");
}
