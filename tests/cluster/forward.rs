//! The way to a union's server through its pod, and what is kept of our account in it.

use std::collections::BTreeMap;

use keyforge::cluster::Error;
use keyforge::digest::Digest;
use keyforge::plan::Credential;
use keyforge::redacted::Redacted;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use crate::support::devcluster::DevCluster;
use crate::world::{World, in_time};

/// A union whose server answers, on a cluster whose pods run.
async fn world(devcluster: &DevCluster, name: &str) -> World {
    let mut world = World::on(devcluster, name).await;
    let mut deployment = world.wanted("Deployment", "vaultwarden").clone();
    let pod = &mut deployment.body["spec"]["template"];
    pod["metadata"]["labels"]["app.kubernetes.io/name"] = json!("vaultwarden");
    let container = &mut pod["spec"]["containers"][0];
    container["env"] = json!([
        {"name": "ROCKET_ADDRESS", "value": "0.0.0.0"},
        {"name": "ROCKET_PORT", "value": "8080"},
        {"name": "DATA_FOLDER", "value": "/data"},
    ]);
    container["ports"] = json!([{"name": "http", "containerPort": 8080}]);
    container["readinessProbe"] = json!({"httpGet": {"path": "/alive", "port": "http"}, "periodSeconds": 1});
    deployment.digest = Digest::of(deployment.body.to_string());
    world.want(deployment);
    world
}

#[tokio::test]
async fn a_port_forward_leads_to_the_pod_that_answers_and_ends_with_it() {
    in_time(async {
        let devcluster = tokio::task::spawn_blocking(DevCluster::running).await.expect("a cluster");
        let mut world = world(&devcluster, "forward").await;
        let nobody = world.cluster.forward(&world.union).await.err().expect("there is no pod");
        assert!(matches!(nobody, Error::NotFound { .. }), "{nobody}");
        let stop = CancellationToken::new();
        let mut moves = world.cluster.watch(&stop);
        world.roll_out().await;
        world.until_healthy(&mut moves).await;
        let (address, port) = world.cluster.server_address(&world.union).await.expect("it answers");
        assert!(!address.is_empty() && port == 8080, "{address}:{port}");
        // More than a daemon holds at once: each goes with its connection.
        for _ in 0..40 {
            let mut pipe = world.cluster.forward(&world.union).await.expect("forwarded");
            let request = b"GET /api/now HTTP/1.1\r\nHost: vault.example\r\nConnection: close\r\n\r\n";
            pipe.write_all(request).await.expect("written");
            let mut answer = String::new();
            pipe.read_to_string(&mut answer).await.expect("read to its end");
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_kept_of_our_account_outlives_a_new_admin_token() {
    in_time(async {
        let mut world = World::new("kept-account").await;
        let unfounded = world.cluster.account(&world.union).await.err().expect("no credentials yet");
        assert!(matches!(unfounded, Error::NotFound { .. }), "{unfounded}");
        world.roll_out().await;
        let account = || async { world.cluster.account(&world.union).await.expect("read") };
        let before = account().await;
        assert!(before.fields.is_empty());
        let fields = |values: &[(&str, &str)]| -> BTreeMap<String, Redacted<Vec<u8>>> {
            values
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec().into()))
                .collect()
        };
        let first = fields(&[
            ("account-address", "a@b.example"),
            ("account-api-key", "one"),
            ("admin-token", "mine"),
        ]);
        let at = world.cluster.keep_account(&world.union, &before.at, &first).await.expect("kept");
        assert_eq!(account().await.fields.len(), 2, "nothing but the account's");
        let second = fields(&[("account-address", "a@b.example"), ("account-refresh-token", "two")]);
        world.cluster.keep_account(&world.union, &at, &second).await.expect("kept");
        // A replica that read before that has an older account: it is not kept in place of the newer one.
        let missed = world.cluster.keep_account(&world.union, &at, &first).await;
        assert!(matches!(missed, Err(Error::Conflict { .. })), "{missed:?}");
        let token = account().await.admin_token;
        let facts = world.cluster.controller(&world.union, &world.inventory).await.expect("read");
        world
            .cluster
            .draw(&world.union, &facts, Credential::AdminToken, 2, &BTreeMap::new())
            .await
            .expect("drawn");
        let kept = world.kept_secret().await;
        assert_eq!(kept["account-refresh-token"], "two");
        assert!(!kept.contains_key("account-api-key"), "what is not in it is forgotten");
        assert_eq!(kept["admin-token-previous"], *token.expose());
        for drawn_once in ["database-password", "backup-password"] {
            assert!(!kept[drawn_once].is_empty(), "{drawn_once}");
        }
    })
    .await;
}
