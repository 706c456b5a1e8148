//! The config repo read through its mirror: real repositories over their path; the mirror is looked at from outside only to
//! damage it.

mod support;

#[path = "git/branch.rs"]
mod branch;
#[path = "git/fixture.rs"]
mod fixture;
#[path = "git/mirror.rs"]
mod mirror;
#[path = "git/refusal.rs"]
mod refusal;
#[path = "git/snapshot.rs"]
mod snapshot;
#[path = "git/watch.rs"]
mod watch;
