//! The limiters: so many at once, then one in each period.

use serde_json::json;

use crate::caller::{Caller, start_with};
use crate::people::{Person, begin, log_in, log_in_with};

#[tokio::test]
async fn log_ins_are_limited_whether_good_or_bad_and_refreshes_are_not() {
    let server = start_with(&[("LOGIN_RATELIMIT_MAX_BURST", "3"), ("LOGIN_RATELIMIT_SECONDS", "600")]);
    let ana = Person::new(&server, "ana@acme.example").await;
    let stranger = Caller::stranger(&server);
    assert_eq!(log_in_with(&stranger, &ana.email, &[("password", "wrong")]).await.status, 400);
    log_in(&stranger, &ana.email).await.ok();
    log_in(&stranger, &ana.email).await.refused(429, "Too many login requests");
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &ana.refresh), ("client_id", "cli")];
    stranger.post_form("/identity/connect/token", &fields).await.ok();
    stranger.post("/identity/accounts/prelogin", json!({"email": ana.email})).await.ok();
}

#[tokio::test]
async fn a_bucket_fills_again_with_time() {
    let server = start_with(&[("LOGIN_RATELIMIT_MAX_BURST", "1"), ("LOGIN_RATELIMIT_SECONDS", "1")]);
    let stranger = Caller::stranger(&server);
    let wait = std::time::Instant::now();
    assert_eq!(log_in(&stranger, "nobody@acme.example").await.status, 400);
    while log_in(&stranger, "nobody@acme.example").await.status == 429 {
        assert!(wait.elapsed().as_secs() < 30, "no token in thirty periods");
    }
    assert!(wait.elapsed().as_millis() > 900, "{:?}", wait.elapsed());
}

#[tokio::test]
async fn a_proxy_near_by_names_the_client_that_is_limited() {
    let server = start_with(&[("LOGIN_RATELIMIT_MAX_BURST", "1"), ("LOGIN_RATELIMIT_SECONDS", "600")]);
    let stranger = Caller::stranger(&server);
    assert_eq!(log_in(&stranger, "nobody@acme.example").await.status, 400);
    assert_eq!(log_in(&stranger, "nobody@acme.example").await.status, 429);
    let request = stranger.request(reqwest::Method::POST, "/identity/connect/token");
    let form = "grant_type=client_credentials&client_id=x&client_secret=x&scope=api&device_type=25\
                &device_identifier=x&device_name=x";
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    assert_eq!(stranger.send(request.header("X-Real-IP", "203.0.113.7")).await.status, 400);
}

#[tokio::test]
async fn log_ins_of_the_admin_page_are_limited_and_its_cookie_is_not() {
    let server = start_with(&[("ADMIN_RATELIMIT_MAX_BURST", "2"), ("ADMIN_RATELIMIT_SECONDS", "600")]);
    let admin = Caller::admin(&server).await;
    assert_eq!(server.log_in("wrong").await.0, 401);
    assert_eq!(server.log_in("admin").await.0, 429);
    for _ in 0..5 {
        admin.get("/admin/users").await.ok();
    }
}

#[tokio::test]
async fn strangers_are_limited_too() {
    let settings =
        [("UNAUTHENTICATED_RATELIMIT_MAX_BURST", "1"), ("UNAUTHENTICATED_RATELIMIT_SECONDS", "600")];
    let server = start_with(&settings);
    let stranger = Caller::stranger(&server);
    assert_eq!(begin(&stranger, "nobody@acme.example").await.status, 400);
    begin(&stranger, "nobody@acme.example").await.refused(429, "Too many requests");
}

#[tokio::test]
async fn a_limit_of_nothing_breaks_every_log_in() {
    let server = start_with(&[("LOGIN_RATELIMIT_SECONDS", "0")]);
    let stranger = Caller::stranger(&server);
    for _ in 0..2 {
        assert_eq!(log_in(&stranger, "nobody@acme.example").await.status, 500);
    }
}
