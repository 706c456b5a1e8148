//! Signing in on a page: to the identity provider, back, and into a session.
//!
//! ```text
//! /auth/sign-in ─attempt (cookie)→ provider ─code, state→ /auth/callback ─code, verifier→ provider ─ID token→ session (cookie)
//! ```
//!
//! Authorization code with PKCE, as RFC 9700 asks for. Invariants: `state`, `nonce` and the verifier follow from one random value
//! that only the browser has, so nobody finishes what another browser began; an attempt ends with its first answer; a session
//! is a new one each time; the way back leads to a path of ours.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use http::{HeaderMap, HeaderValue, Method, header};
use tokio::sync::watch;
use url::{Url, form_urlencoded};

use super::oidc::{Code, Oidc, Refused};
use super::throttle::Throttle;
use crate::access::{Caller, KnownBy, Ticket};
use crate::api::peer::Peer;
use crate::api::problem::Problem;
use crate::digest::Digest;
use crate::settings;
use crate::store::{Session, Store};

/// Where a browser begins.
pub(in crate::api) const BEGIN: &str = "/auth/sign-in";

/// Where the provider sends it back to.
const CALLBACK: &str = "/auth/callback";

/// Cookies of our host alone, over TLS alone, that no script reads and no other site's request carries.
const SESSION: &str = "__Host-keyforge";
const ATTEMPT: &str = "__Host-keyforge-sign-in";

/// How long somebody may take at the provider.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// How long a session counts at most; then the provider is asked again.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// How often an address may begin within a minute: as often as an office does in the morning.
const BEGINNINGS: u32 = 60;

/// The longest path to come back to.
const MAX_PATH: usize = 2_000;

/// What a page says with each request that has something done: other sites cannot without being asked first (CORS).
const FROM_A_PAGE: &str = "x-keyforge-request";

/// How people sign in.
pub(in crate::api) struct SignIn {
    oidc: Arc<Oidc>,
    store: Store,
    /// The newest each time: its secret may be renewed.
    client: watch::Receiver<settings::SignIn>,
    begun: Mutex<Throttle>,
}

/// What the browser is sent with.
pub(in crate::api) struct Sent {
    /// Where to.
    pub(in crate::api) to: String,
    /// What it keeps and forgets.
    pub(in crate::api) cookies: Vec<HeaderValue>,
}

/// That somebody is signed out here.
pub(in crate::api) struct SignedOut {
    /// By which the browser forgets it.
    pub(in crate::api) cookie: HeaderValue,
    /// Where they are signed out at the provider too, if it can be done there.
    pub(in crate::api) provider: Option<Url>,
}

/// Why nobody is signed in.
pub(in crate::api) struct NotSignedIn {
    /// As programs are told.
    pub(in crate::api) problem: Problem,
    /// The path of ours that they wanted, as far as it is known.
    pub(in crate::api) wanted: Option<String>,
}

impl From<Problem> for NotSignedIn {
    fn from(problem: Problem) -> Self {
        Self { problem, wanted: None }
    }
}

impl SignIn {
    pub(super) fn new(oidc: Arc<Oidc>, store: Store, client: watch::Receiver<settings::SignIn>) -> Self {
        Self { oidc, store, client, begun: Mutex::new(Throttle::after(BEGINNINGS)) }
    }

    /// Sends a browser to the provider.
    ///
    /// # Errors
    /// The way back is not to us, the address begins too often, the provider or the database is away.
    pub(in crate::api) async fn begin(&self, raw: &str, peer: Option<Peer>) -> Result<Sent, NotSignedIn> {
        let client = self.client.borrow().clone();
        let wanted = parameter(raw, "return").unwrap_or_else(|| "/".to_owned());
        let return_to = own_path(&client.public_url, &wanted).ok_or(Problem::InvalidParameter {
            name: "return",
            why: "it is a path of this site, such as `/unions/acme`".to_owned(),
        })?;
        let sent = self.send(&client, &return_to, peer).await;
        sent.map_err(|problem| NotSignedIn { problem, wanted: Some(return_to) })
    }

    async fn send(
        &self,
        client: &settings::SignIn,
        return_to: &str,
        peer: Option<Peer>,
    ) -> Result<Sent, Problem> {
        if let Some(Peer { address, .. }) = peer {
            // A panic elsewhere leaves counters that are whole.
            let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(wait) = begun.wait(address, Instant::now()) {
                return Err(Problem::TooManyFailures { wait });
            }
            begun.failed(address, Instant::now());
        }
        let endpoints = self.oidc.endpoints().await.map_err(|_| Problem::ProviderAway)?;
        let attempt = Ticket::draw();
        self.store.in_time(self.store.begin_sign_in(&attempt.digest(), return_to, PATIENCE)).await?;
        let mut to = endpoints.authorization.clone();
        to.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &client.client_id)
            .append_pair("redirect_uri", &self.address(CALLBACK))
            .append_pair("scope", &client.scopes.join(" "))
            .append_pair("state", &derived(&attempt, "state"))
            .append_pair("nonce", &derived(&attempt, "nonce"))
            .append_pair(
                "code_challenge",
                &BASE64.encode(Digest::of(derived(&attempt, "verifier")).as_bytes()),
            )
            .append_pair("code_challenge_method", "S256");
        Ok(Sent { to: to.into(), cookies: vec![cookie(ATTEMPT, attempt.expose(), PATIENCE)?] })
    }

    /// Lets somebody in for whom the provider vouches, and sends the browser to where it wanted to be.
    ///
    /// # Errors
    /// The browser did not begin it, it was finished before, the provider refuses or is away.
    pub(in crate::api) async fn finish(&self, raw: &str, headers: &HeaderMap) -> Result<Sent, NotSignedIn> {
        let again = format!("begin again at {}", self.address(BEGIN));
        let attempt = ticket(headers, ATTEMPT).ok_or_else(|| {
            refused(
                "other-browser",
                format!("it did not begin in this browser at this address, or it took too long; {again}"),
            )
        })?;
        if parameter(raw, "state").is_none_or(|state| state != derived(&attempt, "state")) {
            return Err(refused(
                "other-attempt",
                format!("what came back belongs to another attempt; {again}"),
            )
            .into());
        }
        let ended = self.store.in_time(self.store.end_sign_in(&attempt.digest())).await;
        let Some(return_to) = ended.map_err(Problem::from)? else {
            let why = format!("this attempt was finished before, or it took too long; {again}");
            return Err(refused("over", why).into());
        };
        match self.let_in(&attempt, raw, headers).await {
            Ok(cookies) => Ok(Sent { to: return_to, cookies }),
            Err(problem) => Err(NotSignedIn { problem, wanted: Some(return_to) }),
        }
    }

    /// The session of somebody who comes back from the provider with this attempt.
    async fn let_in(
        &self,
        attempt: &Ticket,
        raw: &str,
        headers: &HeaderMap,
    ) -> Result<Vec<HeaderValue>, Problem> {
        let again = format!("begin again at {}", self.address(BEGIN));
        if let Some(error) = parameter(raw, "error") {
            let word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
            let error: String = error.chars().filter(word).take(64).collect();
            return Err(refused("declined", format!("the identity provider says `{error}`; {again}")));
        }
        // RFC 9207: another provider's answer.
        if parameter(raw, "iss").is_some_and(|issuer| !self.oidc.is_issuer(&issuer)) {
            return Err(refused("other-provider", format!("another identity provider answered; {again}")));
        }
        let code = parameter(raw, "code").ok_or_else(|| {
            refused(
                "nothing-sent",
                format!("the identity provider sent nothing that could be redeemed; {again}"),
            )
        })?;
        let (verifier, redirect_uri) = (derived(attempt, "verifier"), self.address(CALLBACK));
        let code = Code { code: &code, verifier: &verifier, redirect_uri: &redirect_uri };
        let client = self.client.borrow().clone();
        let person = match self.oidc.redeem(&client, &code, &derived(attempt, "nonce")).await {
            Ok(person) => person,
            Err(Refused::Away) => return Err(Problem::ProviderAway),
            Err(Refused::Wrong(why)) => {
                tracing::warn!("refused somebody who came back from the identity provider: {why}");
                let why =
                    "the identity provider vouches for nobody in a way that counts here; the log says why";
                return Err(refused("not-vouched", format!("{why}; {again}")));
            }
        };
        let session = Ticket::draw();
        let former = ticket(headers, SESSION).map(|former| former.digest());
        let digest = session.digest();
        self.store.in_time(self.store.begin_session(&digest, &person, LONGEST, former.as_ref())).await?;
        Ok(vec![cookie(SESSION, session.expose(), LONGEST)?, cookie(ATTEMPT, "", Duration::ZERO)?])
    }

    /// Ends the session of this browser, if it has one, and tells it to forget it. A provider that does not answer keeps nobody
    /// in.
    ///
    /// # Errors
    /// A page of another site asks, or the database is away.
    pub(in crate::api) async fn end(&self, headers: &HeaderMap) -> Result<SignedOut, Problem> {
        let mut provider = None;
        if let Some(session) = ticket(headers, SESSION) {
            by_a_page(&Method::POST, headers)?;
            self.store.in_time(self.store.end_session(&session.digest())).await?;
            let client = self.client.borrow().clone();
            provider = self.oidc.way_out(&client).await;
        }
        Ok(SignedOut { cookie: cookie(SESSION, "", Duration::ZERO)?, provider })
    }

    /// Whose session the browser has; none: it has no cookie.
    ///
    /// # Errors
    /// The session is over, a page of another site asks, or the database is away.
    pub(super) async fn caller(
        &self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Option<Caller>, Problem> {
        let Some(session) = ticket(headers, SESSION) else { return Ok(None) };
        by_a_page(method, headers)?;
        let found = self.store.in_time(self.store.session(&session.digest())).await?;
        let Some(Session { person, rules }) = found else {
            return Err(Problem::Unauthenticated { is_wrong: true });
        };
        let name = person.name.clone();
        let role = super::grants::role(&rules, self.oidc.operators(), &person.into());
        Ok(Some(Caller { name, role, by: KnownBy::Session }))
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.client.borrow().public_url.as_str().trim_end_matches('/'))
    }
}

fn refused(reason: &'static str, why: String) -> Problem {
    Problem::SignInFailed { reason, why }
}

/// A cookie goes along with whatever the browser asks of us. So it counts for what has something done only beside a header
/// that pages of other sites cannot set; whose page it is the surface looks at for everybody (`cors`).
fn by_a_page(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    if method.is_safe() || headers.contains_key(FROM_A_PAGE) { Ok(()) } else { Err(Problem::ForeignPage) }
}

/// What follows from an attempt for this purpose, and gives nothing of it away.
fn derived(attempt: &Ticket, purpose: &str) -> String {
    BASE64.encode(Digest::of_parts([purpose.as_bytes(), attempt.expose().as_bytes()]).as_bytes())
}

/// A path of ours, as it is given; none for what leads a browser elsewhere.
fn own_path(public_url: &Url, text: &str) -> Option<String> {
    let sound = text.starts_with('/') && text.len() <= MAX_PATH && !text.contains(['\\', '\t', '\n', '\r']);
    let url = public_url.join(text).ok().filter(|url| sound && url.origin() == public_url.origin())?;
    let path = &url[url::Position::BeforePath..];
    // What is left of `/./` and the like must not become the beginning of a host.
    (!path.starts_with("//")).then(|| path.to_owned())
}

/// A parameter of what the provider sent along; it may send others too. One that is given twice is none.
fn parameter(raw: &str, name: &str) -> Option<String> {
    let mut given = form_urlencoded::parse(raw.as_bytes()).filter(|(key, _)| key == name);
    let value = given.next().map(|(_, value)| value.into_owned());
    value.filter(|_| given.next().is_none())
}

/// What a cookie of ours holds; none if it is not there, twice, or of another form.
fn ticket(headers: &HeaderMap, name: &str) -> Option<Ticket> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
    let value = values.next().filter(|_| values.next().is_none())?;
    Ticket::parse(value)
}

fn cookie(name: &str, value: &str, lasts: Duration) -> Result<HeaderValue, Problem> {
    let lasts = lasts.as_secs();
    let text = format!("{name}={value}; Path=/; Max-Age={lasts}; Secure; HttpOnly; SameSite=Lax");
    let mut cookie = HeaderValue::try_from(text).map_err(|_| Problem::Internal)?;
    cookie.set_sensitive(true);
    Ok(cookie)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_is_a_path_of_ours_or_none() {
        let ours = Url::parse("https://keyforge.example").expect("a URL");
        for path in ["/", "/unions/acme?state=held#top", "/unions?search=%2F%2Fevil.example"] {
            assert_eq!(own_path(&ours, path).as_deref(), Some(path), "{path}");
        }
        for elsewhere in [
            "",
            "unions",
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/.//evil.example",
            "/x/..//evil.example",
            "javascript:alert(1)",
            "https:evil.example",
        ] {
            assert_eq!(own_path(&ours, elsewhere), None, "{elsewhere}");
        }
        assert_eq!(own_path(&ours, &format!("/{}", "a".repeat(MAX_PATH))), None);
    }

    #[test]
    fn a_cookie_is_found_among_others_and_two_of_a_name_are_none() {
        let drawn = Ticket::draw();
        let sent = |cookies: &[String]| {
            let mut headers = HeaderMap::new();
            for cookies in cookies {
                headers.append(header::COOKIE, HeaderValue::try_from(cookies).expect("a text"));
            }
            ticket(&headers, SESSION).map(|found| found.digest())
        };
        let ours = format!("{SESSION}={}", drawn.expose());
        assert_eq!(sent(&[format!("a=b; {ours}; c")]), Some(drawn.digest()));
        assert_eq!(sent(&["a=b".to_owned(), ours.clone()]), Some(drawn.digest()));
        for wrong in [
            vec![format!("{ours}; {ours}")],
            vec![ours.clone(), ours.clone()],
            vec![format!("{ours}0")],
            vec![],
        ] {
            assert_eq!(sent(&wrong), None);
        }
    }

    #[test]
    fn what_follows_from_an_attempt_is_another_text_for_each_purpose() {
        let attempt = Ticket::draw();
        assert_ne!(derived(&attempt, "state"), derived(&attempt, "nonce"));
        assert_eq!(derived(&attempt, "verifier").len(), 43, "RFC 7636 asks for so many at least");
        assert_ne!(derived(&attempt, "state"), derived(&Ticket::draw(), "state"));
    }
}
