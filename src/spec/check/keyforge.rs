//! `keyforge.yaml`: what its schema cannot say.

use super::place;
use super::union::secret;
use crate::diagnostic::Code;
use crate::spec::document::KeyforgeSpec;
use crate::spec::finding::Findings;
use crate::spec::node::Node;

/// Everything about it alone.
pub(in crate::spec) fn check(document: &Node, spec: &KeyforgeSpec, findings: &mut Findings<'_>) {
    if let Some(rollout) = &spec.rollout {
        for (at, pair) in rollout.waves.windows(2).enumerate() {
            if pair[0] >= pair[1] {
                findings
                    .error(
                        Code::InvalidValue,
                        place(document, &format!("spec.rollout.waves.{}", at + 1)),
                        format!("`spec.rollout.waves` has `{}` after `{}`; each wave is larger than the one before", pair[1], pair[0]),
                    )
                    .label("not larger");
            }
        }
    }
    for (at, notification) in spec.notifications.iter().enumerate() {
        let path = format!("spec.notifications.{at}.secretRef.name");
        secret(document, &path, &notification.secret_ref.name, findings);
    }
}
