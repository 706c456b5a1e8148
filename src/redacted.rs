//! Values that must never be shown.
//!
//! Invariant of absence: `Redacted` has no `Debug`, no `Display`, no `Serialize`, no `Deref` and no `PartialEq`,
//! so no log line, error, plan or answer can hold its content by accident. Whoever needs the value says
//! `expose`, which is easy to search for.

use zeroize::Zeroize;

/// A secret value, wiped from memory when it goes.
pub struct Redacted<T: Zeroize>(T);

impl<T: Zeroize> Redacted<T> {
    /// Takes a value in.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Lends the value to the one place that must have it: a wire, a cipher, a key derivation.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> From<T> for Redacted<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Zeroize + Clone> Clone for Redacted<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Zeroize> Drop for Redacted<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
