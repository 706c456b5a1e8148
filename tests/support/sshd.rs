//! An SSH server with a config repo: OpenSSH's own, as an ordinary user may run it, one process for each connection.
//!
//! It hears nothing of the machine's settings and keys. A client is let in by the one key that it has made for them.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::repo::Repo;

/// Where Debian and its relatives have it; it insists on being started by its whole path.
const PROGRAM: &str = "/usr/sbin/sshd";

/// A running server; it ends with this.
pub struct Sshd {
    /// The URL of the repository.
    pub url: String,
    /// The private key that is let in.
    pub key: PathBuf,
    /// The file that knows the server's key.
    pub known_hosts: PathBuf,
    folder: PathBuf,
    port: u16,
    serving: JoinHandle<()>,
}

impl Sshd {
    /// Serves the repository.
    pub async fn open(repo: &Repo) -> Self {
        assert!(
            Path::new(PROGRAM).exists(),
            "the tests of ssh need OpenSSH's server, {PROGRAM}: install the package openssh-server"
        );
        let folder = repo.path().parent().expect("a folder").join("sshd");
        std::fs::create_dir(&folder).expect("a folder");
        for name in ["host", "client"] {
            make_key(&folder.join(name));
        }
        std::fs::copy(folder.join("client.pub"), folder.join("authorized_keys")).expect("a copy");
        let config = folder.join("config");
        let text = format!(
            "HostKey {0}/host\nAuthorizedKeysFile {0}/authorized_keys\nAuthenticationMethods publickey\nUsePAM no\n\
             StrictModes no\nPidFile none\nLogLevel QUIET\n",
            folder.display()
        );
        std::fs::write(&config, text).expect("a writable folder");
        if rustix::process::geteuid().is_root() {
            // As root it shuts its first half into a folder that the package's service makes.
            std::fs::create_dir_all("/run/sshd").expect("root may");
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("a bound address").port();
        let serving = tokio::spawn(serve(listener, config));
        let known_hosts = folder.join("known_hosts");
        let path = repo.path();
        let url = format!("ssh://{}@127.0.0.1:{port}{}", user(), path.display());
        let server = Self { url, key: folder.join("client"), known_hosts, folder, port, serving };
        std::fs::write(&server.known_hosts, server.entry("host")).expect("a writable folder");
        server
    }

    /// A line of a file of known hosts that gives this server another key than it has.
    pub fn another_key(&self) -> String {
        self.entry("client")
    }

    /// A private key that nobody knows.
    pub fn unknown_key(&self) -> PathBuf {
        let key = self.folder.join("unknown");
        make_key(&key);
        key
    }

    fn entry(&self, key: &str) -> String {
        let key = std::fs::read_to_string(self.folder.join(format!("{key}.pub"))).expect("a public key");
        format!("[127.0.0.1]:{} {key}", self.port)
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, config: PathBuf) {
    // They end with the server.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((connection, _)) = listener.accept().await {
        let connection = connection.into_std().expect("a socket of the system");
        connection.set_nonblocking(false).expect("a socket that waits");
        let connection = OwnedFd::from(connection);
        let mut sshd = tokio::process::Command::new(PROGRAM);
        sshd.args(["-i", "-f"]).arg(&config).kill_on_drop(true);
        sshd.stdin(connection.try_clone().expect("a second end")).stdout(connection).stderr(Stdio::null());
        let mut child = sshd.spawn().expect("sshd runs");
        connections.spawn(async move { child.wait().await });
    }
}

fn make_key(path: &Path) {
    run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "a test", "-f"]).arg(path));
}

/// Who we are: an ordinary user's server lets in only themselves.
fn user() -> String {
    run(Command::new("id").arg("-un"))
}

fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("the program runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}
