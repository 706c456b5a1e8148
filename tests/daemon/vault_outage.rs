//! Servers of unions on bad days, several at once under one daemon: each union says what is wrong and who has to act, the
//! others go on, and what was pushed meanwhile is there once the day is over.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::support::daemon::Daemon;
use super::support::door::Door;
use super::support::gate::{Gate, Side};
use super::support::house::{House, Inside, kept};
use super::support::person::Person;
use super::support::porter::{Manner, Trap};
use super::support::postgres::Database;
use super::support::site::Site;
use super::support::standin::http;
use super::vault::{chess, settled};
use super::{KEYFORGE, path, union};

/// A place with a daemon that looks at each vault all the time, and no union yet.
async fn place(name: &str) -> (Site, Gate, Daemon) {
    let (gate, site) = Site::new(name).await.behind_a_gate().await;
    site.commit("No union yet", &[("keyforge.yaml", KEYFORGE)]);
    let daemon =
        Daemon::start_with(&site.told(), &["--reach", "pod", "--workers", "32", "--resync-interval", "1s"]);
    (site, gate, daemon)
}

/// Commits all of these unions, each with the society whose password has this number.
fn commit(site: &Site, houses: &[&House], rotation: u32) {
    let documents: Vec<(String, String)> = houses
        .iter()
        .flat_map(|House { union: name, .. }| {
            [(path(name), union(name)), (format!("unions/{name}/societies/chess.yaml"), chess(rotation))]
        })
        .collect();
    let files: Vec<(&str, &str)> =
        documents.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    site.commit("Declare unions", &files);
}

/// Waits until a union is in this state, for a reason with these words.
async fn says(daemon: &Daemon, house: &House, state: &str, words: &str) -> Value {
    let what = format!("`{}` is {state}: {words}", house.union);
    daemon
        .until(&what, || async {
            let union = daemon.union(&house.union).await?;
            let is_so = union["state"] == state && union["reason"].as_str()?.contains(words);
            is_so.then_some(union)
        })
        .await
}

/// Waits until nothing can be done for the society, with a finding of these words.
async fn blocked(daemon: &Daemon, house: &House, words: &str) {
    let path = format!("/api/v1/unions/{}/societies/chess", house.union);
    daemon
        .until(&format!("nothing is done for `{}`: {words}", house.union), || async {
            let (_, society) = daemon.get(&path).await?;
            let findings = society["findings"].as_array()?;
            let told =
                findings.iter().any(|finding| finding.as_str().is_some_and(|text| text.contains(words)));
            (told && society["state"] == "blocked").then_some(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_do_not_answer_are_told_and_gone_on_with_and_no_other_waits_for_them() {
    let (site, gate, daemon) = place("vaultaway").await;
    let mut houses = Vec::new();
    for name in ["sound", "away", "silent", "broken", "limited", "nodb"] {
        houses.push(House::built(&site, &gate, name).await);
    }
    let [mut sound, mut away, mut silent, mut broken, mut limited, mut nodb] =
        <[House; 6]>::try_from(houses).ok().expect("as many");
    commit(&site, &[&sound, &away, &silent, &broken, &limited, &nodb], 1);
    for house in [&mut sound, &mut away, &mut silent, &mut broken, &mut limited] {
        house.open(&site, &daemon, &[]).await;
    }
    let database = Database::empty().await;
    let door = Door::to(&database.url).await;
    door.open();
    nodb.open(&site, &daemon, &[("DATABASE_URL", &door.url), ("DATABASE_TIMEOUT", "1")]).await;
    for house in [&sound, &away, &silent, &broken, &limited, &nodb] {
        settled(&daemon, &house.union, 1).await;
    }

    away.porter.is(Manner::Away);
    silent.porter.is(Manner::Silent);
    broken.porter.is(Manner::Answers(StatusCode::INTERNAL_SERVER_ERROR));
    limited.porter.is(Manner::Answers(StatusCode::TOO_MANY_REQUESTS));
    door.shut();
    commit(&site, &[&sound, &away, &silent, &broken, &limited, &nodb], 2);
    settled(&daemon, &sound.union, 2).await;
    for (house, words, health) in [
        (&away, "VaultWarden is not reachable", "failed"),
        (&broken, "VaultWarden answers with status 500", "failed"),
        (&limited, "VaultWarden limits", "current"),
        (&nodb, "VaultWarden does not reach its database", "failed"),
        (&silent, "no answer within 8 s", "failed"),
    ] {
        // It may have been looked at between the push and its rollout.
        let applied = || async {
            let told = daemon.union(&house.union).await?;
            let says = told["reason"].as_str().is_some_and(|why| why.contains(words));
            let is_applied = told["appliedRevision"] == told["desiredRevision"];
            (says && is_applied && told["state"] == "in-progress").then_some(told)
        };
        let told = daemon.until(&format!("`{}` is applied and says: {words}", house.union), applied).await;
        assert_eq!(told["health"], health, "{told:#}");
    }

    for house in [&away, &silent, &broken, &limited] {
        house.porter.is(Manner::Open);
    }
    door.open();
    commit(&site, &[&sound, &away, &silent, &broken, &limited, &nodb], 3);
    for house in [&sound, &away, &silent, &broken, &limited, &nodb] {
        settled(&daemon, &house.union, 3).await;
        let union = daemon.union_is(&house.union, "current", None).await;
        assert_eq!((&union["health"], &union["reason"]), (&json!("current"), &Value::Null), "{union:#}");
    }
    let expected = sound.inside(&site).await;
    for house in [&away, &silent, &broken, &limited, &nodb] {
        assert_eq!(house.inside(&site).await, expected, "{}", house.union);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_done_in_time_inside_of_a_vault_says_nothing_against_its_server() {
    let (site, gate, daemon) = place("vaultlate").await;
    let house = House::built(&site, &gate, "acme").await;
    house.porter.is(Manner::Answers(StatusCode::TOO_MANY_REQUESTS));
    commit(&site, &[&house], 1);
    says(&daemon, &house, "in-progress", "VaultWarden limits").await;
    // Its ten minutes are over; the test does not wait for them, nor for the next time that the server may be asked.
    let mut connection = site.database.connection().await;
    let over = sqlx::query("update deployment set deadline_at = clock_timestamp() where outcome is null");
    over.execute(&mut connection).await.expect("the deployments");
    let failed = || async {
        let now = "update work set due_at = clock_timestamp(), turn_at = clock_timestamp() where due_at is not null";
        sqlx::query(now).execute(&mut site.database.connection().await).await.expect("the table of work");
        let told = daemon.union(&house.union).await?;
        let words = "its societies are not as declared after 10 minutes: ";
        let is_so = told["state"] == "failed" && told["reason"].as_str()?.starts_with(words);
        is_so.then_some(told)
    };
    let told = daemon.until("what is inside is told to be late", failed).await;
    assert_eq!(told["health"], "current", "{told:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_do_to_a_server_or_in_it_ends_in_words_and_takes_nothing_from_them() {
    let (site, gate, daemon) = place("vaultedits").await;
    let mut houses = Vec::new();
    for name in ["version", "noadmin", "settings", "rekeyed", "gone", "demoted"] {
        houses.push(House::built(&site, &gate, name).await);
    }
    let [mut version, mut noadmin, mut settings, mut rekeyed, mut gone, mut demoted] =
        <[House; 6]>::try_from(houses).ok().expect("as many");
    commit(&site, &[&version, &noadmin, &settings, &rekeyed, &gone, &demoted], 1);
    version.porter.says("/api/version", "\"1.38.0\"");
    version.open(&site, &daemon, &[]).await;
    noadmin.open(&site, &daemon, &[("ADMIN_TOKEN", "")]).await;
    let overrides = tempfile::tempdir().expect("a folder").keep().join("config.json");
    std::fs::write(&overrides, "{\"signups_allowed\": true}").expect("a writable folder");
    let overrides = overrides.to_str().expect("text");
    settings.open(&site, &daemon, &[("CONFIG_FILE", overrides)]).await;
    for house in [&mut rekeyed, &mut gone, &mut demoted] {
        house.open(&site, &daemon, &[]).await;
    }
    says(&daemon, &version, "failed", "VaultWarden 1.38.0 is outside of the tested versions (1.37.x)").await;
    says(&daemon, &noadmin, "failed", "VaultWarden's admin interface is disabled").await;
    for house in [&settings, &rekeyed, &gone, &demoted] {
        settled(&daemon, &house.union, 1).await;
    }
    let union_of_settings = daemon.union(&settings.union).await.expect("an answer");
    let findings = union_of_settings["findings"].to_string();
    assert!(findings.contains("setting `SIGNUPS_ALLOWED`") && findings.contains("config.json"), "{findings}");

    // Whoever makes the tokens of a server anew logs out everybody, us too.
    let key = rekeyed.server().data().join("rsa_key.pem");
    std::fs::remove_file(key).expect("there is one");
    rekeyed.reopen(&site, &[("DOMAIN", "https://moved.localhost")]);

    // A person who is an owner takes our role; what they made stays theirs.
    let magnus = Person::register(demoted.server(), "magnus@acme.example").await;
    let confirm = format!("role: owner, confirm: {{fingerprint: {}}}", magnus.phrase().as_str());
    let confirmed = chess(1).replace("role: owner", &confirm);
    let society = format!("unions/{}/societies/chess.yaml", demoted.union);
    site.commit("Say who Magnus is", &[(&society, &confirmed)]);
    let is_owner = || async {
        let (_, society) = daemon.get(&format!("/api/v1/unions/{}/societies/chess", demoted.union)).await?;
        let people = society["people"].as_array()?;
        let found = people.iter().find(|person| person["email"] == magnus.address.as_str())?;
        (found["state"] == "confirmed" && society["state"] == "current").then_some(())
    };
    daemon.until("Magnus is let in", is_owner).await;
    let id = magnus.get("/api/accounts/profile").await["organizations"][0]["id"].clone();
    let users = format!("/api/organizations/{}/users", id.as_str().expect("an id"));
    let members = magnus.get(&users).await;
    let ours = kept(&site, &demoted.union, "account-address");
    let ours =
        members["data"].as_array().expect("a list").iter().find(|member| member["email"] == ours.as_str());
    let ours = format!("{users}/{}", ours.expect("we are in")["id"].as_str().expect("an id"));
    let role = |role: u8| json!({"type": role, "collections": [], "groups": [], "permissions": {}});
    magnus.send(Method::PUT, &ours, &role(2)).await;

    let token = kept(&site, &gone.union, "admin-token");
    let (_, cookie) = gone.server().log_in(&token).await;
    let societies = gone.get(&site, "/api/sync").await["profile"]["organizations"].clone();
    let delete = format!("/admin/organizations/{}/delete", societies[0]["id"].as_str().expect("an id"));
    let request = http().post(gone.server().url(&delete)).header("content-type", "application/json");
    let cookie = cookie.expect("a cookie");
    let deleted = request.header("cookie", cookie.split(';').next().expect("a pair")).send().await;
    assert!(deleted.expect("answers").status().is_success());

    commit(&site, &[&settings, &rekeyed, &gone], 2);
    site.commit("Rotate", &[(&society, &confirmed.replace("rotation: 1", "rotation: 2"))]);
    let rotated = format!("{}  rotation: {{adminToken: 2}}\n", union(&version.union));
    site.commit("Change a manifest", &[(&path(&version.union), &rotated)]);
    settled(&daemon, &settings.union, 2).await;
    settled(&daemon, &rekeyed.union, 2).await;
    blocked(&daemon, &gone, "is gone from its vault").await;
    blocked(&daemon, &demoted, "our account is no owner of society `chess` any more").await;
    let applied = || async {
        let secret = site.object("secret", &version.union, "vaultwarden")?;
        (secret["metadata"]["annotations"]["keyforge.dev/rotation"] == "2").then_some(())
    };
    daemon.until("manifests go on beside a version that nobody tried", applied).await;
    assert_eq!(version.porter.times(&Method::POST, "/admin"), 0, "nothing is done inside of it");
    assert_eq!(gone.inside(&site).await.societies, Vec::<String>::new(), "it is not founded anew");

    // What a person gave back is used; what was wrong is forgotten.
    magnus.send(Method::PUT, &ours, &role(0)).await;
    version.porter.says("/api/version", "\"1.37.2\"");
    noadmin.reopen(&site, &[]);
    commit(&site, &[&noadmin], 2);
    settled(&daemon, &noadmin.union, 2).await;
    let is_rotated = || async {
        let (_, society) = daemon.get(&format!("/api/v1/unions/{}/societies/chess", demoted.union)).await?;
        (society["state"] == "current" && society["items"][0]["rotation"] == 2).then_some(())
    };
    daemon.until("an owner again, we go on", is_rotated).await;
    assert_ne!(magnus.reads().await, "", "and so do people");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_or_a_restart_in_the_middle_makes_nothing_twice() {
    let (site, gate, daemon) = place("vaultcut").await;
    let mut whole = House::built(&site, &gate, "whole").await;
    let mut restarted = House::built(&site, &gate, "restarted").await;
    let mut cut = Vec::new();
    for (name, end) in [
        ("found", "/api/organizations"),
        ("collect", "/collections"),
        ("invite", "/users/invite"),
        ("create", "/api/ciphers/create"),
    ] {
        let house = House::built(&site, &gate, name).await;
        house.porter.stop_at(Trap::Path(end), Side::After);
        cut.push(house);
    }
    restarted.porter.stop_at(Trap::Path("/users/invite"), Side::Before);
    let all: Vec<&House> = cut.iter().chain([&whole, &restarted]).collect();
    commit(&site, &all, 1);
    for house in cut.iter_mut().chain([&mut whole, &mut restarted]) {
        house.open(&site, &daemon, &[]).await;
    }
    for house in cut.iter().chain([&restarted]) {
        let stopped = || async { house.porter.stopped_at() };
        daemon.until(&format!("the write of `{}` is reached", house.union), stopped).await;
    }
    restarted.reopen(&site, &[]);
    for house in cut.iter().chain([&restarted]) {
        house.porter.let_go();
    }
    settled(&daemon, &whole.union, 1).await;
    let expected = whole.inside(&site).await;
    for house in cut.iter().chain([&restarted]) {
        settled(&daemon, &house.union, 1).await;
        assert_eq!(house.inside(&site).await, expected, "{}", house.union);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_does_after_all_goes_again() {
    let (site, gate, daemon) = place("vaultlast").await;
    let mut house = House::built(&site, &gate, "acme").await;
    house.porter.hold(&["/api/organizations", "/collections", "/api/ciphers/create"]);
    commit(&site, &[&house], 1);
    house.open(&site, &daemon, &[]).await;
    let first = settled(&daemon, &house.union, 1).await;
    let expected = house.inside(&site).await;
    let answers = house.porter.hand_on_late().await;
    assert_eq!(answers.len(), 3, "{answers:?}");
    assert!(answers.iter().all(StatusCode::is_success), "{answers:?}");

    let binned = || async {
        let sync = house.get(&site, "/api/sync?excludeDomains=true").await;
        let items = sync["ciphers"].as_array()?.iter();
        let binned = items.filter(|item| !item["deletedDate"].is_null()).count();
        let Inside { societies, collections, items, .. } = house.inside(&site).await;
        let is_as_before = societies == expected.societies && collections == expected.collections;
        (is_as_before && (items, binned) == (expected.items + 1, 1)).then_some(())
    };
    commit(&site, &[&house], 2);
    daemon.until("nothing is there twice but in the bin", binned).await;
    let society = settled(&daemon, &house.union, 2).await;
    assert_eq!(society["findings"], first["findings"], "{society:#}");
}
