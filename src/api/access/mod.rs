//! Who asks: decided once, before a route is, and handed to it.
//!
//! ```text
//! headers ─bearer→ API key ─digest→ store ──┐
//!                  token ─oidc→ Identity ─grants→ Caller ─audience→ View → route
//!         ─cookie→ session ─store→ Identity ┘
//! ```
//!
//! Invariant: a route gets a caller or is not asked at all; a credential is never logged, and what is wrong with one is not told.

mod grants;
mod oidc;
mod sign_in;
mod throttle;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http::{HeaderMap, Method, header};
use tokio::sync::{OnceCell, watch};

use super::peer::Peer;
use super::place::Places;
use super::problem::Problem;
use crate::access::{ApiKey, Caller, KnownBy, Role, Sight};
use crate::digest::Digest;
use crate::settings::{self, Provider};
use crate::store::{KeyHolder, Store};
use crate::telemetry::Metrics;
use grants::Identity;
use oidc::{Oidc, Refused};
use throttle::{Sound, Throttle};

pub(super) use sign_in::{BEGIN, NotSignedIn, Sent, SignIn, SignedOut};

/// Who has to say who they are, and how that is known.
#[derive(Clone)]
pub struct Access(Mode);

#[derive(Clone)]
enum Mode {
    Open,
    Closed(Closed),
}

#[derive(Clone)]
struct Closed {
    store: Store,
    provider: Option<Arc<Oidc>>,
    sign_in: Option<Arc<SignIn>>,
    failures: Arc<Mutex<Throttle>>,
    sound: Arc<Mutex<Sound>>,
    places: Arc<OnceCell<Places>>,
    metrics: Metrics,
}

/// Whom a route answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// Everybody; who does not say who they are sees no union.
    Anyone,
    /// Everybody who is known, of what they see.
    Callers,
    /// Who sees all unions, since it tells of them together.
    Fleet,
    /// Who may have something done.
    Operators,
}

impl Access {
    /// Nobody has to: for listeners that only this machine reaches.
    pub fn open() -> Self {
        Self(Mode::Open)
    }

    /// Everybody has to, by an API key.
    pub fn closed(store: Store) -> Self {
        let (failures, sound, places) = (Arc::default(), Arc::default(), Arc::default());
        let metrics = Metrics::new();
        Self(Mode::Closed(Closed { store, provider: None, sign_in: None, failures, sound, places, metrics }))
    }

    /// The same; who says what does not count is counted there.
    pub(super) fn counting(self, metrics: &Metrics) -> Self {
        let Mode::Closed(closed) = self.0 else { return self };
        Self(Mode::Closed(Closed { metrics: metrics.clone(), ..closed }))
    }

    /// The same, or by a token of this identity provider.
    ///
    /// # Errors
    /// A client for it cannot be made.
    pub fn with_provider(self, provider: Provider) -> Result<Self, reqwest::Error> {
        let Mode::Closed(closed) = self.0 else { return Ok(self) };
        Ok(Self(Mode::Closed(Closed { provider: Some(Arc::new(Oidc::new(provider)?)), ..closed })))
    }

    /// The same, and people sign in on a page as this client of the provider.
    #[must_use]
    pub fn with_sign_in(self, client: watch::Receiver<settings::SignIn>) -> Self {
        let Mode::Closed(Closed { provider: Some(provider), .. }) = &self.0 else { return self };
        let provider = Arc::clone(provider);
        let Mode::Closed(closed) = self.0 else { return self };
        let sign_in = Some(Arc::new(SignIn::new(provider, closed.store.clone(), client)));
        Self(Mode::Closed(Closed { sign_in, ..closed }))
    }

    /// How people sign in.
    ///
    /// # Errors
    /// They cannot.
    pub(super) fn sign_in(&self) -> Result<&SignIn, Problem> {
        let sign_in = match &self.0 {
            Mode::Closed(closed) => closed.sign_in.as_deref(),
            Mode::Open => None,
        };
        sign_in.ok_or_else(|| Problem::NotFound {
            what: "sign-in here: `auth_oidc_client_id` is not set".to_owned(),
        })
    }

    /// Lets somebody in who comes back from the provider, unless their address was wrong too often.
    ///
    /// # Errors
    /// They are not let in.
    pub(super) async fn finish(
        &self,
        raw: &str,
        headers: &HeaderMap,
        peer: Option<Peer>,
    ) -> Result<Sent, NotSignedIn> {
        let (sign_in, Mode::Closed(closed)) = (self.sign_in()?, &self.0) else {
            return Err(Problem::Internal.into());
        };
        closed.not_too_often(peer)?;
        let finished = sign_in.finish(raw, headers).await;
        if let Err(NotSignedIn { problem: Problem::SignInFailed { .. }, .. }) = &finished {
            closed.failed(peer);
        }
        finished
    }

    /// Who is not let in is told so on the page: counted here, since no problem is answered.
    pub(super) fn told_on_page(&self, problem: &Problem) {
        if let (Mode::Closed(closed), Some(code)) = (&self.0, problem.denial()) {
            closed.metrics.denied(code);
        }
    }

    /// Whether nobody has to say who they are.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.0, Mode::Open)
    }

    /// Who asks.
    ///
    /// # Errors
    /// They do not say it, it is not true, or they were wrong too often.
    pub(super) async fn caller(
        &self,
        method: &Method,
        headers: &HeaderMap,
        peer: Option<Peer>,
    ) -> Result<Caller, Problem> {
        let Mode::Closed(closed) = &self.0 else {
            let name = "this machine".to_owned();
            return Ok(Caller { name, role: Role::Operator, by: KnownBy::Nothing });
        };
        let Some(token) = bearer(headers)? else {
            let signed_in = match &closed.sign_in {
                Some(sign_in) => sign_in.caller(method, headers).await?,
                None => None,
            };
            return signed_in.ok_or(Problem::Unauthenticated { is_wrong: false });
        };
        let credential = Digest::of(token);
        if !closed.was_sound(&credential) {
            closed.not_too_often(peer)?;
        }
        let found = match (ApiKey::parse(token), &closed.provider) {
            (Some(key), _) => closed.holder(&key).await?,
            (None, Some(provider)) => closed.person(provider, token).await?,
            (None, None) => None,
        };
        closed.was_found(credential, found.is_some());
        found.ok_or_else(|| {
            closed.failed(peer);
            Problem::Unauthenticated { is_wrong: true }
        })
    }

    /// How this caller is told places in lists.
    ///
    /// # Errors
    /// The database is away.
    pub(super) async fn places(&self, audience: Audience, caller: &Caller) -> Result<Places, Problem> {
        let Mode::Closed(Closed { store, places, .. }) = &self.0 else { return Ok(Places::Plain) };
        // What is for everybody has no lists.
        if caller.sight().is_all() || audience == Audience::Anyone {
            return Ok(Places::Plain);
        }
        let key = async || Ok(Places::Hidden(Arc::new(store.in_time(store.place_key()).await?)));
        places.get_or_try_init(key).await.cloned()
    }
}

impl Closed {
    /// Refuses an address that was wrong too often.
    fn not_too_often(&self, peer: Option<Peer>) -> Result<(), Problem> {
        // A panic elsewhere leaves counters that are whole.
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        match peer.and_then(|peer| failures.wait(peer.address, Instant::now())) {
            Some(wait) => Err(Problem::TooManyFailures { wait }),
            None => Ok(()),
        }
    }

    /// Whether this credential counted a while ago, whoever else was wrong from where it comes.
    fn was_sound(&self, credential: &Digest) -> bool {
        let sound = self.sound.lock().unwrap_or_else(PoisonError::into_inner);
        sound.has(credential, Instant::now())
    }

    /// It counted, or it did not.
    fn was_found(&self, credential: Digest, counts: bool) {
        let mut sound = self.sound.lock().unwrap_or_else(PoisonError::into_inner);
        if counts {
            sound.remember(credential, Instant::now());
        } else {
            sound.forget(&credential);
        }
    }

    /// It was wrong once more.
    fn failed(&self, peer: Option<Peer>) {
        self.metrics.log_in_failed();
        if let Some(Peer { address, .. }) = peer {
            tracing::info!(%address, "refused a credential that does not count");
            let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
            failures.failed(address, Instant::now());
        }
    }

    /// Who has this key: they may do what it was made for, and see what Git gives it besides.
    async fn holder(&self, key: &ApiKey) -> Result<Option<Caller>, Problem> {
        let found = self.store.in_time(self.store.key_holder(&key.digest())).await?;
        Ok(found.map(|KeyHolder { name, role, rules }| {
            let role = match role {
                Role::Operator => Role::Operator,
                Role::Viewer(own) => {
                    Role::Viewer(own.and(grants::seen(&rules, &Identity::Key(name.clone()))))
                }
            };
            Caller { name: format!("key {name}"), role, by: KnownBy::Key }
        }))
    }

    /// For whom the provider vouches by this token.
    async fn person(&self, provider: &Oidc, token: &str) -> Result<Option<Caller>, Problem> {
        let (name, identity) = match provider.verify(token).await {
            Ok(verified) => verified,
            Err(Refused::Wrong(_)) => return Ok(None),
            Err(Refused::Away) => return Err(Problem::ProviderAway),
        };
        let rules = self.store.in_time(self.store.access_rules()).await?;
        let role = grants::role(&rules, provider.operators(), &identity);
        Ok(Some(Caller { name, role, by: KnownBy::Token }))
    }
}

impl Audience {
    /// The caller whom the route answers.
    pub(super) fn admits(self, caller: Result<Caller, Problem>) -> Result<Caller, Problem> {
        match self {
            Self::Anyone => Ok(caller.unwrap_or_else(|_| somebody())),
            Self::Callers => caller,
            Self::Fleet if caller.as_ref().is_ok_and(|caller| !caller.sight().is_all()) => {
                Err(Problem::Forbidden)
            }
            Self::Fleet => caller,
            Self::Operators if caller.as_ref().is_ok_and(|caller| caller.role != Role::Operator) => {
                Err(Problem::OperatorsOnly)
            }
            Self::Operators => caller,
        }
    }
}

/// Who did not say who they are.
fn somebody() -> Caller {
    let role = Role::Viewer(Sight::Only([].into()));
    Caller { name: "somebody".to_owned(), role, by: KnownBy::Nothing }
}

/// What stands after `Bearer`.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = given.next() else { return Ok(None) };
    let wrong = Problem::Unauthenticated { is_wrong: true };
    // Two of them, and who stands before us may have read the other one.
    if given.next().is_some() {
        return Err(wrong);
    }
    let parted = value.to_str().ok().and_then(|value| value.split_once(' '));
    match parted {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(wrong),
    }
}
