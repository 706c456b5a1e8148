//! A room that nobody can name.
