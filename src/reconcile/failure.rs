//! Failures in words: the one file that turns errors into what people read.
//!
//! Below are typed facts; here they get a kind (who acts), a message that may be shown to everybody, and a hint. What is
//! internal (SQL, hosts, chains of causes) stays in `detail`, which goes to the log only.

use crate::cluster;
use crate::desired::RenderError;
use crate::git;
use crate::plan::Refusal;
use crate::store;

use super::lease::Lost;

/// Why a union could not be reconciled.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The cluster.
    #[error(transparent)]
    Cluster(#[from] cluster::Error),
    /// The config repo.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// The manifests cannot be made.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The planner gives no plan; never empty.
    #[error("{}", refusals(.0))]
    Refused(Vec<Refusal>),
    /// Somebody else has the union.
    #[error(transparent)]
    Lease(#[from] Lost),
    /// The daemon stops.
    #[error("the daemon was stopped in the middle of the rollout")]
    Stopped,
    /// It was applied and cannot become healthy.
    #[error("{why}")]
    Unhealthy {
        /// What is wrong with it.
        why: String,
    },
    /// It was applied and did not become healthy in time.
    #[error("not healthy after {minutes} minutes: {why}")]
    TooLate {
        /// The deadline.
        minutes: u64,
        /// What is awaited.
        why: String,
    },
    /// A fault of this program.
    #[error("internal fault: {what}")]
    Internal {
        /// What should not be.
        what: &'static str,
    },
}

/// Who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The people who write the documents, or the operator for this one union.
    User,
    /// Whoever runs database, cluster or network; it is tried again meanwhile.
    Environment,
    /// We do.
    Internal,
}

impl Failure {
    /// Who has to act.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Store(_) | Self::Git(_) | Self::Lease(_) | Self::Stopped => Kind::Environment,
            Self::Cluster(error) if error.retry() == cluster::Retry::Backoff => Kind::Environment,
            Self::Cluster(_) | Self::Refused(_) | Self::Unhealthy { .. } | Self::TooLate { .. } => Kind::User,
            Self::Render(_) | Self::Internal { .. } => Kind::Internal,
        }
    }

    /// What everybody may read.
    pub fn message(&self) -> String {
        match self {
            Self::Store(_) => "the database does not answer".to_owned(),
            Self::Internal { .. } => "internal fault; the daemon's log has the cause".to_owned(),
            other => other.to_string(),
        }
    }

    /// What to do, where it is sure.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(refusals) => refusals.first().map(hint),
            Self::Git(error) => error.hint(),
            _ => None,
        }
    }

    /// For the log: the chain of causes.
    pub fn detail(&self) -> String {
        chain(self)
    }

    /// Whether the union is nobody's fault and its deployment is to be run again as it is.
    pub fn is_interruption(&self) -> bool {
        matches!(self, Self::Lease(_) | Self::Stopped | Self::Store(_))
    }
}

/// An error with its causes, each told once: some libraries put a cause's words into its parent's.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

fn refusals(refusals: &[Refusal]) -> String {
    refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn hint(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NewerTemplates { .. } => "update this replica of Keyforge, or end it".to_owned(),
        Refusal::NotOurs { id, .. } => {
            format!(
                "rename the union, or remove {id} if nobody needs it; Keyforge takes over only what it made"
            )
        }
        Refusal::Conflict { manager, .. } => {
            format!(
                "stop `{manager}` from writing these fields; two managers would overwrite each other for ever"
            )
        }
        Refusal::Server { .. } => {
            "change the document so that the server accepts it, or the server's policy".to_owned()
        }
        Refusal::DataMissing { union, .. } => format!(
            "restore the volume from a backup; to start `{union}` anew with an empty vault, delete its state object: \
             kubectl delete configmap union-{union} in the daemon's namespace"
        ),
        Refusal::CredentialsLost { id, .. } => {
            format!(
                "restore {id} from a backup of the daemon's namespace; its vault cannot be administered without it"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_internal_is_not_shown_to_everybody() {
        let failure = Failure::Internal { what: "a uid is not in the inventory" };
        assert_eq!(failure.message(), "internal fault; the daemon's log has the cause");
        assert_eq!(failure.detail(), "internal fault: a uid is not in the inventory");
    }
}
