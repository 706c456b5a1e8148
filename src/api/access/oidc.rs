//! Tokens of an identity provider (OpenID Connect): whether one counts, and whom it vouches for.
//!
//! The issuer, the audience and the one algorithm are settings; a token chooses none of them. Keys are the provider's own,
//! kept and asked for anew when they are old or when a token names one that is not known. Invariants: only the configured
//! issuer is asked, over TLS and without redirects; what it answers is bounded; a token is never logged.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::{Client, RequestBuilder, Response, header, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::grants::Identity;
use crate::names::Email;
use crate::settings::{Operators, Provider, SignIn};
use crate::store::Person;

/// How far the clocks of two machines may be apart.
const SKEW: Duration = Duration::from_secs(60);

/// How long keys are used before they are asked for again.
const FRESH: Duration = Duration::from_secs(60 * 60);

/// How long they are used while the provider does not answer.
const OLD: Duration = Duration::from_secs(24 * 60 * 60);

/// How long nobody is asked after a question in vain: whoever sends tokens with keys that there are not must not make us ask
/// each time.
const PAUSE: Duration = Duration::from_secs(30);

/// How long the provider may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most that it may answer.
const MOST: usize = 256 * 1024;

/// The longest token that is looked at.
const LONGEST: usize = 8 * 1024;

/// The identity provider.
pub(super) struct Oidc {
    provider: Provider,
    client: Client,
    known: Mutex<Known>,
    /// Where people sign in, as it was told last.
    endpoints: Mutex<Option<(Instant, Arc<Endpoints>)>>,
    /// Whose turn it is to ask.
    turn: tokio::sync::Mutex<()>,
}

/// The keys that the provider told last.
#[derive(Clone, Default)]
struct Known {
    keys: Option<(Instant, Arc<JwkSet>)>,
    /// When the provider was asked in vain.
    in_vain: Option<Instant>,
}

/// Why a token does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// What of it is wrong is for the log: its sender is to find it out.
    Wrong(String),
    /// The provider does not answer, and its keys are not known.
    Away,
}

/// What is read of a token beside what is verified by name.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    email: Option<String>,
    email_verified: Option<Value>,
    nonce: Option<String>,
    azp: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// Where people sign in.
pub(super) struct Endpoints {
    /// Where browsers are sent.
    pub(super) authorization: Url,
    token: Url,
    /// Where browsers are sent to be signed out there too, if it has such a place.
    end_session: Option<Url>,
    /// Whether it knows a client by the name and password of HTTP, which is so where it says nothing else.
    takes_basic: bool,
}

/// What somebody came back with from the provider.
pub(super) struct Code<'a> {
    /// As the provider gave it.
    pub(super) code: &'a str,
    /// What shows that we asked for it.
    pub(super) verifier: &'a str,
    /// Where it was sent.
    pub(super) redirect_uri: &'a str,
}

/// What a code is redeemed for.
#[derive(Deserialize)]
struct Redeemed {
    id_token: String,
}

impl Oidc {
    /// # Errors
    /// The client for it cannot be made.
    pub(super) fn new(provider: Provider) -> Result<Self, reqwest::Error> {
        let mut builder = Client::builder()
            .redirect(redirect::Policy::none())
            .https_only(true)
            .timeout(PATIENCE)
            .user_agent(concat!("keyforge/", env!("CARGO_PKG_VERSION")));
        if let Some(authorities) = provider.authorities.clone() {
            builder = builder.tls_certs_only(authorities);
        }
        Ok(Self {
            provider,
            client: builder.build()?,
            known: Mutex::default(),
            endpoints: Mutex::default(),
            turn: Default::default(),
        })
    }

    /// Who is an operator.
    pub(super) fn operators(&self) -> &Operators {
        &self.provider.operators
    }

    /// Whom a token vouches for: a name for the log, and what rules may name.
    ///
    /// # Errors
    /// It does not count.
    pub(super) async fn verify(&self, token: &str) -> Result<(String, Identity), Refused> {
        let wrong = || Refused::Wrong("no `auth_oidc_audience` is set".to_owned());
        let claims = self.claims(token, self.provider.audience.as_deref().ok_or_else(wrong)?).await?;
        Ok((format!("token of {}", claims.sub), self.person(claims).into()))
    }

    /// Whether this is how the provider calls itself.
    pub(super) fn is_issuer(&self, text: &str) -> bool {
        text.trim_end_matches('/') == issuer_text(&self.provider.issuer)
    }

    /// Where people sign in.
    ///
    /// # Errors
    /// The provider does not tell.
    pub(super) async fn endpoints(&self) -> Result<Arc<Endpoints>, Refused> {
        // As with the keys: it is replaced, never half-written.
        let lock = || self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = lock().as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return Ok(Arc::clone(known));
        }
        let told = async {
            let found = self.discover().await?;
            let address =
                |text: Option<String>| text?.parse().ok().filter(|url: &Url| url.scheme() == "https");
            let named = address(found.authorization_endpoint).zip(address(found.token_endpoint));
            let (authorization, token) = named.ok_or("it does not tell where people sign in")?;
            let end_session = address(found.end_session_endpoint);
            let methods = found.token_endpoint_auth_methods_supported;
            let takes_basic =
                methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"));
            Ok::<_, String>(Arc::new(Endpoints { authorization, token, end_session, takes_basic }))
        };
        let told = told.await.map_err(|why| {
            tracing::warn!("unable to ask the identity provider where people sign in: {why}");
            Refused::Away
        })?;
        *lock() = Some((Instant::now(), Arc::clone(&told)));
        Ok(told)
    }

    /// Where somebody is signed out at the provider too (RP-initiated logout). It asks them whether they mean it, since nothing
    /// that it has told of them is kept here, and it keeps them: it would lead back only to addresses that it was told of.
    pub(super) async fn way_out(&self, client: &SignIn) -> Option<Url> {
        let mut out = self.endpoints().await.ok()?.end_session.clone()?;
        out.query_pairs_mut().append_pair("client_id", &client.client_id);
        Some(out)
    }

    /// Whom the provider vouches for by this code.
    ///
    /// # Errors
    /// It does not, or is away.
    pub(super) async fn redeem(
        &self,
        client: &SignIn,
        code: &Code<'_>,
        nonce: &str,
    ) -> Result<Person, Refused> {
        let asked = self.redemption(&*self.endpoints().await?, client, code);
        let away = |why: String| {
            tracing::warn!("unable to redeem what somebody signed in with: {why}");
            Refused::Away
        };
        let answer = asked.send().await.map_err(|error| away(told(error)))?;
        if answer.status().is_client_error() {
            return Err(Refused::Wrong(format!("the provider redeems no code: {}", answer.status())));
        }
        let redeemed: Redeemed = read(answer).await.map_err(away)?;
        let claims = self.claims(&redeemed.id_token, &client.client_id).await?;
        if claims.nonce.as_deref() != Some(nonce) {
            return Err(Refused::Wrong("the ID token belongs to another attempt".to_owned()));
        }
        if claims.azp.as_ref().is_some_and(|azp| *azp != client.client_id) {
            return Err(Refused::Wrong("the ID token was made for another client".to_owned()));
        }
        Ok(self.person(claims))
    }

    fn redemption(&self, endpoints: &Endpoints, client: &SignIn, code: &Code<'_>) -> RequestBuilder {
        let asked = self.client.post(endpoints.token.clone());
        let mut asked = asked.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code.code)
            .append_pair("redirect_uri", code.redirect_uri)
            .append_pair("code_verifier", code.verifier);
        match &client.client_secret {
            Some(secret) if endpoints.takes_basic => {
                // RFC 6749, 2.3.1: both are encoded like a form before.
                let encoded =
                    |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                asked = asked.basic_auth(encoded(&client.client_id), Some(encoded(secret.expose())));
            }
            secret => {
                form.append_pair("client_id", &client.client_id);
                if let Some(secret) = secret {
                    form.append_pair("client_secret", secret.expose());
                }
            }
        }
        asked.body(form.finish())
    }

    fn person(&self, claims: Claims) -> Person {
        let verified = claims.email_verified == Some(Value::Bool(true));
        let email = claims.email.filter(|_| verified).and_then(|email| email.parse::<Email>().ok());
        let groups = claims.others.get(&self.provider.groups_claim).and_then(Value::as_array);
        let groups = groups.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        let name = email.as_ref().map_or(claims.sub, ToString::to_string);
        Person { name, email, groups }
    }

    /// What a token for this audience says, if all of it counts.
    async fn claims(&self, token: &str, audience: &str) -> Result<Claims, Refused> {
        let Provider { issuer, algorithm, .. } = &self.provider;
        let wrong = |why: &str| Refused::Wrong(why.to_owned());
        let token =
            Some(token).filter(|token| token.len() <= LONGEST).ok_or_else(|| wrong("it is too long"))?;
        let header = decode_header(token).map_err(|_| wrong("it is no token"))?;
        // The signature is checked by the algorithm that is set; nothing that a token says of how to check it counts.
        if header.alg != *algorithm || header.crit.is_some() {
            return Err(wrong("it is signed in another way than `auth_oidc_algorithm` says"));
        }
        let key = self.key(&header.kid.ok_or_else(|| wrong("it names no key"))?).await?;
        let mut validation = Validation::new(*algorithm);
        validation.leeway = SKEW.as_secs();
        validation.validate_nbf = true;
        let issuer = issuer_text(issuer);
        // Some write a slash at the end that is not in their settings, or the other way round.
        validation.set_issuer(&[format!("{issuer}/"), issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims = decode::<Claims>(token, &key, &validation);
        Ok(claims.map_err(|error| Refused::Wrong(error.to_string()))?.claims)
    }

    /// The provider's key of this id.
    async fn key(&self, id: &str) -> Result<DecodingKey, Refused> {
        let known = self.known();
        let mut keys = known.keys_within(FRESH);
        if keys.as_ref().is_none_or(|keys| keys.find(id).is_none()) {
            self.renew(id).await;
            keys = self.known().keys_within(OLD);
        }
        let keys = keys.ok_or(Refused::Away)?;
        let wrong = || Refused::Wrong("it is signed by no key of the provider".to_owned());
        let key = keys.find(id).filter(|key| self.signs(key)).ok_or_else(wrong)?;
        DecodingKey::from_jwk(key).map_err(|_| wrong())
    }

    /// Whether a key is for signatures, and of the algorithm that is set.
    fn signs(&self, key: &Jwk) -> bool {
        let signs = key.common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature);
        let algorithm = key.common.key_algorithm.as_ref();
        signs
            && algorithm.is_none_or(|own| {
                own.to_string().parse().is_ok_and(|own: Algorithm| own == self.provider.algorithm)
            })
    }

    /// Asks for the keys, unless somebody did just now.
    async fn renew(&self, id: &str) {
        let _turn = self.turn.lock().await;
        let known = self.known();
        let found = known.keys_within(FRESH).is_some_and(|keys| keys.find(id).is_some());
        if found || known.in_vain.is_some_and(|at| at.elapsed() < PAUSE) {
            return;
        }
        let keys = self.ask().await;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let has_it = keys.as_ref().is_ok_and(|keys| keys.find(id).is_some());
        known.in_vain = (!has_it).then(Instant::now);
        match keys {
            Ok(keys) => known.keys = Some((Instant::now(), Arc::new(keys))),
            Err(why) => tracing::warn!("unable to ask the identity provider for its keys: {why}"),
        }
    }

    async fn ask(&self) -> Result<JwkSet, String> {
        let found = self.discover().await?;
        self.get(found.jwks_uri.parse().map_err(|_| "the address of its keys is none")?).await
    }

    async fn discover(&self) -> Result<Discovery, String> {
        let issuer = issuer_text(&self.provider.issuer);
        let address = format!("{issuer}/.well-known/openid-configuration");
        let found: Discovery = self.get(address.parse().map_err(|_| "its address is none")?).await?;
        if found.issuer.trim_end_matches('/') != issuer {
            return Err("it calls itself by another name".to_owned());
        }
        Ok(found)
    }

    async fn get<T: DeserializeOwned>(&self, url: Url) -> Result<T, String> {
        read(self.client.get(url).send().await.map_err(told)?).await
    }

    fn known(&self) -> Known {
        // A panic elsewhere leaves it whole: it is replaced, never half-written.
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Known {
    fn keys_within(&self, age: Duration) -> Option<Arc<JwkSet>> {
        self.keys.as_ref().filter(|(at, _)| at.elapsed() < age).map(|(_, keys)| Arc::clone(keys))
    }
}

/// An answer of the provider, if it is one.
async fn read<T: DeserializeOwned>(answer: Response) -> Result<T, String> {
    let mut answer = answer.error_for_status().map_err(told)?;
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = answer.chunk().await.map_err(told)? {
        body.extend_from_slice(&chunk);
        if body.len() > MOST {
            return Err(format!("it answers more than {MOST} bytes"));
        }
    }
    serde_json::from_slice(&body).map_err(|_| "it answers in a form of its own".to_owned())
}

fn told(error: reqwest::Error) -> String {
    crate::reconcile::chain(&error.without_url())
}

/// An issuer as tokens write it, whether or not the setting ends with a slash.
fn issuer_text(issuer: &Url) -> String {
    issuer.as_str().trim_end_matches('/').to_owned()
}
