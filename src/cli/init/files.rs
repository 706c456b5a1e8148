//! The files of a new config repo, from the answers.

use std::collections::BTreeMap;

use super::answers::{Answers, Society};
use crate::cli::schema;
use crate::spec::{self, File, Kind, Snapshot, UnionTree};

/// Who has to agree to which change.
pub(super) const CODE_OWNERS: &str = "CODEOWNERS";

/// Path and text of each, in the order of reading.
pub(super) type Files = Vec<(String, String)>;

/// All files.
pub(super) fn all(answers: &Answers) -> Files {
    let directory = directory(answers);
    let mut files = vec![
        (spec::KEYFORGE.to_owned(), keyforge(answers)),
        (format!("{directory}/union.yaml"), union(answers)),
    ];
    if let Some(first) = &answers.society {
        files.push((format!("{directory}/societies/{}.yaml", first.name), society(first)));
    }
    files.push((CODE_OWNERS.to_owned(), code_owners(answers)));
    files.push(("README.md".to_owned(), include_str!("README.md").to_owned()));
    let (path, text) = answers.forge.workflow();
    files.push((path.to_owned(), text.to_owned()));
    files.push((".keyforge/hooks/pre-commit".to_owned(), include_str!("pre-commit.sh").to_owned()));
    for kind in [Kind::Keyforge, Kind::Union, Kind::Society] {
        files.push((format!("{}/{}", schema::FOLDER, kind.file()), schema::text(kind)));
    }
    files
}

/// The documents among them, as if they had been read.
pub(super) fn snapshot(files: &Files) -> Snapshot {
    let mut snapshot = Snapshot { keyforge: None, unions: BTreeMap::new(), findings: Vec::new() };
    for (path, text) in files {
        let file = File { path: path.clone(), blob: [0; 20].into(), content: text.as_bytes().into() };
        if path == spec::KEYFORGE {
            snapshot.keyforge = Some(file);
        } else if let Some(union) = path.strip_prefix("unions/").and_then(|rest| rest.split('/').next()) {
            let new = || UnionTree { tree: [0; 20].into(), files: Some(Vec::new()), findings: Vec::new() };
            let tree = snapshot.unions.entry(union.to_owned()).or_insert_with(new);
            tree.files.get_or_insert_default().push(file);
        }
    }
    snapshot
}

/// The first line of a document below `depth` directories, by which editors find its schema.
fn schema_line(kind: Kind, depth: usize) -> String {
    let up = if depth == 0 { "./".to_owned() } else { "../".repeat(depth) };
    format!("# yaml-language-server: $schema={up}{}/{}", schema::FOLDER, kind.file())
}

/// A text as YAML: plain where every reader takes it for text, else quoted.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '@' | ':' | '/' | '-');
    let word = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(plain)
        && !text.ends_with(':')
        && !word.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_plain { text.to_owned() } else { serde_json::to_string(text).expect("a text is JSON") }
}

fn keyforge(answers: &Answers) -> String {
    let (union, host) = (scalar(answers.union.as_str()), answers.domain.host());
    format!(
        "\
{}
apiVersion: keyforge.dev/v1
kind: Keyforge
metadata:
  name: federation                     # a label for people
spec:
  defaults:                            # any field of a union's `spec`; each union may say otherwise
    vaultwarden:
      image: vaultwarden/server:1.37.2
    storage: {{size: 1Gi}}
    expose: {{kind: ingress}}            # add `className` and `tls` to suit your cluster
    deletion: {{policy: retain, days: 30}}
  guards:
    unionsRemovedPerRevision: 1        # more than that waits for a person
  limits:                              # what the document of a union may ask for
    domains:                           # hosts that each union may have, with those below them
      {union}: [{host}]
  # sealing:                           # for whom `keyforge seal` encrypts: what `age-keygen -y` prints of the daemon's key
  #   recipients: [age1…]
",
        schema_line(Kind::Keyforge, 0)
    )
}

fn union(answers: &Answers) -> String {
    let Answers { union, display_name, domain, contact, .. } = answers;
    let name = noted(&format!("  name: {}", scalar(union.as_str())), "the name of the directory");
    let contacts = noted(&format!("  contacts: [{}]", scalar(contact.as_str())), "whom to tell");
    let domain = noted(&format!("  domain: {}", scalar(&domain.to_string())), "the URL that members use");
    format!(
        "\
{}
apiVersion: keyforge.dev/v1
kind: Union
metadata:
{name}
spec:
  displayName: {}
{contacts}
{domain}
",
        schema_line(Kind::Union, 2),
        scalar(&display_name.to_string()),
    )
}

fn society(society: &Society) -> String {
    let Society { name, display_name, owner } = society;
    let name = noted(&format!("  name: {}", scalar(name.as_str())), "the name of the file");
    let members = noted("  members:", "each an owner, admin, manager or member");
    format!(
        "\
{}
apiVersion: keyforge.dev/v1
kind: Society
metadata:
{name}
spec:
  displayName: {}
{members}
    - {{email: {}, role: owner}}
",
        schema_line(Kind::Society, 3),
        scalar(&display_name.to_string()),
        scalar(owner.as_str()),
    )
}

/// A line with what is said about it, where it has room in a column.
fn noted(line: &str, note: &str) -> String {
    format!("{line:<38} # {note}")
}

fn code_owners(answers: &Answers) -> String {
    let (all, union) = answers.forge.patterns(&directory(answers));
    let width = union.len() + 2;
    format!(
        "\
# Who has to agree to a change of which part. The last line that matches decides.
{all:width$}{}
{}
",
        answers.reviewer,
        owners_of_union(answers)
    )
}

/// The line of CODEOWNERS for the union: its pattern, and who reviews.
pub(super) fn owners_of_union(answers: &Answers) -> String {
    let (_, union) = answers.forge.patterns(&directory(answers));
    format!("{union}  {}", answers.union_reviewer)
}

fn directory(answers: &Answers) -> String {
    format!("unions/{}", answers.union)
}
