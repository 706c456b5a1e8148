//! The clock that the daemon goes by, moved by a test: PostgreSQL's, since windows and due times are the database's to judge.
//!
//! In one database `now()` and `clock_timestamp()` are functions of the test's, which its search path finds before those of
//! PostgreSQL. So nothing sleeps, and the product does not know.

use chrono::{DateTime, Utc};
use sqlx::{Executor as _, PgConnection};

use super::postgres::Database;

const MOVED: &str = "
create table moved (shift interval not null);
insert into moved values ('0');
create function now() returns timestamptz stable language sql
    as 'select pg_catalog.now() + shift from public.moved';
create function clock_timestamp() returns timestamptz volatile language sql
    as 'select pg_catalog.clock_timestamp() + shift from public.moved';
do $$ begin
    execute format('alter database %I set search_path = public, pg_catalog', current_database());
end $$";

/// The clock of one database.
pub struct Clock {
    connection: PgConnection,
}

impl Clock {
    /// Takes it over, before anybody else connects.
    pub async fn of(database: &Database) -> Self {
        let mut connection = database.connection().await;
        connection.execute(MOVED).await.expect("functions of ours");
        Self { connection }
    }

    /// Sets it; whoever waits for a time looks again.
    pub async fn set(&mut self, now: DateTime<Utc>) {
        let set = sqlx::query("update moved set shift = $1 - pg_catalog.clock_timestamp()").bind(now);
        set.execute(&mut self.connection).await.expect("the clock is set");
        self.connection.execute("notify keyforge_work").await.expect("told");
    }
}
