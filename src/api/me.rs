//! Who asks, as they are known here.

use super::query::Query;
use super::{View, problem::Problem, wire};
use crate::access::{KnownBy, Role};

/// The caller.
pub(super) async fn one(view: View, (): (), _: Query) -> Result<wire::Me, Problem> {
    let caller = view.caller;
    Ok(wire::Me {
        unions: caller.sight().names(),
        role: match caller.role {
            Role::Operator => wire::CallerRole::Operator,
            Role::Viewer(_) => wire::CallerRole::Viewer,
        },
        by: match caller.by {
            KnownBy::Nothing => wire::KnownBy::Nothing,
            KnownBy::Key => wire::KnownBy::Key,
            KnownBy::Token => wire::KnownBy::Token,
            KnownBy::Session => wire::KnownBy::Session,
        },
        name: caller.name,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}
