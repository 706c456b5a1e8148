//! Calls to the server, as a stranger, as somebody with a token or as the admin page, and what is expected of an answer.

use std::fs;
use std::sync::OnceLock;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::standin::{Server, http};

/// Settings under which a test is fast and no limiter is met.
pub(crate) const QUICK: &[(&str, &str)] = &[
    ("PASSWORD_ITERATIONS", "100000"),
    ("LOGIN_RATELIMIT_MAX_BURST", "1000"),
    ("ADMIN_RATELIMIT_MAX_BURST", "1000"),
    ("UNAUTHENTICATED_RATELIMIT_MAX_BURST", "1000"),
    ("ADMIN_TOKEN", "admin"),
    ("SIGNUPS_ALLOWED", "false"),
];

pub(crate) fn start() -> Server {
    start_with(&[])
}

/// With a signing key that another server drew: to draw one takes longer than most tests.
pub(crate) fn start_with(settings: &[(&str, &str)]) -> Server {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    let key = KEY.get_or_init(|| fs::read(Server::start(QUICK).data().join("rsa_key.pem")).expect("its key"));
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("rsa_key.pem"), key).expect("written");
    Server::start_in(folder, &[QUICK, settings].concat())
}

/// Who calls.
#[derive(Clone)]
pub(crate) struct Caller<'a> {
    pub(crate) server: &'a Server,
    http: Client,
    url: String,
    token: Option<String>,
    cookie: Option<String>,
}

impl<'a> Caller<'a> {
    pub(crate) fn stranger(server: &'a Server) -> Self {
        Self::over(server, http(), &server.url(""))
    }

    /// By a client of one's own, and another name of the server.
    pub(crate) fn over(server: &'a Server, http: Client, url: &str) -> Self {
        Self { server, http, url: url.to_owned(), token: None, cookie: None }
    }

    /// The same way, with a token.
    pub(crate) fn as_somebody(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub(crate) fn with_token(server: &'a Server, token: &str) -> Self {
        Self::stranger(server).as_somebody(token)
    }

    /// Logged in at the admin page with the token of `QUICK`.
    pub(crate) async fn admin(server: &'a Server) -> Self {
        let (status, cookie) = server.log_in("admin").await;
        assert_eq!(status, 200, "the admin logs in");
        Self::with_cookie(server, &cookie.expect("a cookie"))
    }

    pub(crate) fn with_cookie(server: &'a Server, cookie: &str) -> Self {
        let cookie = cookie.split(';').next().expect("its first part").to_owned();
        Self { cookie: Some(cookie), ..Self::stranger(server) }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::DELETE, path).json(&body)).await
    }

    pub(crate) async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(Method::POST, path).body(form);
        self.send(request.header("content-type", "application/x-www-form-urlencoded")).await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request =
            self.http.request(method, format!("{}{path}", self.url)).header("accept", "application/json");
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        request
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let answer = request.send().await.expect("the server answers");
        let status = answer.status().as_u16();
        let kind = answer.headers().get("content-type").map(|kind| kind.to_str().expect("ASCII").to_owned());
        let text = answer.text().await.expect("a whole answer");
        Answer { status, kind, text }
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) kind: Option<String>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The body of what was done.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.body()
    }

    /// The data of a list.
    #[track_caller]
    pub(crate) fn list(&self) -> Vec<Value> {
        let body = self.ok();
        assert_eq!(body["object"], "list", "{self:?}");
        assert_eq!(body["continuationToken"], Value::Null, "{self:?}");
        body["data"].as_array().expect("a list of data").clone()
    }

    /// Done, and nothing said of it.
    #[track_caller]
    pub(crate) fn done(&self) {
        assert_eq!((self.status, self.text.as_str()), (200, ""), "{self:?}");
        assert_eq!(self.kind, None, "{self:?}");
    }

    /// The error object with this message.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, message: &str) {
        assert_eq!(self.status, status, "{self:?}");
        let model = json!({"message": message, "object": "error"});
        shows(
            &self.body(),
            json!({
                "message": message, "validationErrors": {"": [message]}, "errorModel": model,
                "error": "", "error_description": "", "exceptionMessage": null, "object": "error",
            }),
        );
    }

    /// Refused at the outer door, before any handler.
    #[track_caller]
    pub(crate) fn barred(&self, status: u16) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.body()["error"]["code"], status, "{self:?}");
    }
}

/// Asserts that a value has what is expected, and maybe more.
#[track_caller]
pub(crate) fn shows(value: &Value, expected: Value) {
    if let Some(place) = difference(value, &expected) {
        panic!("{place} is not as expected in {value:#}");
    }
}

fn difference(value: &Value, expected: &Value) -> Option<String> {
    match (value, expected) {
        (Value::Object(value), Value::Object(expected)) => expected.iter().find_map(|(name, expected)| {
            let value =
                value.get(name).map_or(Some(" (missing)".into()), |value| difference(value, expected));
            value.map(|place| format!(".{name}{place}"))
        }),
        (value, expected) if value == expected => None,
        _ => Some(format!(" (expected {expected})")),
    }
}
