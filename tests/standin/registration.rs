//! Registration in its current shape, two calls: an address is shown to be allowed, then it becomes an account.

use chrono::{TimeDelta, Utc};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::accounts::{Invitation, Kdf, Keys, Password, User};
use crate::answer::{self, Answer, Refusal, refuse};
use crate::jwt::VOID;
use crate::request::Request;
use crate::server::Server;

const REFUSED: &str = "Registration not allowed or user already exists";

/// `POST /identity/accounts/register/send-verification-email`. Where mail proves addresses the token goes by mail.
pub(crate) fn begin(server: &Server, request: &Request) -> Answer {
    #[derive(Deserialize)]
    struct Wish {
        email: String,
        name: Option<String>,
    }
    let client = request.client(&server.config());
    server.strangers.take(client, &server.config(), "Too many requests")?;
    let wish: Wish = request.json()?;
    let (mail, proves) = (server.mail(), server.config().flag("signups_verify"));
    let invited = mail.is_none() && server.open_state()?.invitations.contains_key(&wish.email.to_lowercase());
    if !invited && !server.config().may_sign_up(&wish.email) {
        return refuse(REFUSED);
    }
    let proves = mail.filter(|_| proves);
    let claims = json!({"sub": wish.email, "name": wish.name, "verified": proves.is_some()});
    let token = server.signer.sign("register_verify", TimeDelta::minutes(30), claims);
    match proves {
        None => answer::json(&token.into()),
        Some(mail) => {
            let domain = server.config().text("domain");
            let text = format!("Finish here: {domain}/#/finish-signup/?email={}&token={token}", wish.email);
            match mail.send(&wish.email, "Verify Your Email", &text) {
                Err(error) => refuse(format!("SMTP error: {error}")),
                Ok(()) => {
                    let mut answer = answer::nothing()?;
                    *answer.status_mut() = StatusCode::NO_CONTENT;
                    Ok(answer)
                }
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registration {
    email: String,
    #[serde(alias = "keys")]
    user_asymmetric_keys: Option<Keys>,
    master_password_authentication: Authentication,
    master_password_unlock: Unlock,
    email_verification_token: Option<String>,
    organization_user_id: Option<String>,
    #[serde(alias = "token")]
    org_invite_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authentication {
    kdf: Kdf,
    salt: String,
    #[serde(alias = "hash")]
    master_password_authentication_hash: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Unlock {
    kdf: Kdf,
    salt: String,
    #[serde(alias = "key")]
    master_key_wrapped_user_key: String,
}

/// `POST /identity/accounts/register/finish`. What it spends, such as an invitation, is spent also where it refuses.
pub(crate) fn finish(server: &Server, request: &Request) -> Answer {
    let data: Registration = request.json()?;
    let (authentication, unlock) = (data.master_password_authentication, data.master_password_unlock);
    let salt = data.email.trim().to_lowercase();
    if authentication.kdf != unlock.kdf || authentication.salt != salt || unlock.salt != salt {
        let why = "Unexpected RegisterData format";
        return Err(Refusal::Said(StatusCode::UNPROCESSABLE_ENTITY, why.into()));
    }
    let invited = data.org_invite_token.is_some();
    let name = match (&data.email_verification_token, &data.organization_user_id, &data.org_invite_token) {
        (Some(token), None, None) => {
            let Some(claims) = server.signer.verify("register_verify", token) else { return refuse(VOID) };
            if claims["sub"] != data.email {
                return refuse("Email verification token does not match email");
            }
            claims["name"].as_str().map(str::to_owned)
        }
        (None, Some(membership), Some(token)) => {
            let Some(claims) = server.signer.verify("invite", token) else { return refuse(VOID) };
            if claims["email"] != data.email {
                return refuse("Claim email does not match email");
            }
            if claims["member_id"] != *membership {
                return refuse("Claim org_user_id does not match organization_user_id");
            }
            None
        }
        _ => return refuse("Registration is missing required parameters"),
    };
    if name.as_ref().is_some_and(|name| name.len() > 50) {
        return refuse("The field Name must be a string with a maximum length of 50.");
    }
    let iterations = server.config().number("password_iterations");
    let password = Password::new(&authentication.master_password_authentication_hash, iterations);
    let email = data.email.to_lowercase();
    let mut state = server.open_state()?;
    let open = server.config().may_sign_up(&email);
    let mut user = match state.user_by_mail(&email).cloned() {
        Some(user) if user.password.is_some() => return refuse(REFUSED),
        Some(user) if invited => user,
        Some(user) if state.remove::<Invitation>(&email).is_some() => {
            state.accept_all(user.id);
            user
        }
        Some(user) if open => user,
        None if state.remove::<Invitation>(&email).is_some() || open => User::stub(&email)?,
        _ => return refuse(REFUSED),
    };
    state.remove::<Invitation>(&email);
    user.kdf = authentication.kdf.check()?;
    user.password = Some(password);
    user.key = unlock.master_key_wrapped_user_key;
    user.name = name.unwrap_or(user.name);
    if let Some(keys) = data.user_asymmetric_keys {
        user.public_key = Some(keys.public_key);
        user.private_key = Some(keys.encrypted_private_key);
    }
    user.updated = Utc::now();
    state.renew_stamp(&mut user);
    state.put(user);
    if let Some(mail) = server.mail() {
        // An account whose welcome is lost is an account.
        let _ = mail.send(&email, "Welcome", "Your account is there.");
    }
    answer::json(&json!({"object": "register", "captchaBypassToken": ""}))
}
