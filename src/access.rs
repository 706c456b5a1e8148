//! Who asks, and what they may see: the words of it, decided elsewhere.
//!
//! Separate from how somebody proves who they are, so that what is shown depends on nothing else. Invariant: who may act sees
//! everything, and only a viewer can be limited.

use std::collections::BTreeSet;

use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::digest::Digest;
use crate::names::UnionName;
use crate::redacted::Redacted;

/// Somebody who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// For the log: `key grafana`.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// What says that it is them.
    pub by: KnownBy,
}

/// What says who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownBy {
    /// Nothing: nobody has to say it, or nobody did.
    Nothing,
    /// An API key.
    Key,
    /// A token of the identity provider.
    Token,
    /// The session of a browser.
    Session,
}

/// What somebody may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Sees and does everything.
    Operator,
    /// Sees.
    Viewer(Sight),
}

/// Which unions somebody sees. Of the others neither name nor number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// All, also those to come.
    All,
    /// These, perhaps none.
    Only(BTreeSet<UnionName>),
}

impl Caller {
    /// Which unions they see.
    pub fn sight(&self) -> &Sight {
        match &self.role {
            Role::Operator => &Sight::All,
            Role::Viewer(sight) => sight,
        }
    }
}

impl Sight {
    /// Whether this union is one of them.
    pub fn sees(&self, union: &UnionName) -> bool {
        match self {
            Self::All => true,
            Self::Only(unions) => unions.contains(union),
        }
    }

    /// Whether nothing is hidden.
    pub fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// The names, for a query; none: all.
    pub fn names(&self) -> Option<Vec<String>> {
        match self {
            Self::All => None,
            Self::Only(unions) => Some(unions.iter().map(ToString::to_string).collect()),
        }
    }

    /// What either of both sees.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(mut unions), Self::Only(more)) => {
                unions.extend(more);
                Self::Only(unions)
            }
            _ => Self::All,
        }
    }
}

/// What every API key begins with, so that scanners for secrets know one.
const BEGINNING: &str = "kf_";

/// Digits of a key after its beginning: 256 bits.
const DIGITS: usize = 64;

/// An API key. Only its digest is kept.
pub struct ApiKey(Redacted<String>);

impl ApiKey {
    /// A new one.
    pub fn draw() -> Self {
        Self(Redacted::new(format!("{BEGINNING}{}", *digits())))
    }

    /// What somebody sent, if it has the form of a key.
    pub fn parse(text: &str) -> Option<Self> {
        let sound = are_digits(text.strip_prefix(BEGINNING)?);
        sound.then(|| Self(Redacted::new(text.to_owned())))
    }

    /// The key itself, for the one who gets it.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is kept of it. A plain digest will do: nobody finds 256 random bits by trying, however fast that is, and a slow
    /// one would let strangers keep us busy.
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.expose())
    }
}

/// What a browser is given, so that it is known again. Only its digest is kept.
pub struct Ticket(Redacted<String>);

impl Ticket {
    /// A new one.
    pub fn draw() -> Self {
        Self(Redacted::new(digits().to_string()))
    }

    /// What a browser sent, if it has the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        are_digits(text).then(|| Self(Redacted::new(text.to_owned())))
    }

    /// The ticket itself, for the browser that gets it.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is kept of it, as of a key.
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.expose())
    }
}

/// 256 random bits.
fn digits() -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; DIGITS / 2]);
    rand::fill(&mut *bytes).expect("the operating system has randomness");
    Zeroizing::new(hex::encode(*bytes))
}

fn are_digits(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(names: &[&str]) -> Sight {
        Sight::Only(names.iter().map(|name| name.parse().expect("a name")).collect())
    }

    #[test]
    fn two_sights_show_what_either_does() {
        assert_eq!(only(&["acme"]).and(only(&["birch"])), only(&["acme", "birch"]));
        assert_eq!(only(&["acme"]).and(Sight::All), Sight::All);
        assert!(!only(&[]).sees(&"acme".parse().expect("a name")));
        assert_eq!(only(&[]).names(), Some(Vec::new()), "none, which is not all");
    }

    #[test]
    fn a_key_is_found_again_by_its_text_and_by_nothing_like_it() {
        let key = ApiKey::draw();
        let text = key.expose().to_owned();
        assert_eq!(ApiKey::parse(&text).map(|key| key.digest()), Some(key.digest()));
        assert_ne!(ApiKey::draw().digest(), key.digest());
        let shouted = format!("kf_{}", text[3..].to_uppercase().replace(|c: char| c.is_ascii_digit(), "A"));
        for other in ["", "kf_", &text[3..], &text[..66], &format!("{text}0"), &shouted] {
            assert!(ApiKey::parse(other).is_none(), "{other}");
        }
    }
}
