//! Where the API listens: on this machine only, unless everybody has to say who they are.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;

use super::{AuthMode, ProxyOptions, TlsOptions};

/// Where the API listens.
#[derive(Debug, Clone, clap::Args)]
pub struct Listen {
    /// Address and port of the API; one that others reach needs `--auth required`, and TLS or `--behind-proxy`
    #[arg(long, env = "KEYFORGE_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080", value_parser = parse)]
    pub listen: SocketAddr,
}

/// The text is no address to listen on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is an address and a port, such as `127.0.0.1:8080` or `[::1]:8080`")]
struct AddressError;

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Others could read along.
    #[error(
        "refused to listen on {address}: others reach it, and nobody has to say who they are; set `auth` to `required` \
         and make a key by `keyforge apikey create`, or listen on `127.0.0.1`"
    )]
    Open {
        /// Which.
        address: SocketAddr,
    },
    /// Keys would pass in clear.
    #[error(
        "refused to listen on {address} in plain HTTP: whoever is on the way could read keys; set `tls_cert_file` and \
         `tls_key_file`, or `behind_proxy` to the networks of the proxy that speaks TLS"
    )]
    Plain {
        /// Which.
        address: SocketAddr,
    },
    /// Somebody else has it, or it is none of this machine's.
    #[error("failed to listen on {address}")]
    Taken {
        /// Which.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
}

impl Listen {
    /// Takes the address.
    ///
    /// # Errors
    /// Others reach it although nobody has to say who they are or they would say it in clear, somebody else has it, or it is none of this machine's.
    pub async fn bind(
        &self,
        auth: AuthMode,
        tls: &TlsOptions,
        proxies: &ProxyOptions,
    ) -> Result<TcpListener, ListenError> {
        let address = self.listen;
        if auth == AuthMode::None && !is_local(address) {
            return Err(ListenError::Open { address });
        }
        if tls.tls_cert_file.is_none() && proxies.behind_proxy.is_empty() && !is_local(address) {
            return Err(ListenError::Plain { address });
        }
        TcpListener::bind(address).await.map_err(|source| ListenError::Taken { address, source })
    }
}

fn parse(text: &str) -> Result<SocketAddr, AddressError> {
    match text.strip_prefix("localhost:") {
        Some(port) => {
            Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port.parse().map_err(|_| AddressError)?))
        }
        None => text.parse().map_err(|_| AddressError),
    }
}

/// Whether only this machine reaches it.
fn is_local(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_authentication_or_in_clear_only_addresses_of_this_machine_are_listened_on() {
        let (plain, alone) = (TlsOptions::default(), ProxyOptions::default());
        for text in ["127.0.0.1:0", "[::ffff:127.0.0.1]:0", "localhost:0"] {
            let listen = Listen { listen: parse(text).expect("an address") };
            assert!(listen.bind(AuthMode::None, &plain, &alone).await.is_ok(), "{text}");
        }
        for text in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0"] {
            let listen = Listen { listen: parse(text).expect("an address") };
            let refused = async |auth| {
                listen.bind(auth, &plain, &alone).await.expect_err("others reach it").to_string()
            };
            let (open, clear) = (refused(AuthMode::None).await, refused(AuthMode::Required).await);
            assert!(open.contains("set `auth` to `required`"), "{open}");
            assert!(clear.contains("in plain HTTP"), "{clear}");
        }
        // The kernel is asked, which has no such address.
        let documented = Listen { listen: parse("192.0.2.1:0").expect("an address") };
        let behind = ProxyOptions { behind_proxy: vec!["192.0.2.0/24".parse().expect("a network")] };
        assert!(matches!(
            documented.bind(AuthMode::Required, &plain, &behind).await,
            Err(ListenError::Taken { .. })
        ));
    }

    #[test]
    fn an_address_has_a_port_and_no_name() {
        assert!(parse("127.0.0.1:8080").is_ok() && parse("[::1]:8080").is_ok());
        for text in ["", "8080", ":8080", "127.0.0.1", "localhost:", "example.org:80", "127.0.0.1:99999"] {
            assert_eq!(parse(text), Err(AddressError), "{text}");
        }
    }
}
