//! Servers that do not do what they should: an API server out of breath, vaults that never answer, a clock that is off.

use http::StatusCode;
use serde_json::json;
use sqlx::{Executor as _, Row as _};

use super::support::daemon::Daemon;
use super::support::site::Site;
use super::{KEYFORGE, path, union};

/// Every second request is refused, also while the daemon begins.
#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_out_of_breath_fails_no_union() {
    let (gate, site) = Site::new("breath").await.behind_a_gate().await;
    site.commit("No union yet", &[("keyforge.yaml", KEYFORGE)]);
    let refuse = |status: u16| gate.refuse(StatusCode::from_u16(status).ok());
    refuse(429);
    let daemon = Daemon::start(&site.told());
    let is_told = || async {
        let (_, body) = daemon.get("/health/ready").await?;
        (body["dependencies"]["cluster"]["status"] == "down").then_some(())
    };
    for (n, status) in [429, 500, 503].into_iter().enumerate() {
        let name = site.union(&format!("u{n}"));
        refuse(status);
        let revision = site.commit("Found a union", &[(&path(&name), &union(&name))]);
        daemon.until("readiness tells of the API server", is_told).await;
        gate.refuse(None);
        daemon.union_is(&name, "current", Some(&revision)).await;
    }
    let failed = "select count(*) from deployment where outcome = 'failed'";
    let mut connection = site.database.connection().await;
    let failed: i64 = sqlx::query(failed).fetch_one(&mut connection).await.expect("the deployments").get(0);
    assert_eq!(failed, 0);
}

/// A server that fails for one object is none that is away; it looks the same from here, so it is tried again, and told.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_fails_at_again_and_again_is_told_by_its_union_alone() {
    let (gate, site) = Site::new("fails").await.behind_a_gate().await;
    let (name, other) = (site.union("acme"), site.union("other"));
    gate.refuse_about(Some(&format!("/namespaces/union-{name}/configmaps/")));
    let revision = site.commit(
        "Found two unions",
        &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name)), (&path(&other), &union(&other))],
    );
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&other, "current", Some(&revision)).await;
    let told = || async {
        let union = daemon.union(&name).await?;
        let why = union["reason"].as_str()?;
        (why.starts_with("ConfigMap") && why.ends_with("the object is too large for its store")).then_some(())
    };
    daemon.until("the server's words are its reason", told).await;
    gate.refuse_about(None);
    let found = daemon.union_is(&name, "current", Some(&revision)).await;
    assert_eq!(found["reason"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_unions_whose_server_never_answers_hold_no_worker() {
    let site = Site::new("silent").await;
    let silent: Vec<String> = (0..8).map(|n| site.union(&format!("s{n}"))).collect();
    let well = site.union("well");
    let text = |name: &str| format!("{}  placement: {{nodeSelector: {{no-node: has-this}}}}\n", union(name));
    let documents: Vec<(String, String)> = silent.iter().map(|name| (path(name), text(name))).collect();
    let mut files: Vec<(&str, &str)> =
        documents.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    files.push(("keyforge.yaml", KEYFORGE));
    site.commit("Found eight unions that no node takes", &files);
    // Fewer workers than unions that wait.
    let daemon = Daemon::start_with(&site.told(), &["--workers=2"]);
    let mut connection = site.database.connection().await;
    let waiting = tokio::sync::Mutex::new(&mut connection);
    let all_wait = || async {
        let waiting_now = sqlx::query("select count(*) from deployment where phase = 'waiting'")
            .fetch_one(&mut **waiting.lock().await)
            .await
            .ok()?;
        (waiting_now.get::<i64, _>(0) == 8).then_some(())
    };
    daemon.until("all eight are applied and wait for their health", all_wait).await;

    let revision = site.commit("Found one that is well", &[(&path(&well), &union(&well))]);
    daemon.union_is(&well, "current", Some(&revision)).await;
    for name in &silent {
        let union = daemon.union(name).await.expect("the union");
        assert_eq!((&union["state"], &union["health"]), (&json!("in-progress"), &json!("in-progress")));
        assert!(union["reason"].is_string(), "{union:#}");
    }

    // A newer revision waits for no deadline.
    let mended = &silent[0];
    let revision = site.commit("A node takes it", &[(&path(mended), &union(mended))]);
    daemon.union_is(mended, "current", Some(&revision)).await;
    let outcomes = "select outcome from deployment where union_name = $1 order by created_at";
    let outcomes = sqlx::query_scalar::<_, Option<String>>(outcomes).bind(mended);
    let outcomes = outcomes.fetch_all(&mut connection).await.expect("the deployments");
    assert_eq!(outcomes, ["superseded", "succeeded"].map(|outcome| Some(outcome.to_owned())));
}

/// The other clock is the database's, so it is that one which is moved: to the daemon that is the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_minutes_off_is_told_and_changes_nothing() {
    let site = Site::new("clock").await;
    let name = site.union("acme");
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let moved = "
        create function public.now() returns timestamptz language sql stable
            as 'select pg_catalog.now() + interval ''5 min''';
        create function public.clock_timestamp() returns timestamptz language sql volatile
            as 'select pg_catalog.clock_timestamp() + interval ''5 min''';
        do $$ begin
            execute format('alter database %I set search_path = public, pg_catalog', current_database());
        end $$";
    site.database.connection().await.execute(moved).await.expect("its clock is moved");

    let daemon = Daemon::start(&site.told());
    daemon.union_is(&name, "current", None).await;
    let told = || async {
        let (status, body) = daemon.get("/health/ready").await?;
        let clock = &body["dependencies"]["clock"];
        (clock["status"] == "down").then(|| (status, clock["reason"].clone()))
    };
    let (status, reason) = daemon.until("readiness tells of the clock", told).await;
    assert_eq!((status, reason), (200, json!("this machine's clock and the database's differ")));
}
