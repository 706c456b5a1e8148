//! How the story sees what happened: the daemon's API, `keyforge`, `kubectl`, and a union's own URL.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Certificate, Client, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{MissedTickBehavior, interval};

/// How long a step may take. Far above what it takes, so that only a fault meets it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// Looks until there is something.
pub(crate) async fn until<T, F>(what: &str, mut look: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Option<T>>,
{
    let start = Instant::now();
    let mut tick = interval(Duration::from_millis(100));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while start.elapsed() < DEADLINE {
        tick.tick().await;
        if let Some(found) = look().await {
            return Ok(found);
        }
    }
    bail!("{what}: not seen within {} s", DEADLINE.as_secs())
}

/// The daemon's API.
pub(crate) struct Api {
    pub(crate) url: String,
    client: Client,
}

impl Api {
    pub(crate) fn new(url: String) -> Result<Self> {
        Ok(Self { url, client: Client::builder().timeout(Duration::from_secs(10)).build()? })
    }

    /// Whether a path is answered with success.
    pub(crate) async fn answers(&self, path: &str) -> Option<()> {
        let answer = self.client.get(format!("{}{path}", self.url)).send().await.ok()?;
        answer.status().is_success().then_some(())
    }

    /// Whether something that the daemon needs is `up` or `down`.
    pub(crate) async fn needs(&self, what: &str) -> Option<String> {
        let answer = self.client.get(format!("{}/health", self.url)).send().await.ok()?;
        let body: Value = answer.json().await.ok()?;
        Some(body["dependencies"][what]["status"].as_str()?.to_owned())
    }

    /// All unions as the list shows them.
    pub(crate) async fn unions(&self) -> Option<Vec<Value>> {
        let answer = self.client.get(format!("{}/api/v1/unions", self.url)).send().await.ok()?;
        let mut page: Value = answer.json().await.ok()?;
        serde_json::from_value(page["items"].take()).ok()
    }

    /// One of them.
    pub(crate) async fn union(&self, name: &str) -> Option<Value> {
        self.unions().await?.into_iter().find(|union| union["name"] == name)
    }

    /// Waits until a union is current at a commit, and healthy.
    pub(crate) async fn current(&self, union: &str, commit: &str) -> Result<Value> {
        until(&format!("`{union}` is current at {commit}"), async || {
            let seen = self.union(union).await?;
            let applied = seen["appliedRevision"].as_str().is_some_and(|applied| applied.ends_with(commit));
            (applied && seen["state"] == "current" && seen["health"] == "current").then_some(seen)
        })
        .await
    }

    /// Waits until a society is as its document says, and something more is true of it.
    pub(crate) async fn society(
        &self,
        union: &str,
        name: &str,
        what: &str,
        is_so: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let url = format!("{}/api/v1/unions/{union}/societies/{name}", self.url);
        until(what, async || {
            let society: Value = self.client.get(&url).send().await.ok()?.json().await.ok()?;
            (society["state"] == "current" && is_so(&society)).then_some(society)
        })
        .await
    }

    /// Waits until a union is in a state.
    pub(crate) async fn state(&self, union: &str, state: &str) -> Result<Value> {
        until(&format!("`{union}` is {state}"), async || {
            self.union(union).await.filter(|seen| seen["state"] == state)
        })
        .await
    }
}

/// A program of ours or of Kubernetes, with what it is always told.
pub(crate) struct Tool {
    /// What a person types for it.
    pub(crate) typed: String,
    pub(crate) program: PathBuf,
    pub(crate) before: Vec<String>,
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Tool {
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.before).args(words(line)).envs(self.environment.iter().cloned());
        command.kill_on_drop(true);
        command
    }

    /// The answer, and the exit code.
    pub(crate) async fn ask(&self, line: &str) -> Result<(String, i32)> {
        let output = self.command(line).output().await;
        let output = output.with_context(|| format!("cannot run {}", self.program.display()))?;
        let text = [output.stdout, output.stderr].concat();
        Ok((String::from_utf8_lossy(&text).into_owned(), output.status.code().unwrap_or(-1)))
    }

    /// The answer of what must succeed, to what it is given on standard input.
    pub(crate) async fn given(&self, line: &str, input: &str) -> Result<String> {
        let mut command = self.command(line);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        child.stdin.take().context("it is piped")?.write_all(input.as_bytes()).await?;
        let output = child.wait_with_output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`{} {line}` failed: {}", self.typed, said.trim());
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The answer of what must succeed.
    pub(crate) async fn run(&self, line: &str) -> Result<String> {
        match self.ask(line).await? {
            (answer, 0) => Ok(answer),
            (answer, _) => bail!("`{} {line}` failed: {}", self.typed, answer.trim()),
        }
    }
}

/// Words of a command line; single quotes hold one together.
fn words(line: &str) -> Vec<String> {
    let quoted = line.split('\'').enumerate();
    quoted
        .flat_map(|(at, part)| match at % 2 {
            1 => vec![part.to_owned()],
            _ => part.split_whitespace().map(str::to_owned).collect(),
        })
        .collect()
}

/// How a union's server is reached from this machine.
pub(crate) enum Reach {
    /// Through the dev cluster's ingress, as its members do.
    Ingress {
        /// Where it listens.
        address: SocketAddr,
        /// Who signed its certificates, as PEM.
        ca: Vec<u8>,
    },
    /// Through the API server: no other way is known into a given cluster, nor to the load balancers of the dev cluster,
    /// whose addresses are inside of it.
    PortForward {
        /// The certificate of a server that speaks TLS itself, as PEM.
        certificate: Option<Vec<u8>>,
    },
}

/// A way to a union's server that is open.
pub(crate) struct Door {
    pub(crate) client: Client,
    pub(crate) url: String,
    /// Kept open: kubectl goes on talking.
    _forward: Option<(Child, Lines<BufReader<ChildStdout>>)>,
}

impl Reach {
    /// Opens it; `None` while nobody leads there.
    pub(crate) async fn open(&self, union: &str, kubectl: &Tool) -> Option<Door> {
        match self {
            Self::Ingress { address, ca } => by_tls(union, *address, ca),
            Self::PortForward { certificate } => {
                let remote = if certificate.is_some() { 443 } else { 80 };
                let line = format!("port-forward --namespace union-{union} service/vaultwarden :{remote}");
                let mut forward = kubectl.command(&line);
                let forward = forward.stdout(Stdio::piped()).stderr(Stdio::null());
                let mut forward = forward.spawn().ok()?;
                let mut said = BufReader::new(forward.stdout.take()?).lines();
                let line = said.next_line().await.ok()??;
                let port =
                    line.strip_prefix("Forwarding from 127.0.0.1:")?.split(' ').next()?.parse().ok()?;
                let door = match certificate {
                    Some(pem) => by_tls(union, SocketAddr::from(([127, 0, 0, 1], port)), pem)?,
                    None => Door {
                        client: Client::new(),
                        url: format!("http://127.0.0.1:{port}"),
                        _forward: None,
                    },
                };
                Some(Door { _forward: Some((forward, said)), ..door })
            }
        }
    }
}

impl Door {
    /// What `/alive` answers: the status and the body; `None` while nobody does.
    pub(crate) async fn alive(&self) -> Option<(StatusCode, String)> {
        let answer = self.client.get(format!("{}/alive", self.url)).send().await.ok()?;
        let status = answer.status();
        Some((status, answer.text().await.ok()?))
    }
}

/// To an address, asking for the union's host, and trusting this certificate alone.
fn by_tls(union: &str, address: SocketAddr, pem: &[u8]) -> Option<Door> {
    let host = format!("{union}.localhost");
    let client = Client::builder()
        .tls_certs_only([Certificate::from_pem(pem).ok()?])
        .resolve(&host, address)
        .timeout(Duration::from_secs(10));
    let url = format!("https://{host}:{}", address.port());
    Some(Door { client: client.build().ok()?, url, _forward: None })
}
