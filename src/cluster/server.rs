//! Which server and which cluster this is, and the namespace of the daemon's own.
//!
//! What was verified holds for one version of one cluster: a new one drops it (decisions.md 1.12).

use http::Request;
use kube::api::GetParams;
use kube::core::request::Error as RequestError;
use serde_json::json;

use super::error::{Call, Error, Verb};
use super::kinds::server;
use super::{Cluster, labels, seen};
use crate::ids::{ResourceId, Uid};

/// The server and its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// For example `v1.34.4`.
    pub version: String,
    /// The uid of the namespace `kube-system`: there is nothing else that names a cluster.
    pub cluster: Uid,
}

impl Cluster {
    /// Whether the API server is ready to answer.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn ping(&self) -> Result<(), Error> {
        self.wire.call(about("/version"), get("/version")).await.map(drop)
    }

    /// Asks which server and cluster this is; what was verified with another one is forgotten. The watches ask after a
    /// gap; a server that is upgraded without one is only noticed by who asks from time to time.
    ///
    /// # Errors
    /// As any call.
    pub async fn identify(&self) -> Result<Server, Error> {
        let version = self.wire.call(about("/version"), get("/version")).await?;
        let version = version["gitVersion"].as_str().unwrap_or_default().to_owned();
        let id = namespace("kube-system");
        let kind = self.kinds.of(&self.wire, &id.api_version, &id.kind).await?;
        let request = kind.at(None).get_metadata(&id.name, &GetParams::default());
        let object = self.wire.call(Verb::Read.on(&id), request).await?;
        let found = Server { version, cluster: seen::Seen::of(&seen::meta(&object)).uid };
        self.memory.identified(&found);
        Ok(found)
    }

    /// The server and cluster that were found last; asks if none was.
    ///
    /// # Errors
    /// As any call.
    pub async fn server(&self) -> Result<Server, Error> {
        match self.memory.server() {
            Some(server) => Ok(server),
            None => self.identify().await,
        }
    }

    /// Makes the daemon's own namespace if it is not there.
    ///
    /// # Errors
    /// [`Error::Forbidden`] where it is not there and the daemon may not make it.
    pub async fn ensure_namespace(&self) -> Result<(), Error> {
        let id = namespace(&self.namespace);
        let kind = self.kinds.of(&self.wire, &id.api_version, &id.kind).await?;
        let request = kind.at(None).get_metadata(&id.name, &GetParams::default());
        let call = Verb::Read.on(&id);
        if self.wire.find(call, request).await?.is_some() {
            return Ok(());
        }
        // Without the installation's label: several installations may share it, and none removes it.
        let mut labels = labels::ours(&self.installation, None);
        labels.as_object_mut().map(|labels| labels.remove(labels::INSTALLATION));
        labels["pod-security.kubernetes.io/enforce"] = json!("restricted");
        let object = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": id.name, "labels": labels },
        });
        match self.create(&id, &object).await {
            Ok(_) | Err(Error::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn namespace(name: &str) -> ResourceId {
    let (kind, api_version) = ("Namespace".to_owned(), "v1".to_owned());
    ResourceId { kind, namespace: None, name: name.to_owned(), api_version }
}

fn about(path: &str) -> Call {
    Verb::Read.on(&server(path))
}

fn get(path: &str) -> Result<Request<Vec<u8>>, RequestError> {
    Request::get(path).body(Vec::new()).map_err(RequestError::BuildRequest)
}
