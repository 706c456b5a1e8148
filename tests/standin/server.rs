//! The parts of the running server, and who may ask it for what.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use http::StatusCode;
use http::header::AUTHORIZATION;
use uuid::Uuid;

use crate::accounts::User;
use crate::answer::Refusal;
use crate::config::Config;
use crate::database::{Database, DatabaseError};
use crate::jwt::Signer;
use crate::limits::Limiter;
use crate::mail::Mail;
use crate::members::{Membership, Role};
use crate::request::Request;
use crate::requests::Requests;
use crate::settings::Settings;
use crate::state::State;

pub(crate) struct Server {
    pub(crate) settings: Settings,
    pub(crate) signer: Signer,
    pub(crate) logins: Limiter,
    pub(crate) admins: Limiter,
    pub(crate) strangers: Limiter,
    pub(crate) requests: Requests,
    config: RwLock<Config>,
    database: Arc<Database>,
    state: Mutex<State>,
}

/// Why the server cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServerError {
    #[error("the data folder cannot be used: {0}")]
    Folder(#[from] std::io::Error),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Server {
    /// On its data folder, which is made where it is not there: the real server does so silently.
    pub(crate) fn open(settings: Settings, config: Config) -> Result<Self, ServerError> {
        std::fs::create_dir_all(&settings.data_folder)?;
        let origin = settings.domain.origin().ascii_serialization();
        let signer = Signer::open(&settings.data_folder, origin)?;
        let timeout = Duration::from_secs(config.number("database_timeout"));
        let database = Arc::new(match &settings.database {
            None => Database::file(&settings.data_folder)?,
            Some(url) => Database::server(url, timeout)?,
        });
        let requests = Requests::open(&settings.data_folder)?;
        Ok(Self {
            settings,
            signer,
            requests,
            logins: Limiter::new("login"),
            admins: Limiter::new("admin"),
            strangers: Limiter::new("unauthenticated"),
            config: RwLock::new(config),
            state: Mutex::new(State::open(Arc::clone(&database))?),
            database,
        })
    }

    pub(crate) fn config(&self) -> RwLockReadGuard<'_, Config> {
        self.config.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn change_config<T>(&self, change: impl FnOnce(&mut Config) -> T) -> T {
        change(&mut self.config.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn mail(&self) -> Option<Mail> {
        let config = self.config();
        config.has_mail().then(|| Mail::of(&config))
    }

    /// For who needs no log-in. Without its database the server is not there for them.
    pub(crate) fn open_state(&self) -> Result<MutexGuard<'_, State>, Refusal> {
        self.state().ok_or(Refusal::Plain(StatusCode::SERVICE_UNAVAILABLE))
    }

    /// For who has logged in. Anything that is not right, even a database that is away, is a 401.
    pub(crate) fn session(&self, request: &Request) -> Result<Session<'_>, Refusal> {
        let unknown = || Refusal::Plain(StatusCode::UNAUTHORIZED);
        let header = request.header(AUTHORIZATION).ok_or_else(unknown)?;
        let token = header.rsplit("Bearer ").next().unwrap_or_default();
        let claims = self.signer.verify("login", token).ok_or_else(unknown)?;
        let state = self.state().ok_or_else(unknown)?;
        let (user, device) = (claims["sub"].as_str(), claims["device"].as_str());
        let user = state.users.get(user.unwrap_or_default()).cloned().ok_or_else(unknown)?;
        let has_device = state.device(device.unwrap_or_default(), user.id).is_some();
        let holds = has_device && claims["sstamp"] == user.stamp.to_string();
        if holds { Ok(Session { state, user }) } else { Err(unknown()) }
    }

    /// For a member of an organization.
    pub(crate) fn member(&self, request: &Request, organization: &str) -> Result<Member<'_>, Refusal> {
        let Session { state, user } = self.session(request)?;
        let found = organization.parse().ok().and_then(|id: Uuid| state.membership_of(user.id, id).cloned());
        let Some(membership) = found else { return Err(Refusal::Plain(StatusCode::UNAUTHORIZED)) };
        if membership.revoked {
            return Err(Refusal::Plain(StatusCode::UNAUTHORIZED));
        }
        Ok(Member { state, user, membership })
    }

    /// For a confirmed member of at least this role.
    pub(crate) fn at_least(
        &self,
        role: Role,
        request: &Request,
        organization: &str,
    ) -> Result<Member<'_>, Refusal> {
        let member = self.member(request, organization)?;
        let may = member.membership.role >= role && member.membership.is_confirmed();
        if may { Ok(member) } else { Err(Refusal::Plain(StatusCode::UNAUTHORIZED)) }
    }

    /// Whether the database answers, which does not wait for who is served.
    pub(crate) fn is_there(&self) -> bool {
        self.database.is_there()
    }

    fn state(&self) -> Option<MutexGuard<'_, State>> {
        // What panicked changed whole rows or none.
        self.is_there().then(|| self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Somebody who has logged in, and the state, which is theirs until they are answered.
pub(crate) struct Session<'a> {
    pub(crate) state: MutexGuard<'a, State>,
    pub(crate) user: User,
}

/// Somebody in an organization.
pub(crate) struct Member<'a> {
    pub(crate) state: MutexGuard<'a, State>,
    pub(crate) user: User,
    pub(crate) membership: Membership,
}

impl Member<'_> {
    pub(crate) fn organization(&self) -> Uuid {
        self.membership.organization
    }
}
