//! Who answers what, below the path of `DOMAIN`. What is not named here is not there, as nothing of the real server that
//! Keyforge does not rely on is.

use chrono::Utc;
use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{self, Answer, Refusal, Reply, json, page};
use crate::request::Request;
use crate::server::Server;
use crate::{accounts, admin, ciphers, collections, members, organizations, registration, sync, tokens};

/// The Bitwarden server that this release imitates.
const IMITATED: &str = "2026.6.0";

pub(crate) fn answer(server: &Server, request: &Request) -> Reply {
    let path = request.path().strip_prefix(server.settings.base());
    let Some(path) = path.and_then(|path| path.strip_prefix('/')) else {
        return answer::refusal(Refusal::Plain(StatusCode::NOT_FOUND), request.is_program());
    };
    let path: Vec<&str> = path.split('/').collect();
    let answered = match path.as_slice() {
        ["admin"] | ["admin", ""] => admin::answer(server, request, &[]),
        ["admin", below @ ..] => admin::answer(server, request, below),
        ["identity", below @ ..] => identity(server, request, below),
        ["api", below @ ..] => api(server, request, below),
        ["alive"] if request.verb() == "GET" => alive(server),
        [""] if request.verb() == "GET" && server.settings.web_vault => {
            Ok(page(StatusCode::OK, "Vaultwarden Web"))
        }
        _ => missing(),
    };
    answered.unwrap_or_else(|refusal| {
        // Only for what is not there below this path it is always a program that asks.
        let is_missing = matches!(refusal, Refusal::Plain(StatusCode::NOT_FOUND));
        answer::refusal(refusal, request.is_program() || (is_missing && path[0] == "api"))
    })
}

fn missing() -> Answer {
    Err(Refusal::Plain(StatusCode::NOT_FOUND))
}

fn identity(server: &Server, request: &Request, path: &[&str]) -> Answer {
    match (request.verb(), path) {
        ("POST", ["connect", "token"]) => tokens::connect(server, request),
        ("POST", ["accounts", "prelogin"] | ["accounts", "prelogin", "password"]) => {
            accounts::prelogin(server, request)
        }
        ("POST", ["accounts", "register", "send-verification-email"]) => registration::begin(server, request),
        ("POST", ["accounts", "register", "finish"]) => registration::finish(server, request),
        _ => missing(),
    }
}

fn api(server: &Server, request: &Request, path: &[&str]) -> Answer {
    match (request.verb(), path) {
        ("GET", ["alive"]) => alive(server),
        ("GET", ["now"]) => json(&json!(now())),
        ("GET", ["version"]) => json(&json!(server.settings.version)),
        ("GET", ["config"]) => json(&config(server)),
        ("GET", ["sync"]) => sync::sync(server, request),
        ("GET", ["devices"]) => tokens::devices(server, request),
        ("POST", ["accounts", "prelogin"]) => accounts::prelogin(server, request),
        ("GET", ["accounts", "profile"]) => accounts::get_profile(server, request),
        ("GET", ["accounts", "revision-date"]) => accounts::revision_date(server, request),
        ("POST", ["accounts", "keys"]) => accounts::post_keys(server, request),
        ("POST", ["accounts", "password"]) => accounts::change_password(server, request),
        ("POST", ["accounts", "api-key"]) => tokens::api_key(server, request, false),
        ("POST", ["accounts", "rotate-api-key"]) => tokens::api_key(server, request, true),
        ("GET", ["users", user, "public-key"]) => accounts::public_key(server, request, user),
        (verb, ["organizations", below @ ..]) => in_organizations(server, request, verb, below),
        (verb, ["ciphers", below @ ..]) => in_ciphers(server, request, verb, below),
        _ => missing(),
    }
}

fn in_organizations(server: &Server, request: &Request, verb: &str, path: &[&str]) -> Answer {
    match (verb, path) {
        ("POST", []) => organizations::create(server, request),
        ("GET", [id]) => organizations::get(server, request, id),
        ("PUT" | "POST", [id]) => organizations::change(server, request, id),
        ("DELETE", [id]) | ("POST", [id, "delete"]) => organizations::delete(server, request, id),
        ("GET", [id, "public-key" | "keys"]) => organizations::public_key(server, request, id),
        ("POST", [id, "keys"]) => organizations::post_keys(server, request, id),
        ("GET", [id, "policies"]) => organizations::policies(server, request, id),
        ("PUT", [id, "policies", kind]) => organizations::put_policy(server, request, id, kind),
        (verb, [id, "users", below @ ..]) => in_members(server, request, verb, id, below),
        (verb, [id, "collections", below @ ..]) => in_collections(server, request, verb, id, below),
        _ => missing(),
    }
}

fn in_members(server: &Server, request: &Request, verb: &str, id: &str, path: &[&str]) -> Answer {
    match (verb, path) {
        ("GET", []) => members::get_all(server, request, id),
        ("DELETE", []) => members::delete_all(server, request, id),
        ("POST", ["invite"]) => members::invite(server, request, id),
        ("POST", ["reinvite"]) => members::reinvite_all(server, request, id),
        ("POST", ["public-keys"]) => members::public_keys(server, request, id),
        ("POST", ["confirm"]) => members::confirm_all(server, request, id),
        ("PUT", ["revoke"]) => members::revoke_all(server, request, id),
        ("PUT", ["restore"]) => members::restore_all(server, request, id),
        ("GET", [member]) => members::get(server, request, id, member),
        ("PUT" | "POST", [member]) => members::put(server, request, id, member),
        ("DELETE", [member]) => members::delete(server, request, id, member),
        ("POST", [member, "reinvite"]) => members::reinvite(server, request, id, member),
        ("POST", [member, "accept"]) => members::accept(server, request, id, member),
        ("POST", [member, "confirm"]) => members::confirm(server, request, id, member),
        ("PUT", [member, "revoke"]) => members::revoke(server, request, id, member),
        ("PUT", [member, "restore"]) => members::restore(server, request, id, member),
        _ => missing(),
    }
}

fn in_collections(server: &Server, request: &Request, verb: &str, id: &str, path: &[&str]) -> Answer {
    match (verb, path) {
        ("GET", []) => collections::get_all(server, request, id),
        ("GET", ["details"]) => collections::details(server, request, id),
        ("POST", []) => collections::create(server, request, id),
        ("DELETE", []) => collections::delete_all(server, request, id),
        ("POST", ["bulk-access"]) => collections::bulk_access(server, request, id),
        ("PUT" | "POST", [one]) => collections::put(server, request, id, one),
        ("DELETE", [one]) => collections::delete(server, request, id, one),
        ("GET", [one, "details"]) => collections::get(server, request, id, one),
        _ => missing(),
    }
}

fn in_ciphers(server: &Server, request: &Request, verb: &str, path: &[&str]) -> Answer {
    match (verb, path) {
        ("POST", []) => ciphers::create_own(server, request),
        ("POST", ["create"]) => ciphers::create(server, request),
        ("POST", ["import-organization"]) => ciphers::import_organization(server, request),
        ("POST", ["bulk-collections"]) => ciphers::bulk_collections(server, request),
        ("GET", ["organization-details"]) => ciphers::organization_details(server, request),
        ("PUT", ["delete"]) => ciphers::trash_all(server, request),
        ("PUT", ["restore"]) => ciphers::restore_all(server, request),
        ("DELETE", []) => ciphers::delete_all(server, request),
        ("GET", [id]) => ciphers::get(server, request, id),
        ("PUT" | "POST", [id]) => ciphers::put(server, request, id),
        ("DELETE", [id]) | ("POST", [id, "delete"]) => ciphers::delete(server, request, id),
        ("PUT", [id, "share"]) => ciphers::share(server, request, id),
        ("PUT", [id, "collections_v2"]) => ciphers::put_collections(server, request, id),
        ("PUT", [id, "delete"]) => ciphers::trash(server, request, id),
        ("PUT", [id, "restore"]) => ciphers::restore(server, request, id),
        _ => missing(),
    }
}

/// It asks the database, and waits for it as long as it is told to.
fn alive(server: &Server) -> Answer {
    if server.is_there() { json(&json!(now())) } else { Err(Refusal::Plain(StatusCode::SERVICE_UNAVAILABLE)) }
}

fn now() -> String {
    crate::clock(Utc::now())
}

fn config(server: &Server) -> Value {
    let config = server.config();
    let domain = config.text("domain");
    let base = domain.trim_end_matches('/');
    // An invited person without mail needs the form.
    let needs_form = !config.has_mail() && config.flag("invitations_allowed");
    let is_closed =
        !config.flag("signups_allowed") && config.text("signups_domains_whitelist").is_empty() && !needs_form;
    json!({
        "version": IMITATED,
        "gitHash": server.settings.version,
        "server": {"name": "Vaultwarden", "url": "https://github.com/dani-garcia/vaultwarden"},
        "settings": {"disableUserRegistration": is_closed},
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
