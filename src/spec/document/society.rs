//! `Society.spec`: people, collections, passwords.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_with::DeserializeFromStr;

use super::password::Password;
use super::union::Deletion;
use crate::names::{CollectionName, Email, SocietyName};

/// The collection of passwords that name none; it also marks the society.
pub const GENERAL: &str = "general";

/// `Society.spec`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Society {
    /// Shown to people; unique within a union.
    pub display_name: String,
    /// Whom to tell.
    #[serde(default)]
    pub contacts: Vec<Email>,
    /// Named sets of its passwords; `general` is there without being named.
    #[serde(default)]
    pub collections: Vec<Collection>,
    /// The people of the society, each once.
    #[serde(default)]
    pub members: Vec<Member>,
    /// What is shared.
    #[serde(default)]
    pub passwords: Vec<Password>,
    /// Rules that VaultWarden's clients hold.
    #[serde(default)]
    pub policies: Policies,
    /// What happens to it and its members when they are removed; absent: as the union says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Deletion>,
    /// The name that this society had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<SocietyName>,
}

/// A named set of passwords.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Collection {
    /// By which members and passwords refer to it.
    pub name: CollectionName,
    /// Shown in VaultWarden; absent: the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The name that this collection had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<CollectionName>,
}

impl Collection {
    /// As VaultWarden shows it.
    pub fn shown(&self) -> &str {
        self.title.as_deref().unwrap_or(self.name.as_str())
    }
}

/// One member of a society.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Member {
    /// Their address.
    pub email: Email,
    /// What they may do.
    pub role: Role,
    /// Which collections they see; owners and admins see all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collections: Vec<CollectionAccess>,
    /// How their account is recognised where no mail proves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<Confirm>,
    /// The last day of membership: revoked at 00:00 UTC of the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
}

/// The role of a member in a society.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Everything, also removing the society.
    Owner,
    /// Everything but that.
    Admin,
    /// Manages collections given to them.
    Manager,
    /// Uses what is given to them.
    Member,
}

/// A collection that a member sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CollectionAccess {
    /// Which.
    pub name: CollectionName,
    /// What they may do in it.
    pub access: CollectionRight,
}

/// What a member may do in a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CollectionRight {
    /// See its passwords.
    Read,
    /// Use them without seeing their values. Advice to clients: the server still sends the values.
    ReadHidden,
    /// Change them.
    Write,
    /// Also decide who sees them.
    Manage,
}

/// How an account is recognised before it is given keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Confirm {
    /// The fingerprint phrase that the person read out of their client.
    pub fingerprint: Fingerprint,
}

/// The fingerprint phrase of an account: words of a list, joined by `-`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, DeserializeFromStr)]
#[serde(transparent)]
pub struct Fingerprint(Box<str>);

/// The text is no fingerprint phrase.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a fingerprint phrase has five lower-case words joined by `-`, such as `lively-otter-cabin-dust-maple`"
)]
pub struct FingerprintError;

impl Fingerprint {
    /// The phrase.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        // Some words of the list have a hyphen themselves (`drop-down`).
        let sound = (5..=10).contains(&text.split('-').count())
            && text
                .split('-')
                .all(|w| (1..=20).contains(&w.len()) && w.bytes().all(|b| b.is_ascii_lowercase()));
        if sound { Ok(Self(text.into())) } else { Err(FingerprintError) }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `Society.spec.policies`: VaultWarden's organization policies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Policies {
    /// Members need two factors; those without are revoked by the server.
    pub two_factor: bool,
    /// What the clients' generator makes; absent: what people choose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_generator: Option<PasswordGenerator>,
}

/// `Society.spec.policies.passwordGenerator`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasswordGenerator {
    /// The fewest characters.
    pub min_length: u32,
}
