//! Whether what stands in a union's namespace can be judged and written now: its applier has to be let in first.
//!
//! Apart from what is judged, since who looks asks it too: nothing is dry-run by who may not write. What is shut is
//! opened by one plan, and all else follows with the next look.

use super::drift;
use super::observed::{Live, Observed};
use crate::desired::{DesiredState, applier_ids};

/// Whether the namespace is there and its applier cannot act in it: it or a binding is missing, was changed, or the
/// server is emptying the namespace. Where the namespace is absent nothing is shut: one plan makes all of it.
pub fn is_shut(desired: &DesiredState, observed: &Observed) -> bool {
    let namespace = desired.union.namespace();
    let found = observed.resources.iter().find(|(id, _)| id.kind == "Namespace" && id.name == namespace);
    match found {
        Some((_, Live::Absent)) => false,
        Some((_, Live::Present(present))) if present.terminating => true,
        _ => !applier_ids(&desired.union).iter().all(|id| observed.resources.get(id).is_some_and(lets_in)),
    }
}

/// Whether it is there as it is wanted, or as it was left where it is not wanted any more.
fn lets_in(live: &Live) -> bool {
    match live {
        Live::Absent => false,
        Live::Verified { .. } => true,
        Live::Present(present) => {
            !present.terminating
                && match &present.dry_run {
                    None => true,
                    Some(Ok(after)) => drift(&present.live, after, &present.managed_fields, &[]).is_none(),
                    Some(Err(_)) => false,
                }
        }
    }
}
