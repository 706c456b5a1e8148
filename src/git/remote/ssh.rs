//! Git over SSH: the program `ssh` runs `git-upload-pack` on the server, and we talk with that through pipes.
//!
//! OpenSSH and not a library of its protocol, since people know how it decides: keys, agents' absence, `known_hosts`
//! with its hashed names and certificates. It reads none of their configuration though, and gets nothing of our
//! environment. Invariants: an unknown host key is refused; nobody is asked; the program ends with the pipe.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::{Access, RemoteError, Session};
use crate::git::Error;
use crate::git::fetched::one_line;
use crate::git::repo::SshPlace;

/// Bytes that are kept of what `ssh` says.
const MAX_SAID: usize = 4096;

/// What it is told: no agent, no other key, no question, no forwarding, nothing of a person's or the system's settings.
const OPTIONS: [&str; 10] = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    "GlobalKnownHostsFile=/dev/null",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "PreferredAuthentications=publickey",
    "ClearAllForwardings=yes",
    "ControlPath=none",
    "LogLevel=ERROR",
];

/// How the program is started.
pub(super) struct Server {
    arguments: Vec<OsString>,
}

impl Server {
    pub(super) fn new(place: &SshPlace, access: &Access) -> Result<Self, RemoteError> {
        let (key, known_hosts) = access.ssh_files()?;
        let mut arguments: Vec<OsString> = vec!["-F".into(), "none".into(), "-T".into()];
        for option in OPTIONS {
            arguments.extend(["-o".into(), option.into()]);
        }
        for (option, file) in [("IdentityFile", key), ("UserKnownHostsFile", known_hosts)] {
            arguments.extend(["-o".into(), named(option, file)]);
        }
        if let Some(port) = place.port {
            arguments.extend(["-p".into(), port.to_string().into()]);
        }
        if let Some(user) = &place.user {
            arguments.extend(["-l".into(), user.into()]);
        }
        // For the shell on the server.
        let path = place.path.replace('\'', r"'\''");
        arguments.extend(["--".into(), (&place.host).into(), format!("git-upload-pack '{path}'").into()]);
        Ok(Self { arguments })
    }
}

/// An option that names a file: in quotes, for blanks; `%` doubled, since it begins what `ssh` fills in.
fn named(option: &str, file: &Path) -> OsString {
    let file = file.to_string_lossy().replace('\\', r"\\").replace('"', "\\\"").replace('%', "%%");
    format!("{option}=\"{file}\"").into()
}

/// The running program.
pub(super) struct Pipe {
    session: Arc<Session>,
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    /// Reads what it says, to the end, so that it never waits for us.
    said: JoinHandle<Vec<u8>>,
}

impl Pipe {
    pub(super) fn open(server: &Server, session: Arc<Session>) -> Result<Self, RemoteError> {
        let no_ssh = |source| RemoteError::NoSsh { source };
        // Without a PATH the system looks where it keeps its own programs.
        let mut child = Command::new("ssh")
            .args(&server.arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(no_ssh)?;
        match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
            (Some(stdin), Some(stdout), Some(stderr)) => {
                Ok(Self { session, child, stdin, stdout, said: tokio::spawn(listen(stderr)) })
            }
            _ => Err(no_ssh(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn receive(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        match self.session.stop.wait(self.stdout.read(into))? {
            Ok(0) | Err(_) => self.ended(),
            Ok(bytes) => self.session.receive(bytes).map(|()| bytes),
        }
    }

    fn send(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        match self.session.stop.wait(self.stdin.write(bytes))? {
            Ok(0) | Err(_) => self.ended(),
            Ok(bytes) => Ok(bytes),
        }
    }

    /// The end of what it sends is no failure if it says so itself.
    fn ended(&mut self) -> Result<usize, Error> {
        let status = self.session.stop.wait(self.child.wait())?;
        let said = self.session.stop.wait(&mut self.said)?.unwrap_or_default();
        if status.is_ok_and(|status| status.success()) { Ok(0) } else { Err(understood(&said).into()) }
    }
}

/// Keeps the beginning.
async fn listen(mut stderr: ChildStderr) -> Vec<u8> {
    let (mut said, mut buffer) = (Vec::new(), [0; 1024]);
    while let Ok(bytes @ 1..) = stderr.read(&mut buffer).await {
        let room = MAX_SAID.saturating_sub(said.len());
        said.extend_from_slice(&buffer[..bytes.min(room)]);
    }
    said
}

/// `ssh` ends with 255 whatever failed; only its words, the same for decades, tell what.
fn understood(said: &[u8]) -> RemoteError {
    let text = String::from_utf8_lossy(said);
    // The last line is what it ended for, but for the key of a host, where the first one has the name.
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or("it said nothing");
    let last = lines.next_back().unwrap_or(first);
    if text.contains("REMOTE HOST IDENTIFICATION HAS CHANGED") {
        RemoteError::ChangedHostKey
    } else if text.contains("Host key verification failed") {
        RemoteError::UnknownHostKey { said: one_line(first.as_bytes()) }
    } else if text.contains("Permission denied (") {
        RemoteError::KeyRefused { said: one_line(last.as_bytes()) }
    } else {
        RemoteError::Ssh { said: one_line(last.as_bytes()) }
    }
}

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.receive(into).map_err(|error| self.session.keep(error))
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send(bytes).map_err(|error| self.session.keep(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_told_everything_and_nothing_is_taken_for_an_option() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = folder.path().join("a \"key\" of 100%");
        std::fs::write(&key, "-----BEGIN OPENSSH PRIVATE KEY-----\n").expect("a file");
        let known_hosts = folder.path().join("known_hosts");
        std::fs::write(&known_hosts, "").expect("a file");
        let access =
            Access { credentials_file: Some(key), known_hosts_file: Some(known_hosts), ..Access::default() };
        let place = SshPlace {
            user: Some("git".into()),
            host: "git.example.org".into(),
            port: Some(2222),
            path: "/ana's config".into(),
        };
        let server = Server::new(&place, &access).expect("a server");
        let told = server.arguments.join(" ".as_ref()).to_string_lossy().into_owned();
        let told = told.replace(&folder.path().display().to_string(), "…");
        assert_eq!(
            told,
            "-F none -T -o BatchMode=yes -o StrictHostKeyChecking=yes -o UpdateHostKeys=no -o \
             GlobalKnownHostsFile=/dev/null -o IdentitiesOnly=yes -o IdentityAgent=none -o \
             PreferredAuthentications=publickey -o ClearAllForwardings=yes -o ControlPath=none -o LogLevel=ERROR -o \
             IdentityFile=\"…/a \\\"key\\\" of 100%%\" -o UserKnownHostsFile=\"…/known_hosts\" -p 2222 -l git -- \
             git.example.org git-upload-pack '/ana'\\''s config'"
        );
    }
}
