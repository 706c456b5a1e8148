//! Fields that rules leave to a co-manager, on the real server: neither drift, nor conflict, nor taken back.

use keyforge::desired::Manifest;
use keyforge::digest::Digest;
use keyforge::plan;
use keyforge::spec::IgnoreRule;
use serde_json::json;

use super::world::{World, in_time};

fn rule(manager: &str, field: &str) -> IgnoreRule {
    IgnoreRule { manager: manager.into(), kind: "Deployment".into(), name: None, fields: vec![field.into()] }
}

/// The union's Deployment with these rules, as another desired state.
fn leave(world: &mut World, ignored: Vec<IgnoreRule>) {
    let want = world.wanted("Deployment", "vaultwarden").clone();
    let digest = Digest::of(format!("{:?}", (&want.body, &ignored)));
    world.want(Manifest { ignored, digest, ..want });
}

#[tokio::test]
async fn replicas_of_an_autoscaler_are_neither_drift_nor_conflict_nor_reset() {
    in_time(async {
        let mut world = World::new("autoscaled").await;
        leave(&mut world, vec![rule("hpa-controller", ".spec.replicas")]);
        world.roll_out().await;
        let replicas = async |world: &World| {
            world.get("apps/v1", "Deployment", "vaultwarden").await["spec"]["replicas"].clone()
        };
        assert_eq!(replicas(&world).await, 1, "before the autoscaler owns it, ours is applied");
        let scale = json!({"spec": {"replicas": 3}});
        world.patch("apps/v1", "Deployment", "vaultwarden", "hpa-controller", scale).await;
        assert_eq!(plan::text(&world.plan().await.expect("a plan")), "nothing to do\n");

        // What a person changes beside it is put back, and the autoscaler's number stays.
        let paused = json!({"spec": {"paused": true}});
        world.patch("apps/v1", "Deployment", "vaultwarden", "kubectl-edit", paused).await;
        let mut world = world.restarted().await;
        assert_eq!(world.roll_out().await, ["updated Deployment union-autoscaled/vaultwarden"]);
        assert_eq!(replicas(&world).await, 3);
        assert_eq!(plan::text(&world.plan().await.expect("a plan")), "nothing to do\n");

        // Without the rule it is a conflict again.
        leave(&mut world, Vec::new());
        let refusals = world.plan().await.expect_err("no plan");
        assert_eq!(
            refusals[0].to_string(),
            "Deployment union-autoscaled/vaultwarden: `.spec.replicas` is owned by field manager `hpa-controller`"
        );
    })
    .await;
}

#[tokio::test]
async fn annotations_of_a_mesh_are_no_additive_tampering_and_those_of_a_person_are() {
    // Boxed: three worlds are in it.
    in_time(Box::pin(async {
        let mut world = World::new("meshed").await;
        leave(&mut world, vec![rule("mesh", ".spec.template.metadata.annotations")]);
        world.roll_out().await;
        let annotate = |key: &str| json!({"spec": {"template": {"metadata": {"annotations": {key: "on"}}}}});
        world.patch("apps/v1", "Deployment", "vaultwarden", "mesh", annotate("mesh.dev/state")).await;
        let mut world = world.restarted().await;
        assert_eq!(plan::text(&world.plan().await.expect("a plan")), "nothing to do\n");
        world.patch("apps/v1", "Deployment", "vaultwarden", "kubectl-annotate", annotate("by")).await;
        // No watch tells it here.
        let mut world = world.restarted().await;
        assert_eq!(world.roll_out().await, ["updated Deployment union-meshed/vaultwarden"]);
        let live = world.get("apps/v1", "Deployment", "vaultwarden").await;
        let annotations = &live["spec"]["template"]["metadata"]["annotations"];
        assert_eq!((&annotations["mesh.dev/state"], &annotations["by"]), (&json!("on"), &json!(null)));
    }))
    .await;
}
