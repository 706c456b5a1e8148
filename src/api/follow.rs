//! Following the log of a deployment, line by line, until it is closed.
//!
//! ```text
//! deployment_log (table) ─notification→ Feed, one per replica ─which deployment→ Follower, one per client
//! ```
//!
//! Apart from `events`, which tell that something moved: these are the lines themselves. Invariant: a place is a number of
//! the table, so a client that lost its replica goes on at another one, without a gap and without a double.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures::stream;
use http::Method;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use warp::reply::{Reply, Response};
use warp::sse::{self, Event};

use super::access::Audience;
use super::deployments::{found, line};
use super::events::{LAST_EVENT_ID, LONGEST};
use super::place::{List, Places};
use super::problem::Problem;
use super::query::{Kind, Parameter};
use super::route::{Asked, Described, Form, Route};
use super::{State, View, wire};
use crate::ids::DeploymentId;
use crate::outcome::{Level, Outcome, Phase};
use crate::store::{LogFrom, LogQuery, Shown, Store};

/// What the stream can be asked for: `after`, for clients that cannot set `Last-Event-ID`.
const PARAMETERS: &[Parameter] = &[
    Parameter { name: "level", about: "Only lines of this level and above.", kind: Kind::Word(Level::WORDS) },
    Parameter { name: "since", about: "Only lines from this moment on.", kind: Kind::Moment },
    Parameter {
        name: "after",
        about: "Only what follows on the line of this id; the header `Last-Event-ID` counts before it.",
        kind: Kind::Place,
    },
];

/// Clients at once.
const FOLLOWERS: usize = 64;

/// A look at the table although no notification came: one may be lost with its connection.
const LOOK: Duration = Duration::from_secs(15);

/// How long to wait before a database that is away is asked again.
const AWAY: Duration = Duration::from_secs(1);

/// Lines that are read at once.
const PAGE: u32 = 200;

/// So many notifications may be unread before who reads them looks at the table instead.
const UNREAD: usize = 256;

/// The stream.
pub(super) fn route(state: &State, heartbeat: Duration) -> Route {
    let feed = Feed::start(state, heartbeat);
    let described = Described {
        path: "/api/v1/deployments/{deployment}/logs/follow",
        method: Method::GET,
        about: "Its log from the first line on, as it grows: server-sent events `line`, and `end` once it is closed.",
        parameters: PARAMETERS,
        audience: Audience::Callers,
        form: Form::other("text/event-stream"),
    };
    Route::new(described, state, move |view, id, asked| {
        let following = feed.clone().follow(view, id, asked);
        async { following.await.unwrap_or_else(Reply::into_response) }
    })
}

/// Hears for all clients of this replica which logs grow; none: any of them may have.
#[derive(Clone)]
struct Feed {
    heard: broadcast::Sender<Option<DeploymentId>>,
    places: Arc<Semaphore>,
    /// How often a stream shows that it still is one.
    heartbeat: Duration,
}

impl Feed {
    /// Listens until the daemon is asked to end.
    fn start(state: &State, heartbeat: Duration) -> Self {
        let heard = broadcast::Sender::new(UNREAD);
        tokio::spawn(hear(state.store.clone(), heard.clone(), state.stopping.clone()));
        Self { heard, places: Arc::new(Semaphore::new(FOLLOWERS)), heartbeat }
    }

    /// The stream for one client, from the place that it names or from the first line.
    async fn follow(
        self,
        view: View,
        deployment: DeploymentId,
        Asked { query, headers }: Asked,
    ) -> Result<Response, Problem> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Problem::TooManyFollowers)?;
        let seen = match headers.get(LAST_EVENT_ID) {
            Some(seen) => Some(number(&view.places, seen.as_bytes())?),
            None => view.places.after(List::Lines, &query)?,
        };
        let wanted = LogQuery {
            level: query.value("level")?.unwrap_or(Level::Debug),
            since: query.moment("since")?,
            from: LogFrom::After(seen.unwrap_or_default()),
            limit: PAGE,
        };
        found(deployment, &view).await?;
        let (sender, receiver) = mpsc::channel(1);
        let heard = self.heard.subscribe();
        let (store, places) = (view.store, view.places);
        let follower = Follower { store, places, deployment, wanted, heard, sender, _place: place };
        tokio::spawn(follower.follow(view.stopping));
        let events = stream::unfold(receiver, |mut receiver| async {
            let event = receiver.recv().await?;
            Some((Ok::<_, Infallible>(event), receiver))
        });
        Ok(sse::reply(sse::keep_alive().interval(self.heartbeat).stream(events)).into_response())
    }
}

fn number(places: &Places, text: &[u8]) -> Result<i64, Problem> {
    let number = std::str::from_utf8(text).ok().and_then(|text| places.read(List::Lines, text));
    number.ok_or_else(|| Problem::InvalidParameter {
        name: "Last-Event-ID",
        why: "it is the id of a line".to_owned(),
    })
}

/// Passes notifications on. That the database is away is told by who works with it.
async fn hear(store: Store, heard: broadcast::Sender<Option<DeploymentId>>, stopping: CancellationToken) {
    let listen = async {
        loop {
            if let Ok(mut listener) = store.in_time(store.listen_to_logs()).await {
                while let Ok(grown) = listener.heard().await {
                    // Nobody follows: nobody is told.
                    let _ = heard.send(grown.and_then(|grown| grown.parse().ok()));
                }
            }
            tokio::time::sleep(AWAY).await;
        }
    };
    tokio::select! {
        () = listen => {}
        () = stopping.cancelled() => {}
    }
}

/// One client. A task, which waits for the client after each line.
struct Follower {
    store: Shown,
    places: Places,
    deployment: DeploymentId,
    wanted: LogQuery,
    heard: broadcast::Receiver<Option<DeploymentId>>,
    sender: mpsc::Sender<Event>,
    _place: OwnedSemaphorePermit,
}

/// How a follower goes on.
enum Next {
    Look,
    Wait(Duration),
    Leave,
}

impl Follower {
    /// Sends until the log or the client is at its end, or the daemon.
    async fn follow(mut self, stopping: CancellationToken) {
        let sender = self.sender.clone();
        let sending = async {
            loop {
                match self.look().await {
                    Next::Look => {}
                    Next::Wait(pause) => {
                        let _ = tokio::time::timeout(pause, self.grown()).await;
                    }
                    Next::Leave => return,
                }
            }
        };
        tokio::select! {
            () = sending => {}
            () = sender.closed() => {}
            () = stopping.cancelled() => {}
            () = tokio::time::sleep(LONGEST) => {}
        }
    }

    /// Sends what there is after its place.
    async fn look(&mut self) -> Next {
        // Before the lines: what is closed now has no line later.
        let record = match self.store.in_time(self.store.deployment(self.deployment)).await {
            Ok(Some(record)) => record,
            // Too old to be kept.
            Ok(None) => return self.end(None).await,
            Err(_) => return Next::Wait(AWAY),
        };
        let lines = self.store.in_time(self.store.log_lines(&record, &self.wanted, PAGE)).await;
        let Ok(lines) = lines else { return Next::Wait(AWAY) };
        let ends_here = lines.len() < PAGE as usize;
        for found in lines {
            let place = found.number;
            let line = line(found, &self.places);
            // Texts and plain numbers: serializing them cannot fail.
            let event =
                Event::default().id(line.id.clone()).event("line").json_data(line).unwrap_or_default();
            if self.sender.send(event).await.is_err() {
                return Next::Leave;
            }
            self.wanted.from = LogFrom::After(place);
        }
        match record.phase {
            _ if !ends_here => Next::Look,
            Phase::Closed => self.end(record.outcome).await,
            _ => Next::Wait(LOOK),
        }
    }

    /// Says that nothing will follow.
    async fn end(&self, outcome: Option<Outcome>) -> Next {
        let end = Event::default().event("end").json_data(wire::LogEnd { outcome }).unwrap_or_default();
        let _ = self.sender.send(end).await;
        Next::Leave
    }

    /// Comes back once this log has grown, or may have.
    async fn grown(&mut self) {
        loop {
            match self.heard.recv().await {
                Ok(Some(grown)) if grown != self.deployment => {}
                // Also where too many were unread. Its sender lives as long as the routes.
                _ => return,
            }
        }
    }
}
