//! An example of a code as a repository: its fields in the place of those of a sound one.

use std::collections::BTreeMap;
use std::path::Path;

/// The sound repository that examples are put into.
const SOUND: [(&str, &str); 3] = [
    ("keyforge.yaml", include_str!("../cases/spec/sound/keyforge.yaml")),
    ("union.yaml", include_str!("../cases/spec/sound/unions/acme/union.yaml")),
    ("societies/chess.yaml", include_str!("../cases/spec/sound/unions/acme/societies/chess.yaml")),
];

/// Writes the repository that an example stands for into a folder. `false`: it stands for none that files can show.
pub(super) fn write(example: &str, root: &Path) -> bool {
    let mut files = BTreeMap::new();
    if let Some(sections) = sections(example) {
        for path in ["keyforge.yaml", "unions/acme/union.yaml"] {
            files.insert(path, sound(path));
        }
        for (path, fields) in sections {
            files.insert(path, with_fields(&sound(path), &fields));
            // A society needs its union.
            let Some((union, _)) = path.split_once("/societies/") else { continue };
            assert_eq!(union, "unions/acme", "the sound repository has one union with societies");
        }
    } else if example.lines().all(is_path) {
        files.extend(example.lines().map(|path| (path, sound(path))));
    } else {
        return false;
    }
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, bytes(&text)).expect("a file");
    }
    true
}

fn is_path(line: &str) -> bool {
    line.ends_with(".yaml") && !line.contains([' ', '\\'])
}

/// `# path` starts the fields of a document; `None`: the example does not start with one.
fn sections(example: &str) -> Option<Vec<(&str, String)>> {
    let mut sections: Vec<(&str, String)> = Vec::new();
    for line in example.lines() {
        match line.strip_prefix("# ").filter(|path| is_path(path)) {
            Some(path) => sections.push((path, String::new())),
            None => {
                let (_, fields) = sections.last_mut()?;
                fields.push_str(&format!("{line}\n"));
            }
        }
    }
    Some(sections).filter(|sections| !sections.is_empty())
}

/// The sound document for this path, with the name and the host that no other has.
fn sound(path: &str) -> String {
    let kind = if path.contains("/societies/") {
        2
    } else if path.starts_with("unions/") {
        1
    } else {
        0
    };
    let parts: Vec<&str> = path.split('/').collect();
    let name = match parts.as_slice() {
        ["unions", _, "societies", society] => society.trim_end_matches(".yaml"),
        ["unions", union, _] => union,
        _ => "federation",
    };
    // A wrong name of a path is the one mistake of its example.
    let name = &name.to_lowercase().replace('_', "-");
    SOUND[kind]
        .1
        .replace("name: acme", &format!("name: {name}"))
        .replace("name: chess", &format!("name: {name}"))
        .replace("vault.acme.example", &format!("vault.{name}.example"))
}

/// The document with these fields: at the top where they belong there, else in `spec`. Fields without a name are the document.
fn with_fields(document: &str, fields: &str) -> String {
    let fields = blocks(fields);
    if fields.iter().all(|(name, _)| name.is_empty()) {
        return fields.into_iter().map(|(_, text)| text).collect();
    }
    let is_top = |name: &str| ["apiVersion", "kind", "metadata", "spec"].contains(&name);
    let given = |name: &str| fields.iter().any(|(field, _)| field == name);
    let mut out = String::new();
    for (name, text) in blocks(document) {
        if name != "spec" && !given(&name) {
            out.push_str(&text);
        }
        if name == "spec" && !given("spec") {
            let spec: String = text.lines().skip(1).map(|line| format!("{}\n", &line[2..])).collect();
            out.push_str("spec:\n");
            let kept = blocks(&spec).into_iter().filter(|(name, _)| !given(name));
            let added = fields.iter().filter(|(name, _)| !is_top(name)).cloned();
            for line in
                kept.chain(added).flat_map(|(_, text)| text.lines().map(str::to_owned).collect::<Vec<_>>())
            {
                out.push_str(&format!("  {line}\n"));
            }
        }
    }
    let top: String = fields.iter().filter(|(name, _)| is_top(name)).map(|(_, text)| text.as_str()).collect();
    top + &out
}

/// The top-level fields of a YAML text, each with its lines.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let name = line.split_once(':').map_or("", |(name, _)| name);
        let is_start = !name.is_empty() && name.chars().all(char::is_alphanumeric);
        match blocks.last_mut() {
            Some((_, lines)) if !is_start => lines.push_str(&format!("{line}\n")),
            _ => blocks.push((if is_start { name } else { "" }.to_owned(), format!("{line}\n"))),
        }
    }
    blocks
}

/// `\xe9` is the byte, as readers of an example take it.
fn bytes(text: &str) -> Vec<u8> {
    let mut parts = text.split("\\xe9");
    let mut out = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        out.push(0xe9);
        out.extend_from_slice(part.as_bytes());
    }
    out
}
