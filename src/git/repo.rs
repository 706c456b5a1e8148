//! Where the config repo is, parsed from the setting `repo`.
//!
//! Other forms than a place on this machine are told apart, so that the refusal can name them. A malformed URL is never
//! repeated in an error: it may carry a password.

use std::path::{Path, PathBuf};

use super::Error;
use crate::digest::Digest;

/// A repository on this machine, by its absolute path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Repo(PathBuf);

impl Repo {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let path = match text.split_once("://") {
            Some(("file", _)) => url::Url::parse(text)
                .ok()
                .and_then(|url| url.to_file_path().ok())
                .ok_or(Error::MalformedRepo)?,
            Some(("https" | "http", _)) => return Err(Error::NotYetSupported { form: "https" }),
            Some(("ssh" | "git+ssh" | "ssh+git", _)) => return Err(Error::NotYetSupported { form: "ssh" }),
            Some(_) => return Err(Error::MalformedRepo),
            None if is_scp_form(text) => return Err(Error::NotYetSupported { form: "ssh" }),
            None => PathBuf::from(text),
        };
        std::path::absolute(path).map(Self).map_err(|_| Error::MalformedRepo)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// A name for the mirror of one of its branches.
    pub(super) fn key(&self, branch: &str) -> String {
        Digest::of_parts([self.0.as_os_str().as_encoded_bytes(), branch.as_bytes()]).short()
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
            assert_eq!(Repo::parse(text).expect("a path").path(), Path::new("/srv/config.git"), "{text}");
        }
        assert_eq!(Repo::parse("/srv/a:b").expect("a path").path(), Path::new("/srv/a:b"));
    }

    #[test]
    fn other_forms_are_refused_without_repeating_them() {
        for (text, expected) in [
            (
                "https://robot:s3cret@git.example.org/config",
                "`repo` over https is not yet supported by this version",
            ),
            ("ssh://git@git.example.org/config", "`repo` over ssh is not yet supported by this version"),
            ("git@git.example.org:config", "`repo` over ssh is not yet supported by this version"),
            ("ftp://robot:s3cret@example.org", "`repo` is neither a path nor a URL that can be followed"),
            ("file://elsewhere.example/config", "`repo` is neither a path nor a URL that can be followed"),
            ("", "`repo` is neither a path nor a URL that can be followed"),
        ] {
            assert_eq!(Repo::parse(text).expect_err(text).to_string(), expected, "{text}");
        }
    }
}
