//! The daemon as its user runs it: the built program, its flags, its API over HTTP, its signals.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How long anything may take that the tests wait for. Far above what it takes, so that only a fault meets it.
pub const DEADLINE: Duration = Duration::from_secs(180);

/// A running daemon; killed when it is dropped.
pub struct Daemon {
    child: Child,
    /// `http://127.0.0.1:<port>`.
    pub url: String,
    /// Made once: tests ask again and again, and to read all trusted authorities for each question was most of their work.
    client: reqwest::Client,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

/// What a daemon is told.
pub struct Told<'a> {
    pub repo: &'a Path,
    pub database: &'a str,
    pub kubeconfig: &'a Path,
    pub state: &'a Path,
    pub namespace: &'a str,
    pub installation: &'a str,
}

impl Daemon {
    /// Starts it and waits until it listens.
    pub fn start(told: &Told<'_>) -> Self {
        Self::start_with(told, &[])
    }

    /// Starts it with further flags.
    pub fn start_with(told: &Told<'_>, more: &[&str]) -> Self {
        Self::start_by(Self::command(told, more))
    }

    /// Starts it by a command line that was made otherwise.
    pub fn start_by(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the built program starts");
        let log = Arc::new(Mutex::new(String::new()));
        let (found, url) = std::sync::mpsc::channel();
        let lines = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let kept = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                if let Some((_, url)) = line.split_once("listening on ") {
                    let _ = found.send(url.trim().to_owned());
                }
                let mut kept = kept.lock().expect("no writer panics");
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let url = url.recv_timeout(DEADLINE).unwrap_or_else(|_| {
            let _ = child.kill();
            panic!("the daemon did not listen; its log:\n{}", log.lock().expect("no writer panics"))
        });
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            .tls_certs_only([])
            // No connection that is kept open has a part in how a daemon ends.
            .pool_max_idle_per_host(0);
        let client = client.build().expect("a client");
        Self { child, url, client, log, reader: Some(reader) }
    }

    /// The command line, for tests of what it refuses.
    pub fn command(told: &Told<'_>, more: &[&str]) -> Command {
        let mut command = Self::command_of(Path::new(env!("CARGO_BIN_EXE_keyforge")), told, more);
        // Most clusters of the tests pretend to run their pods, so nobody in them answers. A flag says otherwise.
        command.env("KEYFORGE_REACH", "off");
        command
    }

    /// The command line of another version.
    #[expect(
        clippy::disallowed_methods,
        reason = "the daemon gets nothing of the environment but where programs are"
    )]
    pub fn command_of(program: &Path, told: &Told<'_>, more: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("KEYFORGE_DATABASE_URL", told.database)
            .env("KEYFORGE_LOG", "info,keyforge=debug")
            .env("KEYFORGE_POLL_INTERVAL", "1s")
            .args(["run", "--listen", "127.0.0.1:0"])
            .args([path("--repo"), told.repo.as_os_str()])
            .args([path("--kubeconfig"), told.kubeconfig.as_os_str()])
            .args([path("--state-dir"), told.state.as_os_str()])
            .args(["--namespace", told.namespace, "--installation", told.installation])
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.log.lock().expect("no writer panics").clone()
    }

    /// The JSON answer of a path of the API, whatever its status; `None` while nobody answers.
    pub async fn get(&self, path: &str) -> Option<(u16, Value)> {
        let answer = self.client.get(format!("{}{path}", self.url)).send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json().await.unwrap_or(Value::Null)))
    }

    /// The answer of a path as text.
    pub async fn text(&self, path: &str) -> Option<String> {
        self.client.get(format!("{}{path}", self.url)).send().await.ok()?.text().await.ok()
    }

    /// The union as the list shows it.
    pub async fn union(&self, name: &str) -> Option<Value> {
        let (status, union) = self.get(&format!("/api/v1/unions/{name}")).await?;
        (status == 200).then_some(union)
    }

    /// Waits until a union's state is the wanted one and, if given, its applied revision too.
    pub async fn union_is(&self, name: &str, state: &str, revision: Option<&str>) -> Value {
        let what = format!("union `{name}` is {state}");
        self.until(&what, || async {
            let union = self.union(name).await?;
            let applied = union["appliedRevision"].as_str().unwrap_or_default();
            let right =
                union["state"] == state && revision.is_none_or(|revision| applied.ends_with(revision));
            right.then_some(union)
        })
        .await
    }

    /// Waits for something; tells the daemon's log if it does not come.
    pub async fn until<T, F: Future<Output = Option<T>>>(&self, what: &str, look: impl Fn() -> F) -> T {
        until(look).await.unwrap_or_else(|| panic!("in vain: {what}; the daemon's log:\n{}", self.log()))
    }

    /// SIGTERM, and waits for its end: the exit code.
    pub fn terminate(self) -> Option<i32> {
        self.terminate_and_tell().0
    }

    /// SIGTERM, and waits for its end: the exit code, and its log with its last words.
    pub fn terminate_and_tell(mut self) -> (Option<i32>, String) {
        let pid = i32::try_from(self.child.id()).expect("a pid");
        let status = Command::new("kill").args(["-TERM", &pid.to_string()]).status().expect("kill runs");
        assert!(status.success());
        let code = self.child.wait().expect("it ends").code();
        (code, self.whole_log())
    }

    /// `kill -9`, in the middle of whatever it does; its last words.
    pub fn kill(mut self) -> String {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it ends");
        self.whole_log()
    }

    /// What an ended one has logged, to the last line.
    fn whole_log(&mut self) -> String {
        self.reader.take().expect("it ends once").join().expect("the reader does not panic");
        self.log()
    }

    /// How it ended, if it did by itself.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is a child of ours")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks every few milliseconds until there is something; `None` after the deadline.
pub async fn until<T, F: Future<Output = Option<T>>>(look: impl Fn() -> F) -> Option<T> {
    let end = Instant::now() + DEADLINE;
    let mut tick = interval(Duration::from_millis(50));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while Instant::now() < end {
        tick.tick().await;
        if let Some(found) = look().await {
            return Some(found);
        }
    }
    None
}

fn path(flag: &str) -> &std::ffi::OsStr {
    flag.as_ref()
}
