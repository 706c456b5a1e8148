//! Messages in the form of each kind of place: what a pull request could write into them is text and nothing else.

use std::collections::BTreeSet;

use chrono::DateTime;
use keyforge::notice::{Content, Message, Notice, Payload};
use keyforge::outcome::NoticeEvent;
use keyforge::spec::NotificationKind;
use uuid::Uuid;

use crate::fixture::{name, object};

fn notice(union: &str, event: NoticeEvent, since: &[NoticeEvent], why: Option<&str>) -> Notice {
    Notice {
        union: name(union),
        event,
        since: since.iter().copied().collect::<BTreeSet<_>>(),
        why: why.map(str::to_owned),
        revision: Some(object(0x4b)),
        deployment: None,
        at: DateTime::from_timestamp(1_764_417_600, 0).expect("a moment"),
    }
}

fn message(notices: Vec<Notice>) -> Message {
    Message {
        id: Uuid::from_u128(7),
        installation: name("main").as_str().parse().expect("a name"),
        page: Some("https://keyforge.example".parse().expect("a URL")),
        content: Content::Notices(notices),
    }
}

/// The message as each kind of place gets it.
fn forms(message: &Message) -> String {
    let form = |kind: NotificationKind| {
        let text = match message.payload(kind) {
            Payload::Json(body) => serde_json::to_string_pretty(&body).expect("JSON"),
            Payload::Mail { subject, text } => format!("Subject: {subject}\n\n{text}"),
        };
        format!("── {} ──\n{text}\n", kind.as_str())
    };
    NotificationKind::ALL.map(form).concat()
}

#[test]
fn hostile_words_are_words_in_every_form() {
    let hostile = "<!channel> *bold* [click](https://evil.example) <https://evil.example|a>\n\u{202e}{{DATE(2026)}} & <b>x</b>";
    let message = message(vec![
        notice("acme", NoticeEvent::Failed, &[NoticeEvent::Held], Some(hostile)),
        notice("northside", NoticeEvent::Recovered, &[NoticeEvent::AwaitingApproval], None),
    ]);
    insta::assert_snapshot!(forms(&message));
}

#[test]
fn a_storm_names_the_first_unions_and_counts_the_rest() {
    let unions = (1..=250).map(|n| format!("union-{n:03}")).collect::<Vec<_>>();
    let storm = unions.iter().map(|union| notice(union, NoticeEvent::Failed, &[], Some(&"x".repeat(5_000))));
    let message = message(storm.collect());
    let Payload::Mail { subject, text } = message.payload(NotificationKind::Email) else { panic!("a mail") };
    assert_eq!(subject, "[Keyforge] 250 unions failed at 4b4b4b4");
    assert!(text.contains("\nunion-020 failed at 4b4b4b4: ") && !text.contains("union-021"), "{text}");
    assert!(text.contains("\n\nand 230 more\n\n") && text.len() < 10_000, "{text}");
    let Payload::Json(slack) = message.payload(NotificationKind::Slack) else { panic!("JSON") };
    let blocks = slack["blocks"].as_array().expect("a list");
    assert!(blocks.len() <= 50, "{}", blocks.len());
    let Payload::Json(teams) = message.payload(NotificationKind::Teams) else { panic!("JSON") };
    assert!(teams.to_string().len() < 28_000, "{}", teams.to_string().len());
    let Payload::Json(alerts) = message.payload(NotificationKind::Alertmanager) else { panic!("JSON") };
    assert_eq!(alerts.as_array().map(Vec::len), Some(250));
}

#[test]
fn a_test_says_that_nothing_happened() {
    let at = DateTime::from_timestamp(1_764_417_600, 0).expect("a moment");
    let message = Message { content: Content::Test { at }, ..message(Vec::new()) };
    insta::assert_snapshot!(forms(&message));
}
