//! Files and folders that the settings name, watched while the daemon runs.
//!
//! What counts is what is in them, not that something happened to them: each event makes all be read again and compared
//! with before. Folders are watched, not files, since editors replace files by renaming and Kubernetes swaps a link. A
//! watch can miss something, so they are also compared from time to time. Invariant: only digests are kept.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;

use crate::digest::Digest;

/// A change has come to its end when it was quiet for so long: several files are often written one after the other.
const QUIET: Duration = Duration::from_millis(200);

/// How often they are compared although nothing is known to have happened.
const INTERVAL: Duration = Duration::from_secs(60);

/// Watched files and folders; of a folder what is directly in it.
pub struct Files {
    known: BTreeMap<PathBuf, Option<Digest>>,
    events: mpsc::Receiver<()>,
    _watcher: Option<RecommendedWatcher>,
}

impl Files {
    /// Watches them from now on. They need not exist.
    pub async fn watch(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let paths: Vec<_> = paths.into_iter().collect();
        let (watcher, events) = watch(&paths);
        Self { known: digests(paths).await, events, _watcher: watcher }
    }

    /// Those whose content is another than before. Cancel safe: what was not told yet is told by the next call.
    pub async fn changed(&mut self) -> Vec<PathBuf> {
        loop {
            tokio::select! {
                Some(()) = self.events.recv() => {
                    while let Ok(Some(())) = tokio::time::timeout(QUIET, self.events.recv()).await {}
                }
                () = tokio::time::sleep(INTERVAL) => {}
            }
            // Anew, since a folder may have been replaced; and before they are read, so that nothing falls in between.
            let paths: Vec<_> = self.known.keys().cloned().collect();
            let (watcher, events) = watch(&paths);
            let now = digests(paths).await;
            let changed = now.iter().filter(|(path, digest)| self.known.get(*path) != Some(digest));
            let changed: Vec<_> = changed.map(|(path, _)| path.clone()).collect();
            *self = Self { known: now, events, _watcher: watcher };
            if !changed.is_empty() {
                return changed;
            }
        }
    }
}

/// Without a watch that the system gives, comparing from time to time is all.
fn watch(paths: &[PathBuf]) -> (Option<RecommendedWatcher>, mpsc::Receiver<()>) {
    let (sender, events) = mpsc::channel(1);
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading is no change, or our own would be one.
        let is_read = event.is_ok_and(|event| {
            matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write))
        });
        if !is_read {
            // A full channel says the same already.
            let _ = sender.try_send(());
        }
    });
    let Ok(mut watcher) = watcher else { return (None, events) };
    let around = |path: &PathBuf| path.parent().map(|parent| parent.join("."));
    let folders = paths.iter().filter_map(around).chain(paths.iter().filter(|path| path.is_dir()).cloned());
    for folder in folders {
        // A folder that is not there has nothing to tell.
        let _ = watcher.watch(&folder, RecursiveMode::NonRecursive);
    }
    (Some(watcher), events)
}

async fn digests(paths: Vec<PathBuf>) -> BTreeMap<PathBuf, Option<Digest>> {
    let read = move || paths.into_iter().map(|path| (path.clone(), digest(&path).ok())).collect();
    // Only at the end of the runtime it is not run, and then nobody asks.
    tokio::task::spawn_blocking(read).await.unwrap_or_default()
}

fn digest(path: &Path) -> io::Result<Digest> {
    if !path.is_dir() {
        return Ok(Digest::of(fs::read(path)?));
    }
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(path)? {
        let file = entry?.path();
        if file.is_file() {
            files.insert(file.as_os_str().as_encoded_bytes().to_owned(), fs::read(&file)?);
        }
    }
    Ok(Digest::of_parts(files.iter().flat_map(|(name, content)| [name.as_slice(), content.as_slice()])))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    async fn changed(files: &mut Files) -> Vec<PathBuf> {
        tokio::time::timeout(Duration::from_secs(20), files.changed()).await.expect("a change that is seen")
    }

    #[tokio::test]
    async fn a_file_that_is_written_replaced_removed_or_made_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, later) = (folder.path().join("token"), folder.path().join("later"));
        fs::write(&file, "a").expect("written");
        let mut files = Files::watch([file.clone(), later.clone()]).await;

        fs::write(&file, "b").expect("written");
        assert_eq!(changed(&mut files).await, [file.as_path()]);
        fs::write(folder.path().join("new"), "c").expect("written");
        fs::rename(folder.path().join("new"), &file).expect("replaced");
        assert_eq!(changed(&mut files).await, [file.as_path()]);
        fs::remove_file(&file).expect("removed");
        fs::write(&later, "d").expect("written");
        assert_eq!(changed(&mut files).await, [later, file]);
    }

    #[tokio::test]
    async fn a_link_that_kubernetes_swaps_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for (version, content) in [("..1", "old"), ("..2", "new")] {
            fs::create_dir(at(version)).expect("made");
            fs::write(at(version).join("token"), content).expect("written");
        }
        symlink("..1", at("..data")).expect("linked");
        symlink("..data/token", at("token")).expect("linked");
        let mut files = Files::watch([at("token"), at("..data")]).await;
        symlink("..2", at("..data_tmp")).expect("linked");
        fs::rename(at("..data_tmp"), at("..data")).expect("swapped");
        assert_eq!(changed(&mut files).await, [at("..data"), at("token")]);
    }

    #[tokio::test]
    async fn what_is_in_a_folder_is_told_as_the_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut files = Files::watch([folder.path().to_owned()]).await;
        fs::write(folder.path().join("service.yaml.hbs"), "a").expect("written");
        assert_eq!(changed(&mut files).await, [folder.path()]);
    }
}
