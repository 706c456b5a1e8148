//! A generated config repo of many unions, each with societies, all that the documents leave open by default.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

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

const SOCIETIES: [&str; 4] = ["chess", "rowing", "choir", "drama"];

/// Unions `<prefix>-000` to `<prefix>-<count - 1>`.
pub(crate) struct Fleet {
    pub(crate) names: Vec<String>,
    societies: usize,
    members: usize,
}

impl Fleet {
    pub(crate) fn new(prefix: &str, count: usize) -> Self {
        Self::with(prefix, count, 1, 1)
    }

    /// With so many societies each, and so many members in each of these.
    pub(crate) fn with(prefix: &str, count: usize, societies: usize, members: usize) -> Self {
        assert!(societies <= SOCIETIES.len());
        Self { names: (0..count).map(|number| format!("{prefix}-{number:03}")).collect(), societies, members }
    }

    /// How many files it has.
    pub(crate) fn len(&self) -> usize {
        1 + self.names.len() * (1 + self.societies)
    }

    fn files(&self) -> impl Iterator<Item = (String, String)> {
        let unions = self.names.iter().flat_map(|name| {
            let society = |society: &&str| {
                (format!("unions/{name}/societies/{society}.yaml"), self.society(name, society))
            };
            let union = (format!("unions/{name}/union.yaml"), union(name));
            std::iter::once(union).chain(SOCIETIES[..self.societies].iter().map(society).collect::<Vec<_>>())
        });
        std::iter::once(("keyforge.yaml".to_owned(), KEYFORGE.to_owned())).chain(unions)
    }

    fn society(&self, union: &str, name: &str) -> String {
        let mut text = format!(
            "apiVersion: keyforge.dev/v1\nkind: Society\nmetadata:\n  name: {name}\nspec:\n  displayName: The {name} society\n  \
             members:\n"
        );
        for member in 0..self.members {
            let role = if member == 0 { "owner" } else { "member" };
            writeln!(text, "    - {{email: member{member}@{union}.example, role: {role}}}")
                .expect("a String takes it");
        }
        text
    }

    /// Makes a packed repository of it, with a second commit that changes one union.
    pub(crate) fn import(&self, repo: &Path) {
        let git = || {
            let mut git = Command::new("git");
            git.arg("-C").arg(repo);
            git
        };
        fs::create_dir_all(repo).expect("a folder");
        assert!(git().args(["init", "-q", "--bare", "-b", "main"]).status().expect("git runs").success());
        let mut stream = String::new();
        commit(&mut stream, 1_767_225_600, self.files());
        let changed = &self.names[self.names.len() / 2];
        let grown = format!("{}  storage: {{size: 2Gi}}\n", union(changed));
        commit(&mut stream, 1_767_225_660, std::iter::once((format!("unions/{changed}/union.yaml"), grown)));
        let mut import =
            git().args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().expect("git runs");
        import.stdin.take().expect("it is piped").write_all(stream.as_bytes()).expect("git reads it");
        assert!(import.wait().expect("it ends").success());
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
        change.push("Found the fleet").to_string()
    }

    /// Commits a change of one union that has to be applied.
    pub(crate) fn push_change(&self, repo: &Repo, name: &str) {
        let changed = format!("{}  resources: {{requests: {{cpu: 60m}}}}\n", union(name));
        repo.change().file(&format!("unions/{name}/union.yaml"), &changed).push("Change one");
    }
}

fn union(name: &str) -> String {
    format!(
        "apiVersion: keyforge.dev/v1\nkind: Union\nmetadata:\n  name: {name}\nspec:\n  displayName: Union {name}\n  \
         contacts: [it@{name}.example]\n  domain: https://{name}.localhost\n"
    )
}

/// One commit in the form of `git fast-import`.
fn commit(stream: &mut String, seconds: u64, files: impl Iterator<Item = (String, String)>) {
    writeln!(
        stream,
        "commit refs/heads/main\ncommitter Ana <ana@acme.example> {seconds} +0000\ndata 6\nChange"
    )
    .expect("a String takes it");
    for (path, text) in files {
        writeln!(stream, "M 644 inline {path}\ndata {}\n{text}", text.len()).expect("a String takes it");
    }
}
