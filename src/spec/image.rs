//! References to container images.

use std::fmt;
use std::str::FromStr;

use serde_with::{DeserializeFromStr, SerializeDisplay};

use crate::digest::Digest;
use crate::network::is_host_name;

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
        let pinned = digest.is_none_or(|digest| digest.parse::<Digest>().is_ok());
        if !is_repository(repository) || !is_tag(tag) || !pinned {
            return Err(ImageError::Form);
        }
        // A digest beside it pins the image all the same, but says nothing to whoever reads the file.
        if tag.eq_ignore_ascii_case("latest") {
            return Err(ImageError::Latest);
        }
        Ok(Self { repository: repository.into(), tag: tag.into(), digest: digest.map(Into::into) })
    }
}

/// By the grammar of the distribution specification, as the kubelet reads it.
fn is_tag(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// A path, after the host of a registry if its first part looks like one.
fn is_repository(text: &str) -> bool {
    let (registry, path) = match text.split_once('/') {
        Some((first, path)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), path),
        _ => (None, text),
    };
    text.len() <= 255 && registry.is_none_or(is_registry) && path.split('/').all(is_component)
}

fn is_registry(text: &str) -> bool {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let digits =
        |port: &str| port.bytes().all(|b| b.is_ascii_digit()) && port.parse().is_ok_and(|n: u16| n > 0);
    is_host_name(host) && port.is_none_or(digits)
}

/// Small letters and digits, with one separator between them.
fn is_component(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_separator = |text: &str| matches!(text, "" | "." | "_" | "__") || text.bytes().all(|b| b == b'-');
    text.starts_with(plain) && text.ends_with(plain) && text.split(plain).all(is_separator)
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.repository, self.tag)?;
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_one_that_registries_know() {
        for text in [
            "postgres:17.6",
            "vaultwarden/server:1.37.2",
            "registry.example:5000/a/b__c--d:_x",
            "localhost/a:1",
        ] {
            assert_eq!(text.parse::<ImageReference>().map(|image| image.to_string()), Ok(text.to_owned()));
        }
        for text in [
            ":-x",
            "a:-x",
            "a:.x",
            "a//b:1",
            "a/:1",
            "/a:1",
            "a:1:2",
            "r:0/a:1",
            "r.example:x/a:1",
            "A/b:1",
            "a._b:1",
            "-a:1",
        ] {
            assert_eq!(text.parse::<ImageReference>(), Err(ImageError::Form), "{text}");
        }
        assert_eq!("a:5000/b".parse::<ImageReference>(), Err(ImageError::NoTag));
    }
}
