//! Each kind of place as it is reached: paths, headers, mails, and what is refused.

use keyforge::messenger::Error;
use keyforge::reconcile::notifier::{NotTold, Notifier, Tried};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::house::{House, KEY};
use crate::mailbox::{Mailbox, Refused};
use crate::receiver::{Answer, Receiver};

fn place(kind: &str, secret: &str) -> Value {
    let mut place = json!({"kind": kind, "secretRef": {"name": secret}, "events": ["failed"]});
    if kind == "email" {
        place["to"] = json!(["ana@acme.example", "bo@acme.example"]);
    }
    place
}

/// A place of one mailbox.
fn mail(secret: &str) -> Value {
    json!({"kind": "email", "secretRef": {"name": secret}, "to": ["ana@acme.example"], "events": ["failed"]})
}

/// What became of a test message, a line for each place.
async fn tested(notifier: &Notifier) -> Vec<String> {
    let tried = notifier.test(None).await.expect("the database answers");
    let line = |Tried { destination, result }: &Tried| match result {
        Ok(()) => format!("{destination}: sent"),
        Err(error) => format!("{destination}: {error}; {}", error.hint()),
    };
    tried.iter().map(line).collect()
}

/// HMAC as RFC 2104 defines it, from SHA-256 alone.
fn hmac(key: &[u8], text: &[u8]) -> String {
    // Longer keys than a block are hashed first.
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let padded = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(text).finalize();
    hex::encode(Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize())
}

#[tokio::test]
async fn a_webhook_proves_by_its_key_that_the_message_is_ours_and_when_it_was_sent() {
    let receiver = Receiver::start().await;
    let url = format!("{}/in?token=1", receiver.url);
    let house = House::with(
        &["acme"],
        json!([place("webhook", "hook")]),
        &[("hook", &[("url", &url), ("hmac", KEY)])],
    )
    .await;
    assert_eq!(tested(&house.notifier).await, ["webhook by Secret `hook`: sent"]);
    let got = receiver.only();
    let signed = format!("{}.{}", got.header("keyforge-timestamp"), got.body);
    assert_eq!(
        got.header("keyforge-signature"),
        format!("sha256={}", hmac(KEY.as_bytes(), signed.as_bytes()))
    );
    let sent: i64 = got.header("keyforge-timestamp").parse().expect("seconds");
    assert!((chrono::Utc::now().timestamp() - sent).abs() < 60, "{sent}");
    assert_eq!((got.path.as_str(), got.json()["event"].as_str()), ("/in", Some("test")));
}

#[tokio::test]
async fn chats_and_alerts_are_posted_where_they_belong() {
    let receiver = Receiver::start().await;
    let (slack, teams) = (format!("{}/services/a", receiver.url), format!("{}/workflows/b", receiver.url));
    let secrets = [
        ("slack", &[("url", slack.as_str())][..]),
        ("teams", &[("url", teams.as_str())][..]),
        ("alerts", &[("url", receiver.url.as_str())][..]),
    ];
    let places = json!([place("slack", "slack"), place("teams", "teams"), place("alertmanager", "alerts")]);
    let house = House::with(&["acme"], places, &secrets).await;
    house.fail(&["acme"], "x").await;
    house.round().await;
    let mut asked: Vec<_> = receiver.got().into_iter().map(|got| got.path).collect();
    asked.sort();
    assert_eq!(asked, ["/api/v2/alerts", "/services/a", "/workflows/b"]);
}

#[tokio::test]
async fn a_mail_goes_to_each_mailbox_alone_with_the_id_of_its_message() {
    let mailbox = Mailbox::plain(None).await;
    let url = format!("smtp://{}?from=keyforge@federation.example", mailbox.address);
    let house = House::with(&["acme"], json!([place("email", "mail")]), &[("mail", &[("url", &url)])]).await;
    house.fail(&["acme"], "Bcc: eve@evil.example\r\nthe <b>quota</b> is used up").await;
    house.round().await;
    let mut mails = mailbox.mails();
    mails.sort_by(|one, other| one.to.cmp(&other.to));
    let [mail, other] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!(mail.from, "MAIL FROM:<keyforge@federation.example>");
    assert_eq!(
        (&mail.to[..], &other.to[..]),
        (&["RCPT TO:<ana@acme.example>".to_owned()][..], &["RCPT TO:<bo@acme.example>".to_owned()][..])
    );
    let (head, text) = mail.data.split_once("\r\n\r\n").expect("a head and a text");
    for line in ["Subject: [Keyforge] union acme failed at 0101010", "Auto-Submitted: auto-generated"] {
        assert!(head.lines().any(|found| found == line), "{line} is not in\n{head}");
    }
    assert!(!head.contains("Bcc"), "{head}");
    assert!(
        text.contains("acme failed at 0101010: Bcc: eve@evil.example the <b>quota</b> is used up"),
        "{text}"
    );
    let sent: Vec<(uuid::Uuid,)> = sqlx::query_as("select message_id from message where outcome = 'sent'")
        .fetch_all(&mut house.database.connection().await)
        .await
        .expect("read");
    let id = |(id,): &(uuid::Uuid,)| head.contains(&format!("Message-ID: <{id}@federation.example>"));
    assert_eq!((sent.len(), sent.iter().filter(|sent| id(sent)).count()), (2, 1), "{head}");
}

#[tokio::test]
async fn a_mailbox_that_is_refused_or_comes_anew_keeps_nothing_from_the_others() {
    let refused = Refused { to: "ana@acme.example", word: "who?" };
    let mailbox = Mailbox::plain(Some(refused)).await;
    let url = format!("smtp://{}?from=keyforge@federation.example", mailbox.address);
    let house = House::with(&["acme"], json!([place("email", "mail")]), &[("mail", &[("url", &url)])]).await;
    house.fail(&["acme"], "x").await;
    house.round().await;
    let to = || mailbox.mails().into_iter().flat_map(|mail| mail.to).collect::<Vec<_>>();
    assert_eq!(to(), ["RCPT TO:<bo@acme.example>"]);
    let mut more = place("email", "mail");
    more["to"] = json!(["ana@acme.example", "bo@acme.example", "eve@acme.example"]);
    house.accept(json!([more])).await;
    house.round().await;
    assert!(house.store.has_unsent().await.expect("the database answers"));
    assert!(house.trouble().is_some());
}

#[tokio::test]
async fn a_log_in_goes_over_tls_to_a_server_that_proves_who_it_is() {
    let mailbox = Mailbox::wrapped().await;
    let url = format!("smtps://ana%40acme.example:hunter2@{}", mailbox.address);
    let house = House::with(&["acme"], json!([mail("mail")]), &[("mail", &[("url", &url)])]).await;
    assert_eq!(
        tested(&house.notifier).await,
        [
            "email to mailbox 1 by Secret `mail`: its certificate does not prove who it is; name the authority that signed it with \
          `notify_ca_file`"
        ]
    );
    let (_folder, authority) = mailbox.authority_file();
    assert_eq!(tested(&house.trusting(authority)).await, ["email to mailbox 1 by Secret `mail`: sent"]);
    let [received] = &mailbox.mails()[..] else { panic!("{:?}", mailbox.mails()) };
    // NUL, the name, NUL, the password.
    assert_eq!(received.login.as_deref(), Some("AUTH PLAIN AGFuYUBhY21lLmV4YW1wbGUAaHVudGVyMg=="));

    // In the clear nothing is said to a server that offers no TLS.
    let plain = Mailbox::plain(None).await;
    let url = format!("smtp://ana%40acme.example:hunter2@{}", plain.address);
    let house = House::with(&["acme"], json!([mail("mail")]), &[("mail", &[("url", &url)])]).await;
    assert_eq!(
        tested(&house.notifier).await,
        [
            "email to mailbox 1 by Secret `mail`: the mail server speaks no TLS; use a server that speaks TLS; one without is used only inside \
          and without a log-in"
        ]
    );
    assert_eq!(plain.mails(), []);
}

#[tokio::test]
async fn a_server_that_offers_tls_is_told_who_logs_in_only_after_it_proved_who_it_is() {
    let mailbox = Mailbox::upgraded().await;
    let url = format!("smtp://ana%40acme.example:hunter2@{}", mailbox.address);
    let house = House::with(&["acme"], json!([mail("mail")]), &[("mail", &[("url", &url)])]).await;
    assert_eq!(
        tested(&house.notifier).await,
        [
            "email to mailbox 1 by Secret `mail`: its certificate does not prove who it is; name the authority that signed it with \
          `notify_ca_file`"
        ]
    );
    assert_eq!(mailbox.mails(), []);
    let (_folder, authority) = mailbox.authority_file();
    assert_eq!(tested(&house.trusting(authority)).await, ["email to mailbox 1 by Secret `mail`: sent"]);
    let [received] = &mailbox.mails()[..] else { panic!("{:?}", mailbox.mails()) };
    assert_eq!(received.login.as_deref(), Some("AUTH PLAIN AGFuYUBhY21lLmV4YW1wbGUAaHVudGVyMg=="));
}

#[tokio::test]
async fn what_cannot_be_told_is_told_by_cause_and_remedy_without_a_word_of_what_is_secret() {
    let receiver = Receiver::start().await;
    receiver.answer.send_replace(Answer::Status(302));
    let mailbox = Mailbox::plain(Some(Refused {
        to: "ana@acme.example",
        word: "5.1.1 <hunter2@acme.example> is unknown",
    }))
    .await;
    let redirects = format!("{}/hunter2", receiver.url);
    let refuses = format!("smtp://{}?from=keyforge@federation.example", mailbox.address);
    let secrets = [
        ("redirects", &[("url", redirects.as_str())][..]),
        ("short", &[("url", redirects.as_str()), ("hmac", "hunter2")][..]),
        ("inside", &[("url", "http://169.254.169.254/hunter2")][..]),
        ("clear", &[("url", "http://hooks.example/hunter2")][..]),
        ("words", &[("url", "hunter2")][..]),
        ("empty", &[("other", "hunter2")][..]),
        ("ours", &[("url", "https://hunter2.example")][..]),
        ("refuses", &[("url", refuses.as_str())][..]),
        ("nobody", &[("url", "smtp://127.0.0.1:1?from=hunter2")][..]),
    ];
    let kinds = ["slack", "webhook", "slack", "teams", "slack", "slack", "slack", "email", "email"];
    let mut places: Vec<_> = secrets
        .iter()
        .zip(kinds)
        .map(|((secret, _), kind)| if kind == "email" { mail(secret) } else { place(kind, secret) })
        .collect();
    places.push(place("slack", "missing"));
    let house = House::with(&["acme"], places.into(), &secrets).await;
    insta::assert_snapshot!(tested(&house.notifier).await.join("\n"), @"
    slack by Secret `redirects`: it answered with a redirect, which is not followed; put the URL into the Secret that it redirects to
    webhook by Secret `short`: the Secret has no key `hmac` of at least 32 bytes to sign with; add a random value: `openssl rand -hex 32`, and give it to the receiver too
    slack by Secret `inside`: its host leads into the local link, which `spec.limits.egress` does not list; list the host or its range under `spec.limits.egress` of keyforge.yaml if it may be used
    teams by Secret `clear`: what its key holds is no `https://` URL; put the URL into the Secret, under the key that `secretRef` names
    slack by Secret `words`: what its key holds is no `https://` URL; put the URL into the Secret, under the key that `secretRef` names
    slack by Secret `empty`: Secret `empty` has no text under the key `url`; put the URL into Secret `empty` under the key `url`
    slack by Secret `ours`: Secret `ours` is not in namespace `keyforge`, or is one that Keyforge made; kubectl --namespace keyforge create secret generic ours --from-file=url=/dev/stdin
    email to mailbox 1 by Secret `refuses`: the mail server answered with 550; see the log of the mail server: sender, recipient and log-in have to be known to it
    email to mailbox 1 by Secret `nobody`: its URL names no sender; end the URL with `?from=` and the address that mails come from
    slack by Secret `missing`: Secret `missing` is not in namespace `keyforge`, or is one that Keyforge made; kubectl --namespace keyforge create secret generic missing --from-file=url=/dev/stdin
    ");
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_by_what_it_leads_to() {
    let receiver = Receiver::start().await;
    let url = receiver.url.replace("127.0.0.1", "localhost");
    let house = House::with(&["acme"], json!([place("slack", "hook")]), &[("hook", &[("url", &url)])]).await;
    // What `limits.egress` lists it is by now: nothing.
    house.by_hand("update head set keyforge = jsonb_set(keyforge, '{spec,limits,egress}', '[]')").await;
    let tried = house.notifier.test(None).await.expect("the database answers");
    let inside = Error::Inside { inside: "this machine" };
    assert!(matches!(&tried[0].result, Err(NotTold::Messenger(error)) if *error == inside), "{tried:?}");
    assert_eq!(receiver.got(), []);
}
