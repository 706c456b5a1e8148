//! One union on the cluster of the test program, and the hands of who carries out its plans or meddles with it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::TryStreamExt;
use keyforge::cluster::{Cluster, ControllerFacts, Deleted, Moves, Options, Referenced, What};
use keyforge::desired::{Context, Controller, DesiredState, Life, Manifest, Slot, build, is_of_applier};
use keyforge::digest::Digest;
use keyforge::health::Health;
use keyforge::ids::{ResourceId, Uid};
use keyforge::names::{InstallationId, UnionName};
use keyforge::plan::{self, Change, Inventory, InventoryEntry, Live, Observed, Plan, Refusal};
use keyforge::spec::Union;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::client::ClientBuilder;
use kube::config::{AuthInfo, Config, KubeConfigOptions, Kubeconfig};
use kube::core::GroupVersionKind;
use kube::runtime::WatchStreamExt;
use kube::runtime::wait::{await_condition, conditions};
use kube::runtime::watcher::{self, watcher};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use tower::util::MapRequestLayer;

use crate::support::devcluster::{self, DevCluster};
use crate::support::union::{TEMPLATES, context, named};

/// A test that waits longer than this will wait for ever.
pub async fn in_time(test: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_secs(120), test).await.expect("it ends in time");
}

/// An inventory with what the daemon keeps for itself of a union.
pub fn entered(namespace: &str, union: &UnionName) -> Inventory {
    let name = union.namespace();
    let kept = [("Secret", format!("{name}-credentials")), ("ConfigMap", name)].map(|(kind, name)| {
        ResourceId { kind: kind.into(), namespace: Some(namespace.into()), name, api_version: "v1".into() }
    });
    Inventory {
        entries: kept.into_iter().map(|id| (id, InventoryEntry { uid: None })).collect(),
        forgiven: None,
    }
}

/// One union of one installation, both with the test's name.
pub struct World {
    pub cluster: Cluster,
    pub installation: InstallationId,
    pub union: UnionName,
    pub desired: DesiredState,
    pub inventory: Inventory,
    options: Options,
    client: Client,
    requests: Arc<AtomicUsize>,
    dry_runs: Arc<AtomicUsize>,
}

impl World {
    pub async fn new(name: &str) -> Self {
        let cluster = tokio::task::spawn_blocking(devcluster::shared).await.expect("a cluster");
        Self::on(cluster, name).await
    }

    pub async fn on(devcluster: &DevCluster, name: &str) -> Self {
        let installation: InstallationId = name.parse().expect("a name");
        let union: UnionName = name.parse().expect("a name");
        let namespace = format!("keyforge-{name}");
        let options = Options { kubeconfig: Some(devcluster.kubeconfig.clone()), context: None, namespace };

        let config = config(&options, None).await;
        let (requests, dry_runs) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counted = (requests.clone(), dry_runs.clone());
        let counting = ClientBuilder::try_from(config.clone()).expect("a client").with_layer(
            &MapRequestLayer::new(move |request: http::Request<_>| {
                counted.0.fetch_add(1, Ordering::SeqCst);
                let is_dry_run = request.uri().query().is_some_and(|query| query.contains("dryRun=All"));
                counted.1.fetch_add(usize::from(is_dry_run), Ordering::SeqCst);
                request
            }),
        );
        let cluster = Cluster::through(counting.build(), &options.namespace, installation.clone());
        cluster.ensure_namespace().await.expect("the daemon's namespace");
        cluster.ensure_roles().await.expect("the roles of appliers");

        let id = |kind: &str, name: String| ResourceId {
            kind: kind.into(),
            namespace: Some(options.namespace.clone()),
            name,
            api_version: "v1".into(),
        };
        let controller = Controller {
            credentials: id("Secret", format!("union-{name}-credentials")),
            admin_token: 1,
            record: id("ConfigMap", format!("union-{name}")),
            input: Digest::of("input"),
            template_version: 1,
        };
        let desired = DesiredState {
            union: union.clone(),
            life: Life::Running,
            digest: Digest::of("desired"),
            manifests: [appliers(&installation, &options.namespace), manifests(&installation)].concat(),
            controller: Some(controller),
            ending: None,
        };
        let client = Client::try_from(config).expect("a client");
        let inventory = Inventory::default();
        Self { cluster, installation, union, desired, inventory, options, client, requests, dry_runs }
    }

    /// Another process of the same installation: it knows nothing yet.
    pub async fn connect(&self) -> Cluster {
        Cluster::connect(&self.options, self.installation.clone()).await.expect("a kubeconfig")
    }

    /// The same with a process that knows nothing yet.
    pub async fn restarted(mut self) -> Self {
        self.cluster = self.connect().await;
        self
    }

    pub async fn with_token(&self, token: &str) -> Cluster {
        let client = Client::try_from(config(&self.options, Some(token)).await).expect("a client");
        Cluster::through(client, &self.options.namespace, self.installation.clone())
    }

    /// With the rights of a new service account in the daemon's namespace: none.
    pub async fn as_service_account(&self, name: &str) -> Cluster {
        use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
        use k8s_openapi::api::core::v1::ServiceAccount;
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client.clone(), &self.options.namespace);
        let account = serde_json::from_value(json!({"metadata": {"name": name}})).expect("an account");
        accounts.create(&PostParams::default(), &account).await.expect("made");
        let spec = TokenRequestSpec { expiration_seconds: Some(3600), ..Default::default() };
        let request = TokenRequest { spec, ..Default::default() };
        let token =
            accounts.create_token_request(name, &PostParams::default(), &request).await.expect("a token");
        self.with_token(&token.status.expect("a token").token).await
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// How many of them were dry-runs.
    pub fn dry_runs(&self) -> usize {
        self.dry_runs.load(Ordering::SeqCst)
    }

    /// Puts a manifest in the place of the one with its id.
    pub fn want(&mut self, manifest: Manifest) {
        self.desired.manifests.retain(|other| other.id != manifest.id);
        self.desired.manifests.push(manifest);
    }

    pub fn annotate_pods(&mut self, annotations: Value) {
        let mut deployment = self.wanted("Deployment", "vaultwarden").clone();
        deployment.body["spec"]["template"]["metadata"]["annotations"] = annotations;
        deployment.digest = Digest::of(deployment.body.to_string());
        self.want(deployment);
    }

    pub fn wanted(&self, kind: &str, name: &str) -> &Manifest {
        let found = self.desired.manifests.iter().find(|want| want.id.kind == kind && want.id.name == name);
        found.expect("it is wanted")
    }

    pub fn id(&self, kind: &str, name: &str) -> ResourceId {
        let found = self.inventory.entries.keys().find(|id| id.kind == kind && id.name == name);
        found.expect("it is in the inventory").clone()
    }

    pub fn uid(&self, id: &ResourceId) -> Uid {
        self.inventory.entries[id].uid.clone().expect("it was made")
    }

    pub async fn look(&self) -> Observed {
        let facts = self.cluster.controller(&self.union, &self.inventory).await.expect("read");
        self.observe(&facts).await
    }

    pub async fn observe(&self, facts: &ControllerFacts) -> Observed {
        let referenced = Referenced::default();
        // Boxed: a test that looks many times would carry room for each look.
        Box::pin(self.cluster.observe(&self.desired, &self.inventory, facts, &referenced))
            .await
            .expect("observed")
    }

    pub async fn plan(&mut self) -> Result<Plan, Vec<Refusal>> {
        let observed = self.look().await;
        plan::build(&self.desired, &observed, &self.inventory)
    }

    /// Looks, plans and carries out, once; what was done, but for what was kept.
    pub async fn roll_out(&mut self) -> Vec<String> {
        let facts = self.cluster.controller(&self.union, &self.inventory).await.expect("read");
        let observed = self.observe(&facts).await;
        let plan = plan::build(&self.desired, &observed, &self.inventory).expect("a plan");
        let mut done = Vec::new();
        for change in plan.changes() {
            if let Some(line) = self.carry_out(change, &facts).await {
                done.push(line);
            }
        }
        done
    }

    async fn carry_out(&mut self, change: &Change, facts: &ControllerFacts) -> Option<String> {
        let id = change.id().clone();
        let entry = |world: &mut Self| world.inventory.entries.entry(id.clone()).or_default().uid.take();
        match change {
            Change::Keep { .. } => return None,
            Change::Draw { credential, rotation, .. } => {
                entry(self);
                self.cluster
                    .draw(&self.union, facts, *credential, *rotation, &BTreeMap::new())
                    .await
                    .expect("drawn");
            }
            Change::Create { want } => {
                entry(self);
                let applied = self.cluster.apply(&self.union, want, None, &[]).await.expect("applied");
                self.inventory.entries.entry(id.clone()).or_default().uid = Some(applied.uid);
            }
            Change::Update { want, uid, takeover, .. } => {
                let applied =
                    self.cluster.apply(&self.union, want, Some(uid), takeover).await.expect("applied");
                assert_eq!(applied.uid, *uid);
            }
            Change::Record { .. } => {
                entry(self);
                let controller = self.desired.controller.as_ref().expect("it runs");
                self.cluster.record(&self.desired, controller, facts).await.expect("recorded");
            }
            Change::End { ending, .. } => {
                self.cluster.end(&self.union, ending, facts).await.expect("recorded");
            }
            Change::Delete { uid, .. } => {
                let deleted = self.cluster.delete(&self.union, &id, uid).await.expect("deleted");
                assert!(matches!(deleted, Deleted::Going | Deleted::Gone));
            }
            Change::Forget { .. } => {
                self.inventory.entries.remove(&id);
                return None;
            }
        }
        let past = match change.word() {
            "create" => "created",
            "update" => "updated",
            _ => "deleted",
        };
        Some(format!("{past} {id}"))
    }

    pub async fn until_healthy(&self, moves: &mut Moves) {
        loop {
            let observed = self.look().await;
            let healthy = |live: &Live| match live {
                Live::Present(present) => present.health == Health::Current,
                Live::Verified { health, .. } => *health == Health::Current,
                Live::Absent => false,
            };
            if observed.resources.values().all(healthy) {
                return;
            }
            moves.next().await.expect("it goes on");
        }
    }

    /// Until a container of a pod waits for something.
    pub async fn until_a_pod_waits(&self) {
        use k8s_openapi::api::core::v1::Pod;
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &self.union.namespace());
        let mut pods = std::pin::pin!(watcher(pods, watcher::Config::default()).applied_objects());
        while let Some(pod) = pods.try_next().await.expect("watched") {
            let containers = pod.status.and_then(|status| status.container_statuses).unwrap_or_default();
            if containers
                .iter()
                .any(|found| found.state.as_ref().is_some_and(|state| state.waiting.is_some()))
            {
                return;
            }
        }
    }

    /// The next object of a kind that moves. What is foreign is watched in all unions, so those of other tests move too.
    pub async fn next_of(&self, moves: &mut Moves, kind: &str) -> (String, What) {
        loop {
            let moved = moves.next().await.expect("it goes on");
            if moved.union == self.union && moved.id.kind == kind {
                return (moved.id.name, moved.what);
            }
        }
    }

    /// The resource versions of everything that was made.
    pub async fn versions(&self) -> BTreeMap<String, String> {
        let mut versions = BTreeMap::new();
        for id in self.inventory.entries.keys() {
            let object = self.api(&id.api_version, &id.kind, id.namespace.as_deref()).get(&id.name).await;
            versions.insert(id.to_string(), object.expect("it exists").resource_version().expect("one"));
        }
        versions
    }

    // By hand, as if Keyforge did not exist.

    pub async fn get(&self, api_version: &str, kind: &str, name: &str) -> Value {
        let object = self.inside(api_version, kind).get(name).await.expect("it exists");
        serde_json::to_value(object).expect("JSON")
    }

    pub async fn patch(&self, api_version: &str, kind: &str, name: &str, manager: &str, patch: Value) {
        let params = PatchParams { field_manager: Some(manager.into()), ..PatchParams::default() };
        let api = self.inside(api_version, kind);
        api.patch(name, &params, &Patch::Merge(patch)).await.expect("patched");
    }

    pub async fn delete_by_hand(&self, api_version: &str, kind: &str, name: &str) {
        let api = self.inside(api_version, kind);
        let uid = api.get(name).await.expect("it exists").uid().expect("one");
        api.delete(name, &DeleteParams::default()).await.expect("deleted");
        await_condition(api, name, conditions::is_deleted(&uid)).await.expect("gone");
    }

    pub async fn apply_by_hand(&self, want: &Manifest) {
        let api = self.api(&want.id.api_version, &want.id.kind, want.id.namespace.as_deref());
        let params = PatchParams::apply("kubectl").force();
        api.patch(&want.id.name, &params, &Patch::Apply(&want.body)).await.expect("applied");
    }

    pub async fn gone(&self, id: &ResourceId, uid: &Uid) {
        let api = self.api(&id.api_version, &id.kind, id.namespace.as_deref());
        await_condition(api, &id.name, conditions::is_deleted(&uid.0)).await.expect("gone");
    }

    /// The controller's Secret of the union, decoded.
    pub async fn kept_secret(&self) -> BTreeMap<String, String> {
        let name = format!("{}-credentials", self.union.namespace());
        let secret = self.kept("Secret").get(&name).await.expect("it exists");
        let data = secret.data["data"].as_object().expect("data").clone();
        data.iter().map(|(key, value)| (key.clone(), decoded(value))).collect()
    }

    /// A Secret in the daemon's namespace that somebody made.
    pub async fn make_kept_secret(&self, name: &str, labels: Value, values: Value) {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": labels}, "stringData": values,
        });
        let secret = serde_json::from_value(secret).expect("a Secret");
        self.kept("Secret").create(&PostParams::default(), &secret).await.expect("made");
    }

    /// A copy of a ConfigMap of the union, labels and all, in a namespace that is not the union's.
    pub async fn copy_elsewhere(&self, name: &str) {
        let copied = self.inside("v1", "ConfigMap").get(name).await.expect("it exists");
        let copy = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": copied.metadata.labels},
        });
        let copy = serde_json::from_value(copy).expect("a ConfigMap");
        self.api("v1", "ConfigMap", Some("default"))
            .create(&PostParams::default(), &copy)
            .await
            .expect("made");
    }

    pub async fn delete_kept(&self, kind: &str, name: &str) {
        self.kept(kind).delete(name, &DeleteParams::default()).await.expect("deleted");
    }

    pub async fn patch_kept(&self, kind: &str, name: &str, patch: Value) {
        let params = PatchParams::default();
        self.kept(kind).patch(name, &params, &Patch::Merge(patch)).await.expect("patched");
    }

    fn kept(&self, kind: &str) -> Api<DynamicObject> {
        self.api("v1", kind, Some(&self.options.namespace))
    }

    fn inside(&self, api_version: &str, kind: &str) -> Api<DynamicObject> {
        self.api(api_version, kind, Some(&self.union.namespace()))
    }

    fn api(&self, api_version: &str, kind: &str, namespace: Option<&str>) -> Api<DynamicObject> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        match namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        }
    }
}

async fn config(options: &Options, token: Option<&str>) -> Config {
    let path = options.kubeconfig.as_ref().expect("a kubeconfig");
    let file = Kubeconfig::read_from(path).expect("a kubeconfig");
    let mut config =
        Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.expect("sound");
    if let Some(token) = token {
        config.auth_info = AuthInfo { token: Some(token.to_owned().into()), ..AuthInfo::default() };
    }
    config
}

pub fn decoded(value: &Value) -> String {
    let bytes = STANDARD.decode(value.as_str().expect("text")).expect("base64");
    String::from_utf8(bytes).expect("text")
}

/// Who lets the daemon write, as every union has it.
fn appliers(installation: &InstallationId, namespace: &str) -> Vec<Manifest> {
    let union = Union { name: installation.as_str().parse().expect("a name"), ..named("northside") };
    let context = Context {
        installation: installation.clone(),
        daemon_namespace: namespace.to_owned(),
        ..context(Life::Running)
    };
    let desired = build(&union, &TEMPLATES, &context).expect("the built-in templates render every union");
    desired.manifests.into_iter().filter(|want| is_of_applier(&want.id)).collect()
}

/// A small union: at least one object of each stage.
fn manifests(installation: &InstallationId) -> Vec<Manifest> {
    let namespace = format!("union-{installation}");
    let inside = |api_version: &str, kind: &str, name: &str, rest: Value| {
        manifest(api_version, kind, Some(&namespace), name, installation, rest)
    };
    let pod = json!({
        "metadata": {"labels": {"app": "vaultwarden"}},
        "spec": {
            "automountServiceAccountToken": false,
            "serviceAccountName": "vaultwarden",
            "containers": [{
                "name": "vaultwarden", "image": "vaultwarden/server:1.37.2",
                "env": [{"name": "A", "value": "1"}],
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            }],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        },
    });
    let mut secret = inside("v1", "Secret", "vaultwarden", json!({"data": {"ADMIN_TOKEN": ""}}));
    secret.slots = vec![("/data/ADMIN_TOKEN".into(), Slot::AdminTokenHash)];
    vec![
        manifest("v1", "Namespace", None, &namespace, installation, json!({})),
        inside("v1", "ResourceQuota", "limits", json!({"spec": {"hard": {"services": "1"}}})),
        inside("v1", "ServiceAccount", "vaultwarden", json!({"automountServiceAccountToken": false})),
        inside("v1", "ConfigMap", "settings", json!({"data": {"motd": "hello"}})),
        inside("v1", "ConfigMap", "second", json!({"data": {"a": "a"}})),
        secret,
        inside(
            "v1",
            "PersistentVolumeClaim",
            "data",
            json!({"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}),
        ),
        inside(
            "apps/v1",
            "Deployment",
            "vaultwarden",
            json!({"spec": {
                "replicas": 1, "strategy": {"type": "Recreate"},
                "selector": {"matchLabels": {"app": "vaultwarden"}}, "template": pod,
            }}),
        ),
        inside(
            "v1",
            "Service",
            "vaultwarden",
            json!({"spec": {"selector": {"app": "vaultwarden"}, "ports": [{"port": 80, "targetPort": 8080}]}}),
        ),
    ]
}

/// A rendered object with our labels.
pub fn manifest(
    api_version: &str,
    kind: &str,
    namespace: Option<&str>,
    name: &str,
    installation: &InstallationId,
    rest: Value,
) -> Manifest {
    let mut body = rest;
    body["apiVersion"] = json!(api_version);
    body["kind"] = json!(kind);
    body["metadata"] = json!({
        "name": name,
        "labels": {
            "app.kubernetes.io/managed-by": "keyforge",
            "keyforge.dev/installation": installation,
            "keyforge.dev/union": installation,
        },
    });
    if let Some(namespace) = namespace {
        body["metadata"]["namespace"] = json!(namespace);
    }
    let id = ResourceId {
        kind: kind.into(),
        namespace: namespace.map(str::to_owned),
        name: name.into(),
        api_version: api_version.into(),
    };
    Manifest { id, digest: Digest::of(body.to_string()), body, slots: Vec::new(), ignored: Vec::new() }
}
