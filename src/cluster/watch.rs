//! Watches on the metadata of everything that carries the installation's label, of each kind that is rendered.
//!
//! Metadata only, and of that a few words (`seen`): ten thousand unions have a hundred thousand objects. Secrets are
//! not watched, since that takes the right to list them (decisions.md 1.12).
//! A gap (the server went away, or does not remember that far back) ends in a new list, compared with what was known.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use kube::Api;
use kube::api::DynamicObject;
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, DefaultBackoff, Event, watcher};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::error::Error;
use super::kinds::Kind;
use super::memory::{Index, KindName, Memory, Moved};
use super::seen::Seen;
use super::{Cluster, foreign};
use crate::ids::ResourceId;

/// The kinds that a union consists of, but for Secrets.
pub(super) const WATCHED: [KindName; 14] = [
    ("v1", "Namespace"),
    ("v1", "ResourceQuota"),
    ("v1", "LimitRange"),
    ("v1", "ServiceAccount"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("v1", "ConfigMap"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("batch/v1", "CronJob"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
];

/// How long one request of a watch lasts, in seconds; the next one goes on where it ended.
pub(super) const WATCH: u32 = 60;
/// How long a page of a first list may take.
const LIST_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a kind that the server does not serve is not looked for.
const LOOK_FOR_KIND: Duration = Duration::from_secs(5 * 60);
/// After a watch that could not be begun.
const BEGIN_AGAIN: Duration = Duration::from_secs(5);

/// What moves, as the watches tell it. The watches end when this is dropped or their token is cancelled.
pub struct Moves {
    memory: Arc<Memory>,
    stop: CancellationToken,
    _watches: JoinSet<()>,
}

impl Moves {
    /// The next thing that moved; `None` once the token is cancelled.
    pub async fn next(&mut self) -> Option<Moved> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            moved = self.memory.next() => Some(moved),
        }
    }

    /// What else has moved by now.
    pub fn more(&self) -> Vec<Moved> {
        self.memory.more()
    }

    /// Waits until every watch has its first list: from then on what is equal needs no request.
    pub async fn synced(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.memory.synced() => {}
        }
    }
}

impl Cluster {
    /// Follows everything that carries the installation's label until `stop`. A server that is away is waited for.
    pub fn watch(&self, stop: &CancellationToken) -> Moves {
        let mut watches = JoinSet::new();
        for kind in WATCHED {
            self.memory.watch(kind);
            let (cluster, stop) = (self.clone(), stop.clone());
            watches.spawn(async move {
                stop.run_until_cancelled(cluster.follow(kind)).await;
                cluster.memory.unwatch(kind);
            });
        }
        for kind in foreign::KINDS {
            self.memory.watch_foreign(kind);
            let (cluster, stop) = (self.clone(), stop.clone());
            watches.spawn(async move {
                stop.run_until_cancelled(cluster.follow_foreign(kind)).await;
                cluster.memory.unwatch_foreign(kind);
            });
        }
        Moves { memory: self.memory.clone(), stop: stop.clone(), _watches: watches }
    }

    async fn follow(&self, kind: KindName) {
        let served = self.until_served(kind, || self.memory.watch(kind), || self.memory.unwatch(kind)).await;
        // A server that answers lists and refuses watches is short of breath: not asked for everything again at once.
        let mut pauses = DefaultBackoff::default();
        loop {
            let events = std::pin::pin!(self.events(&served));
            self.take(kind, events).await;
            tokio::time::sleep(pauses.next().unwrap_or(BEGIN_AGAIN)).await;
        }
    }

    /// The kind, once the server serves it.
    pub(super) async fn until_served(&self, kind: KindName, watch: impl Fn(), unwatch: impl Fn()) -> Kind {
        loop {
            match self.kinds.of(&self.wire, kind.0, kind.1).await {
                Ok(served) => return served,
                // Somebody may install it later. Until then nothing of it exists, so nothing is missed.
                Err(Error::NotServed { .. }) => {
                    unwatch();
                    tokio::time::sleep(LOOK_FOR_KIND).await;
                    watch();
                }
                Err(_) => tokio::time::sleep(BEGIN_AGAIN).await,
            }
        }
    }

    fn events(
        &self,
        served: &Kind,
    ) -> impl Stream<Item = watcher::Result<Event<PartialObjectMeta<DynamicObject>>>> + use<> {
        let api: Api<PartialObjectMeta<DynamicObject>> = Api::all_with(self.wire.client(), &served.resource);
        // Begun anew each minute: a network that swallows everything is noticed by the end that does not come.
        let config = watcher::Config::default().labels(&self.selector()).timeout(WATCH);
        watcher(api, config).default_backoff()
    }

    /// After a gap it may be another version, or another cluster: nothing that is told is judged by what was verified
    /// with the former one. Unanswered, the next one who asks will know.
    async fn identify_anew(&self) {
        if let Err(error) = self.identify().await {
            tracing::debug!(error = %error, "the server does not say which one it is");
        }
    }

    /// Takes events in until the stream has to be begun anew.
    async fn take(
        &self,
        kind: KindName,
        mut events: impl Stream<Item = watcher::Result<Event<PartialObjectMeta<DynamicObject>>>> + Unpin,
    ) {
        // Built between `Init` and `InitDone` and swapped whole, or what was deleted during a gap would stay.
        let mut fresh: Option<Index> = None;
        let mut listed = false;
        loop {
            let next = events.next();
            let event = if fresh.is_some() {
                match tokio::time::timeout(LIST_TIMEOUT, next).await {
                    Ok(event) => event,
                    Err(_) => return,
                }
            } else {
                next.await
            };
            match event {
                None => return,
                Some(Err(error)) => {
                    tracing::debug!(kind = kind.1, error = %error, "watch interrupted");
                    self.memory.blinded(kind);
                    // A stream that goes on does not say so; one that begins anew lists.
                    if listed {
                        return;
                    }
                }
                Some(Ok(Event::Init)) => fresh = Some(HashMap::new()),
                Some(Ok(Event::InitApply(object))) => {
                    if let Some(fresh) = &mut fresh {
                        let meta = &object.metadata;
                        let namespace = meta.namespace.as_deref().unwrap_or_default();
                        let name = meta.name.as_deref().unwrap_or_default();
                        fresh.insert((namespace.into(), name.into()), Seen::of(meta));
                    }
                }
                Some(Ok(Event::InitDone)) => {
                    if self.memory.is_listed(kind) {
                        self.identify_anew().await;
                    }
                    self.memory.listed(kind, fresh.take().unwrap_or_default());
                    listed = true;
                }
                Some(Ok(Event::Apply(object))) => {
                    self.memory.shown(kind, id(kind, &object), &Seen::of(&object.metadata));
                }
                Some(Ok(Event::Delete(object))) => self.memory.gone(kind, id(kind, &object)),
            }
        }
    }
}

fn id(kind: KindName, object: &PartialObjectMeta<DynamicObject>) -> ResourceId {
    ResourceId {
        kind: kind.1.into(),
        namespace: object.metadata.namespace.clone(),
        name: object.metadata.name.clone().unwrap_or_default(),
        api_version: kind.0.into(),
    }
}
