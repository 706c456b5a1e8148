//! What goes wrong with a request, and the one place that knows HTTP statuses.
//!
//! The texts are for people outside: no SQL, no hosts, no stack. What an operator needs is logged, once, where a problem is
//! made of an error, and found by the request's id.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use warp::reject::Reject;
use warp::reply::{Reply, Response};

use super::wire;
use crate::names::UnionName;
use crate::reconcile::Failure;
use crate::{cluster, git, reconcile, store};

/// Why a request is not answered as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    /// No route has this path.
    NoSuchPath,
    /// The path names something that does not exist.
    NotFound {
        /// What is not there, for example "union `acme`".
        what: String,
    },
    /// The path names several things.
    Ambiguous {
        /// All of them, or the first.
        found: Vec<String>,
    },
    /// The path is asked in another way.
    MethodNotAllowed {
        /// In which.
        allowed: &'static str,
    },
    /// A parameter that this path does not have.
    UnknownParameter {
        /// As it was given.
        name: String,
        /// What there is.
        known: Vec<&'static str>,
    },
    /// A parameter given twice.
    RepeatedParameter {
        /// Which.
        name: &'static str,
    },
    /// A value that the parameter cannot have.
    InvalidParameter {
        /// Which.
        name: &'static str,
        /// What is wrong, and what is allowed.
        why: String,
    },
    /// Nobody says who asks, or what they say does not count.
    Unauthenticated {
        /// Whether they said something.
        is_wrong: bool,
    },
    /// Who asks does not see all that this tells of.
    Forbidden,
    /// Who asks may see, and not have something done.
    OperatorsOnly,
    /// A page of another site asks, by the browser of somebody who did not.
    ForeignPage,
    /// Something is asked for again and again.
    AskedTooOften {
        /// How long until it may be asked for.
        wait: Duration,
    },
    /// Somebody came back from the identity provider and is not let in.
    SignInFailed {
        /// Why, in a word.
        reason: &'static str,
        /// Why, and what to do.
        why: String,
    },
    /// What an address said of itself was wrong too often.
    TooManyFailures {
        /// How long it waits.
        wait: Duration,
    },
    /// The request has a body that nobody would read.
    TooLarge,
    /// The request has content, and what is asked for takes none, of no type.
    ContentNotTaken,
    /// The request was meant for another host: a page in somebody's browser that got our address under its own name.
    Misdirected,
    /// The database does not answer.
    DatabaseAway,
    /// The identity provider does not answer, and nothing is known of its keys.
    ProviderAway,
    /// The mirror of the config repo cannot be read.
    RepoAway,
    /// The cluster does not answer, or not as it should.
    ClusterAway,
    /// The union cannot be looked at as it is.
    Failed {
        /// Why, in words for everybody.
        why: String,
    },
    /// Nothing is wrong with the union, so nobody has to look into it.
    NotInTrouble,
    /// All places to follow events are taken.
    TooManyFollowers,
    /// The client has asked more often than it may.
    TooManyRequests {
        /// How long until it may again.
        wait: Duration,
    },
    /// It took too long.
    Timeout,
    /// A fault of ours.
    Internal,
}

impl Reject for Problem {}

/// Asked which methods there are. No problem, but it leaves a route the same way.
#[derive(Debug)]
pub(super) struct MethodsAsked(pub(super) &'static str);

impl Reject for MethodsAsked {}

/// How a path is asked that tells something.
pub(super) const READS: &str = "GET, HEAD, OPTIONS";

/// How a path is asked that has something done.
pub(super) const ASKS: &str = "POST, OPTIONS";

impl Problem {
    /// There is no such union, or none that the caller sees, which is not to be told apart.
    pub(super) fn no_union(union: &UnionName) -> Self {
        Self::NotFound { what: format!("union `{union}`") }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchPath | Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::UnknownParameter { .. }
            | Self::RepeatedParameter { .. }
            | Self::InvalidParameter { .. } => StatusCode::BAD_REQUEST,
            Self::Unauthenticated { .. } => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::OperatorsOnly | Self::ForeignPage => StatusCode::FORBIDDEN,
            Self::TooManyFailures { .. } | Self::AskedTooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::SignInFailed { .. } => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ContentNotTaken => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::DatabaseAway
            | Self::ProviderAway
            | Self::RepoAway
            | Self::ClusterAway
            | Self::TooManyFollowers
            | Self::Timeout => StatusCode::SERVICE_UNAVAILABLE,
            Self::Ambiguous { .. } | Self::Failed { .. } | Self::NotInTrouble => StatusCode::CONFLICT,
            Self::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchPath => "no-such-path",
            Self::NotFound { .. } => "not-found",
            Self::Ambiguous { .. } => "ambiguous",
            Self::MethodNotAllowed { .. } => "method-not-allowed",
            Self::UnknownParameter { .. } => "unknown-parameter",
            Self::RepeatedParameter { .. } => "repeated-parameter",
            Self::InvalidParameter { .. } => "invalid-parameter",
            Self::Unauthenticated { .. } => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::OperatorsOnly => "operators-only",
            Self::ForeignPage => "foreign-page",
            Self::AskedTooOften { .. } => "asked-too-often",
            Self::SignInFailed { .. } => "sign-in-failed",
            Self::TooManyFailures { .. } => "too-many-failures",
            Self::TooLarge => "too-large",
            Self::ContentNotTaken => "content-not-taken",
            Self::Misdirected => "misdirected",
            Self::DatabaseAway => "database-away",
            Self::ProviderAway => "provider-away",
            Self::RepoAway => "repo-away",
            Self::ClusterAway => "cluster-away",
            Self::Failed { .. } => "failed",
            Self::NotInTrouble => "not-in-trouble",
            Self::TooManyFollowers => "too-many-followers",
            Self::TooManyRequests { .. } => "too-many-requests",
            Self::Timeout => "timeout",
            Self::Internal => "internal",
        }
    }

    /// Why nobody is signed in, in a word for the page: never a text that somebody sent.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::SignInFailed { reason, .. } => reason,
            problem => problem.code(),
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::NoSuchPath => "there is nothing at this path",
            Self::NotFound { .. } => "there is no such thing",
            Self::Ambiguous { .. } => "several things have names that begin so",
            Self::MethodNotAllowed { .. } => "this path is asked in another way",
            Self::UnknownParameter { .. } => "this path has no such parameter",
            Self::RepeatedParameter { .. } => "a parameter is given twice",
            Self::InvalidParameter { .. } => "a parameter has a value that it cannot have",
            Self::Unauthenticated { is_wrong: false } => "nobody says who asks",
            Self::Unauthenticated { is_wrong: true } => "what says who asks does not count",
            Self::Forbidden | Self::OperatorsOnly => "this is not for you",
            Self::ForeignPage => "a page of another site asks for this",
            Self::AskedTooOften { .. } => "this was asked for too often",
            Self::SignInFailed { .. } => "nobody is signed in",
            Self::TooManyFailures { .. } => "what said who asks was wrong too often",
            Self::TooLarge => "the body of the request is too large",
            Self::ContentNotTaken => "this path takes no content",
            Self::Misdirected => "this host is not served here",
            Self::DatabaseAway => "the database does not answer",
            Self::ProviderAway => "the identity provider does not answer",
            Self::RepoAway => "the mirror of the config repo cannot be read",
            Self::ClusterAway => "the cluster does not answer",
            Self::NotInTrouble => "nothing is wrong with the union",
            Self::Failed { .. } => "the union cannot be looked at as it is",
            Self::TooManyFollowers => "too many clients follow the events of this replica",
            Self::TooManyRequests { .. } => "more was asked than one client may ask",
            Self::Timeout => "the answer takes too long",
            Self::Internal => "Keyforge has made a mistake",
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::NotFound { what } => Some(format!("there is no {what}")),
            Self::Ambiguous { found } => {
                Some(format!("give more of the name that is meant: {}", found.join(", ")))
            }
            Self::UnknownParameter { name, known } if known.is_empty() => {
                Some(format!("`{name}` is no parameter of this path; it has none"))
            }
            Self::UnknownParameter { name, known } => {
                let known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
                Some(format!("`{name}` is no parameter of this path; it has {}", known.join(", ")))
            }
            Self::RepeatedParameter { name } => Some(format!("`{name}` is given more than once")),
            Self::InvalidParameter { name, why } => Some(format!("`{name}`: {why}")),
            Self::Unauthenticated { is_wrong: false } => {
                let text = "send an API key, or a token of the identity provider, as `Authorization: Bearer …`; \
                            `keyforge apikey create` makes keys";
                Some(text.into())
            }
            Self::Unauthenticated { is_wrong: true } => {
                Some("a key counts until it expires or is revoked, a token as long as it says, a session for a day, or eight hours \
                      without use".into())
            }
            Self::Forbidden => Some("it is about all unions together, and you see some of them".into()),
            Self::OperatorsOnly => Some("operators may have something done; you may see".into()),
            Self::ForeignPage => {
                Some("nothing is done for pages of other sites; one of this site says `X-Keyforge-Request: 1` with what it wants done".into())
            }
            Self::TooManyFailures { wait } | Self::AskedTooOften { wait } => {
                Some(format!("try again in {} s", seconds(*wait)))
            }
            Self::ContentNotTaken => {
                Some("what is to be done stands in the path; send it without a body, of whatever type".into())
            }
            Self::Misdirected => Some("ask for `localhost` or an address of this machine".into()),
            Self::NotInTrouble => {
                Some("what its pods say is read only while it is failed, in progress or not healthy".into())
            }
            Self::SignInFailed { why, .. } | Self::Failed { why } => Some(why.clone()),
            Self::DatabaseAway | Self::ProviderAway | Self::RepoAway | Self::ClusterAway => {
                Some("what is running goes on; try again shortly".into())
            }
            Self::TooManyRequests { .. } => {
                Some("`RateLimit` tells how much that is, and `Retry-After` when to come back".into())
            }
            Self::TooManyFollowers => Some("ask another replica, or try again shortly".into()),
            Self::MethodNotAllowed { allowed } => Some(format!("by {allowed}")),
            Self::NoSuchPath | Self::TooLarge | Self::Timeout | Self::Internal => None,
        }
    }

    fn headers(&self, headers: &mut HeaderMap) {
        match self {
            Self::MethodNotAllowed { allowed } => {
                headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
            }
            Self::Unauthenticated { is_wrong } => {
                // RFC 6750, 3: who said nothing is told no error.
                let challenge = if *is_wrong { "Bearer error=\"invalid_token\"" } else { "Bearer" };
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            }
            Self::DatabaseAway
            | Self::ProviderAway
            | Self::RepoAway
            | Self::ClusterAway
            | Self::TooManyFollowers
            | Self::Timeout => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            Self::TooManyFailures { wait }
            | Self::AskedTooOften { wait }
            | Self::TooManyRequests { wait } => {
                headers.insert(header::RETRY_AFTER, seconds(*wait).into());
            }
            _ => {}
        }
    }

    /// What it is counted as, if it keeps somebody out: who is not known, may not, asks elsewhere or too often.
    pub(super) fn denial(&self) -> Option<&'static str> {
        matches!(self.status().as_u16(), 401 | 403 | 421 | 429).then(|| self.code())
    }

    /// The status, the headers and the body of the answer to this request.
    pub(super) fn answer(&self, request_id: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        self.headers(&mut headers);
        let body = wire::Problem {
            kind: format!("urn:keyforge:problem:{}", self.code()),
            title: self.title().to_owned(),
            status: self.status().as_u16(),
            code: self.code().to_owned(),
            detail: self.detail(),
            request_id: request_id.to_owned(),
        };
        // Strings and a number: serializing them cannot fail.
        (self.status(), headers, serde_json::to_vec(&body).unwrap_or_default())
    }
}

/// Whole seconds, and all of them.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + 1
}

/// Only marked here: the surface writes the body, since it knows the request's id.
impl Reply for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = self.status();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        let chain = reconcile::chain(&error);
        match error.retry() {
            store::Retry::Backoff => {
                tracing::warn!("unable to answer: {chain}");
                Self::DatabaseAway
            }
            store::Retry::Never => {
                tracing::error!("failed to answer: {chain}");
                Self::Internal
            }
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Store(error) => error.into(),
            Failure::Cluster(error) if error.retry() == cluster::Retry::Backoff => {
                tracing::warn!("unable to answer: {}", reconcile::chain(&error));
                Self::ClusterAway
            }
            failure => {
                tracing::warn!("failed to answer: {}", failure.detail());
                Self::Failed { why: failure.message() }
            }
        }
    }
}

impl From<git::Error> for Problem {
    fn from(error: git::Error) -> Self {
        if let git::Error::UnknownRevision { revision } = error {
            return Self::NotFound { what: format!("{revision} in the mirror of the config repo any more") };
        }
        tracing::warn!("unable to answer: {}", reconcile::chain(&error));
        Self::RepoAway
    }
}
