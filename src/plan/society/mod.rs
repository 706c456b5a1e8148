//! The vault half of a plan: what is to be done inside of one union's VaultWarden, and who has to act where Keyforge may not.
//!
//! ```text
//! Union, Contents, Policy ─┐
//! ObservedVault, Ledger ───┴build→ VaultPlan: changes, findings, how far each member is, the next Ledger
//!     build        which society of the vault is which of Git        removed  those that no document has any more
//!     planning     one society, part by part, in the order in which changes are made
//!     collections  members (people: with what; listed, unlisted)  items (slots: text by text; copies: whose it is)
//!     place        where a value belongs, what was written there        marker  how both are recognised inside of the vault
//!     contents     what the documents say, opened                    print    a plan for people
//! ```
//!
//! A plan does what can be done with what is there: what needs something that is not made yet is planned at the next look,
//! so applying and looking again comes to an end with a plan that writes nothing. Invariants: pure; shuffled input gives the
//! same plan; no value of a secret and no fingerprint phrase is in it.

mod build;
mod change;
mod collections;
mod contents;
mod copies;
mod finding;
mod items;
mod ledger;
mod listed;
mod marker;
mod members;
mod observed;
mod people;
mod place;
mod planning;
mod print;
mod removed;
mod slots;
mod unlisted;

pub use build::{Input, Policy, build};
pub use change::{Change, Person, SocietyPlan, Source, VaultPlan, Work};
pub use contents::{Content, Contents, Opening};
pub use finding::{Finding, PasswordStanding, Standing};
pub use ledger::{Granted, Invitation, Ledger, Left, MemberLedger, SocietyLedger};
pub use marker::{CollectionMarker, MARKER_FIELD, Marker};
pub use observed::{
    MemberStatus, ObservedCollection, ObservedContent, ObservedItem, ObservedKey, ObservedMember,
    ObservedPolicies, ObservedSociety, ObservedVault,
};
pub use place::{Applied, Fingerprint, FingerprintKey, Origin, Place, PlaceError, Slot};
pub use print::{line, text};
