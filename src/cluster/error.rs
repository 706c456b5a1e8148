//! What can go wrong with the cluster, and whether trying again helps.
//!
//! Typed by what a caller does about it, not by HTTP codes. Messages of the server are kept, bounded and on one line;
//! bodies that we sent or got are in no error, since they may hold secret values.

use std::time::Duration;

use kube::core::Status;

use crate::ids::ResourceId;
use crate::names::InstallationId;
use crate::plan::ServerRefusal;

/// Whether the same call may succeed later without anybody doing anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Somebody has to act first.
    Never,
    /// The world may have changed by then.
    Backoff,
}

/// What was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// One object, or a fact about the server.
    Read,
    /// All objects of a kind.
    List,
    /// What an apply would give.
    DryRun,
    /// Server-side apply.
    Apply,
    /// Create-only.
    Create,
    /// Compare-and-swap.
    Replace,
    /// Deletion of one life of an object.
    Delete,
    /// A connection to a port of a pod.
    Forward,
}

impl Verb {
    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::List => "list",
            Self::DryRun => "dry-run",
            Self::Apply => "apply",
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::Forward => "port-forward",
        }
    }
}

impl Verb {
    /// Whether the cluster is another one afterwards, or something in it is reached.
    pub(super) fn writes(self) -> bool {
        match self {
            Self::Read | Self::List | Self::DryRun => false,
            Self::Apply | Self::Create | Self::Replace | Self::Delete | Self::Forward => true,
        }
    }
}

/// One call: what was tried with which resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What.
    pub verb: Verb,
    /// With which.
    pub id: Box<ResourceId>,
}

impl Verb {
    /// This, tried with a resource.
    pub(super) fn on(self, id: &ResourceId) -> Call {
        Call { verb: self, id: Box::new(id.clone()) }
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.id, self.verb.as_str())
    }
}

/// A call that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No address or credentials of a cluster could be read.
    #[error("failed to read address and credentials of the cluster")]
    Settings(#[source] Box<kube::Error>),
    /// Nobody answered.
    #[error("the API server is not reachable")]
    Unreachable(#[source] Box<kube::Error>),
    /// No whole answer in time.
    #[error("{call} failed: no answer within {} s", after.as_secs())]
    Timeout {
        /// What was tried.
        call: Call,
        /// How long was waited.
        after: Duration,
    },
    /// The server does not know who we are.
    #[error("{call} failed (Unauthorized): the API server does not accept these credentials")]
    Unauthorized {
        /// What was tried.
        call: Call,
    },
    /// The server knows who we are, and we may not.
    #[error("{call} failed (Forbidden): `{who}` may not {what}")]
    Forbidden {
        /// What was tried.
        call: Call,
        /// The user whom the server takes us for.
        who: String,
        /// What it may not, in the server's words.
        what: String,
    },
    /// The object is another one, or another version, than the one that was looked at: plan again.
    #[error("{call} failed (Conflict): {message}")]
    Conflict {
        /// What was tried.
        call: Call,
        /// The server's words.
        message: String,
    },
    /// What is made once exists already: plan again.
    #[error("{call} failed (AlreadyExists)")]
    AlreadyExists {
        /// What was tried.
        call: Call,
    },
    /// What was needed is not there (any more).
    #[error("{call} failed (NotFound)")]
    NotFound {
        /// What was tried.
        call: Call,
    },
    /// The server does not remember that far back: list again.
    #[error("{call} failed (Gone): the list was too old to be continued")]
    Gone {
        /// What was tried.
        call: Call,
    },
    /// The server does not accept the object.
    #[error("{call} failed ({reason}): {message}")]
    Invalid {
        /// What was tried.
        call: Call,
        /// `Invalid`, or `BadRequest` where a field is unknown.
        reason: String,
        /// The server's words.
        message: String,
    },
    /// The union's quota does not allow it.
    #[error("{call} failed (quota exceeded): {message}")]
    QuotaExceeded {
        /// What was tried.
        call: Call,
        /// The server's words.
        message: String,
    },
    /// An admission rule does not allow it, or the server could not do it.
    #[error("{call} failed ({reason}): {message}")]
    Refused {
        /// What was tried.
        call: Call,
        /// The HTTP status.
        code: u16,
        /// The server's reason, such as `Forbidden` or `InternalError`.
        reason: String,
        /// The server's words.
        message: String,
    },
    /// The server has no such kind.
    #[error("this cluster does not serve {kind} ({api_version})")]
    NotServed {
        /// For example `gateway.networking.k8s.io/v1`.
        api_version: String,
        /// For example `HTTPRoute`.
        kind: String,
    },
    /// An object that we keep for ourselves carries somebody else's label, or none.
    #[error("{id} exists and {}", match owner { Some(owner) => format!("belongs to installation `{owner}`"), None => "was not made by Keyforge".to_owned() })]
    NotOurs {
        /// Which.
        id: ResourceId,
        /// Whose it is, if its label says so.
        owner: Option<InstallationId>,
    },
    /// Another database holds this installation on this cluster, or did until not long ago.
    #[error("{id} is held by the database {holder}{}", if *renewed { ", which is in use" } else { "" })]
    HeldByOther {
        /// The lease.
        id: ResourceId,
        /// The other database's id.
        holder: String,
        /// It was renewed meanwhile: somebody works there.
        renewed: bool,
    },
    /// The installation's lease could not be renewed in time: somebody else may have taken it.
    #[error("the lease of this installation is not renewed: nothing is written")]
    LeaseNotRenewed,
    /// Who only observes does not write.
    #[error("{call} was not tried: this daemon only observes")]
    Observes {
        /// What was wanted.
        call: Call,
    },
    /// An object that we keep for ourselves holds what we did not write. Never taken for an absent one.
    #[error("{id} cannot be understood: {what}")]
    Unreadable {
        /// Which.
        id: ResourceId,
        /// What is wrong with it.
        what: String,
    },
    /// The answer is not what the API promises.
    #[error("{call} failed: the answer is {what}")]
    Answer {
        /// What was tried.
        call: Call,
        /// What it was.
        what: &'static str,
    },
}

impl Error {
    /// Whether the same call may succeed later.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Unreachable(_)
            | Self::Timeout { .. }
            | Self::Conflict { .. }
            | Self::AlreadyExists { .. }
            | Self::NotFound { .. }
            | Self::Gone { .. }
            | Self::NotServed { .. }
            | Self::Answer { .. }
            // Rights and credentials are given without a commit, and a binding takes a moment to be in force.
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::HeldByOther { renewed: false, .. }
            | Self::LeaseNotRenewed => Retry::Backoff,
            refused @ Self::Refused { .. } if refused.is_away() => Retry::Backoff,
            Self::Settings(_)
            | Self::Invalid { .. }
            | Self::QuotaExceeded { .. }
            | Self::Refused { .. }
            | Self::NotOurs { .. }
            | Self::HeldByOther { .. }
            | Self::Observes { .. }
            | Self::Unreadable { .. } => Retry::Never,
        }
    }

    /// Whether the server gives no answer now: away, starting, or out of breath.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Timeout { .. } | Self::Answer { .. } => true,
            // The server answers; somebody's webhook does not, and that concerns the objects that it is asked about.
            Self::Refused { message, .. } if message.contains("failed calling webhook") => false,
            Self::Refused { code, .. } => *code == 429 || *code >= 500,
            _ => false,
        }
    }

    /// What the server has against the object itself; other failures say nothing about it and stay errors.
    pub(super) fn into_refusal(self) -> Result<ServerRefusal, Self> {
        match self {
            Self::Invalid { reason, message, .. } => Ok(ServerRefusal { reason, message }),
            Self::QuotaExceeded { message, .. } => Ok(ServerRefusal { reason: "Forbidden".into(), message }),
            Self::Refused { code: 400..=428, reason, message, .. } => Ok(ServerRefusal { reason, message }),
            other => Err(other),
        }
    }

    /// The server's `Status` in our terms.
    pub(super) fn of_status(call: Call, code: u16, status: &Status) -> Self {
        let message = one_line(&status.message);
        let reason = status.reason.clone();
        match code {
            401 => Self::Unauthorized { call },
            403 => match who_and_what(&message) {
                Some((who, what)) => Self::Forbidden { call, who, what },
                None if message.contains("exceeded quota: ") => Self::QuotaExceeded { call, message },
                None => Self::Refused { call, code, reason, message },
            },
            404 if reason == "NotFound" => Self::NotFound { call },
            // Whoever said that, it was not the API server: nothing can be concluded about the object.
            404 => Self::Answer { call, what: "a 404 that is not the API server's" },
            409 if status.is_already_exists() => Self::AlreadyExists { call },
            409 => Self::Conflict { call, message },
            410 => Self::Gone { call },
            // The precondition of an apply, as the server words it: another object has this name now.
            422 if is_about(status, "metadata.uid") => Self::Conflict { call, message },
            400 | 422 => Self::Invalid { call, reason, message },
            // An unknown field in an apply is the server's own fault, if one believes its code.
            500 if message.starts_with("failed to create typed patch object") => {
                Self::Invalid { call, reason: "Invalid".into(), message }
            }
            _ => Self::Refused { call, code, reason, message },
        }
    }
}

/// Whether one of the causes is this field.
fn is_about(status: &Status, field: &str) -> bool {
    status.details.iter().flat_map(|details| &details.causes).any(|cause| cause.field == field)
}

/// From `… is forbidden: User "jane" cannot patch resource "deployments" in API group "apps" …`, what RBAC writes.
/// Other admission rules write other texts under the same code.
fn who_and_what(message: &str) -> Option<(String, String)> {
    let (_, rest) = message.split_once("User \"")?;
    let (who, what) = rest.split_once("\" cannot ")?;
    Some((who.to_owned(), what.to_owned()))
}

/// The longest text of the outside that is kept.
const LONGEST: usize = 600;

/// A text of the outside on one line, bounded, without control characters: it ends in logs and on terminals.
pub(super) fn one_line(text: &str) -> String {
    let clean = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut line: String = clean.take(LONGEST).collect();
    if text.trim().chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: u16, message: &str) -> Error {
        let id = ResourceId {
            kind: "Deployment".into(),
            namespace: Some("union-acme".into()),
            name: "vaultwarden".into(),
            api_version: "apps/v1".into(),
        };
        let call = Verb::Apply.on(&id);
        Error::of_status(call, code, &Status { message: message.into(), ..Status::default() })
    }

    #[test]
    fn a_forbidden_call_names_who_may_not_do_what() {
        let text = of(
            403,
            "deployments.apps \"vaultwarden\" is forbidden: User \"jane\" cannot patch resource \"deployments\" \
             in API group \"apps\" in the namespace \"union-acme\"",
        )
        .to_string();
        assert_eq!(
            text,
            "Deployment union-acme/vaultwarden: apply failed (Forbidden): `jane` may not patch resource \
             \"deployments\" in API group \"apps\" in the namespace \"union-acme\""
        );
    }

    #[test]
    fn a_quota_is_told_apart_from_missing_rights() {
        let error =
            of(403, "pods \"x\" is forbidden: exceeded quota: limits, requested: pods=1, used: pods=0");
        assert!(matches!(error, Error::QuotaExceeded { .. }));
        assert_eq!(error.retry(), Retry::Never);
        assert!(error.into_refusal().is_ok());
    }

    #[test]
    fn a_webhook_that_denies_or_cannot_be_called_is_told_in_its_words() {
        let denied = of(403, "admission webhook \"gate.example\" denied the request: not on a Friday");
        let refusal = denied.into_refusal().expect("the server has something against it");
        assert_eq!(refusal.message, "admission webhook \"gate.example\" denied the request: not on a Friday");
        let absent =
            of(500, "Internal error occurred: failed calling webhook \"gate.example\": no route to host");
        assert!(!absent.is_away(), "the server answers");
        assert_eq!(absent.retry(), Retry::Never);
        assert!(absent.to_string().ends_with("failed calling webhook \"gate.example\": no route to host"));
    }

    #[test]
    fn texts_of_the_outside_are_short_and_on_one_line() {
        assert_eq!(one_line(" a\n\u{1b}[31mb "), "a  [31mb");
        assert_eq!(one_line(&"x".repeat(700)).chars().count(), LONGEST + 1);
    }
}
