//! The config language: from bytes of a snapshot to checked documents and diagnostics.
//!
//! ```text
//! Snapshot ─yaml→ tree with places ─schema→ known fields ─document→ typed values ─check→ meaning
//!     each arrow adds diagnostics and goes on with what is sound; nothing here gives up or reads anything
//! ```
//!
//! Invariants: no file, no clock, no network; the same bytes give the same answer. An error in one union says
//! nothing about another. Values of passwords never reach a message.

mod document;
mod snapshot;
mod unread;

pub use document::{
    Deletion, DeletionPolicy, Expose, Guards, ImageReference, Keyforge, Member, Metadata, Quantity,
    Resources, Role, Rotation, Signups, Society, Storage, Tls, Union, UnionSpec, VaultWarden,
};
pub use snapshot::{File, Snapshot, UnionTree};
pub use unread::{MAX_FILE_BYTES, MAX_UNION_FILES, MAX_UNIONS, Unread, misplaced};

/// The path of the document that holds for all unions.
pub const KEYFORGE: &str = "keyforge.yaml";
