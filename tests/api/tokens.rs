//! Tokens of an identity provider: whose count, and what rules give those for whom they vouch.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use keyforge::api::Access;
use keyforge::settings::{Operators, Provider as Known};
use keyforge::store::Store;
use reqwest::Certificate;
use serde_json::{Value, json};
use sqlx::Executor as _;

use crate::fixture::with_unions;
use crate::served::{Served, key, viewer};
use crate::support::postgres::Database;
use crate::support::provider::{Key, Provider};

/// What `keyforge.yaml` gives to whom.
const RULES: &str = r#"[
    { "who": { "group": "federation-it" }, "role": "viewer" },
    { "who": { "email": "it@acme.example" }, "role": "viewer", "unions": ["acme"] },
    { "who": { "apiKey": "board" }, "role": "viewer", "unions": ["birch"] }
]"#;

/// Unions `acme` and `birch`, and an accepted `keyforge.yaml` with the rules.
pub(crate) async fn fleet() -> (Database, Store) {
    let (database, store) = with_unions(&["acme", "birch"]).await;
    let keyforge = format!(
        "update head set keyforge_blob = revision_id, keyforge_revision_id = revision_id,
            keyforge = jsonb_build_object('name', 'federation', 'spec', jsonb_build_object('access', '{RULES}'::jsonb))"
    );
    database.connection().await.execute(sqlx::AssertSqlSafe(keyforge)).await.expect("written by hand");
    (database, store)
}

/// An API that knows this provider.
async fn served(store: &Store, provider: &Provider) -> Served {
    let access = Access::closed(store.clone()).with_provider(known(provider)).expect("a client");
    Served::with_access(store.clone(), access).await
}

/// A provider as the settings of the daemon have it.
pub(crate) fn known(provider: &Provider) -> Known {
    Known {
        issuer: provider.url.parse().expect("an address"),
        audience: Some("keyforge".into()),
        algorithm: Algorithm::ES256,
        groups_claim: "groups".into(),
        authorities: Some(vec![Certificate::from_pem(provider.authority.as_bytes()).expect("a certificate")]),
        operators: Operators {
            groups: vec!["keyforge-operators".into()],
            emails: vec!["ops@federation.example".parse().expect("an address")],
        },
    }
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// Claims of somebody, with these instead of the usual ones; `null` leaves one out.
fn claims(provider: &Provider, others: Value) -> Value {
    let mut claims = json!({
        "iss": provider.url, "aud": "keyforge", "sub": "1234", "iat": now(), "nbf": now(), "exp": now() + 300,
        "groups": ["federation-it"],
    });
    for (name, value) in others.as_object().expect("claims") {
        claims[name] = value.clone();
    }
    claims.as_object_mut().expect("claims").retain(|_, value| !value.is_null());
    claims
}

/// The names of the unions that are told for this credential, or the status.
async fn seen(api: &Served, credential: &str) -> String {
    let answer = api.get_as(&format!("Bearer {credential}"), "/api/v1/unions").await;
    let status = answer.status().as_u16();
    if status != 200 {
        return status.to_string();
    }
    let page: Value = answer.json().await.expect("JSON");
    let names =
        page["items"].as_array().expect("items").iter().map(|item| item["name"].as_str().expect("a name"));
    names.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_person_sees_what_the_rules_give_to_their_groups_and_to_their_verified_address() {
    let (_database, store) = fleet().await;
    let (provider, signs) = (Provider::start().await, Key::draw("first"));
    provider.tells(&[&signs]);
    let api = served(&store, &provider).await;
    for (others, expected) in [
        (json!({}), "acme birch"),
        (json!({ "groups": [] }), ""),
        (json!({ "groups": "federation-it" }), ""),
        (json!({ "groups": ["Federation-IT"] }), ""),
        (json!({ "groups": null, "email": "it@acme.example", "email_verified": true }), "acme"),
        (json!({ "groups": null, "email": "it@acme.example", "email_verified": false }), ""),
        (json!({ "groups": null, "email": "it@acme.example", "email_verified": "true" }), ""),
        (json!({ "groups": null, "email": "it@acme.example" }), ""),
        (json!({ "groups": ["board"] }), ""),
        (json!({ "aud": ["another", "keyforge"] }), "acme birch"),
        (json!({ "exp": now() - 30, "nbf": now() + 30 }), "acme birch"),
    ] {
        let told = seen(&api, &signs.sign(&claims(&provider, others.clone()))).await;
        assert_eq!(told, expected, "{others}");
    }
    assert_eq!(provider.asked(), 1, "its keys are kept");
}

#[tokio::test]
async fn a_token_that_is_not_wholly_right_does_not_count() {
    let (_database, store) = fleet().await;
    let (provider, signs, other) = (Provider::start().await, Key::draw("first"), Key::draw("first"));
    provider.tells(&[&signs]);
    let sign = |others: Value| signs.sign(&claims(&provider, others));
    let sound = sign(json!({}));
    let parts: Vec<&str> = sound.split('.').collect();
    let (payload, signature) = (parts[1], parts[2]);
    let header = |header: Value| BASE64.encode(header.to_string());
    let public = serde_json::to_vec(&signs.public()).expect("JSON");
    let shared = Header { kid: Some("first".into()), ..Header::new(Algorithm::HS256) };
    let with_secret = encode(&shared, &claims(&provider, json!({})), &EncodingKey::from_secret(&public));
    let crit = header(json!({ "alg": "ES256", "kid": "first", "crit": ["exp"], "exp": 1 }));
    let wrong = [
        ("expired", sign(json!({ "exp": now() - 120 }))),
        ("not yet", sign(json!({ "nbf": now() + 120 }))),
        ("never ends", sign(json!({ "exp": null }))),
        ("for another program", sign(json!({ "aud": "another" }))),
        ("for nobody", sign(json!({ "aud": null }))),
        ("of another issuer", sign(json!({ "iss": "https://evil.example" }))),
        ("of an issuer that begins alike", sign(json!({ "iss": format!("{}/evil", provider.url) }))),
        ("of nobody", sign(json!({ "iss": null }))),
        ("about nobody", sign(json!({ "sub": null }))),
        ("signed by another key of this name", other.sign(&claims(&provider, json!({})))),
        ("signed by a key that nobody knows", Key::draw("second").sign(&claims(&provider, json!({})))),
        ("not signed", format!("{}.{payload}.", header(json!({ "alg": "none", "kid": "first" })))),
        ("said to be not signed", format!("{}.{payload}.{signature}", header(json!({ "alg": "none" })))),
        ("signed by the public key as a secret", with_secret.expect("signed")),
        ("without a key", format!("{}.{payload}.{signature}", header(json!({ "alg": "ES256" })))),
        ("to be understood in another way", format!("{crit}.{payload}.{signature}")),
        ("cut", sound[..sound.len() - 2].to_owned()),
        ("of other claims", format!("{}.{}.{signature}", parts[0], BASE64.encode("{}"))),
        ("too long", sign(json!({ "groups": vec!["x"; 4000] }))),
        ("no token", "a.b.c".to_owned()),
    ];
    for some in wrong.chunks(8) {
        // Who is wrong too often waits, so each few are tried at a daemon of their own.
        let api = served(&store, &provider).await;
        for (what, token) in some {
            assert_eq!(seen(&api, token).await, "401", "{what}");
        }
        assert_eq!(seen(&api, &sound).await, "acme birch");
    }
}

#[tokio::test]
async fn a_new_key_of_the_provider_counts_at_once_and_one_that_it_tells_no_more_does_not_for_ever() {
    let (_database, store) = fleet().await;
    let (provider, old, new) = (Provider::start().await, Key::draw("old"), Key::draw("new"));
    provider.tells(&[&old]);
    let api = served(&store, &provider).await;
    let token = |key: &Key| key.sign(&claims(&provider, json!({})));
    assert_eq!(seen(&api, &token(&old)).await, "acme birch");
    provider.tells(&[&new]);
    assert_eq!(seen(&api, &token(&new)).await, "acme birch");
    assert_eq!(seen(&api, &token(&old)).await, "401", "its keys were asked for meanwhile");
    let asked = provider.asked();
    assert_eq!(seen(&api, &token(&Key::draw("third"))).await, "401");
    assert_eq!(provider.asked(), asked, "who names keys that there are not makes nobody ask again and again");
    provider.goes_away();
    assert_eq!(seen(&api, &token(&new)).await, "acme birch", "keys outlive a provider that is away");
    let late = served(&store, &provider).await;
    assert_eq!(seen(&late, &token(&new)).await, "503", "nothing is known of it yet");
}

#[tokio::test]
async fn operators_are_made_by_settings_and_a_key_is_given_more_by_git_but_never_that() {
    let (_database, store) = fleet().await;
    let (provider, signs) = (Provider::start().await, Key::draw("first"));
    provider.tells(&[&signs]);
    let api = served(&store, &provider).await;
    let metrics = async |credential: &str| {
        api.get_as(&format!("Bearer {credential}"), "/metrics").await.status().as_u16()
    };
    let person = |others: Value| signs.sign(&claims(&provider, others));
    assert_eq!(metrics(&person(json!({ "groups": ["keyforge-operators"] }))).await, 200);
    let ops = json!({ "groups": [], "email": "Ops@federation.example", "email_verified": true });
    assert_eq!(metrics(&person(ops)).await, 200);
    assert_eq!(metrics(&person(json!({ "groups": [] }))).await, 403);

    for (name, role, expected) in [
        ("board", viewer(&[]), "birch"),
        ("other", viewer(&[]), ""),
        ("board-of-acme", viewer(&["acme"]), "acme"),
    ] {
        let credential = key(&store, name, role).await;
        assert_eq!(seen(&api, credential.trim_start_matches("Bearer ")).await, expected, "{name}");
    }
    assert!(store.revoke_api_key("board").await.expect("the database answers"));
    let credential = key(&store, "board", viewer(&["acme"])).await;
    assert_eq!(seen(&api, credential.trim_start_matches("Bearer ")).await, "acme birch");
}
