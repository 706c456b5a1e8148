//! A real Kubernetes cluster for a test program: `tests/devcluster` with pods that only pretend to run, or the one that
//! `KEYFORGE_KUBECONFIG` names.
//!
//! One cluster serves all tests of a program; each takes names of its own. Only who takes the API server away starts
//! another one. A cluster ends when its standard input closes, so also when the test program is killed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::part::Part;
use super::standin;

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
    _part: Part,
}

/// The cluster of this test program.
pub fn shared() -> &'static DevCluster {
    static SHARED: OnceLock<DevCluster> = OnceLock::new();
    SHARED.get_or_init(|| match replaced() {
        Some(kubeconfig) => DevCluster { kubeconfig, started: None },
        None => DevCluster::start(),
    })
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
        Self::up(
            tempfile::Builder::new().prefix("kf").tempdir().expect("a folder").keep(),
            &["--runtime", "fake"],
        )
    }

    /// One whose pods run, for what only they can answer.
    pub fn running() -> Self {
        let folder = tempfile::Builder::new().prefix("kf").tempdir().expect("a folder").keep();
        let images = folder.join("images.json");
        std::fs::write(&images, standin::images().to_string()).expect("written");
        let images = images.to_str().expect("UTF-8").to_owned();
        Self::up(folder, &["--runtime", "process", "--images", &images])
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
        Self { kubeconfig, started: Some(Started { program, folder, _part: part }) }
    }

    /// Stops or starts a component, or kills it so that it is started again: `order("kill", "kube-apiserver")`.
    pub fn order(&self, verb: &str, component: &str) {
        let started = self.started.as_ref().expect("only a cluster of ours takes orders");
        let mut order = Command::new(&started.program);
        order.arg(verb).arg("--dir").arg(&started.folder).arg(component);
        assert!(order.status().expect("devcluster runs").success(), "{verb} {component}");
    }
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
