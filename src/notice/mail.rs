//! A mail: plain text alone, so that nothing in it can be markup.

use super::Payload;
use super::words::Text;

/// Subject and text.
pub(super) fn mail(text: &Text) -> Payload {
    let mut paragraphs = vec![text.lines.join("\n")];
    if text.more > 0 {
        paragraphs.push(format!("and {} more", text.more));
    }
    paragraphs.push(text.remedies.join("\n"));
    paragraphs.extend(text.link.as_ref().map(ToString::to_string));
    // The usual mark of what follows a letter.
    paragraphs.push(format!("-- \n{}", text.from));
    Payload::Mail { subject: format!("[Keyforge] {}", text.title), text: paragraphs.join("\n\n") + "\n" }
}
