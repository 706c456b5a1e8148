//! As whom a call is made: as the daemon, or as the applier of one union's namespace.
//!
//! What a plan writes into a union's namespace is written as that namespace's own applier, whoever runs the daemon. So the
//! server itself refuses what would reach outside, whatever a template rendered. Which union it is says the plan and never the
//! object. There is no switch.

use http::{HeaderValue, Request};

use super::Cluster;
use crate::desired::{APPLIER, is_of_applier};
use crate::ids::ResourceId;
use crate::names::UnionName;

/// As whom a call is made.
#[derive(Debug, Clone, Copy)]
pub(super) enum Actor<'a> {
    /// Whoever the credentials belong to.
    Daemon,
    /// The applier of this union's namespace.
    Applier(&'a UnionName),
}

impl Actor<'_> {
    /// Says in a request who acts. The groups of a ServiceAccount are added by the server.
    pub(super) fn sign(self, request: &mut Request<Vec<u8>>) {
        let Self::Applier(union) = self else { return };
        let user = format!("system:serviceaccount:{}:{APPLIER}", union.namespace());
        let user = HeaderValue::try_from(user).expect("a union's name is letters, digits and hyphens");
        request.headers_mut().insert("impersonate-user", user);
    }
}

impl Cluster {
    /// Who writes a resource of a union: its applier, but for the namespace, for those who let the applier in, and for what
    /// the daemon keeps for itself.
    pub(super) fn writer<'a>(&self, union: &'a UnionName, id: &ResourceId) -> Actor<'a> {
        let home = union.namespace();
        let own = match &id.namespace {
            None => id.kind == "Namespace" && id.name == home,
            Some(namespace) if *namespace == home => is_of_applier(id),
            Some(_) => *id == self.credentials_id(union) || *id == self.record_id(union),
        };
        if own { Actor::Daemon } else { Actor::Applier(union) }
    }

    /// Who reads it. The watches show everything to the daemon but Secrets; those of a union are for its applier.
    pub(super) fn reader<'a>(&self, union: &'a UnionName, id: &ResourceId) -> Actor<'a> {
        if id.kind == "Secret" { self.writer(union, id) } else { Actor::Daemon }
    }
}
