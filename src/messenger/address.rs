//! Where a host may lead: to public addresses, and inside only where `limits.egress` says so.
//!
//! The name is looked up here, and the connection goes to an address that was looked at: a second look-up could lead elsewhere.

use std::net::SocketAddr;

use super::Error;
use crate::network::{Destination, Host};

/// The addresses of a host that may be used; at least one.
pub(super) async fn allowed(host: &str, port: u16, egress: &[Destination]) -> Result<Vec<SocketAddr>, Error> {
    let host: Host = host.parse().map_err(|_| Error::NoUrl { wanted: "URL with a host" })?;
    let is_listed = egress.iter().any(|listed| listed.covers(&host));
    if let (Some(inside), false) = (host.inside(), is_listed) {
        return Err(Error::Inside { inside });
    }
    let found: Vec<SocketAddr> = match &host {
        Host::Address(address) => vec![(*address, port).into()],
        Host::Name(name) => {
            tokio::net::lookup_host((&**name, port)).await.map_err(|_| Error::Unknown)?.collect()
        }
    };
    let refused = |address: &SocketAddr| {
        let address = Host::Address(address.ip());
        let is_listed = is_listed || egress.iter().any(|listed| listed.covers(&address));
        if is_listed { None } else { address.inside() }
    };
    // One that leads inside is enough: whoever answers for the name chooses which is taken.
    match found.iter().find_map(refused) {
        Some(inside) => Err(Error::Inside { inside }),
        None if found.is_empty() => Err(Error::Unknown),
        None => Ok(found),
    }
}
