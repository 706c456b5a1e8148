//! What a program gets by a webhook: all notices as data, and the words for people beside them.

use serde_json::{Value, json};
use url::Url;

use super::words::{self, Text};
use super::{Content, Message, Notice};

/// The body of the request.
pub(super) fn body(message: &Message, text: &Text) -> Value {
    let (event, notices) = match &message.content {
        Content::Test { .. } => ("test", &[][..]),
        Content::Notices(notices) => ("notices", &notices[..]),
    };
    json!({
        "id": message.id,
        "installation": message.installation,
        "event": event,
        "title": text.title,
        "url": text.link.as_ref().map(Url::as_str),
        "notices": notices.iter().map(notice).collect::<Vec<_>>(),
    })
}

fn notice(notice: &Notice) -> Value {
    json!({
        "union": notice.union,
        "event": notice.event,
        "since": notice.since,
        "reason": notice.why.as_deref().map(words::plain),
        "remedy": words::remedy(notice.event),
        "revision": notice.revision,
        "deployment": notice.deployment,
        "at": notice.at,
    })
}
