//! From bytes to a tree with places, for one file.
//!
//! What YAML offers beyond a document is decided here, on purpose: comments, anchors and aliases (up to a size), a
//! byte order mark and Windows line ends are accepted; tags, merge keys, directives, keys that are no text and several
//! documents are not. Invariant: work and memory are bounded by `MAX_NODES`, `MAX_TEXT` and `MAX_DEPTH`, whatever the bytes are.

use std::collections::HashMap;

use granit_parser::{Event, Marker, Parser, ScalarStyle, ScanError, StrInput, StructureStyle};

use super::finding::Findings;
use super::node::{Entry, Node, Place, Value};
use super::scalar::{Reading, Scalar};
use super::{MAX_FILE_BYTES, syntax};
use crate::diagnostic::{Code, Diagnostic};

/// The most values of one document, aliases counted as often as they are used.
const MAX_NODES: usize = 50_000;
/// The most bytes of text in them, counted likewise: no more than a file without aliases could hold.
const MAX_TEXT: usize = MAX_FILE_BYTES as usize;
/// How deep lists and mappings may be nested.
const MAX_DEPTH: usize = 32;

/// Reads one file. The tree is there even if some of it is wrong, unless the syntax broke it.
pub(super) fn read(path: &str, content: &[u8]) -> (Option<Node>, Vec<Diagnostic>) {
    let mut findings = Findings::new(path);
    let tree = match std::str::from_utf8(content) {
        Ok(text) => document(text, &mut findings),
        Err(error) => {
            syntax::encoding(content, error.valid_up_to(), &mut findings);
            None
        }
    };
    (tree, findings.into_list())
}

/// Why reading ended: the finding is written already.
struct Stop;

fn document(text: &str, findings: &mut Findings<'_>) -> Option<Node> {
    let mut options = granit_parser::options! { disallow_directives: true };
    options.set_emit_comments(false);
    let mut reader = Reader {
        parser: Parser::new_from_str_with_options(text, options),
        findings,
        text,
        open: Vec::new(),
        anchors: HashMap::new(),
        size: Size::default(),
    };
    reader.stream().ok().flatten()
}

struct Reader<'a, 'f, 'p> {
    parser: Parser<'a, StrInput<'a>>,
    findings: &'f mut Findings<'p>,
    text: &'a str,
    /// Where the `[` and `{` stand that are not closed yet.
    open: Vec<Marker>,
    /// Finished nodes that have an anchor, with what is in them.
    anchors: HashMap<usize, (Node, Size)>,
    /// Of what was read so far, aliases written out.
    size: Size,
}

/// How much a part of a document is.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    nodes: usize,
    text: usize,
}

type Located<'a> = (Event<'a>, granit_parser::Span);

impl<'a> Reader<'a, '_, '_> {
    fn stream(&mut self) -> Result<Option<Node>, Stop> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::DocumentStart(..) if root.is_some() => {
                    self.findings
                        .error(
                            Code::UnsupportedYaml,
                            place(span),
                            "a file holds one document; a second one starts here",
                        )
                        .label("a second document")
                        .hint("move it to a file of its own");
                    return Err(Stop);
                }
                Event::DocumentStart(..) => {
                    let first = self.next()?;
                    root = Some(self.node(first, 0)?);
                }
                Event::StreamEnd => break,
                _ => {}
            }
        }
        if root.as_ref().is_none_or(Node::is_null) {
            self.findings
                .error(Code::EmptyDocument, syntax::end_of(self.text), "the file has no content")
                .label("nothing here");
            return Err(Stop);
        }
        Ok(root)
    }

    fn next(&mut self) -> Result<Located<'a>, Stop> {
        match self.parser.next() {
            Some(Ok(located)) => Ok(located),
            Some(Err(error)) => Err(self.broken(&error)),
            // The stream's end was asked for twice: nothing more to say.
            None => Err(Stop),
        }
    }

    fn broken(&mut self, error: &ScanError) -> Stop {
        let at = character(*error.marker());
        let open = self.open.last().map(|bracket| character(*bracket));
        syntax::error(error.kind(), at, open, self.text, self.findings);
        Stop
    }

    fn node(&mut self, (event, span): Located<'a>, depth: usize) -> Result<Node, Stop> {
        let before = self.size;
        let text = if let Event::Scalar(text, ..) = &event { text.len() } else { 0 };
        self.count(Size { nodes: 1, text }, span)?;
        if depth > MAX_DEPTH {
            let message = format!("lists and mappings are nested deeper than {MAX_DEPTH} levels");
            self.findings.error(Code::SizeLimit, place(span), message).label("too deep");
            return Err(Stop);
        }
        let (anchor, node) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), span);
                let scalar = match style {
                    ScalarStyle::Plain => Scalar::plain(&text),
                    _ => Scalar::quoted(&text),
                };
                (anchor, Node { value: Value::Scalar(scalar), place: place(span) })
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), span);
                (anchor, self.bracketed(style, span.start, |reader| reader.list(span.start, depth))?)
            }
            Event::MappingStart(style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), span);
                (anchor, self.bracketed(style, span.start, |reader| reader.map(span.start, depth))?)
            }
            Event::Alias(anchor) => {
                let Some(size) = self.anchors.get(&anchor).map(|(_, size)| *size) else {
                    self.findings
                        .error(Code::InvalidYaml, place(span), "an alias stands inside of what it repeats")
                        .label("repeats itself");
                    return Err(Stop);
                };
                // Counted before it is copied.
                self.count(size, span)?;
                return Ok(self.anchors[&anchor].0.clone());
            }
            _ => return Err(Stop),
        };
        if anchor != 0 {
            let size = Size { nodes: self.size.nodes - before.nodes, text: self.size.text - before.text };
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok(node)
    }

    fn bracketed(
        &mut self,
        style: StructureStyle,
        start: Marker,
        read: impl FnOnce(&mut Self) -> Result<Node, Stop>,
    ) -> Result<Node, Stop> {
        if style == StructureStyle::Block {
            return read(self);
        }
        self.open.push(start);
        let node = read(self);
        // After an error the brackets stay open: they explain it.
        if node.is_ok() {
            self.open.pop();
        }
        node
    }

    fn list(&mut self, start: Marker, depth: usize) -> Result<Node, Stop> {
        let mut items = Vec::new();
        loop {
            let located = self.next()?;
            if matches!(located.0, Event::SequenceEnd) {
                return Ok(Node { value: Value::List(items), place: between(start, located.1.end) });
            }
            items.push(self.node(located, depth + 1)?);
        }
    }

    fn map(&mut self, start: Marker, depth: usize) -> Result<Node, Stop> {
        let mut entries: Vec<Entry> = Vec::new();
        // Only large mappings are worth an index; documents have few.
        let mut known: HashMap<Box<str>, usize> = HashMap::new();
        loop {
            let located = self.next()?;
            if matches!(located.0, Event::MappingEnd) {
                return Ok(Node { value: Value::Map(entries), place: between(start, located.1.end) });
            }
            let key = self.node(located, depth + 1)?;
            let value = self.next()?;
            let value = self.node(value, depth + 1)?;
            let Some((name, doubt)) = self.key(&key) else { continue };
            if let Some(first) = known.get(&name) {
                let message = format!("`{name}` stands twice in one mapping");
                let first = entries[*first].key_place;
                self.findings
                    .error(Code::DuplicateKey, key.place, message)
                    .label("the second one")
                    .note(first, "the first one");
                continue;
            }
            known.insert(name.clone(), entries.len());
            entries.push(Entry { key: name, doubt, key_place: key.place, value });
        }
    }

    /// The key as text and what else it could be, or a finding.
    fn key(&mut self, key: &Node) -> Option<(Box<str>, Option<&'static str>)> {
        let Value::Scalar(scalar) = &key.value else {
            self.findings
                .error(Code::UnsupportedYaml, key.place, "a key is a list or a mapping; allowed is text")
                .label("not a text");
            return None;
        };
        let doubt = match &scalar.reading {
            Reading::Text if &*scalar.text == "<<" => {
                self.findings
                    .error(Code::UnsupportedYaml, key.place, "merge keys (`<<`) are not supported")
                    .label("a merge key")
                    .hint("write the fields out, or set them for all unions under `spec.defaults` of `keyforge.yaml`");
                return None;
            }
            Reading::Text => None,
            Reading::Null => Some("nothing"),
            Reading::Bool(_) => Some("a truth value"),
            Reading::Number(_) => Some("a number"),
            Reading::Doubtful(doubt) => Some(doubt.noun()),
        };
        Some((scalar.text.clone(), doubt))
    }

    fn refuse_tag(&mut self, tagged: bool, span: granit_parser::Span) {
        if tagged {
            self.findings
                .error(
                    Code::UnsupportedYaml,
                    place(span.tag_span().unwrap_or(span)),
                    "YAML tags are not supported",
                )
                .label("a tag")
                .hint("remove it; quote the value if it is a text");
        }
    }

    fn count(&mut self, more: Size, span: granit_parser::Span) -> Result<(), Stop> {
        self.size.nodes += more.nodes;
        self.size.text += more.text;
        let (most, label) = if self.size.nodes > MAX_NODES {
            (format!("{MAX_NODES} values"), "too many values")
        } else if self.size.text > MAX_TEXT {
            (format!("{MAX_TEXT} bytes of text"), "too much text")
        } else {
            return Ok(());
        };
        let message = format!("the document has more than {most}, aliases written out");
        self.findings.error(Code::SizeLimit, place(span), message).label(label);
        Err(Stop)
    }
}

/// The one character at a marker.
fn character(at: Marker) -> Place {
    let at = place(granit_parser::Span::empty(at));
    Place { end_column: at.column + 1, ..at }
}

fn between(start: Marker, end: Marker) -> Place {
    place(granit_parser::Span::new(start, end))
}

/// The parser counts columns from 0.
fn place(span: granit_parser::Span) -> Place {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Place {
        line: number(span.start.line()),
        column: number(span.start.col()) + 1,
        end_line: number(span.end.line()),
        end_column: number(span.end.col()) + 1,
        inherited: false,
    }
}
