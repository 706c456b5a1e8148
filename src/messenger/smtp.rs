//! One mail to one mailbox, by a server whose URL is a secret: `smtps://user:password@host?from=address`, or `smtp://` with STARTTLS.
//!
//! Invariant: a password goes over TLS alone.

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message};
use percent_encoding::percent_decode_str;
use url::Url;

use super::{CONNECT_TIMEOUT, Error, Messenger, Parcel, address, is_of_tls};
use crate::network::{Destination, Host};
use crate::redacted::Redacted;

const NO_URL: Error = Error::NoUrl { wanted: "`smtps://` or `smtp://` URL" };

/// What the URL says.
struct Server {
    host: String,
    port: u16,
    /// Whether TLS is spoken from the first byte on.
    is_wrapped: bool,
    login: Option<(String, Redacted<String>)>,
    from: Address,
}

/// Sends it.
pub(super) async fn mail(
    messenger: &Messenger,
    parcel: &Parcel<'_>,
    subject: &str,
    text: &str,
    egress: &[Destination],
) -> Result<(), Error> {
    let server = Server::of(parcel.url)?;
    let addresses = address::allowed(&server.host, server.port, egress).await?;
    let message = letter(&server, parcel, subject, text)?;
    let mut tls = TlsParameters::builder(server.host.clone());
    if let Some(authorities) = &messenger.authorities {
        tls = tls.certificate_store(CertificateStore::None).add_root_certificate(authorities.smtp.clone());
    }
    let tls = tls.build_rustls().map_err(|_| Error::Certificate)?;
    // Who is inside and asks for no log-in may be without TLS, as relays in a cluster are.
    let may_be_plain =
        server.login.is_none() && server.host.parse::<Host>().is_ok_and(|host| host.inside().is_some());
    let hello = ClientId::Domain("keyforge".to_owned());
    let (wrapped, later) = if server.is_wrapped { (Some(tls), None) } else { (None, Some(tls)) };
    // It tries one address after the other until one takes the connection.
    let connecting =
        AsyncSmtpConnection::connect_tokio1(&addresses[..], Some(CONNECT_TIMEOUT), &hello, wrapped, None);
    let mut connection = connecting.await.map_err(|error| failed(&error))?;
    match later {
        Some(tls) if connection.can_starttls() => {
            connection.starttls(tls, &hello).await.map_err(|error| failed(&error))?;
        }
        Some(_) if !may_be_plain => return Err(Error::NoTls),
        _ => {}
    }
    if let Some((user, password)) = server.login {
        let credentials = Credentials::new(user, password.expose().clone());
        connection.auth(DEFAULT_MECHANISMS, &credentials).await.map_err(|error| failed(&error))?;
    }
    connection.send(message.envelope(), &message.formatted()).await.map_err(|error| failed(&error))?;
    // It has the mail, whatever it says to the farewell.
    drop(connection.quit().await);
    Ok(())
}

impl Server {
    fn of(url: &Redacted<String>) -> Result<Self, Error> {
        let url = Url::parse(url.expose().trim()).map_err(|_| NO_URL)?;
        let (is_wrapped, usual) = match url.scheme() {
            "smtps" => (true, 465),
            "smtp" => (false, 587),
            _ => return Err(NO_URL),
        };
        let decoded =
            |text: &str| percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| NO_URL);
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(NO_URL)?;
        let user = decoded(url.username())?;
        let named = url.query_pairs().find(|(key, _)| key == "from").map(|(_, from)| from.into_owned());
        let from = named.unwrap_or_else(|| user.clone()).parse().map_err(|_| Error::NoSender)?;
        let login = match url.password() {
            Some(password) => Some((user, Redacted::new(decoded(password)?))),
            None => None,
        };
        Ok(Self { host: host.to_owned(), port: url.port().unwrap_or(usual), is_wrapped, login, from })
    }
}

/// The mail itself. Its id is the message's, so that a mailbox which gets it twice may show it once.
fn letter(server: &Server, parcel: &Parcel<'_>, subject: &str, text: &str) -> Result<Message, Error> {
    let mut letter = Message::builder()
        .from(Mailbox::new(Some("Keyforge".to_owned()), server.from.clone()))
        .message_id(Some(format!("<{}@{}>", parcel.id, server.from.domain())))
        .subject(subject)
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
    if let Some(to) = parcel.to {
        letter = letter.to(Mailbox::new(None, to.as_str().parse().map_err(|_| Error::NoSender)?));
    }
    // What is missing is missing in the builder alone: sender and recipient are there.
    letter.singlepart(SinglePart::plain(text.to_owned())).map_err(|_| Error::NoSender)
}

/// The failure in words of ours: those of the server may hold addresses.
fn failed(error: &lettre::transport::smtp::Error) -> Error {
    match error.status() {
        Some(code) => Error::Mail { code: u16::from(code) },
        None if error.is_timeout() => Error::Timeout,
        None if error.is_tls() || is_of_tls(error) => Error::Certificate,
        // The library's word for a server that does not offer what was asked of it.
        None if error.is_client() => Error::NotOffered,
        None if error.is_response() => Error::Broken,
        None => Error::Unreachable,
    }
}
