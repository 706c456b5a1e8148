//! The words of a message: what happened, what follows, what to do, and where more is seen.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use super::{Content, Message, Notice};
use crate::diagnostic::visible;
use crate::names::UnionName;
use crate::outcome::NoticeEvent;
use crate::revision::ObjectId;

/// So many unions are named in a text for people; of more it is told how many.
const NAMED: usize = 20;

/// So much of a reason is told; the page has the rest.
const LONGEST: usize = 300;

/// A message as people read it, plain: whoever writes it into a form with markup escapes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// The fact in one line.
    pub title: String,
    /// One line for each notice, the first of them.
    pub lines: Vec<String>,
    /// How many notices have no line.
    pub more: usize,
    /// What follows and what to do, a line for each event.
    pub remedies: Vec<&'static str>,
    /// The page on it.
    pub link: Option<Url>,
    /// Who tells.
    pub from: String,
}

/// A text that is not ours in one line, without what is invisible, as far as it is told.
pub(super) fn plain(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = visible(&line);
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} …", &line[..end]),
        None => line.into_owned(),
    }
}

/// A commit as people recognise it in a forge.
pub(super) fn short(revision: ObjectId) -> String {
    revision.short().chars().take(7).collect()
}

/// What happened to one union, without saying to which; and to several.
fn fact(notice: &Notice) -> [&'static str; 2] {
    match notice.event {
        NoticeEvent::Failed => ["failed", "failed"],
        NoticeEvent::Recovered if notice.why.is_some() => ["needs nobody any more", "need nobody any more"],
        NoticeEvent::Recovered => ["is current again", "are current again"],
        NoticeEvent::Held => ["is held", "are held"],
        NoticeEvent::AwaitingApproval => ["waits for an approval", "wait for an approval"],
    }
}

/// What follows from it, and the way out.
pub(super) fn remedy(event: NoticeEvent) -> &'static str {
    match event {
        NoticeEvent::Failed => {
            "What failed is tried again, less and less often; other unions go on. What was tried: `keyforge logs UNION`."
        }
        NoticeEvent::Recovered => "What is over needs nobody.",
        NoticeEvent::Held => {
            "What is held stays at its last accepted state until its documents are acceptable. What is wrong with them: \
             `keyforge status UNION`."
        }
        NoticeEvent::AwaitingApproval => {
            "What would destroy something waits for an approval, the rest goes on. What waits, and the line that approves \
             it: `keyforge status UNION`."
        }
    }
}

/// The words of a message.
pub(super) fn text(message: &Message) -> Text {
    let from = format!("Keyforge, installation {}", message.installation);
    let notices = match &message.content {
        Content::Notices(notices) => notices,
        Content::Test { .. } => {
            return Text {
                title: "This is a test of notifications".to_owned(),
                lines: vec![
                    "Somebody tries whether messages of this installation arrive here; this one did."
                        .to_owned(),
                ],
                more: 0,
                remedies: vec!["Nothing has happened to any union."],
                link: message.page.clone(),
                from,
            };
        }
    };
    let events: BTreeSet<_> = notices.iter().map(|notice| notice.event).collect();
    Text {
        title: title(notices),
        lines: notices.iter().take(NAMED).map(line).collect(),
        more: notices.len().saturating_sub(NAMED),
        remedies: events.into_iter().map(remedy).collect(),
        link: message.page.as_ref().and_then(|page| link(page, notices)),
        from,
    }
}

/// `3 unions failed at 4be19c7`, `union acme failed at 4be19c7`, `2 unions failed, 1 is current again`.
fn title(notices: &[Notice]) -> String {
    let mut parts: BTreeMap<_, (BTreeSet<&UnionName>, BTreeSet<Option<ObjectId>>)> = BTreeMap::new();
    for notice in notices {
        let (unions, revisions) = parts.entry((notice.event, fact(notice))).or_default();
        unions.insert(&notice.union);
        revisions.insert(notice.revision);
    }
    let mut title = String::new();
    for ((_, [one, several]), (unions, revisions)) in &parts {
        let mut names = unions.iter();
        let begun = !title.is_empty();
        title.push_str(if begun { ", " } else { "" });
        title.push_str(&match (names.next(), names.next()) {
            (Some(union), None) if begun => format!("{union} {one}"),
            (Some(union), None) => format!("union {union} {one}"),
            _ if begun => format!("{} {several}", unions.len()),
            _ => format!("{} unions {several}", unions.len()),
        });
        if let (1, Some(Some(revision))) = (revisions.len(), revisions.first()) {
            title.push_str(&format!(" at {}", short(*revision)));
        }
    }
    title
}

/// One notice in a line.
pub(super) fn line(notice: &Notice) -> String {
    let [fact, _] = fact(notice);
    let revision = notice.revision.map(|revision| format!(" at {}", short(revision))).unwrap_or_default();
    match notice.why.as_deref().map(plain) {
        Some(why) => format!("{} {fact}{revision}: {why}", notice.union),
        None => format!("{} {fact}{revision}", notice.union),
    }
}

/// The page of the union, or of all.
fn link(page: &Url, notices: &[Notice]) -> Option<Url> {
    let unions: BTreeSet<_> = notices.iter().map(|notice| &notice.union).collect();
    match unions.first() {
        Some(union) if unions.len() == 1 => page.join(&format!("/unions/{union}")).ok(),
        _ => page.join("/unions").ok(),
    }
}
