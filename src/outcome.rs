//! What became of things: a union's state, a deployment's phase and outcome, why it was started.
//!
//! Closed lists with one spelling each (kebab-case) for SQL, wire, labels and page alike.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A word that is in none of the lists of this file. Only a row or a query that is newer than this program has one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no {list}; known are {known}")]
pub struct UnknownWord {
    /// Which list.
    pub list: &'static str,
    /// The word.
    pub found: String,
    /// The words of the list.
    pub known: String,
}

impl UnknownWord {
    /// A text that is none of these words.
    pub(crate) fn new(list: &'static str, found: &str, words: &[&str]) -> Self {
        let known = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        Self { list, found: found.to_owned(), known }
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $type:ident ($list:literal) { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $type {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant),+
        }

        impl $type {
            /// All of them, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Their words, in the same order.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word for wire, SQL and labels.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                let known = Self::ALL.iter().copied().find(|word| word.as_str() == text);
                known.ok_or_else(|| UnknownWord::new($list, text, Self::WORDS))
            }
        }
    };
}

words! {
    /// The state of a union. Where several apply the first in this order is told (decisions.md 1.14);
    /// health is apart from it.
    UnionState("state of a union") {
        /// Removed: stopped, its data kept until a date.
        Tombstone = "tombstone",
        /// Nothing is changed, on purpose.
        Suspended = "suspended",
        /// The last rollout ended without success; somebody must act, or it is tried again.
        Failed = "failed",
        /// Stays at its last accepted state, since its newer documents are not acceptable.
        Held = "held",
        /// A guard keeps destructive changes waiting for a second person.
        AwaitingApproval = "awaiting-approval",
        /// Being rolled out, or applied and not yet healthy.
        InProgress = "in-progress",
        /// As declared.
        Current = "current",
    }
}

words! {
    /// Why a deployment was started.
    Reason("reason") {
        /// A revision changed the union's input.
        Push = "push",
        /// What exists was changed by somebody else.
        Drift = "drift",
        /// A number under `rotation` was raised.
        Rotation = "rotation",
        /// The last one failed or was interrupted.
        Retry = "retry",
        /// The daemon started and looked at everything.
        Startup = "startup",
        /// The time to look again had come.
        Interval = "interval",
        /// A time that the documents name had come: an update window opened, a suspend ended.
        Schedule = "schedule",
        /// Somebody asked for it.
        Request = "request",
    }
}

words! {
    /// Where a deployment is.
    Phase("phase of a deployment") {
        /// A worker writes.
        Running = "running",
        /// Everything is applied; its health is awaited. No worker is held.
        Waiting = "waiting",
        /// Over; its outcome is known.
        Closed = "closed",
    }
}

words! {
    /// How a deployment ended.
    Outcome("outcome") {
        /// Applied, and healthy in time.
        Succeeded = "succeeded",
        /// A change was refused, or health did not come in time.
        Failed = "failed",
        /// A newer desired state took its place.
        Superseded = "superseded",
        /// Its worker went away in the middle; it is run again.
        Interrupted = "interrupted",
    }
}

words! {
    /// What became of one change, in the past tense of events.
    Done("event") {
        /// Made.
        Created = "created",
        /// Changed.
        Updated = "updated",
        /// Gone, confirmed by the server.
        Deleted = "deleted",
        /// Equal already.
        Kept = "kept",
        /// Not done: an earlier one failed, or it waits for its time.
        Skipped = "skipped",
        /// Tried without success.
        Failed = "failed",
    }
}

words! {
    /// What moved, for who follows along.
    Happened("thing that happens") {
        /// Something that is shown of a union is another than before, or the union is forgotten.
        UnionChanged = "union-changed",
        /// A rollout begins.
        DeploymentOpened = "deployment-opened",
        /// Everything is applied; its health is awaited.
        DeploymentWaiting = "deployment-waiting",
        /// A rollout is over.
        DeploymentClosed = "deployment-closed",
    }
}

words! {
    /// How something is not as it was: a field, an object, a file.
    Alteration("alteration") {
        /// It says something else.
        Changed = "changed",
        /// It was not there.
        Added = "added",
        /// It is not there any more.
        Removed = "removed",
    }
}

words! {
    /// What became of what somebody else did.
    DriftOutcome("outcome of drift") {
        /// It is as declared again.
        PutBack = "put-back",
        /// It is left as they made it.
        Kept = "kept",
    }
}

words! {
    /// What a moment of a union's timeline tells.
    MomentKind("kind of moment") {
        /// Something waits for an approval, was approved, or is not asked for any more.
        Approval = "approval",
        /// A rollout.
        Deployment = "deployment",
        /// Somebody else changed what it owns.
        Drift = "drift",
        /// Its newer documents are not acceptable.
        Hold = "hold",
        /// Somebody asked for a look at it.
        Request = "request",
        /// Documents count from then on, or it is removed.
        Revision = "revision",
        /// It came to a state.
        State = "state",
    }
}

words! {
    /// What people are told of a union.
    NoticeEvent("event of a notification") {
        /// Its rollout failed.
        Failed = "failed",
        /// It is current again.
        Recovered = "recovered",
        /// Its documents are not acceptable.
        Held = "held",
        /// A guard waits.
        AwaitingApproval = "awaiting-approval",
    }
}

words! {
    /// Where a member of a society is on the way to its passwords.
    MemberState("state of a member") {
        /// Invited; has not registered or not accepted.
        Invited = "invited",
        /// Has an account; waits to be recognised and given the society's key.
        Accepted = "accepted",
        /// Reads what is given to them.
        Confirmed = "confirmed",
        /// Kept out; membership and access are remembered.
        Revoked = "revoked",
        /// Registered in a way that left no usable key: is invited again.
        Spoiled = "spoiled",
        /// Listed, and not in the society.
        Absent = "absent",
    }
}

words! {
    /// The state of a society inside of its vault.
    SocietyState("state of a society") {
        /// As declared, but for who has to act.
        Current = "current",
        /// Being founded or changed.
        InProgress = "in-progress",
        /// Nothing can be done for it: a finding says why.
        Blocked = "blocked",
        /// In no document any more: its people are kept out, it goes after its days.
        Removed = "removed",
    }
}

words! {
    /// The steps of provisioning a vault, in order.
    Step("step") {
        /// Its manifests are applied.
        Applied = "applied",
        /// Its database answers.
        DatabaseReady = "database-ready",
        /// Its server answers, in a version that is known here.
        VaultwardenReady = "vaultwarden-ready",
        /// Our account in it works.
        AccountReady = "account-ready",
        /// One society is as its document says.
        Society = "society",
        /// What should be there was read by a new session, decrypted and compared.
        Verified = "verified",
    }
}

words! {
    /// The steps of a revision in a union, in order.
    RevisionStep("step of a revision") {
        /// It is known here.
        Fetched = "fetched",
        /// Somebody vouches for it who may, or nobody has to.
        Verified = "verified",
        /// Its documents of the union are what counts.
        Accepted = "accepted",
        /// What is to be done for it is known.
        Planned = "planned",
        /// That is done in the cluster.
        Applied = "applied",
        /// The union works with it.
        Healthy = "healthy",
        /// So does the inside of its vault.
        Provisioned = "provisioned",
    }
}

words! {
    /// How a revision stands in a union. In the order in which people want to know.
    RevisionState("state of a revision") {
        /// Its last rollout ended without success.
        Failed = "failed",
        /// It goes on only when a person acts, or at a time that its documents name.
        Waiting = "waiting",
        /// Keyforge is at it.
        InProgress = "in-progress",
        /// A newer one took its place before it was through.
        Superseded = "superseded",
        /// It is through.
        Done = "done",
    }
}

words! {
    /// Whether somebody vouches for a revision who may.
    SignatureState("state of signatures") {
        /// Of some union nobody does.
        Refused = "refused",
        /// All commits are signed that have to be.
        Vouched = "vouched",
        /// Nobody has to.
        NotAsked = "not-asked",
    }
}

words! {
    /// Who has to act so that something goes on.
    Actor("actor") {
        /// Nobody but Keyforge.
        Keyforge = "keyforge",
        /// The person themselves.
        Member = "member",
        /// Whoever writes the document.
        Officer = "officer",
        /// Whoever runs Keyforge or the server.
        Operator = "operator",
        /// Somebody who may approve what another one wrote.
        SecondPerson = "second-person",
    }
}

words! {
    /// How much a log line matters.
    Level("level") {
        /// For who looks for a fault in Keyforge.
        Debug = "debug",
        /// What happened.
        Info = "info",
        /// Degraded, or tried again.
        Warn = "warn",
        /// A person should look.
        Error = "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_back_as_it_is_written() {
        for state in UnionState::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
        }
        let unknown = "paused".parse::<Outcome>().map_err(|e| e.to_string());
        let message = "`paused` is no outcome; known are `succeeded`, `failed`, `superseded`, `interrupted`";
        assert_eq!(unknown, Err(message.to_owned()));
    }
}
