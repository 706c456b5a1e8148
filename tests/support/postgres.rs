//! A real PostgreSQL: one private server for a test program, one database for each test.
//!
//! `tests/postgres.sh` serves until its standard input ends, and that pipe ends with this process however it dies, so
//! no server is left behind. With `DATABASE_URL` that server is used instead; only who restarts the server starts
//! another one.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use clap::Parser;
use keyforge::store::{Options, Store};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::sync::OnceCell;
use url::Url;
use uuid::Uuid;

use super::part::Part;

/// A migrated database of its own. It goes with the server, or when this is dropped if the server stays.
pub struct Database {
    /// Its URL.
    pub url: String,
    name: String,
}

/// A private server.
pub struct Server {
    url: String,
    part: Part,
}

impl Server {
    /// A server of one's own; it ends when this is dropped.
    pub fn start() -> Self {
        let (part, said) = Part::start(script().arg("serve"), 1).expect("tests/postgres.sh serves");
        Self { url: said.concat(), part }
    }

    /// One whose tables lie on a file system of so many MiB, which can be filled.
    pub fn cramped(mebibytes: u32) -> Self {
        let (part, said) = Part::start(script().args(["serve", &format!("{mebibytes}M")]), 1)
            .expect("tests/postgres.sh serves");
        Self { url: said.concat(), part }
    }

    /// Leaves no room on the file system of a cramped one.
    pub async fn fill(&self) {
        let filled = self.copy("select repeat('x', 1000) from generate_series(1, 10000000)").await;
        let said = filled.expect_err("it is full at last");
        assert!(said.to_string().contains("No space left on device"), "{said}");
    }

    /// Gives the room back.
    pub async fn clear(&self) {
        self.copy("select where false").await.expect("what is written is nothing");
    }

    /// Writes what a query finds into a file beside the tables, in the place of what was in it.
    async fn copy(&self, query: &str) -> Result<(), sqlx::Error> {
        let mut connection = PgConnection::connect(&self.url).await?;
        let place = "select pg_tablespace_location(oid) from pg_tablespace where spcname = 'cramped'";
        let place: String = sqlx::query_scalar(place).fetch_one(&mut connection).await?;
        let copy = format!("copy ({query}) to '{place}/filling'");
        connection.execute(AssertSqlSafe(copy)).await.map(|_| ())
    }

    /// Ends it by a mode of `pg_ctl`, and starts it again: `immediate` is a crash, `fast` throws everybody out.
    pub fn restart(&self, mode: &str) {
        let status = script().args(["restart", &self.url, mode]).status().expect("a shell starts");
        assert!(status.success(), "{mode} restart");
    }

    /// A database with nothing in it, in which nothing that was said to be stored is lost in a crash of the server.
    pub async fn database(&self) -> Database {
        let name = format!("keyforge_test_{}", Uuid::new_v4().simple());
        administer(&self.url, format!("create database {name}")).await;
        administer(&self.url, format!("alter database {name} set synchronous_commit = on")).await;
        Database { url: at(&self.url, &name), name }
    }
}

fn script() -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/postgres.sh"))
}

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// The options that a command line gives.
pub fn options(arguments: &[&str]) -> Options {
    Arguments::parse_from([&["test"], arguments].concat()).options
}

#[expect(clippy::disallowed_methods, reason = "the one setting of the tests themselves")]
fn given() -> Option<String> {
    std::env::var("DATABASE_URL").ok()
}

/// A program that comes with the server.
pub fn program(name: &str) -> PathBuf {
    let bin = script().arg("bin").output().expect("it runs").stdout;
    Path::new(String::from_utf8(bin).expect("a path").trim()).join(name)
}

/// The URL of the server's database `postgres`.
fn server() -> &'static str {
    static SERVER: OnceLock<String> = OnceLock::new();
    SERVER.get_or_init(|| {
        given().unwrap_or_else(|| {
            let Server { url, part } = Server::start();
            // Statics are not dropped: it ends with its standard input, which is this process's.
            std::mem::forget(part);
            url
        })
    })
}

/// The URL of another database of a server.
fn at(server: &str, database: &str) -> String {
    let mut url = Url::parse(server).expect("the server has a URL");
    url.set_path(database);
    url.into()
}

async fn administer(server: &str, statement: String) {
    let mut connection = PgConnection::connect(server).await.expect("the server answers");
    connection.execute(AssertSqlSafe(statement)).await.expect("the server does as told");
    connection.close().await.expect("the server says farewell");
}

/// The name of a migrated database to copy, which is faster than migrating each.
async fn template() -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            let name = format!("keyforge_template_{}", Uuid::new_v4().simple());
            administer(server(), format!("create database {name}")).await;
            let store = Store::open(&options(&["--database-url", &at(server(), &name)])).expect("a URL");
            store.migrate().await.expect("an empty database takes the schema");
            store.close().await;
            name
        })
        .await
}

impl Database {
    /// A database with the schema.
    pub async fn migrated() -> Self {
        if given().is_some() {
            // On a server that stays nothing may be left over, and a template would be.
            let database = Self::empty().await;
            database.store().migrate().await.expect("an empty database takes the schema");
            return database;
        }
        let template = template().await;
        let name = format!("keyforge_test_{}", Uuid::new_v4().simple());
        administer(server(), format!("create database {name} template {template}")).await;
        Self { url: at(server(), &name), name }
    }

    /// A database with nothing in it.
    pub async fn empty() -> Self {
        let name = format!("keyforge_test_{}", Uuid::new_v4().simple());
        administer(server(), format!("create database {name}")).await;
        Self { url: at(server(), &name), name }
    }

    /// A database as it was when it was dumped.
    pub async fn restored(dump: &str) -> Self {
        let database = Self::empty().await;
        let mut psql = Command::new(program("psql"));
        psql.args(["--quiet", "--set=ON_ERROR_STOP=1", "--dbname", &database.url]).stdin(Stdio::piped());
        let mut psql = psql.stdout(Stdio::null()).spawn().expect("psql runs");
        psql.stdin.take().expect("it is piped").write_all(dump.as_bytes()).expect("psql reads it");
        assert!(psql.wait().expect("it ends").success());
        database
    }

    /// The store on it.
    pub fn store(&self) -> Store {
        self.store_with(&[])
    }

    /// The store on it, with more settings.
    pub fn store_with(&self, arguments: &[&str]) -> Store {
        Store::open(&options(&[&["--database-url", &self.url], arguments].concat())).expect("a URL")
    }

    /// The store on it for who only reads, with more settings.
    pub fn store_to_read(&self, arguments: &[&str]) -> Store {
        let options = options(&[&["--database-url", &self.url], arguments].concat());
        Store::open_to_read(&options).expect("a URL")
    }

    /// A connection past the store, for what a test changes or reads by hand.
    pub async fn connection(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.expect("the server answers")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if given().is_none() {
            return;
        }
        let statement = format!("drop database {} with (force)", self.name);
        // A runtime of its own: this one may be ending.
        let dropping = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime")
                .block_on(administer(server(), statement));
        });
        drop(dropping.join());
    }
}
