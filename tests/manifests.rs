//! The manifests of every golden case before a real API server: strict about fields, under Pod Security `restricted`.
//!
//! What guards a union (namespace, quota, limits, policies, service account) is applied for real, the rest is dry-run
//! against it, and so are Pods as Deployment, StatefulSet and CronJob would make them.

mod support;

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use keyforge::desired::{KINDS, Life, Manifest, StageName};
use keyforge::spec::Union;
use kube::api::{
    Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams, TypeMeta,
};
use kube::core::params::ValidationDirective;
use kube::runtime::wait::await_condition;
use kube::runtime::wait::conditions::is_crd_established;
use kube::{Client, Config};
use serde_json::{Value, json};
use support::devcluster;
use support::union::{desired, named};

/// A client of the test program's cluster.
async fn client() -> Client {
    let kubeconfig =
        kube::config::Kubeconfig::read_from(&devcluster::shared().kubeconfig).expect("a kubeconfig");
    let config =
        Config::from_custom_kubeconfig(kubeconfig, &Default::default()).await.expect("it has a context");
    Client::try_from(config).expect("a client")
}

/// Server-side apply, strict about fields; gives what the server made of it, or its words.
async fn apply(client: &Client, manifest: &Manifest, dry_run: bool) -> Result<DynamicObject, String> {
    let mut body = manifest.body.clone();
    for (pointer, _) in &manifest.slots {
        *body.pointer_mut(pointer).expect("a slot has a place") = STANDARD.encode("filled").into();
    }
    let types = TypeMeta { api_version: manifest.id.api_version.clone(), kind: manifest.id.kind.clone() };
    let kind = GroupVersionKind::try_from(types).expect("a manifest has a kind");
    let resource = ApiResource::from_gvk(&kind);
    let api: Api<DynamicObject> = match &manifest.id.namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let mut params = PatchParams::apply("keyforge").force();
    params.field_validation = Some(ValidationDirective::Strict);
    params.dry_run = dry_run;
    let applied = api.patch(&manifest.id.name, &params, &Patch::Apply(&body)).await;
    applied.map_err(|error| format!("{}: {error}", manifest.id))
}

/// The union of a case under a name of the test's own.
fn union(case: &str, name: &str) -> Union {
    Union { name: name.parse().expect("a name"), ..named(case) }
}

/// What a cluster has that the cases ask for: the kind HTTPRoute, and a priority class.
async fn furnished() -> Client {
    let client = client().await;
    let route = serde_saphyr::from_str(include_str!("cases/httproute.crd.yaml")).expect("YAML");
    let class = json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
                       "metadata": {"name": "vaults"}, "value": 1000});
    for (group, kind, object) in [
        ("apiextensions.k8s.io", "CustomResourceDefinition", route),
        ("scheduling.k8s.io", "PriorityClass", class),
    ] {
        let name = object["metadata"]["name"].as_str().expect("a name").to_owned();
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", kind));
        let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
        api.patch(&name, &PatchParams::apply("test").force(), &Patch::Apply(&object)).await.expect("applied");
    }
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let name = "httproutes.gateway.networking.k8s.io";
    await_condition(definitions, name, is_crd_established()).await.expect("it is served");
    client
}

/// Pods as what runs would make them.
fn pods(manifests: &[Manifest]) -> Vec<Value> {
    let pod = |workload: &Manifest| {
        let template = match workload.id.kind.as_str() {
            "Deployment" | "StatefulSet" => &workload.body["spec"]["template"],
            "CronJob" => &workload.body["spec"]["jobTemplate"]["spec"]["template"],
            _ => return None,
        };
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"],
        });
        pod["metadata"]["name"] = json!(format!("of-{}", workload.id.name));
        Some(pod)
    };
    manifests.iter().filter_map(pod).collect()
}

/// Has the server accept all manifests of a union and admit the pods that they would make; gives the kinds.
async fn accepted(client: &Client, union: &Union) -> BTreeSet<(String, String)> {
    let name = &union.name;
    let mut kinds = BTreeSet::new();
    let manifests = desired(union, Life::Running).manifests;
    for manifest in &manifests {
        let guards = StageName::of(&manifest.id, name) <= StageName::Foundation;
        apply(client, manifest, !guards).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        kinds.insert((manifest.id.api_version.clone(), manifest.id.kind.clone()));
    }
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Pod"));
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), &name.namespace(), &resource);
    for pod in pods(&manifests) {
        let pod = serde_json::from_value(pod).expect("a Pod");
        let params = PostParams { dry_run: true, field_manager: Some("keyforge".into()) };
        api.create(&params, &pod).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    kinds
}

#[tokio::test]
async fn the_server_accepts_every_manifest_and_admits_the_pods() {
    let client = furnished().await;
    let mut kinds = BTreeSet::new();
    // What the hostile case writes is refused by the schema of documents, and some of it by the server.
    for case in ["acme", "lakeside", "northside", "path", "riverside"] {
        kinds.extend(accepted(&client, &union(case, &format!("accepted-{case}"))).await);
    }
    let bindings = ("rbac.authorization.k8s.io/v1", "RoleBinding");
    let all = KINDS.into_iter().chain([bindings]);
    let all = all.map(|(api_version, kind)| (api_version.to_owned(), kind.to_owned())).collect();
    assert_eq!(kinds, all, "each kind of the list is rendered by a case");
}

#[tokio::test]
async fn every_database_goes_with_every_way_to_reach_the_server() {
    let client = furnished().await;
    for (database, of) in [("sqlite", "acme"), ("postgres", "riverside"), ("external", "lakeside")] {
        let database_of = named(of).spec.database;
        for (expose, case) in [
            ("ingress", "acme"),
            ("gateway", "lakeside"),
            ("loadbalancer", "riverside"),
            ("clusterip", "northside"),
        ] {
            let mut union = union(case, &format!("{database}-by-{expose}"));
            union.spec.database = database_of.clone();
            accepted(&client, &union).await;
        }
    }
}

#[tokio::test]
async fn a_pod_that_asks_for_more_is_refused() {
    let client = client().await;
    let union = union("northside", "refused");
    let manifests = desired(&union, Life::Running).manifests;
    for manifest in manifests.iter().filter(|m| StageName::of(&m.id, &union.name) <= StageName::Foundation) {
        apply(&client, manifest, false).await.expect("guards are applied");
    }
    let mut pod = pods(&manifests).remove(0);
    pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = json!(true);
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Pod"));
    let pods: Api<DynamicObject> = Api::namespaced_with(client, &union.name.namespace(), &resource);
    let params = PostParams { dry_run: true, field_manager: Some("keyforge".into()) };
    let refused = pods.create(&params, &serde_json::from_value(pod).expect("a Pod")).await;
    let message = refused.expect_err("it is refused").to_string();
    assert!(
        message.contains("violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation"),
        "{message}"
    );
}

#[tokio::test]
async fn everything_is_there_after_one_pass_and_a_second_pass_changes_nothing() {
    let client = furnished().await;
    for case in ["acme", "lakeside", "riverside"] {
        let manifests = desired(&union(case, &format!("twice-{case}")), Life::Running).manifests;
        for manifest in &manifests {
            apply(&client, manifest, false).await.expect("it is applied");
        }
        for manifest in manifests.iter().filter(|manifest| manifest.id.kind != "Deployment") {
            let content = |object: DynamicObject| {
                let mut object = serde_json::to_value(object).expect("an object is JSON");
                for written_by_server in ["/metadata/resourceVersion", "/metadata/managedFields", "/status"] {
                    object.pointer_mut(written_by_server).map(Value::take);
                }
                object
            };
            let first = apply(&client, manifest, true).await.expect("it is dry-run");
            let second = apply(&client, manifest, false).await.expect("it is applied again");
            assert_eq!(content(first), content(second), "{}", manifest.id);
        }
    }
}

#[tokio::test]
async fn a_volume_may_grow_whatever_the_quota_knew() {
    let client = client().await;
    let small = union("northside", "growing");
    for manifest in &desired(&small, Life::Running).manifests {
        apply(&client, manifest, false).await.expect("it is applied");
    }
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), &small.name.namespace());
    let bound = |claim: Option<&PersistentVolumeClaim>| {
        claim
            .and_then(|claim| claim.status.as_ref())
            .is_some_and(|status| status.phase.as_deref() == Some("Bound"))
    };
    await_condition(claims, "vaultwarden-data", bound).await.expect("the claim is bound");

    let mut large = small;
    large.spec.storage.size = "40Gi".parse().expect("a quantity");
    let manifests = desired(&large, Life::Running).manifests;
    let claim = manifests.iter().find(|m| m.id.kind == "PersistentVolumeClaim").expect("there is one");
    apply(&client, claim, true).await.expect("growth is planned before anything is written");
    apply(&client, claim, false).await.expect("and done");
}
