//! Asking the daemon: commands that show what it knows are clients of its API (decisions.md 4).

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Client, ClientBuilder, Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::stream::Stream;
use crate::access::ApiKey;

/// Which daemon is asked, and how the answer is shown.
#[derive(Debug, clap::Args)]
pub(super) struct Asking {
    #[command(flatten)]
    pub daemon: Daemon,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// Which daemon is asked. Settings of the commands that ask, as those of `run` are of the daemon.
#[derive(Debug, clap::Args)]
pub(super) struct Daemon {
    /// Address of the daemon
    #[arg(long, env = "KEYFORGE_SERVER", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    server: url::Url,
    /// File that holds the API key to ask it with, where it wants to know who asks
    #[arg(long, env = "KEYFORGE_API_KEY_FILE", value_name = "FILE")]
    api_key_file: Option<PathBuf>,
    /// File with the authorities (PEM) that alone are trusted for the daemon's certificate
    #[arg(long, env = "KEYFORGE_SERVER_CA_FILE", value_name = "FILE")]
    server_ca_file: Option<PathBuf>,
}

/// Form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Output {
    /// For people.
    Text,
    /// For programs: what the API answers.
    Json,
}

/// The daemon answers, but not with what was asked for.
#[derive(Debug, thiserror::Error)]
#[error("the daemon answers {status}: {detail}")]
pub(super) struct Refused {
    status: StatusCode,
    detail: String,
}

impl Refused {
    /// Whether there is no such thing.
    pub(super) fn is_nowhere(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    /// Whether it may answer otherwise a moment later.
    pub(super) fn is_passing(&self) -> bool {
        self.status.is_server_error() || self.status == StatusCode::TOO_MANY_REQUESTS
    }
}

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long a stream may be silent: it shows four times as often that it still is one.
const SILENCE: Duration = Duration::from_secs(60);

impl Asking {
    /// The answer of one path of the API.
    ///
    /// # Errors
    /// Nobody answers, or the daemon answers with a problem.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> anyhow::Result<T> {
        self.daemon.get(path, query).await
    }
}

impl Daemon {
    /// The answer of one path of the API.
    ///
    /// # Errors
    /// Nobody answers, or the daemon answers with a problem.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> anyhow::Result<T> {
        let client = self.client(Client::builder().timeout(TIMEOUT))?;
        let answer = self.answer(self.request(&client, Method::GET, path, query)?).await?;
        answer.json().await.context("failed to read the daemon's answer")
    }

    /// Asks for something to be done; how that goes.
    ///
    /// # Errors
    /// Nobody answers, or the daemon answers with a problem.
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let client = self.client(Client::builder().timeout(TIMEOUT))?;
        let answer = self.answer(self.request(&client, Method::POST, path, &[])?).await?;
        answer.json().await.context("failed to read the daemon's answer")
    }

    /// A stream of events, from the one after `seen` on.
    ///
    /// # Errors
    /// Nobody answers, or the daemon answers with a problem.
    pub(super) async fn stream(
        &self,
        path: &str,
        query: &[(&str, &str)],
        seen: Option<&str>,
    ) -> anyhow::Result<Stream> {
        let client = self.client(Client::builder().connect_timeout(TIMEOUT).read_timeout(SILENCE))?;
        let mut request = self.request(&client, Method::GET, path, query)?;
        if let Some(seen) = seen {
            request = request.header("last-event-id", seen);
        }
        Ok(Stream::new(self.answer(request).await?))
    }

    fn client(&self, builder: ClientBuilder) -> anyhow::Result<Client> {
        let mut builder = builder.redirect(reqwest::redirect::Policy::none());
        if let Some(path) = &self.server_ca_file {
            let text = std::fs::read(path).with_context(|| format!("failed to read `{}`", path.display()))?;
            let authorities = reqwest::Certificate::from_pem_bundle(&text);
            let authorities = authorities.with_context(|| format!("`{}` is not PEM", path.display()))?;
            builder = builder.tls_certs_only(authorities);
        }
        Ok(builder.build()?)
    }

    fn request(
        &self,
        client: &Client,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
    ) -> anyhow::Result<RequestBuilder> {
        let mut url = self.server.join(path).context("failed to make the address")?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = client.request(method, url);
        Ok(match self.key()? {
            Some(key) => request.bearer_auth(key.expose()),
            None => request,
        })
    }

    /// The key to ask with. It does not leave this machine in the clear.
    fn key(&self) -> anyhow::Result<Option<ApiKey>> {
        let Some(path) = &self.api_key_file else { return Ok(None) };
        if !keeps_secrets(&self.server) {
            anyhow::bail!(
                "the API key would be sent in the clear: the address of the daemon has to be `https://…`"
            );
        }
        let text = std::fs::read_to_string(path)
            .map(Zeroizing::new)
            .with_context(|| format!("failed to read the API key from {}", path.display()))?;
        let key =
            ApiKey::parse(text.trim()).with_context(|| format!("{} holds no API key", path.display()))?;
        Ok(Some(key))
    }

    async fn answer(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let answer = request.send().await;
        let answer = answer
            .with_context(|| format!("failed to ask the daemon at {}; does it run there?", self.server))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let problem: serde_json::Value = answer.json().await.unwrap_or_default();
        let detail = problem["detail"].as_str().or(problem["title"].as_str()).unwrap_or("no reason given");
        Err(Refused { status, detail: detail.to_owned() }.into())
    }
}

/// Whether nobody on the way can read along.
fn keeps_secrets(server: &url::Url) -> bool {
    let is_here = match server.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    server.scheme() == "https" || is_here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_leaves_this_machine_encrypted_or_not_at_all() {
        for (server, expected) in [
            ("https://keyforge.example", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://localhost", true),
            ("http://keyforge.example", false),
            ("http://localhost.example", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(keeps_secrets(&server.parse().expect("a URL")), expected, "{server}");
        }
    }
}
