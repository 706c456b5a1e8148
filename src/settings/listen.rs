//! Where the API listens: on this machine only, as long as nobody has to say who they are.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;

/// Where the API listens.
#[derive(Debug, Clone, clap::Args)]
pub struct Listen {
    /// Address and port of the API, on this machine
    #[arg(long, env = "KEYFORGE_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080", value_parser = local)]
    pub listen: SocketAddr,
}

/// Why a text is no address to listen on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum AddressError {
    #[error("it is an address and a port, such as `127.0.0.1:8080` or `[::1]:8080`")]
    Form,
    #[error(
        "others could reach it, and this version cannot ask who they are; listen on `127.0.0.1` or `[::1]` and let \
         others in through something that can, such as an SSH tunnel or `kubectl port-forward`"
    )]
    NotLocal,
}

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("failed to listen on {address}")]
pub struct ListenError {
    /// Which.
    pub address: SocketAddr,
    /// Why not.
    pub source: std::io::Error,
}

impl Listen {
    /// Takes the address.
    ///
    /// # Errors
    /// Somebody else has it, or it is none of this machine's.
    pub async fn bind(&self) -> Result<TcpListener, ListenError> {
        let address = self.listen;
        TcpListener::bind(address).await.map_err(|source| ListenError { address, source })
    }
}

fn local(text: &str) -> Result<SocketAddr, AddressError> {
    let address = match text.strip_prefix("localhost:") {
        Some(port) => {
            SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port.parse().map_err(|_| AddressError::Form)?)
        }
        None => text.parse().map_err(|_| AddressError::Form)?,
    };
    if address.ip().to_canonical().is_loopback() { Ok(address) } else { Err(AddressError::NotLocal) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_are_listened_on() {
        for text in ["127.0.0.1:8080", "127.1.2.3:0", "[::1]:8080", "[::ffff:127.0.0.1]:80", "localhost:8080"]
        {
            assert!(local(text).is_ok(), "{text}");
        }
        for text in ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080", "[::ffff:192.0.2.1]:80"] {
            assert_eq!(local(text), Err(AddressError::NotLocal), "{text}");
        }
        for text in ["", "8080", ":8080", "127.0.0.1", "localhost:", "example.org:80", "127.0.0.1:99999"] {
            assert_eq!(local(text), Err(AddressError::Form), "{text}");
        }
    }
}
