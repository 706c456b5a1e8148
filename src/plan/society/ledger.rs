//! What is remembered of a vault between two looks. Kept by `store`, never the only thing that says what is ours.
//!
//! Without it nothing is rotated, revoked or invited anew: markers inside of the vault and the union's state object say
//! what was made. What it adds are times: since when somebody waits, when somebody left.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ids::{CollectionId, ItemId, MembershipId, SocietyId};
use crate::names::{CollectionName, PasswordName, SocietyName};
use crate::outcome::MemberState;
use crate::spec::{CollectionRight, Role};

/// What is remembered of one union's vault.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// By the name in Git.
    pub societies: BTreeMap<SocietyName, SocietyLedger>,
    /// Memberships that we made, by the union's state object: it outlives the database.
    pub made: BTreeSet<MembershipId>,
    /// The digests of what somebody approved.
    pub approved: BTreeSet<Digest>,
}

impl Ledger {
    /// The memberships that are ours: those of invitations that are remembered, and what the state object says already.
    pub fn memberships(&self) -> BTreeSet<MembershipId> {
        let members = self.societies.values().flat_map(|society| society.members.values());
        let invited =
            members.filter(|member| member.invited.is_some()).filter_map(|member| member.membership);
        invited.chain(self.made.iter().copied()).collect()
    }
}

/// What is remembered of one society.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SocietyLedger {
    /// Which it is.
    pub id: SocietyId,
    /// The digest of its key when it was first seen.
    #[serde(default)]
    pub key: Option<Digest>,
    /// Since when no document has it.
    pub removed_at: Option<DateTime<Utc>>,
    /// For how many days it is kept once it is removed, as its last document said.
    pub kept_days: u32,
    /// Its collections.
    pub collections: BTreeMap<CollectionName, CollectionId>,
    /// Its passwords.
    pub passwords: BTreeMap<PasswordName, ItemId>,
    /// Items with a marker of ours that people copied: they are theirs, whatever becomes of the one that they were copied of.
    #[serde(default)]
    pub copies: BTreeSet<ItemId>,
    /// Its people by address, in lower case.
    pub members: BTreeMap<String, MemberLedger>,
    /// Whether we asked for two factors.
    pub two_factor: bool,
    /// Whether we set the fewest characters of what clients generate.
    pub min_length: bool,
}

impl SocietyLedger {
    /// Nothing is remembered but which it is.
    pub fn new(id: SocietyId) -> Self {
        Self {
            id,
            key: None,
            removed_at: None,
            kept_days: 0,
            collections: BTreeMap::new(),
            passwords: BTreeMap::new(),
            copies: BTreeSet::new(),
            members: BTreeMap::new(),
            two_factor: false,
            min_length: false,
        }
    }

    /// An invitation is about to be made: from here on whoever appears under this address was invited by us.
    pub fn inviting(&mut self, address: &str, invitation: Invitation, granted: &Granted) {
        let member = self.members.entry(address.to_owned()).or_default();
        member.membership = None;
        member.invited = Some(invitation);
        member.granted = Some(granted.clone());
    }

    /// An invitation was renewed.
    pub fn reinvited(&mut self, address: &str, invitation: Invitation) {
        self.members.entry(address.to_owned()).or_default().invited = Some(invitation);
    }
}

/// What is remembered of one person in a society.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberLedger {
    /// Their membership, once it was seen.
    pub membership: Option<MembershipId>,
    /// Our invitation, written down before it is made; `None`: somebody else's.
    pub invited: Option<Invitation>,
    /// The digest of their public key when it was first seen.
    pub pinned: Option<Digest>,
    /// Where they were last, and since when.
    pub state: Option<(MemberState, DateTime<Utc>)>,
    /// Since when they are kept out by us.
    pub left: Option<Left>,
    /// Whether we are ending their membership, so that its end is no surprise.
    #[serde(default)]
    pub deleting: bool,
    /// Whether a person in VaultWarden removed them: then they are not invited again.
    #[serde(default)]
    pub by_hand: bool,
    /// What was given to them last.
    pub granted: Option<Granted>,
}

/// Somebody whom we keep out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Left {
    /// Since when.
    pub at: DateTime<Utc>,
    /// Whether they had the society's key, and so may know what they could see.
    pub knew: bool,
}

/// An invitation of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// When it was made, or renewed.
    pub at: DateTime<Utc>,
    /// Whether it was a mail: then whoever accepts it has the mailbox.
    pub by_mail: bool,
}

/// What somebody may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Granted {
    /// Their role.
    pub role: Role,
    /// Which collections they see; empty for owners and admins, who see all.
    pub access: BTreeMap<CollectionId, CollectionRight>,
}
