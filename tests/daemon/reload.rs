//! What the settings name on disk changes while the daemon runs.

use std::fs;

use super::approval::finding;
use super::support::daemon::{Daemon, Told};
use super::support::door::Door;
use super::support::signer::SshKey;
use super::support::site::Site;
use super::{KEYFORGE, path, union};

async fn says(daemon: &Daemon, told: &str) {
    daemon.until(told, || async { daemon.log().contains(told).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_file_is_taken_in_as_far_as_it_can_be() {
    let site = Site::new("settings").await;
    let file = site.repo.path().with_extension("toml");
    fs::write(&file, "log = \"info\"\npoll_interval = \"1s\"\nworkers = 2\n").expect("a writable folder");
    let mut command = Daemon::command(&site.told(), &["--config", file.to_str().expect("a path of ours")]);
    command.env_remove("KEYFORGE_LOG").env_remove("KEYFORGE_POLL_INTERVAL");
    let daemon = Daemon::start_by(command);

    fs::write(&file, "log = \"debug\"\npoll_interval = \"2s\"\nworkers = 2\n").expect("written");
    says(&daemon, "`log` is `debug` from now on").await;
    says(&daemon, "`poll_interval` is 2s from now on").await;
    says(&daemon, "DEBUG").await;

    fs::write(&file, "log = \"debug\"\npoll_interval = \"2s\"\nworkers = 3\n").expect("written");
    says(&daemon, "restart the daemon to use the changed `workers`").await;

    fs::write(&file, "log = \"debug\"\nworkers = 0\n").expect("written");
    says(&daemon, "the settings file cannot be used: invalid value '0' for '--workers <WORKERS>'").await;
    fs::write(&file, "wrokers = 2\n").expect("written");
    says(&daemon, ":1: there is no setting `wrokers`; did you mean `workers`?; the old settings go on").await;
    assert_eq!(daemon.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_are_taken_in_and_a_broken_one_changes_nothing() {
    let site = Site::new("templates").await;
    let folder = site.repo.path().with_extension("templates");
    fs::create_dir(&folder).expect("a folder");
    let name = site.union("acme");
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let flags = ["--templates", folder.to_str().expect("a path of ours")];
    let daemon = Daemon::start_with(&site.told(), &flags);
    daemon.union_is(&name, "current", None).await;

    let built_in = include_str!("../../templates/service.yaml.hbs");
    let own = built_in.replacen(
        "metadata:\n",
        "metadata:\n  annotations:\n    federation.example/own: yes-it-is\n",
        1,
    );
    fs::write(folder.join("service.yaml.hbs"), own).expect("written");
    daemon
        .until("the Service is made by it", || async {
            let service = site.object("service", &name, "vaultwarden")?;
            (service["metadata"]["annotations"]["federation.example/own"] == "yes-it-is").then_some(())
        })
        .await;

    fs::write(folder.join("service.yaml.hbs"), "{{#if").expect("written");
    says(&daemon, "the changed `templates` cannot be used: templates: service.yaml.hbs:").await;
    assert_eq!(daemon.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_database_url_is_used_by_new_connections() {
    let site = Site::new("dburl").await;
    let door = Door::to(&site.database.url).await;
    door.open();
    let file = site.repo.path().with_extension("url");
    fs::write(&file, &door.url).expect("a writable folder");
    let told = Told { ..site.told() };
    let mut command =
        Daemon::command(&told, &["--database-url-file", file.to_str().expect("a path of ours")]);
    command.env_remove("KEYFORGE_DATABASE_URL");
    let name = site.union("acme");
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start_by(command);
    daemon.union_is(&name, "current", None).await;

    fs::write(&file, "nonsense").expect("written");
    says(&daemon, "the changed `database_url_file` cannot be used: ").await;
    fs::write(&file, &site.database.url).expect("written");
    says(&daemon, "`database_url_file` has changed; new connections use it").await;
    door.shut();
    let revision = site.commit("Rename it", &[(&path(&name), &union(&name).replace("The ", "Our "))]);
    daemon.union_is(&name, "current", Some(&revision)).await;
    assert_eq!(daemon.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_trusted_changes_with_the_file_and_a_broken_one_changes_nobody() {
    let site = Site::new("signersfile").await;
    let home = site.repo.path().parent().expect("a folder").to_owned();
    let [op, new] = ["op", "new"].map(|name| SshKey::new(&home, name, &["ed25519"]));
    let file = home.join("trusted_signers");
    fs::write(&file, op.line("op@federation.example")).expect("a writable folder");
    let name = site.union("acme");
    let found = site.repo.change().file("keyforge.yaml", KEYFORGE).file(&path(&name), union(&name));
    found.push_signed("Found the union", op.sign());
    let flags = ["--trusted-signers-file", file.to_str().expect("a path of ours")];
    let daemon = Daemon::start_with(&site.told(), &flags);
    daemon.union_is(&name, "current", None).await;

    fs::write(&file, "op@federation.example ssh-ed25519\n").expect("written");
    says(&daemon, "the changed `trusted_signers_file` cannot be used: ").await;
    let keyforge = |percent: u8| format!("{KEYFORGE}  guards: {{membersRemovedPercent: {percent}}}\n");
    let still = site.repo.change().file("keyforge.yaml", keyforge(9));
    let still = still.file(&path(&name), union(&name).replace("The ", "Our "));
    let still = still.push_signed("Say less, by whom the old file trusts", op.sign());
    daemon.union_is(&name, "current", Some(&still.to_string())).await;

    fs::write(&file, new.line("new@federation.example")).expect("written");
    says(&daemon, "`trusted_signers_file` has changed; it judges from the next revision on").await;
    let refused = site.repo.change().file("keyforge.yaml", keyforge(8));
    refused.push_signed("Say less, by whom nobody trusts any more", op.sign());
    daemon.union_is(&name, "held", None).await;
    site.repo.change().file("keyforge.yaml", keyforge(9)).push("Take it back");
    daemon.union_is(&name, "current", None).await;
    let trusted = site.repo.change().file("keyforge.yaml", keyforge(7));
    let trusted = trusted.file(&path(&name), union(&name).replace("The ", "Your "));
    let trusted = trusted.push_signed("Say less, by whom the new file trusts", new.sign());
    daemon.union_is(&name, "current", Some(&trusted.to_string())).await;
    assert_eq!(daemon.terminate(), Some(0));
}

const ONE_KEY: &str = "AGE-SECRET-KEY-1LPC773ERPLLE4496E5F8R2FF258M2GACEM32MXE656JEXS4W9ACSZGLU6D";
const ONE: &str = "age1rl53gc3hrrjlhfark2clxtxpvlqggf8pq5uq4w6rtfxp0pdk59cqjlfaxp";
const OTHER_KEY: &str = "AGE-SECRET-KEY-15L8PSDPZFQZD4WS7W9V4XN47TGGSDMKHXYTC8ULK0PXE0Y9FPV9S4H0SH9";
const OTHER: &str = "age1ruf6zyhw7nzgwlmd365d8h296gangf2tx24kme4vqtpwvjnrj3lqfmz6e5";

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_whose_key_is_not_held_is_told_until_the_file_has_it() {
    let site = Site::new("sealingfile").await;
    let file = site.repo.path().with_extension("sealing");
    fs::write(&file, ONE_KEY).expect("a writable folder");
    let name = site.union("acme");
    let keyforge = format!("{KEYFORGE}  sealing: {{recipients: [{ONE}, {OTHER}]}}\n");
    site.commit("Found the union", &[("keyforge.yaml", &keyforge), (&path(&name), &union(&name))]);
    let flags = ["--sealing-key-file", file.to_str().expect("a path of ours")];
    let daemon = Daemon::start_with(&site.told(), &flags);
    daemon.union_is(&name, "current", None).await;
    let found = finding(&daemon, "unheld-recipient", OTHER).await;
    assert_eq!(found["message"].as_str().expect("a text").matches("age1").count(), 1, "{found}");

    fs::write(&file, "hunter2-canary\n").expect("written");
    says(&daemon, "the changed `sealing_key_file` cannot be used: ").await;
    fs::write(&file, format!("{ONE_KEY}\n{OTHER_KEY}\n")).expect("written");
    says(&daemon, "`sealing_key_file` has changed; it opens sealed values from now on").await;
    let next = site.commit("Say more", &[(&path(&name), &union(&name).replace("The ", "Our "))]);
    daemon.union_is(&name, "current", Some(&next)).await;
    let (_, page) = daemon.get("/api/v1/diagnostics?limit=500").await.expect("an answer");
    assert!(!page.to_string().contains("unheld-recipient"), "{page}");
    assert!(!daemon.log().contains("canary") && !daemon.log().contains(ONE_KEY));
    assert_eq!(daemon.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_certificate_is_shown_once_it_and_its_key_fit() {
    let site = Site::new("certificate").await;
    let [cert, key] = ["crt", "key"].map(|kind| site.repo.path().with_extension(kind));
    let renew = || {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        fs::write(&cert, made.cert.pem()).expect("written");
        fs::write(&key, made.signing_key.serialize_pem()).expect("written");
        reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).expect("a certificate")
    };
    let first = renew();
    let [cert_file, key_file] = [&cert, &key].map(|path| path.to_str().expect("a path of ours"));
    let flags = ["--tls-cert-file", cert_file, "--tls-key-file", key_file];
    let daemon = Daemon::start_with(&site.told(), &flags);
    let is_believed = async |certificate: &reqwest::Certificate| {
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([certificate.clone()]);
        let asked = client.build().expect("a client").get(format!("{}/health/live", daemon.url));
        asked.send().await.is_ok()
    };
    assert!(daemon.url.starts_with("https://") && is_believed(&first).await);

    fs::write(&key, "nonsense").expect("written");
    says(&daemon, "the changed `tls_cert_file` cannot be used: failed to read the key from ").await;
    assert!(is_believed(&first).await);
    let second = renew();
    says(&daemon, "`tls_cert_file` has changed; new connections are shown it").await;
    assert!(is_believed(&second).await && !is_believed(&first).await);
    assert_eq!(daemon.terminate(), Some(0));
}
