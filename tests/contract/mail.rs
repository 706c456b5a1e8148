//! Where mail is sent: it proves the mailbox, and only its token lets somebody in.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::caller::{Caller, start_with};
use crate::people::{Person, begin, finish, log_in_with, register, registration, text};
use crate::sink::Sink;
use crate::society::Society;

/// The owner, who registered before there was mail, and a server that sends it.
async fn society(server: &crate::support::standin::Server) -> Society<'_> {
    let admin = Caller::admin(server).await;
    admin.post("/admin/config", json!({"_enable_smtp": false})).await.done();
    let society = Society::new(server).await;
    admin.post("/admin/config/delete", Value::Null).await.done();
    society
}

#[tokio::test]
async fn an_invited_stranger_registers_with_the_token_of_the_mail_and_accepts() {
    let sink = Sink::start();
    let server = start_with(&sink.settings());
    let society = society(&server).await;
    society.invite(&["ana@acme.example"]).await.done();
    let mail = sink.mail("ana@acme.example");
    assert_eq!(mail.subject, "Join Chess Society");
    let member = society.member("ana@acme.example").await;
    for (name, value) in [
        ("email", "ana@acme.example"),
        ("organizationId", &society.id),
        ("organizationUserId", &text(&member["id"])),
        ("organizationName", "Chess Society"),
        ("orgUserHasExistingUser", "false"),
    ] {
        assert_eq!(mail.parameter(name), value, "{name}");
    }
    let stranger = Caller::stranger(&server);
    let refused = "Registration not allowed or user already exists";
    begin(&stranger, "ana@acme.example").await.refused(400, refused);

    let token = mail.parameter("token");
    let by_mail = |id: &Value| json!({"organizationUserId": id, "orgInviteToken": token});
    let wrong = json!("00000000-0000-0000-0000-000000000001");
    let answer = finish(&stranger, registration("ana@acme.example", by_mail(&wrong))).await;
    answer.refused(400, "Claim org_user_id does not match organization_user_id");
    let answer = finish(&stranger, registration("ben@acme.example", by_mail(&member["id"]))).await;
    answer.refused(400, "Claim email does not match email");
    finish(&stranger, registration("ana@acme.example", by_mail(&member["id"]))).await.ok();
    assert_eq!(society.member("ana@acme.example").await["status"], 0, "registering is not accepting");

    let ana = Person::logged_in(&server, "ana@acme.example").await;
    let path = society.path(&format!("/users/{}/accept", text(&member["id"])));
    society
        .owner
        .post(&path, json!({"token": token}))
        .await
        .refused(400, "Invitation was issued to a different account");
    ana.post(&path, json!({"token": token})).await.done();
    assert_eq!(society.member("ana@acme.example").await["status"], 1);
    ana.post(&path, json!({"token": token})).await.refused(400, "User already accepted the invitation");
    society.confirm("ana@acme.example").await.done();
    let subjects = sink.subjects("ana@acme.example");
    assert_eq!(
        subjects,
        [
            "Join Chess Society",
            "Welcome",
            "New Device Logged In From Linux",
            "Invitation to Chess Society confirmed"
        ]
    );
    assert_eq!(
        sink.subjects("owner@acme.example").last().map(String::as_str),
        Some("Invitation to Chess Society accepted")
    );
}

#[tokio::test]
async fn who_has_an_account_has_not_accepted_before_they_say_so() {
    let sink = Sink::start();
    let server = start_with(&sink.settings());
    let society = society(&server).await;
    let admin = Caller::admin(&server).await;
    admin.post("/admin/config", json!({"_enable_smtp": false})).await.done();
    let ana = Person::new(&server, "ana@acme.example").await;
    admin.post("/admin/config/delete", Value::Null).await.done();
    society.invite(&["ana@acme.example"]).await.done();
    let member = society.member("ana@acme.example").await;
    assert_eq!(member["status"], 0);
    let mail = sink.mail("ana@acme.example");
    assert_eq!(mail.parameter("orgUserHasExistingUser"), "true");
    let path = society.path(&format!("/users/{}/accept", text(&member["id"])));
    let other = json!({"token": "rubbish"});
    assert_eq!(ana.post(&path, other).await.status, 400);
    ana.post(&path, json!({"token": mail.parameter("token")})).await.done();
    assert_eq!(society.member("ana@acme.example").await["status"], 1);
}

#[tokio::test]
async fn an_invitation_of_the_admin_page_lets_in_by_its_mail_alone() {
    let sink = Sink::start();
    let server = start_with(&sink.settings());
    let (admin, stranger) = (Caller::admin(&server).await, Caller::stranger(&server));
    admin.post("/admin/invite", json!({"email": "ana@acme.example"})).await.ok();
    assert_eq!(register(&stranger, "ana@acme.example").await.status, 400);
    let mail = sink.mail("ana@acme.example");
    let zero = "00000000-0000-0000-0000-000000000000";
    assert_eq!(
        (mail.parameter("organizationId"), mail.parameter("organizationUserId")),
        (zero.into(), zero.into())
    );
    let by_mail = json!({"organizationUserId": zero, "orgInviteToken": mail.parameter("token")});
    finish(&stranger, registration("ana@acme.example", by_mail)).await.ok();
    Person::logged_in(&server, "ana@acme.example").await;
}

#[tokio::test]
async fn an_invitation_is_mailed_again() {
    let sink = Sink::start();
    let server = start_with(&sink.settings());
    let society = society(&server).await;
    society.invite(&["ana@acme.example"]).await.done();
    let id = society.member_id("ana@acme.example").await;
    society.owner.post(&society.path(&format!("/users/{id}/reinvite")), json!({})).await.done();
    assert_eq!(sink.subjects("ana@acme.example"), ["Join Chess Society", "Join Chess Society"]);
}

#[tokio::test]
async fn signups_that_mail_proves_get_their_token_by_mail() {
    let sink = Sink::start();
    let settings = [sink.settings(), vec![("SIGNUPS_ALLOWED", "true"), ("SIGNUPS_VERIFY", "true")]].concat();
    let server = start_with(&settings);
    let stranger = Caller::stranger(&server);
    let begun = begin(&stranger, "ana@acme.example").await;
    assert_eq!((begun.status, begun.text.as_str()), (204, ""));
    let token = sink.mail("ana@acme.example").parameter("token");
    let body = registration("ana@acme.example", json!({"emailVerificationToken": token}));
    finish(&stranger, body).await.ok();
    Person::logged_in(&server, "ana@acme.example").await;
}

#[tokio::test]
async fn where_the_mail_server_is_away_invitations_are_undone_and_log_ins_go_on() {
    // A port where nobody listens any more.
    let port =
        TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address").port();
    let port = port.to_string();
    let server = start_with(&[
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", &port),
        ("SMTP_SECURITY", "off"),
        ("SMTP_FROM", "vault@acme.example"),
    ]);
    let society = society(&server).await;
    let answer = society.invite(&["ana@acme.example"]).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(society.members().await.len(), 1);
    let admin = Caller::admin(&server).await;
    assert_eq!(admin.get("/admin/users/by-mail/ana@acme.example").await.status, 404, "no stub is left");
    let invited = admin.post("/admin/invite", json!({"email": "ben@acme.example"})).await;
    assert_eq!(invited.status, 500, "{invited:?}");
    let another = [("deviceIdentifier", "another device")];
    log_in_with(&Caller::stranger(&server), "owner@acme.example", &another).await.ok();
}
