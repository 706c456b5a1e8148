//! Signatures of commits: who vouches for what a revision brings.
//!
//! ```text
//! keyforge.yaml, a file of the daemon ─read→ Signers ─┐ Trust
//! History (filled by git) ─────────────────────────judge→ per part of the config repo: who vouches for it, or
//!                                                        diagnostics that name commit, cause and remedy
//! ```
//!
//! Separate from `spec`, since it judges commits, not documents, and from `git`, since it computes only. Invariants: a
//! signature counts only after its mathematics *and* the policy about key, hash and time were checked here; what cannot
//! be checked is not signed. No clock: what is now is an argument.

mod allowed_signers;
mod commit;
mod judge;
mod openpgp;
mod pattern;
mod signer;
mod signers;
mod ssh;
mod trust;

pub use allowed_signers::{LineError, Mistake};
pub use commit::{Accepted, Commit, History, Part, Person, Signature, Trailer};
pub use judge::{APPROVE, Judge, Judgement};
pub use openpgp::KeyError;
pub use signer::{Signer, Unverified, Voucher};
pub use signers::{Signers, SignersError};
pub use ssh::WeakKey;
pub use trust::{Policy, Refusal, Rule, RulePath, RulePathError, Trust};
