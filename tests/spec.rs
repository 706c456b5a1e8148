//! The config language: a folder with a repository in, what a person reads out.
//!
//! `tests/cases/spec/<name>/` holds the files of a repository, `findings.snap` what `keyforge validate` prints of it:
//! reviewed like prose.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use keyforge::cli::Verdict;
use keyforge::cli::validate::{self, Output};
use keyforge::diagnostic::print::Paint;
use keyforge::diagnostic::{Diagnostic, Span};
use keyforge::domain::Domain;
use keyforge::git::directory;
use keyforge::names::UnionName;
use keyforge::revision::ObjectId;
use keyforge::spec::{self, Candidate, Claim, Claims, File, Keyforge, Loaded, Schemas, Snapshot, UnionTree};
use proptest::prelude::*;

static SCHEMAS: LazyLock<Schemas> = LazyLock::new(Schemas::new);

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn cases() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(here("tests/cases/spec")).expect("the folder of cases");
    let mut cases: Vec<_> = entries.map(|entry| entry.expect("a readable entry").path()).collect();
    cases.sort();
    cases
}

fn read(directory: &Path) -> Snapshot {
    directory::read(directory).expect("a readable directory")
}

fn load(snapshot: &Snapshot) -> Loaded {
    spec::load(&SCHEMAS, snapshot)
}

fn validate(directory: &Path, output: Output) -> (Verdict, String) {
    let mut out = Vec::new();
    let (directory, signers) = (directory.to_owned(), keyforge::settings::SignerOptions::default());
    let args = validate::Args { directory, revision: None, signers, output };
    let verdict = validate::run(&args, Paint::PLAIN, &mut out).expect("a readable directory");
    (verdict, String::from_utf8(out).expect("text"))
}

/// Everything that a loaded repository says: documents as JSON, diagnostics as they are.
fn told(loaded: &Loaded) -> serde_json::Value {
    let unions: BTreeMap<_, _> = loaded
        .unions
        .iter()
        .map(|(directory, candidate)| (directory, (&candidate.document, &candidate.diagnostics)))
        .collect();
    serde_json::json!({ "unions": unions, "all": loaded.all_diagnostics(), "keyforge": loaded.keyforge })
}

#[test]
fn every_case_prints_what_is_expected() {
    for case in cases() {
        let (_, printed) = validate(&case, Output::Text);
        insta::with_settings!({snapshot_path => &case, prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!("findings", printed);
        });
    }
}

#[test]
fn ten_mistakes_are_told_in_one_run() {
    let loaded = load(&read(&here("tests/cases/spec/ten-mistakes")));
    assert_eq!(loaded.unions["acme"].diagnostics.len(), 12);
    assert!(loaded.unions["northside"].document.is_some());
}

#[test]
fn no_form_of_the_answer_tells_a_secret() {
    for case in ["masked-secrets", "plaintext-password", "setting-not-allowed"] {
        for output in [Output::Text, Output::Line, Output::Json, Output::Sarif, Output::Github] {
            let (_, printed) = validate(&here("tests/cases/spec").join(case), output);
            assert!(!printed.contains("hunter2"), "{printed}");
        }
    }
}

#[test]
fn no_form_of_the_answer_plays_with_the_terminal() {
    let case = here("tests/cases/spec/hostile-text");
    for output in [Output::Text, Output::Line, Output::Sarif, Output::Github] {
        let (_, printed) = validate(&case, output);
        assert!(!printed.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{printed}");
    }
}

#[test]
fn programs_get_the_same_findings_as_people() {
    let case = here("tests/cases/spec/duplicate-key");
    let (verdict, json) = validate(&case, Output::Json);
    let (_, line) = validate(&case, Output::Line);
    assert_eq!(verdict, Verdict::Findings);
    assert_eq!(
        json,
        r#"{
  "diagnostics": [
    {
      "path": "unions/acme/union.yaml",
      "line": 9,
      "column": 3,
      "endLine": 9,
      "endColumn": 14,
      "code": "duplicate-key",
      "severity": "error",
      "message": "`displayName` stands twice in one mapping",
      "label": "the second one",
      "notes": [
        {
          "path": "unions/acme/union.yaml",
          "line": 6,
          "column": 3,
          "endLine": 6,
          "endColumn": 14,
          "message": "the first one"
        }
      ],
      "hint": null
    }
  ],
  "unions": {
    "acme": "held"
  }
}
"#
    );
    assert_eq!(
        line,
        "unions/acme/union.yaml:9:3: error[duplicate-key]: `displayName` stands twice in one mapping\n"
    );
}

#[test]
fn the_order_of_files_changes_nothing() {
    for case in cases() {
        let sorted = read(&case);
        let mut shuffled = sorted.clone();
        for union in shuffled.unions.values_mut() {
            union.files.iter_mut().for_each(|files| files.reverse());
            union.findings.reverse();
        }
        shuffled.findings.reverse();
        assert_eq!(told(&load(&shuffled)), told(&load(&sorted)), "{}", case.display());
    }
}

#[test]
fn one_union_says_nothing_about_another() {
    for case in cases() {
        let all = read(&case);
        // Two unions on one host or of one former name are what is about both.
        if case.ends_with("duplicate-domain") || case.ends_with("renames") {
            continue;
        }
        let together = load(&all);
        for (directory, tree) in &all.unions {
            let unions = BTreeMap::from([(directory.clone(), tree.clone())]);
            let alone = load(&Snapshot { unions, ..all.clone() });
            let (alone, together) = (&alone.unions[directory], &together.unions[directory]);
            assert_eq!(alone.diagnostics, together.diagnostics, "{} {directory}", case.display());
            assert_eq!(alone.document, together.document, "{} {directory}", case.display());
        }
    }
}

#[test]
fn the_example_repository_has_no_findings() {
    let (verdict, printed) = validate(&here("example-repo"), Output::Text);
    assert_eq!((verdict, printed.as_str()), (Verdict::Fine, "3 unions are accepted\n"));
}

#[test]
fn what_is_no_plain_file_is_told_and_not_read() {
    use std::os::unix::ffi::OsStrExt as _;
    let root = tempfile::tempdir().expect("a folder");
    let copy = |from: &str, to: &str| {
        let to = root.path().join(to);
        std::fs::create_dir_all(to.parent().expect("a parent")).expect("a folder");
        std::fs::copy(here("tests/cases/spec/sound").join(from), to).expect("a copy");
    };
    copy("keyforge.yaml", "keyforge.yaml");
    copy("unions/northside/union.yaml", "unions/northside/union.yaml");
    copy("unions/acme/societies/chess.yaml", "unions/acme/societies/chess.yaml");
    let acme = root.path().join("unions/acme");
    std::os::unix::fs::symlink("../northside/union.yaml", acme.join("union.yaml")).expect("a link");
    std::os::unix::fs::symlink("northside", root.path().join("unions/southside")).expect("a link");
    let _socket = std::os::unix::net::UnixListener::bind(acme.join("socket")).expect("a socket");
    let odd = acme.join(std::ffi::OsStr::from_bytes(b"caf\xe9.yaml"));
    std::fs::write(odd, "kind: Society\n").expect("a file");
    std::fs::write(acme.join("societies/large.yaml"), vec![b'#'; 1_100_000]).expect("a file");
    let deep = acme.join("a/b/c/d/e/f/g/h/i");
    std::fs::create_dir_all(deep).expect("folders");

    let (verdict, printed) = validate(root.path(), Output::Line);
    assert_eq!(verdict, Verdict::Findings);
    assert_eq!(
        printed.lines().collect::<Vec<_>>(),
        [
            "unions/acme/a/b/c/d/e/f/g/h/i:1:1: error[size-limit]: `unions/acme/a/b/c/d/e/f/g/h/i` is more than 8 \
             directories below its union's",
            "unions/acme/caf\u{fffd}.yaml:1:1: error[unreadable-path]: the path `unions/acme/caf\u{fffd}.yaml` is \
             not UTF-8 (rename it)",
            "unions/acme/societies/large.yaml:1:1: error[size-limit]: `unions/acme/societies/large.yaml` has 1100000 \
             bytes; allowed are 1048576",
            "unions/acme/socket:1:1: error[special-file]: `unions/acme/socket` is neither a file nor a directory",
            "unions/acme/union.yaml:1:1: error[symlink]: `unions/acme/union.yaml` is a symbolic link; only plain files \
             are read (replace it with a copy of what it points to)",
            "unions/southside:1:1: error[symlink]: `unions/southside` is a symbolic link; only plain files are read \
             (replace it with a copy of what it points to)",
        ]
    );
}

#[test]
fn the_input_digest_covers_the_tree_and_what_reaches_it() {
    let trees: [ObjectId; 2] = [[1; 20].into(), [2; 20].into()];
    let keyforge = |spec: &str| {
        let text = format!("apiVersion: keyforge.dev/v1\nkind: Keyforge\nmetadata: {{name: x}}\n{spec}");
        spec::load_keyforge(&SCHEMAS, Some(&file("keyforge.yaml", text.into_bytes()))).0.expect("sound")
    };
    let base = keyforge("spec: {defaults: {storage: {size: 2Gi}}}\n");
    let same = keyforge(
        "# moved\nspec:\n  guards: {unionsRemovedPerRevision: 3}\n  defaults: {storage: {size: 2Gi}}\n",
    );
    let other = keyforge("spec: {defaults: {storage: {size: 3Gi}}}\n");
    let narrow = keyforge("spec: {limits: {storage: 1Gi}, defaults: {storage: {size: 2Gi}}}\n");
    let others =
        keyforge("spec: {limits: {domains: {riverside: [r.example]}}, defaults: {storage: {size: 2Gi}}}\n");
    let digest = |tree: &ObjectId, keyforge: &Keyforge, policy: &Keyforge| {
        spec::input_digest("acme", tree, keyforge, &policy.policy())
    };
    let first = digest(&trees[0], &base, &base);
    assert_eq!(first, digest(&trees[0], &same, &base));
    assert_ne!(first, digest(&trees[0], &other, &base));
    assert_ne!(first, digest(&trees[1], &base, &base));
    // The limits in force count, not those that stand beside the defaults.
    assert_eq!(first, digest(&trees[0], &narrow, &base));
    assert_ne!(first, digest(&trees[0], &base, &narrow));
    assert_eq!(first, digest(&trees[0], &base, &others));
}

#[test]
fn keyforge_is_stored_and_read_back() {
    let case = read(&here("tests/cases/spec/merged-defaults"));
    let loaded = load(&case).keyforge.expect("a sound document");
    let stored = serde_json::to_value(&loaded).expect("JSON");
    let read: Keyforge = serde_json::from_value(stored).expect("what was stored");
    assert_eq!(read, loaded);
    let tree = &case.unions["acme"];
    assert_eq!(
        spec::load_union(&SCHEMAS, &read, &read.policy(), "acme", tree).input,
        spec::load_union(&SCHEMAS, &loaded, &loaded.policy(), "acme", tree).input
    );
}

/// Who is refused the host they claim, where `held` was accepted before.
fn refused(claims: &[(&str, &str)], held: &[(&str, &str)]) -> Vec<String> {
    let held: Claims =
        held.iter().map(|(union, host)| ((*host).to_owned(), union.parse().expect("a name"))).collect();
    let claims: Vec<(UnionName, Domain, Span)> = claims
        .iter()
        .map(|(union, host)| {
            let domain = format!("https://{host}").parse().expect("a domain");
            (union.parse().expect("a name"), domain, Span::file(format!("unions/{union}/union.yaml")))
        })
        .collect();
    let claims = claims.iter().map(|(union, domain, span)| Claim { union, domain, span });
    spec::check_claims(claims, &held)
        .into_iter()
        .map(|(union, why)| format!("{union}: {}", why.message))
        .collect()
}

#[test]
fn the_holder_keeps_its_host_and_the_newcomer_is_held() {
    assert_eq!(
        refused(&[("acme", "a.example"), ("evil", "a.example")], &[("acme", "a.example")]),
        ["evil: the host `a.example` belongs to union `acme`"]
    );
    // The holder is unchanged, held for something else, or a tombstone: it is not among the claims.
    assert_eq!(
        refused(&[("evil", "a.example")], &[("acme", "a.example")]),
        ["evil: the host `a.example` belongs to union `acme`"]
    );
}

#[test]
fn two_newcomers_on_one_host_are_both_held() {
    assert_eq!(
        refused(&[("acme", "a.example"), ("northside", "A.example:8443"), ("riverside", "r.example")], &[]),
        [
            "acme: unions `acme` and `northside` both claim the host `a.example`",
            "northside: unions `acme` and `northside` both claim the host `a.example`",
        ]
    );
}

#[test]
fn a_host_changes_hands_when_its_holder_moves_on() {
    let held = [("acme", "a.example"), ("northside", "n.example")];
    assert_eq!(refused(&[("acme", "new.example"), ("evil", "a.example")], &held), Vec::<String>::new());
    assert_eq!(refused(&[("acme", "n.example"), ("northside", "a.example")], &held), Vec::<String>::new());
    // It moves to a host that it does not get, so it stays where it is.
    assert_eq!(
        refused(&[("acme", "n.example"), ("evil", "a.example")], &held),
        [
            "acme: the host `n.example` belongs to union `northside`",
            "evil: the host `a.example` belongs to union `acme`"
        ]
    );
}

/// Examples of all schemas, with the place in the repository where such a document belongs.
#[test]
fn the_examples_of_the_schemas_are_sound() {
    for (schema, path) in [
        ("keyforge", "keyforge.yaml"),
        ("union", "unions/{}/union.yaml"),
        ("society", "unions/acme/societies/{}.yaml"),
    ] {
        let text = std::fs::read_to_string(here(&format!("schema/{schema}.schema.json"))).expect("a schema");
        let schema: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let examples = schema["examples"].as_array().expect("examples");
        assert!(!examples.is_empty());
        for example in examples {
            let name = example["metadata"]["name"].as_str().expect("a name");
            let mut snapshot = read(&here("tests/cases/spec/sound"));
            put(&mut snapshot, &path.replace("{}", name), example.to_string().into_bytes());
            let loaded = load(&snapshot);
            assert_eq!(loaded.all_diagnostics(), Vec::<&Diagnostic>::new(), "{example}");
        }
    }
}

#[test]
fn what_is_far_too_much_is_told_and_costs_little() {
    let root = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    let sound =
        std::fs::read_to_string(here("tests/cases/spec/sound/unions/acme/union.yaml")).expect("a file");
    let keyforge = std::fs::read_to_string(here("tests/cases/spec/sound/keyforge.yaml")).expect("a file");
    write("keyforge.yaml", &keyforge);
    write("unions/acme/union.yaml", &sound);
    for number in 0..10_000 {
        write(&format!("unions/hillside/notes/{number}.txt"), "");
    }
    write("unions/northside/union.yaml", &format!("x: {}{}", "[".repeat(20_000), "]".repeat(20_000)));
    let bomb = format!("a: &a \"{}\"\nb: [{}]\n", "x".repeat(400_000), "*a, ".repeat(45_000));
    write("unions/lakeside/union.yaml", &bomb);
    let large = root.path().join("unions/riverside/union.yaml");
    std::fs::create_dir_all(large.parent().expect("a parent")).expect("a folder");
    std::fs::File::create(large).and_then(|file| file.set_len(50 << 20)).expect("a file");

    let (_, printed) = validate(root.path(), Output::Line);
    let told: Vec<&str> = printed.lines().filter(|line| line.contains("size-limit")).collect();
    assert_eq!(
        told,
        [
            "unions/hillside:1:1: error[size-limit]: `unions/hillside` has more than 2000 files",
            "unions/lakeside/union.yaml:2:9: error[size-limit]: the document has more than 1048576 bytes of text, \
             aliases written out",
            "unions/northside/union.yaml:1:259: error[size-limit]: lists and mappings are nested too deep for any \
             document",
            "unions/riverside/union.yaml:1:1: error[size-limit]: `unions/riverside/union.yaml` has 52428800 bytes; \
             allowed are 1048576",
        ]
    );
    assert!(load(&read(root.path())).unions["acme"].document.is_some());
}

#[test]
fn a_host_is_the_same_in_each_of_its_spellings() {
    let spellings = [
        ("https://vault.acme.example", "https://Vault.ACME.example"),
        ("https://vault.acme.example", "https://vault.acme.example:8443"),
        ("https://vault.acme.example", "https://vault.acme.example."),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ];
    let union = |name: &str, domain: &str| {
        format!(
            "apiVersion: keyforge.dev/v1\nkind: Union\nmetadata: {{name: {name}}}\nspec:\n  displayName: {name}\n  \
             contacts: [it@{name}.example]\n  domain: {domain}\n"
        )
    };
    for (one, other) in spellings {
        let mut snapshot = read(&here("tests/cases/spec/sound"));
        snapshot.unions.clear();
        put(&mut snapshot, "unions/acme/union.yaml", union("acme", one).into_bytes());
        put(&mut snapshot, "unions/birch/union.yaml", union("birch", other).into_bytes());
        let loaded = load(&snapshot);
        for name in ["acme", "birch"] {
            let found: Vec<_> =
                loaded.unions[name].diagnostics.iter().map(|found| found.code.as_str()).collect();
            assert_eq!(found, ["duplicate-domain"], "{name}: {one}, {other}");
        }
    }
}

/// A union `acme` with these fields.
fn acme(fields: &str) -> Candidate {
    let text =
        std::fs::read_to_string(here("tests/cases/spec/sound/unions/acme/union.yaml")).expect("a file");
    let mut snapshot = read(&here("tests/cases/spec/sound"));
    put(&mut snapshot, "unions/acme/union.yaml", format!("{text}{fields}").into_bytes());
    load(&snapshot).unions.remove("acme").expect("it is there")
}

#[test]
fn a_volume_that_shrinks_is_told_at_its_line() {
    let before = acme("  storage: {size: 5Gi}\n  database: {kind: postgres, storage: {size: 4Gi}}\n");
    let before = before.document.expect("sound");
    let told = |fields: &str| {
        let found = spec::check_succession(&before, &acme(fields));
        found.iter().map(keyforge::diagnostic::print::line).collect::<Vec<_>>()
    };
    assert_eq!(
        told("  storage: {size: 4Gi}\n  database: {kind: postgres, storage: {size: 4096Mi}}\n"),
        [
            "unions/acme/union.yaml:9:19: error[shrunk-volume]: `spec.storage.size` is `4Gi`, less than the accepted `5Gi`; \
          a volume never shrinks (write at least `5Gi`)"
        ]
    );
    // The default is smaller too, and stands nowhere.
    assert_eq!(told("  database: {kind: sqlite}\n").len(), 1);
    assert_eq!(told("  storage: {size: 6Gi}\n"), Vec::<String>::new());
}

#[test]
fn a_number_that_falls_is_told_and_holds_nothing() {
    let union = |number: u8, society: &str, passwords: &str| {
        let mut snapshot = read(&here("tests/cases/spec/sound"));
        let sound = std::fs::read_to_string(here("tests/cases/spec/sound/unions/acme/union.yaml"));
        let text = format!("{}  rotation: {{adminToken: {number}}}\n", sound.expect("a file"));
        put(&mut snapshot, "unions/acme/union.yaml", text.into_bytes());
        let text = format!(
            "apiVersion: keyforge.dev/v1\nkind: Society\nmetadata: {{name: {society}}}\nspec:\n  displayName: Go\n  \
             members: [{{email: ana@acme.example, role: owner}}]\n{passwords}"
        );
        put(&mut snapshot, &format!("unions/acme/societies/{society}.yaml"), text.into_bytes());
        load(&snapshot).unions.remove("acme").expect("it is there")
    };
    let before = "  passwords:\n    - {name: door, generate: {rotation: 3}}\n    - {name: wifi, generate: {rotation: 2}}\n";
    let before = union(3, "go", before).document.expect("sound");
    let after = "  renamedFrom: go\n  passwords:\n    - {name: gate, renamedFrom: door, generate: {length: 30}}\n    - \
                 {name: wifi, generate: {rotation: 1}}\n";
    let after = union(2, "baduk", after);
    let found = spec::check_succession(&before, &after);
    assert_eq!(
        found.iter().map(keyforge::diagnostic::print::line).collect::<Vec<_>>(),
        [
            "unions/acme/union.yaml:9:26: warning[lowered-rotation]: `spec.rotation.adminToken` is `2`, lower than the \
             accepted `3`, so nothing is made anew (to have a new one, write a number above `3`)",
            "unions/acme/societies/baduk.yaml:9:49: warning[lowered-rotation]: `generate.rotation` of password `gate` is \
             `1`, lower than the accepted `3`, so nothing is made anew (to have a new one, write a number above `3`)",
            "unions/acme/societies/baduk.yaml:10:41: warning[lowered-rotation]: `generate.rotation` of password `wifi` is \
             `1`, lower than the accepted `2`, so nothing is made anew (to have a new one, write a number above `2`)",
        ]
    );
    let mut held = after.clone();
    found.into_iter().for_each(|warning| held.add(warning));
    assert_eq!(held.document, after.document, "a warning holds nothing");
}

#[test]
fn a_revision_is_judged_by_the_limits_before_it() {
    let keyforge = |storage: &str| {
        let text = format!(
            "apiVersion: keyforge.dev/v1\nkind: Keyforge\nmetadata: {{name: x}}\nspec: {{defaults: {{vaultwarden: \
             {{image: 'vaultwarden/server:1.37.2'}}}}, limits: {{storage: {storage}}}}}\n"
        );
        spec::load_keyforge(&SCHEMAS, Some(&file("keyforge.yaml", text.into_bytes()))).0.expect("sound")
    };
    let mut snapshot = read(&here("tests/cases/spec/sound"));
    let text =
        std::fs::read_to_string(here("tests/cases/spec/sound/unions/acme/union.yaml")).expect("a file");
    put(&mut snapshot, "unions/acme/union.yaml", format!("{text}  storage: {{size: 80Gi}}\n").into_bytes());
    let (narrow, wide) = (keyforge("10Gi"), keyforge("100Gi"));
    let judged = |keyforge: &Keyforge, policy: &Keyforge| {
        spec::load_union(&SCHEMAS, keyforge, &policy.policy(), "acme", &snapshot.unions["acme"])
            .document
            .is_some()
    };
    assert!(!judged(&wide, &narrow), "limits that this revision loosens do not count for it");
    assert!(judged(&narrow, &wide));
}

/// Each schema that has examples accepts them, and each field that a person writes is described.
#[test]
fn every_field_is_described_by_words_and_examples() {
    let (files, mut missing) = (schema_files(), Vec::new());
    for (name, schema) in &files {
        described(&files, name, name, schema, &mut missing);
    }
    assert_eq!(missing, Vec::<String>::new());
}

/// The words of a field, its own or those of what it refers to.
fn says<'s>(
    schemas: &'s BTreeMap<String, serde_json::Value>,
    file: &'s str,
    field: &'s serde_json::Value,
    keyword: &str,
) -> Option<&'s serde_json::Value> {
    if let Some(found) = field.get(keyword) {
        return Some(found);
    }
    let (name, pointer) = field["$ref"].as_str()?.split_once('#')?;
    let name = if name.is_empty() { file } else { name };
    says(schemas, name, schemas[name].pointer(pointer)?, keyword)
}

fn described(
    schemas: &BTreeMap<String, serde_json::Value>,
    file: &str,
    path: &str,
    schema: &serde_json::Value,
    missing: &mut Vec<String>,
) {
    let Some(fields) = schema.as_object() else { return };
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        for keyword in ["title", "description", "examples"] {
            if says(schemas, file, field, keyword).is_none() {
                missing.push(format!("{path}.{name} has no {keyword}"));
            }
        }
    }
    for (name, below) in fields {
        match below {
            // Conditions repeat fields without describing them.
            _ if ["examples", "default", "if", "then", "else", "allOf", "oneOf"].contains(&name.as_str()) => {
            }
            _ => described(schemas, file, &format!("{path}.{name}"), below, missing),
        }
    }
}

/// The files under `schema/`, by name.
fn schema_files() -> BTreeMap<String, serde_json::Value> {
    ["common", "keyforge", "society", "union"]
        .into_iter()
        .map(|name| {
            let name = format!("{name}.schema.json");
            let text = std::fs::read_to_string(here(&format!("schema/{name}"))).expect("a schema");
            (name, serde_json::from_str(&text).expect("JSON"))
        })
        .collect()
}

/// Pointers to all schemas below this one that have examples.
fn with_examples(pointer: &str, schema: &serde_json::Value, into: &mut Vec<String>) {
    let Some(fields) = schema.as_object() else { return };
    if schema["examples"].is_array() {
        into.push(pointer.to_owned());
    }
    for (name, below) in fields {
        if !["examples", "default", "const", "enum"].contains(&name.as_str()) {
            let step = name.replace('~', "~0").replace('/', "~1");
            with_examples(&format!("{pointer}/{step}"), below, into);
        }
    }
}

#[test]
fn every_schema_accepts_its_own_examples() {
    let compile = spec::compiler();
    let mut tried = 0;
    for (name, schema) in &schema_files() {
        let mut pointers = Vec::new();
        with_examples("", schema, &mut pointers);
        for pointer in pointers {
            let validator = compile(&format!("{name}#{pointer}"));
            let part = schema.pointer(&pointer).expect("it is there");
            for example in part["examples"].as_array().into_iter().flatten() {
                tried += 1;
                assert!(validator.is_valid(example), "{name}#{pointer} refuses {example}");
            }
        }
    }
    assert!(tried > 300, "{tried}");
}

fn file(path: &str, content: Vec<u8>) -> File {
    File { path: path.to_owned(), blob: [0; 20].into(), content: Arc::from(content) }
}

/// Puts a file where a reader would have found it.
fn put(snapshot: &mut Snapshot, path: &str, content: Vec<u8>) {
    let new = file(path, content);
    let Some(union) = path.strip_prefix("unions/").and_then(|rest| rest.split('/').next()) else {
        snapshot.keyforge = Some(new);
        return;
    };
    let tree = snapshot.unions.entry(union.to_owned()).or_insert_with(|| UnionTree {
        tree: [0; 20].into(),
        files: Some(Vec::new()),
        findings: Vec::new(),
    });
    let files = tree.files.get_or_insert_with(Vec::new);
    files.retain(|old| old.path != path);
    files.push(new);
}

const PATHS: [&str; 3] = ["keyforge.yaml", "unions/acme/union.yaml", "unions/acme/societies/chess.yaml"];

/// Loads the sound case with one file replaced, and prints what is found in every form.
fn survives(path: &str, content: &[u8]) {
    use keyforge::diagnostic::print::{self, Sources};
    static SOUND: LazyLock<Snapshot> = LazyLock::new(|| read(&here("tests/cases/spec/sound")));
    let mut snapshot = SOUND.clone();
    put(&mut snapshot, path, content.to_vec());
    let loaded = load(&snapshot);
    let sources: Sources<'_> = [(path, content)].into_iter().collect();
    for diagnostic in loaded.all_diagnostics() {
        assert!(!diagnostic.message.is_empty() && !diagnostic.label.is_empty(), "{diagnostic:?}");
        let text = print::text(diagnostic, &sources, Paint::PLAIN);
        assert!(!text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')), "{text:?}");
        assert_eq!(print::line(diagnostic).lines().count(), 1);
    }
    if path != "keyforge.yaml" {
        assert!(loaded.unions["northside"].document.is_some());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_of_any_kind_are_survived(path in 0..3_usize, content in proptest::collection::vec(any::<u8>(), 0..400)) {
        survives(PATHS[path], &content);
    }

    #[test]
    fn text_that_looks_like_yaml_is_survived(path in 0..3_usize, content in "([ \\t\\n:\\-?,\\[\\]{}&*!|>'\"%@`#<~a-c0-9é\u{202e}]|spec|kind|Union|name|---\\n|\\n  ){0,120}") {
        survives(PATHS[path], content.as_bytes());
    }

    #[test]
    fn a_sound_document_with_a_piece_changed_is_survived(
        path in 0..3_usize,
        at in any::<prop::sample::Index>(),
        length in 0..12_usize,
        piece in "[ \\n:\\-\\[{}'\"a-z0-9~|\u{feff}\\x00]{0,6}",
    ) {
        let file = here("tests/cases/spec/sound").join(PATHS[path]);
        let mut content = std::fs::read(file).expect("a sound file");
        let start = at.index(content.len());
        let end = (start + length).min(content.len());
        content.splice(start..end, piece.into_bytes());
        survives(PATHS[path], &content);
    }
}
