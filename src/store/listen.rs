//! Waking up: the database tells when a union becomes due, and when something happened.
//!
//! A hint, not a queue: notifications are lost while a connection is, so whoever waits also looks from time to time, and
//! a connection that was lost counts as a change.

use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};

use super::direct::{Direct, within};
use super::{Error, Store};

/// After a silence of this time the connection is asked whether it still is one: a cut network tells nobody.
const SILENCE: Duration = Duration::from_secs(30);

/// Hears of one kind of change, on a connection of its own.
pub struct Listener {
    direct: Direct,
    channel: &'static str,
    connected: Option<PgListener>,
}

impl Store {
    /// Starts to listen to work that becomes due.
    ///
    /// # Errors
    /// The database is away.
    pub async fn listen(&self) -> Result<Listener, Error> {
        self.listener("keyforge_work").await
    }

    /// Starts to listen to what happens.
    ///
    /// # Errors
    /// The database is away.
    pub async fn listen_to_happenings(&self) -> Result<Listener, Error> {
        self.listener("keyforge_event").await
    }

    /// Starts to listen to which deployments' logs grow or end.
    ///
    /// # Errors
    /// The database is away.
    pub async fn listen_to_logs(&self) -> Result<Listener, Error> {
        self.listener("keyforge_log").await
    }

    /// Starts to listen to who wants the config repo looked at.
    ///
    /// # Errors
    /// The database is away.
    pub async fn listen_to_requests(&self) -> Result<Listener, Error> {
        self.listener("keyforge_sync").await
    }

    async fn listener(&self, channel: &'static str) -> Result<Listener, Error> {
        let connected = Some(connect(&self.direct, channel).await?);
        Ok(Listener { direct: self.direct.clone(), channel, connected })
    }
}

async fn connect(direct: &Direct, channel: &str) -> Result<PgListener, Error> {
    // A pool of one: the listener draws its connection, and each new one after a loss, from there.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(direct.patience)
        .connect_lazy_with(direct.options());
    within(direct.patience, async {
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(channel).await?;
        Ok(listener)
    })
    .await
}

impl Listener {
    /// Returns when there was a change, or may have been one unheard.
    ///
    /// # Errors
    /// The database is away; the next call tries to reach it again.
    pub async fn changed(&mut self) -> Result<(), Error> {
        self.heard().await.map(drop)
    }

    /// Returns what was said of a change; none where there may have been one unheard.
    ///
    /// # Errors
    /// The database is away; the next call tries to reach it again.
    pub async fn heard(&mut self) -> Result<Option<String>, Error> {
        let Some(listener) = &mut self.connected else {
            self.connected = Some(connect(&self.direct, self.channel).await?);
            return Ok(None);
        };
        // `None` is a lost connection: what was sent meanwhile is lost too.
        let heard = match tokio::time::timeout(SILENCE, listener.try_recv()).await {
            Ok(heard) => heard.map(|heard| heard.map(|said| said.payload().to_owned())).map_err(Error::from),
            Err(_) => {
                within(self.direct.patience, sqlx::query("select").execute(listener)).await.map(|_| None)
            }
        };
        if heard.is_err() {
            self.connected = None;
        }
        heard
    }
}
