//! Tells people: sends what waits in the outbox to the places that the accepted `keyforge.yaml` names.
//!
//! One replica does it at a time; where two believe that they are the one, each message still is one's alone. Delivery is at
//! least once: who dies between sending and recording it leaves a message that is sent again, with the same id. Invariant: what
//! a Secret holds goes to the messenger and nowhere else.

use std::time::Duration;

use chrono::Utc;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::dependencies::{Dependencies, System};
use crate::cluster::{self, Cluster};
use crate::digest::Digest;
use crate::messenger::{self, Messenger, Parcel};
use crate::network;
use crate::notice::schedule::{NEWS, Next, next};
use crate::notice::{Content, Destination, Message, Notice, destinations};
use crate::redacted::Redacted;
use crate::spec::NotificationKind;
use crate::store::{self, OpenMessage, Pace, Store};
use crate::telemetry::Metrics;

/// How often it is looked for what is to be sent.
const LOOK: Duration = Duration::from_secs(5);

/// How long a replica waits before it tries again to be the one that sends.
const TURN: Duration = Duration::from_secs(60);

/// What arises within ten seconds is one message, and each place gets one a minute at most. Who tries a message has it alone
/// for longer than all that one attempt may take.
const PACE: Pace = Pace {
    gather: Duration::from_secs(10),
    rest: Duration::from_secs(60),
    most: 500,
    alone: Duration::from_secs(90),
};

/// What readiness says to everybody; the log has the place and the cause.
const TROUBLE: &str = "a place of `spec.notifications` is not told; the log says why";

/// The key of a Secret by which a webhook is signed.
const SIGNING_KEY: &str = "hmac";

/// What sends messages. Clones send from the same outbox.
#[derive(Clone)]
pub struct Notifier {
    /// Where messages wait.
    pub store: Store,
    /// Where the Secrets are.
    pub cluster: Cluster,
    /// How they leave.
    pub messenger: Messenger,
    /// What is counted.
    pub metrics: Metrics,
    /// Where it is told that nobody can be told.
    pub dependencies: Dependencies,
    /// Where people reach the page.
    pub page: Option<Url>,
}

/// Why a place was not told.
#[derive(Debug, thiserror::Error)]
pub enum NotTold {
    /// Its Secret is not there, or is not for this.
    #[error("Secret `{secret}` is not in namespace `{namespace}`, or is one that Keyforge made")]
    NoSecret {
        /// Which.
        secret: String,
        /// Where it was looked for.
        namespace: String,
    },
    /// The Secret lacks a key, or it holds no text.
    #[error("Secret `{secret}` has no text under the key `{key}`")]
    NoText {
        /// Which.
        secret: String,
        /// The key.
        key: String,
    },
    /// The Secret could not be read.
    #[error("its Secret could not be read: {}", super::chain(.0))]
    Cluster(Box<cluster::Error>),
    /// It did not take the message.
    #[error(transparent)]
    Messenger(#[from] messenger::Error),
}

impl NotTold {
    /// What helps.
    pub fn hint(&self) -> String {
        match self {
            Self::NoSecret { secret, namespace } => format!(
                "kubectl --namespace {namespace} create secret generic {secret} --from-file=url=/dev/stdin"
            ),
            Self::NoText { secret, key } => {
                format!("put the URL into Secret `{secret}` under the key `{key}`")
            }
            Self::Cluster(_) => {
                "see whether the API server answers, and whether the daemon may read Secrets there".to_owned()
            }
            Self::Messenger(error) => error.hint().to_owned(),
        }
    }
}

/// What became of a test message.
#[derive(Debug)]
pub struct Tried {
    /// Where it went.
    pub destination: Destination,
    /// Whether it was taken.
    pub result: Result<(), NotTold>,
}

/// The places that the accepted `keyforge.yaml` names, and where calls may lead.
struct Places {
    destinations: Vec<Destination>,
    egress: Vec<network::Destination>,
}

/// Sends until `shutdown`, whenever this replica is the one that does.
pub(super) async fn notify(notifier: Notifier, shutdown: CancellationToken) {
    let sending = async {
        loop {
            if let Ok(Some(mut turn)) = notifier.store.in_time(notifier.store.singleton("notifier")).await {
                while turn.alive().await.is_ok() {
                    match notifier.round(PACE).await {
                        // That the database is away is told by who works with it; the next round goes on.
                        Ok(()) | Err(store::Error::Away { .. }) => {}
                        Err(error) => {
                            tracing::error!("failed to send notifications: {}", super::chain(&error));
                        }
                    }
                    tokio::time::sleep(LOOK).await;
                }
                // Another replica tells from now on how it goes.
                notifier.dependencies.up(System::Notifications);
            }
            tokio::time::sleep(TURN).await;
        }
    };
    // What is dropped in the middle of a call is tried again, as what it is.
    tokio::select! {
        () = sending => {}
        () = shutdown.cancelled() => {}
    }
}

impl Notifier {
    /// One look: who is told of what is new, which messages that makes, and those that are due are tried.
    ///
    /// # Errors
    /// The database is away. Nothing is lost by that.
    pub async fn round(&self, pace: Pace) -> Result<(), store::Error> {
        let store = &self.store;
        let places = self.places().await?;
        let known: Vec<Digest> = places.destinations.iter().map(|place| place.id).collect();
        if store.in_time(store.has_unsent()).await? {
            self.send_due(&places, &known, pace).await?;
        }
        if store.in_time(store.is_message_in_trouble(&known)).await? {
            self.dependencies.down(System::Notifications, TROUBLE);
        } else {
            self.dependencies.up(System::Notifications);
        }
        Ok(())
    }

    async fn send_due(&self, places: &Places, known: &[Digest], pace: Pace) -> Result<(), store::Error> {
        let store = &self.store;
        let oldest = Utc::now() - NEWS;
        let told = |notice: &Notice| {
            let asking =
                places.destinations.iter().filter(|place| notice.at >= oldest && place.wants(notice));
            asking.map(|place| place.id).collect()
        };
        while store.in_time(store.address(told)).await? {}
        let forgotten = store.in_time(store.forget_destinations_but(known)).await?;
        if forgotten > 0 {
            tracing::info!(
                "{forgotten} notifications go nowhere: keyforge.yaml does not name their place any more"
            );
        }
        store.in_time(store.gather(known, pace)).await?;
        let due = store.in_time(store.claim_messages(known, pace)).await?;
        let tries = due.into_iter().map(|open| self.try_message(places, open));
        for tried in futures::future::join_all(tries).await {
            tried?;
        }
        Ok(())
    }

    /// Sends a test message to each place of such a kind, all at once.
    ///
    /// # Errors
    /// The database is away, and does not say which they are.
    pub async fn test(&self, kind: Option<NotificationKind>) -> Result<Vec<Tried>, store::Error> {
        let Places { destinations, egress } = self.places().await?;
        let chosen = destinations.into_iter().filter(|place| kind.is_none_or(|kind| kind == place.kind));
        let egress = &egress;
        let tries = chosen.map(|destination| async move {
            let message = self.message(Uuid::new_v4(), Content::Test { at: Utc::now() });
            let result = self.send(&destination, &message, egress).await;
            Tried { destination, result }
        });
        Ok(futures::future::join_all(tries).await)
    }

    async fn places(&self) -> Result<Places, store::Error> {
        let head = self.store.in_time(self.store.head()).await?;
        let spec = head.and_then(|head| head.keyforge).map(|accepted| accepted.keyforge.spec);
        let spec = spec.unwrap_or_default();
        Ok(Places { destinations: destinations(&spec.notifications), egress: spec.limits.egress })
    }

    fn message(&self, id: Uuid, content: Content) -> Message {
        let installation = self.cluster.installation().clone();
        Message { id, installation, page: self.page.clone(), content }
    }

    /// One attempt, and what follows from it.
    async fn try_message(&self, places: &Places, open: OpenMessage) -> Result<(), store::Error> {
        let OpenMessage { id, destination, attempts, age, notices } = open;
        let Some(place) = places.destinations.iter().find(|place| place.id == destination) else {
            return Ok(());
        };
        let (kind, told) = (place.kind.as_str(), notices.len());
        let message = self.message(id, Content::Notices(notices));
        let error = match self.send(place, &message, &places.egress).await {
            Ok(()) => {
                self.metrics.told(kind, "sent");
                tracing::debug!(message.id = %id, "{place} was told {told} notices");
                return self.store.in_time(self.store.message_sent(id)).await;
            }
            Err(error) => error,
        };
        let asked = match &error {
            NotTold::Messenger(error) => error.retry_after(),
            _ => None,
        };
        let why = format!("unable to tell {place}: {error}; {}", error.hint());
        let wait = match next(id, attempts, age, asked) {
            Next::Again(wait) => {
                self.metrics.told(kind, "failed");
                tracing::warn!(message.id = %id, "{why}; trying again in {} s", wait.as_secs());
                Some(wait)
            }
            Next::GiveUp => {
                self.metrics.told(kind, "given-up");
                tracing::error!(message.id = %id, "{why}; giving up {told} notices after {attempts} attempts");
                None
            }
        };
        self.store.in_time(self.store.message_failed(id, &why, wait)).await
    }

    /// One message to one place, once.
    async fn send(
        &self,
        place: &Destination,
        message: &Message,
        egress: &[network::Destination],
    ) -> Result<(), NotTold> {
        let secret = place.secret.name.to_string();
        let found = self
            .cluster
            .named_values(&place.secret.name)
            .await
            .map_err(|error| NotTold::Cluster(error.into()))?;
        let Some(mut values) = found else {
            return Err(NotTold::NoSecret { secret, namespace: self.cluster.namespace().to_owned() });
        };
        let key = values.remove(SIGNING_KEY);
        let url = values.get(place.secret.key.as_str()).and_then(|value| str::from_utf8(value.expose()).ok());
        let Some(url) = url.map(|url| Redacted::new(url.to_owned())) else {
            return Err(NotTold::NoText { secret, key: place.secret.key.to_string() });
        };
        let payload = message.payload(place.kind);
        let parcel = Parcel {
            kind: place.kind,
            url: &url,
            key: key.as_ref(),
            to: place.to.as_ref(),
            id: message.id,
            payload: &payload,
            timestamp: Utc::now().timestamp(),
        };
        Ok(self.messenger.send(&parcel, egress).await?)
    }
}
