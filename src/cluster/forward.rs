//! The way to a union's server where it is reached through its pod: the pod's address, or a port-forward through the API
//! server.
//!
//! A port-forward is one WebSocket for each connection, and ends with it. Invariant: it leads to the very pod that was
//! chosen, by its uid; a daemon holds a bounded number of them. In production no role has `pods/portforward`.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{GetParams, ListParams, Portforwarder};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::{Call, Error, Verb};
use super::{Cluster, health, seen};
use crate::health::Health;
use crate::ids::{ResourceId, Uid};
use crate::names::UnionName;

/// How many a daemon holds.
const MOST: usize = 32;

/// The pods of a union's server.
const SERVER: &str = "app.kubernetes.io/name=vaultwarden";
/// By which they name their port.
const PORT: &str = "http";

/// How many are left.
pub(super) struct Forwards(Arc<Semaphore>);

impl Default for Forwards {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST)))
    }
}

/// One connection to a union's server. The port-forward below it ends when it is dropped.
pub struct Forwarded {
    stream: DuplexStream,
    forwarder: Portforwarder,
    _one_of_few: OwnedSemaphorePermit,
}

/// The pod that answers for a union's server.
struct Answering {
    id: ResourceId,
    uid: Uid,
    address: String,
    port: u16,
}

impl Cluster {
    /// Address and port of the pod that answers for a union's server.
    ///
    /// # Errors
    /// [`Error::NotFound`] while none is ready.
    pub async fn server_address(&self, union: &UnionName) -> Result<(String, u16), Error> {
        let pod = self.answering(union).await?;
        Ok((pod.address, pod.port))
    }

    /// A connection to a union's server, through the API server.
    ///
    /// # Errors
    /// [`Error::NotFound`] while no pod is ready, [`Error::Forbidden`] without the right to `pods/portforward`.
    pub async fn forward(&self, union: &UnionName) -> Result<Forwarded, Error> {
        let permit = self.forwards.0.clone().acquire_owned().await.expect("it is never closed");
        let pod = self.answering(union).await?;
        let call = Verb::Forward.on(&pod.id);
        let api = Api::<Pod>::namespaced(self.wire.client(), &union.namespace());
        let opened = api.portforward(&pod.id.name, &[pod.port]).await;
        let mut forwarder = opened.map_err(|error| Error::of_client(call.clone(), error))?;
        let stream = forwarder.take_stream(pod.port).expect("the port that was asked for");
        let forwarded = Forwarded { stream, forwarder, _one_of_few: permit };
        // The API server knows names only: another pod may have had this one by then.
        let kind = self.kinds.of(&self.wire, "v1", "Pod").await?;
        let namespace = pod.id.namespace.as_deref();
        let request = kind.at(namespace).get(&pod.id.name, &GetParams::default());
        let now = self.wire.call(Verb::Read.on(&pod.id), request).await?;
        if seen::meta(&now).uid.as_deref() != Some(pod.uid.0.as_str()) {
            return Err(Error::NotFound { call });
        }
        Ok(forwarded)
    }

    async fn answering(&self, union: &UnionName) -> Result<Answering, Error> {
        let kind = self.kinds.of(&self.wire, "v1", "Pod").await?;
        let namespace = union.namespace();
        let id = |name: &str| ResourceId {
            kind: "Pod".into(),
            namespace: Some(namespace.clone()),
            name: name.into(),
            api_version: "v1".into(),
        };
        let call: Call = Verb::List.on(&id("vaultwarden"));
        let request = kind.at(Some(&namespace)).list(&ListParams::default().labels(SERVER));
        let list = self.wire.call(call.clone(), request).await?;
        let pods = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        let ready = pods.iter().filter(|pod| {
            pod.pointer("/metadata/deletionTimestamp").is_none() && health::pod(pod) == Health::Current
        });
        ready.filter_map(|pod| read(pod, &id)).next().ok_or(Error::NotFound { call })
    }
}

fn read(pod: &Value, id: &impl Fn(&str) -> ResourceId) -> Option<Answering> {
    let meta = seen::meta(pod);
    let containers = pod.pointer("/spec/containers")?.as_array()?.iter();
    let mut ports = containers.filter_map(|container| container["ports"].as_array()).flatten();
    let port = ports.find(|port| port["name"] == PORT)?["containerPort"].as_u64()?;
    Some(Answering {
        id: id(&meta.name?),
        uid: Uid(meta.uid?),
        address: pod.pointer("/status/podIP")?.as_str()?.to_owned(),
        port: port.try_into().ok()?,
    })
}

impl Drop for Forwarded {
    fn drop(&mut self) {
        self.forwarder.abort();
    }
}

impl AsyncRead for Forwarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Forwarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
