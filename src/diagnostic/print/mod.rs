//! The printers of diagnostics: one value, several forms. Nobody else formats one.
//!
//! Their places: [`text()`] for people, [`line()`] for logs and editors, [`json()`] for programs. Every printer keeps
//! untrusted text from playing with the terminal; the text printer masks what could be a secret in excerpts.

mod json;
mod line;
mod summary;
mod text;

pub use json::{Standing, json};
pub use line::line;
pub use summary::{Hold, summary};
pub use text::{Sources, text};
