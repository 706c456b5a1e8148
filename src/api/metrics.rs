//! `/metrics`: what is counted here, and what the tables say at the moment.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, header};
use tokio::sync::Mutex;
use warp::reply::Reply;

use super::State;
use super::access::Audience;
use super::route::{Described, Form, Route};
use crate::store::Shown;
use crate::telemetry::{Metrics, Scrape};

/// Several scrapers in a row ask the database once.
const FRESH: Duration = Duration::from_secs(5);

/// A scrape does not wait for a database that is away: it tells what was known last.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a scraper asks.
pub(super) fn route(state: &State) -> Route {
    let scraper = Scraper::default();
    let described = Described {
        path: "/metrics",
        method: Method::GET,
        about: "What is counted, in the text form of OpenMetrics.",
        parameters: &[],
        audience: Audience::Fleet,
        form: Form::other(Metrics::CONTENT_TYPE),
    };
    Route::new(described, state, move |view, (): (), _| {
        let scraper = scraper.clone();
        async move {
            let text = scraper.text(&view.metrics, &view.store).await;
            warp::reply::with_header(text, header::CONTENT_TYPE, Metrics::CONTENT_TYPE).into_response()
        }
    })
}

/// Answers scrapes. Clones share what was read.
#[derive(Clone, Default)]
struct Scraper(Arc<Mutex<Read>>);

#[derive(Default)]
struct Read {
    at: Option<Instant>,
    scrape: Scrape,
}

impl Scraper {
    /// The text of one scrape.
    async fn text(&self, metrics: &Metrics, store: &Shown) -> String {
        // Held while the database is asked, so that it is asked once.
        let mut read = self.0.lock().await;
        if read.at.is_none_or(|at| at.elapsed() > FRESH) {
            // What cannot be read now keeps its last value; that the database is away is told by readiness.
            if let Ok(Ok(scrape)) = tokio::time::timeout(PATIENCE, ask(store)).await {
                read.scrape = scrape;
            }
            read.at = Some(Instant::now());
        }
        metrics.text(&read.scrape)
    }
}

async fn ask(store: &Shown) -> Result<Scrape, crate::store::Error> {
    let (unions, queue) = tokio::try_join!(store.union_counts(), store.queue())?;
    Ok(Scrape { unions: unions.by_state, due: queue.due, oldest: queue.oldest })
}
