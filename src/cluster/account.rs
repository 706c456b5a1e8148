//! Our account inside of a union's server, as the controller's Secret keeps it. `vaultwarden` makes and reads the values.
//!
//! Several replicas keep it, one at a time, and each holds what it read. Invariant: what is written replaces the very version
//! that its writer had read. Whoever missed another one's write is refused: a password that works is never lost to an older one.

use std::collections::BTreeMap;

use super::credentials::{TOKEN, bytes, encoded, text};
use super::error::{Error, Verb};
use super::{Cluster, seen};
use crate::ids::Uid;
use crate::names::UnionName;
use crate::redacted::Redacted;

/// The names of its fields begin with it.
const ACCOUNT: &str = "account-";

/// What opens a union's server.
pub struct KeptAccount {
    /// The token for its admin interface.
    pub admin_token: Redacted<String>,
    /// What is kept of our account, by the names of its fields; empty: nothing yet.
    pub fields: BTreeMap<String, Redacted<Vec<u8>>>,
    /// Where this was read.
    pub at: SecretVersion,
}

/// One version of one Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretVersion {
    /// Which Secret it is, whatever its name.
    pub uid: Uid,
    /// Which version of it.
    pub version: Box<str>,
}

impl SecretVersion {
    fn of(secret: &serde_json::Value) -> Self {
        let seen::Seen { uid, version, .. } = seen::Seen::of(&seen::meta(secret));
        Self { uid, version }
    }
}

impl Cluster {
    /// What opens a union's server, as it is kept now.
    ///
    /// # Errors
    /// [`Error::NotFound`] before the union has credentials.
    pub async fn account(&self, union: &UnionName) -> Result<KeptAccount, Error> {
        let id = self.credentials_id(union);
        let secret = self.keep(&id).await?.ok_or_else(|| Error::NotFound { call: Verb::Read.on(&id) })?;
        let names = secret["data"].as_object().into_iter().flat_map(|data| data.keys());
        let fields = names.filter(|name| name.starts_with(ACCOUNT));
        let fields = fields.map(|name| Ok((name.clone(), bytes(&id, &secret, name)?)));
        Ok(KeptAccount {
            admin_token: text(&id, &secret, TOKEN)?,
            fields: fields.collect::<Result<_, Error>>()?,
            at: SecretVersion::of(&secret),
        })
    }

    /// Keeps these fields of our account, and none besides them, in place of what was read at this version. Gives the new one.
    ///
    /// # Errors
    /// [`Error::Conflict`] where somebody else wrote to it since: read again.
    pub async fn keep_account(
        &self,
        union: &UnionName,
        at: &SecretVersion,
        fields: &BTreeMap<String, Redacted<Vec<u8>>>,
    ) -> Result<SecretVersion, Error> {
        self.may_write()?;
        let id = self.credentials_id(union);
        let call = Verb::Replace.on(&id);
        // Read for what else is in it. Of another version it would be replaced by what is old.
        let mut secret = self.keep(&id).await?.ok_or_else(|| Error::NotFound { call: call.clone() })?;
        if SecretVersion::of(&secret) != *at {
            return Err(Error::Conflict { call, message: "it is not the version that was read".to_owned() });
        }
        let data = secret["data"].as_object_mut().expect("credentials have values");
        data.retain(|name, _| !name.starts_with(ACCOUNT));
        let kept = fields.iter().filter(|(name, _)| name.starts_with(ACCOUNT));
        data.extend(kept.map(|(name, value)| (name.clone(), encoded(value))));
        let written = self.replace(&id, &secret).await?;
        // Its version is another one now; what is in slots is not.
        self.look_at_controller(union).await?;
        Ok(SecretVersion::of(&written))
    }
}
