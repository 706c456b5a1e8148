//! An identity provider: it tells over TLS which keys it signs with, as OpenID Connect has it, signs what it is given, and lets
//! in whom it is told to by authorization codes that count once, for who asked for them (PKCE).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use jsonwebtoken::jwk::{Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use keyforge::digest::Digest;
use rcgen::KeyPair;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::{Url, form_urlencoded};

use super::web::{Proof, acceptor, certificates};

/// A running provider; it ends with this.
pub struct Provider {
    /// Its issuer.
    pub url: String,
    /// The certificate that vouches for it, in PEM.
    pub authority: String,
    own: Arc<Own>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Own {
    url: String,
    keys: Mutex<Vec<Jwk>>,
    asked: AtomicUsize,
    away: AtomicBool,
    /// Whether people can be signed out here.
    has_way_out: AtomicBool,
    person: Mutex<Option<Person>>,
    /// The part after `?` of what codes were asked for with, by code.
    codes: Mutex<BTreeMap<String, String>>,
    /// What `Authorization` a client has to send; none: it has no secret.
    secret: Mutex<Option<String>>,
}

/// Who is at the browser.
#[derive(Clone)]
struct Person {
    key: Key,
    claims: Value,
}

/// A key to sign with.
#[derive(Clone)]
pub struct Key {
    id: String,
    key: EncodingKey,
}

impl Key {
    /// A new one, which no provider tells yet.
    pub fn draw(id: &str) -> Self {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
        Self { id: id.to_owned(), key: EncodingKey::from_ec_der(&pair.serialize_der()) }
    }

    /// As a provider tells it.
    pub fn public(&self) -> Jwk {
        let mut public = Jwk::from_encoding_key(&self.key, Algorithm::ES256).expect("its public half");
        public.common.key_id = Some(self.id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        public.common.key_algorithm = Some(KeyAlgorithm::ES256);
        public
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.id.clone()), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &self.key).expect("signed")
    }
}

impl Provider {
    /// One that tells no key yet.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("a bound address").port();
        let (certificate, authority, key) = certificates(Proof::OfAuthority);
        let tls = acceptor(certificate, &key);
        let url = format!("https://localhost:{port}");
        let own = Arc::new(Own { url: url.clone(), ..Own::default() });
        let served = Arc::clone(&own);
        let serving = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                let (tls, own) = (tls.clone(), Arc::clone(&served));
                connections.spawn(async move {
                    let Ok(connection) = tls.accept(connection).await else { return };
                    let service = tower::service_fn(move |request| {
                        let own = Arc::clone(&own);
                        async move { Ok::<_, std::convert::Infallible>(own.answer(request).await) }
                    });
                    let builder = auto::Builder::new(TokioExecutor::new());
                    let service = TowerToHyperService::new(service);
                    let _ = builder.serve_connection(TokioIo::new(connection), service).await;
                });
            }
        });
        Self { url, authority, own, serving }
    }

    /// From now on it signs with these, and with no others.
    pub fn tells(&self, keys: &[&Key]) {
        *self.own.keys.lock().expect("no writer panics") = keys.iter().map(|key| key.public()).collect();
    }

    /// Somebody of whom it says this, signed by this key, is at each browser that comes.
    pub fn knows(&self, key: &Key, claims: Value) {
        *self.own.person.lock().expect("no writer panics") = Some(Person { key: key.clone(), claims });
    }

    /// From now on a client has to send this in `Authorization` to redeem a code.
    pub fn wants(&self, secret: &str) {
        *self.own.secret.lock().expect("no writer panics") = Some(secret.to_owned());
    }

    /// What a browser is sent back to that comes with this address: the person does not hesitate.
    pub fn signs_in(&self, to: &str) -> Url {
        let path = to.strip_prefix(&self.url).expect("it leads here");
        self.own.back(path)
    }

    /// From now on people can be signed out here too.
    pub fn has_way_out(&self) {
        self.own.has_way_out.store(true, Ordering::SeqCst);
    }

    /// It answers with an error from now on.
    pub fn goes_away(&self) {
        self.own.away.store(true, Ordering::SeqCst);
    }

    /// How often it was asked for its keys.
    pub fn asked(&self) -> usize {
        self.own.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Own {
    /// Where a browser is sent to that came by this path.
    fn back(&self, path: &str) -> Url {
        let asked = path.strip_prefix("/authorize?").expect("what is asked for");
        let named: BTreeMap<_, _> = form_urlencoded::parse(asked.as_bytes()).into_owned().collect();
        let code = uuid::Uuid::new_v4().to_string();
        let mut back = Url::parse(&named["redirect_uri"]).expect("an address");
        back.query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("state", &named["state"])
            .append_pair("iss", &self.url)
            .append_pair("session_state", "of the provider's own");
        self.codes.lock().expect("no writer panics").insert(code, asked.to_owned());
        back
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let body = match parts.uri.path() {
            _ if self.away.load(Ordering::SeqCst) => None,
            "/.well-known/openid-configuration" => {
                let mut told = json!({
                    "issuer": self.url,
                    "jwks_uri": format!("{}/keys", self.url),
                    "authorization_endpoint": format!("{}/authorize", self.url),
                    "token_endpoint": format!("{}/token", self.url),
                });
                if self.has_way_out.load(Ordering::SeqCst) {
                    told["end_session_endpoint"] = json!(format!("{}/sign-out?of=all", self.url));
                }
                Some(told)
            }
            // Somebody comes with a browser.
            "/authorize" => {
                let back = self.back(parts.uri.path_and_query().map_or("", |path| path.as_str()));
                let answer = Response::builder().status(303).header(header::LOCATION, back.as_str());
                return answer.body(Full::default()).expect("an answer");
            }
            "/keys" => {
                self.asked.fetch_add(1, Ordering::SeqCst);
                Some(json!({ "keys": *self.keys.lock().expect("no writer panics") }))
            }
            "/token" => {
                let form = body.collect().await.expect("a body").to_bytes();
                let credential = parts.headers.get(header::AUTHORIZATION);
                let told = self.redeem(&form, credential.and_then(|given| given.to_str().ok()));
                let status = if told.is_some() { 200 } else { 400 };
                let told = told.unwrap_or_else(|| json!({ "error": "invalid_grant" }));
                let answer =
                    Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
                return answer.body(Full::from(told.to_string())).expect("an answer");
            }
            _ => None,
        };
        let answer = Response::builder().header(header::CONTENT_TYPE, "application/json");
        match body {
            Some(body) => answer.body(Full::from(body.to_string())),
            None => answer.status(503).body(Full::default()),
        }
        .expect("an answer")
    }

    /// What a code is given for: once, to the client that asked for it and shows what only it can know.
    fn redeem(&self, form: &[u8], credential: Option<&str>) -> Option<Value> {
        let given: BTreeMap<_, _> = form_urlencoded::parse(form).into_owned().collect();
        let asked = self.codes.lock().expect("no writer panics").remove(given.get("code")?)?;
        let asked: BTreeMap<_, _> = form_urlencoded::parse(asked.as_bytes()).into_owned().collect();
        let proof = BASE64.encode(Digest::of(given.get("code_verifier")?).as_bytes());
        let secret = self.secret.lock().expect("no writer panics").clone();
        let is_client = match &secret {
            Some(secret) => credential == Some(secret),
            None => credential.is_none() && given.get("client_id") == asked.get("client_id"),
        };
        let sound = is_client
            && asked["code_challenge_method"] == "S256"
            && asked["code_challenge"] == proof
            && given.get("redirect_uri") == asked.get("redirect_uri")
            && given["grant_type"] == "authorization_code";
        let Person { key, mut claims } =
            self.person.lock().expect("no writer panics").clone().filter(|_| sound)?;
        // Who is at the browser may be said to have asked for something else.
        if claims.get("nonce").is_none() {
            claims["nonce"] = json!(asked["nonce"]);
        }
        Some(
            json!({ "token_type": "Bearer", "access_token": "of no use here", "id_token": key.sign(&claims) }),
        )
    }
}
