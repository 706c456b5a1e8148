//! The schema: brought up to date by the first program that comes, refused where it is too new.
//!
//! A database that is found elsewhere than before is a copy, and gets a name of its own.
//!
//! Invariant: neighbouring releases run side by side. A program ignores migrations that it does not know, unless the
//! schema says that a program must know them (`installation_info.min_compatible`).

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Connection, PgConnection};

use super::direct::within;
use super::{Error, Store};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

impl Store {
    /// Brings the schema up to date. Several programs may do this at once: one does, the others wait.
    ///
    /// # Errors
    /// The database is away, is not ours to change, or is too new for this program.
    pub async fn migrate(&self) -> Result<(), Error> {
        // A migration takes the time that it takes, and the others wait so long.
        let options = self.direct.options().options([("statement_timeout", "0")]);
        let mut connection = within(self.direct.patience, PgConnection::connect_with(&options)).await?;
        // Before, so that a program that is too old changes nothing.
        check(&mut connection).await?;
        let migrator =
            Migrator { migrations: MIGRATIONS.migrations.clone(), ignore_missing: true, ..Migrator::DEFAULT };
        migrator.run(&mut connection).await.map_err(|error| match error {
            MigrateError::Execute(source) => source.into(),
            source => Error::Migration { source },
        })?;
        move_in(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }

    /// Whether this program may work with the schema as it is.
    ///
    /// # Errors
    /// The database is away, or needs a newer program.
    pub async fn check_schema(&self) -> Result<(), Error> {
        check(&mut *self.pool.acquire().await?).await
    }
}

/// Gives a copy a name of its own: else it and its original would both be taken for the one database of an installation. A
/// server that takes over from another one by replication is the same one.
async fn move_in(connection: &mut PgConnection) -> Result<(), Error> {
    sqlx::query!(
        "with here as (
            select concat_ws('/', system_identifier, oid) as home
            from pg_control_system(), pg_database
            where datname = current_database()
        )
        update installation_info set
            database_id = case when installation_info.home is null then database_id else gen_random_uuid() end,
            home = here.home
        from here
        where installation_info.home is distinct from here.home"
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn check(connection: &mut PgConnection) -> Result<(), Error> {
    let known = sqlx::query_scalar!(r#"select to_regclass('installation_info') is not null as "known!""#)
        .fetch_one(&mut *connection)
        .await?;
    if !known {
        return Ok(());
    }
    let needs =
        sqlx::query_scalar!("select min_compatible from installation_info").fetch_one(connection).await?;
    let knows = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
    if needs > knows { Err(Error::Incompatible { needs, knows }) } else { Ok(()) }
}
