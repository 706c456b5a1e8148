//! Signatures of commits: keys and signatures of the real ssh-keygen and gpg, in real repositories, judged by us and, where
//! it can be asked, by Git itself.

mod support;

#[path = "signing/bench.rs"]
mod bench;
#[path = "signing/git.rs"]
mod git;
#[path = "signing/history.rs"]
mod history;
#[path = "signing/judge.rs"]
mod judge;
#[path = "signing/openpgp.rs"]
mod openpgp;
#[path = "signing/ssh.rs"]
mod ssh;
