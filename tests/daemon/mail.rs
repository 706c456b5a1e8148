//! Mail as a proof: who accepts an invitation that was a mail has its mailbox, and is let in where the policy says that this
//! is enough.

#[path = "../contract/sink.rs"]
#[allow(dead_code, reason = "the contract's tests use more of it")]
mod sink;

use super::support::daemon::Daemon;
use super::support::devcluster::DevCluster;
use super::support::person::Person;
use super::support::site::Site;
use super::{KEYFORGE, path, union};
use sink::Sink;

const VERA: &str = "vera@acme.example";

/// A society with a password.
fn chess(title: &str) -> String {
    format!(
        "apiVersion: keyforge.dev/v1\nkind: Society\nmetadata: {{name: chess}}\nspec:\n  displayName: {title}\n  \
         members:\n    - {{email: magnus@acme.example, role: owner}}\n    - {{email: {VERA}, role: member, collections: [{{name: general, access: read}}]}}\n  \
         passwords: [{{name: wifi, generate: {{length: 20, alphabet: digits}}}}]\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn who_accepts_an_invitation_by_mail_is_let_in_without_a_phrase() {
    let sink = Sink::start();
    let cluster = DevCluster::running_beside(sink.port());
    let site = Site::on(&cluster, "mail").await;
    let name = site.union("acme");
    let policy = format!("{KEYFORGE}  limits: {{egress: [{}/32], confirm: mail}}\n", DevCluster::MACHINE);
    let smtp = format!(
        "  vaultwarden:\n    smtp: {{host: {}, port: {}, security: 'off', from: vault@acme.example}}\n",
        DevCluster::MACHINE,
        sink.port(),
    );
    let (declared, society) = (union(&name) + &smtp, format!("unions/{name}/societies/chess.yaml"));
    let first = chess("Chess Society");
    site.commit(
        "Found a union that sends mails",
        &[("keyforge.yaml", &policy), (&path(&name), &declared), (&society, &first)],
    );
    let daemon = Daemon::start_with(&site.told(), &["--reach", "port-forward"]);
    daemon.union_is(&name, "current", None).await;

    let mail = sink.mail(VERA);
    assert_eq!(mail.subject, "Join Chess Society");
    let (_forward, url) = site.forward(&name);
    let vera = Person::accept(&url, VERA, |parameter| mail.parameter(parameter)).await;
    // She would be let in within a minute; what is pushed makes it at once.
    site.commit("Rename the society", &[(&society, &chess("Chess Club"))]);
    let is_in = || async {
        let (_, found) = daemon.get(&format!("/api/v1/unions/{name}/societies/chess")).await?;
        let vera = found["people"].as_array()?.iter().find(|person| person["email"] == VERA)?;
        (vera["state"] == "confirmed" && found["displayName"] == "Chess Club").then_some(())
    };
    daemon.until("she is let in", is_in).await;
    assert_eq!(vera.passwords().await["wifi"].len(), 20);
    let told = sink.subjects(VERA).pop().expect("a mail");
    assert!(told.starts_with("Invitation to ") && told.ends_with(" confirmed"), "{told}");
    // Who has not accepted has nothing, and an owner would need a phrase besides.
    assert_eq!(sink.subjects("magnus@acme.example"), ["Join Chess Society"]);
}
