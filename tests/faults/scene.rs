//! The real parts of one seed, and what its steps do to them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use chrono::Utc;
use keyforge::redacted::Redacted;
use keyforge::seal::{Opener, Place, Recipient, Slot, seal};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::fleet::{self, Fleet, MAIL, Push, SEALED, Union};
use crate::replica::Replica;
use crate::schedule::{Act, Blow, Fault, Hand, REPLICAS, Step};
use crate::support::daemon::until;
use crate::support::devcluster::DevCluster;
use crate::support::postgres::Server;
use crate::support::site::Site;

/// What opens sealed values.
pub(crate) const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/sealing.key");

/// The password of the mail server, which must be shown nowhere.
pub(crate) const PASSWORD: &str = "canary-of-the-mail-server-3b9e";

/// How long a step waits for its writes: in a broken world they may not come before the next step.
const PACE: Duration = Duration::from_secs(1);

/// How much longer than anything takes the fleet may need after the last step. Leases that nobody renews, and waits
/// between attempts, are within it.
const CONVERGENCE: Duration = Duration::from_secs(120);

/// One seed's world.
pub(crate) struct Scene<'a> {
    cluster: &'a DevCluster,
    server: &'a Server,
    pub(crate) site: Site,
    pub(crate) replicas: Vec<Replica>,
    pub(crate) fleet: Fleet,
    /// The newest commit.
    pub(crate) head: String,
    /// Commits before it.
    heads: Vec<git2::Oid>,
    /// Whom values are sealed for, and what is sealed for the society of each union.
    recipient: Recipient,
    sealed: BTreeMap<Union, String>,
    /// Unions that were leased when the clock jumped over the end of leases: two may have worked on them for a moment.
    pub(crate) jumped: Vec<String>,
    /// How far it has jumped ahead: small jumps between two renewals of a lease add up.
    ahead: i32,
    _folder: TempDir,
}

impl<'a> Scene<'a> {
    /// Parts that run, with a fleet that is current.
    pub(crate) async fn set(cluster: &'a DevCluster, server: &'a Server, seed: u64) -> Self {
        let site = Site::with(cluster, server.database().await, &format!("s{seed}"));
        let folder = tempfile::tempdir().expect("a folder");
        let keys = fs::read_to_string(KEYS).ok().and_then(|text| Opener::parse(&text).ok()).expect("keys");
        let recipient = keys.recipients().remove(0);
        let sealed = |number| (Union(number), seal_for(&site.union(&Union(number).to_string()), &recipient));
        let sealed = (0..u8::MAX).filter(|number| Union(*number).has_a_society()).map(sealed).collect();
        let mut replicas = Vec::new();
        for number in 0..REPLICAS {
            let folder = folder.path().join(number.to_string());
            replicas.push(Replica::new(&site, &cluster.kubeconfig, folder).await);
        }
        let mut scene = Self {
            cluster,
            server,
            site,
            replicas,
            fleet: Fleet::founded(),
            head: String::new(),
            heads: Vec::new(),
            recipient,
            sealed,
            jumped: Vec::new(),
            ahead: 0,
            _folder: folder,
        };
        scene.plant();
        scene.commit("Found the fleet", None);
        for replica in &mut scene.replicas {
            replica.start(&scene.site);
        }
        scene
    }

    /// A Secret that documents name, in the daemon's namespace.
    fn plant(&self) {
        let namespace = &self.site.name;
        self.site.kubectl(&["create", "namespace", namespace]);
        let password = format!("--from-literal=password={PASSWORD}");
        self.site.kubectl(&[
            "-n",
            namespace,
            "create",
            "secret",
            "generic",
            MAIL,
            "--from-literal=username=vault",
            &password,
        ]);
        self.site.kubectl(&["-n", namespace, "label", "secret", MAIL, "keyforge.dev/shared=true"]);
    }

    /// The name of a union in documents and in the cluster.
    pub(crate) fn name(&self, union: Union) -> String {
        self.site.union(&union.to_string())
    }

    /// Does one step.
    pub(crate) async fn step(&mut self, step: &Step) {
        self.pace(step.after).await;
        match &step.act {
            Act::Push(push) => self.push(push),
            Act::Begin(fault) => self.begin(*fault).await,
            Act::End(fault) => self.end(*fault),
            Act::Once(blow) => self.strike(*blow).await,
        }
        for (number, replica) in self.replicas.iter_mut().enumerate() {
            if let Some(ended) = replica.ended() {
                panic!("the daemon of replica {number} ended by itself: {ended}");
            }
        }
    }

    /// Lets some writes to the cluster pass, or what there is to write.
    async fn pace(&self, writes: usize) {
        let wanted = self.writes() + writes;
        let end = Instant::now() + PACE;
        let mut tick = interval(Duration::from_millis(50));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.writes() < wanted && Instant::now() < end && !self.rests().await {
            tick.tick().await;
        }
    }

    fn writes(&self) -> usize {
        self.replicas.iter().map(Replica::writes).sum()
    }

    /// Whether the head was taken in and no union is due.
    pub(crate) async fn rests(&self) -> bool {
        let sql = format!(
            "select 1 from head join revision using (revision_id) where encode(revision_id, 'hex') = '{}' and not exists \
             (select from work where lease_holder is not null or due_at <= clock_timestamp())",
            self.head
        );
        self.rows(&sql).await.is_some_and(|rows| !rows.is_empty())
    }

    fn push(&mut self, push: &Push) {
        self.fleet.push(push);
        let parent = match push {
            Push::Rewrite { drops, .. } => Some(self.heads.len() - 1 - drops),
            _ => None,
        };
        self.commit(&push.to_string(), parent);
    }

    /// Commits what the fleet declares now, after the newest commit or after an older one.
    fn commit(&mut self, subject: &str, parent: Option<usize>) {
        if let Some(parent) = parent {
            self.heads.truncate(parent + 1);
        }
        let policy = fleet::keyforge(&self.recipient.to_string());
        let mut change = self.site.repo.root().file("keyforge.yaml", policy);
        for (union, document) in self.fleet.head() {
            let name = self.name(*union);
            let sealed = self.sealed.get(union).map_or("", String::as_str);
            for (path, text) in document.files(*union, &name, sealed) {
                change = change.file(&format!("unions/{name}/{path}"), text);
            }
        }
        let change = match self.heads.last() {
            Some(parent) => change.onto(*parent),
            None => change,
        };
        let commit = change.push(subject);
        self.heads.push(commit);
        self.head = commit.to_string();
    }

    async fn begin(&mut self, fault: Fault) {
        match fault {
            Fault::Killed(replica) => self.kill(replica).await,
            Fault::ApiServerDown => self.cluster.order("stop", "kube-apiserver"),
            Fault::Database(replica, _)
            | Fault::Cluster(replica, _)
            | Fault::Refused(replica, _)
            | Fault::DiskFull(replica) => self.replicas[replica].begin(fault),
        }
    }

    fn end(&mut self, fault: Fault) {
        match fault {
            Fault::Killed(replica) => self.replicas[replica].start(&self.site),
            Fault::ApiServerDown => {
                self.cluster.order("start", "kube-apiserver");
                // Else it asks less and less often, as it did while nobody answered, for a minute and more.
                self.cluster.order("kill", "kube-controller-manager");
            }
            Fault::Database(replica, _)
            | Fault::Cluster(replica, _)
            | Fault::Refused(replica, _)
            | Fault::DiskFull(replica) => self.replicas[replica].end(fault),
        }
    }

    /// Its leases run out at once, since it is certain that it writes no more; the seed does not wait a minute for it.
    async fn kill(&mut self, replica: usize) {
        let Some(holder) = self.replicas[replica].kill().await else { return };
        self.execute(&format!(
            "update work set leased_until = clock_timestamp() where lease_holder = '{holder}'"
        ))
        .await;
    }

    async fn strike(&mut self, blow: Blow) {
        match blow {
            Blow::Replace(replica) => {
                let code = self.replicas[replica].terminate();
                assert_eq!(code, Some(0), "replica {replica} ends when it is told to");
                self.replicas[replica].start(&self.site);
            }
            Blow::KillApiServer => self.cluster.order("kill", "kube-apiserver"),
            Blow::RestartDatabase(mode) => self.server.restart(mode),
            Blow::Clock(seconds) => self.jump(seconds).await,
            Blow::KillServer(union) => self.kubectl(union, &["delete", "pod", "--all", "--wait=false"]).await,
            Blow::Drift(union, hand) => self.drift(union, hand).await,
        }
    }

    /// All that is to be judged by the clock later is so much earlier now: for who asks the time that is a jump of it.
    async fn jump(&mut self, seconds: i32) {
        let leased = "select union_name from work where lease_holder is not null";
        self.ahead += seconds.max(0);
        if self.ahead > 30 {
            let leased = self.wait_for_rows(leased).await;
            self.jumped.extend(leased.iter().map(|row| sqlx::Row::get::<String, _>(row, 0)));
        }
        let by = format!("make_interval(secs => {seconds})");
        self.execute(&format!(
            "update work set due_at = due_at - {by}, turn_at = turn_at - {by}, leased_until = leased_until - {by}"
        ))
        .await;
        self.execute(&format!("update deployment set deadline_at = deadline_at - {by}")).await;
    }

    async fn drift(&self, union: Union, hand: Hand) {
        let arguments: &[&str] = match hand {
            // Two servers on one file of tables would be a fault of the stand-in's.
            Hand::Scale if union.has_a_society() => &["scale", "deployment/vaultwarden", "--replicas=0"],
            Hand::Scale => &["scale", "deployment/vaultwarden", "--replicas=2"],
            Hand::EditSettings => {
                &["patch", "configmap", "vaultwarden", "--patch", r#"{"data":{"SIGNUPS_ALLOWED":"true"}}"#]
            }
            Hand::AddVariable => &["set", "env", "deployment/vaultwarden", "SIGNUPS_ALLOWED=true"],
            Hand::DeleteWorkload => &["delete", "deployment", "vaultwarden", "--wait=false"],
            Hand::DeleteService => &["delete", "service", "vaultwarden", "--wait=false"],
            Hand::DeletePolicies => &["delete", "networkpolicy", "--all", "--wait=false"],
        };
        self.kubectl(union, arguments).await;
    }

    /// As soon as the API server takes it. That there is no such object, or none any more, is fine.
    async fn kubectl(&self, union: Union, arguments: &[&str]) {
        let namespace = format!("union-{}", self.name(union));
        let done = until(async || match self.site.try_kubectl(&[&["-n", &namespace], arguments].concat()) {
            Ok(_) => Some(()),
            Err(said) => ["NotFound", "not found", "being terminated"]
                .iter()
                .any(|gone| said.contains(gone))
                .then_some(()),
        });
        done.await.unwrap_or_else(|| panic!("in vain: kubectl {arguments:?}"));
    }

    /// What a query finds, past the daemons and their doors; `None` while PostgreSQL is away.
    pub(crate) async fn rows(&self, sql: &str) -> Option<Vec<PgRow>> {
        let mut connection = PgConnection::connect(&self.site.database.url).await.ok()?;
        sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut connection).await.ok()
    }

    pub(crate) async fn wait_for_rows(&self, sql: &str) -> Vec<PgRow> {
        until(async || self.rows(sql).await).await.unwrap_or_else(|| panic!("in vain: {sql}"))
    }

    async fn execute(&self, sql: &str) {
        self.wait_for_rows(sql).await;
    }

    /// Waits until there is nothing wrong any more; tells what still is if that never comes.
    pub(crate) async fn until_right(&self, look: impl AsyncFn() -> Vec<String>) -> Result<(), Vec<String>> {
        let end = Instant::now() + CONVERGENCE;
        let mut tick = interval(Duration::from_millis(200));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let wrong = look().await;
            if wrong.is_empty() {
                return Ok(());
            }
            if Instant::now() > end {
                return Err(wrong);
            }
        }
    }

    /// Ends all, and leaves the cluster to the next seed.
    pub(crate) fn clear(&mut self) {
        for (number, replica) in self.replicas.iter_mut().enumerate() {
            assert_eq!(replica.terminate(), Some(0), "replica {number} ends when it is told to");
        }
        let all = self.site.kubectl(&["get", "namespace", "-o", "name"]);
        let (prefix, own) =
            (format!("namespace/union-{}-", self.site.name), format!("namespace/{}", self.site.name));
        let mut delete = vec!["delete", "--wait=false"];
        delete.extend(all.lines().filter(|name| name.starts_with(&prefix) || *name == own));
        self.site.kubectl(&delete);
    }

    /// Leaves what a failed seed said, for who looks into it.
    pub(crate) fn keep_logs(&self, seed: u64) -> PathBuf {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("faults-{seed}"));
        fs::create_dir_all(&folder).expect("a folder");
        for (number, replica) in self.replicas.iter().enumerate() {
            fs::write(folder.join(format!("replica-{number}.log")), replica.log()).expect("written");
        }
        fs::write(folder.join("database.sql"), self.site.dump()).expect("written");
        folder
    }
}

/// The canary, sealed for the society of a union. Once: it is another text each time.
fn seal_for(union: &str, recipient: &Recipient) -> String {
    let place = Place {
        union: union.parse().expect("a name"),
        society: "chess".parse().expect("a name"),
        password: "safe".parse().expect("a name"),
        slot: Slot::Value,
    };
    let sealed = seal(Redacted::new(SEALED.to_owned()), &place, Utc::now(), std::slice::from_ref(recipient));
    sealed.expect("it can be sealed").as_str().to_owned()
}
