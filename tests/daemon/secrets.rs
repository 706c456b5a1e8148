//! Secrets that a document names: what is missing is told with what to do, and what changes is rolled out.

use crate::support::daemon::Daemon;
use crate::support::site::Site;
use crate::{KEYFORGE, path, union};

const CREDENTIALS: &str = "      credentials: {secretRef: {name: mail}}\n";

/// A union that sends mail.
fn with_mail(name: &str) -> String {
    format!(
        "{}  vaultwarden:\n    smtp:\n      host: smtp.{name}.example\n      from: vault@{name}.example\n{CREDENTIALS}",
        union(name)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_not_given_fails_its_union_alone_until_it_is() {
    let site = Site::new("mail").await;
    let (mails, other) = (site.union("mails"), site.union("other"));
    let revision = site.commit(
        "Found two unions",
        &[("keyforge.yaml", KEYFORGE), (&path(&mails), &with_mail(&mails)), (&path(&other), &union(&other))],
    );
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&other, "current", Some(&revision)).await;
    let failed = daemon.union_is(&mails, "failed", None).await;
    let why = failed["reason"].as_str().expect("a reason");
    assert_eq!(
        why,
        format!(
            "`spec.vaultwarden.smtp.credentials` names Secret mail/mail, which is not there or not given to `{mails}` \
             (create it, or give it to this union: `kubectl --namespace mail label secret mail \
             keyforge.dev/union={mails}`; with `keyforge.dev/shared=true` every union may name it)"
        )
    );
    assert!(site.object("deployment", &mails, "vaultwarden").is_none(), "nothing is written for it");

    site.kubectl(&[
        "-n",
        &site.name,
        "create",
        "secret",
        "generic",
        "mail",
        "--from-literal=username=vault",
        "--from-literal=password=hunter2hunter2",
    ]);
    site.kubectl(&["-n", &site.name, "label", "secret", "mail", &format!("keyforge.dev/union={mails}")]);
    daemon.union_is(&mails, "current", Some(&revision)).await;
    let copy = site.object("secret", &mails, "vaultwarden-smtp").expect("the pod's copy");
    assert_eq!(copy["data"]["SMTP_PASSWORD"], "aHVudGVyMmh1bnRlcjI=");
    assert!(!daemon.log().contains("hunter2hunter2") && !site.dump().contains("hunter2hunter2"));

    // Another value: seen at the next look with a reason, and the pod that reads it restarts.
    let pod =
        || site.object("deployment", &mails, "vaultwarden").expect("it runs")["spec"]["template"].clone();
    let before = pod();
    let patch = r#"{"stringData": {"password": "correct horse battery"}}"#;
    site.kubectl(&["-n", &site.name, "patch", "secret", "mail", "--patch", patch]);
    let renamed = with_mail(&mails).replace("The ", "Our ");
    let revision = site.commit("Rename it", &[(&path(&mails), &renamed)]);
    daemon.union_is(&mails, "current", Some(&revision)).await;
    assert_ne!(pod(), before);
}
