//! Whatever the documents of a repository hold, loading them keeps what `tests/diagnostics/invariants.rs` says.
//!
//! Separate from the property tests over the same invariants: here coverage leads the way, for as long as one likes.

#![no_main]

#[path = "../tests/diagnostics/invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|input: &[u8]| invariants::hold(input));
