//! The cluster: all that is read from and written to Kubernetes.
//!
//! ```text
//! wire         one call, bounded in time and size          kinds     what the server knows
//! actor        as whom it is made                          roles     what appliers may do
//! server       which server and cluster this is            lease     one database per installation
//! credentials  the controller's Secret of a union          account   what it keeps of ours in the server
//! record       the state object of a union                  anchor   the audit's newest checkpoint
//! references   Secrets that documents name                 mask      values as fingerprints
//! observe      what exists, beside its dry-run             health    does it work?
//! apply        the writes: apply and delete                memory    what was found equal, and what moved
//! watch        what moved, told to who waits               inventory what carries our label
//! stuck        why a deletion does not end                 foreign   what stands in unions' namespaces and is not ours
//! said         what its pods and the cluster say of a union in trouble
//! forward      the way to a union's server through its pod
//! ```
//!
//! Invariants: nothing else talks to Kubernetes. Whoever calls `apply`, `delete`, `draw` and `record` carries out a
//! plan; nothing here decides. Into a union's namespace they write as its applier. Every call has a timeout and a bound; none
//! is tried twice, but for the moment that a server needs to learn of a binding. Values of Secrets leave this
//! module as fingerprints only (`mask`).

mod account;
mod actor;
mod anchor;
mod apply;
mod credentials;
mod error;
mod foreign;
mod forward;
mod health;
mod inventory;
mod kinds;
mod labels;
mod lease;
mod mask;
mod memory;
mod observe;
mod pods;
mod record;
mod references;
mod roles;
mod said;
mod seen;
mod server;
mod stuck;
mod takeover;
mod watch;
mod wire;

pub use account::{KeptAccount, SecretVersion};
pub use anchor::Anchor;
pub use apply::{Applied, Deleted};
pub use credentials::ControllerFacts;
pub use error::{Call, Error, Retry, Verb};
pub use forward::Forwarded;
pub use health::health;
pub use lease::Lease;
pub use memory::{Moved, What};
pub use references::Referenced;
pub use said::{Said, Told};
pub use server::Server;
pub use stuck::{Stuck, WhyStuck};
pub use watch::Moves;
pub use wire::CALL_TIMEOUT;

use std::path::PathBuf;
use std::sync::Arc;

use kube::config::{Config, KubeConfigOptions};

use crate::ids::ResourceId;
use crate::names::{InstallationId, UnionName};

/// Where the cluster is.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Options {
    /// File with address and credentials of the cluster [default: those of the pod, else $KUBECONFIG]
    #[arg(long, env = "KEYFORGE_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Context of that file [default: its current one]
    #[arg(long, env = "KEYFORGE_CONTEXT")]
    pub context: Option<String>,
    /// Namespace of what the daemon keeps for itself: credentials, state, lease
    #[arg(long, env = "KEYFORGE_NAMESPACE", default_value = "keyforge")]
    pub namespace: String,
}

/// One Kubernetes cluster, as one installation of Keyforge sees it. Clones share what they know.
#[derive(Clone)]
pub struct Cluster {
    wire: wire::Wire,
    namespace: Arc<str>,
    installation: InstallationId,
    kinds: Arc<kinds::Kinds>,
    key: Arc<mask::Key>,
    forwards: Arc<forward::Forwards>,
    around_us: bool,
    memory: Arc<memory::Memory>,
}

impl Cluster {
    /// Reads address and credentials. Asks nobody: a cluster that is away now is a matter of the first call.
    ///
    /// # Errors
    /// [`Error::Settings`] where there is no sound kubeconfig.
    pub async fn connect(options: &Options, installation: InstallationId) -> Result<Self, Error> {
        let settings = |error| Error::Settings(Box::new(error));
        let chosen = options.kubeconfig.is_some() || options.context.is_some();
        let of_the_pod = if chosen { None } else { Config::incluster().ok() };
        let around_us = of_the_pod.is_some();
        let config = match (of_the_pod, &options.kubeconfig) {
            (Some(config), _) => config,
            (None, path) => {
                let rules = KubeConfigOptions { context: options.context.clone(), ..Default::default() };
                let read = match path {
                    Some(path) => match kube::config::Kubeconfig::read_from(path) {
                        Ok(file) => Config::from_custom_kubeconfig(file, &rules).await,
                        Err(error) => Err(error),
                    },
                    None => Config::from_kubeconfig(&rules).await,
                };
                read.map_err(|error| settings(kube::Error::InferKubeconfig(error)))?
            }
        };
        let mut cluster = Self::new(wire::Wire::new(config)?, &options.namespace, installation);
        cluster.around_us = around_us;
        Ok(cluster)
    }

    /// Through a client of one's own: tests script the answers of a server with it.
    pub fn through(client: kube::Client, namespace: &str, installation: InstallationId) -> Self {
        Self::new(wire::Wire::through(client), namespace, installation)
    }

    /// The same cluster for who only looks: reads and dry-runs go out, everything else is refused here.
    pub fn observing(mut self) -> Self {
        self.wire = self.wire.observing();
        self
    }

    fn new(wire: wire::Wire, namespace: &str, installation: InstallationId) -> Self {
        let namespace: Arc<str> = namespace.into();
        let memory = Arc::new(memory::Memory::new(namespace.clone()));
        Self {
            wire,
            namespace,
            installation,
            kinds: Arc::default(),
            key: Arc::default(),
            forwards: Arc::default(),
            around_us: false,
            memory,
        }
    }

    /// The namespace of what the daemon keeps for itself.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Whether this process is a pod of it, and reaches its Services by their names.
    pub fn is_around_us(&self) -> bool {
        self.around_us
    }

    /// Whose objects these are.
    pub fn installation(&self) -> &InstallationId {
        &self.installation
    }

    /// An object of the daemon's own namespace.
    fn own(&self, api_version: &str, kind: &str, name: String) -> ResourceId {
        let namespace = Some(self.namespace.to_string());
        ResourceId { kind: kind.into(), namespace, name, api_version: api_version.into() }
    }

    /// The controller's Secret of a union.
    fn credentials_id(&self, union: &UnionName) -> ResourceId {
        self.own("v1", "Secret", format!("{}-credentials", union.namespace()))
    }

    /// The state object of a union.
    fn record_id(&self, union: &UnionName) -> ResourceId {
        self.own("v1", "ConfigMap", union.namespace())
    }
}
