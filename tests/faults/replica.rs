//! One daemon of several, with ways of its own to PostgreSQL and to the API server that can be broken.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use http::StatusCode;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use uuid::Uuid;

use crate::scene::KEYS;
use crate::schedule::{Fault, Network};
use crate::support::daemon::{DEADLINE, Daemon, Told, until};
use crate::support::door::Door;
use crate::support::gate::{self, Gate, Written};
use crate::support::site::Site;

pub(crate) struct Replica {
    database: Door,
    cluster: Door,
    gate: Gate,
    kubeconfig: PathBuf,
    state: PathBuf,
    daemon: Option<Daemon>,
    /// What its dead daemons said.
    said: Vec<String>,
    /// The faults of its networks now.
    networks: [Option<Network>; 2],
}

impl Replica {
    /// One that is not started yet; its files are in a folder of its own.
    pub(crate) async fn new(site: &Site, kubeconfig: &Path, folder: PathBuf) -> Self {
        fs::create_dir_all(&folder).expect("a folder");
        let gate = Gate::to(kubeconfig).await;
        let (database, cluster) = (Door::to(&site.database.url).await, Door::before(gate.address()).await);
        let path = folder.join("kubeconfig");
        fs::write(&path, gate::leading_to(&cluster.url, &serde_json::json!({}))).expect("a writable folder");
        database.open();
        cluster.open();
        let state = folder.join("state");
        Self {
            database,
            cluster,
            gate,
            kubeconfig: path,
            state,
            daemon: None,
            said: Vec::new(),
            networks: [None; 2],
        }
    }

    /// Starts its daemon.
    pub(crate) fn start(&mut self, site: &Site) {
        let told = Told {
            database: &self.database.url,
            kubeconfig: &self.kubeconfig,
            state: &self.state,
            ..site.told()
        };
        let flags = ["--reach=port-forward", "--sealing-key-file", KEYS];
        self.daemon = Some(Daemon::start_by(bearing_limits(&Daemon::command(&told, &flags))));
        self.set_networks();
    }

    /// `kill -9`, and what it had sent has arrived or never will: the name by which the table of work knows it.
    pub(crate) async fn kill(&mut self) -> Option<Uuid> {
        let said = self.daemon.take()?.kill();
        // What is still on its way in the network is lost with it.
        self.database.shut();
        self.cluster.shut();
        let arrived = until(async || self.gate.is_empty().then_some(())).await;
        arrived.unwrap_or_else(|| panic!("the API server does not answer within {} s", DEADLINE.as_secs()));
        let name = said.split_once("this replica is ").and_then(|(_, rest)| rest.get(..36)?.parse().ok());
        self.said.push(said);
        name
    }

    /// SIGTERM: how its daemon ended.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        let daemon = self.daemon.take().expect("only who runs is ended");
        let (code, said) = daemon.terminate_and_tell();
        self.said.push(said);
        code
    }

    pub(crate) fn begin(&mut self, fault: Fault) {
        match fault {
            Fault::Database(_, network) => self.networks[0] = Some(network),
            Fault::Cluster(_, network) => self.networks[1] = Some(network),
            Fault::Refused(_, status) => self.gate.refuse(StatusCode::from_u16(status).ok()),
            Fault::DiskFull(_) => self.limit_files(Some(0)),
            Fault::Killed(_) | Fault::ApiServerDown => {}
        }
        self.set_networks();
    }

    pub(crate) fn end(&mut self, fault: Fault) {
        match fault {
            Fault::Database(..) => {
                self.networks[0] = None;
                // Who was behind a wall learns that nobody is there any more.
                self.database.shut();
            }
            Fault::Cluster(..) => {
                self.networks[1] = None;
                self.cluster.shut();
            }
            Fault::Refused(..) => self.gate.refuse(None),
            Fault::DiskFull(_) => self.limit_files(None),
            Fault::Killed(_) | Fault::ApiServerDown => {}
        }
        self.set_networks();
    }

    fn set_networks(&self) {
        for (door, network) in [&self.database, &self.cluster].into_iter().zip(self.networks) {
            match network {
                None => door.open(),
                Some(Network::Slow) => door.slow_down(),
                Some(Network::Silent) => door.wall_up(),
                Some(Network::Cut) => door.shut(),
            }
        }
    }

    /// How large its daemon's files may be. That is what a full disk can be for an ordinary user: a write fails with
    /// another number, at the same places.
    fn limit_files(&self, bytes: Option<u64>) {
        let Some(daemon) = &self.daemon else { return };
        let pid = Pid::from_raw(daemon.id().cast_signed()).expect("a process has an id");
        prlimit(Some(pid), Resource::Fsize, Rlimit { current: bytes, maximum: None })
            .expect("a process of ours takes a limit");
    }

    /// Its daemon, if it runs.
    pub(crate) fn daemon(&self) -> Option<&Daemon> {
        self.daemon.as_ref()
    }

    /// How its daemon ended, if it did by itself.
    pub(crate) fn ended(&mut self) -> Option<String> {
        let daemon = self.daemon.as_mut()?;
        let status = daemon.ended()?;
        Some(format!("{status}; its log:\n{}", daemon.log()))
    }

    /// All that its daemons said.
    pub(crate) fn log(&self) -> String {
        let now = self.daemon.as_ref().map(Daemon::log);
        self.said.iter().cloned().chain(now).collect::<Vec<_>>().join("--- started again ---\n")
    }

    /// What its daemons wrote to the cluster.
    pub(crate) fn written(&self) -> Vec<Written> {
        self.gate.written()
    }

    pub(crate) fn writes(&self) -> usize {
        self.gate.writes()
    }
}

/// The same command as a process for which a file that is too large is an error, and not its end.
fn bearing_limits(command: &Command) -> Command {
    let mut bearing = Command::new("sh");
    bearing
        .args(["-c", r#"trap '' XFSZ; exec "$@""#, "sh"])
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    bearing
}
