//! Who signs commits: the programs and keys that people have.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program of the host, with nothing of its environment but where programs are.
#[expect(clippy::disallowed_methods, reason = "programs have to be found")]
pub fn program(name: &str, home: &Path) -> Command {
    let mut command = Command::new(name);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", home).env("GNUPGHOME", home.join("gnupg")).env("TZ", "UTC").env("LC_ALL", "C");
    command.env("GIT_CONFIG_NOSYSTEM", "1");
    command
}

/// What a program prints, once it has read `input`.
pub fn output(command: &mut Command, input: &[u8]) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    child.stdin.take().expect("a pipe").write_all(input).expect("a reader");
    let output = child.wait_with_output().expect("an end");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// An OpenSSH key in a file.
pub struct SshKey {
    home: PathBuf,
    pub path: PathBuf,
    pub public: String,
}

impl SshKey {
    /// Made by ssh-keygen; `kind` is what follows its `-t`.
    pub fn new(home: &Path, name: &str, kind: &[&str]) -> Self {
        let path = home.join(name);
        let mut command = program("ssh-keygen", home);
        output(command.args(["-q", "-N", "", "-C", name, "-f"]).arg(&path).arg("-t").args(kind), b"");
        let public = std::fs::read_to_string(path.with_extension("pub")).expect("the public key");
        Self { home: home.to_owned(), path, public: public.trim().to_owned() }
    }

    /// A line of the list of allowed signers.
    pub fn line(&self, principals_and_options: &str) -> String {
        format!("{principals_and_options} {}\n", self.public)
    }

    pub fn sign(&self) -> impl Fn(&[u8]) -> String + '_ {
        self.sign_for("git")
    }

    pub fn sign_for<'k>(&'k self, namespace: &'k str) -> impl Fn(&[u8]) -> String + 'k {
        move |payload| {
            let mut command = program("ssh-keygen", &self.home);
            output(command.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(&self.path), payload)
        }
    }
}
