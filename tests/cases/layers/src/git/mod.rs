//! An adapter that calls its sibling.
use crate::cluster::Cluster;
