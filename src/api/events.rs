//! The stream of events: that something moved, for pages and programs that then ask what it is now.
//!
//! ```text
//! event (table) ─notification→ Feed, one per replica ─wakes→ Follower, one per client: reads on from its own place
//! ```
//!
//! A follower holds one page and reads the next once the client took this one, so a slow one costs no memory; one that takes
//! nothing at all is let go (`Limits::stalled`). Invariant: a place is a number of the table, so a client that lost its
//! replica goes on at another one, without a gap and without a double.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use warp::reply::{Reply, Response};
use warp::sse::{self, Event};

use super::access::Audience;
use super::place::{List, Places};
use super::problem::Problem;
use super::query::{Kind, Parameter};
use super::route::{Asked, Described, Form, Route};
use super::{State, View, wire};
use crate::store::{Happening, Shown, Store};

/// What the stream can be asked for: `after`, for clients that cannot set `Last-Event-ID`.
const PARAMETERS: &[Parameter] = &[Parameter {
    name: "after",
    about: "Only what happened after the event of this id; the header `Last-Event-ID` counts before it.",
    kind: Kind::Name,
}];

/// The header in which a browser says what it saw last.
pub(super) const LAST_EVENT_ID: &str = "last-event-id";

/// Clients at once. Others wait for a place, so that streams leave connections for everything else.
const FOLLOWERS: usize = 128;

/// How often a stream without events shows that it still is one. Proxies cut what is silent for a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A look at the table although no notification came: one may be lost with its connection.
const LOOK: Duration = Duration::from_secs(15);

/// The least time between two looks of one client: many changes in a row are read at once.
const BUSY: Duration = Duration::from_millis(100);

/// How long to wait before a database that is away is asked again.
const AWAY: Duration = Duration::from_secs(1);

/// Events that are read at once.
const PAGE: u32 = 200;

/// The stream.
pub(super) fn route(state: &State) -> Route {
    let feed = Feed::start(state);
    let described = Described {
        path: "/api/v1/events",
        about: "What moves, as it moves: server-sent events, each with its place, from which another connection goes on.",
        parameters: PARAMETERS,
        audience: Audience::Callers,
        form: Form::other("text/event-stream"),
    };
    Route::new(described, state, move |view, (): (), asked| {
        let following = feed.clone().follow(view, asked);
        async { following.await.unwrap_or_else(Reply::into_response) }
    })
}

/// Hears for all clients of this replica that something happened.
#[derive(Clone)]
struct Feed {
    heard: Arc<watch::Sender<()>>,
    places: Arc<Semaphore>,
}

impl Feed {
    /// Listens until the daemon is asked to end.
    fn start(state: &State) -> Self {
        let heard = Arc::new(watch::Sender::default());
        tokio::spawn(hear(state.store.clone(), Arc::clone(&heard), state.stopping.clone()));
        Self { heard, places: Arc::new(Semaphore::new(FOLLOWERS)) }
    }

    /// The stream for one client, from the place that it names or from now.
    async fn follow(self, view: View, Asked { query, headers }: Asked) -> Result<Response, Problem> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Problem::TooManyFollowers)?;
        let heard = self.heard.subscribe();
        let kept = view.store.in_time(view.store.kept_happenings()).await?;
        let seen = match headers.get(LAST_EVENT_ID) {
            Some(seen) => Some(number(&view.places, List::Happenings, seen.as_bytes())?),
            None => view.places.after(List::Happenings, &query)?,
        };
        let id = |number| view.places.show(List::Happenings, number);
        let known = |seen: &i64| (kept.first.saturating_sub(1)..=kept.last).contains(seen);
        let first = match seen {
            // What was missed is not known any more: the client asks for everything anew.
            Some(seen) if !known(&seen) => Event::default().event("reset").id(id(kept.last)).data("{}"),
            // No event for the client, but a place from which it can go on before it saw any.
            seen => Event::default().id(id(seen.unwrap_or(kept.last))),
        };
        let seen = seen.filter(known).unwrap_or(kept.last);
        let (sender, receiver) = mpsc::channel(1);
        let follower = Follower {
            store: view.store,
            places: view.places,
            stopping: view.stopping,
            heard,
            seen,
            sender,
            _place: place,
        };
        tokio::spawn(follower.follow(first));
        let events = stream::unfold(receiver, |mut receiver| async {
            let event = receiver.recv().await?;
            Some((Ok::<_, Infallible>(event), receiver))
        });
        Ok(sse::reply(sse::keep_alive().interval(HEARTBEAT).stream(events)).into_response())
    }
}

pub(super) fn number(places: &Places, list: List, text: &[u8]) -> Result<i64, Problem> {
    let number = std::str::from_utf8(text).ok().and_then(|text| places.read(list, text));
    number.ok_or_else(|| Problem::InvalidParameter {
        name: "Last-Event-ID",
        why: "it is the id of an event".to_owned(),
    })
}

/// Passes notifications on. That the database is away is told by who works with it.
async fn hear(store: Store, heard: Arc<watch::Sender<()>>, stopping: CancellationToken) {
    let listen = async {
        loop {
            if let Ok(mut listener) = store.in_time(store.listen_to_happenings()).await {
                while listener.changed().await.is_ok() {
                    heard.send_replace(());
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

/// One client. A task, which waits for the client after each event.
struct Follower {
    store: Shown,
    places: Places,
    stopping: CancellationToken,
    heard: watch::Receiver<()>,
    /// The last number that was sent.
    seen: i64,
    sender: mpsc::Sender<Event>,
    _place: OwnedSemaphorePermit,
}

impl Follower {
    /// Sends until the client goes or the daemon ends.
    async fn follow(mut self, first: Event) {
        let (sender, stopping) = (self.sender.clone(), self.stopping.clone());
        let sending = async {
            if sender.send(first).await.is_ok() {
                while self.go_on().await {}
            }
        };
        tokio::select! {
            () = sending => {}
            () = sender.closed() => {}
            () = stopping.cancelled() => {}
        }
    }

    /// Sends what happened meanwhile, and waits where nothing did. Whether the client is still there.
    async fn go_on(&mut self) -> bool {
        // Marked before the look, so that what happens in between is not slept over.
        self.heard.mark_unchanged();
        let page = self.store.in_time(self.store.happenings(self.seen, PAGE)).await;
        let pause = if page.is_ok() { LOOK } else { AWAY };
        let page = page.unwrap_or_default();
        let ends_here = page.len() < PAGE as usize;
        for happening in page {
            if self.sender.send(event(&self.places, &happening)).await.is_err() {
                return false;
            }
            self.seen = happening.number;
        }
        if ends_here {
            tokio::select! {
                // Its sender lives as long as the routes.
                _ = self.heard.changed() => tokio::time::sleep(BUSY).await,
                () = tokio::time::sleep(pause) => {}
            }
        }
        true
    }
}

fn event(places: &Places, happening: &Happening) -> Event {
    let data = wire::Happening {
        union: happening.union.to_string(),
        deployment: happening.deployment.map(|deployment| deployment.to_string()),
    };
    let event = Event::default()
        .id(places.show(List::Happenings, happening.number))
        .event(happening.happened.as_str());
    // Texts: serializing them cannot fail.
    event.json_data(data).unwrap_or_default()
}
