//! `target/demo/info.json`: where the parts of a running demo are, for programs that look at it from outside.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

/// The file's content, a fixed contract.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Info<'a> {
    pub(crate) api: &'a str,
    pub(crate) kubeconfig: &'a str,
    pub(crate) database_url: &'a str,
    /// Accepts a plain `git push`.
    pub(crate) repo: &'a str,
    pub(crate) branch: &'a str,
    /// Of the certificates behind the unions' URLs; `None` where the cluster is not ours.
    pub(crate) ca: Option<&'a str>,
    /// The URL that members use, by name.
    pub(crate) unions: BTreeMap<String, String>,
}

/// The folder that outlives the demo: the file while it runs, and the daemon's log.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/demo")
}

impl Info<'_> {
    pub(crate) fn write(&self) -> Result<()> {
        // Whoever waits for the file never sees a half of it.
        let part = folder().join("info.json.part");
        fs::write(&part, serde_json::to_string_pretty(self)? + "\n")?;
        Ok(fs::rename(part, folder().join("info.json"))?)
    }
}

pub(crate) fn remove() {
    // It may never have been written.
    let _ = fs::remove_file(folder().join("info.json"));
}
