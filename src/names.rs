//! Names that people choose, parsed once: unions, societies and what is in them, objects, addresses.
//!
//! They become parts of Kubernetes names, paths and labels, so their form is checked here and nowhere else.
//! Invariant: a value of these types is well-formed; there is no other way to make one than to parse it.

use std::fmt;
use std::str::FromStr;

use serde_with::{DeserializeFromStr, SerializeDisplay};

use crate::diagnostic::first_invisible;

/// Why a text is not a name. The words are for people who wrote the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was written.
    #[error("a name has at least one character")]
    Empty,
    /// Longer than Kubernetes allows for what is made of it.
    #[error("a name has at most {max} characters, this one has {found}")]
    TooLong {
        /// The most that is allowed.
        max: usize,
        /// What was found.
        found: usize,
    },
    /// A character outside of `a-z`, `0-9`, `-`.
    #[error("a name has only `a` to `z`, `0` to `9` and `-`, not `{found}`")]
    Character {
        /// The first one that is not allowed.
        found: char,
    },
    /// A hyphen at the start or the end.
    #[error("a name starts and ends with a letter or a digit")]
    Edge,
    /// Not the name of a Kubernetes object.
    #[error(
        "the name of an object has `a` to `z`, `0` to `9`, `-` and `.`, the first and last a letter or digit"
    )]
    Object,
    /// Not the class of a load balancer.
    #[error("the class of a load balancer looks like `public` or `service.k8s.aws/nlb`")]
    Class,
    /// Not a key of a Secret.
    #[error("a key of a Secret has letters, digits, `-`, `_` and `.`")]
    Key,
    /// Blanks at the ends of a line.
    #[error("a name neither starts nor ends with a blank")]
    Blank,
    /// A character that nobody sees, or the end of a line.
    #[error("a name is one line of visible text, without U+{:04X}", u32::from(*found))]
    Invisible {
        /// The first one.
        found: char,
    },
    /// An address without exactly one `@` between two non-empty parts, or with characters that no mailbox has.
    #[error("an address has the form `name@host`")]
    Address,
}

/// A DNS label (RFC 1123) of at most `max` characters.
fn label(text: &str, max: usize) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if let Some(found) = text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-')) {
        return Err(NameError::Character { found });
    }
    if text.len() > max {
        return Err(NameError::TooLong { max, found: text.len() });
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Err(NameError::Edge);
    }
    Ok(())
}

/// A mailbox as far as a program can tell without sending to it: printable, one `@`, a host with a dot or `localhost`.
fn address(text: &str) -> Result<(), NameError> {
    let (name, host) = text.rsplit_once('@').ok_or(NameError::Address)?;
    let printable = text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | ',' | ';'));
    let known_host =
        host == "localhost" || (host.contains('.') && !host.starts_with('.') && !host.ends_with('.'));
    if name.is_empty() || name.contains('@') || !printable || !known_host || text.len() > 254 {
        return Err(NameError::Address);
    }
    Ok(())
}

/// A DNS subdomain (RFC 1123), as Kubernetes names most objects.
fn object(text: &str) -> Result<(), NameError> {
    let part = |part: &str| label(part, 253).is_ok();
    if text.len() <= 253 && text.split('.').all(part) { Ok(()) } else { Err(NameError::Object) }
}

/// A qualified name: perhaps a DNS subdomain and `/`, then what a label's value may be.
fn class(text: &str) -> Result<(), NameError> {
    let (domain, name) = text.split_once('/').map_or((None, text), |(domain, name)| (Some(domain), name));
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let edge = |c: char| c.is_ascii_alphanumeric();
    let sound = (1..=63).contains(&name.len())
        && name.chars().all(inner)
        && name.starts_with(edge)
        && name.ends_with(edge)
        && domain.is_none_or(|domain| object(domain).is_ok());
    if sound { Ok(()) } else { Err(NameError::Class) }
}

fn line(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.trim() != text {
        return Err(NameError::Blank);
    }
    first_invisible(text).map_or(Ok(()), |found| Err(NameError::Invisible { found }))
}

fn key(text: &str) -> Result<(), NameError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let sound = (1..=253).contains(&text.len()) && text.chars().all(plain) && text != "." && text != "..";
    if sound { Ok(()) } else { Err(NameError::Key) }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, DeserializeFromStr, SerializeDisplay)]
        pub struct $type(Box<str>);

        impl $type {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> Result<(), NameError> = $check;
                check(text)?;
                Ok(Self(text.into()))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

name! {
    /// The name of a union: a DNS label of at most 50 characters, since `union-<name>` is a namespace
    /// and prefixes of ours come before it in other Kubernetes names.
    UnionName, |text| label(text, 50)
}

name! {
    /// What people read: one line of visible text, without blanks at its ends.
    Line, line
}

name! {
    /// The name of a society: a DNS label of at most 63 characters.
    SocietyName, |text| label(text, 63)
}

name! {
    /// The name of a collection of a society: a DNS label of at most 63 characters.
    CollectionName, |text| label(text, 63)
}

name! {
    /// The name of a password of a society: a DNS label of at most 63 characters.
    PasswordName, |text| label(text, 63)
}

name! {
    /// The name of a Kubernetes object that a document refers to.
    ObjectName, object
}

name! {
    /// The class of a load balancer.
    LoadBalancerClass, class
}

name! {
    /// A key of a Kubernetes Secret.
    SecretKey, key
}

name! {
    /// The name of an installation of Keyforge, a label on everything that it owns (decisions.md 1.7).
    InstallationId, |text| label(text, 63)
}

name! {
    /// A mail address.
    Email, address
}

impl UnionName {
    /// The Kubernetes namespace of this union.
    pub fn namespace(&self) -> String {
        format!("union-{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_union_name_is_a_short_dns_label() {
        assert_eq!("acme".parse::<UnionName>().map(|n| n.namespace()), Ok("union-acme".into()));
        assert_eq!("".parse::<UnionName>(), Err(NameError::Empty));
        assert_eq!("Acme".parse::<UnionName>(), Err(NameError::Character { found: 'A' }));
        assert_eq!("-acme".parse::<UnionName>(), Err(NameError::Edge));
        assert_eq!("a".repeat(51).parse::<UnionName>(), Err(NameError::TooLong { max: 50, found: 51 }));
        assert!("a".repeat(63).parse::<SocietyName>().is_ok());
    }

    #[test]
    fn the_class_of_a_load_balancer_may_have_a_domain() {
        for class in ["public", "service.k8s.aws/nlb", "example.org/Internal_vip.1"] {
            assert!(class.parse::<LoadBalancerClass>().is_ok(), "{class}");
        }
        for wrong in ["", "a/b/c", "/nlb", "aws/", "-a", "A_b.example/nlb", "a b"] {
            assert_eq!(wrong.parse::<LoadBalancerClass>(), Err(NameError::Class), "{wrong}");
        }
    }

    #[test]
    fn an_address_has_one_mailbox_and_one_host() {
        assert!("it@acme.example".parse::<Email>().is_ok());
        for wrong in [
            "it",
            "@acme.example",
            "it@",
            "it@acme",
            "a b@acme.example",
            "a@b@acme.example",
            "ü@acme.example",
        ] {
            assert_eq!(wrong.parse::<Email>(), Err(NameError::Address), "{wrong}");
        }
    }
}
