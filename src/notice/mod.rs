//! What people are told of unions, as `spec.notifications` of `keyforge.yaml` says: to whom, in which words, in which form for
//! each kind of place, and when it is tried again.
//!
//! ```text
//! Notice (a row) ─destination→ who is told ─together→ Message ─words→ Text ─chat, alert, hook, mail→ what is sent
//! schedule   when a message is tried again, and when no more         signature   what proves a message to its receiver
//! ```
//!
//! Pure: the same message has the same bytes however often it is sent, so that a receiver may know it again. Invariant: every
//! text that stands in Git or comes from a cluster passes `words::plain`, and each form writes it where its receiver reads no
//! markup.

mod alert;
mod chat;
mod destination;
mod hook;
mod mail;
pub mod schedule;
mod signature;
mod words;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

pub use destination::{Destination, destinations};
pub use signature::sign;

use crate::ids::DeploymentId;
use crate::names::{InstallationId, UnionName};
use crate::outcome::NoticeEvent;
use crate::revision::ObjectId;
use crate::spec::NotificationKind;

/// Something that is told of one union.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Which union.
    pub union: UnionName,
    /// What happened to it.
    pub event: NoticeEvent,
    /// What was told of it before since it was current last.
    pub since: BTreeSet<NoticeEvent>,
    /// Why, in a line for people. Of `Recovered`: why it needs nobody although it is not current.
    pub why: Option<String>,
    /// At which revision.
    pub revision: Option<ObjectId>,
    /// In which deployment, where one failed.
    pub deployment: Option<DeploymentId>,
    /// When.
    pub at: DateTime<Utc>,
}

/// What is sent to one destination at once.
#[derive(Debug, Clone)]
pub struct Message {
    /// The same however often it is sent: receivers know it by this.
    pub id: Uuid,
    /// Which installation tells.
    pub installation: InstallationId,
    /// Where people reach the page, if that is known.
    pub page: Option<Url>,
    /// What.
    pub content: Content,
}

/// What a message is about.
#[derive(Debug, Clone)]
pub enum Content {
    /// What arose together, oldest first; at least one.
    Notices(Vec<Notice>),
    /// Somebody tries whether messages arrive.
    Test {
        /// When.
        at: DateTime<Utc>,
    },
}

/// A message in the form of its destination.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// For an HTTP receiver.
    Json(Value),
    /// For people's mailboxes.
    Mail {
        /// One line.
        subject: String,
        /// Plain text.
        text: String,
    },
}

impl Message {
    /// What is sent to such a place.
    pub fn payload(&self, kind: NotificationKind) -> Payload {
        let text = words::text(self);
        match kind {
            NotificationKind::Slack => Payload::Json(chat::slack(&text)),
            NotificationKind::Teams => Payload::Json(chat::teams(&text)),
            NotificationKind::Alertmanager => Payload::Json(alert::alerts(self, &text)),
            NotificationKind::Webhook => Payload::Json(hook::body(self, &text)),
            NotificationKind::Email => mail::mail(&text),
        }
    }
}
