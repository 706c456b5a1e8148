//! Surfaces may name everything below, and no room that is not there.
use crate::{git::Mirror, helpers::x, reconcile::accept};
