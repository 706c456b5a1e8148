//! What happens, read once for everybody who follows along at this replica.
//!
//! The newest happenings are kept here and handed to all followers that are at one of them, however many there are; only who
//! comes from an older place reads by itself, a few at a time. Invariant: nothing is handed out that the database did not
//! have, in its order, and a follower of a database that was put back to an older state is told so.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::access::Sight;
use crate::store::{Error, Happening, Place, Store};

/// How many happenings are kept for who is a little behind.
const KEPT: usize = 1_000;

/// Happenings that are read at once.
const PAGE: u32 = 200;

/// How many followers read by themselves at a time, so that they leave connections for everything else.
const TURNS: usize = 2;

/// The least time between two looks: many changes in a row are read at once.
const BUSY: Duration = Duration::from_millis(100);

/// How long to wait before a database that is away is asked again.
const AWAY: Duration = Duration::from_secs(1);

/// What happens, of one replica. Clones share it.
#[derive(Clone)]
pub(super) struct Feed {
    store: Store,
    recent: Arc<watch::Sender<Option<Recent>>>,
    turns: Arc<Semaphore>,
}

/// The newest happenings, without a gap.
struct Recent {
    /// The place before the first of them.
    start: Place,
    happenings: VecDeque<Arc<Happening>>,
}

/// What a follower finds behind its place.
enum Found {
    /// These.
    Next(Vec<Arc<Happening>>),
    /// Nothing yet.
    Nothing,
    /// Its place is not among the newest.
    Elsewhere,
}

impl Feed {
    /// Reads until the daemon is asked to end.
    pub(super) fn start(store: Store, stopping: CancellationToken) -> Self {
        let feed = Self { store, recent: Arc::default(), turns: Arc::new(Semaphore::new(TURNS)) };
        let reading = feed.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = reading.read_on() => {}
                () = stopping.cancelled() => {}
            }
        });
        feed
    }

    /// The place of what happened last, as far as it is known here.
    pub(super) async fn last(&self) -> Result<Place, Error> {
        let last = self.recent.borrow().as_ref().map(Recent::last);
        match last {
            Some(last) => Ok(last),
            None => self.look().await,
        }
    }

    /// The place of what happened last.
    async fn look(&self) -> Result<Place, Error> {
        let all = self.store.shown_to(Sight::All);
        all.in_time(all.last_happening()).await
    }

    /// One that follows from this place what happens to these unions.
    pub(super) fn follower(&self, seen: Place, sight: Sight) -> Follower {
        Follower { feed: self.clone(), recent: self.recent.subscribe(), seen, sight }
    }

    /// Reads what happens. That the database is away is told by who works with it.
    async fn read_on(&self) {
        loop {
            let mut listener = self.store.in_time(self.store.listen_to_happenings()).await.ok();
            // Heard of from now on, so that nothing falls between a look and the next.
            while self.read().await.is_ok() {
                // Without notifications it is looked from time to time.
                let Some(listener) = &mut listener else { break };
                if listener.changed().await.is_err() {
                    break;
                }
                tokio::time::sleep(BUSY).await;
            }
            tokio::time::sleep(AWAY).await;
        }
    }

    /// Reads what happened since the last time.
    async fn read(&self) -> Result<(), Error> {
        loop {
            let last = self.last().await?;
            let page = self.store.in_time(self.store.happenings(last, PAGE)).await?;
            let (start, page) = match page {
                Some(page) => (None, page),
                // Put back to an older state, or more happened than is kept.
                None => (Some(self.look().await?), Vec::new()),
            };
            let ends_here = page.len() < PAGE as usize;
            self.recent.send_if_modified(|recent| {
                let is_new = recent.is_none() || start.is_some() || !page.is_empty();
                if let Some(start) = start {
                    *recent = None;
                    recent.get_or_insert_with(|| Recent::from(start));
                }
                recent.get_or_insert_with(|| Recent::from(last)).extend(page);
                is_new
            });
            if ends_here {
                return Ok(());
            }
        }
    }
}

impl Recent {
    fn from(start: Place) -> Self {
        Self { start, happenings: VecDeque::new() }
    }

    fn last(&self) -> Place {
        self.happenings.back().map_or(self.start, |last| last.place)
    }

    fn extend(&mut self, page: Vec<Happening>) {
        self.happenings.extend(page.into_iter().map(Arc::new));
        let many = self.happenings.len().saturating_sub(KEPT);
        if let Some(dropped) = self.happenings.drain(..many).next_back() {
            self.start = dropped.place;
        }
    }

    fn after(&self, seen: Place) -> Found {
        if seen == self.last() {
            return Found::Nothing;
        }
        if seen == self.start {
            return Found::Next(self.happenings.iter().cloned().collect());
        }
        let at = self.happenings.binary_search_by_key(&seen.number, |happening| happening.place.number);
        match at {
            Ok(at) if self.happenings[at].place == seen => {
                Found::Next(self.happenings.range(at + 1..).cloned().collect())
            }
            _ => Found::Elsewhere,
        }
    }
}

/// What one client is told next.
pub(super) enum Told {
    /// That these happened.
    Happened(Vec<Arc<Happening>>),
    /// That its place is not known any more; the one from which it goes on.
    Reset(Place),
}

/// One client's place.
pub(super) struct Follower {
    feed: Feed,
    recent: watch::Receiver<Option<Recent>>,
    seen: Place,
    sight: Sight,
}

impl Follower {
    /// What happens next; waits for it.
    pub(super) async fn next(&mut self) -> Told {
        loop {
            // Marked before the look, so that what happens in between is not slept over.
            let found = self.recent.borrow_and_update().as_ref().map(|recent| recent.after(self.seen));
            let told = match found {
                Some(Found::Next(happenings)) => Some(Told::Happened(happenings)),
                Some(Found::Nothing) => None,
                Some(Found::Elsewhere) | None => match self.catch_up().await {
                    Ok(told) => told,
                    Err(_) => {
                        tokio::time::sleep(AWAY).await;
                        continue;
                    }
                },
            };
            match told {
                Some(Told::Happened(mut happenings)) => {
                    self.seen = happenings.last().map_or(self.seen, |last| last.place);
                    happenings.retain(|happening| self.sight.sees(&happening.union));
                    if !happenings.is_empty() {
                        return Told::Happened(happenings);
                    }
                }
                Some(Told::Reset(place)) => {
                    self.seen = place;
                    return Told::Reset(place);
                }
                // Its sender lives as long as this has the feed.
                None => drop(self.recent.changed().await),
            }
        }
    }

    /// Reads by itself: what happened before the newest.
    async fn catch_up(&self) -> Result<Option<Told>, Error> {
        let Feed { store, turns, .. } = &self.feed;
        // The semaphore is never closed.
        let _turn = turns.acquire().await.ok();
        let page = store.in_time(store.happenings(self.seen, PAGE)).await?;
        Ok(match page {
            Some(page) if page.is_empty() => None,
            Some(page) => Some(Told::Happened(page.into_iter().map(Arc::new).collect())),
            None => Some(Told::Reset(self.feed.look().await?)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::outcome::Happened;

    fn place(number: i64) -> Place {
        Place { number, moment: if number == 0 { 0 } else { 7 } }
    }

    fn page(numbers: std::ops::RangeInclusive<i64>) -> Vec<Happening> {
        let happening = |number| Happening {
            place: place(number),
            happened: Happened::UnionChanged,
            union: "acme".parse().expect("a name"),
            deployment: None,
        };
        numbers.map(happening).collect()
    }

    #[test]
    fn who_is_at_one_of_the_newest_gets_what_came_after_it_and_nobody_else_anything() {
        let mut recent = Recent::from(Place::START);
        let found = |recent: &Recent, seen: Place| match recent.after(seen) {
            Found::Next(next) => format!("{} from {}", next.len(), next[0].place.number),
            Found::Nothing => "nothing yet".to_owned(),
            Found::Elsewhere => "elsewhere".to_owned(),
        };
        assert_eq!(found(&recent, place(0)), "nothing yet");
        recent.extend(page(1..=3));
        assert_eq!(found(&recent, place(0)), "3 from 1");
        assert_eq!(found(&recent, place(2)), "1 from 3");
        assert_eq!(found(&recent, place(3)), "nothing yet");
        assert_eq!(found(&recent, Place { moment: 8, ..place(3) }), "elsewhere", "of another database");
        assert_eq!(found(&recent, place(4)), "elsewhere", "of one who has read on");
        recent.extend(page(4..=1_002));
        assert_eq!(found(&recent, place(1)), "elsewhere", "too long ago");
        assert_eq!(found(&recent, place(2)), "1000 from 3");
        assert_eq!(found(&recent, place(1002)), "nothing yet");
    }
}
