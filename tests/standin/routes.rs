//! What is answered, below the path of `DOMAIN`: whether it lives, what it is, and the door of the admin interface.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};
use uuid::Uuid;
use warp::filters::BoxedFilter;
use warp::http::header::SET_COOKIE;
use warp::http::{Method, StatusCode};
use warp::path::FullPath;
use warp::reply::Response;
use warp::{Filter, Reply};

use crate::settings::Settings;

/// The release whose behaviour this is.
const VERSION: &str = "1.37.2";
/// The Bitwarden server that this release imitates.
const IMITATED: &str = "2026.6.0";

pub(crate) fn routes(settings: Settings) -> BoxedFilter<(impl Reply,)> {
    let settings = Arc::new(settings);
    warp::method()
        .and(warp::path::full())
        .and(warp::body::bytes())
        .map(move |method, path: FullPath, body| answer(&settings, &method, path.as_str(), &body))
        .boxed()
}

fn answer(settings: &Settings, method: &Method, path: &str, body: &Bytes) -> Response {
    let Some(path) = path.strip_prefix(settings.base()).and_then(|path| path.strip_prefix('/')) else {
        return page(StatusCode::NOT_FOUND, NOT_FOUND);
    };
    let segments: Vec<&str> = path.split('/').collect();
    // What answers GET answers HEAD; hyper leaves the body out.
    let verb = if method == Method::HEAD { "GET" } else { method.as_str() };
    match (verb, segments.as_slice()) {
        ("GET", ["alive"] | ["api", "alive" | "now"]) => json(&json!(now())),
        ("GET", ["api", "version"]) => json(&json!(VERSION)),
        ("GET", ["api", "config"]) => json(&config(settings)),
        ("GET", [""]) if settings.web_vault => page(StatusCode::OK, "Vaultwarden Web"),
        ("GET", ["admin"]) if settings.admin.is_disabled() => page(StatusCode::OK, DISABLED),
        ("GET", ["admin"]) => page(StatusCode::OK, LOGIN),
        ("POST", ["admin"]) if !settings.admin.is_disabled() => log_in(settings, body),
        // A program gets JSON.
        (_, ["api", ..]) => {
            let error = json!({"error": {"code": 404, "reason": "Not Found", "description": NOT_FOUND}});
            warp::reply::with_status(json(&error), StatusCode::NOT_FOUND).into_response()
        }
        _ => page(StatusCode::NOT_FOUND, NOT_FOUND),
    }
}

const NOT_FOUND: &str = "The requested resource could not be found.";
const DISABLED: &str =
    "The admin panel is disabled, please configure the 'ADMIN_TOKEN' variable to enable it";
const LOGIN: &str = "Authentication key needed to continue";

fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn config(settings: &Settings) -> Value {
    let base = settings.domain.as_str().trim_end_matches('/');
    json!({
        "version": IMITATED,
        "gitHash": VERSION,
        "server": {"name": "Vaultwarden", "url": "https://github.com/dani-garcia/vaultwarden"},
        "settings": {
            // An invited person without mail needs the form.
            "disableUserRegistration":
                !settings.signups_allowed && (settings.mail || !settings.invitations_allowed),
        },
        "environment": {
            "vault": base,
            "api": format!("{base}/api"),
            "identity": format!("{base}/identity"),
            "notifications": format!("{base}/notifications"),
            "sso": "",
        },
        "featureStates": {},
        "object": "config",
    })
}

fn log_in(settings: &Settings, form: &Bytes) -> Response {
    let token = url::form_urlencoded::parse(form).find(|(name, _)| name == "token");
    if !token.is_some_and(|(_, token)| settings.admin.accepts(&token)) {
        return page(StatusCode::UNAUTHORIZED, "Invalid admin token, please try again.");
    }
    let (session, base) = (Uuid::new_v4().simple(), settings.base());
    let cookie = format!("VW_ADMIN={session}; HttpOnly; SameSite=Strict; Path={base}/admin; Max-Age=1200");
    warp::reply::with_header(page(StatusCode::OK, "Vaultwarden Admin"), SET_COOKIE, cookie).into_response()
}

fn json(value: &Value) -> Response {
    warp::reply::json(value).into_response()
}

fn page(status: StatusCode, text: &str) -> Response {
    let page = warp::reply::html(format!("<!DOCTYPE html>\n<title>{text}</title>\n<p>{text}</p>\n"));
    warp::reply::with_status(page, status).into_response()
}
