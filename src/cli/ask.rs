//! Asking the daemon: commands that show what it knows are clients of its API (decisions.md 4).

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

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

/// Which daemon is asked.
#[derive(Debug, clap::Args)]
pub(super) struct Daemon {
    /// Address of the daemon
    #[arg(long, env = "KEYFORGE_SERVER", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    server: url::Url,
    /// File that holds the API key to ask it with, where it wants to know who asks
    #[arg(long, env = "KEYFORGE_API_KEY_FILE", value_name = "FILE")]
    api_key_file: Option<PathBuf>,
}

/// Form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Output {
    /// For people.
    Text,
    /// For programs: what the API answers.
    Json,
}

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

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
        let mut url = self.server.join(path).context("failed to make the address")?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let mut request = client.get(url);
        if let Some(key) = self.key()? {
            request = request.bearer_auth(key.expose());
        }
        let answer = request.send().await;
        let answer = answer
            .with_context(|| format!("failed to ask the daemon at {}; does it run there?", self.server))?;
        let status = answer.status();
        if !status.is_success() {
            let problem: serde_json::Value = answer.json().await.unwrap_or_default();
            let detail =
                problem["detail"].as_str().or(problem["title"].as_str()).unwrap_or("no reason given");
            anyhow::bail!("the daemon answers {status}: {detail}");
        }
        answer.json().await.context("failed to read the daemon's answer")
    }

    /// The key to ask with. It does not leave this machine in the clear.
    fn key(&self) -> anyhow::Result<Option<ApiKey>> {
        let Some(path) = &self.api_key_file else { return Ok(None) };
        let local = match self.server.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if self.server.scheme() != "https" && !local {
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
}
