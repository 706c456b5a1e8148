//! `Keyforge.spec`: what holds for all unions, beside the defaults (`spec::Keyforge` has those with their places).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_with::{DeserializeFromStr, SerializeDisplay};

use super::SecretKeyRef;
use super::ignore::IgnoreRule;
use super::limits::Limits;
use super::policy::{Guards, Signatures};
use crate::names::{Email, UnionName};
use crate::outcome::NoticeEvent;
use crate::seal::Recipient;

/// `Keyforge.spec` without its defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeyforgeSpec {
    /// Limits on what one revision may destroy.
    pub guards: Guards,
    /// What a union's document may ask for.
    pub limits: Limits,
    /// How a change of many unions spreads; absent: all at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// People in a society whom no document lists.
    pub unlisted_members: UnlistedMembers,
    /// What the leaving of a member changes.
    pub members_leaving: MembersLeaving,
    /// Absent: signatures are not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signatures: Option<Signatures>,
    /// For whom values are sealed.
    pub sealing: Sealing,
    /// Who sees what, beside the operators.
    pub access: Vec<Access>,
    /// Who is told what.
    pub notifications: Vec<Notification>,
    /// Fields of our objects that others may set.
    pub ignore: Vec<IgnoreRule>,
}

/// `Keyforge.spec.rollout`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Rollout {
    /// The first to change.
    pub canary: Vec<UnionName>,
    /// How many have changed after each wave.
    pub waves: Vec<Percent>,
    /// What ends it early.
    pub stop_on: StopOn,
}

impl Default for Rollout {
    fn default() -> Self {
        Self { canary: Vec::new(), waves: vec![Percent(100)], stop_on: StopOn::Failed }
    }
}

/// `rollout.stopOn`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StopOn {
    /// One union that fails.
    Failed,
    /// Nothing.
    Never,
}

/// A share, written `10%`: 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, DeserializeFromStr, SerializeDisplay)]
pub struct Percent(u8);

/// The text is no share.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a share is a whole number from 1 to 100 with `%`, such as `10%`")]
pub struct PercentError;

impl Percent {
    /// From 1 to 100.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl FromStr for Percent {
    type Err = PercentError;

    fn from_str(text: &str) -> Result<Self, PercentError> {
        let digits = text.strip_suffix('%').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        let number = digits.and_then(|digits| digits.parse().ok()).filter(|n| (1..=100).contains(n));
        number.map(Self).ok_or(PercentError)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

/// `Keyforge.spec.unlistedMembers`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UnlistedMembers {
    /// They are a finding.
    #[default]
    Report,
    /// They lose their access.
    Revoke,
}

/// `Keyforge.spec.membersLeaving`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct MembersLeaving {
    /// Whether generated passwords that they could read are made anew; else they are a finding.
    pub rotate: bool,
}

/// `Keyforge.spec.sealing`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Sealing {
    /// Public keys of age.
    pub recipients: Vec<Recipient>,
}

/// One of `Keyforge.spec.access`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Access {
    /// Who.
    pub who: Who,
    /// What they may do.
    pub role: AccessRole,
    /// With which unions.
    #[serde(default)]
    pub unions: UnionSelector,
}

/// `access[].who`: one of three.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Who {
    /// A group of the identity provider.
    Group(String),
    /// A verified address.
    Email(Email),
    /// An API key by its name.
    ApiKey(String),
}

/// `access[].role`. Operators are named outside of Git.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AccessRole {
    /// Sees.
    Viewer,
}

/// All unions (`["*"]`), or those that are named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum UnionSelector {
    /// All, also those to come.
    #[default]
    All,
    /// These.
    Named(Vec<UnionName>),
}

impl UnionSelector {
    /// Whether the union is one of them.
    pub fn selects(&self, union: &UnionName) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(union),
        }
    }
}

impl Serialize for UnionSelector {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => ["*"].serialize(to),
            Self::Named(names) => names.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for UnionSelector {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let names = <Vec<String>>::deserialize(from)?;
        if names.iter().any(|name| name == "*") {
            return Ok(Self::All);
        }
        let parsed: Result<_, _> = names.iter().map(|name| name.parse()).collect();
        parsed.map(Self::Named).map_err(serde::de::Error::custom)
    }
}

/// One of `Keyforge.spec.notifications`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Notification {
    /// How they are told.
    pub kind: NotificationKind,
    /// The URL to tell them at: a Secret in the daemon's namespace.
    pub secret_ref: SecretKeyRef,
    /// Whom, where `kind` is `email`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Email>,
    /// What.
    pub events: Vec<NoticeEvent>,
    /// Of which unions.
    #[serde(default)]
    pub unions: UnionSelector,
}

/// `notifications[].kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NotificationKind {
    /// An incoming webhook of Slack.
    Slack,
    /// One of Teams.
    Teams,
    /// JSON to a URL.
    Webhook,
    /// Alerts of Alertmanager.
    Alertmanager,
    /// Mail; the URL is `smtp://…`.
    Email,
}

impl NotificationKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Slack, Self::Teams, Self::Webhook, Self::Alertmanager, Self::Email];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Teams => "teams",
            Self::Webhook => "webhook",
            Self::Alertmanager => "alertmanager",
            Self::Email => "email",
        }
    }
}
