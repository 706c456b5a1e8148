//! A word that knows an adapter.
use crate::git::Mirror;
