//! What a reader of the config repo leaves unread, in the same words for every reader.
//!
//! Readers (of Git trees, of directories) keep the limits; the words are here, so that `validate` on a laptop and
//! the daemon say the same of the same tree.

use crate::diagnostic::{Code, Diagnostic, Severity, Span};

/// The most bytes that one file may have.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// The most files that the directory of one union may have.
pub const MAX_UNION_FILES: usize = 2_000;
/// The most bytes that all files of one union may have, so that many large ones do not add up.
pub const MAX_UNION_BYTES: u64 = 8 * 1024 * 1024;
/// The most directories inside each other under the one of a union; documents need one.
pub const MAX_UNION_DEPTH: usize = 8;
/// The most directories that may stand under `unions/`.
pub const MAX_UNIONS: usize = 20_000;

/// Why something in the config repo was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// A symbolic link.
    Symlink,
    /// A Git submodule.
    Submodule,
    /// Neither file nor directory.
    SpecialFile,
    /// The path is not UTF-8; it is shown with replacement characters.
    PathEncoding,
    /// More than [`MAX_FILE_BYTES`].
    LargeFile {
        /// What was found.
        bytes: u64,
    },
    /// More than [`MAX_UNION_FILES`]; the path is the union's directory.
    ManyFiles,
    /// More than [`MAX_UNION_BYTES`]; the path is the union's directory.
    LargeUnion,
    /// More than [`MAX_UNION_DEPTH`]; the path is the first directory too deep.
    Deep,
    /// More than [`MAX_UNIONS`]; the path is `unions`.
    ManyUnions,
    /// A YAML file beside the places of documents (see [`misplaced`]).
    Misplaced,
}

impl Unread {
    /// The finding about `path`: an error, since the author of what was left unread expects it to count.
    pub fn at(self, path: &str) -> Diagnostic {
        let (code, message, label, hint) = match self {
            Self::Symlink => (
                Code::Symlink,
                format!("`{path}` is a symbolic link; only plain files are read"),
                "a symbolic link",
                Some("replace it with a copy of what it points to"),
            ),
            Self::Submodule => (
                Code::Submodule,
                format!("`{path}` is a submodule; only plain files are read"),
                "a submodule",
                Some("add the files themselves"),
            ),
            Self::SpecialFile => (
                Code::SpecialFile,
                format!("`{path}` is neither a file nor a directory"),
                "not a plain file",
                None,
            ),
            Self::PathEncoding => (
                Code::UnreadablePath,
                format!("the path `{path}` is not UTF-8"),
                "not UTF-8",
                Some("rename it"),
            ),
            Self::LargeFile { bytes } => (
                Code::SizeLimit,
                format!("`{path}` has {bytes} bytes; allowed are {MAX_FILE_BYTES}"),
                "too large",
                None,
            ),
            Self::ManyFiles => (
                Code::SizeLimit,
                format!("`{path}` has more than {MAX_UNION_FILES} files"),
                "too many files",
                None,
            ),
            Self::LargeUnion => (
                Code::SizeLimit,
                format!("the files of `{path}` have more than {MAX_UNION_BYTES} bytes together"),
                "too large",
                None,
            ),
            Self::Deep => (
                Code::SizeLimit,
                format!("`{path}` is more than {MAX_UNION_DEPTH} directories below its union's"),
                "too deep",
                None,
            ),
            Self::ManyUnions => (
                Code::SizeLimit,
                format!("`{path}` has more than {MAX_UNIONS} directories"),
                "too many unions",
                None,
            ),
            Self::Misplaced => (
                Code::MisplacedFile,
                format!("`{path}` is no place of a document, so it has no effect"),
                "has no effect",
                Some(
                    "documents are `keyforge.yaml`, `unions/<union>/union.yaml` and \
                     `unions/<union>/societies/<society>.yaml`",
                ),
            ),
        };
        Diagnostic {
            span: Span::file(path),
            code,
            severity: Severity::Error,
            message,
            label: label.into(),
            notes: Vec::new(),
            hint: hint.map(Into::into),
        }
    }
}

/// Whether a file outside the directories of unions looks like a document that somebody expects to count:
/// `keyforge.yml`, or a YAML file directly under `unions/`. Other files of a repository are its own business.
pub fn misplaced(path: &str) -> bool {
    match path.split_once('/') {
        None => {
            path != super::KEYFORGE
                && (path.eq_ignore_ascii_case(super::KEYFORGE) || path.eq_ignore_ascii_case("keyforge.yml"))
        }
        Some(("unions", name)) => !name.contains('/') && is_yaml(name),
        Some(_) => false,
    }
}

/// Whether the name ends as YAML files do.
pub(super) fn is_yaml(name: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, end)| end.eq_ignore_ascii_case("yaml") || end.eq_ignore_ascii_case("yml"))
}
