//! How clients come in: over TLS, through proxies, from pages of other sites.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use keyforge::api::{Door, Limits};
use keyforge::settings::{Rate, TlsOptions};
use reqwest::{Certificate, Client, Method, RequestBuilder, Response};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::fixture::with_unions;
use crate::served::{SOON, Served, plain, raw};

/// A certificate for this machine, and what the API makes of its files.
struct Pair {
    der: CertificateDer<'static>,
    config: Arc<ServerConfig>,
}

impl Pair {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let [cert, key] = ["tls.crt", "tls.key"].map(|name| folder.path().join(name));
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        std::fs::write(&cert, made.cert.pem()).expect("written");
        std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
        let options = TlsOptions { tls_cert_file: Some(cert), tls_key_file: Some(key) };
        Self { der: made.cert.into(), config: options.load().expect("a pair").expect("both") }
    }
}

/// Shows this pair, and others later.
async fn showing(pair: &Pair) -> (Door, watch::Sender<Option<Arc<ServerConfig>>>) {
    let shown = watch::Sender::new(Some(Arc::clone(&pair.config)));
    (Door { tls: shown.subscribe(), ..plain().await }, shown)
}

/// A connection of somebody who believes these certificates alone.
async fn connect(api: &Served, believed: &[&Pair]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    for pair in believed {
        roots.add(pair.der.clone()).expect("a certificate");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(api.address).await.expect("a connection");
    let name = ServerName::try_from("localhost").expect("a name");
    let shaken = TlsConnector::from(Arc::new(config)).connect(name, stream);
    tokio::time::timeout(SOON, shaken).await.expect("an end").expect("a handshake")
}

/// The status of a request over this connection, which stays open.
async fn ask(stream: &mut TlsStream<TcpStream>) -> String {
    let request = b"HEAD /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request).await.expect("sent");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.expect("an answer"));
    }
    String::from_utf8(answer).expect("a text").lines().next().expect("a line").to_owned()
}

#[tokio::test]
async fn with_a_certificate_tls_is_spoken_from_1_2_on_and_nothing_else() {
    let (_database, store) = with_unions(&["acme"]).await;
    let pair = Pair::new();
    let api = Served::behind(showing(&pair).await.0, store, Limits::default());
    for version in [reqwest::tls::Version::TLS_1_2, reqwest::tls::Version::TLS_1_3] {
        let client = Client::builder().no_proxy().tls_version_min(version).tls_version_max(version);
        let client = client.tls_certs_only([Certificate::from_der(&pair.der).expect("a certificate")]);
        let client = client.resolve("localhost", api.address).build().expect("a client");
        let url = format!("https://localhost:{}/api/v1/unions/acme", api.address.port());
        let answer = client.get(url).timeout(SOON).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    }
    let answer = raw(&api, "GET /api/v1/unions/acme HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert!(!answer.contains("HTTP/1.1"), "{answer}");
}

#[tokio::test]
async fn another_certificate_is_shown_to_new_connections_and_the_old_ones_go_on() {
    let (_database, store) = with_unions(&[]).await;
    let (old, new) = (Pair::new(), Pair::new());
    let (door, shown) = showing(&old).await;
    let api = Served::behind(door, store, Limits::default());
    let mut before = connect(&api, &[&old]).await;
    assert_eq!(ask(&mut before).await, "HTTP/1.1 200 OK");
    shown.send_replace(Some(Arc::clone(&new.config)));
    let mut after = connect(&api, &[&new]).await;
    assert_eq!(ask(&mut after).await, "HTTP/1.1 200 OK");
    assert_eq!(ask(&mut before).await, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn who_says_nothing_that_tls_could_begin_with_is_let_go() {
    let (_database, store) = with_unions(&[]).await;
    let pair = Pair::new();
    let limits = Limits { connections: 1, handshake: Duration::from_millis(50), ..Limits::default() };
    let api = Served::behind(showing(&pair).await.0, store, limits);
    assert_eq!(raw(&api, "").await, "");
    // There is one place, and it is free again.
    let mut client = connect(&api, &[&pair]).await;
    assert_eq!(ask(&mut client).await, "HTTP/1.1 200 OK");
}

async fn get(api: &Served, headers: &[(&str, &str)]) -> Response {
    send(headers, |client, url| client.get(url), api).await
}

async fn send(
    headers: &[(&str, &str)],
    request: impl FnOnce(Client, String) -> RequestBuilder,
    api: &Served,
) -> Response {
    let client = Client::builder().no_proxy().build().expect("a client");
    let mut request = request(client, format!("http://{}/api/v1/unions", api.address));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.timeout(SOON).send().await.expect("an answer")
}

#[tokio::test]
async fn a_trusted_proxy_says_whom_it_asks_for_and_nobody_else_does() {
    let (_database, store) = with_unions(&[]).await;
    let number = |number| NonZeroU32::new(number).expect("a number");
    // So slow that none is earned meanwhile.
    let limits = Limits { rate: Rate { per_minute: number(1), burst: number(9) }, ..Limits::default() };
    let trusting = Door { proxies: vec!["127.0.0.0/8".parse().expect("a network")], ..plain().await };
    let trusting = Served::behind(trusting, store.clone(), limits);
    let open = Served::behind(plain().await, store, limits);
    let left = async |api: &Served, client: &str| {
        let told = [("x-forwarded-for", client), ("x-forwarded-proto", "https")];
        let answer = get(api, &told).await;
        let left =
            answer.headers()["ratelimit"].to_str().expect("a text").split(", ").nth(1).map(str::to_owned);
        format!("{} {}", left.expect("a rest"), answer.headers().contains_key("strict-transport-security"))
    };
    let mut told = String::new();
    for client in ["192.0.2.1", "192.0.2.2", "192.0.2.3, 192.0.2.1", "192.0.2.1, 127.0.0.9"] {
        told += &format!("{} | {}\n", left(&trusting, client).await, left(&open, client).await);
    }
    assert_eq!(
        told,
        "\
remaining=8 true | remaining=8 false
remaining=8 true | remaining=7 false
remaining=7 true | remaining=6 false
remaining=6 true | remaining=5 false
"
    );
}

/// What the answer tells browsers of other sites.
fn cors(answer: &Response) -> String {
    let headers = answer.headers().iter();
    let told = headers.filter(|(name, _)| *name == "vary" || name.as_str().starts_with("access-control"));
    let mut told: Vec<_> =
        told.map(|(name, value)| format!("{name}: {}", value.to_str().expect("a text"))).collect();
    told.sort();
    format!("{} {}\n", answer.status().as_u16(), told.join(" | "))
}

#[tokio::test]
async fn pages_of_listed_sites_may_read_and_no_others() {
    let (_database, store) = with_unions(&[]).await;
    let origins = ["https://keyforge.example", "https://other.example:8443"];
    let origins = origins.map(|origin| origin.parse().expect("a site")).into();
    let api = Served::behind(Door { origins, ..plain().await }, store, Limits::default());
    let mut told = String::new();
    for origin in
        ["https://keyforge.example", "https://evil.example", "https://keyforge.example.evil", "null"]
    {
        let answer = get(&api, &[("origin", origin)]).await;
        told += &cors(&answer);
        let asked = [("origin", origin), ("access-control-request-method", "GET")];
        let preflight = send(&asked, |client, url| client.request(Method::OPTIONS, url), &api).await;
        assert_eq!(preflight.headers()["x-content-type-options"], "nosniff");
        told += &cors(&preflight);
    }
    told += &cors(&get(&api, &[]).await);
    // Also why something is refused.
    let refused =
        send(&[("origin", "https://other.example:8443")], |client, url| client.post(url), &api).await;
    told += &cors(&refused);
    let exposed =
        "access-control-expose-headers: etag, ratelimit, ratelimit-policy, retry-after, x-request-id";
    let vary = "vary: accept-encoding | vary: origin";
    assert_eq!(
        told,
        format!(
            "\
200 access-control-allow-origin: https://keyforge.example | {exposed} | {vary}
204 access-control-allow-headers: authorization, if-none-match, last-event-id | \
access-control-allow-methods: GET, HEAD | access-control-allow-origin: https://keyforge.example | \
access-control-max-age: 600 | vary: origin
200 {vary}
204 vary: origin
200 {vary}
204 vary: origin
200 {vary}
204 vary: origin
200 {vary}
403 access-control-allow-origin: https://other.example:8443 | {exposed} | {vary}
"
        )
    );
}

#[tokio::test]
async fn without_listed_sites_nothing_is_told_to_any() {
    let (_database, store) = with_unions(&[]).await;
    let api = Served::start(store).await;
    assert_eq!(
        cors(&get(&api, &[("origin", "https://keyforge.example")]).await),
        "200 vary: accept-encoding\n"
    );
}
