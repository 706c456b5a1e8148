//! A language that knows the planner and reads files.
use std::fs;
use crate::plan::Plan;
