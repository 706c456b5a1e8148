//! Another sealed text in the place of one, with every other byte of the file as it was.
//!
//! Not by writing YAML anew, which would lose comments and the hand of who wrote it: what separates the lines of the old text
//! (a line end and an indentation, or `\n` in quotes) separates those of the new one. Invariant: the result is read again, and
//! says the new text at this place and what it said before at all others, or there is no result.

use std::sync::Arc;

use crate::seal::Sealed;
use crate::spec::{File, SealedField, UnionTree, sealed_fields};

const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const END: &str = "-----END AGE ENCRYPTED FILE-----";

/// The file with `sealed` at the field's place; nothing if it is not written there in one piece, as behind an alias.
pub(super) fn rewritten(directory: &str, file: &File, field: &SealedField, sealed: &Sealed) -> Option<File> {
    let source = std::str::from_utf8(&file.content).ok()?;
    let line = source.split_inclusive('\n').take(field.span.line.checked_sub(1)? as usize);
    let start: usize = line.map(str::len).sum();
    let begin = start + source[start..].find(BEGIN)?;
    let body = begin + BEGIN.len();
    let end = body + source[body..].find(END)? + END.len();
    let mark = source[body..end].strip_prefix("\\n").map(|_| "\\n");
    let blank = || &source[body..body + source[body..end].find(|c: char| !c.is_whitespace()).unwrap_or(0)];
    let between = mark.unwrap_or_else(blank);
    let text = sealed.as_str().lines().collect::<Vec<_>>().join(between);
    let content: Arc<[u8]> = [&source[..begin], &text, &source[end..]].concat().into_bytes().into();
    let new = File { content, ..file.clone() };
    says(directory, file, &new, field, sealed).then_some(new)
}

/// Whether the two files differ in this field alone, and there as it should be.
fn says(directory: &str, old: &File, new: &File, field: &SealedField, sealed: &Sealed) -> bool {
    let fields = |file: &File| {
        let tree = UnionTree { tree: file.blob, files: Some(vec![file.clone()]), findings: Vec::new() };
        sealed_fields(directory, &tree)
    };
    let (old, new) = (fields(old), fields(new));
    old.len() == new.len()
        && old.iter().zip(&new).all(|(old, new)| {
            old.place == new.place
                && match old.place == field.place {
                    true => new.text.parse::<Sealed>().as_ref() == Ok(sealed),
                    false => new.text == old.text,
                }
        })
}
