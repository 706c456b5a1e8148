//! The codes of diagnostics: one closed list.
//!
//! A code is for searching, for filters and for `keyforge explain`; what happened in a file is told by the message.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[doc = $meaning:literal])+ $variant:ident = $text:literal, bad: $bad:literal, good: $good:literal;)+) => {
        /// Which mistake. Codes are kebab-case nouns of the mistake, without numbers, never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code {
            $(
                $(#[doc = $meaning])+
                ///
                /// Bad:
                /// ```yaml
                #[doc = $bad]
                /// ```
                /// Good:
                /// ```yaml
                #[doc = $good]
                /// ```
                #[serde(rename = $text)]
                $variant,
            )+
        }

        impl Code {
            /// All of them, in the order of reading a repository.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As it is printed, for example `unknown-field`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// What it means.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($meaning),+).trim_ascii()),+ }
            }

            /// What a file looks like that has it.
            pub fn bad(self) -> &'static str {
                match self { $(Self::$variant => $bad),+ }
            }

            /// The same without the mistake.
            pub fn good(self) -> &'static str {
                match self { $(Self::$variant => $good),+ }
            }
        }
    };
}

codes! {
    /// A symbolic link is never followed: it could lead out of the union's directory.
    Symlink = "symlink",
        bad: "unions/acme/union.yaml -> ../northside/union.yaml",
        good: "unions/acme/union.yaml as a plain file";
    /// A Git submodule is never read: its content is not part of the revision.
    Submodule = "submodule",
        bad: "unions/acme as a submodule",
        good: "unions/acme as a plain directory";
    /// Something other than a file or a directory, such as a socket.
    SpecialFile = "special-file",
        bad: "mkfifo unions/acme/union.yaml",
        good: "unions/acme/union.yaml as a plain file";
    /// A path that is not UTF-8, so that it can be neither shown nor named.
    UnreadablePath = "unreadable-path",
        bad: "unions/acme/societies/caf\\xe9.yaml",
        good: "unions/acme/societies/cafe.yaml";
    /// A file, a directory or a document that is larger than anything a person writes.
    SizeLimit = "size-limit",
        bad: "unions/acme/societies/chess.yaml with 50 MB",
        good: "a society with its members, in some kilobytes";
    /// `keyforge.yaml` is not there, so that it is unknown what holds for all unions: all are held.
    MissingKeyforge = "missing-keyforge",
        bad: "unions/acme/union.yaml alone",
        good: "keyforge.yaml beside unions/";
    /// A directory under `unions/` without `union.yaml`.
    MissingUnion = "missing-union",
        bad: "unions/acme/societies/chess.yaml alone",
        good: "unions/acme/union.yaml beside societies/";
    /// A YAML file where no document belongs, so that what it says would have no effect.
    MisplacedFile = "misplaced-file",
        bad: "unions/acme/chess.yaml",
        good: "unions/acme/societies/chess.yaml";
    /// A directory or file whose name cannot be the name of a union or society.
    InvalidName = "invalid-name",
        bad: "unions/Acme_Union/union.yaml",
        good: "unions/acme-union/union.yaml";
    /// The file is not UTF-8.
    InvalidEncoding = "invalid-encoding",
        bad: "displayName: Caf\\xe9 Society        # saved as Latin-1",
        good: "displayName: Café Society          # saved as UTF-8";
    /// The file is not YAML.
    InvalidYaml = "invalid-yaml",
        bad: "members:\n  - email: ana@acme.example\n   role: owner",
        good: "members:\n  - email: ana@acme.example\n    role: owner";
    /// YAML that means different things to different readers, or more than a document needs: tags, merge keys,
    /// keys that are no text, several documents in one file.
    UnsupportedYaml = "unsupported-yaml",
        bad: "displayName: !!str Acme",
        good: "displayName: Acme";
    /// The file has no content.
    EmptyDocument = "empty-document",
        bad: "# displayName: Acme",
        good: "apiVersion: keyforge.dev/v1\nkind: Union";
    /// One key twice in one mapping: readers differ in which one counts.
    DuplicateKey = "duplicate-key",
        bad: "displayName: Acme\ndisplayName: Acme Union",
        good: "displayName: Acme Union";
    /// Unquoted text that some readers take for a truth value, a number or a date.
    AmbiguousScalar = "ambiguous-scalar",
        bad: "displayName: on",
        good: "displayName: \"on\"";
    /// The document is of an API version that this release does not know.
    UnknownApiVersion = "unknown-api-version",
        bad: "apiVersion: keyforge.dev/v9",
        good: "apiVersion: keyforge.dev/v1";
    /// The document is of another kind than its place asks for.
    WrongKind = "wrong-kind",
        bad: "kind: Society                      # in unions/acme/union.yaml",
        good: "kind: Union";
    /// A field that does not exist, is written differently, or is not supported by this version.
    UnknownField = "unknown-field",
        bad: "membrs: []",
        good: "members: []";
    /// A field without which the document has no meaning.
    MissingField = "missing-field",
        bad: "spec:\n  displayName: Acme",
        good: "spec:\n  displayName: Acme\n  domain: https://vault.acme.example";
    /// A value of another type than the field has.
    WrongType = "wrong-type",
        bad: "contacts: it@acme.example",
        good: "contacts: [it@acme.example]";
    /// A value that the field cannot have.
    InvalidValue = "invalid-value",
        bad: "role: superuser",
        good: "role: admin";
    /// Two fields that exclude each other.
    ConflictingFields = "conflicting-fields",
        bad: "expose: {kind: clusterIP, className: nginx}",
        good: "expose: {kind: ingress, className: nginx}";
    /// `metadata.name` differs from the name of the directory or file.
    NameMismatch = "name-mismatch",
        bad: "metadata: {name: acme}             # in unions/northside/union.yaml",
        good: "metadata: {name: northside}";
    /// An image from a repository that unions may not use.
    ImageNotAllowed = "image-not-allowed",
        bad: "image: mirror.example/vaultwarden:1.37.2",
        good: "image: vaultwarden/server:1.37.2";
    /// More is reserved than may be used, which Kubernetes refuses.
    RequestAboveLimit = "request-above-limit",
        bad: "resources: {requests: {memory: 1Gi}, limits: {memory: 512Mi}}",
        good: "resources: {requests: {memory: 256Mi}, limits: {memory: 512Mi}}";
    /// One person twice in a society.
    DuplicateMember = "duplicate-member",
        bad: "members:\n  - {email: ana@acme.example, role: owner}\n  - {email: Ana@acme.example, role: member}",
        good: "members:\n  - {email: ana@acme.example, role: owner}";
    /// Two societies of a union that people could not tell apart.
    DuplicateDisplayName = "duplicate-display-name",
        bad: "displayName: Chess Society           # in chess.yaml and in chess-club.yaml",
        good: "displayName: Chess Club              # in chess-club.yaml";
    /// Two unions on one host, which browsers would treat as one site.
    DuplicateDomain = "duplicate-domain",
        bad: "domain: https://vault.acme.example   # in two unions",
        good: "domain: https://vault.northside.example";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
