//! The cluster adapter on a real control plane: what is written, what is seen, what is refused.
//!
//! Strange answers that no real server can be made to give are in `scripted`.

mod support;

#[path = "cluster/forward.rs"]
mod forward;
#[path = "cluster/ignore.rs"]
mod ignore;
#[path = "cluster/references.rs"]
mod references;
#[path = "cluster/scripted.rs"]
mod scripted;
#[path = "cluster/world.rs"]
#[allow(unreachable_pub, reason = "a test program has no outside")]
mod world;

use std::collections::BTreeMap;
use std::time::Duration;

use keyforge::cluster::{Deleted, Error, Moved, Referenced, Retry, What};
use keyforge::desired::Life;
use keyforge::digest::Digest;
use keyforge::health::Health;
use keyforge::ids::{FieldManager, Uid};
use keyforge::plan::{self, Change, Credential, Inventory, Live, Refusal, UnionRecord};
use keyforge::redacted::Redacted;
use serde_json::json;
use support::devcluster::DevCluster;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use world::{World, in_time, manifest};

#[tokio::test]
async fn what_was_rolled_out_needs_no_write_and_then_no_request() {
    in_time(async {
        let mut world = World::new("once").await;
        let stop = CancellationToken::new();
        let mut moves = world.cluster.watch(&stop);
        moves.synced().await;
        assert_eq!(
            world.roll_out().await,
            [
                "created Secret keyforge-once/union-once-credentials",
                "created Namespace union-once",
                "created RoleBinding union-once/keyforge-applier",
                "created RoleBinding union-once/keyforge-impersonator",
                "created ServiceAccount union-once/keyforge-applier",
                "created ResourceQuota union-once/limits",
                "created ServiceAccount union-once/vaultwarden",
                "created ConfigMap union-once/second",
                "created ConfigMap union-once/settings",
                "created PersistentVolumeClaim union-once/data",
                "created Secret union-once/vaultwarden",
                "created Deployment union-once/vaultwarden",
                "created Service union-once/vaultwarden",
                "created ConfigMap keyforge-once/union-once",
            ]
        );
        world.until_healthy(&mut moves).await;
        let versions = world.versions().await;
        // The claim was bound and the Deployment got a revision meanwhile: read for health, and nobody else's to change.
        assert_eq!(world.dry_runs(), 0, "what Kubernetes completes is not compared anew");

        // The first look after everything settled may read; the one after it has nothing to ask.
        world.look().await;
        let before = world.requests();
        let observed = world.look().await;
        assert_eq!(world.requests() - before, 0, "no request at all");
        let is_trusted = |live: &Live| matches!(live, Live::Verified { health: Health::Current, .. });
        assert!(observed.resources.values().all(is_trusted));
        assert_eq!(world.roll_out().await, [] as [&str; 0]);
        assert_eq!(world.versions().await, versions, "no write");

        // A process that knows nothing reads and dry-runs, and finds the same.
        let mut anew = world.restarted().await;
        assert_eq!(anew.roll_out().await, [] as [&str; 0]);
        assert_eq!(anew.versions().await, versions, "no write");
    })
    .await;
}

#[tokio::test]
async fn a_union_without_a_namespace_costs_one_request() {
    in_time(async {
        let world = World::new("fresh").await;
        world.look().await;
        let before = world.requests();
        let observed = world.observe(&Default::default()).await;
        assert_eq!(world.requests() - before, 1);
        assert!(observed.resources.values().all(|live| *live == Live::Absent));
        assert_eq!(observed.resources.len(), world.desired.manifests.len());
    })
    .await;
}

#[tokio::test]
async fn a_field_patched_by_hand_is_seen_as_drift_and_taken_over_without_an_echo() {
    in_time(async {
        let mut world = World::new("drift").await;
        let stop = CancellationToken::new();
        let mut moves = world.cluster.watch(&stop);
        moves.synced().await;
        world.roll_out().await;
        world.until_healthy(&mut moves).await;

        world.patch("v1", "ConfigMap", "settings", "kubectl-edit", json!({"data": {"motd": "hacked"}})).await;
        assert_eq!(world.next_of(&mut moves, "ConfigMap").await, ("settings".into(), What::Spec));
        let plan = world.plan().await.expect("a plan");
        let update = plan.changes().find(|change| !matches!(change, Change::Keep { .. }));
        let Some(Change::Update { want, fields, takeover, .. }) = update else { panic!("an update") };
        assert_eq!(want.id.name, "settings");
        assert_eq!(fields.iter().map(|field| field.path.as_str()).collect::<Vec<_>>(), [".data.motd"]);
        assert_eq!(*takeover, [FieldManager("kubectl-edit".into())]);

        assert_eq!(world.roll_out().await, ["updated ConfigMap union-drift/settings"]);
        assert_eq!(world.get("v1", "ConfigMap", "settings").await["data"]["motd"], "hello");
        // Our write came before this one on the same watch, and is not told.
        world.patch("v1", "ConfigMap", "second", "kubectl-edit", json!({"data": {"a": "b"}})).await;
        assert_eq!(world.next_of(&mut moves, "ConfigMap").await, ("second".into(), What::Spec));
    })
    .await;
}

#[tokio::test]
async fn what_a_person_added_beside_our_fields_is_taken_away() {
    in_time(async {
        let mut world = World::new("additions").await;
        world.roll_out().await;
        world.patch("v1", "ConfigMap", "settings", "kubectl-edit", json!({"data": {"extra": "1"}})).await;
        // Under our own name, and where our entry was taken away: no apply of ours withdraws these by itself.
        world.patch("v1", "ConfigMap", "second", "keyforge", json!({"data": {"extra": "2"}})).await;
        let account = world.get("v1", "ServiceAccount", "vaultwarden").await;
        let mut owned = account["metadata"]["managedFields"][0].clone();
        owned["manager"] = json!("kubectl-edit");
        owned["operation"] = json!("Update");
        owned["fieldsV1"] = json!({"f:secrets": {}});
        let extra = json!({"metadata": {"managedFields": [owned]}, "secrets": [{"name": "extra"}]});
        world.patch("v1", "ServiceAccount", "vaultwarden", "kubectl-edit", extra).await;
        let aliases = json!([{"ip": "192.0.2.1", "hostnames": ["elsewhere"]}]);
        let aliases = json!({"spec": {"template": {"spec": {"hostAliases": aliases}}}});
        world.patch("apps/v1", "Deployment", "vaultwarden", "kubectl-patch", aliases).await;
        let mut world = world.restarted().await;
        assert_eq!(
            plan::text(&world.plan().await.expect("a plan")),
            "update ServiceAccount union-additions/vaultwarden: .secrets[0] {\"name\":\"extra\"} → nothing \
             (taken over from kubectl-edit)\n\
             update ConfigMap union-additions/second: .data.extra \"2\" → nothing (taken over from keyforge)\n\
             update ConfigMap union-additions/settings: .data.extra \"1\" → nothing (taken over from kubectl-edit)\n\
             update Deployment union-additions/vaultwarden: .spec.template.spec.hostAliases[0] \
             {\"hostnames\":[\"elsewhere\"],\"ip\":\"192.0.2.1\"} → nothing (taken over from kubectl-patch)\n"
        );
        world.roll_out().await;
        assert_eq!(plan::text(&world.plan().await.expect("a plan")), "nothing to do\n");
        for settings in ["settings", "second"] {
            assert_eq!(world.get("v1", "ConfigMap", settings).await["data"]["extra"], json!(null));
        }
        let account = world.get("v1", "ServiceAccount", "vaultwarden").await;
        assert_eq!(account["secrets"], json!(null));
        let pod = world.get("apps/v1", "Deployment", "vaultwarden").await["spec"]["template"]["spec"].clone();
        assert_eq!(pod["hostAliases"], json!(null));
    })
    .await;
}

#[tokio::test]
async fn a_field_of_another_controller_is_refused_by_its_name() {
    in_time(async {
        let mut world = World::new("managers").await;
        world.roll_out().await;
        let scale = json!({"spec": {"replicas": 3}});
        world.patch("apps/v1", "Deployment", "vaultwarden", "hpa-controller", scale).await;
        let refusals = world.plan().await.expect_err("no plan");
        let id = world.id("Deployment", "vaultwarden");
        let (manager, fields) = (FieldManager("hpa-controller".into()), vec![".spec.replicas".into()]);
        assert_eq!(refusals, [Refusal::Conflict { id, manager, fields }]);
    })
    .await;
}

#[tokio::test]
async fn another_life_of_an_object_is_not_touched() {
    in_time(async {
        let mut world = World::new("lives").await;
        world.roll_out().await;
        let want = world.wanted("ConfigMap", "settings").clone();
        let former = world.uid(&want.id);
        world.delete_by_hand("v1", "ConfigMap", "settings").await;
        world.apply_by_hand(&want).await;
        let applied = world.cluster.apply(&world.union, &want, Some(&former), &[]).await;
        let applied = applied.expect_err("another object");
        assert!(matches!(&applied, Error::Conflict { .. }), "{applied}");
        assert_eq!(applied.retry(), Retry::Backoff);
        let deleted =
            world.cluster.delete(&world.union, &want.id, &former).await.expect_err("another object");
        assert!(matches!(deleted, Error::Conflict { .. }), "{deleted}");
        let live = world.get("v1", "ConfigMap", "settings").await;
        let uid = Uid(live["metadata"]["uid"].as_str().expect("it exists").into());
        assert_eq!(
            world.cluster.delete(&world.union, &want.id, &uid).await.expect("deleted"),
            Deleted::Going
        );
        world.gone(&want.id, &uid).await;
        assert_eq!(world.cluster.delete(&world.union, &want.id, &uid).await.expect("gone"), Deleted::Gone);
    })
    .await;
}

#[tokio::test]
async fn a_quota_of_the_server_is_an_error_of_its_own() {
    in_time(async {
        let mut world = World::new("quota").await;
        world.roll_out().await;
        let one_too_many = manifest(
            "v1",
            "Service",
            Some("union-quota"),
            "second",
            &world.installation,
            json!({"spec": {"ports": [{"port": 80}], "selector": {"app": "none"}}}),
        );
        let error = world.cluster.apply(&world.union, &one_too_many, None, &[]).await.expect_err("refused");
        let Error::QuotaExceeded { message, .. } = &error else { panic!("{error:?}") };
        assert!(
            message.contains("exceeded quota: limits, requested: services=1, used: services=1"),
            "{message}"
        );
        assert_eq!(error.retry(), Retry::Never);
        assert!(error.to_string().starts_with("Service union-quota/second: apply failed (quota exceeded): "));
    })
    .await;
}

#[tokio::test]
async fn secret_values_are_only_seen_as_fingerprints_and_a_rotation_changes_them() {
    in_time(async {
        let mut world = World::new("secrets").await;
        world.roll_out().await;
        let kept = world.kept_secret().await;
        let (token, hash) = (&kept["admin-token"], &kept["admin-token-hash"]);
        assert_eq!(token.len(), 64);
        let pod = world.get("v1", "Secret", "vaultwarden").await;
        assert_eq!(world::decoded(&pod["data"]["ADMIN_TOKEN"]), *hash, "the pod gets the hash");

        // Somebody applies it by hand: its values are then in an annotation too.
        let annotation = "kubectl.kubernetes.io/last-applied-configuration";
        let copy = json!({"metadata": {"annotations": {annotation: pod.to_string()}}, "data": {"EXTRA": "aHVudGVyMg=="}});
        world.patch("v1", "Secret", "vaultwarden", "kubectl-client-side-apply", copy).await;
        // Secrets are not watched: for half an hour it is not noticed by who knows it already.
        world = world.restarted().await;
        let observed = format!("{:?}", world.look().await);
        for value in [token.as_str(), hash, "hunter2", "aHVudGVyMg==", pod["data"]["ADMIN_TOKEN"].as_str().unwrap()] {
            assert!(!observed.contains(value), "a secret value in what is observed");
        }
        assert!(observed.contains("fingerprint:"));

        world.desired.controller.as_mut().expect("it runs").admin_token = 2;
        let changed = world.roll_out().await;
        assert_eq!(
            changed,
            ["updated Secret keyforge-secrets/union-secrets-credentials", "updated Secret union-secrets/vaultwarden"]
        );
        let rotated = world.kept_secret().await;
        assert_eq!(rotated["admin-token-rotation"], "2");
        assert_eq!(rotated["admin-token-previous"], *token);
        assert_ne!(rotated["admin-token"], *token);
        let pod = world.get("v1", "Secret", "vaultwarden").await;
        assert_eq!(world::decoded(&pod["data"]["ADMIN_TOKEN"]), rotated["admin-token-hash"]);
    })
    .await;
}

#[tokio::test]
async fn a_union_rests_until_anything_of_it_moves() {
    in_time(async {
        let mut world = World::new("rest").await;
        let stop = CancellationToken::new();
        let mut moves = world.cluster.watch(&stop);
        moves.synced().await;
        let input = Digest::of("what it is made from");
        let rests = |world: &World, input| {
            world.cluster.rests(&world.desired, Digest::of("what it is made from"));
            world.cluster.at_rest(vec![(world.union.clone(), input)]) == [world.union.clone()]
        };
        assert!(!rests(&world, input), "nothing is there");
        world.roll_out().await;
        world.until_healthy(&mut moves).await;
        world.look().await;
        assert!(rests(&world, input));
        assert!(!rests(&world, Digest::of("something newer")));

        let by_hand = json!({"metadata": {"labels": {"by": "hand"}}});
        world.patch("v1", "ConfigMap", "settings", "kubectl-edit", by_hand).await;
        assert_eq!(world.next_of(&mut moves, "ConfigMap").await, ("settings".to_owned(), What::Spec));
        assert!(!rests(&world, input), "an object moved");
        world.roll_out().await;
        world.look().await;
        assert!(rests(&world, input));
        let by_hand = json!({"metadata": {"labels": {"by": "hand"}}});
        world.patch_kept("ConfigMap", "union-rest", by_hand).await;
        world.next_of(&mut moves, "ConfigMap").await;
        assert!(!rests(&world, input), "the state object moved");
    })
    .await;
}

#[tokio::test]
async fn credentials_are_made_once_and_replaced_only_as_they_were_read() {
    in_time(async {
        let world = World::new("draw").await;
        let (cluster, token) = (&world.cluster, Credential::AdminToken);
        let none = cluster.controller(&world.union, &Inventory::default()).await.expect("no request");
        assert_eq!(none.admin_token, None);
        let entered = world::entered("keyforge-draw", &world.union);
        let address = |text: &str| {
            BTreeMap::from([("account-address".to_owned(), Redacted::new(text.as_bytes().to_vec()))])
        };
        cluster.draw(&world.union, &none, token, 1, &address("first")).await.expect("drawn");
        let again = cluster.draw(&world.union, &none, token, 1, &address("second")).await;
        let again = again.expect_err("it exists");
        assert!(matches!(again, Error::AlreadyExists { .. }), "{again}");

        let first = cluster.controller(&world.union, &entered).await.expect("read");
        assert_eq!(first.admin_token, Some(1));
        cluster.draw(&world.union, &first, token, 2, &address("third")).await.expect("drawn");
        let stale = cluster.draw(&world.union, &first, token, 3, &address("third")).await;
        let stale = stale.expect_err("another version");
        assert!(matches!(stale, Error::Conflict { .. }), "{stale}");
        let second = cluster.controller(&world.union, &entered).await.expect("read");
        assert_eq!(second.admin_token, Some(2));
        let account = cluster.account(&world.union).await.expect("read");
        assert_eq!(
            account.fields["account-address"].expose(),
            b"first",
            "the account is that of the first drawing"
        );
    })
    .await;
}

#[tokio::test]
async fn a_lost_or_foreign_secret_is_never_taken_for_a_new_union() {
    in_time(async {
        let mut world = World::new("lost").await;
        world.roll_out().await;
        world.delete_kept("Secret", "union-lost-credentials").await;
        let mut anew = world.restarted().await;
        let refusals = anew.plan().await.expect_err("no plan");
        assert!(matches!(refusals[..], [Refusal::CredentialsLost { .. }]), "{refusals:?}");

        let record = json!({"data": {"record.json": "{"}});
        anew.patch_kept("ConfigMap", "union-lost", record).await;
        let error = anew.cluster.controller(&anew.union, &anew.inventory).await.expect_err("unreadable");
        assert!(matches!(error, Error::Unreadable { .. }), "{error}");

        let label = json!({"metadata": {"labels": {"keyforge.dev/installation": "another"}}});
        anew.patch_kept("ConfigMap", "union-lost", label).await;
        let error = anew.cluster.controller(&anew.union, &anew.inventory).await.expect_err("not ours");
        assert_eq!(
            error.to_string(),
            "ConfigMap keyforge-lost/union-lost exists and belongs to installation `another`"
        );
        assert_eq!(error.retry(), Retry::Never);
    })
    .await;
}

#[tokio::test]
async fn another_life_of_the_volume_is_lost_data_at_every_look() {
    in_time(async {
        let mut world = World::new("replaced").await;
        world.roll_out().await;
        let kept = world.cluster.controller(&world.union, &world.inventory).await.expect("read");
        let volumes = BTreeMap::from([("data".into(), Uid("a former life".into()))]);
        let record = UnionRecord { volumes, ..kept.record.expect("recorded") };
        let record = serde_json::to_string(&record).expect("JSON");
        world.patch_kept("ConfigMap", "union-replaced", json!({"data": {"record.json": record}})).await;
        let mut anew = world.restarted().await;
        for _ in 0..2 {
            let refusals = anew.plan().await.expect_err("no plan");
            assert!(matches!(refusals[..], [Refusal::DataMissing { .. }]), "{refusals:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_lease_is_one_databases_until_it_is_not_renewed_for_its_whole_duration() {
    in_time(async {
        let world = World::new("lease").await;
        let (ours, theirs) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let first = world.cluster.lease(ours);
        let replica = world.connect().await.lease(ours);
        let other = world.connect().await.lease(theirs);
        first.hold().await.expect("held");
        replica.hold().await.expect("shared");
        let refused = other.hold().await.expect_err("held by another");
        assert_eq!(
            refused.to_string(),
            "Lease keyforge-lease/keyforge-lease is held by the database 00000000-0000-0000-0000-000000000001"
        );
        assert_eq!(refused.retry(), Retry::Backoff, "perhaps nobody works there any more");

        // Renewed in time: somebody works there, and the other one counts anew.
        pass(Duration::from_secs(29)).await;
        first.hold().await.expect("renewed");
        pass(Duration::from_secs(2)).await;
        let refused = other.hold().await.expect_err("held by another");
        assert!(refused.to_string().ends_with(", which is in use"), "{refused}");
        assert_eq!(refused.retry(), Retry::Never);

        // Not renewed: its holder writes no more even before it is over, and then the other one takes it.
        pass(Duration::from_secs(20)).await;
        let facts = world.cluster.controller(&world.union, &world.inventory).await.expect("read");
        let none = BTreeMap::new();
        let drawn = world.cluster.draw(&world.union, &facts, Credential::AdminToken, 1, &none).await;
        assert!(matches!(drawn, Err(Error::LeaseNotRenewed)));
        assert!(other.hold().await.is_err());
        pass(Duration::from_secs(11)).await;
        other.hold().await.expect("taken");
        let lost = first.hold().await.expect_err("taken");
        assert!(matches!(lost, Error::HeldByOther { .. }), "{lost}");
    })
    .await;
}

/// Time goes by, without anybody waiting.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_removed_union_goes_in_order_and_waits_for_finalizers() {
    in_time(async {
        let mut world = World::new("gone").await;
        let stop = CancellationToken::new();
        let mut moves = world.cluster.watch(&stop);
        moves.synced().await;
        world.roll_out().await;
        world.until_healthy(&mut moves).await;
        let hold = |on: bool| json!({"metadata": {"finalizers": if on { json!(["keyforge.dev/test"]) } else { json!(null) }}});
        world.patch("v1", "ConfigMap", "settings", "kubectl-edit", hold(true)).await;

        world.desired.life = Life::Gone;
        world.desired.manifests.clear();
        world.desired.controller = None;
        let mut done = world.roll_out().await;
        let mut released = false;
        while !world.inventory.entries.is_empty() {
            // The last of its stage: nothing later has begun.
            if !released && !world.inventory.entries.keys().any(|id| id.kind == "PersistentVolumeClaim") {
                assert!(!done.iter().any(|line| line.contains("Namespace")), "{done:?}");
                world.patch("v1", "ConfigMap", "settings", "kubectl-edit", hold(false)).await;
                released = true;
            }
            let before = world.inventory.entries.len();
            let now = world.roll_out().await;
            if now.is_empty() && world.inventory.entries.len() == before {
                moves.next().await.expect("it goes on");
            }
            done.extend(now);
        }
        let of = |text: &str| done.iter().position(|line| line == text).unwrap_or_else(|| panic!("{text}: {done:?}"));
        let order = [
            "deleted Deployment union-gone/vaultwarden",
            "deleted ConfigMap union-gone/settings",
            "deleted Namespace union-gone",
            "deleted Secret keyforge-gone/union-gone-credentials",
            "deleted ConfigMap keyforge-gone/union-gone",
        ];
        assert!(order.map(of).is_sorted(), "{done:?}");
        assert_eq!(world.cluster.inventory_by_label().await.expect("listed"), []);
    })
    .await;
}

#[tokio::test]
async fn a_deployment_that_cannot_become_ready_says_why() {
    in_time(async {
        let mut world = World::new("crash").await;
        let stop = CancellationToken::new();
        let mut moves = world.cluster.watch(&stop);
        world.annotate_pods(json!({"devcluster/fate": "crash"}));
        world.roll_out().await;
        world.until_a_pod_waits().await;
        let id = world.id("Deployment", "vaultwarden");
        let why = loop {
            let observed = world.look().await;
            let health = match &observed.resources[&id] {
                Live::Present(present) => &present.health,
                Live::Verified { health, .. } => health,
                Live::Absent => panic!("it was applied"),
            };
            match health {
                Health::InProgress(why) if why.starts_with("0 of 1 pods are ready") => break why.clone(),
                _ => moves.next().await,
            };
        };
        assert_eq!(why, "0 of 1 pods are ready: CrashLoopBackOff: devcluster/fate");
    })
    .await;
}

#[tokio::test]
async fn everything_that_carries_the_label_is_found() {
    in_time(async {
        let mut world = World::new("labels").await;
        world.roll_out().await;
        // A copy with all its labels, as a restore into another namespace leaves it, is no part of the union.
        world.copy_elsewhere("settings").await;
        let found = world.cluster.inventory_by_label().await.expect("listed");
        let found: Vec<String> = found.iter().map(|(union, id, _)| format!("{union}: {id}")).collect();
        // All but the pod's own Secret, which goes with its namespace.
        assert_eq!(
            found,
            [
                "labels: ConfigMap keyforge-labels/union-labels",
                "labels: ConfigMap union-labels/second",
                "labels: ConfigMap union-labels/settings",
                "labels: Deployment union-labels/vaultwarden",
                "labels: Namespace union-labels",
                "labels: PersistentVolumeClaim union-labels/data",
                "labels: ResourceQuota union-labels/limits",
                "labels: RoleBinding union-labels/keyforge-applier",
                "labels: RoleBinding union-labels/keyforge-impersonator",
                "labels: Secret keyforge-labels/union-labels-credentials",
                "labels: Service union-labels/vaultwarden",
                "labels: ServiceAccount union-labels/keyforge-applier",
                "labels: ServiceAccount union-labels/vaultwarden",
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn a_daemon_without_rights_is_told_who_may_not_do_what() {
    in_time(async {
        let world = World::new("rights").await;
        let nobody = world.as_service_account("nobody").await;
        let entered = world::entered("keyforge-rights", &world.union);
        let error = nobody.controller(&world.union, &entered).await.expect_err("forbidden");
        let Error::Forbidden { who, what, .. } = &error else { panic!("{error:?}") };
        assert_eq!(who, "system:serviceaccount:keyforge-rights:nobody");
        assert!(
            what.contains("get resource") && what.contains("in the namespace \"keyforge-rights\""),
            "{what}"
        );
        assert!(nobody.ping().await.is_ok(), "it is reachable all the same");
    })
    .await;
}

#[tokio::test]
async fn what_would_reach_outside_of_a_unions_namespace_is_refused_by_the_server() {
    in_time(async {
        let mut world = World::new("outside").await;
        world.roll_out().await;
        // As a template could, were its output not read first; with all rights of an administrator behind it.
        let object = |api_version, kind, namespace, name, rest| {
            manifest(api_version, kind, namespace, name, &world.installation, rest)
        };
        let rbac = "rbac.authorization.k8s.io/v1";
        let admin =
            json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"});
        for (want, what) in [
            (object("v1", "ConfigMap", Some("kube-system"), "x", json!({})), "patch resource \"configmaps\""),
            (object("v1", "Secret", Some("keyforge-outside"), "x", json!({})), "patch resource \"secrets\""),
            (object("v1", "Namespace", None, "union-other", json!({})), "patch resource \"namespaces\""),
            (
                object(rbac, "RoleBinding", Some("union-outside"), "x", json!({"roleRef": admin})),
                "patch resource \"rolebindings\"",
            ),
            (
                object("v1", "ServiceAccount", Some("default"), "keyforge-applier", json!({})),
                "patch resource \"serviceaccounts\"",
            ),
        ] {
            let error = world.cluster.apply(&world.union, &want, None, &[]).await.expect_err("refused");
            let Error::Forbidden { who, what: told, .. } = &error else { panic!("{error:?}") };
            assert_eq!(who, "system:serviceaccount:union-outside:keyforge-applier");
            assert!(told.starts_with(what), "{told}");
        }
        let elsewhere = world.id("ConfigMap", "settings");
        let elsewhere = keyforge::ids::ResourceId { namespace: Some("kube-system".into()), ..elsewhere };
        let error = world.cluster.delete(&world.union, &elsewhere, &Uid("any".into())).await;
        assert!(matches!(error, Err(Error::Forbidden { .. })), "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn a_namespace_whose_applier_was_shut_out_is_opened_before_it_is_judged() {
    in_time(async {
        let mut world = World::new("shut").await;
        world.roll_out().await;
        world.patch("v1", "ConfigMap", "settings", "kubectl-edit", json!({"data": {"motd": "hacked"}})).await;
        world.delete_by_hand("rbac.authorization.k8s.io/v1", "RoleBinding", "keyforge-applier").await;
        let other = json!([{"kind": "ServiceAccount", "name": "default", "namespace": "union-shut"}]);
        let other = json!({ "subjects": other });
        world
            .patch(
                "rbac.authorization.k8s.io/v1",
                "RoleBinding",
                "keyforge-impersonator",
                "kubectl-edit",
                other,
            )
            .await;

        let mut anew = world.restarted().await;
        assert_eq!(
            anew.roll_out().await,
            [
                "created RoleBinding union-shut/keyforge-applier",
                "updated RoleBinding union-shut/keyforge-impersonator",
            ]
        );
        assert_eq!(anew.roll_out().await, ["updated ConfigMap union-shut/settings"]);
        assert_eq!(anew.roll_out().await, [] as [&str; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_token_that_is_not_accepted_is_unauthorized() {
    in_time(async {
        let world = World::new("token").await;
        let error = world.with_token("not-a-token").await.identify().await.expect_err("unauthorized");
        assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_gap_of_the_watches_is_made_good_and_an_absent_server_is_unreachable() {
    // A cluster of its own: its API server goes away.
    let devcluster = tokio::task::spawn_blocking(DevCluster::start).await.expect("it starts");
    in_time(async {
        let mut world = World::on(&devcluster, "gap").await;
        let stop = CancellationToken::new();
        let mut moves = world.cluster.watch(&stop);
        moves.synced().await;
        world.roll_out().await;
        world.until_healthy(&mut moves).await;
        world.look().await;
        let facts =
            world.cluster.controller(&world.union, &world.inventory).await.expect("they are remembered");

        devcluster.order("stop", "kube-apiserver");
        let error = world.connect().await.identify().await.expect_err("nobody is there");
        assert!(matches!(error, Error::Unreachable(_)), "{error}");
        assert_eq!(
            (error.retry(), error.to_string().as_str()),
            (Retry::Backoff, "the API server is not reachable")
        );
        // Who sees nothing does not say that all is as it was.
        while world
            .cluster
            .observe(&world.desired, &world.inventory, &facts, &Referenced::default())
            .await
            .is_ok()
        {
            tokio::task::yield_now().await;
        }
        devcluster.order("start", "kube-apiserver");

        world
            .patch("v1", "ConfigMap", "settings", "kubectl-edit", json!({"data": {"motd": "in the gap"}}))
            .await;
        assert_eq!(world.next_of(&mut moves, "ConfigMap").await, ("settings".into(), What::Spec));
        assert_eq!(world.roll_out().await, ["updated ConfigMap union-gap/settings"]);

        // And cancelled watches end.
        stop.cancel();
        assert_eq!(moves.next().await, None::<Moved>);
    })
    .await;
}

#[tokio::test]
async fn a_kind_that_is_not_served_is_named() {
    in_time(async {
        let world = World::new("kinds").await;
        let want = manifest("nope.dev/v1", "Nope", Some("union-kinds"), "x", &world.installation, json!({}));
        let error = world.cluster.apply(&world.union, &want, None, &[]).await.expect_err("not served");
        assert_eq!(error.to_string(), "this cluster does not serve Nope (nope.dev/v1)");
    })
    .await;
}

#[tokio::test]
async fn an_unknown_field_is_refused_before_anything_is_written() {
    in_time(async {
        let mut world = World::new("strict").await;
        world.roll_out().await;
        let settings = world.wanted("ConfigMap", "settings").clone();
        let mut body = settings.body.clone();
        body["dta"] = json!({"motd": "hello"});
        world.want(keyforge::desired::Manifest { digest: Digest::of(body.to_string()), body, ..settings });
        let refusals = world.plan().await.expect_err("no plan");
        let [Refusal::Server { message, .. }] = &refusals[..] else { panic!("{refusals:?}") };
        assert!(message.contains("dta"), "{message}");
    })
    .await;
}
