//! The admin interface: a log-in that gives a cookie, people, organizations and the settings.

pub(crate) mod token;

use chrono::TimeDelta;
use http::header::SET_COOKIE;
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::accounts::{Invitation, User, profile};
use crate::answer::{Answer, Refusal, Reply, json, nothing, page, refuse};
use crate::members::send_invitation;
use crate::request::Request;
use crate::server::Server;
use crate::state::State;

const COOKIE: &str = "VW_ADMIN";

/// What lies below `/admin`.
pub(crate) fn answer(server: &Server, request: &Request, path: &[&str]) -> Answer {
    let is_set = token::is_set(&server.config().text("admin_token"));
    match (request.verb(), path) {
        ("GET", []) if !is_set => Ok(page(StatusCode::OK, DISABLED)),
        _ if !is_set => Err(Refusal::Plain(StatusCode::NOT_FOUND)),
        ("POST", []) => log_in(server, request),
        ("GET", []) if !has_session(server, request) => Ok(page(StatusCode::OK, LOGIN)),
        ("GET", []) => Ok(page(StatusCode::OK, SETTINGS)),
        // Rocket looks at the type before anything else.
        ("POST", _) if !request.has_json() => Err(Refusal::Plain(StatusCode::NOT_FOUND)),
        (verb, path) => routed(server, request, verb, path),
    }
}

const DISABLED: &str =
    "The admin panel is disabled, please configure the 'ADMIN_TOKEN' variable to enable it";
const LOGIN: &str = "Authentication key needed to continue";
const SETTINGS: &str = "Vaultwarden Admin";

fn routed(server: &Server, request: &Request, verb: &str, path: &[&str]) -> Answer {
    let route: Box<dyn Fn() -> Answer> = match (verb, path) {
        ("POST", ["invite"]) => Box::new(|| invite(server, request)),
        ("GET", ["users"]) => Box::new(|| users(server)),
        ("GET", ["users", "by-mail", email]) => Box::new(|| by_mail(server, email)),
        ("GET", ["users", id]) => Box::new(|| user(server, id)),
        ("POST", ["users", id, "delete"]) => Box::new(|| delete(server, id)),
        ("POST", ["users", id, "disable"]) => Box::new(|| void(server, id, false)),
        ("POST", ["users", id, "deauth"]) => Box::new(|| void(server, id, true)),
        ("POST", ["users", id, "enable"]) => Box::new(|| enable(server, id)),
        ("POST", ["users", id, "invite", "resend"]) => Box::new(|| invite_again(server, id)),
        ("POST", ["organizations", id, "delete"]) => Box::new(|| delete_organization(server, id)),
        ("GET", ["diagnostics", "config"]) if request.is_program() => {
            Box::new(|| json(&server.config().shown()))
        }
        ("POST", ["config"]) => Box::new(|| put_config(server, request)),
        ("POST", ["config", "delete"]) => Box::new(|| forget_config(server)),
        _ => return Err(Refusal::Plain(StatusCode::NOT_FOUND)),
    };
    if has_session(server, request) {
        return route();
    }
    // By the type of the body where there is one, else by what is accepted.
    if request.is_program() || request.has_json() {
        return Err(Refusal::Said(StatusCode::UNAUTHORIZED, "Authorization failed.".into()));
    }
    Ok(page(StatusCode::UNAUTHORIZED, LOGIN))
}

fn has_session(server: &Server, request: &Request) -> bool {
    request.cookie(COOKIE).is_some_and(|cookie| server.signer.verify("admin", cookie).is_some())
}

fn log_in(server: &Server, request: &Request) -> Answer {
    let client = request.client(&server.config());
    if server.admins.take(client, &server.config(), "").is_err() {
        return Ok(page(StatusCode::TOO_MANY_REQUESTS, "Too many requests, try again later."));
    }
    let Some(given) = request.field("token") else {
        return Err(Refusal::Plain(StatusCode::UNPROCESSABLE_ENTITY));
    };
    if !token::accepts(&server.config().text("admin_token"), &given) {
        return Ok(page(StatusCode::UNAUTHORIZED, "Invalid admin token, please try again."));
    }
    let minutes = i64::try_from(server.config().number("admin_session_lifetime")).unwrap_or(20);
    let lifetime = TimeDelta::minutes(minutes);
    let session = server.signer.sign("admin", lifetime, json!({"sub": "admin_panel"}));
    let (base, seconds) = (server.settings.base(), lifetime.num_seconds());
    let secure = request.header("x-forwarded-proto") == Some("https") || server.settings.tls.is_some();
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!(
        "{COOKIE}={session}; HttpOnly; SameSite=Strict{secure}; Path={base}/admin; Max-Age={seconds}"
    );
    let mut reply = match request.field("redirect") {
        None => page(StatusCode::OK, SETTINGS),
        Some(to) => redirected(&format!("{base}/admin{to}")),
    };
    let cookie = HeaderValue::try_from(cookie).expect("it is ASCII");
    reply.headers_mut().insert(SET_COOKIE, cookie);
    Ok(reply)
}

fn redirected(to: &str) -> Reply {
    let mut reply = page(StatusCode::SEE_OTHER, "");
    // What is no header leads nowhere.
    if let Ok(to) = HeaderValue::try_from(to) {
        reply.headers_mut().insert(header::LOCATION, to);
    }
    reply
}

fn shown(server: &Server, state: &State, user: &User) -> Value {
    let mut shown = profile(state, user, server.mail().is_some());
    shown["userEnabled"] = json!(user.enabled);
    shown["createdAt"] = json!(user.created.format("%Y-%m-%d %H:%M:%S UTC").to_string());
    shown
}

fn found(state: &State, id: &str) -> Result<User, Refusal> {
    state.users.get(id).cloned().ok_or_else(nobody)
}

fn nobody() -> Refusal {
    Refusal::Said(StatusCode::NOT_FOUND, "User doesn't exist".into())
}

fn users(server: &Server) -> Answer {
    let state = server.open_state()?;
    let all = state.users.values().map(|user| {
        let mut shown = shown(server, &state, user);
        shown["lastActive"] = Value::Null;
        shown
    });
    json(&Value::Array(all.collect()))
}

fn by_mail(server: &Server, email: &str) -> Answer {
    let state = server.open_state()?;
    let email = percent_encoding::percent_decode_str(email).decode_utf8_lossy();
    let user = state.user_by_mail(&email).ok_or_else(nobody)?;
    json(&shown(server, &state, user))
}

fn user(server: &Server, id: &str) -> Answer {
    let state = server.open_state()?;
    let user = found(&state, id)?;
    json(&shown(server, &state, &user))
}

fn invite(server: &Server, request: &Request) -> Answer {
    #[derive(Deserialize)]
    struct Invite {
        email: String,
    }
    let Invite { email } = request.json()?;
    let mut state = server.open_state()?;
    if state.user_by_mail(&email).is_some() {
        return Err(Refusal::Said(StatusCode::CONFLICT, "User already exists".into()));
    }
    let failed = |why: String| Refusal::Said(StatusCode::INTERNAL_SERVER_ERROR, why);
    let user = User::stub(&email).map_err(|why| match why {
        Refusal::Said(_, why) => failed(why),
        other => other,
    })?;
    match server.mail() {
        None => state.put(Invitation { email: user.email.clone() }),
        Some(_) => mail_invitation(server, &user).map_err(|why| failed(format!("SMTP error: {why}")))?,
    }
    let shown = profile(&state, &user, server.mail().is_some());
    state.put(user);
    json(&shown)
}

fn mail_invitation(server: &Server, user: &User) -> std::io::Result<()> {
    let name = server.config().text("invitation_org_name");
    match server.mail() {
        None => Ok(()),
        Some(mail) => send_invitation(server, &mail, user, Uuid::nil(), Uuid::nil(), &name, None),
    }
}

fn invite_again(server: &Server, id: &str) -> Answer {
    let state = server.open_state()?;
    let user = found(&state, id)?;
    drop(state);
    if user.password.is_some() {
        return refuse("User already accepted invitation");
    }
    mail_invitation(server, &user).or_else(|why| refuse(format!("SMTP error: {why}")))?;
    nothing()
}

fn delete(server: &Server, id: &str) -> Answer {
    let mut state = server.open_state()?;
    let user = found(&state, id)?;
    state.remove_user(&user)?;
    nothing()
}

/// Voids every token and forgets every device; who is disabled cannot log in again either.
fn void(server: &Server, id: &str, enabled: bool) -> Answer {
    let mut state = server.open_state()?;
    let mut user = found(&state, id)?;
    state.forget_devices(user.id);
    user.stamp = Uuid::new_v4();
    user.enabled = user.enabled && enabled;
    state.put(user);
    nothing()
}

fn enable(server: &Server, id: &str) -> Answer {
    let mut state = server.open_state()?;
    let user = User { enabled: true, ..found(&state, id)? };
    state.put(user);
    nothing()
}

fn delete_organization(server: &Server, id: &str) -> Answer {
    let mut state = server.open_state()?;
    let Some(organization) = state.organizations.get(id).map(|organization| organization.id) else {
        return refuse("Organization doesn't exist");
    };
    state.remove_organization(organization);
    nothing()
}

fn put_config(server: &Server, request: &Request) -> Answer {
    let overrides: Map<String, Value> = request.json()?;
    let written = server.change_config(|config| config.replace(overrides));
    written.or_else(|why| refuse(format!("Unable to save config: {why}")))?;
    nothing()
}

fn forget_config(server: &Server) -> Answer {
    let removed = server.change_config(crate::config::Config::forget);
    removed.or_else(|why| refuse(format!("Unable to delete config: {why}")))?;
    nothing()
}
