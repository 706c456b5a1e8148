//! The config language: from bytes of a snapshot to checked documents and diagnostics.
//!
//! ```text
//! Snapshot ─yaml→ tree with places ─schema→ known fields ─document→ typed values ─check→ meaning
//!     each arrow adds diagnostics and goes on with what is sound; nothing here gives up or reads anything
//! ```
//!
//! Invariants: no file, no clock, no network; the same bytes give the same answer. An error in one union says
//! nothing about another. Values of passwords never reach a message.

mod check;
mod claims;
mod directory;
mod document;
mod fields;
mod finding;
mod image;
mod keyforge;
mod load;
mod merge;
mod node;
mod places;
mod quantity;
mod readers;
mod renames;
mod scalar;
mod schema;
mod sealed;
mod snapshot;
mod syntax;
mod unread;
mod yaml;

pub use check::sealed::{check_sealed, unheld_recipients};
pub use check::society::check_societies;
pub use check::succession::check_succession;
pub use claims::{Claim, Claims, check_claims};
pub use document::*;
pub use fields::{Field as FieldInForce, fields};
pub use image::{ImageError, ImageReference};
pub use keyforge::{Keyforge, Policy, check_directories, input_digest, load_keyforge};
pub use load::{Candidate, Loaded, load, load_union};
pub use quantity::{Quantity, QuantityError};
pub use readers::{Listing, Reader, Shared};
pub use schema::{Kind, Schemas, bundled, compiler, nearest};
pub use sealed::{SealedField, SealedValue, WrittenPassword, sealed_fields, written_passwords};
pub use snapshot::{File, Snapshot, UnionTree};
pub use unread::{
    MAX_FILE_BYTES, MAX_UNION_BYTES, MAX_UNION_DEPTH, MAX_UNION_FILES, MAX_UNIONS, Unread, misplaced,
};

/// The most bytes of one text of a password: VaultWarden refuses notes whose encrypted form has more than 10,000 characters,
/// and nobody needs longer ones elsewhere.
pub const LONGEST: usize = 7400;

/// The path of the document that holds for all unions.
pub const KEYFORGE: &str = "keyforge.yaml";
