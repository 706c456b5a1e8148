//! What it costs when unions' servers cannot be reached: the pods of these tests only pretend to run, so nobody answers.

use super::support::daemon::Daemon;
use super::support::site::Site;
use super::{KEYFORGE, path, union};

const CHESS: &str = "apiVersion: keyforge.dev/v1\nkind: Society\nmetadata: {name: chess}\nspec:\n  displayName: Chess \
                     Society\n  members: [{email: magnus@acme.example, role: owner}]\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_nobody_reaches_keeps_its_own_societies_waiting_and_nothing_else() {
    let site = Site::new("mute").await;
    let (with, without) = (site.union("with"), site.union("without"));
    let society = format!("unions/{with}/societies/chess.yaml");
    site.commit(
        "Found two unions",
        &[
            ("keyforge.yaml", KEYFORGE),
            (&path(&with), &union(&with)),
            (&society, CHESS),
            (&path(&without), &union(&without)),
        ],
    );
    let daemon = Daemon::start_with(&site.told(), &["--reach", "port-forward"]);
    // There is nothing to be done in its vault, so its server is not even asked.
    daemon.union_is(&without, "current", None).await;
    let waits = || async {
        let found = daemon.union(&with).await?;
        let why = found["reason"].as_str()?;
        why.contains("VaultWarden is not reachable").then_some(found)
    };
    let found = daemon.until("it is told what the union waits for", waits).await;
    assert_eq!((&found["state"], &found["health"]), (&"in-progress".into(), &"failed".into()), "{found:#}");
    assert_eq!(found["appliedRevision"], found["desiredRevision"], "its manifests are applied: {found:#}");
    let society = format!("/api/v1/unions/{with}/societies/chess");
    let (status, found) = daemon.get(&society).await.expect("an answer");
    assert_eq!((status, &found["state"]), (200, &"in-progress".into()), "{found:#}");

    let late = site.union("late");
    let revision = site.commit("Found a third", &[(&path(&late), &union(&late))]);
    daemon.union_is(&late, "current", Some(&revision)).await;
    // Whoever wants servers alone says so, and nothing waits.
    assert_eq!(daemon.terminate(), Some(0));
    let daemon = Daemon::start_with(&site.told(), &["--reach", "off"]);
    daemon.union_is(&with, "current", None).await;
    let (_, found) = daemon.get(&society).await.expect("an answer");
    assert_eq!(found["state"], "blocked", "{found:#}");
    assert!(found["findings"][0].as_str().is_some_and(|why| why.contains("`reach` is `off`")), "{found:#}");
}
