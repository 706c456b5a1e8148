//! Where in the documents a sealed value belongs, and what is written there.
//!
//! What does not exist yet may be sealed for: the value comes before the document as often as after it. But a name that is
//! nearly one that exists is a mistake, and the text would open nowhere.

use crate::seal::{Place, Slot};
use crate::spec::{self, Snapshot, WrittenPassword};

/// Where a value goes.
#[derive(Debug)]
pub(super) struct Target {
    /// What is not there yet.
    pub notes: Vec<String>,
    /// The document.
    path: String,
    /// How what is there is written.
    site: Site,
}

/// What of the place is there already.
#[derive(Debug)]
enum Site {
    /// No such password: it is written as a whole.
    Nothing,
    /// The password, or the further field that the value is of: the column of its first key.
    Block { line: u32, column: usize },
    /// The same between `{` and `}`, where no block of text can stand.
    Flow { line: u32 },
    /// The password without this further field; the column of those beside it, if there are any.
    NoField { line: u32, column: usize, beside: Option<usize> },
    /// The same where the password, or the list of its fields, is written between brackets.
    NoFlowField { line: u32 },
}

impl Target {
    /// Looks for the place.
    ///
    /// # Errors
    /// A name is nearly one that is there.
    pub(super) fn find(snapshot: &Snapshot, place: &Place) -> anyhow::Result<Self> {
        let Place { union, society, password, slot } = place;
        let path = format!("unions/{union}/societies/{society}.yaml");
        let nothing = |note: String| Self { notes: vec![note], path: path.clone(), site: Site::Nothing };

        let unions = snapshot.unions.keys().map(String::as_str);
        let Some(tree) = snapshot.unions.get(union.as_str()) else {
            refuse_nearly("union", union.as_str(), unions, &format!("make the directory unions/{union}"))?;
            return Ok(nothing(format!(
                "there is no union `{union}` yet; sealed for this name all the same"
            )));
        };
        let files = tree.files.as_deref().unwrap_or_default();
        let Some(file) = files.iter().find(|file| file.path == path) else {
            let folder = format!("unions/{union}/societies/");
            let names = files.iter().filter_map(|file| {
                file.path.strip_prefix(&folder).and_then(|name| name.strip_suffix(".yaml"))
            });
            refuse_nearly("society", society.as_str(), names, &format!("make {path}"))?;
            let note =
                format!("union `{union}` has no society `{society}` yet; sealed for this name all the same");
            return Ok(nothing(note));
        };
        let passwords = spec::written_passwords(file);
        let Some(written) = passwords.iter().find(|written| written.name == password.as_str()) else {
            let names = passwords.iter().map(|written| written.name.as_str());
            refuse_nearly("password", password.as_str(), names, &format!("write its name into {path}"))?;
            let note = format!(
                "society `{union}/{society}` has no password `{password}` yet; sealed for this name all the same"
            );
            return Ok(nothing(note));
        };
        let source = String::from_utf8_lossy(&file.content);
        let site = match slot {
            Slot::Value | Slot::Totp => Site::of(&source, &written.span),
            Slot::Field(name) => match written.fields.iter().find(|(field, _)| field == name.as_str()) {
                Some((_, span)) => Site::of(&source, span),
                None => {
                    let names = written.fields.iter().map(|(field, _)| field.as_str());
                    refuse_nearly("field", name.as_str(), names, &format!("write its name into {path}"))?;
                    Site::without_field(&source, written)
                }
            },
        };
        let notes = match (&site, slot) {
            (Site::NoField { .. } | Site::NoFlowField { .. }, Slot::Field(name)) => {
                vec![format!(
                    "password `{password}` has no field `{name}` yet; sealed for this name all the same"
                )]
            }
            _ => Vec::new(),
        };
        Ok(Self { notes, path, site })
    }

    /// The text as it goes into the document, indented as what stands there.
    pub(super) fn yaml(&self, place: &Place, sealed: &str) -> String {
        let block = |column: usize| {
            let indent = " ".repeat(column + 1);
            let lines: String = sealed.lines().map(|line| format!("{indent}{line}\n")).collect();
            format!("{}sealed: |\n{lines}", " ".repeat(column - 1))
        };
        let totp = |column: usize| format!("{}totp:\n{}", " ".repeat(column - 1), block(column + 2));
        let field = |name: &str, column: usize| {
            format!("{}- name: {}\n{}", " ".repeat(column - 1), quoted(name), block(column + 2))
        };
        match (&self.site, &place.slot) {
            (Site::Flow { .. }, slot) => {
                let text = quoted(&format!("{sealed}\n"));
                match slot {
                    Slot::Totp => format!("totp: {{sealed: {text}}}\n"),
                    Slot::Value | Slot::Field(_) => format!("sealed: {text}\n"),
                }
            }
            (Site::NoFlowField { .. }, Slot::Field(name)) => {
                let text = quoted(&format!("{sealed}\n"));
                format!("{{name: {}, sealed: {text}}}\n", quoted(name.as_str()))
            }
            (Site::Block { column, .. }, Slot::Totp) => totp(*column),
            (Site::Block { column, .. }, Slot::Value | Slot::Field(_)) => block(*column),
            (Site::NoField { column, beside, .. }, Slot::Field(name)) => match beside {
                Some(beside) => field(name.as_str(), *beside),
                None => {
                    format!("{}fields:\n{}", " ".repeat(column - 1), field(name.as_str(), column + 2))
                }
            },
            (Site::Nothing | Site::NoField { .. } | Site::NoFlowField { .. }, slot) => {
                // As in most documents: the list below `passwords`, two levels in.
                let inner = match slot {
                    Slot::Value => block(7),
                    Slot::Totp => totp(7),
                    Slot::Field(name) => format!("      fields:\n{}", field(name.as_str(), 9)),
                };
                format!("    - name: {}\n{inner}", place.password)
            }
        }
    }

    /// What to do with that text.
    pub(super) fn instruction(&self, place: &Place) -> String {
        let Self { path, site, .. } = self;
        let field = match &place.slot {
            Slot::Totp => "`totp`",
            Slot::Value | Slot::Field(_) => "`sealed`",
        };
        match site {
            Site::Nothing => format!("put this under `spec.passwords` of {path}"),
            Site::Block { line, .. } | Site::Flow { line } => {
                format!(
                    "put this as {field} into what begins at {path}:{line}, in place of the value that it has"
                )
            }
            Site::NoField { line, .. } | Site::NoFlowField { line } => {
                format!("put this under `fields` of the password that begins at {path}:{line}")
            }
        }
    }
}

impl Site {
    fn of(source: &str, span: &crate::diagnostic::Span) -> Self {
        if is_flow(source, span) {
            Self::Flow { line: span.line }
        } else {
            Self::Block { line: span.line, column: span.column as usize }
        }
    }

    fn without_field(source: &str, written: &WrittenPassword) -> Self {
        let line = written.span.line;
        let first = written.fields.first().map(|(_, span)| {
            let text = source.lines().nth((span.line as usize).saturating_sub(1)).unwrap_or_default();
            let indent = text.chars().take_while(|c| *c == ' ').count();
            text.trim_start().starts_with("- ").then_some(indent + 1)
        });
        match first {
            _ if is_flow(source, &written.span) => Self::NoFlowField { line },
            Some(None) => Self::NoFlowField { line },
            Some(beside) => Self::NoField { line, column: written.span.column as usize, beside },
            None => Self::NoField { line, column: written.span.column as usize, beside: None },
        }
    }
}

/// Whether what begins there is written between `{` and `}`.
fn is_flow(source: &str, span: &crate::diagnostic::Span) -> bool {
    let line = source.lines().nth((span.line as usize).saturating_sub(1)).unwrap_or_default();
    line.chars().nth((span.column as usize).saturating_sub(1)) == Some('{')
}

/// A text that every reader of YAML takes for this text.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}

fn refuse_nearly<'a>(
    what: &str,
    typed: &str,
    names: impl Iterator<Item = &'a str>,
    otherwise: &str,
) -> anyhow::Result<()> {
    match spec::nearest(typed, names) {
        Some(near) => {
            anyhow::bail!("there is no {what} `{typed}`; did you mean `{near}`? If not, {otherwise} first")
        }
        None => Ok(()),
    }
}
