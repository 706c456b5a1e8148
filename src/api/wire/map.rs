//! The map of the fleet.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// All unions at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FleetMap {
    /// The first letter of the state of each union (`t`ombstone, `s`uspended, `f`ailed, `h`eld, `a`waiting-approval,
    /// `i`n-progress, `c`urrent), in the order of their names.
    pub states: String,
    /// Of their names: another one as soon as a union comes or goes.
    pub version: String,
    /// How many unions there are.
    pub total: u64,
}

/// Whose letters some of the map's are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MapNames {
    /// Names, in the order of the map.
    pub names: Vec<String>,
    /// Of all names: with another one than the map's, the map is asked anew.
    pub version: String,
}
