//! Signing in on a page, at a provider that lets in whom it is told to: who gets a session, what it allows, when it ends.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyforge::api::Access;
use keyforge::redacted::Redacted;
use keyforge::settings::SignIn;
use keyforge::store::Store;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use sqlx::Executor as _;
use tokio::sync::watch;

use crate::served::{SOON, Served, key};
use crate::support::postgres::Database;
use crate::support::provider::{Key, Provider};
use crate::tokens::{fleet, known, now};

/// Where people reach the API, as they see it.
const OURS: &str = "https://keyforge.example";

/// Unions `acme` and `birch`, a provider, and an API at which people sign in.
struct World {
    database: Database,
    store: Store,
    provider: Provider,
    signs: Key,
    client: watch::Sender<SignIn>,
    api: Served,
}

async fn world() -> World {
    world_with(None).await
}

async fn world_with(client_secret: Option<&str>) -> World {
    let (database, store) = fleet().await;
    let (provider, signs) = (Provider::start().await, Key::draw("first"));
    provider.tells(&[&signs]);
    provider.knows(&signs, claims(&provider, json!({})));
    let client = SignIn {
        client_id: "keyforge page".into(),
        client_secret: client_secret.map(|secret| Redacted::new(secret.to_owned())),
        scopes: ["openid", "email"].map(str::to_owned).into(),
        public_url: OURS.parse().expect("an address"),
    };
    let client = watch::Sender::new(client);
    let access = Access::closed(store.clone()).with_provider(known(&provider)).expect("a client");
    let api = Served::with_access(store.clone(), access.with_sign_in(client.subscribe())).await;
    World { database, store, provider, signs, client, api }
}

/// What the provider says of somebody who sees `acme`, with these instead of the usual ones; `null` leaves one out.
fn claims(provider: &Provider, others: Value) -> Value {
    let mut claims = json!({
        "iss": provider.url, "aud": "keyforge page", "sub": "1234", "iat": now(), "exp": now() + 300,
        "email": "it@acme.example", "email_verified": true,
    });
    for (name, value) in others.as_object().expect("claims") {
        claims[name] = value.clone();
    }
    claims.as_object_mut().expect("claims").retain(|_, value| !value.is_null());
    claims
}

/// A browser, which keeps the cookies that it is given and follows nothing by itself.
#[derive(Default, Clone)]
struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    async fn ask(&mut self, world: &World, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut asked = client.request(method, format!("http://{}{path}", world.api.address)).timeout(SOON);
        if !cookies.is_empty() {
            asked = asked.header("cookie", cookies.join("; "));
        }
        let asked = headers.iter().fold(asked, |asked, (name, value)| asked.header(*name, *value));
        let answer = asked.send().await.expect("an answer");
        for given in answer.headers().get_all("set-cookie") {
            let given = given.to_str().expect("a text");
            let (pair, how) = given.split_once("; ").expect("how long it lasts");
            let (name, value) = pair.split_once('=').expect("a value");
            let (lasts, rest) = how.trim_start_matches("Path=/; Max-Age=").split_once("; ").expect("a time");
            assert!(name.starts_with("__Host-"), "{given}");
            assert_eq!(rest, "Secure; HttpOnly; SameSite=Lax", "{given}");
            match lasts {
                "0" => drop(self.cookies.remove(name)),
                _ => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
        answer
    }

    async fn get(&mut self, world: &World, path: &str) -> Response {
        self.ask(world, Method::GET, path, &[]).await
    }

    /// Goes to the provider and tells where that sends it back to.
    async fn begin(&mut self, world: &World, path: &str) -> String {
        let sent = self.get(world, path).await;
        assert_eq!(sent.status().as_u16(), 303, "{path}");
        world.provider.signs_in(sent.headers()["location"].to_str().expect("an address")).into()
    }

    /// Comes back to this address: where it is sent to, or the problem's code and detail.
    async fn come(&mut self, world: &World, back: &str) -> Result<String, (String, String)> {
        let path = back.strip_prefix(OURS).expect("it comes to us");
        let answer = self.get(world, path).await;
        if answer.status().as_u16() == 303 {
            return Ok(answer.headers()["location"].to_str().expect("a path").to_owned());
        }
        let problem: Value = answer.json().await.expect("JSON");
        let text = |name: &str| problem[name].as_str().expect("a text").to_owned();
        Err((text("code"), text("detail")))
    }

    /// Signs in and is where it was.
    async fn sign_in(&mut self, world: &World) {
        let back = self.begin(world, "/auth/sign-in?return=/unions").await;
        assert_eq!(self.come(world, &back).await.as_deref(), Ok("/unions"));
    }

    /// The status of a page of somebody who is signed in.
    async fn status(&mut self, world: &World) -> u16 {
        self.get(world, "/api/v1/unions").await.status().as_u16()
    }
}

#[tokio::test]
async fn somebody_signs_in_sees_what_rules_give_them_and_signs_out() {
    let world = world().await;
    let mut browser = Browser::default();
    let how = world.api.json("/api/v1/sign-in").await;
    assert_eq!(how, json!({ "required": true, "page": "/auth/sign-in" }));
    assert_eq!(browser.status(&world).await, 401);
    let back = browser.begin(&world, "/auth/sign-in?return=/unions%3Fstate%3Dheld").await;
    assert_eq!(browser.come(&world, &back).await.as_deref(), Ok("/unions?state=held"));
    let page: Value = browser.get(&world, "/api/v1/unions").await.json().await.expect("JSON");
    assert_eq!((&page["total"], &page["items"][0]["name"]), (&json!(1), &json!("acme")));
    let mut me: Value = browser.get(&world, "/api/v1/me").await.json().await.expect("JSON");
    drop(me["version"].take());
    let told = json!({
        "name": "it@acme.example", "by": "session", "role": "viewer", "unions": ["acme"], "version": null,
    });
    assert_eq!(me, told);
    assert_eq!(browser.cookies.len(), 1, "the attempt is over");

    let mut elsewhere = browser.clone();
    let forged = browser.ask(&world, Method::POST, "/auth/sign-out", &[]).await;
    assert_eq!(forged.status().as_u16(), 403, "pages of other sites cannot set the header");
    assert_eq!(browser.status(&world).await, 200);
    let own = [("x-keyforge-request", "1")];
    let out = browser.ask(&world, Method::POST, "/auth/sign-out", &own).await;
    assert_eq!((out.status().as_u16(), browser.cookies.len()), (204, 0));
    assert_eq!(elsewhere.status(&world).await, 401, "the cookie counts no more, whoever has it");
    let again = browser.ask(&world, Method::POST, "/auth/sign-out", &own).await;
    assert_eq!(again.status().as_u16(), 204, "once more changes nothing");
}

/// Whoever is still signed in at the provider would be let in again without a question.
#[tokio::test]
async fn who_signs_out_is_told_where_they_can_at_the_provider_if_they_can() {
    let world = world().await;
    world.provider.has_way_out();
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    let own = [("x-keyforge-request", "1")];
    let out = browser.ask(&world, Method::POST, "/auth/sign-out", &own).await;
    assert_eq!((out.status().as_u16(), browser.cookies.len()), (200, 0));
    let way = format!("{}/sign-out?of=all&client_id=keyforge+page", world.provider.url);
    assert_eq!(out.json::<Value>().await.expect("JSON"), json!({ "provider": way }));
    let again = browser.ask(&world, Method::POST, "/auth/sign-out", &own).await;
    assert_eq!(again.status().as_u16(), 204, "nobody was signed in");
}

#[tokio::test]
async fn an_attempt_counts_once_and_in_the_browser_that_began_it() {
    let world = world().await;
    let (mut browser, mut other) = (Browser::default(), Browser::default());
    let why = |told: Result<String, (String, String)>| {
        let (code, detail) = told.expect_err("nobody is signed in");
        assert_eq!(code, "sign-in-failed");
        assert!(detail.ends_with("; begin again at https://keyforge.example/auth/sign-in"), "{detail}");
        detail
    };
    let first = browser.begin(&world, "/auth/sign-in").await;
    assert!(why(other.come(&world, &first).await).contains("did not begin in this browser"));
    // The browser of another person, who is to be signed in as somebody else without knowing.
    other.begin(&world, "/auth/sign-in").await;
    assert!(why(other.come(&world, &first).await).contains("another attempt"));
    let attempt = browser.cookies.clone();
    assert_eq!(browser.come(&world, &first).await.as_deref(), Ok("/"));
    let mut replayed = Browser { cookies: attempt };
    assert!(why(replayed.come(&world, &first).await).contains("finished before"));
    let refused = browser.begin(&world, "/auth/sign-in").await;
    let refused = refused.replace("code=", "error=access_denied%3Cscript&c=");
    assert!(why(browser.come(&world, &refused).await).contains("says `access_deniedscript`"));
    let late = browser.begin(&world, "/auth/sign-in").await;
    let over = "update sign_in set expires_at = now()";
    world.database.connection().await.execute(over).await.expect("changed by hand");
    assert!(why(browser.come(&world, &late).await).contains("took too long"));
    let of_another = browser.begin(&world, "/auth/sign-in").await.replace("iss=https", "iss=http");
    assert!(why(browser.come(&world, &of_another).await).contains("another identity provider"));
}

/// What a provider, or whoever made a link, sends along never becomes a part of it.
#[tokio::test]
async fn a_person_who_is_not_let_in_is_told_on_the_page_and_a_program_as_ever() {
    let world = world().await;
    let mut browser = Browser::default();
    let mut told = async |path: &str| {
        let page = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
        let answer = browser.ask(&world, Method::GET, path, &page).await;
        let to = answer.headers().get("location").map(|to| to.to_str().expect("a path").to_owned());
        (answer.status().as_u16(), to.unwrap_or_default())
    };
    let why = |reason: &str| (303, format!("/?sign-in-failed={reason}"));
    assert_eq!(told("/auth/callback?state=https://evil.example/").await, why("other-browser"));
    assert_eq!(told("/auth/sign-in?return=//evil.example").await, why("invalid-parameter"));
    let begun = told("/auth/sign-in?return=/unions?state=held%23top").await;
    let back = String::from(world.provider.signs_in(&begun.1));
    let back = back.replace("code=", "error=%2F%2Fevil.example&c=");
    let declined = (303, "/unions?state=held&sign-in-failed=declined#top".to_owned());
    assert_eq!(told(back.strip_prefix(OURS).expect("it comes to us")).await, declined, "where it was wanted");
    let answer = Browser::default().get(&world, "/auth/callback?state=x").await;
    assert_eq!(answer.json::<Value>().await.expect("JSON")["code"], "sign-in-failed");
}

#[tokio::test]
async fn only_whom_the_provider_vouches_for_to_us_and_now_is_signed_in() {
    let world = world().await;
    let mut browser = Browser::default();
    let sound = json!({ "aud": ["keyforge page", "another"], "azp": "keyforge page" });
    world.provider.knows(&world.signs, claims(&world.provider, sound));
    browser.sign_in(&world).await;
    let signed_in = browser.cookies.clone();
    for others in [
        json!({ "aud": "keyforge" }),
        json!({ "azp": "another" }),
        json!({ "nonce": "of another attempt" }),
        json!({ "iss": "https://evil.example" }),
        json!({ "exp": now() - 120 }),
        json!({ "sub": null }),
    ] {
        world.provider.knows(&world.signs, claims(&world.provider, others.clone()));
        let back = browser.begin(&world, "/auth/sign-in").await;
        let (code, detail) = browser.come(&world, &back).await.expect_err("nobody is signed in");
        assert_eq!(code, "sign-in-failed", "{others}");
        assert!(detail.contains("the log says why"), "{detail}");
    }
    world.provider.knows(&Key::draw("first"), claims(&world.provider, json!({})));
    let back = browser.begin(&world, "/auth/sign-in").await;
    assert!(browser.come(&world, &back).await.is_err(), "signed by another key of that name");
    browser.cookies = signed_in;
    assert_eq!(browser.status(&world).await, 200, "who is signed in stays so");
}

#[tokio::test]
async fn each_sign_in_is_a_new_session_and_the_one_before_ends() {
    let world = world().await;
    let mut browser = Browser::default();
    // A cookie that somebody else chose for this browser.
    let chosen = "0".repeat(64);
    browser.cookies.insert("__Host-keyforge".into(), chosen.clone());
    browser.sign_in(&world).await;
    assert_ne!(browser.cookies["__Host-keyforge"], chosen);
    let mut before = browser.clone();
    browser.sign_in(&world).await;
    assert_ne!(browser.cookies, before.cookies);
    assert_eq!((before.status(&world).await, browser.status(&world).await), (401, 200));
    let kept: Vec<String> = sqlx::query_scalar("select encode(digest, 'hex') from session")
        .fetch_all(&mut world.database.connection().await)
        .await
        .expect("a session");
    assert_eq!(kept.len(), 1);
    assert_ne!(kept[0], browser.cookies["__Host-keyforge"], "only a digest is kept");
}

#[tokio::test]
async fn the_way_back_leads_to_a_path_of_ours() {
    let world = world().await;
    for elsewhere in ["https://evil.example/", "//evil.example", "/%5Cevil.example", "/.//evil.example", "x"]
    {
        let answer = Browser::default().get(&world, &format!("/auth/sign-in?return={elsewhere}")).await;
        assert_eq!(answer.status().as_u16(), 400, "{elsewhere}");
        assert_eq!(answer.json::<Value>().await.expect("JSON")["code"], "invalid-parameter");
    }
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_when_it_is_old_and_when_it_is_revoked() {
    let world = world().await;
    let mut connection = world.database.connection().await;
    for ends in
        ["update session set seen_at = now() - interval '8 hours'", "update session set expires_at = now()"]
    {
        let mut browser = Browser::default();
        browser.sign_in(&world).await;
        let used = "update session set seen_at = now() - interval '7 hours'";
        connection.execute(used).await.expect("changed by hand");
        assert_eq!(browser.status(&world).await, 200);
        let seen: bool =
            sqlx::query_scalar("select bool_and(seen_at > now() - interval '1 minute') from session")
                .fetch_one(&mut connection)
                .await
                .expect("a session");
        assert!(seen, "it is used by that");
        connection.execute(ends).await.expect("changed by hand");
        assert_eq!(browser.status(&world).await, 401, "{ends}");
        connection.execute("delete from session").await.expect("changed by hand");
    }
    let (mut browser, mut other) = (Browser::default(), Browser::default());
    browser.sign_in(&world).await;
    world.provider.knows(&world.signs, claims(&world.provider, json!({ "email_verified": false })));
    other.sign_in(&world).await;
    let listed = world.store.sessions().await.expect("the database answers");
    assert_eq!(listed.iter().map(|session| &*session.name).collect::<Vec<_>>(), ["1234", "it@acme.example"]);
    let (said, code) = command(&world.database, &["session", "revoke", "it@acme.example"]).await;
    assert_eq!((said.as_str(), code), ("1 signed out\n", Some(0)));
    assert_eq!((browser.status(&world).await, other.status(&world).await), (401, 200));
    assert_eq!(command(&world.database, &["session", "revoke", "it@acme.example"]).await.1, Some(2));
    let (said, _) = command(&world.database, &["session", "list"]).await;
    assert!(said.contains("1234") && !said.contains("it@acme.example"), "{said}");
    assert_eq!(command(&world.database, &["session", "revoke", "--all"]).await.1, Some(0));
    assert_eq!(other.status(&world).await, 401);
}

/// What a command says, and how it ends.
async fn command(database: &Database, arguments: &[&str]) -> (String, Option<i32>) {
    let mut keyforge = tokio::process::Command::new(env!("CARGO_BIN_EXE_keyforge"));
    keyforge.args(arguments).env_clear().env("KEYFORGE_DATABASE_URL", &database.url);
    let ended = keyforge.output().await.expect("it runs");
    (String::from_utf8(ended.stdout).expect("a text"), ended.status.code())
}

#[tokio::test]
async fn a_session_has_something_done_for_pages_of_ours_alone() {
    let world = world().await;
    let operator = json!({ "email": "ops@federation.example" });
    world.provider.knows(&world.signs, claims(&world.provider, operator));
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    let own = ("x-keyforge-request", "1");
    for (headers, expected) in [
        (&[][..], 403),
        (&[own, ("origin", "https://evil.example")], 403),
        (&[own, ("sec-fetch-site", "same-site")], 403),
        (&[own], 202),
    ] {
        let asked = browser.ask(&world, Method::POST, "/api/v1/sync", headers).await;
        assert_eq!(asked.status().as_u16(), expected, "{headers:?}");
    }
}

#[tokio::test]
async fn what_stands_in_authorization_counts_before_a_cookie() {
    let world = world().await;
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    let operator = key(&world.store, "operator", keyforge::access::Role::Operator).await;
    let me = browser.ask(&world, Method::GET, "/api/v1/me", &[("authorization", &operator)]).await;
    assert_eq!(me.json::<Value>().await.expect("JSON")["name"], "key operator");
    let wrong = browser.ask(&world, Method::GET, "/api/v1/me", &[("authorization", "Bearer x")]).await;
    assert_eq!(wrong.status().as_u16(), 401);
}

#[tokio::test]
async fn a_client_with_a_secret_proves_itself_by_it() {
    let world = world_with(Some("s:cr+t")).await;
    world.provider.wants(&format!("Basic {}", STANDARD.encode("keyforge+page:s%3Acr%2Bt")));
    Browser::default().sign_in(&world).await;
    world.provider.wants(&format!("Basic {}", STANDARD.encode("keyforge+page:renewed")));
    world.client.send_modify(|client| client.client_secret = Some(Redacted::new("renewed".to_owned())));
    Browser::default().sign_in(&world).await;
}

#[tokio::test]
async fn who_begins_or_fails_too_often_waits_and_a_provider_that_is_away_is_told() {
    let world = world().await;
    let mut browser = Browser::default();
    for _ in 0..10 {
        assert_eq!(browser.get(&world, "/auth/callback?state=x").await.status().as_u16(), 400);
    }
    assert_eq!(browser.get(&world, "/auth/callback?state=x").await.status().as_u16(), 429);
    // Sixty within a minute are an office in the morning.
    let late = loop {
        let answer = browser.get(&world, "/auth/sign-in").await;
        if answer.status().as_u16() != 303 {
            break answer;
        }
    };
    assert_eq!(late.status().as_u16(), 429);
    assert!(late.headers().contains_key("retry-after"));

    let world = crate::sign_in::world().await;
    world.provider.goes_away();
    let answer = browser.get(&world, "/auth/sign-in").await;
    assert_eq!(answer.status().as_u16(), 503);
    assert_eq!(answer.json::<Value>().await.expect("JSON")["code"], "provider-away");
}

#[tokio::test]
async fn where_nobody_signs_in_that_is_said() {
    let (_database, store) = fleet().await;
    let api = Served::closed(store).await;
    assert_eq!(api.json("/api/v1/sign-in").await, json!({ "required": true, "page": null }));
    let answer = api.get("/auth/sign-in").await;
    assert_eq!(answer.status().as_u16(), 404);
    let detail = answer.json::<Value>().await.expect("JSON")["detail"].clone();
    assert_eq!(detail, "there is no sign-in here: `auth_oidc_client_id` is not set");
}
