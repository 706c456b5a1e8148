//! Whether a union's document stays inside of what `spec.limits` of `keyforge.yaml` allows.
//!
//! The limits are those accepted before this revision: the policy does not judge itself. What is outside is a
//! diagnostic, never a field that is dropped. Names of hosts are not resolved here: what they lead to is looked at
//! where they are used.

use super::{find, key_place, listed, place};
use crate::diagnostic::{Code, shown};
use crate::names::{ObjectName, UnionName};
use crate::network::{Destination, Host};
use crate::spec::document::{
    BackupTo, Database, Expose, Limits, ParentRef, Resources, Suffix, Toleration, UnionSpec,
};
use crate::spec::finding::{Finding, Findings};
use crate::spec::image::ImageReference;
use crate::spec::node::{Node, Place};
use crate::spec::quantity::Quantity;

/// Annotations whose value is a list of hosts that will lead to the union.
const HOST_ANNOTATION: &str = "external-dns.alpha.kubernetes.io/hostname";

/// One union's document and what it is judged by.
struct Judged<'a, 'f, 'p> {
    document: &'a Node,
    limits: &'a Limits,
    findings: &'f mut Findings<'p>,
}

/// Everything that a union asks for beyond its limits. `name` is none where the directory's name is no union's.
pub(in crate::spec) fn check(
    document: &Node,
    name: Option<&UnionName>,
    spec: &UnionSpec,
    limits: &Limits,
    findings: &mut Findings<'_>,
) {
    let mut judged = Judged { document, limits, findings };
    let suffixes = name.and_then(|name| limits.domains.get(name)).map_or(&[][..], Vec::as_slice);
    judged.image("spec.vaultwarden.image", &spec.vaultwarden.image, &[]);
    judged.domain(spec, suffixes);
    judged.storage("spec.storage.size", &spec.storage.size);
    judged.resources("spec.resources", &spec.resources);
    if let Database::Postgres { image, storage, resources } = &spec.database {
        judged.image("spec.database.image", image, &["postgres"]);
        judged.storage("spec.database.storage.size", &storage.size);
        judged.resources("spec.database.resources", resources);
    }
    match spec.backup.as_ref().map(|backup| &backup.to) {
        Some(BackupTo::Volume { size, .. }) => judged.storage("spec.backup.to.size", size),
        Some(BackupTo::S3 { endpoint, .. }) => judged.egress("spec.backup.to.endpoint", endpoint.host()),
        None => {}
    }
    if let Some(smtp) = &spec.vaultwarden.smtp {
        judged.egress("spec.vaultwarden.smtp.host", &smtp.host);
    }
    if let Some(sso) = &spec.vaultwarden.sso {
        judged.egress("spec.vaultwarden.sso.authority", sso.authority.endpoint().host());
    }
    judged.placement(spec);
    match &spec.expose {
        Expose::Gateway { gateway, annotations } => {
            judged.gateway(&gateway.parent_ref);
            judged.annotations(annotations, spec, suffixes);
        }
        Expose::Ingress { class_name, allow_from, annotations, .. } => {
            if !allow_from.is_empty() {
                judged.ranges(class_name.as_ref());
            }
            judged.annotations(annotations, spec, suffixes);
        }
        Expose::LoadBalancer { annotations, .. } => {
            judged.annotations(annotations, spec, suffixes);
        }
        Expose::ClusterIp {} => {}
    }
}

impl Judged<'_, '_, '_> {
    fn outside(&mut self, code: Code, at: Place, message: String) -> Finding<'_> {
        self.findings
            .error(code, at, message)
            .label("outside of the limits")
            .hint("stay inside of `spec.limits` of `keyforge.yaml`, or ask for more there in a commit before this one")
    }

    fn at(&self, path: &str) -> Place {
        place(self.document, path)
    }

    fn image(&mut self, path: &str, image: &ImageReference, also: &[&str]) {
        let allowed = || self.limits.images.iter().map(String::as_str).chain(also.iter().copied());
        if allowed().any(|allowed| plain(allowed) == plain(&image.repository)) {
            return;
        }
        let message = format!(
            "image repository `{}` is not allowed; allowed are {}",
            shown(&image.repository),
            listed(allowed())
        );
        self.findings.error(Code::ImageNotAllowed, self.at(path), message).label("not an allowed repository");
    }

    fn domain(&mut self, spec: &UnionSpec, suffixes: &[Suffix]) {
        let host = spec.domain.host();
        if suffixes.is_empty() || suffixes.iter().any(|suffix| suffix.covers(host)) {
            return;
        }
        let message = format!("the host `{host}` is not below {}", listed(suffixes));
        self.outside(Code::DomainNotAllowed, self.at("spec.domain"), message);
    }

    fn storage(&mut self, path: &str, size: &Quantity) {
        let most = &self.limits.storage;
        if size.thousandths() > most.thousandths() {
            let message = format!("`{path}` is `{size}`; allowed is at most `{most}`");
            self.outside(Code::LimitExceeded, self.at(path), message);
        }
    }

    fn resources(&mut self, path: &str, resources: &Resources) {
        for (part, quantities) in [("requests", &resources.requests), ("limits", &resources.limits)] {
            for (name, quantity) in quantities {
                let most = match name.as_str() {
                    "cpu" => &self.limits.resources.cpu,
                    "memory" => &self.limits.resources.memory,
                    _ => &self.limits.storage,
                };
                if quantity.thousandths() > most.thousandths() {
                    let path = format!("{path}.{part}.{name}");
                    let message = format!("`{path}` is `{quantity}`; allowed is at most `{most}`");
                    self.outside(Code::LimitExceeded, self.at(&path), message);
                }
            }
        }
    }

    fn egress(&mut self, path: &str, host: &Host) {
        let Some(inside) = host.inside() else { return };
        if self.limits.egress.iter().any(|allowed| allowed.covers(host)) {
            let is_place = |allowed: &Destination| !matches!(allowed, Destination::Host(Host::Name(_)));
            if matches!(host, Host::Name(_)) && !self.limits.egress.iter().any(is_place) {
                let message = format!(
                    "`{path}` leads to {inside} (`{host}`), and `spec.limits.egress` lists no addresses"
                );
                self.findings
                    .error(Code::EgressNotAllowed, self.at(path), message)
                    .label("a network policy knows no names")
                    .hint(
                        "have the range of its addresses listed beside the name, in a commit before this one",
                    );
            }
            return;
        }
        let message =
            format!("`{path}` leads to {inside} (`{host}`), which `spec.limits.egress` does not list");
        self.outside(Code::EgressNotAllowed, self.at(path), message);
    }

    fn placement(&mut self, spec: &UnionSpec) {
        for (at, toleration) in spec.placement.tolerations.iter().enumerate() {
            if !self.limits.tolerations.iter().any(|allowed| is_same(allowed, toleration)) {
                let path = format!("spec.placement.tolerations.{at}");
                let message = match &toleration.key {
                    Some(key) => format!("the toleration of `{}` is not among those allowed", shown(key)),
                    None => "a toleration of every taint is not among those allowed".to_owned(),
                };
                self.outside(Code::PlacementNotAllowed, self.at(&path), message);
            }
        }
        if let Some(class) = &spec.placement.priority_class_name
            && !self.limits.priority_classes.contains(class)
        {
            let message = format!("the priority class `{class}` is not among those allowed");
            self.outside(Code::PlacementNotAllowed, self.at("spec.placement.priorityClassName"), message);
        }
    }

    /// Ranges that nobody enforces would let everybody in.
    fn ranges(&mut self, class: Option<&ObjectName>) {
        let enforcing = &self.limits.allow_from_classes;
        if class.is_some_and(|class| enforcing.contains(class)) {
            return;
        }
        let who = class.map_or_else(
            || "the cluster's default ingress class".to_owned(),
            |class| format!("the ingress class `{class}`"),
        );
        let known = match enforcing[..] {
            [] => "no ingress class".to_owned(),
            _ => format!("the ingress classes {}", listed(enforcing)),
        };
        let message = format!("`spec.expose.allowFrom` is enforced by {known}, and not known to be by {who}");
        self.findings
            .error(Code::UnenforcedRange, key_place(self.document, "spec.expose.allowFrom"), message)
            .label("perhaps without effect")
            .hint("set `className` to one of them; `spec.limits.allowFromClasses` of `keyforge.yaml` names further ones");
    }

    fn gateway(&mut self, wanted: &ParentRef) {
        let allows = |allowed: &ParentRef| {
            (&allowed.name, &allowed.namespace) == (&wanted.name, &wanted.namespace)
                && (allowed.section_name.is_none() || allowed.section_name == wanted.section_name)
        };
        if !self.limits.gateways.iter().any(allows) {
            let allowed = match self.limits.gateways[..] {
                [] => "none is allowed".to_owned(),
                _ => format!("allowed are {}", listed(self.limits.gateways.iter().map(gateway))),
            };
            let message = format!("the Gateway `{}` is not allowed; {allowed}", gateway(wanted));
            self.outside(Code::GatewayNotAllowed, self.at("spec.expose.gateway.parentRef"), message);
        }
    }

    fn annotations(
        &mut self,
        annotations: &std::collections::BTreeMap<String, String>,
        spec: &UnionSpec,
        suffixes: &[Suffix],
    ) {
        for (key, value) in annotations {
            let entry = find(self.document, "spec.expose.annotations").and_then(|node| node.entry(key));
            let at = entry
                .map_or_else(|| key_place(self.document, "spec.expose.annotations"), |entry| entry.key_place);
            if !self.limits.annotations.contains(key) {
                let message = format!(
                    "the annotation `{}` is not allowed; allowed are {}",
                    shown(key),
                    listed(&self.limits.annotations)
                );
                self.outside(Code::AnnotationNotAllowed, at, message);
            } else if key == HOST_ANNOTATION {
                // Else a union could draw the traffic of another one's host to itself.
                let foreign = value.split(',').map(str::trim).find(|host| {
                    let host = host.parse::<Host>().map(|host| host.to_string()).unwrap_or_default();
                    host != spec.domain.host() && !suffixes.iter().any(|suffix| suffix.covers(&host))
                });
                if let Some(host) = foreign {
                    let at = entry.map_or(at, |entry| entry.value.place);
                    let message = format!(
                        "the annotation `{key}` names the host `{}`, which is not this union's",
                        shown(host)
                    );
                    self.findings
                        .error(Code::AnnotationNotAllowed, at, message)
                        .label("not a host of this union")
                        .hint(format!("write `{}`", spec.domain.host()));
                }
            }
        }
    }
}

/// The repository without the registry that is meant when none is written.
fn plain(repository: &str) -> &str {
    let registries = ["docker.io/", "index.docker.io/", "registry-1.docker.io/"];
    let rest = registries.iter().find_map(|registry| repository.strip_prefix(registry)).unwrap_or(repository);
    // Docker Hub's own images only: nobody's `library` elsewhere, and nothing below it.
    rest.strip_prefix("library/").filter(|name| !name.contains('/')).unwrap_or(rest)
}

/// For messages: namespace, name and listener.
fn gateway(parent: &ParentRef) -> String {
    let listener = parent.section_name.as_ref().map(|name| format!("/{name}")).unwrap_or_default();
    format!("{}/{}{listener}", parent.namespace, parent.name)
}

/// Equal, with `Equal` written or not.
fn is_same(one: &Toleration, other: &Toleration) -> bool {
    let normal = |toleration: &Toleration| {
        let operator = toleration.operator.clone().unwrap_or_else(|| "Equal".to_owned());
        Toleration { operator: Some(operator), ..toleration.clone() }
    };
    normal(one) == normal(other)
}
