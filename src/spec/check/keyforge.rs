//! `keyforge.yaml`: what its schema cannot say.

use super::union::secret;
use super::{find, place, written};
use crate::diagnostic::Code;
use crate::spec::document::KeyforgeSpec;
use crate::spec::finding::Findings;
use crate::spec::node::{Node, Place};

/// Everything about it alone.
pub(in crate::spec) fn check(document: &Node, spec: &KeyforgeSpec, findings: &mut Findings<'_>) {
    if let Some(rollout) = &spec.rollout {
        let falls = rollout.waves.windows(2).enumerate().find(|(_, pair)| pair[0] >= pair[1]);
        let end = rollout.waves.iter().enumerate().next_back().filter(|(_, last)| last.get() < 100);
        if let Some((at, pair)) = falls {
            findings
                .error(
                    Code::InvalidValue,
                    place(document, &format!("spec.rollout.waves.{}", at + 1)),
                    format!(
                        "`spec.rollout.waves` has `{}` after `{}`; each wave is larger than the one before",
                        pair[1], pair[0]
                    ),
                )
                .label("not larger");
        } else if let Some((at, last)) = end {
            findings
                .error(
                    Code::InvalidValue,
                    place(document, &format!("spec.rollout.waves.{at}")),
                    format!("`spec.rollout.waves` ends with `{last}`; the last wave is `100%`, so that no union is left out"),
                )
                .label("not all unions")
                .hint("add `100%`");
        }
    }
    for list in ["spec.access", "spec.notifications"] {
        for (at, entry) in find(document, list).map_or(&[][..], Node::items).iter().enumerate() {
            let names = entry.get("unions").map_or(&[][..], Node::items);
            let all = names.iter().find(|name| name.text() == Some("*"));
            if let Some(all) = all.filter(|_| names.len() > 1) {
                let path = written(&format!("{list}.{at}.unions"));
                findings
                    .error(
                        Code::InvalidValue,
                        all.place,
                        format!("`{path}` has `*` beside names of unions; `*` stands alone"),
                    )
                    .label("all unions already")
                    .hint("keep either `*` or the names");
            }
        }
    }
    for (at, notification) in spec.notifications.iter().enumerate() {
        let path = format!("spec.notifications.{at}.secretRef.name");
        secret(document, &path, &notification.secret_ref.name, findings);
    }
}

/// A union that `keyforge.yaml` names.
pub(in crate::spec) struct Named<'n> {
    /// Which field, as messages write it.
    pub field: &'static str,
    pub name: &'n str,
    pub place: Place,
    /// Whether it has to be said in a revision before the one that brings the union.
    pub ahead: bool,
}

/// All unions that it names.
pub(in crate::spec) fn unions<'n>(document: &'n Node) -> Vec<Named<'n>> {
    let list = |path| find(document, path).map_or(&[][..], Node::items);
    let mut named = Vec::new();
    for entry in find(document, "spec.limits.domains").map_or(&[][..], Node::entries) {
        let (name, place) = (&*entry.key, entry.key_place);
        named.push(Named { field: "spec.limits.domains", name, place, ahead: true });
    }
    for part in list("spec.signatures.paths") {
        let path =
            part.get("path").and_then(|path| Some((path.text()?.strip_prefix("unions/")?, path.place)));
        if let Some((path, place)) = path {
            let name = path.split('/').next().unwrap_or_default();
            named.push(Named { field: "spec.signatures.paths", name, place, ahead: true });
        }
    }
    let mut all = |items: &'n [Node], field| {
        let texts = items.iter().filter_map(|item| Some((item.text()?, item.place)));
        named.extend(texts.map(|(name, place)| Named { field, name, place, ahead: false }));
    };
    all(list("spec.rollout.canary"), "spec.rollout.canary");
    for (path, field) in
        [("spec.access", "spec.access[].unions"), ("spec.notifications", "spec.notifications[].unions")]
    {
        for entry in list(path) {
            all(entry.get("unions").map_or(&[][..], Node::items), field);
        }
    }
    named.retain(|named| !named.name.contains('*'));
    named
}
