//! The API over real HTTP on a real store.

mod support;

#[path = "api/access.rs"]
mod access;
#[path = "api/answers.rs"]
mod answers;
#[path = "api/checkpoints.rs"]
mod checkpoints;
#[path = "api/contract.rs"]
mod contract;
#[path = "api/door.rs"]
mod door;
#[path = "api/drift.rs"]
mod drift;
#[path = "api/events.rs"]
mod events;
#[path = "api/fields.rs"]
mod fields;
#[path = "api/files.rs"]
mod files;
#[path = "api/filters.rs"]
mod filters;
#[allow(dead_code, reason = "shared with the tests of the store")]
#[path = "store/fixture.rs"]
mod fixture;
#[path = "api/fleet.rs"]
mod fleet;
#[path = "api/fuzz.rs"]
mod fuzz;
#[path = "api/ledger.rs"]
mod ledger;
#[path = "api/limits.rs"]
mod limits;
#[path = "api/logs.rs"]
mod logs;
#[path = "api/overview.rs"]
mod overview;
#[path = "api/page.rs"]
mod page;
#[path = "api/readers.rs"]
mod readers;
#[path = "api/records.rs"]
mod records;
#[path = "api/refusals.rs"]
mod refusals;
#[path = "api/remote.rs"]
mod remote;
#[path = "api/scale.rs"]
mod scale;
#[path = "api/served.rs"]
mod served;
#[path = "api/shelf.rs"]
mod shelf;
#[path = "api/sign_in.rs"]
mod sign_in;
#[path = "api/sync.rs"]
mod sync;
#[path = "api/timeline.rs"]
mod timeline;
#[path = "api/tokens.rs"]
mod tokens;
#[path = "api/trouble.rs"]
mod trouble;
#[path = "api/way.rs"]
mod way;
