//! Failures in words: the one file that turns errors into what people read.
//!
//! Below are typed facts; here they get a message that may be shown to everybody, and a hint. What is
//! internal (SQL, hosts, chains of causes) stays in `detail`, which goes to the log only.

use serde_json::json;

use crate::cluster::{self, Stuck, WhyStuck};
use crate::desired::RenderError;
use crate::diagnostic::visible;
use crate::git;
use crate::ids::ResourceId;
use crate::names::UnionName;
use crate::plan::{Refusal, Unusable, WhyUnusable};
use crate::store;
use crate::vaultwarden;

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
    /// The union's server.
    #[error(transparent)]
    Vault(#[from] vaultwarden::Error),
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
    /// Its server is healthy, and what is inside of it was not brought to an end in time.
    #[error("its societies are not as declared after {minutes} minutes: {why}")]
    Unprovisioned {
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

/// What everybody may read of a full database.
pub(super) const NO_ROOM: &str =
    "the database has no room left: nothing can be recorded, so nothing is rolled out";

impl Failure {
    /// What everybody may read.
    pub fn message(&self) -> String {
        match self {
            Self::Store(store::Error::Full { .. }) => NO_ROOM.to_owned(),
            Self::Store(error) if error.retry() == store::Retry::Backoff => {
                "the database does not answer".to_owned()
            }
            Self::Store(_) => "the database refused a statement; the daemon's log has the cause".to_owned(),
            Self::Internal { .. } => "internal fault; the daemon's log has the cause".to_owned(),
            other => other.to_string(),
        }
    }

    /// What to do, where it is sure.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(refusals) => refusals.first().map(hint),
            Self::Git(error) => error.hint(),
            Self::Cluster(cluster::Error::Forbidden { .. }) => Some(
                "apply the rules of this version: `kubectl apply -k deploy/kubernetes/base`; README, \"Rights in the \
                 cluster\", tells what each is for"
                    .to_owned(),
            ),
            Self::Vault(error) => error.hint(),
            _ => None,
        }
    }

    /// For the log: the chain of causes.
    pub fn detail(&self) -> String {
        chain(self)
    }

    /// Whether database or API server give no answer now.
    pub(super) fn is_away(&self) -> bool {
        match self {
            Self::Store(error) => error.retry() == store::Retry::Backoff,
            Self::Cluster(error) => error.is_away(),
            _ => false,
        }
    }

    /// Whether it says nothing about the union: what was begun is run again as the world is then.
    pub(super) fn is_interruption(&self) -> bool {
        match self {
            Self::Git(_) | Self::Lease(_) | Self::Stopped => true,
            Self::Store(error) => error.retry() == store::Retry::Backoff || error.is_lost(),
            // Somebody wrote in between, or the server is away: look and plan again.
            Self::Cluster(error) => {
                error.is_away()
                    || matches!(
                        error,
                        cluster::Error::Conflict { .. }
                            | cluster::Error::AlreadyExists { .. }
                            | cluster::Error::NotFound { .. }
                            | cluster::Error::LeaseNotRenewed
                    )
            }
            Self::Render(_)
            | Self::Vault(_)
            | Self::Refused(_)
            | Self::Unhealthy { .. }
            | Self::TooLate { .. }
            | Self::Unprovisioned { .. }
            | Self::Internal { .. } => false,
        }
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
                "stop `{manager}` from writing these fields, since two managers would overwrite each other for ever; or \
                 leave them to it under `spec.ignore` of `keyforge.yaml`"
            )
        }
        Refusal::Server { id, message, .. } if message.contains("immutable") => immutable_hint(id),
        Refusal::Server { .. } => {
            "change the document so that the server accepts it, or the server's policy".to_owned()
        }
        Refusal::Secret { union, unusable } => secret_hint(union, unusable),
        Refusal::DataMissing { union, elsewhere: true, .. } => format!(
            "if this is not the cluster that the daemon should work on, end it; else bring namespace and volume over, then \
             approve to go on with what is there, by the line that `keyforge status {union}` shows"
        ),
        Refusal::DataMissing { union, elsewhere: false, .. } => format!(
            "restore namespace and volume from a backup, then approve to go on with what is there, by the line that \
             `keyforge status {union}` shows; without a restore that starts an empty vault"
        ),
        Refusal::CredentialsLost { union, id } => format!(
            "restore {id} from a backup of the daemon's namespace, or approve by the line that `keyforge status {union}` \
             shows to draw new ones"
        ),
    }
}

/// What is being deleted and what keeps it, with a command that is safe: it takes one finalizer off one object, and
/// nothing if that is not there any more.
pub(super) fn deleting(id: &ResourceId, stuck: &[Stuck]) -> String {
    let Some(first) = stuck.first() else { return format!("{id} is being deleted") };
    let since = first.since.map(|since| format!(" since {}", since.format("%F %T UTC"))).unwrap_or_default();
    let more = match stuck.len() - 1 {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let Stuck { id, why, .. } = first;
    match why {
        WhyStuck::Finalizer { name, at } => {
            let place =
                id.namespace.as_ref().map(|place| format!(" --namespace {place}")).unwrap_or_default();
            let kind = match id.api_version.split_once('/') {
                Some((group, _)) => format!("{}.{group}", id.kind.to_lowercase()),
                None => id.kind.to_lowercase(),
            };
            let path = format!("/metadata/finalizers/{at}");
            let patch = json!([
                {"op": "test", "path": path, "value": name},
                {"op": "remove", "path": path},
            ]);
            format!(
                "{id} is being deleted{since} and kept by finalizer `{}`{more} (whoever set it has to take it off; if that \
                 is gone for good: `kubectl{place} patch {kind} {} --type json --patch '{patch}'`)",
                visible(name),
                id.name,
            )
        }
        WhyStuck::Server { message } => {
            format!("{id} is being deleted{since} and the server cannot empty it: {}{more}", visible(message))
        }
    }
}

/// What the server never changes in place is made anew, or stays.
fn immutable_hint(id: &ResourceId) -> String {
    let namespace = id.namespace.as_deref().unwrap_or_default();
    let (kind, name) = (id.kind.to_lowercase(), &id.name);
    if id.kind == "PersistentVolumeClaim" {
        return "the server changes this field of a volume claim never; put its former value back in the document, or \
                restore a backup into a union that is founded with the new one"
            .to_owned();
    }
    format!(
        "the server never changes this field in place: put its former value back, or have the object made anew by \
         `kubectl --namespace {namespace} delete {kind} {name}`"
    )
}

fn secret_hint(union: &UnionName, Unusable { id, why, .. }: &Unusable) -> String {
    let (namespace, name) = (id.namespace.as_deref().unwrap_or_default(), &id.name);
    match why {
        WhyUnusable::NotGiven => format!(
            "create it, or give it to this union: `kubectl --namespace {namespace} label secret {name} \
             keyforge.dev/union={union}`; with `keyforge.dev/shared=true` every union may name it"
        ),
        WhyUnusable::Key { key } => {
            format!("add `{key}` to it, or name another key in the document where it can be named")
        }
        WhyUnusable::NoDatabaseUrl { .. } => {
            "write it as `postgresql://<user>:<password>@<host>/<database>` (or `mysql://…`)".to_owned()
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
