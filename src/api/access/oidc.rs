//! Tokens of an identity provider (OpenID Connect): whether one counts, and whom it vouches for.
//!
//! The issuer, the audience and the one algorithm are settings; a token chooses none of them. Keys are the provider's own,
//! kept and asked for anew when they are old or when a token names one that is not known. Invariants: only the configured
//! issuer is asked, over TLS and without redirects; what it answers is bounded; a token is never logged.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::{Client, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use url::Url;

use super::grants::Identity;
use crate::names::Email;
use crate::settings::{Operators, Provider};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// Whatever of it is wrong, it is for its sender to find out.
    Wrong,
    /// The provider does not answer, and its keys are not known.
    Away,
}

/// What is read of a token beside what is verified by name.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    email: Option<String>,
    email_verified: Option<Value>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
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
        Ok(Self { provider, client: builder.build()?, known: Mutex::default(), turn: Default::default() })
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
        let Provider { issuer, audience, algorithm, groups_claim, .. } = &self.provider;
        let header = decode_header(Some(token).filter(|token| token.len() <= LONGEST).ok_or(Refused::Wrong)?);
        let header = header.map_err(|_| Refused::Wrong)?;
        // The signature is checked by the algorithm that is set; nothing that a token says of how to check it counts.
        if header.alg != *algorithm || header.crit.is_some() {
            return Err(Refused::Wrong);
        }
        let key = self.key(&header.kid.ok_or(Refused::Wrong)?).await?;
        let mut validation = Validation::new(*algorithm);
        validation.leeway = SKEW.as_secs();
        validation.validate_nbf = true;
        let issuer = issuer_text(issuer);
        // Some write a slash at the end that is not in their settings, or the other way round.
        validation.set_issuer(&[format!("{issuer}/"), issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims = decode::<Claims>(token, &key, &validation).map_err(|_| Refused::Wrong)?.claims;
        let verified = claims.email_verified == Some(Value::Bool(true));
        let email = claims.email.filter(|_| verified).and_then(|email| email.parse::<Email>().ok());
        let groups = claims.others.get(groups_claim).and_then(Value::as_array);
        let groups: BTreeSet<_> =
            groups.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        Ok((format!("token of {}", claims.sub), Identity::Person { email, groups }))
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
        let key = keys.find(id).filter(|key| self.signs(key)).ok_or(Refused::Wrong)?;
        DecodingKey::from_jwk(key).map_err(|_| Refused::Wrong)
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
        let issuer = issuer_text(&self.provider.issuer);
        let address = format!("{issuer}/.well-known/openid-configuration");
        let found: Discovery = self.get(address.parse().map_err(|_| "its address is none")?).await?;
        if found.issuer.trim_end_matches('/') != issuer {
            return Err("it calls itself by another name".to_owned());
        }
        self.get(found.jwks_uri.parse().map_err(|_| "the address of its keys is none")?).await
    }

    async fn get<T: DeserializeOwned>(&self, url: Url) -> Result<T, String> {
        let told = |error: reqwest::Error| crate::reconcile::chain(&error.without_url());
        let mut answer = self.client.get(url).send().await.map_err(told)?.error_for_status().map_err(told)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(told)? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST {
                return Err(format!("it answers more than {MOST} bytes"));
            }
        }
        serde_json::from_slice(&body).map_err(|_| "it answers in a form of its own".to_owned())
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

/// An issuer as tokens write it, whether or not the setting ends with a slash.
fn issuer_text(issuer: &Url) -> String {
    issuer.as_str().trim_end_matches('/').to_owned()
}
