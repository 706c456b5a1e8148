//! The stream of events: that something moved, for pages and programs that then ask what it is now.
//!
//! ```text
//! event (table) ─notification→ feed, one per replica ─the newest→ one task per client, which waits until the client took each
//! ```
//!
//! A slow client costs no memory, and one that takes nothing at all is let go (`Limits::stalled`). Invariant: an id is a place
//! of the table, so a client that lost its replica goes on at another one, without a gap and without a double.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures::stream;
use http::Method;
use tokio::sync::{Semaphore, mpsc};
use warp::reply::{Reply, Response};
use warp::sse::{self, Event};

use super::access::Audience;
use super::feed::{Feed, Follower, Told};
use super::place::{List, Places};
use super::problem::Problem;
use super::query::{Kind, Parameter};
use super::route::{Asked, Described, Form, Route};
use super::{Limits, State, View, wire};
use crate::store::{Happening, Place, Shown};

/// What the stream can be asked for: `after`, for clients that cannot set `Last-Event-ID`.
const PARAMETERS: &[Parameter] = &[Parameter {
    name: "after",
    about: "Only what happened after the event of this id; the header `Last-Event-ID` counts before it.",
    kind: Kind::Place,
}];

/// The header in which a browser says what it saw last.
pub(super) const LAST_EVENT_ID: &str = "last-event-id";

/// How long a stream lasts; its client then goes on by another one. Who must not see any more what they saw is refused that.
pub(super) const LONGEST: Duration = Duration::from_secs(15 * 60);

/// The stream, for as many clients at once as the limits say: others are told to come back, so that streams leave connections for everything
/// else.
pub(super) fn route(state: &State, limits: &Limits) -> Route {
    let feed = Feed::start(state.store.clone(), state.stopping.clone());
    let followers = Arc::new(Semaphore::new(limits.followers));
    let heartbeat = limits.heartbeat;
    let described = Described {
        path: "/api/v1/events",
        method: Method::GET,
        about: "What moves, as it moves: server-sent events, each with its place, from which another connection goes on.",
        parameters: PARAMETERS,
        audience: Audience::Callers,
        form: Form::other("text/event-stream"),
    };
    Route::new(described, state, move |view, (): (), asked| {
        let following = follow(feed.clone(), Arc::clone(&followers), heartbeat, view, asked);
        async { following.await.unwrap_or_else(Reply::into_response) }
    })
}

/// The stream for one client, from the place that it names or from now.
async fn follow(
    feed: Feed,
    followers: Arc<Semaphore>,
    heartbeat: Duration,
    view: View,
    Asked { query, headers }: Asked,
) -> Result<Response, Problem> {
    let one_of = followers.try_acquire_owned().map_err(|_| Problem::TooManyFollowers)?;
    let last = feed.last().await?;
    let ids = Ids { store: view.store, places: view.places };
    let seen = match headers.get(LAST_EVENT_ID) {
        // A browser asks again and again with what it was given, by whatever version: what is no place is an unknown one.
        Some(seen) => Some(seen.to_str().ok().and_then(|seen| ids.read(seen))),
        None => query.text("after")?.map(|seen| ids.read(&seen).ok_or_else(nowhere)).transpose()?.map(Some),
    };
    let (seen, first) = match seen {
        Some(Some(seen)) => (seen, Event::default().id(ids.show(seen))),
        Some(None) => (last, ids.reset(last).await?),
        // No event for the client, but a place from which it can go on before it saw any.
        None => (last, Event::default().id(ids.show(ids.newest(last).await?))),
    };
    let follower = feed.follower(seen, ids.store.sight().clone());
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        tokio::select! {
            () = send(follower, ids, first, &sender) => {}
            () = sender.closed() => {}
            () = view.stopping.cancelled() => {}
            () = tokio::time::sleep(LONGEST) => {}
        }
        drop(one_of);
    });
    let events = stream::unfold(receiver, |mut receiver| async {
        let event = receiver.recv().await?;
        Some((Ok::<_, Infallible>(event), receiver))
    });
    Ok(sse::reply(sse::keep_alive().interval(heartbeat).stream(events)).into_response())
}

fn nowhere() -> Problem {
    Problem::InvalidParameter { name: "after", why: "it is the id of an event".to_owned() }
}

/// Sends until the client goes, or the database is away where it is needed: the client comes again.
async fn send(mut follower: Follower, ids: Ids, first: Event, sender: &mpsc::Sender<Event>) {
    let mut next = vec![first];
    loop {
        for event in next {
            if sender.send(event).await.is_err() {
                return;
            }
        }
        next = match follower.next().await {
            Told::Happened(happenings) => happenings.iter().map(|happening| ids.event(happening)).collect(),
            Told::Reset(place) => match ids.reset(place).await {
                Ok(reset) => vec![reset],
                Err(_) => return,
            },
        };
    }
}

/// How places are told to one client.
struct Ids {
    store: Shown,
    places: Places,
}

impl Ids {
    fn show(&self, place: Place) -> String {
        let part = |part| self.places.show(List::Happenings, part);
        format!("{}-{}", part(place.number), part(place.moment))
    }

    fn read(&self, text: &str) -> Option<Place> {
        let (number, moment) = text.split_once('-')?;
        let part = |text| self.places.read(List::Happenings, text).filter(|part| *part >= 0);
        Some(Place { number: part(number)?, moment: part(moment)? })
    }

    /// The newest place that may be told, where this is the newest: to who does not see all unions another one would tell
    /// that something happened.
    async fn newest(&self, last: Place) -> Result<Place, Problem> {
        if self.store.sight().is_all() {
            return Ok(last);
        }
        Ok(self.store.in_time(self.store.last_happening()).await?)
    }

    /// What was missed is not known any more: the client asks for everything anew.
    async fn reset(&self, last: Place) -> Result<Event, Problem> {
        let id = self.show(self.newest(last).await?);
        Ok(Event::default().event("reset").id(id).data("{}"))
    }

    fn event(&self, happening: &Happening) -> Event {
        let data = wire::Happening {
            union: happening.union.to_string(),
            deployment: happening.deployment.map(|deployment| deployment.to_string()),
        };
        let event = Event::default().id(self.show(happening.place)).event(happening.happened.as_str());
        // Texts: serializing them cannot fail.
        event.json_data(data).unwrap_or_default()
    }
}
