//! An API server that keeps ConfigMaps and knows nothing else: as much of it as one object needs that is read, made and replaced.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, StatusCode};
use keyforge::cluster::Options;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use warp::Filter as _;
use warp::path::FullPath;

/// The objects by their names, and how often one was written.
type Objects = Arc<Mutex<(BTreeMap<String, Value>, u64)>>;

/// A running server; it ends with this.
pub(crate) struct Shelf {
    pub(crate) kubeconfig: PathBuf,
    objects: Objects,
    serving: JoinHandle<()>,
    _folder: TempDir,
}

impl Shelf {
    pub(crate) async fn start() -> Self {
        let objects = Objects::default();
        let kept = Arc::clone(&objects);
        let route = warp::method().and(warp::path::full()).and(warp::body::bytes()).map(
            move |method: Method, path: FullPath, body: Bytes| {
                let (status, body) = answer(&kept, &method, path.as_str(), &body);
                warp::reply::with_status(warp::reply::json(&body), status)
            },
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let server = format!("http://{}", listener.local_addr().expect("a bound address"));
        let serving = tokio::spawn(warp::serve(route).incoming(listener).run());
        let folder = tempfile::tempdir().expect("a folder");
        let kubeconfig = folder.path().join("kubeconfig");
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": server}}],
            "users": [{"name": "daemon", "user": {}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "daemon"}}],
        });
        std::fs::write(&kubeconfig, config.to_string()).expect("written");
        Self { kubeconfig, objects, serving, _folder: folder }
    }

    pub(crate) fn options(&self) -> Options {
        Options { kubeconfig: Some(self.kubeconfig.clone()), context: None, namespace: "keyforge".into() }
    }

    /// An object as it is kept.
    pub(crate) fn object(&self, name: &str) -> Option<Value> {
        self.objects.lock().expect("whole").0.get(name).cloned()
    }

    /// What somebody does with it who may.
    pub(crate) fn put(&self, name: &str, object: Option<Value>) {
        let mut objects = self.objects.lock().expect("whole");
        match object {
            Some(object) => drop(objects.0.insert(name.to_owned(), object)),
            None => drop(objects.0.remove(name)),
        }
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn answer(objects: &Objects, method: &Method, path: &str, body: &[u8]) -> (StatusCode, Value) {
    let list = "/api/v1/namespaces/keyforge/configmaps";
    let refused = |status: StatusCode, reason: &str| {
        let code = status.as_u16();
        let body = json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": reason,
            "code": code, "message": reason});
        (status, body)
    };
    match path {
        "/api" => return (StatusCode::OK, groups(&core())),
        "/apis" => return (StatusCode::OK, groups(&json!([]))),
        _ => {}
    }
    let Some(name) = path.strip_prefix(list) else { return refused(StatusCode::NOT_FOUND, "NotFound") };
    let mut objects = objects.lock().expect("whole");
    let (kept, version) = &mut *objects;
    if *method == Method::GET {
        let found = kept.get(name.trim_start_matches('/')).cloned();
        return found.map_or(refused(StatusCode::NOT_FOUND, "NotFound"), |found| (StatusCode::OK, found));
    }
    let mut object: Value = serde_json::from_slice(body).expect("JSON");
    let name = object["metadata"]["name"].as_str().expect("a name").to_owned();
    let known = kept.get(&name).map(|kept| kept["metadata"]["resourceVersion"].clone());
    match (method, &known) {
        (&Method::POST, Some(_)) => return refused(StatusCode::CONFLICT, "AlreadyExists"),
        (&Method::PUT, None) => return refused(StatusCode::NOT_FOUND, "NotFound"),
        (&Method::PUT, Some(known)) if *known != object["metadata"]["resourceVersion"] => {
            return refused(StatusCode::CONFLICT, "Conflict");
        }
        _ => {}
    }
    *version += 1;
    object["metadata"]["resourceVersion"] = json!(version.to_string());
    kept.insert(name, object.clone());
    (StatusCode::OK, object)
}

fn groups(items: &Value) -> Value {
    json!({"apiVersion": "apidiscovery.k8s.io/v2", "kind": "APIGroupDiscoveryList", "metadata": {}, "items": items})
}

fn core() -> Value {
    let maps = json!({
        "resource": "configmaps", "scope": "Namespaced", "singularResource": "configmap",
        "responseKind": {"group": "", "version": "v1", "kind": "ConfigMap"}, "verbs": ["get", "create", "update"],
    });
    json!([{"metadata": {}, "versions": [{"version": "v1", "resources": [maps]}]}])
}
