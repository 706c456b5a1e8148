//! Secrets that a document names: what may be taken from the daemon's namespace, and how it gets to the pod.

use keyforge::cluster::Referenced;
use keyforge::desired::{Manifest, Reference, Slot};
use keyforge::digest::Digest;
use keyforge::plan::{self, Unusable, WhyUnusable};
use serde_json::{Value, json};

use crate::world::{World, decoded, in_time, manifest};

fn smtp() -> Reference {
    let keys = vec!["username".into(), "password".into()];
    Reference {
        field: "spec.vaultwarden.smtp.credentials",
        secret: "smtp".into(),
        keys,
        is_database_url: false,
    }
}

fn database() -> Reference {
    let keys = vec!["url".into()];
    Reference { field: "spec.database.secretRef", secret: "database".into(), keys, is_database_url: true }
}

async fn look(world: &World, reference: Reference) -> Referenced {
    world.cluster.references(&world.union, &[reference]).await.expect("looked at")
}

async fn why(world: &World, reference: Reference) -> Option<WhyUnusable> {
    let Referenced { given, unusable } = look(world, reference).await;
    let why = unusable.into_iter().map(|Unusable { why, .. }| why).next();
    assert!(why.is_none() || given.versions.is_empty(), "what cannot be taken gives nothing");
    why
}

#[tokio::test]
async fn a_secret_is_taken_only_with_the_label_that_gives_it() {
    in_time(async {
        let mut world = World::new("given").await;
        world.roll_out().await;
        assert_eq!(why(&world, smtp()).await, Some(WhyUnusable::NotGiven), "it is not there");

        let data = json!({"username": "vault", "password": "hunter2hunter2"});
        let labels = |labels: Value| json!({"metadata": {"labels": labels}});
        world.make_kept_secret("smtp", json!({}), data).await;
        assert_eq!(why(&world, smtp()).await, Some(WhyUnusable::NotGiven), "no label gives it");
        world.patch_kept("Secret", "smtp", labels(json!({"keyforge.dev/union": "another"}))).await;
        assert_eq!(why(&world, smtp()).await, Some(WhyUnusable::NotGiven), "it is another union's");
        let ours = Reference { secret: "union-given-credentials".into(), ..smtp() };
        assert_eq!(why(&world, ours).await, Some(WhyUnusable::NotGiven), "it is the controller's own");

        world.patch_kept("Secret", "smtp", labels(json!({"keyforge.dev/union": "given"}))).await;
        assert_eq!(why(&world, smtp()).await, None);
        let keys = Reference { keys: vec!["user".into()], ..smtp() };
        assert_eq!(why(&world, keys).await, Some(WhyUnusable::Key { key: "user".into() }));

        let shared = json!({"keyforge.dev/shared": "true"});
        world.make_kept_secret("database", shared, json!({"url": "db.example/vault"})).await;
        assert_eq!(why(&world, database()).await, Some(WhyUnusable::NoDatabaseUrl { key: "url".into() }));
        let url = json!({"stringData": {"url": "postgresql://vault:hunter2@db.example:6432/vault"}});
        world.patch_kept("Secret", "database", url).await;
        assert_eq!(look(&world, database()).await.given.database_port, Some(6432));
    })
    .await;
}

#[tokio::test]
async fn a_value_reaches_the_pods_secret_and_another_value_is_another_fingerprint() {
    in_time(async {
        let mut world = World::new("values").await;
        let label = json!({"keyforge.dev/union": "values"});
        world
            .make_kept_secret("smtp", label, json!({"username": "vault", "password": "hunter2hunter2"}))
            .await;
        let slot = |key: &str| Slot::Secret { name: "smtp".into(), key: key.into() };
        let body = json!({"data": {"SMTP_USERNAME": "", "SMTP_PASSWORD": ""}});
        let copy =
            manifest("v1", "Secret", Some("union-values"), "vaultwarden-smtp", &world.installation, body);
        let slots = vec![
            ("/data/SMTP_USERNAME".to_owned(), slot("username")),
            ("/data/SMTP_PASSWORD".to_owned(), slot("password")),
        ];
        world.want(Manifest { slots, ..copy.clone() });
        world.roll_out().await;
        let data = world.get("v1", "Secret", "vaultwarden-smtp").await["data"].clone();
        assert_eq!(
            (decoded(&data["SMTP_USERNAME"]), decoded(&data["SMTP_PASSWORD"])),
            ("vault".into(), "hunter2hunter2".into())
        );

        let before = look(&world, smtp()).await;
        let requests = world.requests();
        assert_eq!(look(&world, smtp()).await, before);
        assert_eq!(world.requests(), requests, "what was usable not long ago is not asked for");
        world.cluster.unlearn_references(&world.union);

        // Another version with the same values, then another value.
        world.patch_kept("Secret", "smtp", json!({"metadata": {"annotations": {"note": "1"}}})).await;
        let noted = look(&world, smtp()).await.given;
        assert_eq!(noted.fingerprints, before.given.fingerprints);
        assert_ne!(noted.versions, before.given.versions);
        world.cluster.unlearn_references(&world.union);
        world.patch_kept("Secret", "smtp", json!({"stringData": {"password": "correct horse"}})).await;
        let changed = look(&world, smtp()).await.given;
        assert_ne!(changed.fingerprints, before.given.fingerprints);
        assert!(!format!("{changed:?}").contains("correct horse"));

        // The desired state has the fingerprint in it, so it is another one.
        let wanted = world.wanted("Secret", "vaultwarden-smtp").clone();
        world.want(Manifest { digest: Digest::of("another fingerprint"), ..wanted });
        let plan = plan::text(&world.plan().await.expect("a plan"));
        assert!(
            plan.starts_with(
                "update Secret union-values/vaultwarden-smtp: .data.SMTP_PASSWORD \"fingerprint:"
            )
        );
        world.roll_out().await;
        let data = world.get("v1", "Secret", "vaultwarden-smtp").await["data"].clone();
        assert_eq!(decoded(&data["SMTP_PASSWORD"]), "correct horse");
    })
    .await;
}
