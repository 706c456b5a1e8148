//! `keyforge plan` offline: a repository's commits in, what a person reads out, by the built program.
//!
//! A case is a text: a sentence, then steps (`> …`) with what they print. Steps write files and commit them (`step` below
//! lists them); `plan` is the program. What follows a step that prints nothing, two blanks in, is a file's text.

mod support;

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::repo::Repo;

const KEYFORGE: &str = "apiVersion: keyforge.dev/v1
kind: Keyforge
metadata:
  name: federation
spec:
  defaults:
    vaultwarden: {image: 'vaultwarden/server:1.37.2'}
";

/// A repository, and what its next commit will hold.
struct Desk {
    repo: Repo,
    files: std::collections::BTreeMap<String, String>,
}

impl Desk {
    fn new() -> Self {
        Self { repo: Repo::bare(), files: [("keyforge.yaml".to_owned(), KEYFORGE.to_owned())].into() }
    }

    /// Executes one step, whose text is `body`; gives what it prints.
    fn step(&mut self, step: &str, body: &str) -> String {
        let words: Vec<&str> = step.split(' ').collect();
        match words.as_slice() {
            ["union", name] => self.write(
                &format!("unions/{name}/union.yaml"),
                format!(
                    "apiVersion: keyforge.dev/v1\nkind: Union\nmetadata:\n  name: {name}\nspec:\n  displayName: The {name} union\n  \
                     contacts: [it@{name}.example]\n  domain: https://{name}.localhost\n"
                ),
            ),
            ["file", path] => self.write(path, body.to_owned()),
            ["append", path] => {
                let text = format!("{}{body}", self.files[*path]);
                self.write(path, text);
            }
            ["replace", path, before, after] => {
                assert!(self.files[*path].contains(before), "{path} has no {before}");
                let text = self.files[*path].replace(before, after);
                self.write(path, text);
            }
            ["remove", path] => self.files.retain(|file, _| !file.starts_with(path)),
            ["commit"] => self.commit("main"),
            ["commit", "on", branch] => self.commit(branch),
            ["plan", arguments @ ..] => return self.plan(arguments),
            ["validate", arguments @ ..] => return self.validate(arguments),
            _ => panic!("no step: {step}"),
        }
        String::new()
    }

    fn write(&mut self, path: &str, text: String) {
        self.files.insert(path.to_owned(), text);
    }

    fn commit(&self, branch: &str) {
        let mut change = self.repo.change().remove("unions").remove("keyforge.yaml");
        for (path, text) in &self.files {
            change = change.file(path, text);
        }
        let commit = change.commit("Change");
        self.repo.set_branch(branch, commit);
    }

    fn plan(&self, arguments: &[&str]) -> String {
        let mut keyforge = Command::new(env!("CARGO_BIN_EXE_keyforge"));
        keyforge.arg("plan").args(arguments);
        if !arguments.contains(&"--repo") {
            keyforge.arg("--repo").arg(self.repo.path());
        }
        Self::told(keyforge)
    }

    fn validate(&self, arguments: &[&str]) -> String {
        let mut keyforge = Command::new(env!("CARGO_BIN_EXE_keyforge"));
        keyforge.arg("validate").arg(self.repo.path()).args(arguments);
        Self::told(keyforge)
    }

    fn told(mut keyforge: Command) -> String {
        keyforge.env_clear();
        let output = keyforge.output().expect("keyforge runs");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        match output.status.code() {
            Some(0) => format!("{out}{err}"),
            code => format!("{out}{err}exit {}\n", code.expect("it ends by itself")),
        }
    }
}

/// Runs a case; gives it as it should read.
fn run(case: &str) -> String {
    let mut desk = Desk::new();
    let (title, steps) = case.split_once("\n> ").expect("a case has a step");
    let mut transcript = format!("{title}\n");
    for step in steps.split("\n> ") {
        let (step, rest) = step.split_once('\n').unwrap_or((step, ""));
        let body: String =
            rest.lines().map_while(|line| line.strip_prefix("  ")).map(|line| format!("{line}\n")).collect();
        let takes_text = step.starts_with("file ") || step.starts_with("append ");
        let printed = desk.step(step, &body);
        let told =
            if takes_text { body.lines().map(|line| format!("  {line}\n")).collect() } else { printed };
        write!(transcript, "> {step}\n{told}").expect("writing to a String does not fail");
    }
    transcript
}

#[test]
fn every_case_reads_as_it_runs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/preview");
    let mut wrong = String::new();
    for entry in std::fs::read_dir(folder).expect("the folder of cases is there") {
        let path = entry.expect("a case is readable").path();
        let case = std::fs::read_to_string(&path).expect("a case is readable");
        let transcript = run(&case);
        if transcript != case {
            write!(wrong, "{} runs like this:\n{transcript}", path.display()).expect("a String takes it");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The answer for programs.
fn json(desk: &Desk, arguments: &[&str]) -> Value {
    let text = desk.plan(&[arguments, &["--output", "json"]].concat());
    let end = text.rfind('}').expect("an object");
    serde_json::from_str(&text[..=end]).expect("JSON")
}

#[test]
fn commits_that_change_no_union_leave_the_digest_as_it_is() {
    let mut desk = Desk::new();
    for step in ["union acme", "union northside", "commit"] {
        desk.step(step, "");
    }
    desk.step("replace unions/acme/union.yaml localhost example.org", "");
    desk.step("commit on change", "");
    let first = json(&desk, &["--to", "change"]);
    // Somebody else is faster, and the change is put on top of theirs.
    let mut other = Desk { files: desk.files.clone(), ..desk };
    other.step("replace unions/acme/union.yaml example.org localhost", "");
    other.step("append keyforge.yaml", "# a word to the reader\n");
    other.step("commit", "");
    other.step("replace unions/acme/union.yaml localhost example.org", "");
    other.step("commit on change", "");
    let second = json(&other, &["--to", "change"]);
    assert_ne!(first["from"], second["from"]);
    assert_eq!(first["digest"], second["digest"]);
    assert_eq!(first["unions"], second["unions"]);
}

#[test]
fn programs_get_the_form_of_the_contract() {
    let mut desk = Desk::new();
    desk.step("union acme", "");
    desk.step("append unions/acme/union.yaml", "  expose: {kind: ingress, className: nginx}\n");
    for step in ["commit", "replace unions/acme/union.yaml nginx traefik"] {
        desk.step(step, "");
    }
    for step in ["replace unions/acme/union.yaml localhost example.org", "commit"] {
        desk.step(step, "");
    }
    let answer = json(&desk, &["--from", "main~1", "--to", "main"]);
    let digest = |text: &Value| text.as_str().is_some_and(|text| text.starts_with("sha256:"));
    assert!(digest(&answer["digest"]) && answer["from"].as_str().is_some_and(|from| from.len() == 40));
    let union = &answer["unions"][0];
    assert_eq!(union["name"], "acme");
    let ingress = union["changes"].as_array().expect("a list").iter();
    let mut ingress = ingress.filter(|change| change["resource"]["kind"] == "Ingress");
    let ingress = ingress.next().expect("its Ingress changes");
    assert_eq!(
        *ingress,
        serde_json::json!({
            "change": "update",
            "resource": {"kind": "Ingress", "namespace": "union-acme", "name": "vaultwarden"},
            "fields": [
                {"path": ".spec.ingressClassName", "from": "nginx", "to": "traefik"},
            ],
        })
    );
    let guard = &union["guards"][0];
    assert!(digest(&guard["digest"]), "{guard:#}");
    assert_eq!(
        (&guard["guard"], &guard["union"], &guard["changes"]),
        (
            &"domain-changed".into(),
            &"acme".into(),
            &serde_json::json!([{
                "change": "field", "field": "spec.domain",
                "from": "https://acme.localhost", "to": "https://acme.example.org",
            }])
        )
    );
}

#[test]
fn a_commit_after_the_change_that_approves_it_lets_it_through_as_it_does_for_the_daemon() {
    let mut desk = Desk::new();
    for step in ["union acme", "commit", "replace unions/acme/union.yaml localhost example.org", "commit"] {
        desk.step(step, "");
    }
    let digest =
        json(&desk, &["--from", "main~1", "--to", "main"])["unions"][0]["guards"][0]["digest"].clone();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let now = i64::try_from(now.as_secs()).expect("in this century");
    let message = format!("Approve\n\nKeyforge-Approve: {}", digest.as_str().expect("a digest"));
    desk.repo.change().by("bo@acme.example", now).push(&message);
    let approved = desk.plan(&["--from", "main~2", "--to", "main"]);
    assert!(approved.contains("https://acme.example.org") && !approved.contains("exit"), "{approved}");
    // The change comes after it.
    desk.step("replace unions/acme/union.yaml example.org example.net", "");
    desk.step("commit", "");
    let stale = desk.plan(&["--from", "main~3", "--to", "main"]);
    assert!(
        stale.contains("approves a change of which nothing waits") && stale.ends_with("exit 1\n"),
        "{stale}"
    );
}
