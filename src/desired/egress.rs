//! Where a union's server may go: by port and range, since a NetworkPolicy knows no names.
//!
//! What a name leads to is only known to its resolver, so a public name opens its port to all public addresses. The
//! ranges in which clusters and private networks live are left out of that; the operator's limits open parts of them.

use serde::Serialize;

use super::reference::Given;
use crate::network::{Destination, Host};
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
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    except: &'static [&'static str],
}

/// Of IPv4 what is no public address: this machine and network, private networks, carriers' networks, the local link
/// (with the node's metadata service), multicast and what is reserved.
const INSIDE_V4: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/3",
];

/// The same of IPv6, and the range by which some networks reach IPv4 addresses.
const INSIDE_V6: &[&str] = &["64:ff9b::/96", "fc00::/7", "fe80::/10", "ff00::/8"];

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
    Block { cidr: cidr.to_string(), except: &[] }
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
        Host::Name(_) => public().into_iter().chain(opened(allowed)).collect(),
    }
}

fn public() -> Vec<Block> {
    let block = |cidr: &str, except| Block { cidr: cidr.to_owned(), except };
    vec![block("0.0.0.0/0", INSIDE_V4), block("::/0", INSIDE_V6)]
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
