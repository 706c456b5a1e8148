//! The peer: the same objects, the two per union that the daemon keeps for itself among them, applied one after the other
//! within a union, eight unions at once, and nothing else. No plan, no record, no look at what is there: what is left is
//! the server's own time.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt as _};
use kube::api::{ApiResource, DynamicObject, Patch, PatchParams};
use kube::{Api, Client, Discovery};
use serde_json::{Value, json};

use crate::support::devcluster;

/// Above eight in flight nothing is gained on two cores.
const IN_FLIGHT: usize = 8;

/// Where what the daemon keeps for itself would be.
const KEPT: &str = "bare";

/// What is applied.
pub(crate) struct Bare {
    unions: Vec<Vec<DynamicObject>>,
    kinds: BTreeMap<String, ApiResource>,
}

impl Bare {
    /// Renders a folder's unions with the product itself.
    pub(crate) async fn prepare(client: &Client, folder: &Path, unions: &[String]) -> Self {
        let unions = unions.iter().map(|union| [rendered(folder, union), kept(union)].concat()).collect();
        let discovery =
            Discovery::new(client.clone()).run_aggregated().await.expect("the server tells its kinds");
        let kinds = discovery.groups().flat_map(kube::discovery::ApiGroup::recommended_resources);
        let kinds = kinds.map(|(kind, _)| (format!("{} {}", kind.api_version, kind.kind), kind)).collect();
        let bare = Self { unions, kinds };
        bare.apply_one(
            client,
            &object(json!({
                "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": KEPT},
            })),
        )
        .await;
        bare
    }

    pub(crate) fn objects(&self) -> usize {
        self.unions.iter().map(Vec::len).sum()
    }

    /// Applies all of it; how long it took.
    pub(crate) async fn apply(&self, client: &Client) -> Duration {
        let start = Instant::now();
        let work = stream::iter(&self.unions).for_each_concurrent(IN_FLIGHT, async |union| {
            for object in union {
                self.apply_one(client, object).await;
            }
        });
        work.await;
        start.elapsed()
    }

    /// Applies all of it as people do: `kubectl apply --server-side`, one union after the other.
    pub(crate) fn kubectl(&self, kubeconfig: &Path) -> Duration {
        let folder = tempfile::tempdir().expect("a folder");
        let files: Vec<_> = self
            .unions
            .iter()
            .enumerate()
            .map(|(number, objects)| {
                let file = folder.path().join(format!("{number}.json"));
                let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
                std::fs::write(&file, list.to_string()).expect("written");
                file
            })
            .collect();
        let start = Instant::now();
        for file in files {
            let mut kubectl = Command::new(devcluster::program());
            kubectl.args(["kubectl", "apply", "--server-side", "--kubeconfig"]).arg(kubeconfig);
            let done = kubectl.arg("-f").arg(&file).output().expect("kubectl runs");
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
        start.elapsed()
    }

    async fn apply_one(&self, client: &Client, object: &DynamicObject) {
        let types = object.types.as_ref().expect("a manifest has a kind");
        let kind = &self.kinds[&format!("{} {}", types.api_version, types.kind)];
        let api: Api<DynamicObject> = match &object.metadata.namespace {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, kind),
            None => Api::all_with(client.clone(), kind),
        };
        let name = object.metadata.name.as_deref().expect("a manifest has a name");
        let parameters = PatchParams::apply("bench").force();
        api.patch(name, &parameters, &Patch::Apply(object)).await.expect("the server takes it");
    }
}

/// As large as what the daemon keeps: the credentials and the state object.
fn kept(union: &str) -> Vec<DynamicObject> {
    let metadata =
        |name: String| json!({"name": name, "namespace": KEPT, "labels": {"keyforge.dev/union": union}});
    [
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": metadata(format!("union-{union}-credentials")),
            "data": {"admin-token": "JGFyZ29u".repeat(11), "admin-token-hash": "JGFyZ29u".repeat(16)},
        }),
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(format!("union-{union}")),
            "data": {"record.json": "uid ".repeat(70)},
        }),
    ]
    .map(object)
    .into()
}

fn object(value: Value) -> DynamicObject {
    serde_json::from_value(value).expect("an object")
}

fn rendered(folder: &Path, union: &str) -> Vec<DynamicObject> {
    let mut render = Command::new(env!("CARGO_BIN_EXE_keyforge"));
    render.arg("render").arg(folder).args(["--union", union, "--output", "json"]);
    let output = render.output().expect("keyforge runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut objects: Vec<DynamicObject> =
        serde_json::from_slice(&output.stdout).expect("a list of manifests");
    for secret in
        objects.iter_mut().filter(|object| object.types.as_ref().is_some_and(|is| is.kind == "Secret"))
    {
        let values = secret.data["data"].as_object_mut().expect("a Secret has data");
        // Rendered, a secret value is the name of its slot; the server takes base64, here of a hash's length.
        values.values_mut().for_each(|value| *value = "JGFyZ29u".repeat(16).into());
    }
    objects
}
