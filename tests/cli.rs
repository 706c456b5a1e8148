//! The command line as a person meets it: what is typed, what is printed where, how it ends.

#[path = "cli/seal.rs"]
mod seal;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The program in a folder of its own, without the variables of who runs the tests.
struct Shell {
    folder: tempfile::TempDir,
}

impl Shell {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// A command with its exit code, standard output, and standard error marked by `!`.
    #[must_use = "either compare the transcript or do not run the command"]
    fn run(&self, command: &str) -> String {
        let arguments = command.split(' ');
        let mut keyforge = Command::new(env!("CARGO_BIN_EXE_keyforge"));
        keyforge.args(arguments).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        let output = keyforge.output().expect("keyforge runs");
        let error = String::from_utf8(output.stderr).expect("text");
        let error: String = error.lines().map(|line| format!("! {line}\n")).collect();
        let out = String::from_utf8(output.stdout).expect("text");
        let typed = command.replace('\u{202e}', "\\u{202e}");
        format!("$ keyforge {typed}\n{out}{error}[{}]\n", output.status.code().expect("an exit code"))
    }
}

/// All files below a folder, sorted.
fn tree(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files.extend(tree(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

const ACME: &str = "init --union acme --domain https://vault.acme.example --contact it@acme.example";

#[test]
fn a_config_repo_is_made_from_flags_and_is_sound() {
    let shell = Shell::new();
    let command = format!("{ACME} --society chess --owner magnus@acme.example --reviewer @federation/it");
    insta::assert_snapshot!(shell.run(&command), @r#"
$ keyforge init --union acme --domain https://vault.acme.example --contact it@acme.example --society chess --owner magnus@acme.example --reviewer @federation/it
wrote keyforge.yaml
wrote unions/acme/union.yaml
wrote unions/acme/societies/chess.yaml
wrote CODEOWNERS
wrote README.md
wrote .github/workflows/keyforge.yaml
wrote .keyforge/hooks/pre-commit
wrote .keyforge/schema/keyforge.schema.json
wrote .keyforge/schema/union.schema.json
wrote .keyforge/schema/society.schema.json
1 union is accepted
[0]
"#);
    let read = |path: &str| fs::read_to_string(shell.path(path)).expect("a file");
    let documents =
        ["keyforge.yaml", "unions/acme/union.yaml", "unions/acme/societies/chess.yaml", "CODEOWNERS"];
    let texts: Vec<String> = documents.iter().map(|path| format!("── {path}\n{}", read(path))).collect();
    insta::assert_snapshot!(texts.join("\n"), @r#"
── keyforge.yaml
# yaml-language-server: $schema=./.keyforge/schema/keyforge.schema.json
apiVersion: keyforge.dev/v1
kind: Keyforge
metadata:
  name: federation                     # a label for people
spec:
  defaults:                            # any field of a union's `spec`; each union may say otherwise
    vaultwarden:
      image: vaultwarden/server:1.37.2
    storage: {size: 1Gi}
    expose: {kind: ingress}            # add `className` and `tls` to suit your cluster
    deletion: {policy: retain, days: 30}
  guards:
    unionsRemovedPerRevision: 1        # more than that waits for a person
  limits:                              # what the document of a union may ask for
    domains:                           # hosts that each union may have, with those below them
      acme: [vault.acme.example]
  # sealing:                           # for whom `keyforge seal` encrypts: what `age-keygen -y` prints of the daemon's key
  #   recipients: [age1…]

── unions/acme/union.yaml
# yaml-language-server: $schema=../../.keyforge/schema/union.schema.json
apiVersion: keyforge.dev/v1
kind: Union
metadata:
  name: acme                           # the name of the directory
spec:
  displayName: Acme
  contacts: [it@acme.example]          # whom to tell
  domain: https://vault.acme.example   # the URL that members use

── unions/acme/societies/chess.yaml
# yaml-language-server: $schema=../../../.keyforge/schema/society.schema.json
apiVersion: keyforge.dev/v1
kind: Society
metadata:
  name: chess                          # the name of the file
spec:
  displayName: Chess
  members:                             # each an owner, admin, manager or member
    - {email: magnus@acme.example, role: owner}

── CODEOWNERS
# Who has to agree to a change of which part. The last line that matches decides.
*              @federation/it
/unions/acme/  it@acme.example
"#);
    insta::assert_snapshot!(shell.run("validate"), @r#"
$ keyforge validate
1 union is accepted
[0]
"#);
}

#[test]
fn what_exists_is_kept() {
    let shell = Shell::new();
    fs::write(shell.path("README.md"), "ours\n").expect("a file");
    let first = shell.run(ACME);
    assert!(first.contains("kept README.md\n") && first.ends_with("[0]\n"), "{first}");
    let before: Vec<_> = tree(&shell.path(".")).iter().map(|path| fs::read(path).expect("a file")).collect();
    let second = shell.run(&format!("{ACME} --display-name Another"));
    assert!(!second.contains("wrote"), "{second}");
    let after: Vec<_> = tree(&shell.path(".")).iter().map(|path| fs::read(path).expect("a file")).collect();
    assert_eq!(before, after);
}

#[test]
fn a_further_union_is_made_and_what_only_people_can_add_is_named() {
    let shell = Shell::new();
    assert!(shell.run(ACME).ends_with("[0]\n"));
    let north = "init --union north --domain https://vault.north.example --contact it@north.example";
    insta::assert_snapshot!(shell.run(north), @r#"
$ keyforge init --union north --domain https://vault.north.example --contact it@north.example
kept keyforge.yaml
wrote unions/north/union.yaml
kept CODEOWNERS
kept README.md
kept .github/workflows/keyforge.yaml
kept .keyforge/hooks/pre-commit
kept .keyforge/schema/keyforge.schema.json
kept .keyforge/schema/union.schema.json
kept .keyforge/schema/society.schema.json
add to CODEOWNERS: /unions/north/  it@north.example
warning[open-domain]: union `north` may take any host that no other union has, since no suffix is set
  --> keyforge.yaml
   |
   = hint: name the hosts of each union under `spec.limits.domains`

2 unions are accepted
[0]
"#);
}

#[test]
fn every_document_leads_editors_to_a_schema_that_is_there() {
    for forge in ["github", "gitlab", "gitea"] {
        let shell = Shell::new();
        let made = shell.run(&format!("{ACME} --society chess --forge {forge} config"));
        assert!(made.ends_with("1 union is accepted\n[0]\n"), "{made}");
        let documents = tree(&shell.path("config/unions"));
        assert_eq!(documents.len(), 2);
        for document in documents.into_iter().chain([shell.path("config/keyforge.yaml")]) {
            let text = fs::read_to_string(&document).expect("a document");
            let schema =
                text.lines().next().and_then(|line| line.strip_prefix("# yaml-language-server: $schema="));
            let schema = document.parent().expect("a folder").join(schema.expect("a line for editors"));
            let schema: serde_json::Value =
                serde_json::from_str(&fs::read_to_string(&schema).expect("a schema")).expect("JSON");
            let schema = jsonschema::options().offline().build(&schema).expect("a schema in one piece");
            let document: serde_json::Value = serde_yaml::from_str(&text).expect("YAML");
            assert_eq!(schema.iter_errors(&document).map(|error| error.to_string()).next(), None);
        }
    }
}

#[test]
fn the_ci_of_every_forge_runs_commands_that_exist() {
    for (forge, path) in [
        ("github", ".github/workflows/keyforge.yaml"),
        ("gitlab", ".gitlab-ci.yml"),
        ("gitea", ".gitea/workflows/keyforge.yaml"),
    ] {
        let shell = Shell::new();
        let made = shell.run(&format!("{ACME} --forge {forge}"));
        assert!(made.contains(&format!("wrote {path}\n")), "{made}");
        let text = fs::read_to_string(shell.path(path)).expect("a file");
        let _: serde_json::Value = serde_yaml::from_str(&text).expect("YAML");
        let commands: Vec<&str> = text
            .lines()
            .filter_map(|line| {
                line.trim_end_matches('\'').split_once("keyforge\" ").or(line.split_once("- keyforge "))
            })
            .map(|(_, command)| command)
            .filter(|command| command.starts_with("validate"))
            .collect();
        assert!(!commands.is_empty(), "{text}");
        for command in commands {
            let ran = shell.run(command);
            assert!(ran.contains("1 union is accepted") && ran.ends_with("[0]\n"), "{ran}");
        }
    }
}

#[test]
fn a_commit_with_a_secret_in_plain_is_refused_by_the_hook() {
    let shell = Shell::new();
    let made = shell.run(&format!("{ACME} --society chess config"));
    assert!(made.ends_with("[0]\n"), "{made}");
    let program = Path::new(env!("CARGO_BIN_EXE_keyforge")).parent().expect("a folder");
    #[expect(clippy::disallowed_methods, reason = "where Git is")]
    let others = std::env::var("PATH").expect("a path");
    let path = format!("{}:{others}", program.display());
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(arguments)
            .current_dir(shell.folder.path())
            .env_clear()
            .env("PATH", &path)
            .stdin(Stdio::null());
        for who in ["AUTHOR", "COMMITTER"] {
            git.env(format!("GIT_{who}_NAME"), "Ana").env(format!("GIT_{who}_EMAIL"), "ana@acme.example");
        }
        let output = git.output().expect("git runs");
        (
            output.status.success(),
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        )
    };
    assert!(git(&["init", "--quiet"]).0);
    assert!(git(&["config", "core.hooksPath", "config/.keyforge/hooks"]).0);
    assert!(git(&["add", "."]).0);
    let (done, told) = git(&["commit", "--quiet", "--message", "Found it"]);
    assert!(done, "{told}");

    let society = shell.path("config/unions/acme/societies/chess.yaml");
    let sound = fs::read_to_string(&society).expect("a document");
    fs::write(&society, format!("{sound}  # old: https://ana:hunter2-canary@host.example\n"))
        .expect("written");
    assert!(git(&["add", "."]).0);
    // What counts is what is staged.
    fs::write(&society, &sound).expect("written");
    let (done, told) = git(&["commit", "--quiet", "--message", "Note it"]);
    assert!(!done && told.contains("error[plaintext-secret]") && !told.contains("canary"), "{told}");
    assert!(git(&["add", "."]).0);
    let (done, told) = git(&["commit", "--quiet", "--allow-empty", "--message", "Do not"]);
    assert!(done, "{told}");
}

#[test]
fn without_a_terminal_the_missing_flags_are_named() {
    insta::assert_snapshot!(Shell::new().run("init --union acme"), @r#"
$ keyforge init --union acme
! keyforge: `--domain`, `--contact` not given, and there is no terminal to ask on; `keyforge init --help` shows the flags
[2]
"#);
}

#[test]
fn a_wrong_flag_is_told_in_the_words_of_the_language() {
    let shell = Shell::new();
    insta::assert_snapshot!(shell.run("init --union Acme"), @r#"
$ keyforge init --union Acme
! error: invalid value 'Acme' for '--union <NAME>': a name has only `a` to `z`, `0` to `9` and `-`, not `A`
! 
! For more information, try '--help'.
[2]
"#);
    insta::assert_snapshot!(shell.run(&format!("{ACME} --display-name Acme\u{202e}noinU")), @r#"
$ keyforge init --union acme --domain https://vault.acme.example --contact it@acme.example --display-name Acme\u{202e}noinU
! error: invalid value 'Acme\u{202e}noinU' for '--display-name <TEXT>': a name is one line of visible text, without U+202E
! 
! For more information, try '--help'.
[2]
"#);
    assert_eq!(tree(&shell.path(".")), Vec::<PathBuf>::new());
}

#[test]
fn a_code_is_explained() {
    let shell = Shell::new();
    insta::assert_snapshot!(shell.run("explain image-not-allowed"), @r#"
$ keyforge explain image-not-allowed
image-not-allowed

  An image from a repository that unions may not use.

Bad:

  # unions/acme/union.yaml
  vaultwarden: {image: "mirror.example/vaultwarden:1.37.2"}

Good:

  # unions/acme/union.yaml
  vaultwarden: {image: "vaultwarden/server:1.37.2"}

What to do:

  Use an image from a repository that the message names.
[0]
"#);
    insta::assert_snapshot!(shell.run("explain unknown_feild"), @r#"
$ keyforge explain unknown_feild
! keyforge: there is no code `unknown_feild`, did you mean `unknown-field`: a name has only `a` to `z`, `0` to `9` and `-`, not `_`
[2]
"#);
    // Not a code, but it could be a union.
    insta::assert_snapshot!(shell.run("explain encoding --server http://127.0.0.1:1"), @r#"
$ keyforge explain encoding --server http://127.0.0.1:1
! keyforge: there is no code `encoding`, did you mean `invalid-encoding`: failed to ask the daemon at http://127.0.0.1:1/; does it run there?: error sending request for url (http://127.0.0.1:1/api/v1/unions/encoding/fields): client error (Connect): tcp connect error: Connection refused (os error 111)
[2]
"#);
    let all = shell.run("explain");
    assert!(all.starts_with("$ keyforge explain\nCODE ") && all.contains("\nduplicate-domain "), "{all}");
}

#[test]
fn schemas_are_printed_and_written() {
    let shell = Shell::new();
    let printed = shell.run("schema union");
    let text = printed.strip_prefix("$ keyforge schema union\n").and_then(|rest| rest.strip_suffix("[0]\n"));
    let schema: serde_json::Value = serde_json::from_str(text.expect("an answer")).expect("JSON");
    assert_eq!(schema["title"], "Union");
    insta::assert_snapshot!(shell.run("schema --write"), @r#"
$ keyforge schema --write
wrote .keyforge/schema/keyforge.schema.json
wrote .keyforge/schema/union.schema.json
wrote .keyforge/schema/society.schema.json
[0]
"#);
    assert_eq!(fs::read_to_string(shell.path(".keyforge/schema/union.schema.json")).ok().as_deref(), text);
    insta::assert_snapshot!(shell.run("schema"), @r#"
$ keyforge schema
! error: the following required arguments were not provided:
!   <DOCUMENT>
! 
! Usage: keyforge schema <DOCUMENT>
! 
! For more information, try '--help'.
[2]
"#);
}

#[test]
fn a_folder_that_is_not_there_could_not_be_read() {
    insta::assert_snapshot!(Shell::new().run("validate nowhere"), @r#"
$ keyforge validate nowhere
! keyforge: failed to read nowhere: No such file or directory (os error 2)
[2]
"#);
}

#[test]
fn findings_end_with_one_and_have_their_paths_from_here() {
    let shell = Shell::new();
    assert!(shell.run(&format!("{ACME} config")).ends_with("[0]\n"));
    let union = shell.path("config/unions/acme/union.yaml");
    let text = fs::read_to_string(&union).expect("a document");
    fs::write(&union, text.replace("displayName: Acme", "displayName: 東京 Union\n  storge: {}"))
        .expect("a document");
    insta::assert_snapshot!(shell.run("validate config"), @r#"
$ keyforge validate config
error[unknown-field]: `Union` has no field `spec.storge`
  --> config/unions/acme/union.yaml:8:3
   |
 8 |   storge: {}
   |   ^^^^^^ not a known field
   |
   = hint: did you mean `storage`?

held: acme (1 error)
no other unions
[1]
"#);
    insta::assert_snapshot!(shell.run("validate config --output line"), @r#"
$ keyforge validate config --output line
config/unions/acme/union.yaml:8:3: error[unknown-field]: `Union` has no field `spec.storge` (did you mean `storage`?)
[1]
"#);
    insta::assert_snapshot!(shell.run("validate config --output github"), @r#"
$ keyforge validate config --output github
::error title=unknown-field,file=config/unions/acme/union.yaml,line=8,endLine=8,col=3,endColumn=9::config/unions/acme/union.yaml:8:3: error[unknown-field]: `Union` has no field `spec.storge` (did you mean `storage`?)
::notice title=Keyforge::held: acme (1 error)%0Ano other unions
[1]
"#);
}
