//! The value that is sealed: typed twice without being shown, or all of standard input.

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};

use anyhow::Context as _;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use zeroize::{Zeroize as _, Zeroizing};

use crate::redacted::Redacted;
use crate::seal::{MAX_VALUE, Place};

/// Takes the value in.
///
/// # Errors
/// There is none, it is no text, or the two that were typed differ.
pub(super) fn value(place: &Place) -> anyhow::Result<Redacted<String>> {
    let input = io::stdin();
    let text = if input.is_terminal() {
        let typed = prompt(input.as_fd(), &format!("Value for {place}: "))?;
        let again = if typed.is_empty() { None } else { Some(prompt(input.as_fd(), "Again: ")?) };
        anyhow::ensure!(again.is_none_or(|again| *again == *typed), "the two differ; nothing was sealed");
        typed
    } else {
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_VALUE + 8));
        // Enough to see that it is too much, with the line end that is left out.
        input
            .lock()
            .take(MAX_VALUE as u64 + 3)
            .read_to_end(&mut bytes)
            .context("failed to read the value")?;
        let end = bytes.strip_suffix(b"\n").map(|rest| rest.strip_suffix(b"\r").unwrap_or(rest).len());
        if let Some(end) = end {
            bytes.truncate(end);
            writeln!(io::stderr(), "note: the line end after the value is not part of it and was left out")?;
        }
        if bytes.ends_with(b"\n") || bytes.first() == Some(&b'\n') {
            writeln!(io::stderr(), "note: the value begins or ends with an empty line, which was kept")?;
        }
        bytes
    };
    let value = std::str::from_utf8(&text).context("the value is not UTF-8; VaultWarden keeps text only")?;
    Ok(Redacted::new(value.to_owned()))
}

/// Asks for one line, without showing it.
fn prompt(terminal: BorrowedFd<'_>, question: &str) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let _silent = Silent::make(terminal).context("failed to make the terminal hide what is typed")?;
    write!(io::stderr(), "{question}")?;
    // The longest line that a terminal hands over. Read past the standard library, which would keep a copy.
    let mut line = Zeroizing::new(vec![0; 4096]);
    let length = rustix::io::read(terminal, &mut line[..]).map_err(io::Error::from)?;
    line[length..].zeroize();
    line.truncate(length);
    match line.last() {
        Some(b'\n') => line.truncate(length - 1),
        _ => anyhow::bail!("stopped; nothing was sealed"),
    }
    Ok(line)
}

/// A terminal that does not show what is typed, until this goes.
struct Silent<'a> {
    terminal: BorrowedFd<'a>,
    before: Termios,
}

impl<'a> Silent<'a> {
    fn make(terminal: BorrowedFd<'a>) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        silent.local_modes.insert(LocalModes::ECHONL | LocalModes::ICANON);
        // Ctrl+C ends the line instead of us, so that the terminal is as it was before when we go.
        silent.special_codes[SpecialCodeIndex::VEOL] = before.special_codes[SpecialCodeIndex::VINTR];
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        // A terminal that went away needs nothing any more.
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}
