//! Messages for chats: Slack's blocks, and an Adaptive Card for a workflow of Teams.
//!
//! Invariant: lines stand in elements that know no markup (`plain_text`, `TextRun`), so that no reason mentions a channel or
//! shows a link of its own.

use serde_json::{Value, json};

use super::words::Text;

/// Slack refuses longer headers.
const HEADER: usize = 150;

/// The lines below the title, as both show them.
fn body(text: &Text) -> Vec<String> {
    let mut lines = text.lines.clone();
    if text.more > 0 {
        lines.push(format!("and {} more", text.more));
    }
    lines
}

/// What an incoming webhook of Slack takes.
pub(super) fn slack(text: &Text) -> Value {
    let plain = |text: &str| json!({ "type": "plain_text", "text": escaped(text), "emoji": false });
    let header: String = text.title.chars().take(HEADER).collect();
    let mut blocks = vec![json!({ "type": "header", "text": plain(&header) })];
    blocks.extend(body(text).iter().map(|line| json!({ "type": "section", "text": plain(line) })));
    blocks.push(json!({ "type": "section", "text": plain(&text.remedies.join("\n")) }));
    let mut foot = vec![plain(&text.from)];
    if let Some(link) = &text.link {
        // A parsed URL has neither `|` nor `>`.
        foot.push(
            json!({ "type": "mrkdwn", "text": format!("<{}|Open in Keyforge>", escaped(link.as_str())) }),
        );
    }
    blocks.push(json!({ "type": "context", "elements": foot }));
    // The text is for notices on a phone.
    json!({ "text": escaped(&text.title), "mrkdwn": false, "unfurl_links": false, "blocks": blocks })
}

/// What begins a link, a mention or an entity in Slack.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What a workflow of Teams takes that posts what its webhook gets.
pub(super) fn teams(text: &Text) -> Value {
    let run = |text: &str, of: &[(&str, Value)]| {
        let mut run = json!({ "type": "TextRun", "text": text });
        of.iter().for_each(|(key, value)| run[*key] = value.clone());
        json!({ "type": "RichTextBlock", "inlines": [run] })
    };
    let mut blocks = vec![run(&text.title, &[("weight", json!("Bolder")), ("size", json!("Large"))])];
    blocks.extend(body(text).iter().map(|line| run(line, &[])));
    blocks.extend(text.remedies.iter().map(|line| run(line, &[("isSubtle", json!(true))])));
    blocks.push(run(&text.from, &[("size", json!("Small")), ("isSubtle", json!(true))]));
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
    });
    if let Some(link) = &text.link {
        card["actions"] =
            json!([{ "type": "Action.OpenUrl", "title": "Open in Keyforge", "url": link.as_str() }]);
    }
    let attachment = json!({ "contentType": "application/vnd.microsoft.card.adaptive", "content": card });
    json!({ "type": "message", "attachments": [attachment] })
}
