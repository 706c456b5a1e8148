//! Who is told: the places of `spec.notifications`, each once however many entries name it.
//!
//! A place is known by what it is (kind, Secret, mailbox), not by its URL, which is a secret and may be renewed meanwhile. Each
//! mailbox is a place of its own: one that is refused keeps no other waiting, and another one in the list changes nothing for
//! those that stand there already.

use std::fmt;

use super::Notice;
use crate::digest::Digest;
use crate::names::Email;
use crate::outcome::NoticeEvent;
use crate::spec::{Notification, NotificationKind, SecretKeyRef, UnionSelector};

/// One place to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Of all that makes it this place; the name that it has in tables.
    pub id: Digest,
    /// What stands there.
    pub kind: NotificationKind,
    /// What holds its URL.
    pub secret: SecretKeyRef,
    /// Whose mailbox, where it is mail.
    pub to: Option<Email>,
    /// Which of the mailboxes of its Secret that is, counted from one: its address is nobody else's matter.
    number: usize,
    asks: Vec<(Vec<NoticeEvent>, UnionSelector)>,
}

/// The places of a list, in its order. Entries that name the same place are one that asks for what each does.
pub fn destinations(list: &[Notification]) -> Vec<Destination> {
    let mut found: Vec<Destination> = Vec::new();
    for entry in list {
        let Notification { kind, secret_ref: secret, to, events, unions } = entry;
        let mailboxes: Vec<_> = match kind {
            NotificationKind::Email => to.iter().map(Some).collect(),
            _ => vec![None],
        };
        for to in mailboxes {
            let name = [kind.as_str(), secret.name.as_str(), secret.key.as_str()];
            let parts = name.into_iter().chain(to.map(Email::as_str)).map(str::as_bytes);
            let id = Digest::of_parts(parts);
            let asks = (events.clone(), unions.clone());
            if let Some(known) = found.iter_mut().find(|known| known.id == id) {
                known.asks.push(asks);
                continue;
            }
            let of_secret = found.iter().filter(|known| known.kind == *kind && known.secret == *secret);
            let number = of_secret.count() + 1;
            let (secret, to) = (secret.clone(), to.cloned());
            found.push(Destination { id, kind: *kind, secret, to, number, asks: vec![asks] });
        }
    }
    found
}

impl Destination {
    /// Whether it is told this. That a union is current again is told to who was told that it was not, and to who asks for
    /// nothing else.
    pub fn wants(&self, notice: &Notice) -> bool {
        self.asks.iter().any(|(events, unions)| {
            let mut others = events.iter().filter(|event| **event != NoticeEvent::Recovered).peekable();
            let was_told = others.peek().is_none() || others.any(|event| notice.since.contains(event));
            let is_news = notice.event != NoticeEvent::Recovered || was_told;
            unions.selects(&notice.union) && events.contains(&notice.event) && is_news
        })
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.as_str();
        match self.to {
            Some(_) => write!(f, "{kind} to mailbox {} by Secret `{}`", self.number, self.secret.name),
            None => write!(f, "{kind} by Secret `{}`", self.secret.name),
        }
    }
}
