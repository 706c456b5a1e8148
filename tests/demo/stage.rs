//! The parts of the demo: started in order, ended in reverse. Each can be replaced by one that is there already.
//!
//! | part | instead |
//! |---|---|
//! | PostgreSQL, private | the server of `DATABASE_URL`, with a database of our own |
//! | Kubernetes, `tests/devcluster` | the cluster of `KEYFORGE_KUBECONFIG` |
//! | VaultWarden's stand-in | the program `VAULTWARDEN_BIN` (on the dev cluster) |

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::around;
use crate::closed::Closed;
use crate::door;
use crate::eyes::{Api, Door, Reach, Tool, until};
use crate::info;
use crate::narrator::Narrator;
use crate::part::Part;
use crate::postgres;
use crate::remote::{BRANCH, Fields, Remote};
use crate::standin;

/// What the daemon calls itself on the cluster.
const INSTALLATION: &str = "demo";
/// Where the daemon's own objects are.
const NAMESPACE: &str = "keyforge-demo";

/// What the dev cluster cannot serve. Its ingress has a class of its own instead of `nginx`, neither that nor its load
/// balancers ask from where somebody comes, and no mail leaves it.
const BEYOND_DEV: [(usize, &str); 3] = [(4, "className"), (4, "allowFrom"), (4, "smtp")];

/// What a given cluster is not asked for: the operator's Secrets, node pool and priority class are not made there, and
/// nobody knows whether it has the storage class, addresses for load balancers, or room for another database.
const BEYOND_GIVEN: [(usize, &str); 8] = [
    (4, "smtp"),
    (4, "sso"),
    (4, "push"),
    (2, "database"),
    (2, "storage"),
    (2, "expose"),
    (2, "placement"),
    (2, "backup"),
];

/// The file of the folder that vouches for servers which speak TLS themselves.
const TRUSTED: &str = "servers.pem";

/// Everything that runs. The order of the fields is the order in which it ends.
pub(crate) struct Stage {
    daemon: Option<Part>,
    cluster: Cluster,
    database: Database,
    /// The unions past the ingress, and how they are reached.
    balanced: BTreeMap<String, Reach>,
    pub(crate) remote: Remote,
    pub(crate) api: Api,
    pub(crate) keyforge: Tool,
    folder: TempDir,
}

impl Stage {
    pub(crate) async fn set(narrator: &mut Narrator) -> Result<Self> {
        narrator.chapter("What it needs");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = tempfile::Builder::new().prefix("keyforge-demo-").tempdir()?;
        fs::create_dir_all(info::folder())?;
        info::remove();
        File::create(info::folder().join("daemon.log"))?;

        let start = Instant::now();
        let database = Database::start(root).await?;
        narrator.done(&format!("PostgreSQL, {}", database.what), start);
        let start = Instant::now();
        let cluster = Cluster::start(root, folder.path())?;
        narrator.done(&format!("Kubernetes, {}", cluster.what), start);
        let start = Instant::now();
        let domain = |union: &str| cluster.domain(union);
        let remote = Remote::make(folder.path(), &root.join("example-repo"), cluster.beyond(), domain)?;
        narrator.done("a Git remote with three unions, made from example-repo/", start);

        let mut balanced = BTreeMap::new();
        if cluster.part.is_some() {
            let start = Instant::now();
            let certificate = around::make(folder.path(), &cluster.kubectl, NAMESPACE).await?;
            fs::write(folder.path().join(TRUSTED), &certificate)?;
            for union in remote.unions()? {
                if remote.is_balanced(&union)? {
                    balanced.insert(union, Reach::PortForward { certificate: Some(certificate.clone()) });
                }
            }
            narrator.done("what the operator gives: Secrets, a node pool, a priority class", start);
        }

        let start = Instant::now();
        let api = Api::new(format!("http://127.0.0.1:{}", free_port()?))?;
        let keyforge = Tool {
            typed: "keyforge".into(),
            program: built("keyforge")?,
            before: Vec::new(),
            environment: vec![("KEYFORGE_SERVER", api.url.clone())],
        };
        let kubeconfig = &cluster.kubeconfig;
        let mut command = daemon(&keyforge.program, &remote, &database.url, kubeconfig, &api, folder.path())?;
        let (daemon, _) = Part::start(&mut command, 0)?;
        until("the daemon is ready", async || api.answers("/health/ready").await).await?;
        narrator.done("the daemon, `keyforge run`", start);
        narrator.end();
        Ok(Self { daemon: Some(daemon), cluster, database, balanced, remote, api, keyforge, folder })
    }

    pub(crate) fn kubectl(&self) -> &Tool {
        &self.cluster.kubectl
    }

    pub(crate) fn kubeconfig(&self) -> &str {
        &self.cluster.kubeconfig
    }

    pub(crate) fn database_url(&self) -> &str {
        &self.database.url
    }

    /// The file with the CA's certificate, where the cluster is ours.
    pub(crate) fn ca(&self) -> Option<&str> {
        self.cluster.ca.as_deref()
    }

    /// The URL that a union's members use.
    pub(crate) fn domain(&self, union: &str) -> String {
        self.cluster.domain(union)
    }

    /// A way to a union's server from this machine.
    pub(crate) async fn door(&self, union: &str) -> Option<Door> {
        let reach = self.balanced.get(union).unwrap_or(&self.cluster.reach);
        reach.open(union, self.kubectl()).await
    }

    /// What `/alive` of a union answers.
    pub(crate) async fn alive(&self, union: &str) -> Option<(reqwest::StatusCode, String)> {
        self.door(union).await?.alive().await
    }

    /// Has the daemon look at the remote now, until it has found it like this.
    pub(crate) async fn looks_at_git(&self, status: &str) -> Result<()> {
        self.keyforge.run("sync").await?;
        let look = async || (self.api.needs("git").await? == status).then_some(());
        until(&format!("the remote is {status}"), look).await
    }

    /// Ends the daemon, and starts the one that is built now.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        let Self { cluster, database, remote, api, keyforge, folder, .. } = &*self;
        let kubeconfig = &cluster.kubeconfig;
        let mut command = daemon(&keyforge.program, remote, &database.url, kubeconfig, api, folder.path())?;
        self.daemon = None;
        self.daemon = Some(Part::start(&mut command, 0)?.0);
        until("the daemon is ready again", async || self.api.answers("/health/ready").await).await
    }

    /// A daemon beside it that asks everybody who they are; `None` where the database is not ours to take away.
    pub(crate) async fn closed(&self) -> Result<Option<Closed>> {
        if !matches!(self.database.server, Server::Private(_)) {
            return Ok(None);
        }
        let sites = (
            Api::new(format!("http://127.0.0.1:{}", free_port()?))?,
            format!("http://127.0.0.1:{}", free_port()?),
        );
        let folder = self.folder.path().join("closed");
        fs::create_dir_all(&folder)?;
        let (kubeconfig, cluster) = self.cluster.behind_a_door(&folder).await?;
        let command = |api: &Api, database_url: &str| {
            daemon(&self.keyforge.program, &self.remote, database_url, &kubeconfig, api, &folder)
        };
        let database_url = &self.database.url;
        Closed::start(&self.keyforge, command, sites, database_url, cluster, &folder).await.map(Some)
    }

    /// Ends everything and checks that nothing is left.
    pub(crate) async fn strike(self) -> Result<()> {
        let Self { daemon, cluster, database, folder, .. } = self;
        drop(daemon);
        cluster.end().await?;
        drop(database);
        let path = folder.path().to_owned();
        folder.close().with_context(|| format!("cannot remove {}", path.display()))?;
        info::remove();
        let left = naming(&path)?;
        ensure!(left.is_empty(), "still running after the end: {}", left.join("; "));
        Ok(())
    }
}

/// A database that is ours alone.
struct Database {
    what: &'static str,
    url: String,
    server: Server,
}

/// Ends, or is left as it was, when this is dropped.
#[expect(dead_code, reason = "held for its end")]
enum Server {
    Private(Part),
    Given(postgres::Database),
}

impl Database {
    async fn start(root: &Path) -> Result<Self> {
        if variable("DATABASE_URL").is_some() {
            let database = postgres::Database::empty().await;
            let what = "the server of DATABASE_URL, with a database of its own";
            return Ok(Self { what, url: database.url.clone(), server: Server::Given(database) });
        }
        let mut serve = Command::new(root.join("tests/postgres.sh"));
        let (part, said) = Part::start(serve.arg("serve"), 1).context("PostgreSQL did not start")?;
        Ok(Self { what: "private, gone at the end", url: said[0].clone(), server: Server::Private(part) })
    }
}

struct Cluster {
    what: String,
    kubeconfig: String,
    ca: Option<String>,
    kubectl: Tool,
    reach: Reach,
    part: Option<Part>,
}

impl Cluster {
    fn start(root: &Path, folder: &Path) -> Result<Self> {
        match variable("KEYFORGE_KUBECONFIG") {
            Some(kubeconfig) => Ok(Self::given(kubeconfig)),
            None => Self::dev(root, &folder.join("cluster")),
        }
    }

    fn dev(root: &Path, folder: &Path) -> Result<Self> {
        let build = Command::new(root.join("tests/devcluster/build.sh"))
            .stderr(std::process::Stdio::inherit())
            .output();
        let build = build.context("cannot run tests/devcluster/build.sh")?;
        ensure!(build.status.success(), "the dev cluster could not be built");
        let program = PathBuf::from(String::from_utf8_lossy(&build.stdout).trim());
        fs::create_dir_all(folder)?;
        let images = folder.join("images.json");
        fs::write(&images, standin::images(&[]).to_string())?;

        let mut up = Command::new(&program);
        up.args(["up", "--runtime", "process", "--dir"]).arg(folder).arg("--images").arg(images);
        up.stderr(File::create(info::folder().join("cluster.log"))?);
        let (part, said) = Part::start(&mut up, 4).with_context(|| {
            let log = fs::read_to_string(info::folder().join("cluster.log")).unwrap_or_default();
            format!("the dev cluster did not start: {}", log.trim())
        })?;
        let said = |key: &str| {
            let value = said.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            value.map(str::to_owned).with_context(|| format!("the dev cluster did not say {key}"))
        };
        let (kubeconfig, ca, ingress) = (said("KUBECONFIG")?, said("CA")?, said("INGRESS")?);
        let address = ingress.strip_prefix("https://").and_then(|address| address.parse().ok());
        let reach = Reach::Ingress { address: address.context("INGRESS is no address")?, ca: fs::read(&ca)? };
        Ok(Self {
            what: "a real control plane and kubelet, private".into(),
            kubectl: kubectl(&kubeconfig, Some(program)),
            kubeconfig,
            ca: Some(ca),
            reach,
            part: Some(part),
        })
    }

    fn given(kubeconfig: String) -> Self {
        Self {
            what: format!("the cluster of {kubeconfig}"),
            kubectl: kubectl(&kubeconfig, None),
            kubeconfig,
            ca: None,
            reach: Reach::PortForward { certificate: None },
            part: None,
        }
    }

    /// What it is not asked for.
    fn beyond(&self) -> &'static Fields {
        if self.part.is_some() { &BEYOND_DEV } else { &BEYOND_GIVEN }
    }

    fn domain(&self, union: &str) -> String {
        match &self.reach {
            Reach::Ingress { address, .. } => format!("https://{union}.localhost:{}", address.port()),
            Reach::PortForward { .. } => format!("https://{union}.localhost"),
        }
    }

    /// A kubeconfig for a way to it that can be shut; without one where it is not ours.
    async fn behind_a_door(&self, folder: &Path) -> Result<(String, Option<door::Door>)> {
        if self.part.is_none() {
            return Ok((self.kubeconfig.clone(), None));
        }
        let text = fs::read_to_string(&self.kubeconfig)?;
        let server = text.split_once("https://").and_then(|(_, rest)| rest.split_once('"'));
        let (server, _) = server.context("the dev cluster's kubeconfig names no server")?;
        let door = door::Door::before(server.parse()?).await;
        door.open();
        let path = folder.join("kubeconfig");
        fs::write(&path, text.replace(server, door.url.trim_start_matches("http://")))?;
        Ok((path.to_str().context("UTF-8")?.to_owned(), Some(door)))
    }

    async fn end(self) -> Result<()> {
        if self.part.is_none() {
            let ours = format!("delete namespace --selector keyforge.dev/installation={INSTALLATION}");
            self.kubectl.run(&ours).await?;
            self.kubectl.run(&format!("delete namespace {NAMESPACE} --ignore-not-found")).await?;
        }
        Ok(())
    }
}

fn kubectl(kubeconfig: &str, devcluster: Option<PathBuf>) -> Tool {
    let environment = vec![("KUBECONFIG", kubeconfig.to_owned())];
    let installed = Command::new("kubectl").args(["version", "--client"]).output().is_ok();
    match devcluster {
        Some(program) if !installed => Tool {
            typed: format!("{} kubectl", program.display()),
            program,
            before: vec!["kubectl".into()],
            environment,
        },
        _ => Tool { typed: "kubectl".into(), program: "kubectl".into(), before: Vec::new(), environment },
    }
}

fn daemon(
    program: &Path,
    remote: &Remote,
    database_url: &str,
    kubeconfig: &str,
    api: &Api,
    folder: &Path,
) -> Result<Command> {
    let mut command = Part::tied(program);
    command
        .args(["run", "--branch", BRANCH, "--installation", INSTALLATION, "--namespace", NAMESPACE])
        .args(["--listen", api.url.strip_prefix("http://").context("our own URL")?])
        .arg("--repo")
        .arg(remote.bare())
        .arg("--state-dir")
        .arg(folder.join("state"))
        .args(["--kubeconfig", kubeconfig])
        // What opens the sealed values of the example. It is public, so nothing that matters is sealed for it.
        .args(["--sealing-key-file", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/sealing.key")])
        .env("KEYFORGE_DATABASE_URL", database_url)
        .stderr(File::options().create(true).append(true).open(info::folder().join("daemon.log"))?);
    let trusted = folder.join(TRUSTED);
    if trusted.exists() {
        command.arg("--reach-ca-file").arg(trusted);
    }
    Ok(command)
}

/// A program that cargo built beside us.
pub(crate) fn built(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let path = own.ancestors().nth(2).context("cargo puts examples two folders down")?.join(name);
    ensure!(path.is_file(), "{} is missing: run `cargo build`", path.display());
    Ok(path)
}

/// A port that is free now. The daemon says its own address in its log only, so it is told one.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

#[expect(clippy::disallowed_methods, reason = "replaces a part of the demo, not a setting of the product")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Running programs that have the path in their command line.
fn naming(path: &Path) -> Result<Vec<String>> {
    let path = path.to_str().context("UTF-8")?;
    let mut found = Vec::new();
    for process in fs::read_dir("/proc")? {
        // Processes come and go while we look.
        let Ok(line) = fs::read(process?.path().join("cmdline")) else { continue };
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(path) {
            found.push(line);
        }
    }
    Ok(found)
}
