//! Server-sent events, as the daemon sends them: blocks of fields, parted by an empty line.

use reqwest::Response;

/// An open stream.
pub(super) struct Stream {
    response: Response,
    /// What came and is not read yet. Bytes, since a character may come in two pieces.
    unread: Vec<u8>,
}

/// One event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// Its place.
    pub(super) id: Option<String>,
    /// What kind of event it is.
    pub(super) event: String,
    /// What it says.
    pub(super) data: String,
}

/// No event is longer; who sends more is not our daemon.
const LONGEST: usize = 1024 * 1024;

impl Stream {
    pub(super) fn new(response: Response) -> Self {
        Self { response, unread: Vec::new() }
    }

    /// The next event; `None` at the end, and where the stream breaks.
    pub(super) async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some(event) = take(&mut self.unread) {
                if !event.event.is_empty() {
                    return Some(event);
                }
            }
            if self.unread.len() > LONGEST {
                return None;
            }
            let chunk = self.response.chunk().await.ok()??;
            self.unread.extend_from_slice(&chunk);
        }
    }
}

/// Takes the first whole block.
fn take(unread: &mut Vec<u8>) -> Option<Event> {
    let end = unread.windows(2).position(|two| two == b"\n\n")?;
    let block: Vec<u8> = unread.drain(..end + 2).collect();
    let mut event = Event::default();
    for line in String::from_utf8_lossy(&block).lines() {
        match line.split_once(':').map(|(field, value)| (field, value.strip_prefix(' ').unwrap_or(value))) {
            Some(("id", id)) => event.id = Some(id.to_owned()),
            Some(("event", name)) => name.clone_into(&mut event.event),
            Some(("data", data)) => data.clone_into(&mut event.data),
            // A comment, which shows that the other side is alive.
            _ => {}
        }
    }
    Some(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_whole_blocks_and_comments_are_none() {
        let mut unread = b":\n\nid:7\nevent:line\ndata:{\"a\": 1}\n\nid: 8\neve".to_vec();
        assert_eq!(take(&mut unread), Some(Event::default()));
        let line = Event { id: Some("7".into()), event: "line".into(), data: "{\"a\": 1}".into() };
        assert_eq!(take(&mut unread), Some(line));
        assert_eq!(take(&mut unread), None);
        unread.extend_from_slice(b"nt: end\n\n");
        assert_eq!(take(&mut unread).map(|event| event.event), Some("end".into()));
    }
}
