//! The config repo read through its mirror: real repositories over their path and behind real servers; the mirror is looked at from outside only to
//! damage it.

mod support;

#[path = "git/blame.rs"]
mod blame;
#[path = "git/branch.rs"]
mod branch;
#[path = "git/fixture.rs"]
mod fixture;
#[path = "git/https.rs"]
mod https;
#[path = "git/mirror.rs"]
mod mirror;
#[path = "git/objects.rs"]
mod objects;
#[path = "git/refusal.rs"]
mod refusal;
#[path = "git/snapshot.rs"]
mod snapshot;
#[path = "git/ssh.rs"]
mod ssh;
#[path = "git/watch.rs"]
mod watch;
