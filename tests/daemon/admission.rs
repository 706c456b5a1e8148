//! Webhooks of others that have a say in what the API server takes: one that denies, and one that cannot be called.

use serde_json::{Value, json};

use super::support::daemon::Daemon;
use super::support::devcluster;
use super::support::site::Site;
use super::support::webhook::{WORDS, Webhook};
use super::{KEYFORGE, path, union};

/// Has the API server ask a webhook about what is done to a kind in a namespace, and waits until it does: it reads its
/// webhooks a moment later. `tried` is a command for which it is asked.
async fn ask(
    site: &Site,
    daemon: &Daemon,
    namespace: &str,
    of: (&str, &str, &str),
    client: Value,
    tried: &[&str],
) {
    let (operation, group, resource) = of;
    let webhook = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": namespace},
        "webhooks": [{
            "name": "gate.webhook.example", "admissionReviewVersions": ["v1"], "sideEffects": "None",
            "failurePolicy": "Fail", "timeoutSeconds": 2,
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "rules": [{"apiGroups": [group], "apiVersions": ["v1"], "operations": [operation], "resources": [resource]}],
            "clientConfig": client,
        }],
    });
    let file = site.repo.path().with_extension("json");
    std::fs::write(&file, webhook.to_string()).expect("a writable folder");
    site.kubectl(&["apply", "--filename", file.to_str().expect("a path of ours")]);
    let tried = [&["-n", namespace], tried, &["--dry-run=server"]].concat();
    let asked = || async { site.try_kubectl(&tried).is_err().then_some(()) };
    daemon.until("the webhook is asked", asked).await;
}

fn ask_no_more(site: &Site, namespace: &str) {
    site.kubectl(&["delete", "validatingwebhookconfiguration", namespace]);
}

/// Waits until a union is failed for a reason with these words.
async fn fails(daemon: &Daemon, name: &str, words: &str) -> String {
    let failed = || async {
        let union = daemon.union(name).await?;
        let why = union["reason"].as_str().unwrap_or_default();
        (union["state"] == "failed" && why.contains(words)).then(|| why.to_owned())
    };
    daemon.until(&format!("`{name}` is failed: {words}"), failed).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_webhook_denies_is_told_in_its_words_and_tried_again_until_it_is_done() {
    let cluster = devcluster::equipped();
    let site = Site::on(cluster, "denied").await;
    let (name, other) = (site.union("acme"), site.union("other"));
    site.commit(
        "Found two unions",
        &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name)), (&path(&other), &union(&other))],
    );
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&name, "current", None).await;
    daemon.union_is(&other, "current", None).await;
    let namespace = format!("union-{name}");
    let webhook = Webhook::open(cluster.hook());
    // Only a cluster with a network of its own has an API server with an address.
    let own = site.try_kubectl(&["get", "endpoints", "kubernetes"]).is_ok();
    let client = webhook.client_config(if own { "10.0.0.1" } else { "127.0.0.1" });
    let denied = format!("admission webhook \"gate.webhook.example\" denied the request: {WORDS}");

    let annotate = ["annotate", "configmap", "vaultwarden", "a=b"];
    ask(&site, &daemon, &namespace, ("UPDATE", "", "configmaps"), client.clone(), &annotate).await;
    let open = format!("{}  vaultwarden: {{signups: {{allowed: true}}}}\n", union(&name));
    let renamed = union(&other).replace("The ", "Our ");
    let revision = site.commit("Change both", &[(&path(&name), &open), (&path(&other), &renamed)]);
    let why = fails(&daemon, &name, &denied).await;
    assert!(why.starts_with(&format!("ConfigMap {namespace}/vaultwarden: ")), "{why}");
    daemon.union_is(&other, "current", Some(&revision)).await;
    ask_no_more(&site, &namespace);
    daemon.union_is(&name, "current", Some(&revision)).await;

    // A deletion that is refused stays in the inventory, and is tried again.
    let delete = ["delete", "ingress", "vaultwarden"];
    ask(&site, &daemon, &namespace, ("DELETE", "networking.k8s.io", "ingresses"), client, &delete).await;
    let inside = format!("{open}  expose: {{kind: clusterIP}}\n");
    let revision = site.commit("Nobody outside", &[(&path(&name), &inside)]);
    fails(&daemon, &name, &denied).await;
    let owned = "select count(*) from inventory where union_name = $1 and kind = 'Ingress'";
    let mut connection = site.database.connection().await;
    let owned = sqlx::query_scalar::<_, i64>(owned)
        .bind(&name)
        .fetch_one(&mut connection)
        .await
        .expect("the inventory");
    assert_eq!(owned, 1);
    assert!(site.object("ingress", &name, "vaultwarden").is_some());
    ask_no_more(&site, &namespace);
    daemon.union_is(&name, "current", Some(&revision)).await;
    assert_eq!(site.object("ingress", &name, "vaultwarden"), None);
}

/// The server answers, so it is no outage, and only who the webhook is asked about waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_cannot_be_called_is_named_and_concerns_its_unions_alone() {
    let site = Site::new("webhook").await;
    let name = site.union("acme");
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&name, "current", None).await;
    let namespace = format!("union-{name}");
    let nobody = json!({"url": "https://127.0.0.1:1/"});
    let create = ["create", "configmap", "probe"];
    ask(&site, &daemon, &namespace, ("CREATE", "", "configmaps"), nobody, &create).await;

    site.kubectl(&["-n", &namespace, "delete", "configmap", "vaultwarden"]);
    let why = fails(&daemon, &name, "failed calling webhook \"gate.webhook.example\"").await;
    assert!(why.starts_with(&format!("ConfigMap {namespace}/vaultwarden: ")), "{why}");
    let (_, health) = daemon.get("/health").await.expect("an answer");
    assert_eq!(health["dependencies"]["cluster"]["status"], "up", "{health:#}");

    ask_no_more(&site, &namespace);
    daemon.union_is(&name, "current", None).await;
}
