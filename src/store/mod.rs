//! The database: history, accepted documents, the work queue. All SQL of Keyforge is here.
//!
//! ```text
//! revision     commits of the followed branch, how the config repo was found, the accepted head
//! acceptance   what Git says of each union, why it is held, what waits (verdict, guard)    accepted reads it
//! work         when a union is due, who holds it: leases and fencing tokens
//! deployment   the record of a rollout, opened before the first write, closed always   history reads it
//! inventory    the resources that we own, entered before they exist
//! union        what is shown of each union (fleet reads it, map at a glance)   restore takes removed ones over that only the cluster knows
//! drift        what others make of what we own: put back, or kept
//! resource, fetched, touched, signed, ledger, timeline   what people read of all that: resources, revisions with their unions, the audit,
//!              all that happened to a union
//! society      the inside of each union's vault: what is remembered of it, and what is shown
//! event        what moved, in order, for who follows along
//! shown        what of all that somebody sees      others is left out then; api_key holds who may ask
//! listen, singleton   waking up; one poller among several replicas                direct is how they connect
//! record       what the audit says of it; checkpoint who vouches for it          listing  who could read what, on a day of the past
//! request      what somebody wants looked at now
//! outbox       what people are told, and whether they were
//! retention    what is too old to be kept         stop  nobody works on anything for a while
//! ```
//!
//! Invariants: the clock is the database's. What a worker writes about its union is fenced: it names its claim, and a
//! claim whose lease is over writes nothing. No secret value comes here: documents are kept as they are in Git.

mod acceptance;
mod accepted;
mod api_key;
mod checkpoint;
mod counts;
mod deployment;
mod direct;
mod drift;
mod error;
mod event;
mod fetched;
mod fleet;
mod guard;
mod history;
mod inventory;
mod lease;
mod ledger;
mod listen;
mod listing;
mod map;
mod migration;
mod options;
mod others;
mod outbox;
mod record;
mod request;
mod resource;
mod restore;
mod retention;
mod revision;
mod row;
mod search;
mod session;
mod shown;
mod signed;
mod singleton;
mod society;
mod step;
mod stop;
mod timeline;
mod touched;
mod union;
mod verdict;
mod work;

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use direct::Direct;
use options::Purpose;

pub use acceptance::{
    ACCEPTOR_VERSION, Acceptance, AcceptedKeyforge, Decision, NewlyAccepted, Removed, Verdict,
};
pub use accepted::{
    AcceptedUnion, DiagnosticPlace, DiagnosticQuery, FoundDiagnostic, IndexEntry, IndexedState, Missed,
};
pub use api_key::{ApiKeyRecord, KeyHolder, KeyTaken, NewApiKey};
pub use counts::UnionCounts;
pub use deployment::{
    Event, Failure, LogLine, NewDeployment, Opened, PlanCounts, StageDone, WaitingDeployment,
};
pub use drift::{Dispute, DriftQuery, DriftRecord, Drifted, Drifts};
pub use error::{Error, Retry, RowError};
pub use event::{Happening, Place};
pub use fetched::{BranchRevisions, DocumentPath, FetchedRevision, RevisionProgress, RevisionQuery, Words};
pub use fleet::{UnionFilter, UnionOrder, UnionQuery, UnionSummary};
pub use guard::{Became, GuardEvent, Loss, Removal, RenamedSociety, UsedApproval};
pub use history::{DeploymentQuery, DeploymentRecord, EventRecord, LogFrom, LogQuery, LogRecord, Part};
pub use lease::Claim;
pub use ledger::{AuditQuery, AuditRecord};
pub use listen::Listener;
pub use listing::ListedThen;
pub use map::{FleetMap, MapNames};
pub use options::{DatabaseUrl, Options};
pub use outbox::{OpenMessage, Pace};
pub use request::SyncRequest;
pub use resource::{Disputed, LastChange, ResourceQuery, ResourceRecord};
pub use restore::Tombstone;
pub use retention::{BATCH, Retention, Sweep, Swept};
pub use revision::{Head, NewRevision, RevisionRecord, Source, SourceState};
pub use search::{FoundSociety, FoundUnion};
pub use session::{Person, Session, SessionRecord};
pub use shown::Shown;
pub use signed::{Signature, Signed};
pub use singleton::Singleton;
pub use society::{SocietyRecord, VaultLook, VaultSettings};
pub use step::StepDone;
pub use stop::Stopped;
pub use timeline::{Moment, MomentPlace, TimelineQuery, What};
pub use touched::{Held, Known, Newer, Reached, Rollout, Told, Touched, TouchedBy};
pub use union::{Applied, UnionFacts};
pub use work::{Next, Queue};

/// The database. Cheap to clone; all clones share one pool. No `Debug`: the password is in it.
#[derive(Clone)]
pub struct Store {
    pool: PgPool,
    direct: Direct,
    /// How long a pooled operation may take: the server gives up earlier, if it can be reached at all.
    patience: Duration,
    purpose: Purpose,
}

impl Store {
    /// The database that the options name. Nothing is reached yet, so that a daemon starts, and says what it misses,
    /// while its database is away.
    ///
    /// # Errors
    /// The options name no database, or not in a form that PostgreSQL's clients know.
    pub fn open(options: &Options) -> Result<Self, Error> {
        Self::for_purpose(options, Purpose::Work)
    }

    /// The same for who only reads: a pool of its own, so that neither waits for the other, whose connections the server lets
    /// write nothing.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub fn open_to_read(options: &Options) -> Result<Self, Error> {
        Self::for_purpose(options, Purpose::Read)
    }

    fn for_purpose(options: &Options, purpose: Purpose) -> Result<Self, Error> {
        let (pooled, direct) = options.targets(purpose)?;
        let patience = options.database_acquire_timeout + options.statement_timeout(purpose);
        Ok(Self { pool: options.pool(purpose).connect_lazy_with(pooled), direct, patience, purpose })
    }

    /// One operation of the pool, as long as may be waited for it. A dropped one leaves its connection unusable, so the
    /// pool makes another.
    ///
    /// # Errors
    /// What the operation says, or [`Error::Away`]: a network that swallows everything tells nobody.
    pub fn in_time<T>(
        &self,
        operation: impl Future<Output = Result<T, Error>>,
    ) -> impl Future<Output = Result<T, Error>> {
        self.in_time_for(1, operation)
    }

    /// The same for one that does so many parts one after the other, each of which may take as long.
    ///
    /// # Errors
    /// As those of [`Store::in_time`].
    pub async fn in_time_for<T>(
        &self,
        parts: u32,
        operation: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        // Boxed: this is around every operation, and a transaction is large.
        match tokio::time::timeout(self.patience * parts, Box::pin(operation)).await {
            Ok(answered) => answered,
            Err(elapsed) => Err(Error::Away { source: sqlx::Error::Io(elapsed.into()) }),
        }
    }

    /// New connections go where the options lead now; those that there are stay.
    ///
    /// # Errors
    /// The options name no database, or not in a form that PostgreSQL's clients know. Nothing has changed then.
    pub fn follow_url(&self, options: &Options) -> Result<(), Error> {
        let (pooled, direct) = options.targets(self.purpose)?;
        self.pool.set_connect_options(pooled);
        self.direct.follow(&direct);
        Ok(())
    }

    /// The database's clock, which decides about leases, deadlines and windows.
    ///
    /// # Errors
    /// The database is away.
    pub async fn now(&self) -> Result<DateTime<Utc>, Error> {
        Ok(sqlx::query_scalar!(r#"select clock_timestamp() as "now!""#).fetch_one(&self.pool).await?)
    }

    /// The identity of this database, made with it.
    ///
    /// # Errors
    /// The database is away, or was never migrated.
    pub async fn database_id(&self) -> Result<Uuid, Error> {
        Ok(sqlx::query_scalar!("select database_id from installation_info").fetch_one(&self.pool).await?)
    }

    /// Waits until all connections have given back what they hold, and closes them.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
