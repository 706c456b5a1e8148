//! Settings: what the process is told at its start, each declared once by the module that it belongs to.
//!
//! A flag, a variable `KEYFORGE_<NAME>` and a key of `keyforge.toml`, in that order. Secrets come from files or the
//! environment only. Invariant: no other module reads the environment.

mod file;
mod listen;

pub use file::{DEFAULT_FILE, FileError, with_file};
pub use listen::{Listen, ListenError};
