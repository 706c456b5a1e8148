//! Commits that nobody vouches for, before the whole daemon.

use super::approval::{chess, finding, line, now, society};
use crate::support::daemon::Daemon;
use crate::support::signer::SshKey;
use crate::support::site::Site;
use crate::{KEYFORGE, path, union};

/// Op may sign for everything, Ana for the unions.
struct Keys {
    op: SshKey,
    ana: SshKey,
}

impl Keys {
    fn new(site: &Site) -> Self {
        let home = site.repo.path().parent().expect("a folder").to_owned();
        let key = |name: &str| SshKey::new(&home, name, &["ed25519"]);
        Self { op: key("op"), ana: key("ana") }
    }

    /// `keyforge.yaml` that asks for signatures.
    fn keyforge(&self) -> String {
        let (op, ana) = (self.op.line("op@federation.example"), self.ana.line("ana@federation.example"));
        format!(
            "{KEYFORGE}  signatures:\n    allowedSigners: |\n      {op}      {ana}    paths:\n      \
             - {{path: keyforge.yaml, signers: [op@federation.example]}}\n"
        )
    }

    /// The file that says so outside of Git.
    fn file(&self, site: &Site) -> String {
        let path = site.repo.path().parent().expect("a folder").join("trusted_signers");
        std::fs::write(&path, self.op.line("op@federation.example")).expect("a written file");
        path.to_str().expect("a path of ours").to_owned()
    }
}

fn why(found: &serde_json::Value) -> &str {
    found["reason"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsigned_commit_holds_its_union_until_somebody_vouches_for_it() {
    let site = Site::new("unsigned").await;
    let keys = Keys::new(&site);
    let file = keys.file(&site);
    let trusted = ["--trusted-signers-file", file.as_str()];
    let (acme, north) = (site.union("acme"), site.union("north"));
    site.repo
        .change()
        .file("keyforge.yaml", keys.keyforge())
        .file(&path(&acme), union(&acme))
        .file(&path(&north), union(&north))
        .push_signed("Found two unions", keys.op.sign());
    let daemon = Daemon::start_with(&site.told(), &trusted);
    daemon.union_is(&acme, "current", None).await;
    daemon.union_is(&north, "current", None).await;

    let unsigned = site.commit("Rename it", &[(&path(&acme), &union(&acme).replace("The ", "Our "))]);
    let held = daemon.union_is(&acme, "held", None).await;
    let name = format!("commit {} (\"Rename it\" by Ana Officer) is not signed", &unsigned[..12]);
    assert!(why(&held).contains(&name), "{held:#}");
    // Who asks before the push is told the same.
    let mut plan = std::process::Command::new(env!("CARGO_BIN_EXE_keyforge"));
    plan.env_clear().args(["plan", "--from", "main~1", "--to", "main", "--repo"]).arg(site.repo.path());
    let told = plan.args(trusted).output().expect("an end");
    let (told, code) = (String::from_utf8_lossy(&told.stdout).into_owned(), told.status.code());
    assert!(code == Some(1) && told.contains(&name) && told.contains("1 is held"), "{told}");

    // The other one goes on, and the hold outlives it and a restart.
    let renamed = union(&north).replace("The ", "Our ");
    let signed =
        site.repo.change().file(&path(&north), renamed).push_signed("Rename it too", keys.ana.sign());
    daemon.union_is(&north, "current", Some(&signed.to_string())).await;
    assert_eq!(daemon.terminate(), Some(0));
    let daemon = Daemon::start_with(&site.told(), &trusted);
    let more = union(&acme).replace("The ", "Their ");
    site.repo.change().file(&path(&acme), more).push_signed("Rename it again", keys.ana.sign());
    let held = daemon.union_is(&acme, "held", None).await;
    assert!(why(&held).contains(&name), "{held:#}");

    let approval = format!("Rename it, really\n\nKeyforge-Approve: {unsigned}\n");
    let approved = site.repo.change().push_signed(&approval, keys.ana.sign());
    daemon.union_is(&acme, "current", Some(&approved.to_string())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keyforge_yaml_is_signed_by_who_is_trusted_outside_of_git() {
    let site = Site::new("trusted").await;
    let keys = Keys::new(&site);
    let (file, acme) = (keys.file(&site), site.union("acme"));
    let keyforge = |more: &str| format!("{}{more}", keys.keyforge());
    site.repo
        .change()
        .file("keyforge.yaml", keyforge(""))
        .file(&path(&acme), union(&acme))
        .push_signed("Found a union", keys.op.sign());
    let daemon = Daemon::start_with(&site.told(), &["--trusted-signers-file", &file]);
    daemon.union_is(&acme, "current", None).await;

    let more = keyforge("  guards: {membersRemovedPercent: 20}\n");
    site.repo.change().file("keyforge.yaml", &more).push_signed("Ask for more", keys.ana.sign());
    let held = daemon.union_is(&acme, "held", None).await;
    assert!(
        why(&held).starts_with("keyforge.yaml: commit ") && why(&held).contains("Ask for more"),
        "{held:#}"
    );
    site.repo.change().file("keyforge.yaml", keyforge("")).push("Take it back");
    daemon.union_is(&acme, "current", None).await;

    let broken = "op@federation.example ssh-ed25519\n";
    std::fs::write(&file, broken).expect("a written file");
    let refused = Daemon::command(&site.told(), &["--trusted-signers-file", &file]).output().expect("an end");
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(
        told.contains("line 1: no public key, such as `ssh-ed25519 AAAA…`, follows `ssh-ed25519`"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_approval_lets_nothing_through() {
    let site = Site::new("forged").await;
    let keys = Keys::new(&site);
    let (file, acme) = (keys.file(&site), site.union("acme"));
    site.repo
        .change()
        .file("keyforge.yaml", keys.keyforge())
        .file(&path(&acme), union(&acme))
        .file(&chess(&acme), society(&["ana", "b", "c", "d"]))
        .push_signed("Found a union", keys.op.sign());
    let daemon = Daemon::start_with(&site.told(), &["--trusted-signers-file", &file]);
    daemon.union_is(&acme, "current", None).await;
    let handover = site.repo.change().file(&chess(&acme), society(&["ana", "b"]));
    handover.push_signed("Handover", keys.ana.sign());
    let approval = line(&daemon, &acme).await;

    // In the name of who may, by nobody, by a key that nobody knows, and with a signature of something else.
    let stranger = SshKey::new(site.repo.path().parent().expect("a folder"), "stranger", &["ed25519"]);
    let of_another = |_: &[u8]| keys.op.sign()(b"tree of another commit");
    let approval_by_op = || site.repo.change().by("op@federation.example", now());
    let subject = |what: &str| format!("{what}\n\n{approval}");
    let refused = async |what: &str| {
        finding(
            &daemon,
            "refused-approval",
            &format!("(\"{what}\" by Ana Officer) does not count, since it "),
        )
        .await;
        assert_eq!(line(&daemon, &acme).await, approval, "{what}");
    };
    approval_by_op().push(&subject("Unsigned"));
    refused("Unsigned").await;
    approval_by_op().push_signed(&subject("By a stranger"), stranger.sign());
    refused("By a stranger").await;
    approval_by_op().push_signed(&subject("Pasted"), of_another);
    refused("Pasted").await;

    let approved = approval_by_op().push_signed(&subject("Really"), keys.op.sign());
    daemon.union_is(&acme, "current", Some(&approved.to_string())).await;
}
