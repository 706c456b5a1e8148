//! Where the config repo is, parsed from the setting `repo`.
//!
//! What cannot be followed is refused here, before anything is asked. Invariants: a URL has no credentials in it, since a
//! flag shows them to everybody on the machine; a refused text is never repeated in an error, since it may have them.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::Error;
use crate::digest::Digest;

/// A config repo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Repo {
    /// On this machine, by its absolute path.
    Local(PathBuf),
    /// Behind a web server, without a slash at its end.
    Web(Url),
    /// Behind an SSH server.
    Ssh(SshPlace),
}

/// A repository behind an SSH server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SshPlace {
    /// As whom; else as whom OpenSSH thinks.
    pub(super) user: Option<String>,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    /// As the server's shell is told.
    pub(super) path: String,
}

impl Repo {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        match text.split_once("://") {
            Some(("file", _)) => {
                let path = Url::parse(text).ok().and_then(|url| url.to_file_path().ok());
                local(path.ok_or(Error::MalformedRepo)?)
            }
            Some(("https" | "http", _)) => web(text),
            Some(("ssh", _)) => ssh(text),
            Some(_) => Err(Error::MalformedRepo),
            None if is_scp_form(text) => scp(text),
            None => local(text.into()),
        }
    }

    /// Its path, if it is on this machine.
    pub(super) fn local(&self) -> Option<&Path> {
        match self {
            Self::Local(path) => Some(path),
            Self::Web(_) | Self::Ssh(_) => None,
        }
    }

    /// A name for the mirror of one of its branches.
    pub(super) fn key(&self, branch: &str) -> String {
        let place = match self {
            Self::Local(path) => path.as_os_str().as_encoded_bytes().to_owned(),
            Self::Web(url) => url.as_str().into(),
            Self::Ssh(SshPlace { user, host, port, path }) => format!(
                "ssh://{}@{host}:{}/{path}",
                user.as_deref().unwrap_or_default(),
                port.unwrap_or_default()
            )
            .into_bytes(),
        };
        Digest::of_parts([place.as_slice(), branch.as_bytes()]).short()
    }
}

fn local(path: PathBuf) -> Result<Repo, Error> {
    std::path::absolute(path).map(Repo::Local).map_err(|_| Error::MalformedRepo)
}

fn web(text: &str) -> Result<Repo, Error> {
    let mut url = Url::parse(text).map_err(|_| Error::MalformedRepo)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::CredentialsInRepo);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Error::MalformedRepo);
    }
    // What stays on this machine needs no cover.
    if url.scheme() == "http" && !is_this_machine(&url) {
        return Err(Error::Uncovered);
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(Repo::Web(url))
}

pub(super) fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    }
}

/// `ssh://[user@]host[:port]/path`; `/~user/…` is below that user's home, as for Git.
fn ssh(text: &str) -> Result<Repo, Error> {
    let url = Url::parse(text).map_err(|_| Error::MalformedRepo)?;
    if url.password().is_some() {
        return Err(Error::CredentialsInRepo);
    }
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned);
    let user = decoded(url.username()).filter(|user| !user.is_empty());
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    let path = decoded(url.path()).ok_or(Error::MalformedRepo)?;
    let path = if path.starts_with("/~") { path[1..].to_owned() } else { path };
    SshPlace { user, host, port: url.port(), path }.checked()
}

/// `[user@]host:path`, where a path without a slash is below the user's home.
fn scp(text: &str) -> Result<Repo, Error> {
    let (place, path) = match text.split_once("]:") {
        Some((place, path)) if place.contains('[') => (place, path),
        _ => text.split_once(':').ok_or(Error::MalformedRepo)?,
    };
    let (user, host) = match place.rsplit_once('@') {
        Some((user, host)) => (Some(user.to_owned()), host),
        None => (None, place),
    };
    let host = host.trim_start_matches('[').to_owned();
    SshPlace { user, host, port: None, path: path.to_owned() }.checked()
}

impl SshPlace {
    /// None of it may be taken for something else by `ssh` or by the shell behind it.
    fn checked(self) -> Result<Repo, Error> {
        let plain = |text: &str, more: &str| {
            !text.is_empty()
                && !text.starts_with('-')
                && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        let sound = plain(&self.host, ".-_:%")
            && self.user.as_deref().is_none_or(|user| plain(user, ".-_+"))
            && !self.path.trim_matches('/').is_empty()
            && !self.path.starts_with('-')
            && !self.path.contains(char::is_control);
        if sound { Ok(Repo::Ssh(self)) } else { Err(Error::MalformedRepo) }
    }
}

/// `host:path`: a colon before the first slash, as Git tells it from a path.
fn is_scp_form(text: &str) -> bool {
    text.split('/').next().is_some_and(|first| first.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_on_this_machine_has_several_spellings() {
        for text in [
            "/srv/config.git",
            "file:///srv/config.git",
            "file://localhost/srv/config.git",
            "/srv/./config.git",
        ] {
            assert_eq!(Repo::parse(text).expect(text), Repo::Local("/srv/config.git".into()), "{text}");
        }
        assert_eq!(Repo::parse("/srv/a:b").expect("a path"), Repo::Local("/srv/a:b".into()));
    }

    #[test]
    fn a_web_server_is_asked_over_tls_and_this_machine_also_without() {
        for text in ["https://git.example.org/team/config.git", "https://git.example.org/team/config.git/"] {
            let url = Url::parse("https://git.example.org/team/config.git").expect("a URL");
            assert_eq!(Repo::parse(text).expect(text), Repo::Web(url), "{text}");
        }
        for text in ["http://127.0.0.1:3000/config", "http://localhost/config", "http://[::1]/config"] {
            assert!(matches!(Repo::parse(text), Ok(Repo::Web(_))), "{text}");
        }
    }

    #[test]
    fn an_ssh_server_has_two_spellings() {
        let place = |user: &str, host: &str, port, path: &str| {
            let user = Some(user.to_owned()).filter(|user| !user.is_empty());
            Repo::Ssh(SshPlace { user, host: host.into(), port, path: path.into() })
        };
        for (text, expected) in [
            (
                "ssh://git@git.example.org:2222/team/config",
                place("git", "git.example.org", Some(2222), "/team/config"),
            ),
            ("ssh://git.example.org/a%20b", place("", "git.example.org", None, "/a b")),
            ("ssh://git@[::1]:22/~ana/config", place("git", "::1", Some(22), "~ana/config")),
            ("git@git.example.org:team/config", place("git", "git.example.org", None, "team/config")),
            ("git.example.org:/srv/config", place("", "git.example.org", None, "/srv/config")),
            ("git@[::1]:config", place("git", "::1", None, "config")),
        ] {
            assert_eq!(Repo::parse(text).expect(text), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_followed_is_refused_without_repeating_it() {
        let malformed = "`repo` is neither a path nor a URL that can be followed";
        for (text, expected) in [
            ("https://robot:s3cret@git.example.org/config", "`repo` has credentials in it"),
            ("https://s3cret@git.example.org/config", "`repo` has credentials in it"),
            ("ssh://robot:s3cret@git.example.org/config", "`repo` has credentials in it"),
            (
                "http://git.example.org/config",
                "`repo` is over http, where everybody on the way can read and change it",
            ),
            ("https://git.example.org/config?token=s3cret", malformed),
            ("ftp://robot:s3cret@example.org", malformed),
            ("file://elsewhere.example/config", malformed),
            ("ssh://-oProxyCommand=s3cret/config", malformed),
            ("-oProxyCommand=s3cret:config", malformed),
            ("git@git.example.org:", malformed),
            ("git@git.example.org:-upload", malformed),
            ("git@git.example.org:a\nb", malformed),
            ("", malformed),
        ] {
            assert_eq!(Repo::parse(text).expect_err(text).to_string(), expected, "{text}");
        }
    }
}
