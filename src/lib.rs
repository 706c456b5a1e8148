//! Keyforge.
