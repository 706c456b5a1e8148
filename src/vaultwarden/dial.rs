//! How the server is reached: a way to open one connection, handed down as a value.
//!
//! Separate from the wire, since some ways lead through Kubernetes, which this module does not know. Invariant: whatever
//! the way, the same HTTP/1.1 is spoken on it, and a name is verified wherever there is TLS.

use std::io;
use std::sync::Arc;

use futures::future::BoxFuture;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::ConfigVerifierExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// One connection.
pub trait Pipe: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Pipe for T {}

/// Opens a connection to the server.
pub type Dial = Arc<dyn Fn() -> BoxFuture<'static, Result<Box<dyn Pipe>, DialError>> + Send + Sync>;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// Nobody answers there.
    #[error("no connection")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Somebody answers, and is not who they should be, or speaks no TLS.
    #[error("no TLS connection to `{host}`")]
    Tls {
        /// Whom the certificate should name.
        host: String,
        /// Why not.
        source: io::Error,
    },
}

/// By TCP to a host and port.
pub fn tcp(host: &str, port: u16) -> Dial {
    let host: Arc<str> = host.into();
    Arc::new(move || {
        let host = host.clone();
        Box::pin(async move {
            let stream = TcpStream::connect((&*host, port)).await.map_err(unreachable)?;
            // Requests are short, and each waits for its answer.
            stream.set_nodelay(true).map_err(unreachable)?;
            Ok(Box::new(stream) as Box<dyn Pipe>)
        })
    })
}

/// TLS over another way.
pub fn tls(over: Dial, host: &str, trust: &Trust) -> Dial {
    let (host, connector): (Arc<str>, _) = (host.into(), TlsConnector::from(trust.0.clone()));
    Arc::new(move || {
        let (over, host, connector) = (over.clone(), host.clone(), connector.clone());
        Box::pin(async move {
            let failed = |source| DialError::Tls { host: host.to_string(), source };
            let name =
                ServerName::try_from(host.to_string()).map_err(|error| failed(io::Error::other(error)))?;
            let stream = over().await?;
            let stream = connector.connect(name, stream).await.map_err(failed)?;
            Ok(Box::new(stream) as Box<dyn Pipe>)
        })
    })
}

/// Whose certificates count.
#[derive(Clone)]
pub struct Trust(Arc<ClientConfig>);

impl Trust {
    /// Those that the system trusts.
    ///
    /// # Errors
    /// Where the system has none.
    pub fn system() -> Result<Self, rustls::Error> {
        ClientConfig::with_platform_verifier().map(|config| Self(Arc::new(config)))
    }

    /// Those that these authorities vouch for, and no others.
    ///
    /// # Errors
    /// Where one of them is no certificate.
    pub fn only(authorities: &[rustls::pki_types::CertificateDer<'static>]) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            roots.add(authority.clone())?;
        }
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}

fn unreachable(error: io::Error) -> DialError {
    DialError::Unreachable(Box::new(error))
}
