//! Unions whose directory is gone: how many may go in a day, and never the last one unseen.

use std::collections::BTreeSet;

use super::{Destructive, Guard, GuardKind};
use crate::digest::Digest;
use crate::names::UnionName;

/// Unions that would be removed by one revision.
#[derive(Debug)]
pub struct Removals<'a> {
    /// Which, of those that run.
    pub gone: BTreeSet<&'a UnionName>,
    /// Whether any union is left to go on with.
    pub any_left: bool,
    /// Those that were removed in the last 24 hours without an approval.
    pub lately: &'a BTreeSet<UnionName>,
    /// `guards.unionsRemovedPerRevision`.
    pub budget: u32,
    /// What waits already: neither time nor smaller steps let it through.
    pub waiting: &'a BTreeSet<Digest>,
}

/// A guard for each removal that has to wait.
pub fn of_removals(removals: &Removals<'_>) -> Vec<Guard> {
    let Removals { gone, any_left, lately, budget, waiting } = removals;
    let all = gone.iter().copied().chain(lately.iter()).collect::<BTreeSet<_>>().len();
    let over = all > *budget as usize;
    let why = if !any_left {
        "it is removed, and no union is left in the config repo".to_owned()
    } else {
        let others = if all > gone.len() { " within 24 hours" } else { " at once" };
        format!(
            "it is removed, {all} unions{others}; `guards.unionsRemovedPerRevision` allows {budget} in 24 hours"
        )
    };
    let guard = |name: &&UnionName| {
        Guard::new(GuardKind::UnionRemoved, Some(name), vec![Destructive::Union {}], why.clone())
    };
    gone.iter()
        .filter_map(guard)
        .filter(|guard| over || !any_left || waiting.contains(&guard.digest))
        .collect()
}
