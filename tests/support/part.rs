//! A program that serves until its standard input ends, as the dev cluster, the private PostgreSQL and (here) the
//! daemon do. So nothing outlives who started it, not even when that one is killed.

use std::io::{BufRead, BufReader, Error, ErrorKind, Result};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// A running program; dropping it ends it and waits until it is gone.
pub struct Part {
    child: Child,
}

impl Part {
    /// Starts it and waits for its first lines: what it says about itself once it serves.
    pub fn start(command: &mut Command, lines: usize) -> Result<(Self, Vec<String>)> {
        // A group of its own: an interrupt at the terminal is for us, and we end the parts in order.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().expect("it is piped");
        let part = Self { child };
        let mut rest = BufReader::new(stdout).lines();
        let said = rest.by_ref().take(lines).collect::<Result<Vec<_>>>()?;
        // Whatever else it says is heard, or saying it would be its end.
        std::thread::spawn(move || rest.for_each(drop));
        if said.len() < lines {
            return Err(Error::new(ErrorKind::UnexpectedEof, "it ended before it served"));
        }
        Ok((part, said))
    }

    /// Starts a program that knows nothing of standard input, and ends it by SIGTERM when ours goes.
    pub fn tied(program: &std::path::Path) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", r#""$@" & served=$!; cat >/dev/null; kill "$served"; wait "$served""#, "sh"])
            .arg(program);
        command
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It fails only for a program that has been waited for.
        let _ = self.child.wait();
    }
}
