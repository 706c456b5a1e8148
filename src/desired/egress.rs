//! Where a union's server may go: by port and range, since a NetworkPolicy knows no names.
//!
//! What a name leads to is only known to its resolver, so a public name opens its port to all public addresses. The
//! ranges in which clusters and private networks live are left out of that; the operator's limits open parts of them.

use serde::Serialize;

use super::reference::Given;
use crate::network::{Destination, Host, INSIDE};
use crate::spec::{Backup, BackupTo, Database, UnionSpec};

/// A port and the addresses that may be reached at it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Egress {
    port: u16,
    to: Vec<Block>,
}

/// A range of addresses, as NetworkPolicies write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Block {
    cidr: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    except: Vec<&'static str>,
}

/// The port of PostgreSQL, until the URL of an external database was read.
const POSTGRES: u16 = 5432;

/// The port of Bitwarden's relay.
const HTTPS: u16 = 443;

/// Everybody, from wherever they come.
pub(super) fn everywhere() -> Vec<Block> {
    ["0.0.0.0/0", "::/0"].into_iter().map(range).collect()
}

/// One range.
pub(super) fn range(cidr: impl ToString) -> Block {
    Block { cidr: cidr.to_string(), except: Vec::new() }
}

/// What a union's server asks for. `allowed` are the destinations inside that the operator's limits allow.
pub(super) fn egress(spec: &UnionSpec, given: &Given, allowed: &[Destination]) -> Vec<Egress> {
    let mut egress = Vec::new();
    if let Some(smtp) = &spec.vaultwarden.smtp {
        egress.push(Egress { port: smtp.port, to: blocks(&smtp.host, allowed) });
    }
    if let Some(sso) = &spec.vaultwarden.sso {
        let provider = sso.authority.endpoint();
        egress.push(Egress { port: provider.port(), to: blocks(provider.host(), allowed) });
    }
    if spec.vaultwarden.push.is_some() {
        egress.push(Egress { port: HTTPS, to: public() });
    }
    if let Database::External { .. } = spec.database {
        // Whoever made the Secret chose the host, and it is not known here.
        let mut to = public();
        to.extend(opened(allowed));
        egress.push(Egress { port: given.database_port.unwrap_or(POSTGRES), to });
    }
    egress
}

/// Where copies of a union's data go, if they leave the cluster's volumes.
pub(super) fn of_backup(backup: &Backup, allowed: &[Destination]) -> Vec<Egress> {
    match &backup.to {
        BackupTo::S3 { endpoint, .. } => {
            vec![Egress { port: endpoint.port(), to: blocks(endpoint.host(), allowed) }]
        }
        BackupTo::Volume { .. } => Vec::new(),
    }
}

fn blocks(host: &Host, allowed: &[Destination]) -> Vec<Block> {
    match host {
        Host::Address(address) => {
            vec![range(format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 }))]
        }
        Host::Name(_) if host.inside().is_some() => opened(allowed),
        Host::Name(_) => public(),
    }
}

fn public() -> Vec<Block> {
    let inside = |is_v6: bool| {
        INSIDE.iter().map(|(range, _)| *range).filter(move |range| range.contains(':') == is_v6)
    };
    let block = |cidr: &str, is_v6| Block { cidr: cidr.to_owned(), except: inside(is_v6).collect() };
    vec![block("0.0.0.0/0", false), block("::/0", true)]
}

/// What the limits open inside, to whatever name: names of theirs open nothing by themselves.
fn opened(allowed: &[Destination]) -> Vec<Block> {
    let mut opened = Vec::new();
    for destination in allowed {
        match destination {
            Destination::Range(cidr) => opened.push(range(cidr)),
            Destination::Host(host @ Host::Address(_)) => opened.extend(blocks(host, &[])),
            Destination::Host(Host::Name(_)) => {}
        }
    }
    opened
}
