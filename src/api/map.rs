//! The map of the fleet: a letter for each union, and whose it is.
//!
//! Letters change with every state and are small; names are many, change seldom, and are asked for where somebody points.

use super::query::{Number, Parameter, Query};
use super::{View, problem::Problem, wire};

/// What names can be asked for.
pub(super) const NAME_PARAMETERS: &[Parameter] = &[PAGE.parameter(), NAMES.parameter()];

/// How many names a page has.
const NAMES: Number =
    Number { about: "How many names a page has.", default: 500, most: 1_000, ..Number::LIMIT };

/// Which page of them.
const PAGE: Number = Number {
    name: "page",
    about: "Which page: the first has the names of the first letters.",
    default: 1,
    most: 10_000,
};

/// A letter for each union.
pub(super) async fn one(view: View, (): (), _: Query) -> Result<wire::FleetMap, Problem> {
    let map = view.store.map().await?;
    Ok(wire::FleetMap { total: map.states.len() as u64, states: map.states, version: map.version })
}

/// Whose letters these are.
pub(super) async fn names(view: View, (): (), query: Query) -> Result<wire::MapNames, Problem> {
    let (page, limit) = (query.number(PAGE)?, query.number(NAMES)?);
    let found = view.store.map_names((page - 1) * limit, limit).await?;
    Ok(wire::MapNames {
        names: found.names.iter().map(ToString::to_string).collect(),
        version: found.version,
    })
}
