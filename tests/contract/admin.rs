//! The admin page: its log-in, people and organizations.

use reqwest::Method;
use serde_json::{Value, json};

use crate::caller::{Caller, shows, start, start_with};
use crate::people::{Person, log_in, text};
use crate::society::Society;
use crate::support::standin::http;

#[tokio::test]
async fn the_cookie_is_for_the_page_alone_and_for_twenty_minutes() {
    let server = start_with(&[("DOMAIN", "https://vaults.example/acme")]);
    let request = Caller::stranger(&server).request(Method::POST, "/acme/admin");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body("token=admin").send().await.expect("answers");
    assert_eq!(answer.status(), 200);
    let cookie = answer.headers()["set-cookie"].to_str().expect("ASCII").to_lowercase();
    for part in ["vw_admin=", "httponly", "samesite=strict", "path=/acme/admin", "max-age=1200"] {
        assert!(cookie.contains(part), "{part} is not in {cookie}");
    }
    assert!(!cookie.contains("secure"), "{cookie}");
}

#[tokio::test]
async fn a_log_in_may_lead_on() {
    let server = start();
    let http = reqwest::Client::builder().tls_certs_only([]).redirect(reqwest::redirect::Policy::none());
    let request = http.build().expect("a client").post(server.url("/admin"));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body("token=admin&redirect=/users/overview").send().await.expect("answers");
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"], "/admin/users/overview");
    assert!(answer.headers().contains_key("set-cookie"));
}

#[tokio::test]
async fn without_a_cookie_programs_are_told_and_people_are_asked() {
    let server = start();
    let stranger = Caller::stranger(&server);
    stranger.get("/admin/users").await.refused(401, "Authorization failed.");
    stranger.post("/admin/invite", json!({"email": "a@b.c"})).await.refused(401, "Authorization failed.");
    let answer = http().get(server.url("/admin/users")).send().await.expect("answers");
    assert_eq!(answer.status(), 401);
    assert!(answer.text().await.expect("a page").contains("<"), "a page");
}

#[tokio::test]
async fn a_post_without_the_type_of_json_finds_nothing() {
    let server = start();
    let admin = Caller::admin(&server).await;
    let ana = Person::new(&server, "ana@acme.example").await;
    let path = format!("/admin/users/{}/deauth", ana.id);
    assert_eq!(admin.send(admin.request(Method::POST, &path)).await.status, 404);
    ana.get("/api/sync").await.ok();
}

#[tokio::test]
async fn an_invited_person_is_a_stub_until_they_register() {
    let server = start();
    let admin = Caller::admin(&server).await;
    let invited = admin.post("/admin/invite", json!({"email": "Ana@acme.example"})).await.ok();
    shows(&invited, json!({"_status": 1, "email": "ana@acme.example", "organizations": []}));
    let twice = admin.post("/admin/invite", json!({"email": "ana@acme.example"})).await;
    twice.refused(409, "User already exists");
    Person::registered(&server, "ana@acme.example").await;
    let found = admin.get("/admin/users/by-mail/ana@acme.example").await.ok();
    shows(&found, json!({"_status": 0, "id": invited["id"], "userEnabled": true}));
    let found = admin.get("/admin/users/by-mail/ANA%40acme.example").await.ok();
    shows(&found, json!({"_status": 0, "id": invited["id"]}));
    admin.get("/admin/users/by-mail/nobody@acme.example").await.refused(404, "User doesn't exist");
}

#[tokio::test]
async fn people_are_listed_and_shown_with_their_confirmed_organizations() {
    let server = start();
    let society = Society::new(&server).await;
    let admin = Caller::admin(&server).await;
    society.invite(&["ana@acme.example"]).await.done();
    let listed = admin.get("/admin/users").await.ok();
    let listed = listed.as_array().expect("a bare list");
    assert_eq!(listed.len(), 2);
    for user in listed {
        let organizations = user["organizations"].as_array().expect("a list").len();
        assert_eq!(organizations, usize::from(user["email"] == "owner@acme.example"));
        assert!(user.get("lastActive").is_some() && user["createdAt"].is_string(), "{user}");
    }
    let one = admin.get(&format!("/admin/users/{}", society.owner.id)).await.ok();
    shows(&one, json!({"email": "owner@acme.example", "userEnabled": true}));
    let nobody = admin.get("/admin/users/00000000-0000-0000-0000-000000000000").await;
    nobody.refused(404, "User doesn't exist");
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once_until_they_are_enabled() {
    let server = start();
    let (admin, ana) = (Caller::admin(&server).await, Person::new(&server, "ana@acme.example").await);
    let stranger = Caller::stranger(&server);
    admin.post(&format!("/admin/users/{}/disable", ana.id), Value::Null).await.done();
    ana.get("/api/sync").await.barred(401);
    log_in(&stranger, &ana.email).await.refused(400, "This user has been disabled");
    admin.post(&format!("/admin/users/{}/enable", ana.id), Value::Null).await.done();
    log_in(&stranger, &ana.email).await.ok();
}

#[tokio::test]
async fn who_is_deauthorised_logs_in_again() {
    let server = start();
    let (admin, ana) = (Caller::admin(&server).await, Person::new(&server, "ana@acme.example").await);
    let stranger = Caller::stranger(&server);
    admin.post(&format!("/admin/users/{}/deauth", ana.id), Value::Null).await.done();
    ana.get("/api/sync").await.barred(401);
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &ana.refresh), ("client_id", "cli")];
    let answer = stranger.post_form("/identity/connect/token", &fields).await;
    assert_eq!((answer.status, answer.body()), (400, json!({"error": "invalid_grant"})));
    log_in(&stranger, &ana.email).await.ok();
}

#[tokio::test]
async fn a_deleted_person_leaves_every_society_but_not_as_its_last_owner() {
    let server = start();
    let society = Society::new(&server).await;
    let admin = Caller::admin(&server).await;
    let ana = society.join("ana@acme.example", json!({"type": 2})).await;
    let owner = admin.post(&format!("/admin/users/{}/delete", society.owner.id), Value::Null).await;
    owner.refused(400, "Can't delete last owner");
    admin.post(&format!("/admin/users/{}/delete", ana.id), Value::Null).await.done();
    assert_eq!(society.members().await.len(), 1);
    ana.get("/api/sync").await.barred(401);
    let again = admin.post(&format!("/admin/users/{}/delete", ana.id), Value::Null).await;
    again.refused(404, "User doesn't exist");
}

#[tokio::test]
async fn an_organization_is_deleted_without_a_password() {
    let server = start();
    let society = Society::new(&server).await;
    let admin = Caller::admin(&server).await;
    let path = format!("/admin/organizations/{}/delete", society.id);
    admin.post(&path, Value::Null).await.done();
    society.owner.get(&society.path("")).await.barred(401);
    assert_eq!(society.owner.sync().await["profile"]["organizations"], json!([]));
    admin.post(&path, Value::Null).await.refused(400, "Organization doesn't exist");
}

#[tokio::test]
async fn an_invitation_is_sent_again_to_a_stub_only() {
    let server = start();
    let admin = Caller::admin(&server).await;
    let invited = admin.post("/admin/invite", json!({"email": "ana@acme.example"})).await.ok();
    let path = format!("/admin/users/{}/invite/resend", text(&invited["id"]));
    admin.post(&path, Value::Null).await.done();
    Person::registered(&server, "ana@acme.example").await;
    admin.post(&path, Value::Null).await.refused(400, "User already accepted invitation");
}
