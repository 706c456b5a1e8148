//! Looking into a union's namespace for people: what its pods have said, and what the cluster says of it.
//!
//! Only while the union is in trouble: a server that runs well has logs of its members' doings, and nobody needs them. Bounded,
//! since asking costs the API server and the nodes. Invariant: what leaves has no text that looks like a secret.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::Parts;
use super::failure::Failure;
use crate::cluster::{Said, Told};
use crate::diagnostic::masked_log;
use crate::names::UnionName;

/// How many unions are looked into at once, for all who ask.
const AT_ONCE: usize = 2;

/// Where to ask.
#[derive(Clone)]
pub struct Troubles {
    parts: Arc<Parts>,
    turns: Arc<Semaphore>,
}

/// The last lines of one container.
#[derive(Debug)]
pub struct Log {
    /// Its pod.
    pub pod: String,
    /// Its name.
    pub container: String,
    /// Whether it is the run before the one that goes on.
    pub previous: bool,
    /// Its lines, each behind its moment; or why there are none.
    pub lines: Result<Vec<String>, Failure>,
}

impl Troubles {
    /// Of what is reconciled with these parts.
    pub fn new(parts: Arc<Parts>) -> Self {
        Self { parts, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// What the pods of a union have said last.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub async fn logs(&self, union: &UnionName) -> Result<Vec<Log>, Failure> {
        let _turn = self.turns.acquire().await.map_err(|_| Failure::Stopped)?;
        let said = self.parts.cluster_call("logs", self.parts.cluster.said(union)).await?;
        let logs = said.into_iter().map(|Said { pod, container, previous, text }| {
            let lines = text.map(|text| masked_log(&text)).map_err(Failure::Cluster);
            Log { pod, container, previous, lines }
        });
        Ok(logs.collect())
    }

    /// What the cluster says of the objects in a union's namespace, the newest first.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub async fn events(&self, union: &UnionName) -> Result<Vec<Told>, Failure> {
        let _turn = self.turns.acquire().await.map_err(|_| Failure::Stopped)?;
        let mut told = self.parts.cluster_call("events", self.parts.cluster.told(union)).await?;
        told.iter_mut().for_each(|told| told.message = masked_log(&told.message).join(" "));
        Ok(told)
    }
}
