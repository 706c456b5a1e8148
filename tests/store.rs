//! The store on a real PostgreSQL, a database for each test.

mod support;

#[path = "store/acceptance.rs"]
mod acceptance;
#[path = "store/connection.rs"]
mod connection;
#[path = "store/deployment.rs"]
mod deployment;
#[path = "store/drift.rs"]
mod drift;
#[path = "store/fixture.rs"]
mod fixture;
#[path = "store/guard.rs"]
mod guard;
#[path = "store/inventory.rs"]
mod inventory;
#[path = "store/lease.rs"]
mod lease;
#[path = "store/retention.rs"]
mod retention;
#[path = "store/society.rs"]
mod society;
#[path = "store/stop.rs"]
mod stop;
#[path = "store/union.rs"]
mod union;
#[path = "store/upgrade.rs"]
mod upgrade;
#[path = "store/work.rs"]
mod work;
