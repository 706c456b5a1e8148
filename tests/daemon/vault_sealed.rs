//! Sealed values on their way from Git into a vault: the one that is meant for its place arrives, and a newer one after it;
//! one that is meant for another place does not, and an older one waits.

use chrono::{DateTime, Utc};
use keyforge::redacted::Redacted;
use keyforge::seal::{Opener, seal};
use serde_json::Value;

use super::support::daemon::Daemon;
use super::support::house::House;
use super::support::person::Person;
use super::support::site::Site;
use super::{KEYFORGE, path, union};

const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/sealing.key");

/// A password with a value that was sealed for a place then.
fn password(name: &str, value: &str, place: &str, at: DateTime<Utc>) -> String {
    let keys = std::fs::read_to_string(KEY).expect("it is there");
    let recipients = Opener::parse(&keys).expect("a key").recipients();
    let place = place.parse().expect("a place");
    let sealed = seal(Redacted::new(value.to_owned()), &place, at, &recipients).expect("it is sealed");
    let lines: String = sealed.as_str().lines().map(|line| format!("        {line}\n")).collect();
    format!("    - name: {name}\n      sealed: |\n{lines}")
}

/// The society once it has such a finding, and its password `bank` is of that time.
async fn is(daemon: &Daemon, union: &str, finding: &str, at: DateTime<Utc>) -> Value {
    let path = format!("/api/v1/unions/{union}/societies/chess");
    daemon
        .until(&format!("`bank` is of {at}, and: {finding}"), || async {
            let (_, society) = daemon.get(&path).await?;
            let findings = society["findings"].as_array()?;
            let told = finding.is_empty()
                || findings.iter().any(|text| text.as_str().is_some_and(|text| text.contains(finding)));
            let bank = society["items"].as_array()?.iter().find(|item| item["name"] == "bank")?;
            let changed: DateTime<Utc> = bank["changedAt"].as_str()?.parse().ok()?;
            (told && changed == at && society["state"] == "current").then_some(society)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_value_arrives_where_it_is_meant_for_and_an_older_one_waits() {
    let (gate, site) = Site::new("vaultsealed").await.behind_a_gate().await;
    let mut house = House::built(&site, &gate, "acme").await;
    let (name, society) = (house.union.clone(), format!("unions/{}/societies/chess.yaml", house.union));
    let bank = format!("{name}/chess/bank#value");
    let [first, second] =
        ["2026-11-01T12:00:00Z", "2026-11-20T12:00:00Z"].map(|text| text.parse().expect("a time"));
    let document = |confirm: &str, bank: &str, mail: &str| {
        format!(
            "apiVersion: keyforge.dev/v1\nkind: Society\nmetadata: {{name: chess}}\nspec:\n  displayName: Chess Society\n  \
             members:\n    - {{email: magnus@acme.example, role: owner{confirm}}}\n  passwords:\n{bank}{mail}"
        )
    };
    let old = password("bank", "hunter2", &bank, first);
    let mail = password("mail", "of the bank", &bank, first);
    let declared = union(&name);
    site.commit(
        "Found a union",
        &[("keyforge.yaml", KEYFORGE), (&path(&name), &declared), (&society, &document("", &old, &mail))],
    );
    let daemon = Daemon::start_with(&site.told(), &["--reach", "pod", "--sealing-key-file", KEY]);
    house.open(&site, &daemon, &[]).await;
    let elsewhere = format!("the sealed `value` of `{name}/chess/mail` does not open");
    let found = is(&daemon, &name, &elsewhere, first).await;
    assert_eq!(found["passwords"], 1, "what does not open is not made: {found:#}");

    // Whoever reads it has the value of the newer one, also after the older one came back.
    let magnus = Person::register(house.server(), "magnus@acme.example").await;
    let confirm = format!(", confirm: {{fingerprint: {}}}", magnus.phrase().as_str());
    let newer = password("bank", "hunter3", &bank, second);
    site.commit("Seal a newer value", &[(&society, &document(&confirm, &newer, ""))]);
    is(&daemon, &name, "", second).await;
    site.commit("Go back", &[(&society, &document(&confirm, &old, ""))]);
    is(&daemon, &name, &format!("the sealed `value` of `{name}/chess/bank` is older"), second).await;
    assert_eq!(magnus.reads().await, "hunter3");
    for secret in ["hunter2", "hunter3", "of the bank"] {
        assert!(!daemon.log().contains(secret) && !site.dump().contains(secret), "a value is told");
    }
}
