//! Who may sign for which part of the config repo.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_with::{DeserializeFromStr, SerializeDisplay};

use super::commit::{Commit, Part};
use super::pattern;
use super::signer::{Signer, Unverified};
use super::signers::Signers;

/// What `keyforge.yaml` says of signatures.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    /// Whose signatures count.
    pub signers: Signers,
    /// For which part; the first that fits decides, and for a part that none fits all of them may sign.
    pub rules: Vec<Rule>,
}

impl Policy {
    /// How many people may sign for a part, forges aside.
    pub fn people(&self, part: &Part, now: DateTime<Utc>) -> usize {
        let rule = self.rules.iter().find(|rule| rule.path.fits(part));
        let may = |signer: &Signer| {
            !signer.is_forge() && rule.is_none_or(|rule| rule.signers.iter().any(|who| signer.is(who)))
        };
        let mut people: Vec<Signer> = Vec::new();
        for signer in self.signers.valid(now).filter(may) {
            if !people.iter().any(|known| known.is_same_person(&signer)) {
                people.push(signer);
            }
        }
        people.len()
    }
}

/// Who may sign for some part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Which part.
    pub path: RulePath,
    /// Addresses, or fingerprints of keys.
    pub signers: Vec<String>,
}

/// Which parts a rule is for.
#[derive(Debug, Clone, PartialEq, Eq, DeserializeFromStr, SerializeDisplay)]
pub enum RulePath {
    /// All of them.
    All,
    /// `keyforge.yaml`.
    Keyforge,
    /// The unions whose name this pattern fits.
    Unions(String),
}

/// A path for which nobody can sign apart from the rest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a path is `keyforge.yaml`, `unions/<name>/**` with `*` for any text in the name, or `**`")]
pub struct RulePathError;

impl std::str::FromStr for RulePath {
    type Err = RulePathError;

    /// A commit vouches for a union as a whole, so a path inside of one is refused rather than believed.
    fn from_str(text: &str) -> Result<Self, RulePathError> {
        match text {
            "**" => return Ok(Self::All),
            "keyforge.yaml" => return Ok(Self::Keyforge),
            _ => {}
        }
        let name = text.strip_prefix("unions/").ok_or(RulePathError)?;
        let name =
            if name == "**" { "*" } else { name.strip_suffix("/**").unwrap_or(name).trim_end_matches('/') };
        let is_pattern = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-*?".contains(c);
        if name.is_empty() || name.contains("**") || !name.chars().all(is_pattern) {
            return Err(RulePathError);
        }
        Ok(Self::Unions(name.to_owned()))
    }
}

impl fmt::Display for RulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("**"),
            Self::Keyforge => f.write_str("keyforge.yaml"),
            Self::Unions(pattern) => write!(f, "unions/{pattern}/**"),
        }
    }
}

impl RulePath {
    fn fits(&self, part: &Part) -> bool {
        match (self, part) {
            (Self::All, _) | (Self::Keyforge, Part::Keyforge) => true,
            (Self::Unions(pattern), Part::Union(name)) => pattern::matches(pattern, name),
            _ => false,
        }
    }
}

/// Whose signature counts for a revision: by the `keyforge.yaml` before it, below a root that is not in Git.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trust<'a> {
    /// Who alone may sign for `keyforge.yaml`, and also for everything else; `None`: whom `keyforge.yaml` itself names.
    pub root: Option<&'a Signers>,
    /// Who may sign for unions; `None`: nobody has to.
    pub policy: Option<&'a Policy>,
    /// Whatever a commit says of its date, it is not believed to be older than this: what is new was not made long before
    /// what was judged, and a key that has run out since would sign for ever otherwise.
    pub oldest: Option<DateTime<Utc>>,
}

/// Why nobody vouches for what a commit did to a part. Reads on after "commit 0123 …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no signature that counts.
    #[error(transparent)]
    Unverified(#[from] Unverified),
    /// There is, by somebody who may not sign for this part.
    #[error("is signed by {signer}, who may not sign for `{part}`; allowed are {}", quoted(allowed))]
    NotAllowed {
        /// Who.
        signer: Signer,
        /// For what.
        part: Part,
        /// Who may.
        allowed: Vec<String>,
    },
    /// It should be by a person, and is by the key of a forge, which stands for all who use its pages.
    #[error("is signed by {signer}, the key of a forge, which stands for nobody in particular")]
    Forge {
        /// Whose key.
        signer: Signer,
    },
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Whose signature a commit has, by each that could name them.
#[derive(Debug, Clone)]
pub(super) struct Verified {
    by_root: Option<Result<Signer, Unverified>>,
    by_policy: Option<Result<Signer, Unverified>>,
}

impl Trust<'_> {
    /// Whether somebody has to sign for a part.
    pub fn asks(&self, part: &Part) -> bool {
        self.policy.is_some() || (self.root.is_some() && *part == Part::Keyforge)
    }

    /// Who signed a commit, whatever they may sign for.
    pub fn signer_of(&self, commit: &Commit, now: DateTime<Utc>) -> Result<Signer, Unverified> {
        let Verified { by_root, by_policy } = self.verify(commit, now);
        match (by_root, by_policy) {
            (Some(Ok(signer)), _) => Ok(signer),
            (_, Some(by_policy)) => by_policy,
            (Some(by_root), None) => by_root,
            (None, None) => Err(Unverified::Unsigned),
        }
    }

    /// The person who stands behind a commit that approves something of a part; `None` where nobody has to sign.
    pub fn approver(
        &self,
        commit: &Commit,
        part: &Part,
        now: DateTime<Utc>,
    ) -> Result<Option<Signer>, Refusal> {
        if !self.asks(part) {
            return Ok(None);
        }
        match self.voucher(&self.verify(commit, now), part)? {
            signer if signer.is_forge() => Err(Refusal::Forge { signer }),
            signer => Ok(Some(signer)),
        }
    }

    /// Verifies a commit's signature once for all parts that it touches.
    pub(super) fn verify(&self, commit: &Commit, now: DateTime<Utc>) -> Verified {
        Verified {
            by_root: self.root.map(|root| root.signer_of(commit, self.oldest, now)),
            by_policy: self.policy.map(|policy| policy.signers.signer_of(commit, self.oldest, now)),
        }
    }

    /// Who vouches for what a commit did to a part.
    pub(super) fn voucher(&self, verified: &Verified, part: &Part) -> Result<Signer, Refusal> {
        let by_policy = match (&verified.by_root, &verified.by_policy, self.policy) {
            (Some(Ok(signer)), ..) => return Ok(signer.clone()),
            (Some(Err(why)), ..) if *part == Part::Keyforge => return Err(Refusal::Unverified(why.clone())),
            (_, Some(by_policy), Some(policy)) => by_policy.clone().map(|signer| (signer, policy)),
            (Some(Err(why)), ..) => Err(why.clone()),
            (None, ..) => Err(Unverified::Unsigned),
        };
        let (signer, policy) = by_policy.map_err(Refusal::Unverified)?;
        match policy.rules.iter().find(|rule| rule.path.fits(part)) {
            Some(rule) if !rule.signers.iter().any(|who| signer.is(who)) => {
                Err(Refusal::NotAllowed { signer, part: part.clone(), allowed: rule.signers.clone() })
            }
            _ => Ok(signer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_for_whole_parts() {
        for (path, fits) in [
            ("**", "keyforge.yaml unions/acme unions/northside"),
            ("keyforge.yaml", "keyforge.yaml"),
            ("unions/**", "unions/acme unions/northside"),
            ("unions/*", "unions/acme unions/northside"),
            ("unions/acme/**", "unions/acme"),
            ("unions/acme/", "unions/acme"),
            ("unions/north*/**", "unions/northside"),
        ] {
            let rule: RulePath = path.parse().expect("a path");
            let parts = [Part::Keyforge, Part::Union("acme".into()), Part::Union("northside".into())];
            let found: Vec<_> =
                parts.iter().filter(|part| rule.fits(part)).map(ToString::to_string).collect();
            assert_eq!(found.join(" "), fits, "{path}");
        }
        for path in
            ["", "unions", "unions/", "unions/acme/societies/**", "*.yaml", "unions/**/x", "/unions/acme"]
        {
            assert_eq!(path.parse::<RulePath>(), Err(RulePathError), "{path}");
        }
    }
}
