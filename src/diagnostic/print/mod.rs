//! The printers of diagnostics: one value, several forms. Nobody else formats one.
//!
//! Their places: [`text()`] for people, [`line()`] for logs and editors, [`json()`] for programs, [`sarif()`] for code
//! scanning, [`github()`] for annotations of pull requests; [`explanation`] tells what a code means. Every printer keeps
//! untrusted text from playing with who reads it; the text printer masks what could be a secret in excerpts.

mod excerpt;
pub mod explanation;
mod github;
mod json;
mod line;
mod paint;
mod sarif;
mod summary;
mod text;

pub use excerpt::Sources;
pub use github::github;
pub use json::{Standing, json};
pub use line::line;
pub use paint::Paint;
pub use sarif::sarif;
pub use summary::{Hold, summary};
pub use text::text;
