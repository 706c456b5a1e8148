//! The last lines: what is held, and that the others go on.

use super::super::mask;
use crate::revision::Revision;

/// A union that stays at its last accepted state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold<'a> {
    /// Its name, or that of its directory.
    pub union: &'a str,
    /// How many errors hold it; none of its own: `keyforge.yaml` holds it.
    pub errors: usize,
    /// What it stays at, where that is known.
    pub stays_at: Option<&'a Revision>,
}

/// One line per hold, then what goes on.
pub fn summary(holds: &[Hold<'_>], others: usize) -> String {
    let mut out = String::new();
    for Hold { union, errors, stays_at } in holds {
        let union = mask::visible(union);
        let why = match errors {
            0 => "keyforge.yaml".to_owned(),
            1 => "1 error".to_owned(),
            errors => format!("{errors} errors"),
        };
        out.push_str(&format!("held: {union} ({why})"));
        if let Some(revision) = stays_at {
            out.push_str(&format!(" stays at {revision}"));
        }
        out.push('\n');
    }
    match (holds.is_empty(), others) {
        (true, 0) => out.push_str("no unions\n"),
        (true, 1) => out.push_str("1 union is accepted\n"),
        (true, others) => out.push_str(&format!("{others} unions are accepted\n")),
        (false, 0) => out.push_str("no other unions\n"),
        (false, 1) => out.push_str("1 other union goes on\n"),
        (false, others) => out.push_str(&format!("{others} other unions go on\n")),
    }
    out
}
