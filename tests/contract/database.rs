//! A database that is away, which looks different to each who asks, and comes back by itself.

use reqwest::StatusCode;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use url::Url;

use crate::caller::{Caller, start_with};
use crate::people::{Person, log_in};
use crate::support::postgres::Database;

/// Lets nobody into a database, or everybody again.
async fn open(database: &Database, open: bool) {
    let mut beside = Url::parse(&database.url).expect("a URL");
    let name = beside.path().trim_start_matches('/').to_owned();
    beside.set_path("postgres");
    let mut connection = PgConnection::connect(beside.as_str()).await.expect("the server answers");
    let throw = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
    for statement in [format!("alter database {name} allow_connections {open}"), throw] {
        connection.execute(AssertSqlSafe(statement)).await.expect("the server does as told");
    }
    connection.close().await.expect("the server says farewell");
}

#[tokio::test]
async fn without_its_database_it_is_barred_from_who_has_a_token_and_away_for_everybody_else() {
    let database = Database::empty().await;
    let server = start_with(&[("DATABASE_URL", &database.url), ("DATABASE_TIMEOUT", "1")]);
    let ana = Person::new(&server, "ana@acme.example").await;
    let stranger = Caller::stranger(&server);
    open(&database, false).await;
    for path in ["/api/now", "/api/version", "/api/config"] {
        assert_eq!(server.status(path).await, StatusCode::OK, "{path}");
    }
    ana.get("/api/sync").await.barred(401);
    stranger.get("/alive").await.barred(503);
    log_in(&stranger, &ana.email).await.barred(503);
    open(&database, true).await;
    assert_eq!(server.status("/alive").await, StatusCode::OK);
    ana.get("/api/sync").await.ok();
    log_in(&stranger, &ana.email).await.ok();
}

#[tokio::test]
async fn what_is_in_the_database_does_not_need_the_data_folder() {
    let database = Database::empty().await;
    let settings = [("DATABASE_URL", database.url.as_str())];
    let server = start_with(&settings);
    Person::new(&server, "ana@acme.example").await;
    drop(server);
    let server = start_with(&settings);
    log_in(&Caller::stranger(&server), "ana@acme.example").await.ok();
}
