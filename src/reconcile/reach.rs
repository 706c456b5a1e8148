//! The way to a union's server, by the setting `reach`: here adapters meet that do not know each other.

use std::sync::Arc;

use crate::cluster::Cluster;
use crate::domain::Domain;
use crate::names::UnionName;
use crate::vaultwarden::{Dial, DialError, Pipe, Reach, Trust, tcp, tls};

/// How many connections a union may have: through the API server few, since all unions share it.
const AT_ONCE: usize = 4;
const FORWARDED: usize = 2;

/// The way to a server, and how many connections it takes. `ends_tls` says whether TLS ends in the server itself.
pub(super) fn way(
    cluster: &Cluster,
    reach: Reach,
    trust: &Trust,
    (union, domain, ends_tls): (&UnionName, &Domain, bool),
) -> (Dial, usize) {
    let (dial, encrypted) = match reach {
        Reach::Service => {
            let port = if ends_tls { 443 } else { 80 };
            (tcp(&format!("vaultwarden.{}.svc", union.namespace()), port), ends_tls)
        }
        Reach::Domain => (tcp(domain.host(), domain.port()), domain.is_https()),
        Reach::Pod => (to_pod(cluster, union), ends_tls),
        Reach::PortForward => (forwarded(cluster, union), ends_tls),
    };
    let dial = if encrypted { tls(dial, domain.host(), trust) } else { dial };
    (dial, if reach == Reach::PortForward { FORWARDED } else { AT_ONCE })
}

fn to_pod(cluster: &Cluster, union: &UnionName) -> Dial {
    let (cluster, union) = (cluster.clone(), union.clone());
    Arc::new(move || {
        let (cluster, union) = (cluster.clone(), union.clone());
        Box::pin(async move {
            let found = cluster.server_address(&union).await;
            let (host, port) = found.map_err(|error| DialError::Unreachable(Box::new(error)))?;
            tcp(&host, port)().await
        })
    })
}

fn forwarded(cluster: &Cluster, union: &UnionName) -> Dial {
    let (cluster, union) = (cluster.clone(), union.clone());
    Arc::new(move || {
        let (cluster, union) = (cluster.clone(), union.clone());
        Box::pin(async move {
            let forwarded = cluster.forward(&union).await;
            let pipe = forwarded.map_err(|error| DialError::Unreachable(Box::new(error)))?;
            Ok(Box::new(pipe) as Box<dyn Pipe>)
        })
    })
}
