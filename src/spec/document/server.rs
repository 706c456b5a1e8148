//! `Union.spec.vaultwarden`: the server and what it is told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SecretRef;
use crate::duration::Period;
use crate::names::Email;
use crate::network::{Authority, Host};
use crate::spec::image::ImageReference;

/// `Union.spec.vaultwarden`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VaultWarden {
    /// Repository, tag, optional digest.
    pub image: ImageReference,
    /// Who may register.
    #[serde(default)]
    pub signups: Signups,
    /// What an invitation is worth.
    #[serde(default)]
    pub invitations: Invitations,
    /// How mail is sent; absent: it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smtp: Option<Smtp>,
    /// Log-in by an OpenID Connect provider; absent: by master password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sso: Option<Sso>,
    /// News for mobile apps by Bitwarden's relay; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<Push>,
    /// Further settings of VaultWarden by their names, from an allow-list.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
}

/// `Union.spec.vaultwarden.signups`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Signups {
    /// Whether people may register without an invitation.
    pub allowed: bool,
    /// Of which mail domains; empty: of any. Only where it is allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<Host>,
}

/// `Union.spec.vaultwarden.invitations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Invitations {
    /// After how long an invitation is void; the server counts in hours.
    pub expire: Period,
}

impl Default for Invitations {
    fn default() -> Self {
        Self { expire: Period::days(5) }
    }
}

/// `Union.spec.vaultwarden.smtp`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Smtp {
    /// The mail server.
    pub host: Host,
    /// Its port.
    #[serde(default = "submission")]
    pub port: u16,
    /// How the connection is protected.
    #[serde(default)]
    pub security: Security,
    /// The sender's address.
    pub from: Email,
    /// The sender's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_name: Option<String>,
    /// Who sends; absent: nobody in particular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Credentials>,
}

fn submission() -> u16 {
    587
}

/// `Union.spec.vaultwarden.smtp.security`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Security {
    /// Plain at first, then TLS.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// No protection.
    Off,
}

/// `Union.spec.vaultwarden.smtp.credentials`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Credentials {
    /// Keys `username` and `password`.
    pub secret_ref: SecretRef,
}

/// `Union.spec.vaultwarden.sso`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sso {
    /// The provider.
    pub authority: Authority,
    /// The server's name there.
    pub client_id: String,
    /// Key `clientSecret`.
    pub secret_ref: SecretRef,
    /// Whether there is no other way to log in.
    #[serde(default)]
    pub only: bool,
    /// What the provider is asked for beside `openid`.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// Whether an account that has the address already is taken for theirs.
    #[serde(default = "yes")]
    pub match_email: bool,
}

fn scopes() -> Vec<String> {
    ["email", "profile"].map(str::to_owned).into()
}

fn yes() -> bool {
    true
}

/// `Union.spec.vaultwarden.push`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Push {
    /// Keys `installationId` and `installationKey`.
    pub secret_ref: SecretRef,
    /// Where the installation was registered.
    #[serde(default)]
    pub region: Region,
}

/// `Union.spec.vaultwarden.push.region`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Region {
    /// bitwarden.com.
    #[default]
    Us,
    /// bitwarden.eu.
    Eu,
}
