//! A client of the stream of events, as a browser's `EventSource` is one.

use reqwest::Response;
use serde_json::Value;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its place, for another connection.
    pub id: String,
    pub event: String,
    pub data: Value,
}

impl Seen {
    /// The number of its place.
    pub fn number(&self) -> i64 {
        self.id.split('-').next().and_then(|number| number.parse().ok()).expect("a number and a moment")
    }
}

/// An open stream.
pub struct Follower {
    response: Response,
    text: String,
    /// The last id that was told, with or without an event.
    pub id: Option<String>,
}

impl Follower {
    /// Follows the daemon at this URL from what was seen last; `None` where nobody answers.
    pub async fn open(url: &str, seen: Option<&str>) -> Option<Self> {
        Self::of(&format!("{url}/api/v1/events"), seen).await
    }

    /// Follows another stream, of which this is the whole URL.
    pub async fn at(url: &str, seen: Option<&str>) -> Self {
        Self::of(url, seen).await.expect("somebody answers")
    }

    async fn of(url: &str, seen: Option<&str>) -> Option<Self> {
        let mut request = reqwest::Client::new().get(url);
        if let Some(seen) = seen {
            request = request.header("last-event-id", seen);
        }
        let response = request.send().await.ok()?;
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Some(Self { response, text: String::new(), id: None })
    }

    /// The next event; `None` where the stream ends or breaks.
    pub async fn next(&mut self) -> Option<Seen> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let fields = block.lines().filter_map(|line| line.split_once(':'));
                    fields.filter(|(key, _)| *key == name).map(|(_, value)| value.trim().to_owned()).next()
                };
                let (id, event, data) = (field("id"), field("event"), field("data"));
                self.text = rest.to_owned();
                self.id = id.or(self.id.take());
                if let (Some(id), Some(event), Some(data)) = (self.id.clone(), event, data) {
                    return Some(Seen { id, event, data: serde_json::from_str(&data).expect("JSON") });
                }
            }
            let chunk = self.response.chunk().await.ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).expect("whole characters"));
        }
    }
}
