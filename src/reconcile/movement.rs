//! What makes unions due between two looks: something moved in the cluster, or in the table of work.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Parts;
use crate::cluster::What;
use crate::names::UnionName;
use crate::outcome::Reason;

/// How long to wait before the database is tried again.
const AWAY: Duration = Duration::from_secs(1);

/// The least time between two looks at the table: when all workers are busy, what is due stays due for a while.
const BUSY: Duration = Duration::from_millis(250);

/// What moves in the cluster makes its union due: somebody's change as drift, a status for who waits for health.
pub(super) async fn cluster(parts: Arc<Parts>, replica: Uuid, shutdown: CancellationToken) {
    let mut moves = parts.cluster.watch(&shutdown);
    while let Some(first) = moves.next().await {
        // One statement for all that moved while the last one was on its way, and no pause for more: who asks later
        // finds the lease over of whoever wrote, and takes that for somebody else's change.
        let moved = [first].into_iter().chain(moves.more());
        let due: Vec<(UnionName, Reason)> = moved
            .map(|moved| {
                tracing::debug!(union = %moved.union, resource.id = %moved.id, "moved: {:?}", moved.what);
                let reason = match moved.what {
                    What::Status => Reason::Interval,
                    What::Appeared | What::Spec | What::Deleted => Reason::Drift,
                };
                (moved.union, reason)
            })
            .collect();
        // Lost while the database is away: then everything is looked at once it is back.
        while parts.database(parts.store.moved(replica, &due)).await.is_err() {
            if shutdown.run_until_cancelled(tokio::time::sleep(AWAY)).await.is_none() {
                return;
            }
        }
    }
}

/// How often the server is asked which one it is.
const IDENTITY: Duration = Duration::from_secs(60);

/// Looks whether it is still the same server and cluster: what was verified with another one counts no more, so every
/// union is looked at then.
pub(super) async fn server(parts: Arc<Parts>, shutdown: CancellationToken) {
    let mut known = None;
    loop {
        // That it is away is told by the call.
        if let Ok(server) = parts.cluster_call("identify", parts.cluster.identify()).await {
            if known.as_ref().is_some_and(|known| *known != server) {
                tracing::info!("the API server is another one now: {}", server.version);
                // Lost while the database is away: the interval looks at them all the same.
                let _ = parts.database(parts.store.make_all_due(Reason::Startup, IDENTITY)).await;
            }
            known = Some(server);
        }
        tokio::select! {
            () = tokio::time::sleep(IDENTITY) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

/// Wakes idle workers when the table says that something is due, or when the next due time comes.
pub(super) async fn queue(parts: Arc<Parts>, shutdown: CancellationToken) {
    let mut listener = None;
    while !shutdown.is_cancelled() {
        if listener.is_none() {
            listener = parts.database(parts.store.listen()).await.ok();
        }
        let next = parts.database(parts.store.next_due_in()).await.ok().flatten();
        let changed = async {
            match &mut listener {
                Some(listening) => listening.changed().await.is_ok(),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            heard = changed => if !heard {
                listener = None;
                tokio::time::sleep(AWAY).await;
            },
            () = tokio::time::sleep(next.unwrap_or(AWAY).max(BUSY)) => {}
            () = shutdown.cancelled() => return,
        }
        parts.due.send_replace(());
    }
}
