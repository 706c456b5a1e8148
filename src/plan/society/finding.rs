//! What a person should know of a vault although everything else goes on, and how far each member is.
//!
//! Apart from the changes: a finding is what Keyforge does *not* do, and who does instead. Its text names the remedy.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::place::{Origin, Place, Slot};
use crate::names::{CollectionName, PasswordName, SocietyName};
use crate::outcome::{Actor, MemberState};
use crate::spec::{CollectionRight, Role};

/// Something that a person should know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Finding {
    /// The server's own file overrides what Keyforge gives it.
    #[error(
        "setting `{setting}` was changed on the server's admin page and overrides the document: reset it there (`config.json`)"
    )]
    Overridden {
        /// By its name in VaultWarden.
        setting: String,
    },
    /// It was there, and our account does not see it any more.
    #[error(
        "society `{society}` is gone from its vault, or our account is not in it: restore a backup; or let an owner of it \
         invite {account} as an owner, and confirm it; or remove it from Git and add it under a later commit, which founds \
         an empty one"
    )]
    Lost {
        /// Which.
        society: SocietyName,
        /// The address of our account.
        account: String,
    },
    /// Our account may not manage it any more.
    #[error(
        "our account is no owner of society `{society}` any more: an owner has to make it one again in VaultWarden"
    )]
    Demoted {
        /// Which.
        society: SocietyName,
    },
    /// Its key does not open.
    #[error(
        "the key that the vault gives our account for society `{society}` does not open: confirm our account again, or \
         restore a backup"
    )]
    Unreadable {
        /// Which.
        society: SocietyName,
    },
    /// It is not the key that it was founded with.
    #[error(
        "the key that the vault gives our account for society `{society}` is another one than at first, which VaultWarden never \
         does by itself: nothing is written there; whoever changed the server's data may have done that to read along, so \
         restore a backup"
    )]
    OtherSocietyKey {
        /// Which.
        society: SocietyName,
    },
    /// One of this title is there that no document made.
    #[error(
        "a society titled `{title}` is in the vault and was not made from the document of `{society}`: give either of \
         them another title, or delete the one in the vault"
    )]
    TitleTaken {
        /// Which document.
        society: SocietyName,
        /// The title of both.
        title: String,
    },
    /// Two of them carry one marker.
    #[error(
        "society `{society}` is {count} times in the vault: keep the one with its people, delete the others there"
    )]
    SocietyTwice {
        /// Which.
        society: SocietyName,
        /// How often.
        count: usize,
    },
    /// No person could help if our account is lost.
    #[error("society `{society}` has no second owner: {}", second_owner(waiting))]
    NoSecondOwner {
        /// Which.
        society: SocietyName,
        /// Who could become one.
        waiting: Vec<String>,
    },
    /// The only owner stays.
    #[error(
        "{address} stays owner of `{society}`: it would have no second owner without them; name another owner first"
    )]
    LastOwner {
        /// Of which society.
        society: SocietyName,
        /// Who.
        address: String,
    },
    /// A person whom no document lists.
    #[error(
        "{address} is in society `{society}` and not in its document: list them, or remove them in VaultWarden"
    )]
    Unlisted {
        /// In which society.
        society: SocietyName,
        /// Who.
        address: String,
    },
    /// A person removed or kept out somebody who is listed.
    #[error(
        "{address} was {} in society `{society}` by somebody in VaultWarden: undo that there, or remove them from the document",
        if *gone { "removed" } else { "revoked" }
    )]
    RemovedByHand {
        /// In which society.
        society: SocietyName,
        /// Who.
        address: String,
        /// Whether the membership itself is gone.
        gone: bool,
    },
    /// A person gave less to somebody than the document says.
    #[error(
        "{address} has less in society `{society}` than its document says, by somebody in VaultWarden: give it there, or \
         write it so"
    )]
    Narrowed {
        /// In which society.
        society: SocietyName,
        /// Who.
        address: String,
    },
    /// Somebody else's invitation ended without a usable key.
    #[error(
        "{address} registered without a usable key in society `{society}`, and Keyforge did not invite them: whoever \
         did removes them in VaultWarden and invites them again"
    )]
    Spoiled {
        /// In which society.
        society: SocietyName,
        /// Who.
        address: String,
    },
    /// The phrase is another one: somebody else registered, or it was misread.
    #[error(
        "{address} is not confirmed in society `{society}`: the fingerprint phrase of the account is not the one in the \
         document; ask them to read it out again, and if it differs still, somebody else has registered the address"
    )]
    OtherPhrase {
        /// In which society.
        society: SocietyName,
        /// Who.
        address: String,
    },
    /// The key is another one than at first.
    #[error(
        "the key of {address} is another one than when society `{society}` saw it first; nothing is given to it: find out \
         whether they made a new account, then remove them from the document and list them again"
    )]
    OtherKey {
        /// In which society.
        society: SocietyName,
        /// Who.
        address: String,
    },
    /// A collection that the document does not have any more holds what people made.
    #[error(
        "collection `{collection}` of society `{society}` is kept for what is not of Keyforge in it ({items}): move that in \
         VaultWarden, and it goes"
    )]
    CollectionKept {
        /// In which society.
        society: SocietyName,
        /// Which.
        collection: CollectionName,
        /// How many.
        items: usize,
    },
    /// Two collections carry one marker.
    #[error(
        "collection `{collection}` is {count} times in society `{society}`: delete the empty ones in VaultWarden"
    )]
    CollectionTwice {
        /// In which society.
        society: SocietyName,
        /// Which.
        collection: CollectionName,
        /// How often.
        count: usize,
    },
    /// A removed society holds what people made.
    #[error(
        "removed society `{society}` is kept for what is not of Keyforge in it ({items}): move or delete that in \
         VaultWarden, and it goes; or approve that it goes along"
    )]
    SocietyKept {
        /// Which.
        society: SocietyName,
        /// How many.
        items: usize,
    },
    /// A person changed a value that Git does not know.
    #[error(
        "somebody changed the value of `{place}` in VaultWarden: it is kept; raise its `rotation` for a new one"
    )]
    Edited {
        /// Which.
        place: Place,
    },
    /// A person's client copied an item with our marker.
    #[error(
        "`{place}` was copied in VaultWarden ({count}): what Keyforge made is ours, what else there is is left alone"
    )]
    Copied {
        /// Which.
        place: Place,
        /// How many, without ours.
        count: usize,
    },
    /// An item of ours does not open.
    #[error("`{place}` does not open in VaultWarden: delete the item there, and it is made anew")]
    Broken {
        /// Which.
        place: Place,
    },
    /// Git went back.
    #[error("`rotation` of `{place}` was lowered from {applied} to {wanted}: nothing changes")]
    Lowered {
        /// Which.
        place: Place,
        /// What was applied.
        applied: u32,
        /// What is written.
        wanted: u32,
    },
    /// A sealed value cannot be used.
    #[error("the sealed `{slot}` of `{place}` does not open: {why}")]
    Unopened {
        /// Which.
        place: Place,
        /// Which part.
        slot: Slot,
        /// Why.
        why: String,
    },
    /// A sealed value is older than the one that was applied.
    #[error(
        "the sealed `{slot}` of `{place}` is older than what was applied: seal the value again if it is to go back to it"
    )]
    Older {
        /// Which.
        place: Place,
        /// Which part.
        slot: Slot,
    },
    /// Somebody who has left knows it.
    #[error("{address}, who has left, could read `{place}`: {}", if *sealed {
        "change it at its source and seal the new value"
    } else {
        "raise its `rotation`, or let `membersLeaving.rotate` do so"
    })]
    Known {
        /// Which.
        place: Place,
        /// Who.
        address: String,
        /// Whether Keyforge could not make a new one.
        sealed: bool,
    },
}

fn second_owner(waiting: &[String]) -> String {
    match waiting {
        [] => "name one under `owners` of the union, or a member with role `owner`".to_owned(),
        waiting => format!("waiting for {}", waiting.join(", ")),
    }
}

/// How far one person is in a society.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// Their address.
    pub address: String,
    /// What they may do, or will.
    pub role: Role,
    /// Which collections of the document they see; empty for owners and admins, who see all.
    pub access: BTreeMap<CollectionName, CollectionRight>,
    /// Where they are.
    pub state: MemberState,
    /// Since when, as far as it was seen.
    pub since: DateTime<Utc>,
    /// Whether a document lists them.
    pub listed: bool,
    /// Their last day.
    pub until: Option<NaiveDate>,
    /// What they wait for, or why they are there.
    pub why: Option<String>,
    /// Who has to act so that it goes on.
    pub must_act: Option<Actor>,
}

/// What became of one password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordStanding {
    /// Its name in Git.
    pub name: PasswordName,
    /// The collection that it is to be in.
    pub collection: CollectionName,
    /// Where the value that was written last came from; `None`: none was.
    pub value: Option<Origin>,
}
