//! What the unions of the example expect to find around them, made on the dev cluster: the operator's Secrets that their
//! documents name, a pool of nodes and a priority class.
//!
//! Apart from the stage, since it is the part of an operator in the story. Nothing here is made on a given cluster: its
//! nodes are somebody's.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::eyes::Tool;

/// Makes all of it in the daemon's namespace; what the server of `riverside` identifies itself by, as PEM.
pub(crate) async fn make(folder: &Path, kubectl: &Tool, namespace: &str) -> Result<Vec<u8>> {
    let pair = rcgen::generate_simple_self_signed(["riverside.localhost".to_owned()])?;
    let (certificate, key) = (pair.cert.pem(), pair.signing_key.serialize_pem());
    let secret = |union: &str, name: &str, values: Value| {
        let labels = json!({"keyforge.dev/union": union});
        let metadata = json!({"name": name, "namespace": namespace, "labels": labels});
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values})
    };
    let items = [
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}),
        json!({
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": "vaults"},
            "value": 1000,
        }),
        // Of services that nobody asks while the story is told.
        secret("acme", "acme-sso", json!({"clientSecret": "of the demo"})),
        secret("acme", "acme-push", json!({"installationId": "demo", "installationKey": "of the demo"})),
        secret("acme", "acme-s3", json!({"accessKeyId": "demo", "secretAccessKey": "of the demo"})),
        secret("riverside", "riverside-tls", json!({"tls.crt": certificate, "tls.key": key})),
    ];
    let file = folder.join("around.json");
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    fs::write(&file, list.to_string()).with_context(|| format!("cannot write {}", file.display()))?;
    kubectl.run(&format!("create --filename {}", file.display())).await?;
    kubectl.run("label nodes --all pool=vaults").await?;
    Ok(certificate.into_bytes())
}
