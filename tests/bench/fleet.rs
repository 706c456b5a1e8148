//! A generated config repo of many unions, each with one society, all that the documents leave open by default.

use std::fs;
use std::path::Path;

use crate::support::repo::Repo;

const KEYFORGE: &str = "\
apiVersion: keyforge.dev/v1
kind: Keyforge
metadata:
  name: federation
spec:
  defaults:
    vaultwarden: {image: vaultwarden/server:1.37.2}
";

/// Unions `<prefix>-000` to `<prefix>-<count - 1>`.
pub(crate) struct Fleet {
    pub(crate) names: Vec<String>,
}

impl Fleet {
    pub(crate) fn new(prefix: &str, count: usize) -> Self {
        Self { names: (0..count).map(|number| format!("{prefix}-{number:03}")).collect() }
    }

    fn files(&self) -> impl Iterator<Item = (String, String)> {
        let unions = self.names.iter().flat_map(|name| {
            let union = format!(
                "apiVersion: keyforge.dev/v1\nkind: Union\nmetadata:\n  name: {name}\nspec:\n  displayName: Union {name}\n  \
                 contacts: [it@{name}.example]\n  domain: https://{name}.localhost\n"
            );
            let society = format!(
                "apiVersion: keyforge.dev/v1\nkind: Society\nmetadata:\n  name: chess\nspec:\n  displayName: Chess Society\n  \
                 members:\n    - {{email: magnus@{name}.example, role: owner}}\n"
            );
            [(format!("unions/{name}/union.yaml"), union), (format!("unions/{name}/societies/chess.yaml"), society)]
        });
        std::iter::once(("keyforge.yaml".to_owned(), KEYFORGE.to_owned())).chain(unions)
    }

    /// Writes them as plain files, for `keyforge render`.
    pub(crate) fn write(&self, folder: &Path) {
        for (path, text) in self.files() {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder");
            fs::write(path, text).expect("written");
        }
    }

    /// Commits them on top of what is there; the commit's name.
    pub(crate) fn push(&self, repo: &Repo) -> String {
        let change = self.files().fold(repo.change(), |change, (path, text)| change.file(&path, text));
        change.push("Found a hundred unions").to_string()
    }
}
