//! A union's `spec`: fields that need each other, and names that are not its own.

use std::collections::HashMap;

use super::{find, key_place, place, written};
use crate::diagnostic::{Code, shown};
use crate::names::{ObjectName, UnionName};
use crate::spec::document::{BackupTo, Database, Expose, Resources, Tls, UnionSpec};
use crate::spec::finding::Findings;
use crate::spec::node::{Node, Place, Value};
use crate::spec::schema::{first_line, nearest};

/// What a union needs from its own document or from the defaults.
pub(in crate::spec) fn required(document: &Node, findings: &mut Findings<'_>) {
    for path in [["spec", "contacts"].as_slice(), &["spec", "vaultwarden", "image"]] {
        let mut node = document;
        let mut place = first_line(document);
        for key in path {
            // Something that is no mapping is wrong already.
            if !matches!(node.value, Value::Map(_)) {
                break;
            }
            if let Some(entry) = node.entry(key) {
                place = entry.key_place;
            }
            let Some(below) = node.get(key) else {
                // A name that is nearly this one is told as that.
                if node
                    .entries()
                    .iter()
                    .any(|entry| &*entry.key != *key && nearest(&entry.key, [*key].into_iter()).is_some())
                {
                    break;
                }
                findings
                    .error(Code::MissingField, place, format!("`{}` is missing", path.join(".")))
                    .label(format!("lacks `{}`", path[path.len() - 1]))
                    .hint("set it here, or for all unions under `spec.defaults` of `keyforge.yaml`");
                break;
            };
            node = below;
        }
    }
}

/// Everything about one union alone.
pub(in crate::spec) fn check(document: &Node, spec: &UnionSpec, findings: &mut Findings<'_>) {
    owners(document, spec, findings);
    let signups = &spec.vaultwarden.signups;
    if !signups.allowed && !signups.domains.is_empty() {
        let path = "spec.vaultwarden.signups.domains";
        findings
            .error(
                Code::ConflictingFields,
                key_place(document, path),
                format!("`{path}` is set, and `spec.vaultwarden.signups.allowed` is not `true`"),
            )
            .label("lets these people register all the same")
            .hint("set `allowed: true`, or leave `domains` out so that people come by invitation");
    }
    requests(document, "spec.resources", &spec.resources, findings);
    if let Database::Postgres { resources, .. } = &spec.database {
        requests(document, "spec.database.resources", resources, findings);
    }
    for (path, name) in secrets(spec) {
        secret(document, path, name, findings);
    }
}

/// A name that this union had is another one.
pub(in crate::spec) fn renamed(
    document: &Node,
    name: &UnionName,
    spec: &UnionSpec,
    findings: &mut Findings<'_>,
) {
    if spec.renamed_from.as_ref() == Some(name) {
        findings
            .error(
                Code::InvalidValue,
                place(document, "spec.renamedFrom"),
                format!("`spec.renamedFrom` is `{name}`, which is the name that the union has"),
            )
            .label("its own name")
            .hint("leave it out");
    }
}

/// Each owner once. Those of the defaults are among them, and nobody else says how their accounts are recognised.
fn owners(document: &Node, spec: &UnionSpec, findings: &mut Findings<'_>) {
    let items = find(document, "spec.owners").map_or(&[][..], Node::items);
    let mut seen: HashMap<String, Place> = HashMap::new();
    for (owner, node) in spec.owners.iter().zip(items) {
        let place = node.get("email").map_or(node.place, |email| email.place);
        let address = owner.email.as_str().to_ascii_lowercase();
        if let Some(first) = seen.get(&address) {
            findings
                .error(Code::DuplicateMember, place, format!("`{}` is an owner twice", owner.email))
                .label("the second time")
                .note(*first, "the first time")
                .hint("keep one of them");
        } else {
            seen.insert(address, place);
        }
    }
}

/// Kubernetes refuses to reserve more than may be used.
fn requests(document: &Node, path: &str, resources: &Resources, findings: &mut Findings<'_>) {
    for (name, request) in &resources.requests {
        let Some(limit) = resources.limits.get(name) else { continue };
        if request.thousandths() > limit.thousandths() {
            let path = format!("{path}.limits.{name}");
            findings
                .error(
                    Code::RequestAboveLimit,
                    place(document, &path),
                    format!("`{path}` is `{limit}`, less than the requested `{request}`"),
                )
                .label("less than what is requested");
        }
    }
}

/// The Secrets in the daemon's namespace that a union refers to.
fn secrets(spec: &UnionSpec) -> Vec<(&'static str, &ObjectName)> {
    let mut found = Vec::new();
    if let Some(credentials) = spec.vaultwarden.smtp.as_ref().and_then(|smtp| smtp.credentials.as_ref()) {
        found.push(("spec.vaultwarden.smtp.credentials.secretRef.name", &credentials.secret_ref.name));
    }
    if let Some(sso) = &spec.vaultwarden.sso {
        found.push(("spec.vaultwarden.sso.secretRef.name", &sso.secret_ref.name));
    }
    if let Some(push) = &spec.vaultwarden.push {
        found.push(("spec.vaultwarden.push.secretRef.name", &push.secret_ref.name));
    }
    if let Database::External { secret_ref } = &spec.database {
        found.push(("spec.database.secretRef.name", &secret_ref.name));
    }
    if let Some(BackupTo::S3 { secret_ref, .. }) = spec.backup.as_ref().map(|backup| &backup.to) {
        found.push(("spec.backup.to.secretRef.name", &secret_ref.name));
    }
    if let Expose::Ingress { tls: Some(Tls::SecretName(name)), .. }
    | Expose::LoadBalancer { tls: Tls::SecretName(name), .. } = &spec.expose
    {
        found.push(("spec.expose.tls.secretName", name));
    }
    found
}

/// Keyforge's own Secrets are nobody's to refer to: they hold credentials of unions. Whose another one is, its labels
/// tell where it is read.
pub(super) fn secret(document: &Node, path: &str, name: &ObjectName, findings: &mut Findings<'_>) {
    let own = ["keyforge-", "union-"].iter().any(|start| name.as_str().starts_with(start));
    if own || name.as_str() == "keyforge" {
        findings
            .error(
                Code::SecretNotAllowed,
                place(document, path),
                format!("`{}` is `{}`; names that start with `keyforge-` or `union-` are Keyforge's own", written(path), shown(name.as_str())),
            )
            .label("a Secret of Keyforge's")
            .hint("make a Secret of another name, labelled `keyforge.dev/union: <this union>` or `keyforge.dev/shared: \"true\"`");
    }
}
