//! The codes of diagnostics: one closed list.
//!
//! A code is for searching, for filters and for `keyforge explain`; what happened in a file is told by the message.
//!
//! An example names its files in comment lines, `# unions/acme/union.yaml`, each followed by fields of that document: of its
//! `spec`, or top-level ones. So it can be tried: `tests/diagnostics.rs` puts it into a sound repository and looks whether the
//! bad one is found and the good one is not.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::outcome::UnknownWord;

macro_rules! codes {
    ($($(#[doc = $meaning:literal])+ $variant:ident = $text:literal, bad: $bad:literal, good: $good:literal,
        remedy: $remedy:literal;)+) => {
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

            /// Their words, in the same order.
            pub const WORDS: &'static [&'static str] = &[$($text),+];

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

            /// What to do about it.
            pub fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy),+ }
            }
        }
    };
}

codes! {
    /// A symbolic link is never followed: it could lead out of the union's directory.
    Symlink = "symlink",
        bad: "unions/acme/union.yaml -> ../northside/union.yaml",
        good: "unions/acme/union.yaml as a plain file",
        remedy: "Replace the link with a copy of what it points to. What several unions share belongs under \
            `spec.defaults` of keyforge.yaml.";
    /// A Git submodule is never read: its content is not part of the revision.
    Submodule = "submodule",
        bad: "unions/acme as a submodule",
        good: "unions/acme as a plain directory",
        remedy: "Commit the files themselves in the place of the submodule.";
    /// Something other than a file or a directory, such as a socket.
    SpecialFile = "special-file",
        bad: "mkfifo unions/acme/union.yaml",
        good: "unions/acme/union.yaml as a plain file",
        remedy: "Remove it, or put a plain file in its place.";
    /// A path that is not UTF-8, so that it can be neither shown nor named.
    UnreadablePath = "unreadable-path",
        bad: "unions/acme/societies/caf\\xe9.yaml",
        good: "unions/acme/societies/cafe.yaml",
        remedy: "Rename the file. Names of documents have only `a` to `z`, `0` to `9` and `-`.";
    /// A file, a directory or a document that is larger than anything a person writes.
    SizeLimit = "size-limit",
        bad: "unions/acme/societies/chess.yaml with 50 MB",
        good: "a society with its members, in some kilobytes",
        remedy: "Keep only documents under `unions/`, and write aliases and nested lists out. A union whose \
            societies do not fit is more than one union.";
    /// `keyforge.yaml` is not there, so that it is unknown what holds for all unions: all are held.
    MissingKeyforge = "missing-keyforge",
        bad: "unions/acme/union.yaml",
        good: "keyforge.yaml\nunions/acme/union.yaml",
        remedy: "Create keyforge.yaml at the root of the config; `keyforge init` writes one. `apiVersion`, \
            `kind` and `metadata.name` are all it needs.";
    /// A directory under `unions/` without `union.yaml`.
    MissingUnion = "missing-union",
        bad: "keyforge.yaml\nunions/acme/societies/chess.yaml",
        good: "keyforge.yaml\nunions/acme/union.yaml\nunions/acme/societies/chess.yaml",
        remedy: "Add the `union.yaml`. To remove a union, remove its whole directory.";
    /// A YAML file where no document belongs, so that what it says would have no effect.
    MisplacedFile = "misplaced-file",
        bad: "keyforge.yaml\nunions/acme/union.yaml\nunions/acme/chess.yaml",
        good: "keyforge.yaml\nunions/acme/union.yaml\nunions/acme/societies/chess.yaml",
        remedy: "Move the file to its place, or give what is no document another ending than `.yaml` and \
            `.yml`.";
    /// A directory or file whose name cannot be the name of a union or society.
    InvalidName = "invalid-name",
        bad: "keyforge.yaml\nunions/Acme_Union/union.yaml",
        good: "keyforge.yaml\nunions/acme-union/union.yaml",
        remedy: "Rename the directory or file, and `metadata.name` with it: `a` to `z`, `0` to `9` and `-`, a \
            letter or digit at both ends. A union's name has at most 50 characters, a society's 63.";
    /// The file is not UTF-8.
    InvalidEncoding = "invalid-encoding",
        bad: "# unions/acme/union.yaml\ndisplayName: Caf\\xe9 Union         # the byte E9 alone, which is Latin-1",
        good: "# unions/acme/union.yaml\ndisplayName: Café Union",
        remedy: "Save the file as UTF-8.";
    /// The file is not YAML.
    InvalidYaml = "invalid-yaml",
        bad: "# unions/acme/societies/chess.yaml\nmembers:\n  - email: ana@acme.example\n   role: owner",
        good: "# unions/acme/societies/chess.yaml\nmembers:\n  - email: ana@acme.example\n    role: owner",
        remedy: "Look at the marked line and the one above it: most often a colon, a quote or the \
            indentation. Texts with `: ` or ` #` in them need quotes.";
    /// YAML that means different things to different readers, or more than a document needs: tags, merge keys,
    /// keys that are no text, several documents in one file.
    UnsupportedYaml = "unsupported-yaml",
        bad: "# unions/acme/union.yaml\ndisplayName: !!str Acme Union",
        good: "# unions/acme/union.yaml\ndisplayName: Acme Union",
        remedy: "Write the value out, in plain YAML. What several unions share belongs under `spec.defaults` \
            of keyforge.yaml.";
    /// The file has no content.
    EmptyDocument = "empty-document",
        bad: "# unions/acme/union.yaml\n# nothing here yet",
        good: "# unions/acme/union.yaml\napiVersion: keyforge.dev/v1\nkind: Union",
        remedy: "Write the document, or remove the file.";
    /// One key twice in one mapping: readers differ in which one counts.
    DuplicateKey = "duplicate-key",
        bad: "# unions/acme/union.yaml\ndisplayName: Acme\ndisplayName: Acme Union",
        good: "# unions/acme/union.yaml\ndisplayName: Acme Union",
        remedy: "Keep the one that is meant.";
    /// Unquoted text that some readers take for a truth value, a number or a date.
    AmbiguousScalar = "ambiguous-scalar",
        bad: "# unions/acme/union.yaml\ndisplayName: on",
        good: "# unions/acme/union.yaml\ndisplayName: \"on\"",
        remedy: "Quote the value if it is a text. Truth values are `true` and `false`, numbers have no \
            leading zero.";
    /// The document is of an API version that this release does not know.
    UnknownApiVersion = "unknown-api-version",
        bad: "# unions/acme/union.yaml\napiVersion: keyforge.dev/v9",
        good: "# unions/acme/union.yaml\napiVersion: keyforge.dev/v1",
        remedy: "Write the version that this release reads, or install a release that reads the document's.";
    /// The document is of another kind than its place asks for.
    WrongKind = "wrong-kind",
        bad: "# unions/acme/union.yaml\nkind: Society",
        good: "# unions/acme/union.yaml\nkind: Union",
        remedy: "Move the document to the place of its kind, or correct `kind`: the path decides what a \
            document is.";
    /// A field that does not exist, or is written differently.
    UnknownField = "unknown-field",
        bad: "# unions/acme/societies/chess.yaml\nmembrs: []",
        good: "# unions/acme/societies/chess.yaml\nmembers: []",
        remedy: "Correct the spelling or remove the field. `keyforge schema` lists the fields of each \
            document, and editors complete them.";
    /// A field without which the document has no meaning.
    MissingField = "missing-field",
        bad: "# unions/acme/union.yaml\ndomain:",
        good: "# unions/acme/union.yaml\ndomain: https://vault.acme.example",
        remedy: "Add the field. What is the same for all unions can be set once, under `spec.defaults` of \
            keyforge.yaml.";
    /// A value of another type than the field has.
    WrongType = "wrong-type",
        bad: "# unions/acme/union.yaml\ncontacts: it@acme.example",
        good: "# unions/acme/union.yaml\ncontacts: [it@acme.example]",
        remedy: "Write the value as the type that the message names. A number that is meant as text needs \
            quotes.";
    /// A value that the field cannot have.
    InvalidValue = "invalid-value",
        bad: "# unions/acme/societies/chess.yaml\nmembers:\n  - {email: ana@acme.example, role: superuser}",
        good: "# unions/acme/societies/chess.yaml\nmembers:\n  - {email: ana@acme.example, role: admin}",
        remedy: "Choose one of the values that the message names.";
    /// Two fields that exclude each other.
    ConflictingFields = "conflicting-fields",
        bad: "# unions/acme/union.yaml\nexpose: {kind: clusterIP, className: nginx}",
        good: "# unions/acme/union.yaml\nexpose: {kind: ingress, className: nginx}",
        remedy: "Remove one of the two.";
    /// `metadata.name` differs from the name of the directory or file.
    NameMismatch = "name-mismatch",
        bad: "# unions/acme/union.yaml\nmetadata: {name: northside}",
        good: "# unions/acme/union.yaml\nmetadata: {name: acme}",
        remedy: "Make both equal. Without `renamedFrom` a changed name is a new union or society, not a renamed one.";
    /// A password that everybody who can read the repository can read.
    PlaintextPassword = "plaintext-password",
        bad: "# unions/acme/societies/chess.yaml\npasswords:\n  - {name: bank, value: letmein}",
        good: "# unions/acme/societies/chess.yaml\npasswords:\n  - {name: bank, generate: {length: 20}}",
        remedy: "Change the password where it is used, since the history of the repository keeps the old one, then write \
            what `keyforge seal` prints. For a new password `generate` has Keyforge make one.";
    /// What looks like a secret in a field, a note or a comment that is not for secrets: a private key, a token, a password after
    /// its name, a URL with a password in it.
    PlaintextSecret = "plaintext-secret",
        bad: "# unions/acme/societies/chess.yaml\npasswords:\n  - name: bank\n    generate: {length: 20}\n    notes: \"Card PIN: 4711\"",
        good: "# unions/acme/societies/chess.yaml\npasswords:\n  - name: bank\n    generate: {length: 20}\n    notes: \"Card PIN: see the safe\"",
        remedy: "Change the secret where it is used, since the history of the repository keeps this one, and keep the new one in a \
            field that `keyforge seal --field` seals. If it is no secret, say it in other words: there is no list of exceptions, \
            which the next reader would have to trust.";
    /// A sealed value that was sealed for another place: it was copied there, or its password renamed without `renamedFrom`.
    SealedElsewhere = "sealed-elsewhere",
        bad: "passwords:\n  - name: forum\n    sealed: |            # what `keyforge seal --name bank` printed",
        good: "passwords:\n  - name: forum\n    sealed: |            # what `keyforge seal --name forum` printed",
        remedy: "Seal the value for the place that it is in. `keyforge seal --check` finds this, and the daemon, which opens \
            no value in another place.";
    /// A sealed value that opens with none of the keys that are held.
    SealedForOthers = "sealed-for-others",
        bad: "passwords:\n  - name: bank\n    sealed: |            # for a recipient of a year ago",
        good: "passwords:\n  - name: bank\n    sealed: |            # for the recipients that keyforge.yaml has now",
        remedy: "Seal the value anew. Before a key is retired, `keyforge seal --rekey` does that for all values at once.";
    /// A sealed value that opens, and soon would not: it has a former name of its place, or was sealed for another number of keys
    /// than `spec.sealing.recipients` has now.
    OutdatedSeal = "outdated-seal",
        bad: "# keyforge.yaml, with one more recipient than a value was sealed for\nsealing: {recipients: [age1…, age1…]}",
        good: "# keyforge.yaml, after `keyforge seal --rekey`\nsealing: {recipients: [age1…, age1…]}",
        remedy: "Let an operator run `keyforge seal --rekey DIR` with the sealing key, and commit what it changed. This is a \
            warning: nothing is held.";
    /// A recipient in `keyforge.yaml` whose key the daemon does not hold: somebody else can open what is sealed from now on.
    UnheldRecipient = "unheld-recipient",
        bad: "# keyforge.yaml, of a daemon without this key\nsealing: {recipients: [age1…]}",
        good: "# keyforge.yaml, with the public key of the daemon's `sealing_key_file`\nsealing: {recipients: [age1…]}",
        remedy: "Compare the key with `age-keygen -y` of the daemon's key file. A key that people keep apart, for the day that \
            the daemon's is lost, is meant to be here. This is a warning: nothing is held.";
    /// A setting of VaultWarden that Keyforge owns, or that unions may not set.
    SettingNotAllowed = "setting-not-allowed",
        bad: "# unions/acme/union.yaml\nvaultwarden: {settings: {SMTP_HOST: smtp.acme.example}}",
        good: "# unions/acme/union.yaml\nvaultwarden: {smtp: {host: smtp.acme.example, from: vault@acme.example}}",
        remedy: "Use the field that the hint names, or leave the setting out. The schema of `settings` lists those that \
            unions may set.";
    /// An image from a repository that unions may not use.
    ImageNotAllowed = "image-not-allowed",
        bad: "# unions/acme/union.yaml\nvaultwarden: {image: \"mirror.example/vaultwarden:1.37.2\"}",
        good: "# unions/acme/union.yaml\nvaultwarden: {image: \"vaultwarden/server:1.37.2\"}",
        remedy: "Use an image from a repository that the message names.";
    /// A host that is not below the suffixes which `spec.limits.domains` of `keyforge.yaml` has for the union.
    DomainNotAllowed = "domain-not-allowed",
        bad: "# keyforge.yaml\nlimits: {domains: {acme: [acme.example]}}\n# unions/acme/union.yaml\ndomain: https://vault.northside.example",
        good: "# keyforge.yaml\nlimits: {domains: {acme: [acme.example]}}\n# unions/acme/union.yaml\ndomain: https://vault.acme.example",
        remedy: "Choose a host below one of the suffixes that the message names, or have the suffix added to \
            `spec.limits.domains` in a commit before.";
    /// A union for which `spec.limits.domains` of `keyforge.yaml` has no suffix: it may take any host that no other has.
    OpenDomain = "open-domain",
        bad: "# keyforge.yaml\nlimits: {domains: {northside: [northside.example]}}",
        good: "# keyforge.yaml\nlimits: {domains: {acme: [acme.example], northside: [northside.example]}}",
        remedy: "Name the hosts of each union under `spec.limits.domains`. This is a warning: nothing is held.";
    /// A name in `keyforge.yaml` that is no union's: what is said there is said of nobody.
    UnknownUnion = "unknown-union",
        bad: "# keyforge.yaml\nlimits: {domains: {acme: [acme.example]}}\nrollout: {canary: [amce]}",
        good: "# keyforge.yaml\nlimits: {domains: {acme: [acme.example]}}\nrollout: {canary: [acme]}",
        remedy: "Write the name of a directory under `unions/`. This is a warning: nothing is held.";
    /// More storage, processor or memory than `spec.limits` of `keyforge.yaml` allows.
    LimitExceeded = "limit-exceeded",
        bad: "# unions/acme/union.yaml\nstorage: {size: 500Gi}",
        good: "# unions/acme/union.yaml\nstorage: {size: 5Gi}",
        remedy: "Ask for at most what the message names, or have the limit raised in a commit before.";
    /// A private, link-local or cluster destination that `spec.limits.egress` of `keyforge.yaml` does not list.
    EgressNotAllowed = "egress-not-allowed",
        bad: "# unions/acme/union.yaml\nvaultwarden: {smtp: {host: 169.254.169.254, from: vault@acme.example}}",
        good: "# unions/acme/union.yaml\nvaultwarden: {smtp: {host: smtp.acme.example, from: vault@acme.example}}",
        remedy: "Use a public host, or have the destination listed under `spec.limits.egress` in a commit before.";
    /// A toleration or a priority class that `spec.limits` of `keyforge.yaml` does not list.
    PlacementNotAllowed = "placement-not-allowed",
        bad: "# unions/acme/union.yaml\nplacement: {priorityClassName: system-cluster-critical}",
        good: "# unions/acme/union.yaml\nplacement: {priorityClassName: \"\"}",
        remedy: "Leave it out, or have it listed under `spec.limits.tolerations` or `spec.limits.priorityClasses` in a \
            commit before.";
    /// A Gateway that `spec.limits.gateways` of `keyforge.yaml` does not list.
    GatewayNotAllowed = "gateway-not-allowed",
        bad: "# unions/acme/union.yaml\nexpose: {kind: gateway, gateway: {parentRef: {name: public, namespace: gateways}}}",
        good: "# keyforge.yaml\nlimits: {domains: {acme: [acme.example]}, gateways: [{name: public, namespace: gateways}]}\n# unions/acme/union.yaml\nexpose: {kind: gateway, gateway: {parentRef: {name: public, namespace: gateways}}}",
        remedy: "Use a Gateway that is listed, or have this one listed under `spec.limits.gateways` in a commit before.";
    /// An annotation that unions may not set, since it could reach what is not theirs.
    AnnotationNotAllowed = "annotation-not-allowed",
        bad: "# unions/acme/union.yaml\nexpose: {kind: ingress, annotations: {nginx.ingress.kubernetes.io/server-snippet: \"return 200;\"}}",
        good: "# unions/acme/union.yaml\nexpose: {kind: ingress, annotations: {external-dns.alpha.kubernetes.io/hostname: vault.acme.example}}",
        remedy: "Leave it out, or have its key listed under `spec.limits.annotations` in a commit before. Hosts in \
            annotations are the union's own.";
    /// A reference to a Secret that Keyforge made: those hold the credentials of unions.
    SecretNotAllowed = "secret-not-allowed",
        bad: "# unions/acme/union.yaml\ndatabase: {kind: external, secretRef: {name: union-northside-credentials}}",
        good: "# unions/acme/union.yaml\ndatabase: {kind: external, secretRef: {name: acme-database}}",
        remedy: "Make a Secret of another name in the namespace of the daemon, labelled `keyforge.dev/union` with the name \
            of the union, or `keyforge.dev/shared: \"true\"`.";
    /// Ranges of addresses that perhaps nothing enforces: ingress controllers other than ingress-nginx and those of HAProxy
    /// and AWS ignore them, and everybody could come in.
    UnenforcedRange = "unenforced-range",
        bad: "# unions/acme/union.yaml\nexpose: {kind: ingress, className: traefik, allowFrom: [203.0.113.0/24]}",
        good: "# unions/acme/union.yaml\nexpose: {kind: ingress, className: nginx, allowFrom: [203.0.113.0/24]}",
        remedy: "Name a class of one of these controllers, use `kind: loadBalancer`, or filter in front of the cluster. A class \
            of another name is added to `spec.limits.allowFromClasses` in a commit before.";
    /// A volume that is smaller than the accepted one, which Kubernetes cannot do.
    ShrunkVolume = "shrunk-volume",
        bad: "# unions/acme/union.yaml, accepted before with 5Gi\nstorage: {size: 2Gi}",
        good: "# unions/acme/union.yaml, accepted before with 5Gi\nstorage: {size: 8Gi}",
        remedy: "Write at least the accepted size. To have less, move the data to a new union.";
    /// A rotation number below the accepted one, as after a revert: what was made stays, and nothing is made anew.
    LoweredRotation = "lowered-rotation",
        bad: "# unions/acme/union.yaml, accepted before with adminToken: 3\nrotation: {adminToken: 2}",
        good: "# unions/acme/union.yaml, accepted before with adminToken: 3\nrotation: {adminToken: 4}",
        remedy: "Nothing has to be done. To have a new one, write a number that is higher than every one before. This is a \
            warning: nothing is held.";
    /// More is reserved than may be used, which Kubernetes refuses.
    RequestAboveLimit = "request-above-limit",
        bad: "# unions/acme/union.yaml\nresources: {requests: {memory: 1Gi}, limits: {memory: 512Mi}}",
        good: "# unions/acme/union.yaml\nresources: {requests: {memory: 256Mi}, limits: {memory: 512Mi}}",
        remedy: "Lower the request or raise the limit.";
    /// One person twice in a society.
    DuplicateMember = "duplicate-member",
        bad: "# unions/acme/societies/chess.yaml\nmembers:\n  - {email: ana@acme.example, role: owner}\n  - {email: Ana@acme.example, role: member}",
        good: "# unions/acme/societies/chess.yaml\nmembers:\n  - {email: ana@acme.example, role: owner}",
        remedy: "Keep one of them, with the role that is meant. Addresses are compared without case.";
    /// Two societies of a union that people could not tell apart.
    DuplicateDisplayName = "duplicate-display-name",
        bad: "# unions/acme/societies/chess.yaml\ndisplayName: Chess Society\n# unions/acme/societies/go.yaml\ndisplayName: chess society",
        good: "# unions/acme/societies/chess.yaml\ndisplayName: Chess Society\n# unions/acme/societies/go.yaml\ndisplayName: Go Society",
        remedy: "Give one of them another `displayName`.";
    /// Two collections or passwords of a society with one name, so that nobody knows which is meant.
    DuplicateName = "duplicate-name",
        bad: "# unions/acme/societies/chess.yaml\npasswords:\n  - {name: bank, generate: {length: 20}}\n  - {name: bank, generate: {length: 30}}",
        good: "# unions/acme/societies/chess.yaml\npasswords:\n  - {name: bank, generate: {length: 20}}\n  - {name: bank-2, generate: {length: 30}}",
        remedy: "Give one of them another name, or remove it.";
    /// A collection that the society does not have.
    UnknownCollection = "unknown-collection",
        bad: "# unions/acme/societies/chess.yaml\ncollections: [{name: treasury}]\npasswords:\n  - {name: bank, collection: tresury, generate: {length: 20}}",
        good: "# unions/acme/societies/chess.yaml\ncollections: [{name: treasury}]\npasswords:\n  - {name: bank, collection: treasury, generate: {length: 20}}",
        remedy: "Correct the name, or add the collection under `collections`. `general` is always there.";
    /// `renamedFrom` names something that is still there, or that two things were renamed from.
    InvalidRename = "invalid-rename",
        bad: "# unions/acme/societies/chess.yaml\ncollections: [{name: money, renamedFrom: treasury}, {name: treasury}]",
        good: "# unions/acme/societies/chess.yaml\ncollections: [{name: money, renamedFrom: treasury}]",
        remedy: "Remove the former thing, or `renamedFrom` if nothing was renamed.";
    /// A society without an owner, in a union without `owners`: only Keyforge's own account could manage it.
    MissingOwner = "missing-owner",
        bad: "# unions/acme/societies/chess.yaml\nmembers:\n  - {email: vera@acme.example, role: member}",
        good: "# unions/acme/societies/chess.yaml\nmembers:\n  - {email: vera@acme.example, role: owner}",
        remedy: "Give somebody `role: owner`, or set `spec.owners` in union.yaml or in the defaults. This is a warning: \
            nothing is held.";
    /// Two names in different letters that look the same, so that one can pass for the other.
    ConfusableName = "confusable-name",
        bad: "# unions/acme/societies/chess.yaml\ndisplayName: Chess Society\n# unions/acme/societies/go.yaml\ndisplayName: Сhess Society",
        good: "# unions/acme/societies/chess.yaml\ndisplayName: Chess Society\n# unions/acme/societies/go.yaml\ndisplayName: Go Society",
        remedy: "Give one of them a name that people can tell apart. The message names the first letter that differs.";
    /// Two unions on one host, which browsers would treat as one site.
    DuplicateDomain = "duplicate-domain",
        bad: "# unions/acme/union.yaml\ndomain: https://vault.acme.example\n# unions/northside/union.yaml\ndomain: https://vault.acme.example",
        good: "# unions/acme/union.yaml\ndomain: https://vault.acme.example\n# unions/northside/union.yaml\ndomain: https://vault.northside.example",
        remedy: "Give one of them another `domain`. Case, port, path and a trailing dot make no difference. \
            Who was accepted first keeps the host.";
    /// A key of `signatures` that cannot be read, or is not safe: nobody could sign with it.
    InvalidSigner = "invalid-signer",
        bad: "# keyforge.yaml\nsignatures:\n  allowedSigners: |\n    ana@federation.example AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
        good: "# keyforge.yaml\nsignatures:\n  allowedSigners: |\n    ana@federation.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
        remedy: "Copy the line of the public key (`~/.ssh/id_ed25519.pub`) after the address; ssh-keygen(1) has the \
            format under ALLOWED SIGNERS. OpenPGP keys are what `gpg --armor --export` prints.";
    /// A commit that nobody signed changes something for which `signatures` asks for one.
    UnsignedCommit = "unsigned-commit",
        bad: "git commit --message 'Rename the union'",
        good: "git commit --gpg-sign --message 'Rename the union'",
        remedy: "Revert it and commit it again with `--gpg-sign`, or let somebody who may sign for that part make a signed \
            commit (an empty one will do) with the trailer `Keyforge-Approve:` and the full name of the commit.";
    /// A commit whose signature does not count: of an unknown, expired or revoked key, of a weak one, for something else
    /// than Git, or of somebody who may not sign for this part.
    UntrustedSignature = "untrusted-signature",
        bad: "# keyforge.yaml\nsignatures:\n  paths:\n    - {path: unions/acme/**, signers: [ana@federation.example]}\n\
              # and a commit of bo@acme.example",
        good: "# keyforge.yaml\nsignatures:\n  paths:\n    - path: unions/acme/**\n      signers: [ana@federation.example, bo@acme.example]",
        remedy: "Let somebody who may sign for that part make a signed commit (an empty one will do) with the trailer \
            `Keyforge-Approve:` and the full name of the commit, or revert it. To let a new person sign, add \
            their key in a commit before.";
    /// The branch was moved by force so that changes which were accepted are not part of it any more, and nobody who may
    /// sign says that this is meant.
    RewrittenHistory = "rewritten-history",
        bad: "git reset --hard HEAD~3 && git push --force",
        good: "git revert --no-edit --gpg-sign HEAD~3.. && git push",
        remedy: "Push the former head again, or let somebody who may sign make a signed commit with the trailer \
            `Keyforge-Approve:` and the full name of the former head.";
    /// More commits than can be judged at once.
    LongHistory = "long-history",
        bad: "# keyforge.yaml of a repository with a long past\nsignatures: {required: true}",
        good: "# keyforge.yaml\nsignatures: {required: true, since: 1f0c2a7be1f0c2a7be1f0c2a7be1f0c2a7be1f0c}",
        remedy: "Set `signatures.since` to a commit; it and what came before it need no signature.";
    /// A union that says that it had another name. Its namespace and volume carry the name, and Kubernetes renames neither.
    RenamedUnion = "renamed-union",
        bad: "# unions/acme-union/union.yaml, while unions/acme is removed\nrenamedFrom: acme",
        good: "# unions/acme/union.yaml\ndisplayName: Acme Union",
        remedy: "Keep the directory and change `displayName` and `domain`, which are all that members see.";
    /// A change that a guard of `keyforge.yaml` keeps waiting until a person approves it; everything else goes on.
    AwaitingApproval = "awaiting-approval",
        bad: "# unions/acme/societies/chess.yaml, without 5 of 8 members\nmembers:\n  - {email: ana@acme.example, role: owner}",
        good: "git commit --allow-empty --message 'Handover' --trailer 'Keyforge-Approve: sha256:…'",
        remedy: "If it is meant, push a commit with the line that the hint gives at the end of its message. Else revert it.";
    /// A commit that wants to approve something and does not count.
    RefusedApproval = "refused-approval",
        bad: "Keyforge-Approve: sha256:…          # in the commit that makes the change",
        good: "Keyforge-Approve: sha256:…          # in a later commit, by somebody who may approve",
        remedy: "Push a new commit with the line that `keyforge status` shows. An approval comes after what it approves, \
            is at most 7 days old, and counts once.";
}

impl FromStr for Code {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let known = Self::ALL.iter().copied().find(|code| code.as_str() == text);
        known.ok_or_else(|| UnknownWord::new("code", text, Self::WORDS))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
