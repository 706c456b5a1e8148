//! `make dev`: the page is served as it is written, and the daemon is built anew and started again when something of it changed.
//!
//! Apart from the stage, which knows nothing of sources. The page comes from Vite, which hands what is the daemon's on to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, ensure};
use tokio::process::{Child, Command};

use crate::eyes::{Api, until};
use crate::narrator::Narrator;
use crate::stage::{Stage, free_port};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What a daemon is built from.
const SOURCES: [&str; 7] = [".sqlx", "Cargo.lock", "Cargo.toml", "migrations", "schema", "src", "templates"];

/// How often sources are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// A page that follows its sources; it ends with this.
pub(crate) struct Page {
    pub(crate) api: Api,
    _vite: Child,
}

impl Page {
    /// Serves it before a daemon.
    pub(crate) async fn serve(daemon: &str) -> Result<Self> {
        let port = free_port()?;
        let folder = Path::new(ROOT).join("frontend");
        let mut vite = Command::new(folder.join("node_modules/.bin/vite"));
        vite.args(["--host", "127.0.0.1", "--port", &port.to_string(), "--logLevel", "warn"]);
        vite.current_dir(folder).env("KEYFORGE_SERVER", daemon).stdin(Stdio::null()).kill_on_drop(true);
        let vite = vite.spawn().context("cannot run Vite")?;
        let api = Api::new(format!("http://127.0.0.1:{port}"))?;
        until("the page answers, and the daemon behind it", async || api.answers("/api/v1/me").await).await?;
        Ok(Self { api, _vite: vite })
    }
}

/// Sources, and when the newest of them was written that was seen.
pub(crate) struct Sources {
    root: PathBuf,
    seen: SystemTime,
}

impl Sources {
    /// As they are now.
    pub(crate) fn of(root: &Path) -> Result<Self> {
        let mut sources = Self { root: root.to_owned(), seen: SystemTime::UNIX_EPOCH };
        sources.have_changed()?;
        Ok(sources)
    }

    /// Whether one was written since they were looked at last.
    pub(crate) fn have_changed(&mut self) -> Result<bool> {
        let before = self.seen;
        for source in SOURCES.map(|source| self.root.join(source)) {
            self.seen = self.seen.max(newest(&source)?);
        }
        Ok(self.seen > before)
    }
}

/// When the newest file was written that is here, or below.
fn newest(path: &Path) -> Result<SystemTime> {
    // An editor may write a file by putting another one into its place.
    let Ok(about) = fs::metadata(path) else { return Ok(SystemTime::UNIX_EPOCH) };
    let mut newest_here = about.modified()?;
    if about.is_dir() {
        for entry in fs::read_dir(path)? {
            newest_here = newest_here.max(newest(&entry?.path())?);
        }
    }
    Ok(newest_here)
}

/// Follows the sources until somebody ends it.
pub(crate) async fn follow(narrator: &Narrator, stage: &mut Stage) -> Result<()> {
    let page = Page::serve(&stage.api.url).await?;
    narrator.row("as written", &page.api.url);
    narrator.say("The page is shown as it is written; the daemon is built anew when its sources change.");
    let mut sources = Sources::of(Path::new(ROOT))?;
    loop {
        tokio::time::sleep(LOOK).await;
        if !sources.have_changed()? {
            continue;
        }
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--locked", "--bin", "keyforge"]).current_dir(ROOT).kill_on_drop(true);
        // What is wrong stands on the terminal; the daemon before goes on.
        if cargo.status().await.context("cannot run cargo")?.success() {
            stage.restart().await?;
            narrator.say("The daemon is the one of these sources.");
        }
    }
}

/// Tries all of that but the build.
pub(crate) async fn tried(stage: &mut Stage) -> Result<()> {
    let folder = tempfile::tempdir()?;
    fs::create_dir(folder.path().join("src"))?;
    let mut sources = Sources::of(folder.path())?;
    ensure!(!sources.have_changed()?, "sources changed that nobody wrote");
    let written = fs::File::create(folder.path().join("src/main.rs"))?;
    written.set_modified(SystemTime::now() + LOOK)?;
    ensure!(sources.have_changed()?, "a source that was written is not seen");
    let page = Page::serve(&stage.api.url).await?;
    page.api.answers("/@vite/client").await.context("the page would not be told of what is written")?;
    stage.restart().await?;
    until("the page answers by the daemon that was started again", async || {
        page.api.answers("/api/v1/me").await
    })
    .await
}
