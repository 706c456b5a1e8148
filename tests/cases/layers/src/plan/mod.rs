//! A planner that looks at the world. `crate::api` in a comment is no harm.
use crate::ids::ResourceId;
use crate::{
    desired::DesiredState,
    store::{Store, names},
};

fn now() -> std::time::SystemTime {
    std::time::SystemTime::now()
}
