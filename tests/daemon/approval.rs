//! What destroys waits for a person, and only that: through the daemon, from a commit to what its API says.

use keyforge::digest::Digest;
use serde_json::Value;

use super::support::daemon::Daemon;
use super::support::site::Site;
use super::{KEYFORGE, path, union};

const BO: &str = "bo@acme.example";

pub(super) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("in this century")
}

/// A society with these people; the first one owns it.
pub(super) fn society(people: &[&str]) -> String {
    let role = |at: usize| if at == 0 { "owner" } else { "member" };
    let member =
        |(at, name): (usize, &&str)| format!("    - {{email: {name}@acme.example, role: {}}}\n", role(at));
    let members: String = people.iter().enumerate().map(member).collect();
    format!(
        "apiVersion: keyforge.dev/v1\nkind: Society\nmetadata:\n  name: chess\nspec:\n  displayName: Chess\n  \
         members:\n{members}"
    )
}

pub(super) fn chess(union: &str) -> String {
    format!("unions/{union}/societies/chess.yaml")
}

/// A union with a society of four, rolled out by a policy with these guards.
async fn founded(site: &Site, guards: &str) -> (Daemon, String) {
    let name = site.union("acme");
    let keyforge = format!("{KEYFORGE}  guards: {guards}\n");
    let people = society(&["ana", "b", "c", "d"]);
    let files = [("keyforge.yaml", &*keyforge), (&path(&name), &union(&name)), (&chess(&name), &people)];
    site.commit("Found the union", &files);
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&name, "current", None).await;
    (daemon, name)
}

/// An empty commit by somebody now, with this line at its end.
pub(super) fn approve(site: &Site, who: &str, line: &str) -> String {
    site.repo.change().by(who, now()).push(&format!("Approve\n\n{line}")).to_string()
}

/// The only guard that waits in a union: its approving line.
pub(super) async fn line(daemon: &Daemon, union: &str) -> String {
    let waiting = daemon.union_is(union, "awaiting-approval", None).await;
    let [guard] = waiting["guards"].as_array().map(Vec::as_slice).unwrap_or_default() else {
        panic!("one guard waits: {waiting:#}")
    };
    guard["approve"].as_str().expect("a line").to_owned()
}

/// Waits for a finding of a code whose message has this text.
pub(super) async fn finding(daemon: &Daemon, code: &str, text: &str) -> Value {
    let look = || async {
        let (_, page) = daemon.get("/api/v1/diagnostics?limit=500").await?;
        let items = page["items"].as_array()?.clone();
        items.into_iter().find(|item| {
            item["code"] == code && item["message"].as_str().is_some_and(|message| message.contains(text))
        })
    };
    daemon.until(&format!("a finding {code}: {text}"), look).await
}

async fn members(daemon: &Daemon, union: &str, number: u64) {
    let is = || async { (daemon.union(union).await?["members"] == number).then_some(()) };
    daemon.until(&format!("union `{union}` has {number} members"), is).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_members_wait_while_an_addition_of_the_same_commit_goes_on() {
    let site = Site::new("appr").await;
    let (daemon, name) = founded(&site, "{approval: {secondPerson: true}}").await;
    site.commit("Handover", &[(&chess(&name), &society(&["ana", "b", "new"]))]);
    let approval = line(&daemon, &name).await;
    members(&daemon, &name, 5).await;
    let waiting = daemon.union(&name).await.expect("known");
    assert_eq!(waiting["guards"][0]["guard"], "member-removed");
    assert_eq!(waiting["guards"][0]["changes"][0], "remove `c@acme.example` from society `chess`");
    let told = finding(&daemon, "awaiting-approval", "2 of 4 members of society `chess`").await;
    assert!(told["hint"].as_str().is_some_and(|hint| hint.contains(&approval)), "{told:#}");

    // By an author of the change, by a digest of something else: both are told, neither counts.
    approve(&site, "ana@acme.example", &approval);
    finding(&daemon, "refused-approval", "is by `ana@acme.example`, who stands behind what it approves")
        .await;
    approve(&site, BO, &format!("Keyforge-Approve: {}", Digest::of("something else")));
    finding(&daemon, "refused-approval", "approves a change of which nothing waits").await;
    assert_eq!(line(&daemon, &name).await, approval);

    let revision = approve(&site, BO, &approval);
    daemon.union_is(&name, "current", Some(&revision)).await;
    members(&daemon, &name, 3).await;
    let audited: Vec<(String, Value)> = audit(&site).await;
    let words: Vec<&str> = audited.iter().map(|(what, _)| what.as_str()).collect();
    assert_eq!(words, ["change-held-back", "change-approved"]);
    assert_eq!(audited[1].1["commit"], revision.as_str(), "which says who");

    // The same again: what was approved once is not approved for ever.
    site.commit("They are back", &[(&chess(&name), &society(&["ana", "b", "c", "d", "new"]))]);
    members(&daemon, &name, 5).await;
    site.commit("And gone", &[(&chess(&name), &society(&["ana", "b", "new"]))]);
    assert_eq!(line(&daemon, &name).await, approval, "the same change has the same digest");
    members(&daemon, &name, 5).await;
}

async fn audit(site: &Site) -> Vec<(String, Value)> {
    sqlx::query_as("select what, detail from audit where what like 'change-%' order by audit_id")
        .fetch_all(&mut site.database.connection().await)
        .await
        .expect("read")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_does_not_reach_what_comes_after_it() {
    let site = Site::new("stale").await;
    let (daemon, name) = founded(&site, "{}").await;
    site.commit("Two leave", &[(&chess(&name), &society(&["ana", "b"]))]);
    let approval = line(&daemon, &name).await;

    // Approved long ago, as the commit claims.
    site.repo.change().by(BO, now() - 8 * 24 * 3600).push(&format!("Approve\n\n{approval}"));
    finding(&daemon, "refused-approval", "is more than 7 days old").await;

    // Approved, and changed again before anybody has looked.
    let approved = site.repo.change().by(BO, now()).commit(&format!("Approve\n\n{approval}"));
    let changed = society(&["ana", "b", "new"]);
    site.repo.after(approved).file(&chess(&name), changed).by("ana@acme.example", now()).push("One comes");
    finding(&daemon, "refused-approval", "does not come after commit").await;
    members(&daemon, &name, 5).await;
    let revision = approve(&site, BO, &approval);
    daemon.union_is(&name, "current", Some(&revision)).await;

    site.commit("All leave", &[(&chess(&name), &society(&["ana"]))]);
    let other = line(&daemon, &name).await;
    assert_ne!(other, approval);
    let change =
        site.repo.change().file(&chess(&name), society(&["ana", "late"])).by("ana@acme.example", now());
    change.push(&format!("Change and approve\n\n{other}"));
    finding(&daemon, "refused-approval", "makes the change itself").await;
    assert_eq!(line(&daemon, &name).await, other);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_commits_do_not_evade_a_budget() {
    let site = Site::new("steps").await;
    let (daemon, name) = founded(&site, "{}").await;
    site.commit("One leaves", &[(&chess(&name), &society(&["ana", "b", "c"]))]);
    members(&daemon, &name, 3).await;
    site.commit("Another one", &[(&chess(&name), &society(&["ana", "b"]))]);
    line(&daemon, &name).await;
    members(&daemon, &name, 3).await;
    let revision = site.commit("Not meant", &[(&chess(&name), &society(&["ana", "b", "c"]))]);
    daemon.union_is(&name, "current", Some(&revision)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_not_loosened_by_who_uses_it() {
    let site = Site::new("loose").await;
    let (daemon, name) = founded(&site, "{}").await;
    let keyforge = format!("{KEYFORGE}  guards: {{membersRemovedPercent: 100}}\n");
    let people = society(&["ana"]);
    site.commit("Loosen and use", &[("keyforge.yaml", &keyforge), (&chess(&name), &people)]);
    line(&daemon, &name).await;
    members(&daemon, &name, 4).await;
    let told = finding(&daemon, "awaiting-approval", "`keyforge.yaml` would allow more").await;
    assert!(
        told["message"].as_str().is_some_and(
            |message| message.contains("change `spec.guards.membersRemovedPercent` from `25` to `100`")
        ),
        "{told:#}"
    );

    // Both at once, by the digest of all that waits.
    let all = finding(&daemon, "awaiting-approval", "2 guards of the revision").await;
    let all = all["hint"].as_str().and_then(|hint| hint.split('`').nth(1)).expect("a line").to_owned();
    let revision = approve(&site, BO, &all);
    daemon.union_is(&name, "current", Some(&revision)).await;
    members(&daemon, &name, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_union_is_removed_by_approval_only() {
    let site = Site::new("last").await;
    let (daemon, name) = founded(&site, "{}").await;
    site.remove("Dissolve everything", &[&name]);
    let approval = line(&daemon, &name).await;
    assert!(site.object("deployment", &name, "vaultwarden").is_some());
    approve(&site, BO, &approval);
    daemon.union_is(&name, "tombstone", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_union_comes_and_goes_with_its_data() {
    let site = Site::new("again").await;
    let (leaves, stays) = (site.union("leaves"), site.union("stays"));
    let files =
        [("keyforge.yaml", KEYFORGE), (&path(&leaves), &union(&leaves)), (&path(&stays), &union(&stays))];
    site.commit("Found two unions", &files);
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&leaves, "current", None).await;
    let volume = site.uid("pvc", &leaves, "vaultwarden-data");
    for _ in 0..2 {
        site.remove("Dissolve it", &[&leaves]);
        daemon.union_is(&leaves, "tombstone", None).await;
        site.commit("Found it again", &[(&path(&leaves), &union(&leaves))]);
        daemon.union_is(&leaves, "current", None).await;
    }
    assert_eq!(site.uid("pvc", &leaves, "vaultwarden-data"), volume);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_union_that_is_founded_again_while_it_is_deleted_begins_anew() {
    let site = Site::new("anew").await;
    let (leaves, stays) = (site.union("leaves"), site.union("stays"));
    let doomed = format!("{}  deletion: {{policy: delete}}\n", union(&leaves));
    site.commit(
        "Found two unions",
        &[("keyforge.yaml", KEYFORGE), (&path(&leaves), &doomed), (&path(&stays), &union(&stays))],
    );
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&leaves, "current", None).await;
    let namespace = format!("union-{leaves}");
    let uid = || {
        let found = site.kubectl(&[
            "get",
            "namespace",
            &namespace,
            "--ignore-not-found",
            "-o",
            "jsonpath={.metadata.uid}",
        ]);
        (!found.is_empty()).then_some(found)
    };
    let old = uid().expect("it is there");

    // A finalizer keeps the namespace on its way out, as slow volumes do.
    site.kubectl(&["-n", &namespace, "create", "configmap", "slow"]);
    let finalizer = |value: &str| {
        let patch = format!("{{\"metadata\":{{\"finalizers\":{value}}}}}");
        site.kubectl(&["-n", &namespace, "patch", "configmap", "slow", "--type=merge", "-p", &patch]);
    };
    finalizer("[\"tests.keyforge.dev/slow\"]");
    site.remove("Dissolve it", &[&leaves]);
    let terminating = || async {
        let found = site.kubectl(&["get", "namespace", &namespace, "-o", "jsonpath={.status.phase}"]);
        (found == "Terminating").then_some(())
    };
    daemon.until("the namespace is on its way out", terminating).await;
    site.commit("Found it again", &[(&path(&leaves), &union(&leaves))]);
    daemon.union_is(&leaves, "in-progress", None).await;
    finalizer("null");
    daemon.union_is(&leaves, "current", None).await;
    assert_ne!(uid(), Some(old), "another namespace");
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_limits_judge_every_union_from_the_next_revision_on() {
    let site = Site::new("limits").await;
    let name = site.union("acme");
    let keyforge = |hosts: &str| format!("{KEYFORGE}  limits: {{domains: {{{name}: [{hosts}]}}}}\n");
    let own = format!("{name}.localhost");
    site.commit("Found the union", &[("keyforge.yaml", &keyforge(&own)), (&path(&name), &union(&name))]);
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&name, "current", None).await;

    // Tightened: the revision that does it is judged by what was before, the next one by it, without a word of the union.
    let tightened = site.commit("A deeper host", &[("keyforge.yaml", &keyforge(&format!("deeper.{own}")))]);
    let is_read = || async {
        let (_, body) = daemon.get("/health").await?;
        body["source"]["revision"].as_str()?.ends_with(&tightened).then_some(())
    };
    daemon.until("the tightened limits are accepted", is_read).await;
    assert_eq!(daemon.union(&name).await.expect("known")["state"], "current");
    site.commit("A word to the reader", &[("README.md", "Ours.\n")]);
    let held = daemon.union_is(&name, "held", None).await;
    assert!(held["reason"].as_str().is_some_and(|why| why.contains("deeper.")), "{held:#}");

    // Loosened: that waits for an approval, and holds from the revision after it.
    site.commit("Its host again", &[("keyforge.yaml", &keyforge(&own))]);
    let waits = finding(&daemon, "awaiting-approval", "limits").await;
    let hint = waits["hint"].as_str().expect("a hint");
    let line = hint.split('`').find(|text| text.starts_with("Keyforge-Approve: ")).expect("a line");
    approve(&site, BO, line);
    let approved =
        || async { audit(&site).await.iter().any(|(what, _)| what == "change-approved").then_some(()) };
    daemon.until("the loosened limits are approved", approved).await;
    assert_eq!(daemon.union(&name).await.expect("known")["state"], "held");
    let revision = site.commit("Another word", &[("README.md", "Yours.\n")]);
    daemon.union_is(&name, "current", Some(&revision)).await;
}
