//! A real Kubernetes cluster for a test program: `tests/devcluster` with pods that only pretend to run, or the one that
//! `KEYFORGE_KUBECONFIG` names.
//!
//! One cluster serves all tests of a program; each takes names of its own. Only who takes the API server away starts
//! another one. A cluster ends when its standard input closes, so also when the test program is killed.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::part::Part;
use super::standin;

/// What the API server records: each write, with who sent it and when it came and was answered.
const AUDIT: &str = "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules:\n\
                     - {level: Metadata, verbs: [create, update, patch, delete, deletecollection]}\n";

/// A running cluster.
pub struct DevCluster {
    /// Its kubeconfig, with all rights.
    pub kubeconfig: PathBuf,
    started: Option<Started>,
}

/// A cluster of ours; it ends when this is dropped.
struct Started {
    program: PathBuf,
    folder: PathBuf,
    hook: Option<TcpListener>,
    _part: Part,
}

/// The cluster of this test program.
pub fn shared() -> &'static DevCluster {
    static SHARED: OnceLock<Option<DevCluster>> = OnceLock::new();
    let given = || replaced().map(|kubeconfig| DevCluster { kubeconfig, started: None });
    SHARED.get_or_init(given).as_ref().unwrap_or_else(|| equipped())
}

/// One of ours, which all of a test program share too, that records every write and asks a server of this program.
pub fn equipped() -> &'static DevCluster {
    static EQUIPPED: OnceLock<DevCluster> = OnceLock::new();
    EQUIPPED.get_or_init(DevCluster::start_equipped)
}

/// The cluster that is used instead of one of ours.
fn replaced() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "it replaces a part of the tests, not a setting of the product"
    )]
    std::env::var_os("KEYFORGE_KUBECONFIG").map(Into::into)
}

/// The control plane of another Kubernetes version (`make test-skew`).
#[expect(
    clippy::disallowed_methods,
    reason = "it replaces a part of the tests, not a setting of the product"
)]
fn other_version() -> Option<PathBuf> {
    std::env::var_os("KEYFORGE_CONTROL_PLANE").map(Into::into)
}

impl DevCluster {
    /// A cluster of one's own.
    pub fn start() -> Self {
        Self::up(new_folder(), &["--runtime", "fake"])
    }

    /// One whose pods run, for what only they can answer.
    pub fn running() -> Self {
        Self::running_with(&[], &[])
    }

    /// One whose servers let as many daemons log in as come: each of those that a test starts does, within minutes, and
    /// servers count them.
    pub fn welcoming() -> Self {
        let generous = [("ADMIN_RATELIMIT_MAX_BURST", "1000"), ("LOGIN_RATELIMIT_MAX_BURST", "1000")];
        Self::running_with(&generous, &[])
    }

    /// One whose pods reach a server of this machine at [`DevCluster::MACHINE`] and this port.
    pub fn running_beside(port: &str) -> Self {
        Self::running_with(&[], &["--host-port", &format!("beside={port}")])
    }

    /// Where the machine is, seen from inside.
    pub const MACHINE: &str = "10.0.0.1";

    fn running_with(environment: &[(&str, &str)], more: &[&str]) -> Self {
        let folder = new_folder();
        let images = folder.join("images.json");
        std::fs::write(&images, standin::images(environment).to_string()).expect("written");
        let images = images.to_str().expect("UTF-8").to_owned();
        Self::up(folder, &[&["--runtime", "process", "--images", &images], more].concat())
    }

    fn start_equipped() -> Self {
        let folder = new_folder();
        let policy = folder.join("audit-policy.yaml");
        std::fs::write(&policy, AUDIT).expect("written");
        let policy = policy.to_str().expect("UTF-8").to_owned();
        let hook = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = format!("hook={}", hook.local_addr().expect("a bound address").port());
        let mut cluster =
            Self::up(folder, &["--runtime", "fake", "--audit-policy", &policy, "--host-port", &port]);
        cluster.started.as_mut().expect("it is ours").hook = Some(hook);
        cluster
    }

    fn up(folder: PathBuf, options: &[&str]) -> Self {
        let program = program().to_owned();
        // The shell waits for the cluster and clears up behind it, also when this process is not there any more.
        let mut command = Command::new("sh");
        command
            .args(["-c", r#"d=$2 c=$1; shift 2; "$c" up --dir "$d" "$@"; rm -rf "$d""#, "devcluster"])
            .args([&program, &folder])
            .args(options)
            .args(other_version().iter().flat_map(|binary| ["--control-plane".as_ref(), binary.as_os_str()]));
        // KUBECONFIG, INGRESS, CA, RUNTIME: once it has said the last, it is ready.
        let (part, said) = Part::start(&mut command, 4).expect("the cluster starts; it says above why not");
        let kubeconfig = said.iter().find_map(|line| line.strip_prefix("KUBECONFIG="));
        let kubeconfig = kubeconfig.expect("it says where its kubeconfig is").into();
        Self { kubeconfig, started: Some(Started { program, folder, hook: None, _part: part }) }
    }

    /// Stops or starts a component, or kills it so that it is started again: `order("kill", "kube-apiserver")`.
    pub fn order(&self, verb: &str, component: &str) {
        let started = self.started.as_ref().expect("only a cluster of ours takes orders");
        let mut order = Command::new(&started.program);
        order.arg(verb).arg("--dir").arg(&started.folder).arg(component);
        assert!(order.status().expect("devcluster runs").success(), "{verb} {component}");
    }

    /// What an equipped one has recorded.
    pub fn audit(&self) -> String {
        let started = self.started.as_ref().expect("only a cluster of ours is equipped");
        std::fs::read_to_string(started.folder.join("log/audit.log")).expect("it was written to")
    }

    /// Where an equipped one looks for a server of this program.
    pub fn hook(&self) -> Hook {
        let started = self.started.as_ref().expect("only a cluster of ours is equipped");
        let listener = started.hook.as_ref().and_then(|hook| hook.try_clone().ok()).expect("it is equipped");
        let mut certificate = Command::new(&started.program);
        certificate.arg("cert").arg("--dir").arg(&started.folder).args(["10.0.0.1", "127.0.0.1"]);
        let said = String::from_utf8(certificate.output().expect("devcluster runs").stdout).expect("text");
        let path = |key: &str| said.lines().find_map(|line| line.strip_prefix(key)).expect("a path").into();
        let authority = started.folder.join("pki/ca.crt");
        Hook { listener, certificate: path("CERT="), key: path("KEY="), authority }
    }
}

/// A place for a server that a cluster asks.
pub struct Hook {
    pub listener: TcpListener,
    /// For the addresses by which clusters reach this machine: of their API server, in a network of their own, or its own.
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Who vouches for the certificate.
    pub authority: PathBuf,
}

fn new_folder() -> PathBuf {
    tempfile::Builder::new().prefix("kf").tempdir().expect("a folder").keep()
}

/// The program, which is `kubectl` too; built once for all.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(build)
}

fn build() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/devcluster/build.sh");
    let built = Command::new("sh").arg(script).stderr(Stdio::inherit()).output().expect("a shell starts");
    assert!(built.status.success(), "devcluster is built");
    String::from_utf8(built.stdout).expect("a path").trim().into()
}
