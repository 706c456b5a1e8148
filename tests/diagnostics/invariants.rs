//! What holds for every repository, however broken: loading it ends without a panic, says the same twice, sorted, with places
//! that exist, and the printers keep their promises.
//!
//! Shared by the property tests and by the fuzz target (`fuzz/load.rs`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use keyforge::diagnostic::print::{self, Paint, Sources};
use keyforge::diagnostic::{Diagnostic, Span};
use keyforge::spec::{self, File, Loaded, Schemas, Snapshot, UnionTree};

static SCHEMAS: LazyLock<Schemas> = LazyLock::new(Schemas::new);

/// What stands between two documents of one input.
const SEPARATOR: &[u8] = b"\n=====\n";

/// Paths of the documents of an input, each with the sound one that stands in for a missing one.
const DOCUMENTS: [(&str, &[u8]); 3] = [
    ("unions/acme/union.yaml", include_bytes!("../cases/spec/sound/unions/acme/union.yaml")),
    (
        "unions/acme/societies/chess.yaml",
        include_bytes!("../cases/spec/sound/unions/acme/societies/chess.yaml"),
    ),
    ("keyforge.yaml", include_bytes!("../cases/spec/sound/keyforge.yaml")),
];

/// Checks everything for the repository that an input stands for: up to three documents, one after the other.
pub(crate) fn hold(input: &[u8]) {
    let mut parts: Vec<&[u8]> = Vec::new();
    let mut rest = input;
    while let Some(at) = rest.windows(SEPARATOR.len()).position(|window| window == SEPARATOR) {
        parts.push(&rest[..at]);
        rest = &rest[at + SEPARATOR.len()..];
    }
    parts.push(rest);
    let documents = DOCUMENTS.iter().enumerate();
    let files: BTreeMap<&str, &[u8]> =
        documents.map(|(at, (path, sound))| (*path, parts.get(at).copied().unwrap_or(sound))).collect();
    check(&files);
}

/// Checks everything for these files; what is printed of the findings, in every form.
pub(crate) fn check(files: &BTreeMap<&str, &[u8]>) -> String {
    let snapshot = snapshot(files);
    let loaded = spec::load(&SCHEMAS, &snapshot);
    let again = spec::load(&SCHEMAS, &snapshot);
    assert_eq!(told(&loaded), told(&again), "loading is deterministic");
    // Aliases written out, and each character spelled out.
    let most = files.len() * 6 * 2 * spec::MAX_FILE_BYTES as usize;
    assert!(told(&loaded).1.len() <= most, "what is read is about as much as was written");
    let found = loaded.all_diagnostics();
    assert!(found.is_sorted(), "findings are sorted");
    for diagnostic in &found {
        assert!(!diagnostic.message.is_empty() && !diagnostic.label.is_empty(), "{diagnostic:?}");
        for span in std::iter::once(&diagnostic.span).chain(diagnostic.notes.iter().map(|note| &note.span)) {
            inside(span, files);
        }
    }
    let sources: Sources<'_> = files.iter().map(|(path, content)| (*path, *content)).collect();
    let plain = |paint| found.iter().map(|one| print::text(one, &sources, paint)).collect::<String>();
    let text = plain(Paint::PLAIN);
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    let lines: Vec<String> = found.iter().map(|one| print::line(one)).collect();
    assert!(lines.iter().all(|line| line.lines().count() == 1), "{lines:?}");
    let github = print::github(&found, "");
    assert!(github.lines().all(|line| line.starts_with("::")), "{github}");
    [
        text,
        plain(Paint::COLOURED),
        lines.join("\n"),
        github,
        print::sarif(&found),
        print::json(&found, &BTreeMap::new()),
    ]
    .concat()
}

fn snapshot(files: &BTreeMap<&str, &[u8]>) -> Snapshot {
    let mut snapshot = Snapshot { keyforge: None, unions: BTreeMap::new(), findings: Vec::new() };
    for (path, content) in files {
        let file = File { path: (*path).to_owned(), blob: [0; 20].into(), content: (*content).into() };
        let Some(union) = path.strip_prefix("unions/").and_then(|rest| rest.split('/').next()) else {
            snapshot.keyforge = Some(file);
            continue;
        };
        let new = || UnionTree { tree: [0; 20].into(), files: Some(Vec::new()), findings: Vec::new() };
        let tree = snapshot.unions.entry(union.to_owned()).or_insert_with(new);
        tree.files.get_or_insert_default().push(file);
    }
    snapshot
}

/// Everything that a loaded repository says, comparable.
fn told(loaded: &Loaded) -> (Vec<&Diagnostic>, String) {
    let documents: Vec<_> = loaded.unions.values().map(|candidate| &candidate.document).collect();
    let documents = serde_json::json!([documents, loaded.keyforge]);
    (loaded.all_diagnostics(), documents.to_string())
}

/// A place starts and ends in its file, or just behind a line's end.
fn inside(span: &Span, files: &BTreeMap<&str, &[u8]>) {
    if span.is_file() {
        return;
    }
    let content = files.get(span.path.as_str()).unwrap_or_else(|| panic!("{span:?} is in no file"));
    let text = String::from_utf8_lossy(content);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split('\n').collect();
    for (line, column) in [(span.line, span.column), (span.end_line, span.end_column)] {
        let length = lines.get((line as usize).wrapping_sub(1)).map(|line| line.chars().count());
        let is_inside = length.is_some_and(|length| (1..=length + 2).contains(&(column as usize)));
        assert!(is_inside, "{span:?} is outside of its file");
    }
    assert!((span.line, span.column) <= (span.end_line, span.end_column), "{span:?} ends before it starts");
}
