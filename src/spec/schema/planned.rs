//! Fields of the config language that this version does not support yet.
//!
//! Somebody who writes one of them read the documentation, so the answer is not "did you mean". A field leaves this
//! list when the schemas get it; a test holds that no field is in both.

use super::Kind;

/// Kind and path of each; what is below a planned field is planned with it.
pub(super) const PLANNED: &[(Kind, &str)] = &[
    (Kind::Union, "spec.owners"),
    (Kind::Union, "spec.vaultwarden.invitations"),
    (Kind::Union, "spec.vaultwarden.smtp"),
    (Kind::Union, "spec.vaultwarden.settings"),
    (Kind::Union, "spec.vaultwarden.signups.domains"),
    (Kind::Union, "spec.database"),
    (Kind::Union, "spec.expose.allowFrom"),
    (Kind::Union, "spec.expose.annotations"),
    (Kind::Union, "spec.expose.gateway"),
    (Kind::Union, "spec.expose.loadBalancer"),
    (Kind::Union, "spec.placement"),
    (Kind::Union, "spec.backup"),
    (Kind::Union, "spec.updateWindow"),
    (Kind::Union, "spec.rotation.serviceAccount"),
    (Kind::Union, "spec.rotation.every"),
    (Kind::Union, "spec.suspend"),
    (Kind::Society, "spec.collections"),
    (Kind::Society, "spec.passwords"),
    (Kind::Society, "spec.policies"),
    (Kind::Society, "spec.deletion"),
    (Kind::Society, "spec.members[].collections"),
    (Kind::Society, "spec.members[].confirm"),
    (Kind::Society, "spec.members[].until"),
    (Kind::Keyforge, "spec.guards.membersRemovedPercent"),
    (Kind::Keyforge, "spec.guards.imageDowngrade"),
    (Kind::Keyforge, "spec.guards.approval"),
    (Kind::Keyforge, "spec.limits"),
    (Kind::Keyforge, "spec.rollout"),
    (Kind::Keyforge, "spec.unlistedMembers"),
    (Kind::Keyforge, "spec.membersLeaving"),
    (Kind::Keyforge, "spec.signatures"),
    (Kind::Keyforge, "spec.sealing"),
    (Kind::Keyforge, "spec.access"),
    (Kind::Keyforge, "spec.notifications"),
];

/// Whether the field at these tokens is planned.
pub(super) fn is_planned(kind: Kind, tokens: &[String]) -> bool {
    let (kind, tokens) = match tokens {
        [spec, defaults, rest @ ..] if kind == Kind::Keyforge && spec == "spec" && defaults == "defaults" => {
            (Kind::Union, [std::slice::from_ref(spec), rest].concat())
        }
        _ => (kind, tokens.to_vec()),
    };
    let mut path = String::new();
    for token in &tokens {
        if token.parse::<usize>().is_ok() {
            path.push_str("[]");
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(token);
        }
    }
    PLANNED.contains(&(kind, path.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Schemas;

    #[test]
    fn a_planned_field_is_not_supported_yet() {
        let schemas = Schemas::new();
        for (kind, path) in PLANNED {
            let tokens: Vec<String> = path.replace("[]", ".0").split('.').map(str::to_owned).collect();
            assert!(is_planned(*kind, &tokens), "{path}");
            assert!(schemas.lookup.at(kind.file(), &tokens).is_empty(), "{path} is in the schema");
            assert!(
                !schemas.lookup.at(kind.file(), &tokens[..tokens.len() - 1]).is_empty(),
                "{path} has no place"
            );
        }
    }

    #[test]
    fn defaults_have_the_fields_of_unions() {
        let tokens = |path: &str| path.split('.').map(str::to_owned).collect::<Vec<_>>();
        assert!(is_planned(Kind::Keyforge, &tokens("spec.defaults.backup")));
        assert!(!is_planned(Kind::Keyforge, &tokens("spec.defaults.storage")));
    }
}
