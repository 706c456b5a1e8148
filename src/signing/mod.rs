//! Signatures of commits: who vouches for what a revision brings.
//!
//! ```text
//! History (git fills it) ─judge→ per part of the config repo: sound, or diagnostics that name commit, cause and remedy
//! allowed_signers, openpgp ─parse→ Signers     Signers ─verify→ Signer of one commit
//! ```
//!
//! Separate from `spec`, since it judges commits, not documents, and from `git`, since it computes only. Invariants: a
//! signature counts only after its mathematics *and* the policy about key, hash and time were checked here; what cannot
//! be checked is not signed. No clock: what is now is an argument.

mod commit;

pub use commit::{Commit, History, Part, Person, Rewritten, Signature, Trailer};
