//! Vouches for the audit: makes checkpoints of its chain with a key that the database does not have, and keeps the newest one
//! outside of it.
//!
//! One replica does it at a time, at most once a minute and only where there are new records. Invariant: what was not computed
//! anew here is not vouched for, and what cannot be believed is told, not gone on with: neither checkpoint nor anchor is written
//! then. How it went stands in the database, so that every replica tells it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::dependencies::{Dependencies, System};
use crate::chain::{self, Checkpoint, Doubt, Head, Keys};
use crate::cluster::{self, Cluster};
use crate::store::{self, Singleton, Store};

/// How often it is looked for new records.
const LOOK: Duration = Duration::from_secs(60);

/// How long a record may wait for a checkpoint.
const LAG: Duration = Duration::from_secs(5 * 60);

/// So many records are computed anew at a time: what one tells may be long.
const PAGE: u32 = 100;

/// What readiness says to everybody; the log has what was found.
const DOUBT: &str = "the audit is not as it was vouched for; the log says what was found";
const UNABLE: &str = "nobody can vouch for the audit now; the log says why";
const LAGS: &str = "nobody has vouched for the audit for minutes";

/// What vouches.
#[derive(Clone)]
pub struct Notary {
    /// Where the chain is.
    pub store: Store,
    /// Where the anchor is.
    pub cluster: Cluster,
    /// By which keys, which may change while we run; none: nobody vouches.
    pub keys: watch::Receiver<Option<Arc<Keys>>>,
    /// Where it is told that nobody can vouch.
    pub dependencies: Dependencies,
}

/// Why no checkpoint was made.
#[derive(Debug, thiserror::Error)]
pub enum NotVouched {
    /// What there is cannot be believed.
    #[error(transparent)]
    Doubt(#[from] Doubt),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The anchor cannot be read or written.
    #[error(transparent)]
    Cluster(#[from] cluster::Error),
}

/// Vouches until `shutdown`, whenever this replica is the one that does, and tells how it goes whichever does.
pub(super) async fn vouch(notary: Notary, shutdown: CancellationToken) {
    let vouching = async {
        let (mut turn, mut told) = (None::<Singleton>, String::new());
        loop {
            let is_ours = match &mut turn {
                Some(held) => held.alive().await.is_ok(),
                None => false,
            };
            if !is_ours {
                turn = notary.store.in_time(notary.store.singleton("notary")).await.ok().flatten();
            }
            if turn.is_some() {
                let round = notary.round().await;
                notary.record(round, &mut told).await;
            }
            notary.tell().await;
            tokio::time::sleep(LOOK).await;
        }
    };
    // What is dropped in the middle is made in the next round.
    tokio::select! {
        () = vouching => {}
        () = shutdown.cancelled() => {}
    }
}

impl Notary {
    /// One look: what is new since the newest checkpoint is computed anew, and vouched for. The checkpoint that was made, if one
    /// was.
    ///
    /// # Errors
    /// What there is cannot be believed, or the database or the cluster is away. The next round goes on from there.
    pub async fn round(&self) -> Result<Option<Checkpoint>, NotVouched> {
        let Some(keys) = self.keys.borrow().clone() else { return Ok(None) };
        let (store, installation) = (&self.store, self.cluster.installation());
        // Before what is kept: another replica that writes meanwhile must not make it look newer than that.
        let anchor = self.cluster.anchor().await?;
        let kept = store.in_time(store.checkpoint(None)).await?;
        let anchored = match &anchor {
            Some(anchor) => store.in_time(store.checkpoint(Some(anchor.checkpoint.number))).await?,
            None => None,
        };
        let outside = anchor.as_ref().map(|anchor| &anchor.checkpoint);
        chain::trusted(&keys, installation, kept.as_ref(), outside, anchored.as_ref())?;
        if let Some(kept) = &kept {
            self.record_renewal(&keys, kept, anchor.is_none()).await?;
        }
        let head = self.newest(kept.as_ref().map(Checkpoint::head)).await?;
        let made = match head.filter(|head| kept.as_ref().map(Checkpoint::head) != Some(*head)) {
            Some(head) => {
                let number = kept.as_ref().map_or(1, |kept| kept.number + 1);
                let made = keys.vouch(installation, number, head, store.in_time(store.now()).await?);
                // Else another replica was faster, and its own round ends.
                store.in_time(store.keep_checkpoint(&made)).await?.then_some(made)
            }
            None => None,
        };
        // Also what could not be written the last time.
        if let Some(newest) = made.as_ref().or(kept.as_ref()).filter(|newest| Some(*newest) != outside) {
            self.cluster.anchor_at(anchor.as_ref(), newest).await?;
        }
        Ok(made)
    }

    /// Records that the anchor is gone, by somebody who may or who should not, and that another key vouches from now on. A record
    /// that is new has a checkpoint made, so that the newest one is always by the key of now.
    async fn record_renewal(
        &self,
        keys: &Keys,
        kept: &Checkpoint,
        is_anchor_gone: bool,
    ) -> Result<(), NotVouched> {
        if is_anchor_gone {
            tracing::warn!(
                "the anchor of the audit is gone; it is made anew from checkpoint {}",
                kept.number
            );
            self.store.in_time(self.store.record_renewal("anchor-renewed", kept.number)).await?;
        }
        if keys.maker(self.cluster.installation(), kept) != Some(0) {
            self.store.in_time(self.store.record_renewal("key-changed", kept.number)).await?;
        }
        Ok(())
    }

    /// The newest record, up to which all is computed anew from `head` on. It rests as long as each step took: a database that
    /// was never vouched for may have many.
    async fn newest(&self, mut head: Option<Head>) -> Result<Option<Head>, NotVouched> {
        loop {
            let begun = Instant::now();
            let from = head.map_or(1, |head| head.number);
            let links = self.store.in_time(self.store.links(from, PAGE)).await?;
            head =
                chain::newest(head, &links).map_err(|(record, broken)| Doubt::Broken { record, broken })?;
            if links.len() < PAGE as usize {
                return Ok(head);
            }
            tokio::time::sleep(begun.elapsed()).await;
        }
    }

    /// How a round went: for all replicas, and in the log in full where it is another news than `told`.
    pub async fn record(&self, round: Result<Option<Checkpoint>, NotVouched>, told: &mut String) {
        let (why, words) = match round {
            Ok(made) => {
                if let Some(Checkpoint { number, record, .. }) = made {
                    tracing::debug!("checkpoint {number} vouches for the audit up to record {record}");
                }
                (None, String::new())
            }
            // That they are away is told by who works with them, and nothing is known of the audit.
            Err(NotVouched::Store(error)) if error.is_away() => return,
            Err(NotVouched::Cluster(error)) if error.is_away() => return,
            Err(NotVouched::Doubt(doubt)) => (Some(DOUBT), doubt.to_string()),
            Err(error) => (Some(UNABLE), super::chain(&error)),
        };
        if *told != words && !words.is_empty() {
            tracing::error!("nobody vouches for the audit: {words}");
        }
        *told = words;
        // What could not be written is found to lag.
        let _ = self.store.in_time(self.store.record_audit_verdict(why)).await;
    }

    /// Tells what is known of it, whichever replica looked. Nothing new is known while the database is away.
    pub async fn tell(&self) {
        if self.keys.borrow().is_none() {
            return self.dependencies.up(System::Audit);
        }
        match self.store.in_time(self.store.audit_verdict(LAG)).await {
            Ok((Some(why), _)) => self.dependencies.down(System::Audit, why),
            Ok((None, true)) => self.dependencies.down(System::Audit, LAGS),
            Ok((None, false)) => self.dependencies.up(System::Audit),
            Err(_) => {}
        }
    }
}
