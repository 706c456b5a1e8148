//! What templates see: the document by the names of the config language, and what they cannot work out themselves.
//!
//! Separate from rendering because it is the interface of an operator's own templates: what is here stays.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use super::egress::{self, Block, Egress};
use super::render::Context;
use super::stamp;
use crate::names::UnionName;
use crate::spec::{Backup, BackupTo, Database, Expose, ResourceLimits, Tls, Union, UnionSpec};

/// Settings of the server where the document does not say otherwise. Icons come from outside, and no policy lets the
/// server out for them.
const SETTINGS: [(&str, &str); 1] = [("DISABLE_ICON_DOWNLOAD", "true")];

/// The root of all names in a template.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct View<'a> {
    union: &'a UnionName,
    namespace: &'a str,
    daemon_namespace: &'a str,
    /// The namespace's, ready to be written.
    labels: BTreeMap<String, String>,
    domain: Domain<'a>,
    server: Server,
    database: Runtime,
    ingress: Ingress<'a>,
    rotation: Rotation,
    /// `spec.vaultwarden.settings`, and what holds where the document does not say otherwise.
    settings: BTreeMap<&'a str, &'a str>,
    /// How long an invitation by mail is good.
    invitation_hours: u64,
    /// What the provider is asked for, where members log in by one.
    sso_scopes: Option<String>,
    /// Where connections of members come from, behind a load balancer.
    members: Vec<Block>,
    /// What a container may use that does not say itself how much.
    ceiling: &'a ResourceLimits,
    /// Where the server may go, beside names and its own database.
    egress: Vec<Egress>,
    /// What a backup is told, if there is one.
    backup: Option<Copies>,
    /// `Union.spec` by its own names.
    spec: &'a UnionSpec,
}

/// The parts of `spec.domain`.
#[derive(Serialize)]
struct Domain<'a> {
    /// As members type it, without a slash at its end.
    url: String,
    host: &'a str,
    /// Empty, or for example `/vault`.
    path: &'a str,
    port: u16,
    https: bool,
}

/// How the server is spoken to.
#[derive(Serialize)]
struct Server {
    /// Whether TLS ends in the server itself.
    tls: bool,
    /// The same, as probes write it.
    scheme: &'static str,
}

/// The user that the database's image runs as.
#[derive(Serialize)]
struct Runtime {
    user: u32,
}

/// What an Ingress says beside hosts and paths.
#[derive(Serialize)]
struct Ingress<'a> {
    /// Whether TLS ends in the ingress controller.
    tls: bool,
    annotations: BTreeMap<&'a str, Cow<'a, str>>,
}

/// Where copies of the data go.
#[derive(Serialize)]
struct Copies {
    /// As restic writes it. The union's name is the end of it, whatever the document says: nobody's copies lie among
    /// those of another union.
    repository: String,
    /// Whether its pods talk to anybody.
    leaves: bool,
    egress: Vec<Egress>,
}

/// The numbers of what was or will be drawn.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rotation {
    admin_token: u32,
}

impl<'a> View<'a> {
    pub(super) fn new(union: &'a Union, namespace: &'a str, context: &'a Context, admin_token: u32) -> Self {
        let spec = &union.spec;
        let ends_in_server = matches!(&spec.expose, Expose::LoadBalancer { tls: Tls::SecretName(_), .. });
        let members = match &spec.expose {
            Expose::LoadBalancer { allow_from, .. } if !allow_from.is_empty() => {
                allow_from.iter().map(egress::range).collect()
            }
            _ => egress::everywhere(),
        };
        let written = spec.vaultwarden.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Self {
            union: &union.name,
            namespace,
            daemon_namespace: &context.daemon_namespace,
            labels: stamp::labels(&union.labels),
            domain: Domain {
                url: spec.domain.to_string(),
                host: spec.domain.host(),
                path: spec.domain.path(),
                port: spec.domain.port(),
                https: spec.domain.is_https(),
            },
            server: Server { tls: ends_in_server, scheme: if ends_in_server { "HTTPS" } else { "HTTP" } },
            database: Runtime { user: database_user(&spec.database) },
            ingress: Ingress::new(spec),
            rotation: Rotation { admin_token },
            settings: SETTINGS.into_iter().chain(written).collect(),
            invitation_hours: spec.vaultwarden.invitations.expire.as_secs().div_ceil(60 * 60),
            sso_scopes: spec.vaultwarden.sso.as_ref().map(|sso| sso.scopes.join(" ")),
            members,
            ceiling: &union.ceiling,
            egress: egress::egress(spec, &context.given, &union.egress),
            backup: spec.backup.as_ref().map(|backup| Copies::new(backup, union)),
            spec,
        }
    }
}

/// The largest attachment; ingress-nginx would cut at 1 MB.
const BODY_SIZE: (&str, &str) = ("nginx.ingress.kubernetes.io/proxy-body-size", "525m");

/// By which cert-manager is told who makes the certificate.
const ISSUER: &str = "cert-manager.io/cluster-issuer";

/// An Ingress has no field for ranges of addresses, and behind its controller nobody sees from where members come. So
/// each controller that can enforce them is told in its own words: ingress-nginx, the two for HAProxy, that of AWS.
const ALLOW_FROM: [&str; 4] = [
    "nginx.ingress.kubernetes.io/whitelist-source-range",
    "haproxy.org/allow-list",
    "haproxy-ingress.github.io/allowlist-source-range",
    "alb.ingress.kubernetes.io/inbound-cidrs",
];

impl<'a> Ingress<'a> {
    fn new(spec: &'a UnionSpec) -> Self {
        let Expose::Ingress { tls, allow_from, annotations, .. } = &spec.expose else {
            return Self { tls: false, annotations: BTreeMap::new() };
        };
        let (key, value) = BODY_SIZE;
        let mut all = BTreeMap::from([(key, value.into())]);
        all.extend(annotations.iter().map(|(key, value)| (key.as_str(), value.as_str().into())));
        // What other fields mean is stated last: no annotation undoes it.
        if let Some(Tls::Issuer(issuer)) = tls {
            all.insert(ISSUER, issuer.as_str().into());
        }
        if !allow_from.is_empty() {
            let ranges = allow_from.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
            all.extend(ALLOW_FROM.map(|key| (key, ranges.clone().into())));
        }
        Self { tls: spec.domain.is_https() && *tls != Some(Tls::External), annotations: all }
    }
}

impl Copies {
    fn new(backup: &Backup, union: &Union) -> Self {
        let egress = egress::of_backup(backup, &union.egress);
        let repository = match &backup.to {
            BackupTo::Volume { .. } => format!("/backups/{}", union.name),
            BackupTo::S3 { endpoint, bucket, prefix, .. } => {
                let folders = [bucket, prefix.as_str(), union.name.as_str()];
                let folders = folders.into_iter().filter(|folder| !folder.is_empty());
                format!("s3:{endpoint}/{}", folders.collect::<Vec<_>>().join("/"))
            }
        };
        let dumped = matches!(union.spec.database, Database::Postgres { .. });
        Self { repository, leaves: dumped || !egress.is_empty(), egress }
    }
}

/// The user `postgres` of the official image: another one in its variant on Alpine, which knows no other.
fn database_user(database: &Database) -> u32 {
    match database {
        Database::Postgres { image, .. } if image.tag.contains("alpine") => 70,
        _ => 999,
    }
}
