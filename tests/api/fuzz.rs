//! The contract as a program meets it that knows nothing else: Schemathesis asks every path that reads for what the contract allows
//! and for what it does not.
//!
//! The same questions each time. Streams, which do not end, are tried in tests of their own.

use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use keyforge::access::{Role, Sight};
use keyforge::api::{Access, Limits};
use keyforge::settings::Rate;
use keyforge::store::DeploymentQuery;
use tokio::process::Command;

use crate::served::{SOON, Served, history, key};
use crate::support::repo::Repo;

/// So many paths are asked: all that read, and end.
const READ: usize = 35;

/// Longer than it takes on the slowest machine, with what has to be fetched before it.
const LONGEST: Duration = Duration::from_secs(5 * 60);

#[tokio::test]
async fn what_the_contract_allows_is_answered_in_its_form_and_what_it_does_not_is_refused() {
    let (_database, store) = history().await;
    let newest = DeploymentQuery { limit: 1, ..DeploymentQuery::default() };
    let newest = store.shown_to(Sight::All).deployments(&newest).await.expect("the database answers");
    let operator = key(&store, "operator", Role::Operator).await;
    let most = NonZeroU32::MAX;
    let limits = Limits { rate: Rate { per_minute: most, burst: most }, ..Limits::default() };
    let access = Access::closed(store.clone());
    let api = Served::with(store, access, Repo::bare(), limits, SOON).await;
    api.dependencies.started();
    let (folder, ci) =
        (tempfile::tempdir().expect("a folder"), Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci"));
    let mut schemathesis = Command::new(ci.join("schemathesis"));
    schemathesis
        .arg("--config-file")
        .arg(ci.join("schemathesis.toml"))
        .args(["run", "--header", &format!("Authorization: {operator}")])
        .arg(format!("http://{}/api/v1/openapi.json", api.address))
        .env("DEPLOYMENT", newest[0].id.to_string())
        // A proxy does not lead to this machine.
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
        .current_dir(folder.path())
        .kill_on_drop(true);
    let output =
        tokio::time::timeout(LONGEST, schemathesis.output()).await.expect("it ends").expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains(&format!("Tested: {READ}")), "{told}");
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
}
