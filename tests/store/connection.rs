//! Reaching the database: settings, schema, absence, and the words that both sides know.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::{Args, Command, FromArgMatches};
use keyforge::access::Sight;
use keyforge::outcome::{
    Done, DriftOutcome, Happened, Level, NoticeEvent, Outcome, Phase, Reason, UnionState,
};
use keyforge::reconcile::chain;
use keyforge::revision::ObjectId;
use keyforge::store::{Error, Options, Retry, SourceState, Store};
use sqlx::{Connection, Executor, Row};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::fixture::{LEASE, accept, name, object, with_unions};
use crate::support::door::Door;
use crate::support::postgres::{Database, options};

/// Longer than anything here takes that ends.
const SOON: Duration = Duration::from_secs(10);

fn parsed(arguments: &[&str]) -> Result<(), String> {
    let command = Options::augment_args(Command::new("run").no_binary_name(true));
    let matches = command.try_get_matches_from(arguments).expect("known flags");
    let options = Options::from_arg_matches(&matches).expect("known flags");
    options.refuse_password_in_flag(&matches).map_err(|error| error.to_string())
}

#[test]
fn a_flag_must_not_carry_a_password() {
    assert_eq!(parsed(&["--database-url", "postgres://keyforge@db.example/keyforge"]), Ok(()));
    for (flag, url) in [
        ("database-url", "postgres://keyforge:hunter2@db.example/keyforge"),
        ("database-url", "postgres://keyforge@db.example/keyforge?password=hunter2"),
        ("database-direct-url", "postgres://keyforge:hunter2@db.example/keyforge"),
        ("database-read-url", "postgres://keyforge:hunter2@db.example/keyforge"),
    ] {
        let refused = format!(
            "`--{flag}` carries a password, which everybody on this machine can read in the list of processes; \
             set `KEYFORGE_DATABASE_URL`, or put the URL into a file and name it by `--database-url-file`"
        );
        assert_eq!(parsed(&[&format!("--{flag}"), url]), Err(refused));
    }
}

#[tokio::test]
async fn one_place_says_where_the_database_is() {
    let told = |arguments: &[&str]| Store::open(&options(arguments)).err().map(|error| error.to_string());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("url");
    std::fs::write(&file, "postgres://keyforge:hunter2@db.example/keyforge\n").expect("written");
    let file = file.to_str().expect("plain");
    assert_eq!(told(&["--database-url-file", file]), None);
    assert_eq!(
        told(&["--database-url-file", file, "--database-url", "postgres://db.example/keyforge"]).as_deref(),
        Some("`database-url` and `database-url-file` are both set; one of them is enough")
    );
    assert_eq!(
        told(&["--database-url-file", "/nowhere/url"]).as_deref(),
        Some("failed to read `/nowhere/url`")
    );
    assert_eq!(told(&["--database-url", "not a URL"]).as_deref(), Some("the database URL is not valid"));
    assert_eq!(
        told(&[]).as_deref(),
        Some(
            "`database-url` is not set; it is a PostgreSQL URL such as `postgres://keyforge@db.example/keyforge`"
        )
    );
}

#[tokio::test]
async fn an_empty_database_is_migrated_by_the_first_of_many() {
    let database = Database::empty().await;
    let (one, other) = (database.store(), database.store());
    let (first, second) = tokio::join!(one.migrate(), other.migrate());
    first.expect("migrated");
    second.expect("migrated, or found so");
    one.check_schema().await.expect("fits");
    let id = one.database_id().await.expect("named");
    one.migrate().await.expect("nothing to do");
    assert_eq!(other.database_id().await.expect("named"), id);
}

#[tokio::test]
async fn a_newer_schema_is_refused_only_where_it_says_so() {
    let database = Database::migrated().await;
    let store = database.store();
    let mut connection = database.connection().await;
    connection
        .execute(
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
            values (99991231000000, 'from the future', true, '', 0)",
        )
        .await
        .expect("changed by hand");
    store.migrate().await.expect("a newer neighbour may run beside");
    connection
        .execute("update installation_info set min_compatible = 99991231000000")
        .await
        .expect("changed by hand");
    for refused in [store.migrate().await, store.check_schema().await] {
        let error = refused.expect_err("too new");
        assert!(matches!(error, Error::Incompatible { needs: 99_991_231_000_000, .. }), "{error:?}");
        assert_eq!(error.retry(), Retry::Never);
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_told_from_a_refusal() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().to_str().expect("plain").replace('/', "%2F");
    let url = format!("postgres://keyforge@{socket}/keyforge");
    let store = Store::open(&options(&["--database-url", &url, "--database-acquire-timeout", "100ms"]))
        .expect("nothing is reached yet");
    let failures = [
        store.now().await.err(),
        store.migrate().await.err(),
        store.listen().await.err(),
        store.singleton("poller").await.err(),
    ];
    for error in failures {
        let error = error.expect("nobody listens there");
        assert!(error.is_away(), "{error:?}");
        assert_eq!((error.to_string().as_str(), error.retry()), ("the database is away", Retry::Backoff));
    }
}

#[tokio::test]
async fn a_network_that_swallows_everything_is_away() {
    let (database, _) = with_unions(&[]).await;
    let door = Door::to(&database.url).await;
    door.open();
    let store = Store::open(&options(&["--database-url", &door.url, "--database-acquire-timeout", "1s"]))
        .expect("a URL");
    let mut singleton = store.singleton("poller").await.expect("the database answers").expect("free");
    door.wall_up();
    let asked = tokio::time::timeout(SOON, async {
        tokio::join!(
            async { singleton.alive().await.err() },
            async { store.now().await.err() },
            async { store.migrate().await.err() },
            async { store.listen().await.err() },
            async { store.singleton("watcher").await.err() },
        )
    });
    let (alive, ping, migrate, listen, again) = asked.await.expect("nobody waits for ever");
    for error in [alive, ping, migrate, listen, again] {
        assert!(error.as_ref().is_some_and(Error::is_away), "{error:?}");
    }
}

#[tokio::test]
async fn a_direct_connection_bounds_its_statements_and_is_probed_unless_it_migrates() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    let url = format!("postgres://keyforge@{address}/keyforge?sslmode=disable");
    let store = Store::open(&options(&["--database-url", &url])).expect("a URL");
    // The greeting has the settings of the session; that connection then ends.
    let greeting = async || {
        let (mut connection, _) = listener.accept().await.expect("somebody comes");
        let mut greeting = vec![0; 1024];
        let length = connection.read(&mut greeting).await.expect("a greeting");
        String::from_utf8_lossy(&greeting[..length]).into_owned()
    };
    let (_, singleton) = tokio::join!(store.singleton("poller"), greeting());
    assert!(singleton.contains("-c statement_timeout=30000"), "{singleton}");
    assert!(singleton.contains("-c tcp_keepalives_idle="), "{singleton}");
    let (_, migrating) = tokio::join!(store.migrate(), greeting());
    assert!(migrating.ends_with("-c statement_timeout=0\0\0"), "{migrating}");
}

#[tokio::test]
async fn a_demand_for_tls_never_falls_back() {
    let database = Database::migrated().await;
    for mode in ["verify-full", "verify-ca"] {
        let url = format!("{}?sslmode={mode}&sslrootcert=/dev/null", database.url);
        let store = Store::open(&options(&["--database-url", &url])).expect("a URL");
        let error = store.now().await.expect_err("nobody can prove to be that server");
        assert!(error.is_away(), "{mode}: {error:?}");
    }
}

#[tokio::test]
async fn a_refused_login_is_no_absence() {
    let database = Database::migrated().await;
    let mut unknown = url::Url::parse(&database.url).expect("a URL");
    unknown.set_path("keyforge_nowhere");
    let store = Store::open(&options(&["--database-url", unknown.as_str()])).expect("a URL");
    let error = store.now().await.expect_err("there is no such database");
    assert_eq!(error.to_string(), "the database server refused the login");
    assert_eq!(error.retry(), Retry::Never);
}

#[tokio::test]
async fn a_store_comes_back_with_its_database() {
    let (database, store) = with_unions(&["acme"]).await;
    let cut_off = "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'keyforge'";
    database.connection().await.execute(cut_off).await.expect("cut off");
    store.now().await.expect("on a new connection");
}

#[tokio::test]
async fn a_slow_statement_is_given_up() {
    let (database, _) = with_unions(&["acme"]).await;
    let store = database.store_with(&["--database-statement-timeout", "50ms"]);
    let mut connection = database.connection().await;
    let mut locking = connection.begin().await.expect("begun");
    locking.execute("lock table work").await.expect("locked");
    let error = store.next_due_in().await.expect_err("it takes too long");
    assert!(matches!(error, Error::Busy { .. }), "{error:?}");
    assert_eq!(error.retry(), Retry::Backoff);
}

#[tokio::test]
async fn one_of_many_is_the_singleton_until_it_goes() {
    let (database, store) = with_unions(&[]).await;
    let mut first = store.singleton("poller").await.expect("the database answers").expect("free");
    assert!(store.singleton("poller").await.expect("the database answers").is_none());
    assert!(store.singleton("watcher").await.expect("the database answers").is_some());
    first.alive().await.expect("connected");
    first.release().await.expect("connected");

    let mut second = store.singleton("poller").await.expect("the database answers").expect("free again");
    // Of this database, and until they are gone: a backend says farewell before it gives its locks back.
    let cut_off = "select pg_terminate_backend(pid, 10000) from pg_locks join pg_database on oid = database
        where locktype = 'advisory' and datname = current_database()";
    database.connection().await.execute(cut_off).await.expect("cut off");
    assert!(second.alive().await.is_err_and(|error| error.is_away()), "its loss is seen");
    assert!(store.singleton("poller").await.expect("the database answers").is_some());
}

#[tokio::test]
async fn how_the_config_repo_was_found_is_remembered() {
    let (_database, store) = with_unions(&[]).await;
    assert_eq!(store.source().await.expect("the database answers"), None);
    let mut since = None;
    for state in [
        SourceState::Followed,
        SourceState::Missing,
        SourceState::Rewritten { from: ObjectId::from([7; 20]) },
        SourceState::Unreachable { why: "unable to resolve host".into() },
        SourceState::Followed,
    ] {
        store.record_source("main", &state).await.expect("recorded");
        let first = store.source().await.expect("the database answers").expect("recorded");
        assert_eq!((first.branch.as_str(), &first.state), ("main", &state));
        assert!(Some(first.since) > since);
        since = Some(first.since);
        store.record_source("main", &state).await.expect("recorded");
        let second = store.source().await.expect("the database answers").expect("recorded");
        assert_eq!(second.since, first.since);
        assert!(second.looked_at > first.looked_at);
    }
}

#[tokio::test]
async fn a_rewritten_branch_is_told_until_it_goes_on() {
    let (_database, store) = with_unions(&[]).await;
    let state = async || store.source().await.expect("the database answers").expect("recorded").state;
    // The second rewrite comes before the first was followed by a commit.
    for number in [2, 3] {
        accept(&store, number, Vec::new()).await;
        let rewritten = SourceState::Rewritten { from: object(number - 1) };
        store.record_source("main", &rewritten).await.expect("recorded");
        store.record_source("main", &SourceState::Followed).await.expect("recorded");
        assert_eq!(state().await, rewritten, "the next look finds the same head");
    }
    accept(&store, 4, Vec::new()).await;
    store.record_source("main", &SourceState::Followed).await.expect("recorded");
    assert_eq!(state().await, SourceState::Followed);

    store.record_source("main", &SourceState::Rewritten { from: object(4) }).await.expect("recorded");
    store.record_source("other", &SourceState::Followed).await.expect("recorded");
    assert_eq!(state().await, SourceState::Followed, "another branch was never rewritten");
}

/// The words in the check constraints of a column, by the database's own account.
async fn words(database: &Database, column: &str) -> Vec<(String, BTreeSet<String>)> {
    let constraints = sqlx::query(
        "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint
        where contype = 'c' and pg_get_constraintdef(oid) like 'CHECK ((' || $1 || ' = ANY (ARRAY[%'
        order by 1",
    )
    .bind(column)
    .fetch_all(&mut database.connection().await)
    .await
    .expect("read");
    let quoted = |text: String| text.split('\'').skip(1).step_by(2).map(ToOwned::to_owned).collect();
    constraints.iter().map(|row| (row.get(0), quoted(row.get(1)))).collect()
}

#[tokio::test]
async fn program_and_schema_know_the_same_words() {
    fn all<T: ToString>(words: &[T]) -> BTreeSet<String> {
        words.iter().map(ToString::to_string).collect()
    }
    let database = Database::migrated().await;
    let known = [
        ("progress", "union_status", all(UnionState::ALL)),
        ("reason", "deployment", all(Reason::ALL)),
        ("reason", "work", all(Reason::ALL)),
        ("phase", "deployment", all(Phase::ALL)),
        ("outcome", "deployment", all(Outcome::ALL)),
        ("outcome", "drift", all(DriftOutcome::ALL)),
        ("outcome", "message", all(&["sent", "given-up"])),
        ("done", "deployment_event", all(Done::ALL)),
        ("level", "deployment_log", all(Level::ALL)),
        ("health", "union_status", all(&["current", "in-progress", "failed", "unknown"])),
        ("happened", "event", all(Happened::ALL)),
        ("event", "notice", all(NoticeEvent::ALL)),
        ("life", "union_status", all(&["running", "retained", "gone"])),
    ];
    for of in known.chunk_by(|(column, ..), (next, ..)| column == next) {
        let column = of[0].0;
        let expected: Vec<_> =
            of.iter().map(|(_, table, known)| ((*table).to_owned(), known.clone())).collect();
        assert_eq!(words(&database, column).await, expected, "{column}");
    }
}

#[tokio::test]
async fn without_a_free_connection_the_database_counts_as_away() {
    let (database, _) = with_unions(&[]).await;
    let store =
        database.store_with(&["--database-max-connections", "2", "--database-acquire-timeout", "100ms"]);
    let mut connection = database.connection().await;
    let mut locking = connection.begin().await.expect("begun");
    locking.execute("lock table work").await.expect("locked");

    let mut asking = JoinSet::new();
    for _ in 0..3 {
        let store = store.clone();
        asking.spawn(async move { store.next_due_in().await });
    }
    // Two wait for the table, the third for a connection, and gives up first.
    let third = asking.join_next().await.expect("three ask").expect("no panic");
    assert!(third.as_ref().is_err_and(Error::is_away), "{third:?}");
    locking.rollback().await.expect("unlocked");
    while let Some(asked) = asking.join_next().await {
        assert_eq!(asked.expect("no panic").expect("the database answers"), None);
    }
}

#[tokio::test]
async fn what_only_reads_has_connections_of_its_own_and_can_write_nothing() {
    let (database, store) = with_unions(&["acme"]).await;
    let reading = database.store_to_read(&["--database-read-connections", "1"]);
    let refused = reading.claim(Uuid::new_v4(), LEASE).await.expect_err("a claim is written");
    assert!(chain(&refused).contains("read-only transaction"), "{}", chain(&refused));
    // The pool of the one is of no use to the other.
    store.close().await;
    let shown = reading.shown_to(Sight::All);
    assert!(shown.union(&name("acme")).await.expect("the database answers").is_some());
}
