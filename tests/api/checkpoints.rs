//! Who has the key vouches for the audit, and `keyforge audit verify` finds by it what was done to the database by hand, and who
//! has the database alone cannot hide.

use std::sync::Arc;

use keyforge::chain::Keys;
use keyforge::cluster::Cluster;
use keyforge::reconcile::dependencies::Dependencies;
use keyforge::reconcile::notary::Notary;
use keyforge::store::Store;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor as _};
use tempfile::NamedTempFile;
use tokio::process::Command;
use tokio::sync::watch;

use crate::fixture::{accept, accepted};
use crate::served::{Served, history};
use crate::shelf::Shelf;
use crate::support::postgres::Database;

const KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
const OTHER: &str = "1f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// Where the anchor is.
const ANCHOR: &str = "keyforge-audit-main";

/// A history of six records, somebody who vouches, a cluster, and an API.
struct World {
    database: Database,
    store: Store,
    shelf: Shelf,
    notary: Notary,
    keys: watch::Sender<Option<Arc<Keys>>>,
    api: Served,
}

fn keys(text: &str) -> Option<Arc<Keys>> {
    Some(Arc::new(Keys::parse(text).expect("keys")))
}

async fn world() -> World {
    let (database, store) = history().await;
    let shelf = Shelf::start().await;
    let cluster = Cluster::connect(&shelf.options(), "main".parse().expect("a name")).await;
    let keys = watch::Sender::new(keys(KEY));
    let notary = Notary {
        store: store.clone(),
        cluster: cluster.expect("a kubeconfig"),
        keys: keys.subscribe(),
        dependencies: Dependencies::new(),
    };
    let api = Served::start(store.clone()).await;
    World { database, store, shelf, notary, keys, api }
}

/// The same with checkpoints of the sixth, the seventh and the eighth record, and one record more.
async fn vouched() -> World {
    let world = world().await;
    world.vouch(Some((1, 6))).await;
    for number in [3, 4] {
        world.more(number).await;
        world.vouch(Some((i64::from(number) - 1, i64::from(number) + 4))).await;
    }
    world.more(5).await;
    world
}

impl World {
    /// One more record.
    async fn more(&self, number: u8) {
        accept(&self.store, number, vec![accepted("acme", number)]).await;
    }

    /// A round, which makes this checkpoint of this record.
    async fn vouch(&self, expected: Option<(i64, i64)>) {
        let made = self.notary.round().await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(made.map(|made| (made.number, made.record)), expected);
    }

    /// Why a round makes none.
    async fn doubt(&self) -> String {
        self.notary.round().await.expect_err("in doubt").to_string()
    }

    /// Writes past everything that guards the tables, as who owns the server can.
    async fn by_hand(&self, statement: &str) {
        let statement = format!("set session_replication_role = replica; {statement}");
        self.database.connection().await.execute(AssertSqlSafe(statement)).await.expect("written by hand");
    }

    /// What `keyforge audit verify` says with this key, where the cluster is seen or not, and its exit code.
    async fn said_by(&self, key: &str, sees: bool, more: &[&str]) -> (String, Option<i32>) {
        let file = NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), key).expect("written");
        let mut keyforge = Command::new(env!("CARGO_BIN_EXE_keyforge"));
        keyforge.env_clear().env("KEYFORGE_SERVER", format!("http://{}", self.api.address));
        keyforge.env("KEYFORGE_INSTALLATION", "main").env("KEYFORGE_AUDIT_KEY_FILE", file.path());
        let seen = if sees { self.shelf.kubeconfig.as_path() } else { "/nowhere".as_ref() };
        keyforge.env("KEYFORGE_KUBECONFIG", seen);
        let output = keyforge.args(["audit", "verify"]).args(more).output().await.expect("keyforge runs");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (format!("{out}{err}"), output.status.code())
    }

    /// What is found.
    async fn found(&self) -> String {
        let (told, code) = self.said_by(KEY, true, &[]).await;
        assert_eq!(code, Some(1), "{told}");
        told.trim_end().to_owned()
    }

    /// What is found by who does not look at the cluster.
    async fn unseen(&self) -> (String, Option<i32>) {
        self.said_by(KEY, false, &["--without-anchor"]).await
    }

    /// What another replica tells of the audit.
    async fn told_elsewhere(&self) -> Value {
        let other = Notary { dependencies: self.api.dependencies.clone(), ..self.notary.clone() };
        other.tell().await;
        self.api.dependencies.started();
        self.api.json("/health/ready").await["dependencies"]["audit"].clone()
    }

    /// The same after a round of this one.
    async fn told_elsewhere_after_a_round(&self) -> Value {
        let round = self.notary.round().await;
        self.notary.record(round, &mut String::new()).await;
        self.told_elsewhere().await
    }
}

#[tokio::test]
async fn what_is_new_is_vouched_for_once_and_kept_outside_of_the_database() {
    let world = world().await;
    world.vouch(Some((1, 6))).await;
    world.vouch(None).await;
    world.more(3).await;
    world.vouch(Some((2, 7))).await;
    let kept = world.store.checkpoint(None).await.expect("the database answers").expect("one");
    let object = world.shelf.object(ANCHOR).expect("an anchor");
    let anchor: Value =
        serde_json::from_str(object["data"]["checkpoint.json"].as_str().expect("a text")).expect("JSON");
    assert_eq!(anchor, serde_json::to_value(&kept).expect("JSON"));
    let labels =
        serde_json::json!({"app.kubernetes.io/managed-by": "keyforge", "keyforge.dev/installation": "main"});
    assert_eq!(object["metadata"]["labels"], labels);

    let page = world.api.json("/api/v1/audit?limit=1").await;
    let told = &page["items"][0]["link"]["checkpoint"];
    assert_eq!((&told["number"], &told["code"]), (&2.into(), &kept.code.as_str().into()));
    let (told, code) = world.said_by(KEY, true, &[]).await;
    assert!(told.starts_with("7 records, the chain is whole; newest digest\nsha256:"), "{told}");
    assert!(told.contains("\n2 checkpoints vouch for it up to record 7, the last one of 2"), "{told}");
    assert_eq!((told.lines().count(), code), (3, Some(0)));
    let (told, _) = world.said_by(KEY, true, &["--output", "json"]).await;
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!((&told["checkpoint"], &told["whole"]), (&anchor, &true.into()));

    // Who has no key makes none, and needs none to read the chain.
    world.keys.send_replace(None);
    world.more(4).await;
    world.vouch(None).await;
}

#[tokio::test]
async fn an_anchor_that_could_not_be_written_is_written_by_the_next_round() {
    let world = world().await;
    world.vouch(Some((1, 6))).await;
    let first = world.shelf.object(ANCHOR);
    world.more(3).await;
    world.vouch(Some((2, 7))).await;
    let second = world.shelf.object(ANCHOR).expect("an anchor");
    world.shelf.put(ANCHOR, first);
    world.vouch(None).await;
    assert_eq!(world.shelf.object(ANCHOR).expect("an anchor")["data"], second["data"]);
}

#[tokio::test]
async fn records_that_were_cut_off_with_their_checkpoints_are_missed_by_the_anchor() {
    let world = vouched().await;
    world
        .by_hand(
            "delete from audit_checkpoint where audit_link_id > 7; delete from audit_link where audit_link_id > 7;
            delete from audit where audit_id > 7",
        )
        .await;
    let gone = "checkpoint 3 of record 8 is anchored outside of the database, and in it there is none, or another one: records were \
                changed or taken out, or the database was put back to an older copy";
    assert_eq!(world.found().await, format!("the chain is whole, but {gone}"));
    let (told, code) = world.unseen().await;
    assert!(told.contains("\n2 checkpoints vouch for it up to record 7"), "{told}");
    assert!(told.ends_with("\nthe anchor outside of the database was not looked at\n"), "{told}");
    assert_eq!(code, Some(0), "nobody can know without the anchor, which is said");
    let (told, code) = world.said_by(KEY, false, &[]).await;
    assert!(told.contains("(`--without-anchor` does without)"), "{told}");
    assert_eq!(code, Some(2), "who does not say so wants it compared");
    // And nobody vouches for what is made in their place.
    assert_eq!(world.doubt().await, gone);
    world.more(6).await;
    assert_eq!(world.doubt().await, gone);
    let anchor = world.shelf.object(ANCHOR).expect("an anchor");
    assert!(anchor["data"]["checkpoint.json"].as_str().expect("a text").contains("\"record\":8"));
    // Until somebody who may says that it is so.
    let told = world.told_elsewhere_after_a_round().await;
    let why = "the audit is not as it was vouched for; the log says what was found";
    assert_eq!((&told["status"], &told["reason"]), (&"down".into(), &why.into()), "at every replica");
    world.shelf.put(ANCHOR, None);
    // The ninth record tells that it was made anew.
    world.vouch(Some((3, 9))).await;
    world.vouch(None).await;
    let newest = &world.api.json("/api/v1/audit?limit=1").await["items"][0];
    assert_eq!((&newest["what"], &newest["detail"]["checkpoint"]), (&"anchor-renewed".into(), &2.into()));
    assert_eq!(world.told_elsewhere_after_a_round().await["status"], "up");
}

/// All digests are computed anew, so that the chain is whole.
#[tokio::test]
async fn a_chain_that_was_made_anew_is_another_one_than_was_vouched_for() {
    let world = vouched().await;
    let anew = "update audit set detail = '{}' where audit_id = 7;
        do $$
        declare link record; before bytea;
        begin
            for link in select * from audit_link join audit using (audit_id) order by audit_link_id loop
                update audit_link set previous = before,
                    digest = sha256(coalesce(before, '') || convert_to(audit_text(
                        (select audit from audit where audit.audit_id = link.audit_id)
                    ), 'UTF8'))
                where audit_link_id = link.audit_link_id
                returning digest into before;
            end loop;
        end
        $$";
    world.by_hand(anew).await;
    let other = "the chain is whole, but record 8 is another one than checkpoint 3 vouches for";
    assert_eq!(world.found().await, other);
    assert_eq!(world.unseen().await, (format!("{other}\n"), Some(1)), "also without the anchor");
    let doubt = "the chain is broken at record 8: it is gone, or another one than it was";
    assert_eq!(world.doubt().await, doubt);
    // Nor with what the checkpoints say of it.
    world
        .by_hand("update audit_checkpoint set digest = audit_link.digest from audit_link where audit_link.audit_link_id = audit_checkpoint.audit_link_id")
        .await;
    assert!(world.found().await.starts_with("the chain is whole, but checkpoint 3 was not made by a key of"));
    assert!(world.doubt().await.starts_with("checkpoint 3 was not made by a key of"));
}

#[tokio::test]
async fn a_record_that_is_broken_after_the_newest_checkpoint_is_not_vouched_for() {
    let world = vouched().await;
    world.by_hand("update audit set union_name = 'cedar' where audit_id = 9").await;
    assert_eq!(
        world.doubt().await,
        "the chain is broken at record 9: its digest is not that of what it says"
    );
    assert_eq!(
        world.found().await,
        "the chain is broken at record 9: its digest is not that of what it says"
    );
}

#[tokio::test]
async fn a_checkpoint_of_another_key_is_told_and_a_former_key_goes_on_counting() {
    let world = vouched().await;
    let (told, code) = world.said_by(OTHER, true, &[]).await;
    assert!(told.starts_with("the chain is whole, but checkpoint 3 was not made by a key of"), "{told}");
    assert_eq!(code, Some(1));
    world.keys.send_replace(keys(OTHER));
    assert!(world.doubt().await.starts_with("checkpoint 3 was not made by a key of"));
    let both = format!("# since today\n{OTHER}\n{KEY}\n");
    world.keys.send_replace(keys(&both));
    let (told, _) = world.said_by(&both, true, &[]).await;
    assert!(told.contains("checkpoint 3 was made by a former key"), "{told}");
    // The tenth record tells that the key is another one.
    world.vouch(Some((4, 10))).await;
    world.vouch(None).await;
    assert_eq!(world.said_by(&both, true, &[]).await.1, Some(0));
    assert!(world.found().await.starts_with("the chain is whole, but checkpoint 4 was not made by a key of"));
}

#[tokio::test]
async fn a_checkpoint_that_was_taken_out_is_missed() {
    let world = vouched().await;
    let told = "the chain is whole, but checkpoint 2 was taken out";
    world.by_hand("delete from audit_checkpoint where audit_checkpoint_id = 2").await;
    assert_eq!(world.found().await, told);
    assert_eq!(world.unseen().await, (format!("{told}\n"), Some(1)), "also without the anchor");
    world.by_hand("delete from audit_checkpoint").await;
    assert!(world.found().await.starts_with("the chain is whole, but checkpoint 3 of record 8 is anchored"));
    let nothing = ("the chain is whole, but no checkpoint vouches for it\n".to_owned(), Some(1));
    assert_eq!(world.unseen().await, nothing);
    assert!(world.doubt().await.starts_with("checkpoint 3 of record 8 is anchored"));
}

#[tokio::test]
async fn an_anchor_that_is_gone_or_of_another_key_is_told() {
    let world = vouched().await;
    let object = world.shelf.object(ANCHOR).expect("an anchor");
    world.shelf.put(ANCHOR, None);
    let told = "the chain is whole, but its anchor ConfigMap keyforge/keyforge-audit-main is gone";
    assert_eq!(world.found().await, told);
    let mut forged = object.clone();
    let text = object["data"]["checkpoint.json"].as_str().expect("a text");
    forged["data"]["checkpoint.json"] = text.replace("\"number\":3", "\"number\":4").into();
    world.shelf.put(ANCHOR, Some(forged));
    assert!(world.found().await.starts_with("the chain is whole, but the anchor was not made by a key of"));
    assert!(world.doubt().await.starts_with("the anchor was not made by a key of"));
    let mut nobodys = object;
    nobodys["metadata"]["labels"] = serde_json::json!({});
    world.shelf.put(ANCHOR, Some(nobodys));
    let why = "its anchor cannot be believed: ConfigMap keyforge/keyforge-audit-main exists and was not made by Keyforge";
    assert_eq!(world.found().await, format!("the chain is whole, but {why}"));
}

#[tokio::test]
async fn that_nobody_vouches_any_more_is_told_and_found() {
    let world = world().await;
    world.vouch(Some((1, 6))).await;
    world.more(3).await;
    // As if it had been made an hour ago.
    world
        .by_hand(
            "update audit set created_at = created_at - interval '1 hour' where audit_id = 7;
            update audit_link set created_at = audit_link.created_at - interval '1 hour',
                digest = sha256(previous || convert_to(audit_text(audit), 'UTF8'))
            from audit where audit.audit_id = audit_link.audit_id and audit_link_id = 7",
        )
        .await;
    let told = world.found().await;
    assert!(told.starts_with("the chain is whole, but no checkpoint vouches for record 7 of "), "{told}");
    assert_eq!(world.told_elsewhere().await["reason"], "nobody has vouched for the audit for minutes");
    assert_eq!(world.told_elsewhere_after_a_round().await["status"], "up");
    assert_eq!(world.said_by(KEY, true, &[]).await.1, Some(0));
}
