//! Which union has which host.
//!
//! The only check that looks across unions. The last accepted holder keeps a host and only the newcomer is held, so
//! that nobody can stop another union by claiming its domain (decisions.md 1.4).

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, Diagnostic, Note, Severity, Span};
use crate::domain::Domain;
use crate::names::UnionName;

/// Who was last accepted for a host. Tombstones keep theirs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims(BTreeMap<String, UnionName>);

impl Claims {
    /// The union that was last accepted for this host.
    pub fn holder(&self, host: &str) -> Option<&UnionName> {
        self.0.get(host)
    }
}

impl FromIterator<(String, UnionName)> for Claims {
    /// From the hosts ([`Domain::host`]) of what was last accepted.
    fn from_iter<I: IntoIterator<Item = (String, UnionName)>>(claims: I) -> Self {
        Self(claims.into_iter().collect())
    }
}

/// A union that wants a host.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// Who.
    pub union: &'a UnionName,
    /// Its domain.
    pub domain: &'a Domain,
    /// Where that is written.
    pub span: &'a Span,
}

/// The unions that cannot have the host they claim, each with the reason.
///
/// A holder gives its host up only by a claim of another one that is not refused itself; what is not among `claims`
/// (unchanged, held for something else, removed) keeps what it holds.
pub fn check_claims<'a>(
    claims: impl IntoIterator<Item = Claim<'a>>,
    held_by: &Claims,
) -> Vec<(UnionName, Diagnostic)> {
    let claims: BTreeMap<&UnionName, Claim<'a>> =
        claims.into_iter().map(|claim| (claim.union, claim)).collect();
    let mut by_host: BTreeMap<&str, Vec<&Claim<'a>>> = BTreeMap::new();
    for claim in claims.values() {
        by_host.entry(claim.domain.host()).or_default().push(claim);
    }
    let mut refused: BTreeMap<&UnionName, Diagnostic> = BTreeMap::new();
    // A refusal can keep a host from the next union in turn, so this goes on until nobody new is refused.
    loop {
        let known: BTreeSet<&UnionName> = refused.keys().copied().collect();
        for (host, claimants) in &by_host {
            let holder = held_by.holder(host).filter(|holder| {
                let gives_up = claims.get(holder).is_some_and(|claim| claim.domain.host() != *host);
                !gives_up || known.contains(holder)
            });
            for claim in claimants.iter().filter(|claim| !known.contains(claim.union)) {
                let other = match holder {
                    Some(holder) if holder == claim.union => continue,
                    Some(holder) => held(claim, holder, claims.get(holder)),
                    None => match claimants.iter().find(|other| other.union != claim.union) {
                        Some(other) => both(claim, other),
                        None => continue,
                    },
                };
                refused.insert(claim.union, other);
            }
        }
        if refused.len() == known.len() {
            return refused.into_iter().map(|(union, why)| (union.clone(), why)).collect();
        }
    }
}

fn both(claim: &Claim<'_>, other: &Claim<'_>) -> Diagnostic {
    let (first, second) = if claim.union < other.union { (claim, other) } else { (other, claim) };
    let message = if first.domain == second.domain {
        format!("unions `{}` and `{}` both claim `{}`", first.union, second.union, claim.domain)
    } else {
        format!(
            "unions `{}` and `{}` both claim the host `{}`",
            first.union,
            second.union,
            claim.domain.host()
        )
    };
    diagnostic(claim, message, other.union, Some(other), "give one of them another `domain`")
}

fn held(claim: &Claim<'_>, holder: &UnionName, other: Option<&Claim<'_>>) -> Diagnostic {
    let message = format!("the host `{}` belongs to union `{holder}`", claim.domain.host());
    let other = other.filter(|other| other.domain.host() == claim.domain.host());
    diagnostic(claim, message, holder, other, "choose another `domain`")
}

fn diagnostic(
    claim: &Claim<'_>,
    message: String,
    other: &UnionName,
    note: Option<&Claim<'_>>,
    hint: &str,
) -> Diagnostic {
    Diagnostic {
        span: claim.span.clone(),
        code: Code::DuplicateDomain,
        severity: Severity::Error,
        message,
        label: format!("also claimed by `{other}`"),
        notes: note
            .map(|note| Note { span: note.span.clone(), message: "claimed here".into() })
            .into_iter()
            .collect(),
        hint: Some(hint.into()),
    }
}
