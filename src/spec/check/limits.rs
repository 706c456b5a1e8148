//! Whether a union's document stays inside of what `spec.limits` of `keyforge.yaml` allows.
//!
//! The limits are those accepted before this revision: the policy does not judge itself. What is outside is a
//! diagnostic, never a field that is dropped.

use super::place;
use crate::diagnostic::{Code, shown};
use crate::spec::document::{Limits, UnionSpec};
use crate::spec::finding::Findings;
use crate::spec::node::Node;

/// Everything that a union asks for beyond its limits.
pub(in crate::spec) fn check(
    document: &Node,
    spec: &UnionSpec,
    limits: &Limits,
    findings: &mut Findings<'_>,
) {
    let image = &spec.vaultwarden.image;
    if !limits.images.iter().any(|allowed| plain(allowed) == plain(&image.repository)) {
        let allowed: Vec<String> =
            limits.images.iter().map(|allowed| format!("`{}`", shown(allowed))).collect();
        findings
            .error(
                Code::ImageNotAllowed,
                place(document, &["spec", "vaultwarden", "image"]),
                format!(
                    "image repository `{}` is not allowed; allowed are {}",
                    shown(&image.repository),
                    allowed.join(", ")
                ),
            )
            .label("not an allowed repository");
    }
}

/// The repository without the registry that is meant when none is written.
fn plain(repository: &str) -> &str {
    let registries = ["docker.io/", "index.docker.io/", "registry-1.docker.io/"];
    let rest = registries.iter().find_map(|registry| repository.strip_prefix(registry)).unwrap_or(repository);
    rest.strip_prefix("library/").unwrap_or(rest)
}
