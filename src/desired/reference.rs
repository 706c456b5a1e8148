//! Secrets that a union's document names: which, and what is known of them.
//!
//! They live in the daemon's namespace and are given to a union by a label, which `cluster` looks at (design.md 12).
//! Their values go into the union's own Secrets as slots; here are only keyed fingerprints, so that a changed value
//! is another desired state and restarts the pod that reads it (decisions.md 1.11, 3).

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::ids::Uid;
use crate::names::ObjectName;
use crate::spec::{Backup, BackupTo, Credentials, Database, Expose, Tls, UnionSpec};

/// One field that names a Secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The field, for people.
    pub field: &'static str,
    /// The Secret's name.
    pub secret: String,
    /// What is taken from it.
    pub keys: Vec<String>,
    /// Whether its one value is the URL of a database.
    pub is_database_url: bool,
}

/// What is known of the Secrets that a document names; nothing where nobody has looked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// Of each value, by Secret and key. Keyed and of this union alone: nothing can be guessed from it, nor compared.
    pub fingerprints: BTreeMap<(String, String), String>,
    /// Of each Secret: which life of it, and which version.
    pub versions: BTreeMap<String, (Uid, String)>,
    /// The port of the external database, by its URL.
    pub database_port: Option<u16>,
}

impl Given {
    /// The digest of a union's input with the Secrets that belong to it.
    pub(super) fn digest(&self, input: Digest) -> Digest {
        if self.versions.is_empty() {
            return input;
        }
        let mut parts = vec![input.as_bytes().as_slice()];
        for (secret, (uid, version)) in &self.versions {
            parts.extend([secret.as_bytes(), uid.0.as_bytes(), version.as_bytes()]);
        }
        Digest::of_parts(parts)
    }
}

/// The Secrets that a document names, in the order of its fields.
pub fn references(spec: &UnionSpec) -> Vec<Reference> {
    let mut references = Vec::new();
    let mut name = |field, secret: &ObjectName, keys: &[&str], is_database_url| {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        references.push(Reference { field, secret: secret.to_string(), keys, is_database_url });
    };
    if let Some(Credentials { secret_ref }) =
        spec.vaultwarden.smtp.as_ref().and_then(|smtp| smtp.credentials.as_ref())
    {
        name("spec.vaultwarden.smtp.credentials", &secret_ref.name, &["username", "password"], false);
    }
    if let Some(sso) = &spec.vaultwarden.sso {
        name("spec.vaultwarden.sso.secretRef", &sso.secret_ref.name, &["clientSecret"], false);
    }
    if let Some(push) = &spec.vaultwarden.push {
        let keys = ["installationId", "installationKey"];
        name("spec.vaultwarden.push.secretRef", &push.secret_ref.name, &keys, false);
    }
    if let Database::External { secret_ref } = &spec.database {
        name("spec.database.secretRef", &secret_ref.name, &[secret_ref.key.as_str()], true);
    }
    if let Some(Backup { to: BackupTo::S3 { secret_ref, .. }, .. }) = &spec.backup {
        name("spec.backup.to.secretRef", &secret_ref.name, &["accessKeyId", "secretAccessKey"], false);
    }
    if let Expose::Ingress { tls: Some(Tls::SecretName(secret)), .. }
    | Expose::LoadBalancer { tls: Tls::SecretName(secret), .. } = &spec.expose
    {
        name("spec.expose.tls.secretName", secret, &["tls.crt", "tls.key"], false);
    }
    references
}
