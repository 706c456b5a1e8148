//! Our account: made once, found again after a crash, kept through restarts of either side, given a new password.

use keyforge::vaultwarden::{Bootstrapped, Error};

use crate::bench::{Bench, DOMAIN, Person, client, drawn, keep, server};

#[tokio::test]
async fn it_is_made_once_and_found_ever_after() {
    let server = server(None, &[]);
    let first = client(&server, &drawn());
    assert_eq!(first.version().await.expect("a tried version").split('.').next(), Some("1"));
    assert_eq!(first.bootstrap().await.expect("made"), Bootstrapped::Now);
    let kept = keep(&first).await;
    assert_eq!(first.bootstrap().await.expect("found"), Bootstrapped::Before);
    assert!(first.unkept().await.is_none(), "nothing new");
    let second = client(&server, &kept);
    assert_eq!(second.bootstrap().await.expect("found"), Bootstrapped::Before);
    second.revision().await.expect("it gets in");
}

#[tokio::test]
async fn a_crash_before_anything_was_kept_finds_the_same_account() {
    let server = server(None, &[]);
    let drawn = drawn();
    client(&server, &drawn).bootstrap().await.expect("made");
    let again = client(&server, &drawn);
    assert_eq!(again.bootstrap().await.expect("found"), Bootstrapped::Now);
    again.revision().await.expect("it gets in");
}

#[tokio::test]
async fn an_address_that_somebody_else_has_is_refused() {
    let server = server(None, &[("SIGNUPS_ALLOWED", "true")]);
    let drawn = drawn();
    let address = String::from_utf8(drawn["account-address"].expose().clone()).expect("text");
    Person::register(&server, &address).await;
    let refused = client(&server, &drawn).bootstrap().await;
    assert!(matches!(refused, Err(Error::AddressTaken { address: taken, .. }) if taken == address));
}

#[tokio::test]
async fn a_mail_server_that_is_away_does_not_keep_it_from_being_made() {
    let mail = [("SMTP_HOST", "127.0.0.1"), ("SMTP_PORT", "9"), ("SMTP_FROM", "vault@acme.example")];
    let server = server(None, &[mail.as_slice(), &[("SMTP_SECURITY", "off")]].concat());
    let client = client(&server, &drawn());
    client.bootstrap().await.expect("made");
    client.revision().await.expect("it gets in");
    assert!(client.effective_settings().await.expect("read").mail(), "mails are on again");
}

#[tokio::test]
async fn restarts_of_ours_need_no_log_in() {
    let limited = [("LOGIN_RATELIMIT_MAX_BURST", "1"), ("LOGIN_RATELIMIT_SECONDS", "3600")];
    let bench = Bench::with(&limited).await;
    let kept = keep(&bench.client).await;
    for _ in 0..5 {
        client(&bench.server, &kept).revision().await.expect("by the refresh token");
    }
}

#[tokio::test]
async fn our_own_budget_ends_before_the_servers() {
    let bench = Bench::new().await;
    let mut kept = keep(&bench.client).await;
    kept.remove("account-refresh-token");
    kept.insert("account-password".into(), b"another".to_vec().into());
    kept.remove("account-api-key");
    let other = client(&bench.server, &kept);
    for _ in 0..3 {
        assert!(matches!(other.revision().await, Err(Error::Account { .. })));
    }
    let limited = other.revision().await;
    assert!(matches!(limited, Err(Error::Limited { wait, .. }) if wait.as_secs() > 60));
    bench.client.revision().await.expect("the server has not counted ten");
}

#[tokio::test]
async fn another_domain_or_another_key_of_the_server_costs_one_log_in() {
    let bench = Bench::new().await;
    let kept = keep(&bench.client).await;
    let (_, folder) = bench.server.stop();
    let server = server(Some(folder), &[("DOMAIN", "https://other.acme.example")]);
    let moved = client(&server, &kept);
    moved.revision().await.expect("its tokens are void, its password is not");
    let kept = keep(&moved).await;
    let (_, folder) = server.stop();
    std::fs::remove_file(folder.path().join("rsa_key.pem")).expect("there is one");
    let server = crate::bench::server(Some(folder), &[("DOMAIN", DOMAIN)]);
    client(&server, &kept).revision().await.expect("its tokens are void, its password is not");
}

#[tokio::test]
async fn without_an_admin_interface_there_is_no_way_in_and_with_another_token_neither() {
    let disabled = server(None, &[("ADMIN_TOKEN", "")]);
    let refused = client(&disabled, &drawn()).bootstrap().await;
    assert!(matches!(refused, Err(Error::AdminDisabled { .. })), "{refused:?}");
    let other = server(None, &[("ADMIN_TOKEN", "another")]);
    let refused = client(&other, &drawn()).bootstrap().await;
    assert!(matches!(refused, Err(Error::AdminToken { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_new_password_is_told_in_two_steps_and_a_crash_between_them_is_made_good() {
    let bench = Bench::new().await;
    let before = keep(&bench.client).await;
    bench.client.begin_rotation().await;
    let begun = keep(&bench.client).await;
    bench.client.finish_rotation(2).await.expect("told");
    let after = keep(&bench.client).await;
    assert_eq!(bench.client.rotation().await, 2);
    // What was kept before does not get in; what was kept in between does, although the crash lost the rest.
    assert!(client(&bench.server, &before).revision().await.is_err());
    let crashed = client(&bench.server, &begun);
    crashed.finish_rotation(2).await.expect("found out");
    crashed.revision().await.expect("it gets in");
    assert_ne!(after["account-api-key"].expose(), begun["account-api-key"].expose());
    assert_ne!(after["account-password"].expose(), before["account-password"].expose());
}

#[tokio::test]
async fn a_password_that_could_not_be_kept_is_told_to_nobody() {
    let bench = Bench::new().await;
    let before = keep(&bench.client).await;
    bench.client.begin_rotation().await;
    let lost = bench.client.unkept().await.expect("the next password");
    let refused = bench.client.finish_rotation(2).await;
    assert!(matches!(refused, Err(Error::Kept(_))), "{refused:?}");
    client(&bench.server, &before).revision().await.expect("the former one is good");
    // What was not kept is offered until it is.
    let again = keep(&bench.client).await;
    assert_eq!(again["account-password-next"].expose(), lost["account-password-next"].expose());
    bench.client.finish_rotation(2).await.expect("told");
    assert_eq!(
        keep(&bench.client).await["account-password"].expose(),
        lost["account-password-next"].expose()
    );
}

#[tokio::test]
async fn a_setting_in_effect_that_differs_is_named() {
    let bench = Bench::with(&[("INVITATION_EXPIRATION_HOURS", "72")]).await;
    let settings = bench.client.effective_settings().await.expect("read");
    let given = [
        ("SIGNUPS_ALLOWED", "false"),
        ("INVITATION_EXPIRATION_HOURS", "120"),
        ("DOMAIN", "https://x.example"),
    ];
    assert_eq!(settings.overridden(given), ["INVITATION_EXPIRATION_HOURS"], "the domain is starred");
    assert_eq!(settings.overridden([("SIGNUPS_ALLOWED", "true")]), ["SIGNUPS_ALLOWED"]);
    assert!(!settings.mail());
}
