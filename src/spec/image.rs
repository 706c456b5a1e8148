//! References to container images.

use std::fmt;
use std::str::FromStr;

use serde_with::{DeserializeFromStr, SerializeDisplay};

use crate::digest::Digest;

/// An image with a tag: `[registry/]repository:tag[@sha256:…]`.
#[derive(Debug, Clone, PartialEq, Eq, DeserializeFromStr, SerializeDisplay)]
pub struct ImageReference {
    /// For example `vaultwarden/server`.
    pub repository: String,
    /// For example `1.37.2`.
    pub tag: String,
    /// `sha256:…`, if the image is pinned.
    pub digest: Option<String>,
}

/// The text names no image with a tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// `latest` by omission would change under us.
    #[error("an image has a tag, such as `vaultwarden/server:1.37.2`")]
    NoTag,
    /// `latest` changes under us too.
    #[error("the tag `latest` changes under us; an image has a tag such as `1.37.2`")]
    Latest,
    /// Not the form of a reference.
    #[error("an image has the form `repository:tag` or `repository:tag@sha256:<64 hexadecimal digits>`")]
    Form,
}

impl FromStr for ImageReference {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        let (repository, tag) = match name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, tag),
            _ => return Err(ImageError::NoTag),
        };
        let plain = |text: &str, extra: &str| {
            !text.is_empty()
                && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c) || extra.contains(c))
        };
        let pinned = digest.is_none_or(|digest| digest.parse::<Digest>().is_ok());
        if !plain(repository, "/:") || !plain(tag, "") || tag.len() > 128 || !pinned {
            return Err(ImageError::Form);
        }
        // A digest beside it pins the image all the same, but says nothing to whoever reads the file.
        if tag.eq_ignore_ascii_case("latest") {
            return Err(ImageError::Latest);
        }
        Ok(Self { repository: repository.into(), tag: tag.into(), digest: digest.map(Into::into) })
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.repository, self.tag)?;
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}
