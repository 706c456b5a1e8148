//! The judgement over whole histories: which part is sound, and what is in the way of the others.

use git2::Oid;
use keyforge::git::Since;
use keyforge::signing::{Policy, Signers, Trust};

use crate::bench::{Bench, SshKey, id, policy, time};
use crate::openpgp::Gpg;

/// Ana signs for `acme`, Bo for `north`, Op for all, Eve for nothing.
struct Story {
    bench: Bench,
    ana: SshKey,
    bo: SshKey,
    op: SshKey,
    eve: SshKey,
    policy: Policy,
    root: Oid,
}

impl Story {
    fn new() -> Self {
        let bench = Bench::new();
        let [ana, bo, op, eve] = ["ana", "bo", "op", "eve"].map(|name| bench.ssh_key(name, &["ed25519"]));
        let keys = [("ana@acme.example", &ana), ("bo@north.example", &bo), ("op@federation.example", &op)];
        let list: String = keys.iter().map(|(address, key)| key.line(address)).collect();
        let policy = policy(
            &list,
            &[
                ("unions/acme/**", &["ana@acme.example", "op@federation.example"]),
                ("unions/north/**", &["bo@north.example", "op@federation.example"]),
                ("**", &["op@federation.example"]),
            ],
        );
        let draft = bench.after(&[]).write("keyforge.yaml", "k").union("acme", "a").union("north", "n");
        let root = draft.signed(op.sign());
        Self { bench, ana, bo, op, eve, policy, root }
    }

    fn trust(&self) -> Trust<'_> {
        Trust { root: None, policy: Some(&self.policy), oldest: None }
    }

    /// What is in the way from the root to `head`.
    async fn told(&self, head: Oid) -> String {
        self.bench.judge(self.trust(), Some(self.root), head).await
    }
}

const UNSIGNED: &str = "unsigned-commit: commit … (\"Change it\" by Ana Officer) is not signed";

#[tokio::test]
async fn each_part_needs_who_may_sign_for_it() {
    let story = Story::new();
    let change = || story.bench.after(&[story.root]).union("acme", "b");
    let both = || change().union("north", "m");
    assert_eq!(story.told(change().signed(story.ana.sign())).await, "unions/acme: sound\n");
    assert_eq!(story.told(change().unsigned()).await, format!("unions/acme: {UNSIGNED}\n"));
    let unknown = story.told(change().signed(story.eve.sign())).await;
    assert!(unknown.ends_with("which is not among the allowed signers\n"), "{unknown}");
    assert_eq!(
        story.told(both().signed(story.ana.sign())).await,
        "unions/acme: sound\nunions/north: untrusted-signature: commit … (\"Change it\" by Ana Officer) is signed by \
         ana@acme.example, who may not sign for `unions/north`; allowed are `bo@north.example`, \
         `op@federation.example`\n"
    );
    assert_eq!(story.told(both().signed(story.op.sign())).await, "unions/acme: sound\nunions/north: sound\n");
    let keyforge = story.told(change().write("keyforge.yaml", "l").signed(story.ana.sign())).await;
    assert!(keyforge.starts_with("keyforge.yaml: untrusted-signature"), "{keyforge}");
    let signed = change().signed(story.ana.sign());
    let unsigned = story.bench.after(&[signed]).union("north", "m").unsigned();
    assert_eq!(
        story.told(unsigned).await,
        format!("unions/acme: sound\nunions/north: {UNSIGNED}\n"),
        "others go on"
    );
}

#[tokio::test]
async fn every_commit_on_the_way_counts_not_only_the_last() {
    let story = Story::new();
    let unsigned = story.bench.after(&[story.root]).union("acme", "b").unsigned();
    let on_top = story.bench.after(&[unsigned]).union("acme", "c").signed(story.ana.sign());
    assert_eq!(story.told(on_top).await, format!("unions/acme: {UNSIGNED}\n"));
    let readme = story.bench.after(&[story.root]).write("README.md", "anybody's").unsigned();
    let signed = story.bench.after(&[readme]).union("acme", "b").signed(story.ana.sign());
    assert_eq!(story.told(signed).await, "unions/acme: sound\n", "what is not config needs nobody");
}

#[tokio::test]
async fn what_was_reverted_needs_nobody() {
    let story = Story::new();
    let unsigned = story.bench.after(&[story.root]).union("acme", "b").unsigned();
    let reverted = story.bench.after(&[unsigned]).union("acme", "a").unsigned();
    assert_eq!(story.told(reverted).await, "");
    let signed = story.bench.after(&[reverted]).union("acme", "c").signed(story.ana.sign());
    assert_eq!(story.told(signed).await, "unions/acme: sound\n");

    // The revert is on one line of history, what it reverted comes back on the other.
    let side = story.bench.after(&[unsigned]).write("README.md", "side").unsigned();
    let merge = story.bench.after(&[reverted, side]).union("acme", "b").unsigned();
    let told = story.told(merge).await;
    assert_eq!(told, format!("unions/acme: {UNSIGNED}; {UNSIGNED}\n"));
}

#[tokio::test]
async fn a_merge_is_judged_by_what_it_brings_in() {
    let story = Story::new();
    let bench = &story.bench;
    let main = bench.after(&[story.root]).union("acme", "b").signed(story.ana.sign());
    let side = bench.after(&[story.root]).union("north", "m").signed(story.bo.sign());
    let clean = bench.after(&[main, side]).union("north", "m").unsigned();
    assert_eq!(story.told(clean).await, "unions/acme: sound\nunions/north: sound\n");

    let unsigned = bench.after(&[story.root]).union("north", "m").unsigned();
    let brings_in = bench.after(&[main, unsigned]).union("north", "m").signed(story.ana.sign());
    assert_eq!(story.told(brings_in).await, format!("unions/acme: sound\nunions/north: {UNSIGNED}\n"));

    let evil = bench.after(&[main, side]).union("north", "m").union("acme", "evil").unsigned();
    assert_eq!(story.told(evil).await, format!("unions/acme: {UNSIGNED}\nunions/north: sound\n"));

    let conflict = bench.after(&[story.root]).union("acme", "c").signed(story.ana.sign());
    let resolved = || bench.after(&[main, conflict]).union("acme", "b and c");
    assert_eq!(story.told(resolved().signed(story.ana.sign())).await, "unions/acme: sound\n");
    assert_eq!(story.told(resolved().unsigned()).await, format!("unions/acme: {UNSIGNED}\n"));
}

#[tokio::test]
async fn a_merge_cannot_bring_an_old_state_back_unsigned() {
    let story = Story::new();
    let newer = story.bench.after(&[story.root]).union("acme", "b").signed(story.ana.sign());
    let newest = story.bench.after(&[newer]).union("acme", "c").signed(story.ana.sign());
    let merge = |old| story.bench.after(&[newest, old]).union("acme", "a");
    let told = story.bench.judge(story.trust(), Some(newest), merge(story.root).unsigned()).await;
    assert_eq!(told, format!("unions/acme: {UNSIGNED}\n"));
    let told =
        story.bench.judge(story.trust(), Some(newest), merge(story.root).signed(story.ana.sign())).await;
    assert_eq!(told, "unions/acme: sound\n");
}

#[tokio::test]
async fn a_held_commit_is_approved_by_a_person_who_may_sign_and_names_it() {
    let story = Story::new();
    let bench = &story.bench;
    let held = bench.after(&[story.root]).union("acme", "b").unsigned();
    let approve = |name: &str| bench.after(&[held]).message(&format!("Fine\n\nKeyforge-Approve: {name}\n"));
    let (full, short) = (held.to_string(), &held.to_string()[..12]);
    let refused = format!("unions/acme: {UNSIGNED}\n");
    assert_eq!(story.told(approve(&full).signed(story.ana.sign())).await, "unions/acme: sound\n");
    assert_eq!(story.told(approve(&full).signed(story.op.sign())).await, "unions/acme: sound\n");
    assert_eq!(story.told(approve(&full).unsigned()).await, refused);
    assert_eq!(story.told(approve(&full).signed(story.bo.sign())).await, refused);
    assert_eq!(story.told(approve(&full).signed(story.eve.sign())).await, refused);
    assert_eq!(story.told(approve(short).signed(story.ana.sign())).await, refused);
    assert_eq!(story.told(approve(&story.root.to_string()).signed(story.ana.sign())).await, refused);

    // An approval is of one commit: the same change in another one is not approved.
    let approval = approve(&full).signed(story.ana.sign());
    let reverted = bench.after(&[approval]).union("acme", "a").unsigned();
    let again = bench.after(&[reverted]).union("acme", "b").unsigned();
    assert_eq!(story.told(again).await, refused);
}

#[tokio::test]
async fn whose_key_vouches_for_each_commit_is_told() {
    let story = Story::new();
    let bench = &story.bench;
    let signed = bench.after(&[story.root]).union("acme", "b").signed(story.op.sign());
    let held = bench.after(&[signed]).union("acme", "c").unsigned();
    let message = format!("Fine\n\nKeyforge-Approve: {held}\n");
    let head = bench.after(&[held]).message(&message).signed(story.ana.sign());
    let found = bench.vouchers(story.trust(), story.root, head).await;
    let mut found: Vec<_> = found.iter().map(|by| (by.commit, by.name.as_str())).collect();
    found.sort_by_key(|(_, name)| *name);
    assert_eq!(found, [(id(held), "ana@acme.example"), (id(signed), "op@federation.example")]);
    let vouchers = bench.vouchers(Trust::default(), story.root, head).await;
    assert_eq!(vouchers, [], "nobody has to");
}

#[tokio::test]
async fn the_key_of_a_forge_signs_and_approves_nothing() {
    let story = Story::new();
    let gpg = Gpg::new(&story.bench);
    let key = gpg.key("noreply@github.com", "ed25519", "sign");
    let with_forge = policy(&(story.op.line("op@federation.example") + &gpg.public(&key)), &[]);
    let trust = Trust { root: None, policy: Some(&with_forge), oldest: None };
    let bench = &story.bench;
    let told = |head| bench.judge(trust, Some(story.root), head);
    let signed = bench.after(&[story.root]).union("acme", "b").signed(gpg.sign(&key));
    assert_eq!(told(signed).await, "unions/acme: sound\n");
    let held = bench.after(&[story.root]).union("acme", "b").unsigned();
    let approval =
        bench.after(&[held]).message(&format!("Merge\n\nKeyforge-Approve: {held}\n")).signed(gpg.sign(&key));
    assert_eq!(told(approval).await, format!("unions/acme: {UNSIGNED}\n"));
}

#[tokio::test]
async fn a_rewritten_branch_drops_nothing_unsigned() {
    let story = Story::new();
    let bench = &story.bench;
    let judged = bench.after(&[story.root]).union("acme", "b").signed(story.ana.sign());
    bench.history(judged, Since::default()).await;
    let told = |head| bench.judge(story.trust(), Some(judged), head);
    let dropped = "rewritten-history: the branch was rewritten: accepted changes of `unions/acme` up to commit … are not \
                   in it";

    assert_eq!(told(story.root).await, format!("unions/acme: {dropped}\n"));
    let other = bench.after(&[story.root]).union("north", "m").signed(story.bo.sign());
    assert_eq!(told(other).await, format!("unions/acme: {dropped}\nunions/north: sound\n"));
    let again = bench.after(&[other]).union("acme", "b").signed(story.ana.sign());
    let on_top = bench.after(&[again]).union("acme", "c").signed(story.ana.sign());
    assert_eq!(told(on_top).await, "unions/acme: sound\nunions/north: sound\n");
    let approve = bench.after(&[other]).message(&format!("Fine\n\nKeyforge-Approve: {judged}\n"));
    assert_eq!(told(approve.signed(story.ana.sign())).await, "unions/acme: sound\nunions/north: sound\n");
}

#[tokio::test]
async fn a_rewritten_branch_drops_nothing_also_while_something_waits() {
    let story = Story::new();
    let bench = &story.bench;
    // Signed and accepted but for what waits since the root: judged as a whole was only that.
    let accepted = bench.after(&[story.root]).union("acme", "b").signed(story.ana.sign());
    bench.history(accepted, Since::default()).await;
    let told = |head| bench.judge_after(story.trust(), Some(story.root), Some(accepted), head);
    let dropped = "rewritten-history: the branch was rewritten: accepted changes of `unions/acme` up to commit … are not \
                   in it";
    assert_eq!(told(story.root).await, format!("unions/acme: {dropped}\n"));
    let signed = bench.after(&[story.root]).union("acme", "c").signed(story.ana.sign());
    assert_eq!(told(signed).await, format!("unions/acme: {dropped}\n"), "beside it, not after it");
    let after = bench.after(&[accepted]).union("acme", "c").signed(story.ana.sign());
    assert_eq!(told(after).await, "unions/acme: sound\n");
}

#[tokio::test]
async fn a_key_that_has_run_out_signs_nothing_new_whatever_date_that_claims() {
    let story = Story::new();
    let bench = &story.bench;
    let list = story.ana.line("ana@acme.example valid-before=\"20260210Z\"");
    let policy = policy(&list, &[]);
    // The commit says that it is of February 1st.
    let backdated = bench.after(&[story.root]).union("acme", "b").signed(story.ana.sign());
    let after = |oldest: &str| Trust { root: None, policy: Some(&policy), oldest: Some(time(oldest)) };
    let judge = |oldest| bench.judge(after(oldest), Some(story.root), backdated);
    assert_eq!(judge("2026-02-05T00:00:00Z").await, "unions/acme: sound\n");
    let told = judge("2026-02-20T00:00:00Z").await;
    assert!(told.contains("which was valid only until 2026-02-10"), "{told}");
}

#[tokio::test]
async fn a_root_of_trust_outside_of_git_alone_signs_for_keyforge() {
    let story = Story::new();
    let (root, _) = Signers::read_file(&story.eve.line("eve@federation.example"));
    let change = || story.bench.after(&[story.root]).write("keyforge.yaml", "l").union("acme", "b");
    let trust = Trust { root: Some(&root), policy: Some(&story.policy), oldest: None };
    let told = story.bench.judge(trust, Some(story.root), change().signed(story.op.sign())).await;
    assert!(
        told.contains("which is not among the allowed signers") && told.ends_with("unions/acme: sound\n"),
        "{told}"
    );
    let told = story.bench.judge(trust, Some(story.root), change().signed(story.eve.sign())).await;
    assert_eq!(told, "keyforge.yaml: sound\nunions/acme: sound\n");

    // Where `keyforge.yaml` asks for no signatures, unions need none.
    let trust = Trust { root: Some(&root), policy: None, oldest: None };
    let told = story.bench.judge(trust, Some(story.root), change().unsigned()).await;
    assert_eq!(told, format!("keyforge.yaml: {UNSIGNED}\nunions/acme: sound\n"));
}

#[tokio::test]
async fn a_repository_with_an_unsigned_past_is_adopted_from_a_commit_on() {
    let story = Story::new();
    let bench = &story.bench;
    let past = bench.after(&[]).write("keyforge.yaml", "k").union("acme", "a").unsigned();
    let head = bench.after(&[past]).union("acme", "b").union("north", "n").signed(story.op.sign());
    let told = bench.judge(story.trust(), None, head).await;
    assert_eq!(told, format!("keyforge.yaml: {UNSIGNED}\nunions/acme: {UNSIGNED}\nunions/north: sound\n"));
    let mut history = bench.history(head, Since { exempt: Some(id(past)), ..Since::default() }).await;
    let told = bench.judge_history(&history, story.trust(), None, head);
    assert_eq!(told, "keyforge.yaml: sound\nunions/acme: sound\nunions/north: sound\n");

    history.is_cut = true;
    let told = bench.judge_history(&history, story.trust(), None, head);
    assert!(
        told.contains("unions/north: long-history: there are more commits than can be judged at once"),
        "{told}"
    );
}
