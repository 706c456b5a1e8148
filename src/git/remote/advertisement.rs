//! What a Git server says first: its branches, each with the commit that it points to.
//!
//! Read here and not by libgit2, whose binding gives names of branches as text and would fall over one that is none. The
//! form is Git's pkt-line: four hexadecimal digits of length, then so many bytes less four; `0000` ends a list.

use std::io::{self, Read};

use git2::Oid;

use super::RemoteError;
use crate::git::fetched::one_line;
use crate::git::local::{MAX_OTHERS, Tip};

/// A server with a hundred thousand pull requests sends a fifth of it.
const MAX_BYTES: u64 = 32 << 20;

/// What the branch points to, in what a server sends. Over HTTP a line about the service stands before.
///
/// The outer error is the connection's.
pub(super) fn tip(from: impl Read, branch: &str, over_http: bool) -> io::Result<Result<Tip, RemoteError>> {
    let mut lines = Lines(from.take(MAX_BYTES));
    if over_http {
        match lines.next()? {
            Some(Line::Data(line)) if line.starts_with(b"# service=git-upload-pack") => {}
            _ => return Ok(Err(RemoteError::NotGit)),
        }
        let Some(Line::End) = lines.next()? else { return Ok(Err(RemoteError::NotGit)) };
    }
    let (mut tip, mut others, mut count) = (None, Vec::new(), 0);
    loop {
        let line = match lines.next()? {
            None => return Ok(Err(RemoteError::NotGit)),
            Some(Line::End) => break,
            Some(Line::Data(line)) => line,
        };
        if let Some(said) = line.strip_prefix(b"ERR ") {
            return Ok(Err(RemoteError::Objection { said: one_line(said.trim_ascii_end()) }));
        }
        let Some((commit, name)) = reference(&line) else { return Ok(Err(RemoteError::NotGit)) };
        let Some(name) = name.strip_prefix(b"refs/heads/") else { continue };
        count += 1;
        if name == branch.as_bytes() {
            tip = Some(commit);
        } else if others.len() < MAX_OTHERS {
            others.push(one_line(name));
        }
    }
    Ok(Ok(match tip {
        Some(commit) => Tip::At(commit),
        None if count == 0 => Tip::Empty,
        None => Tip::Missing { others },
    }))
}

/// `<commit> <name>`, and at the first one the server's capabilities behind a zero.
fn reference(line: &[u8]) -> Option<(Oid, &[u8])> {
    let (commit, rest) = line.split_at_checked(40)?;
    let commit = Oid::from_str(std::str::from_utf8(commit).ok()?).ok()?;
    let name = rest.strip_prefix(b" ")?.split(|byte| *byte == 0).next()?;
    Some((commit, name.trim_ascii_end()))
}

enum Line {
    Data(Vec<u8>),
    End,
}

struct Lines<R>(io::Take<R>);

impl<R: Read> Lines<R> {
    /// The next line; `None` where what comes is none.
    fn next(&mut self) -> io::Result<Option<Line>> {
        let mut digits = [0; 4];
        if !self.fill(&mut digits)? {
            return Ok(None);
        }
        let length =
            std::str::from_utf8(&digits).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
        match length {
            Some(0) => Ok(Some(Line::End)),
            Some(length @ 4..) => {
                let mut line = vec![0; length - 4];
                Ok(self.fill(&mut line)?.then_some(Line::Data(line)))
            }
            _ => Ok(None),
        }
    }

    /// Whether there was enough.
    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<bool> {
        match self.0.read_exact(bytes) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[&[u8]], over_http: bool) -> String {
        let mut sent = Vec::new();
        for line in lines {
            if !line.is_empty() {
                sent.extend(format!("{:04x}", line.len() + 4).into_bytes());
                sent.extend(*line);
            } else {
                sent.extend(b"0000");
            }
        }
        match tip(sent.as_slice(), "main", over_http).expect("a connection that holds") {
            Ok(Tip::At(commit)) => commit.to_string(),
            Ok(Tip::Missing { others }) => format!("missing beside {}", others.join(", ")),
            Ok(Tip::Empty) => "empty".into(),
            Err(error) => error.to_string(),
        }
    }

    const MAIN: &[u8] = b"899c8ea885b32fb2a1132a94f4a62a8847ae130c refs/heads/main\n";
    const HEAD: &[u8] = b"899c8ea885b32fb2a1132a94f4a62a8847ae130c HEAD\0multi_ack agent=git/2\n";
    const NONE: &[u8] = b"0000000000000000000000000000000000000000 capabilities^{}\0agent=git/2\n";
    const SERVICE: &[u8] = b"# service=git-upload-pack\n";

    #[test]
    fn the_branch_is_found_among_the_others() {
        let main = "899c8ea885b32fb2a1132a94f4a62a8847ae130c";
        assert_eq!(told(&[HEAD, MAIN, b""], false), main);
        assert_eq!(told(&[SERVICE, b"", HEAD, MAIN, b""], true), main);
        // A name may be any bytes.
        let odd = b"899c8ea885b32fb2a1132a94f4a62a8847ae130c refs/heads/\xff\x1b\n";
        assert_eq!(told(&[odd, MAIN, b""], false), main);
        assert_eq!(told(&[HEAD, odd, b""], false), "missing beside \u{fffd}\u{fffd}");
        assert_eq!(told(&[NONE, b""], false), "empty");
        assert_eq!(told(&[b""], false), "empty");
    }

    #[test]
    fn what_is_no_git_server_is_told_so() {
        let not_git = "config repo: the server's answer is not one of a Git server";
        let no_id = b"z99c8ea885b32fb2a1132a94f4a62a8847ae130c HEAD\n";
        for (lines, over_http) in [
            (&[HEAD, MAIN, b""][..], true),
            (&[SERVICE, HEAD, b""], true),
            (&[HEAD, MAIN], false),
            (&[no_id, b""], false),
            (&[b"hello", b""], false),
            (&[], false),
        ] {
            assert_eq!(told(lines, over_http), not_git, "{lines:?}");
        }
        assert_eq!(
            told(&[b"ERR access denied\x1b[2J\n"], false),
            "config repo: the server says: access denied\u{fffd}[2J"
        );
    }
}
