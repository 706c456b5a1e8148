//! VaultWarden's server for the tests: the stand-in, or the real one that `VAULTWARDEN_BIN` names.
//!
//! Only this file knows how a server program is found. `images` is what the dev cluster runs for an image;
//! `Server` is one server as a process of its own, for the contract test.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use reqwest::{Client, StatusCode, header::SET_COOKIE};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The images that unions may name.
const IMAGES: &str = r"((docker\.io|quay\.io)/)?vaultwarden/server:.*|ghcr\.io/dani-garcia/vaultwarden:.*";

/// The program, and what an image would have around it.
fn program() -> (PathBuf, Option<(&'static str, &'static str)>) {
    #[expect(
        clippy::disallowed_methods,
        reason = "it replaces a part of the tests, not a setting of the product"
    )]
    match std::env::var_os("VAULTWARDEN_BIN") {
        // A server built from source has no web vault beside it and would not start.
        Some(path) => (path.into(), Some(("WEB_VAULT_ENABLED", "false"))),
        None => (stand_in(), None),
    }
}

/// Cargo puts examples beside the folder of the test programs.
fn stand_in() -> PathBuf {
    let own = std::env::current_exe().expect("a program has a path");
    let profile =
        own.ancestors().nth(2).expect("a program of cargo lies in <profile>/deps or <profile>/examples");
    let path = profile.join("examples/vaultwarden");
    assert!(path.is_file(), "{} is missing: run `cargo build --example vaultwarden`", path.display());
    path
}

/// The images file of the dev cluster: what runs for the images of VaultWarden, in this environment, and for that of
/// PostgreSQL.
pub fn images(environment: &[(&str, &str)]) -> Value {
    let (program, extra) = program();
    let environment = environment.iter().copied().chain(extra).collect::<BTreeMap<_, _>>();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let bin = Command::new(tests.join("postgres.sh")).arg("bin").output().expect("it runs").stdout;
    let bin = String::from_utf8(bin).expect("a path").trim().to_owned();
    json!([
        {"image": IMAGES, "command": [program], "env": environment},
        {
            "image": "((docker\\.io/)?library/)?postgres:.*",
            "command": [tests.join("standin/postgres.sh"), bin],
            "env": {"PATH": format!("{bin}:/usr/bin:/bin")},
        },
    ])
}

/// A client that trusts nobody over TLS: to read the machine's authorities costs more than most tests.
pub fn http() -> Client {
    Client::builder().tls_certs_only([]).build().expect("a client")
}

/// One running server on a free port of the loopback address; it ends when dropped.
pub struct Server {
    child: Child,
    url: String,
    folder: TempDir,
}

impl Server {
    /// On an empty data folder.
    pub fn start(environment: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().expect("a folder"), environment)
    }

    /// On the data folder of a former one.
    pub fn start_in(folder: TempDir, environment: &[(&str, &str)]) -> Self {
        let mut child = command(folder.path(), environment).spawn().expect("the server starts");
        let mut log = BufReader::new(child.stdout.take().expect("its log is piped")).lines();
        let launched = "Rocket has launched from ";
        let url = log
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_once(launched).map(|(_, url)| url.trim().to_owned()))
            .expect("the server says where it listens");
        // It would block on a full pipe, and end on a closed one.
        std::thread::spawn(move || log.for_each(drop));
        Self { child, url, folder }
    }

    /// Asserts that it ends with a failure instead of listening.
    pub fn refuses(environment: &[(&str, &str)]) {
        let folder = tempfile::tempdir().expect("a folder");
        let output = command(folder.path(), environment).output().expect("the server starts");
        assert!(!output.status.success(), "it started with {environment:?}");
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    pub async fn status(&self, path: &str) -> StatusCode {
        http().get(self.url(path)).send().await.expect("answers").status()
    }

    pub async fn json<T: DeserializeOwned>(&self, path: &str) -> T {
        let answer = http().get(self.url(path)).send().await.expect("answers");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.expect("JSON")
    }

    /// Logs in at the admin interface: the status and the cookie.
    pub async fn log_in(&self, token: &str) -> (StatusCode, Option<String>) {
        let form =
            format!("token={}", url::form_urlencoded::byte_serialize(token.as_bytes()).collect::<String>());
        let request = http().post(self.url("/admin")).body(form);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.send().await.expect("answers");
        let cookie =
            answer.headers().get(SET_COOKIE).map(|cookie| cookie.to_str().expect("ASCII").to_owned());
        (answer.status(), cookie)
    }

    /// Ends it without a warning: its data.
    pub fn kill(mut self) -> TempDir {
        self.child.kill().expect("it runs");
        self.child.wait().expect("the server ends");
        std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a folder"))
    }

    /// Ends it by SIGTERM: how it ended, and its data.
    pub fn stop(mut self) -> (ExitStatus, TempDir) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(&id).status().expect("kill runs").success());
        let status = self.child.wait().expect("the server ends");
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a folder"));
        (status, folder)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only for a process that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(folder: &Path, environment: &[(&str, &str)]) -> Command {
    let (program, extra) = program();
    let mut command = Command::new(program);
    command
        .env_clear()
        .envs(extra)
        .envs([("ROCKET_ADDRESS", "127.0.0.1"), ("ROCKET_PORT", "0")])
        .env("DATA_FOLDER", folder)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}
