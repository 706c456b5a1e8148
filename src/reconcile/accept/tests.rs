//! What a revision becomes, one line per union; which approvals count.

use super::approvals::Grant;
use super::*;
use crate::diagnostic::Code;
use crate::digest::Digest;
use crate::signing::{Commit, History, Part, Person, Signature, Trailer, Trust, Voucher};
use crate::spec::{self, DeletionPolicy, Schemas, UnionTree};
use crate::store::{IndexedState, Loss, UsedApproval};

const KEYFORGE: &str = "apiVersion: keyforge.dev/v1\nkind: Keyforge\nmetadata:\n  name: federation\nspec:\n  defaults:\n    \
                        vaultwarden: {image: \"vaultwarden/server:1.37.2\"}\n";

fn name(text: &str) -> UnionName {
    text.parse().expect("a name")
}

fn tree(text: &str) -> ObjectId {
    let digest = Digest::of(text);
    <[u8; 20]>::try_from(&digest.as_bytes()[..20]).expect("20 bytes").into()
}

fn keyforge(schemas: &Schemas, more: &str) -> (Keyforge, ObjectId) {
    let text = format!("{KEYFORGE}{more}");
    let file = File { path: "keyforge.yaml".into(), blob: tree(&text), content: text.as_bytes().into() };
    (spec::load_keyforge(schemas, Some(&file)).0.expect("a sound keyforge.yaml"), file.blob)
}

/// A directory as it is in the new revision: these lines are its `spec`.
fn read_with(schemas: &Schemas, union: &str, lines: &str) -> (UnionName, Read) {
    let text = format!(
        "apiVersion: keyforge.dev/v1\nkind: Union\nmetadata:\n  name: {union}\nspec:\n  displayName: {union}\n  \
         contacts: [it@{union}.example]\n{lines}"
    );
    let path = format!("unions/{union}/union.yaml");
    let file = File { path, blob: tree(&text), content: text.as_bytes().into() };
    let directory = UnionTree { tree: tree(&text), files: Some(vec![file.clone()]), findings: Vec::new() };
    let (keyforge, _) = keyforge(schemas, "");
    let candidate = spec::load_union(schemas, &keyforge, &keyforge.policy(), union, &directory);
    (
        name(union),
        Read { tree: directory.tree, files: vec![file], candidate: Some(candidate), unselected: false },
    )
}

/// `domain` is its host, without one its document is broken.
fn read(schemas: &Schemas, union: &str, domain: Option<&str>) -> (UnionName, Read) {
    read_with(schemas, union, &domain.map_or_else(String::new, |host| format!("  domain: https://{host}\n")))
}

/// What was accepted before.
#[derive(Default)]
struct World {
    unions: BTreeMap<UnionName, IndexEntry>,
    documents: BTreeMap<UnionName, Union>,
    removals: BTreeSet<Removal>,
}

impl World {
    /// With a union that was accepted with this host.
    fn with(mut self, schemas: &Schemas, union: &str, host: &str, life: Life, waits: bool) -> Self {
        let (name, read) = read(schemas, union, Some(host));
        let candidate = read.candidate.expect("it was read");
        let accepted = IndexedState {
            revision: tree("before"),
            tree: read.tree,
            input: candidate.input,
            host: host.to_owned(),
        };
        let entry = IndexEntry {
            accepted: Some(accepted),
            is_orphan: false,
            life,
            waits,
            awaiting: Vec::new(),
            since: None,
        };
        self.unions.insert(name.clone(), entry);
        self.documents.insert(name, candidate.document.expect("a sound document"));
        self
    }

    fn deletes(mut self, union: &str) -> Self {
        let document = self.documents.get_mut(&name(union)).expect("known");
        document.spec.deletion.policy = DeletionPolicy::Delete;
        self
    }

    /// What a revision becomes with these approvals.
    fn decide(
        &self,
        schemas: &Schemas,
        unions: impl IntoIterator<Item = (UnionName, Read)>,
        diagnostics: Vec<Diagnostic>,
        approve: impl FnOnce(&Weighed) -> Judged,
    ) -> Accepted {
        let broken = diagnostics.iter().any(|found| found.span.path == "keyforge.yaml");
        let (keyforge, blob) = keyforge(schemas, "");
        let accepted = AcceptedKeyforge { keyforge, blob, awaiting: None };
        let mut revision = Revision {
            keyforge: (!broken).then(|| (accepted.keyforge.clone(), blob)),
            unions: unions.into_iter().collect(),
            diagnostics,
        };
        let before = Before {
            unions: &self.unions,
            documents: &self.documents,
            keyforge: Some(&accepted),
            policy: &accepted.keyforge.spec,
            missed: &[],
            removals: &self.removals,
            now: now(),
        };
        let weighed = weigh(&mut revision, &before);
        let judged = approve(&weighed);
        accept(revision, &before, &weighed, &judged)
    }

    /// The verdicts, one line each.
    fn verdicts(
        &self,
        schemas: &Schemas,
        unions: impl IntoIterator<Item = (UnionName, Read)>,
        diagnostics: &[Diagnostic],
    ) -> Vec<String> {
        lines(&self.decide(schemas, unions, diagnostics.to_vec(), |_| Judged::default()))
    }
}

fn lines(accepted: &Accepted) -> Vec<String> {
    let line = |verdict: &Verdict| {
        let decision = match &verdict.decision {
            Decision::Accepted(_) => "accepted".to_owned(),
            Decision::Held { why } => format!("held: {why}"),
            Decision::Unchanged => "unchanged".to_owned(),
            Decision::Removed(life) => format!("removed: {life:?}"),
        };
        let waits = guards::why(&verdict.awaiting).map(|why| format!(", waits: {why}")).unwrap_or_default();
        format!("{} {decision}{waits}", verdict.union)
    };
    accepted.verdicts.iter().map(line).collect()
}

fn now() -> DateTime<Utc> {
    "2026-11-24T12:00:00Z".parse().expect("a time")
}

#[test]
fn an_error_in_one_union_changes_no_other_verdict() {
    let schemas = Schemas::new();
    let world = World::default().with(&schemas, "acme", "a.example", Life::Running, false);
    let now = [
        read_with(&schemas, "acme", "  domain: https://a.example\n  storage: {size: 2Gi}\n"),
        read(&schemas, "broken", None),
        read(&schemas, "new", Some("n.example")),
    ];
    let expected = [
        "acme accepted",
        "broken held: unions/broken/union.yaml:5: `spec.domain` is missing",
        "new accepted",
    ];
    assert_eq!(world.verdicts(&schemas, now, &[]), expected);
    let same = [read(&schemas, "acme", Some("a.example"))];
    assert_eq!(world.verdicts(&schemas, same, &[]), ["acme unchanged"], "equal input");
}

#[test]
fn a_host_stays_with_who_was_accepted_for_it_also_after_its_removal() {
    let schemas = Schemas::new();
    let world = World::default().with(&schemas, "acme", "a.example", Life::Running, false).with(
        &schemas,
        "old",
        "o.example",
        Life::Retained,
        false,
    );
    let now = [
        read(&schemas, "acme", Some("a.example")),
        read(&schemas, "first", Some("a.example")),
        read(&schemas, "second", Some("o.example")),
    ];
    let found = world.verdicts(&schemas, now, &[]);
    assert!(
        found[0] == "acme unchanged"
            && found[1].starts_with("first held:")
            && found[2].starts_with("second held:"),
        "{found:?}"
    );
}

#[test]
fn a_host_that_may_not_move_yet_is_nobody_elses() {
    let schemas = Schemas::new();
    let world = World::default().with(&schemas, "acme", "a.example", Life::Running, false);
    let now = || [read(&schemas, "acme", Some("a2.example")), read(&schemas, "new", Some("a.example"))];
    let found = world.verdicts(&schemas, now(), &[]);
    let waits = "waits: `spec.domain` changes: members find their passwords at another address";
    assert_eq!(found[0], format!("acme accepted, {waits}"));
    assert!(found[1].starts_with("new held:"), "{found:?}");
    let approved = world.decide(&schemas, now(), Vec::new(), approve_all);
    assert_eq!(lines(&approved), ["acme accepted", "new accepted"]);
}

/// As if somebody had approved everything.
fn approve_all(weighed: &Weighed) -> Judged {
    let approval = UsedApproval { commit: tree("approval"), digest: guards::combined(weighed.guards()) };
    let by = Voucher { commit: approval.commit, key: None, name: "bo".into() };
    let grant = |guard: &Guard| (guard.digest, vec![Grant { approval, by: by.clone() }]);
    Judged { granted: weighed.guards().map(grant).collect(), refused: Vec::new() }
}

#[test]
fn a_removal_is_judged_by_what_was_accepted_before() {
    let schemas = Schemas::new();
    let world = ["acme", "north", "stays"]
        .into_iter()
        .fold(World::default(), |world, union| {
            world.with(&schemas, union, &format!("{union}.example"), Life::Running, false)
        })
        .deletes("north");
    let stays = || read(&schemas, "stays", Some("stays.example"));
    let north = || read(&schemas, "north", Some("north.example"));
    let found = world.verdicts(&schemas, [stays(), north()], &[]);
    assert_eq!(found, ["acme removed: Kept { days: 30 }", "north unchanged", "stays unchanged"]);
    let acme = read(&schemas, "acme", Some("acme.example"));
    let found = world.verdicts(&schemas, [stays(), acme], &[]);
    assert_eq!(found, ["acme unchanged", "north removed: Gone", "stays unchanged"]);
    let found = world.verdicts(&schemas, [stays()], &[]);
    let waits = "unchanged, waits: it is removed, 2 unions at once; `guards.unionsRemovedPerRevision` allows 1 in 24 hours";
    assert_eq!(found, [format!("acme {waits}"), format!("north {waits}"), "stays unchanged".to_owned()]);

    let approved = world.decide(&schemas, [stays()], Vec::new(), approve_all);
    assert_eq!(
        lines(&approved),
        ["acme removed: Kept { days: 30 }", "north removed: Gone", "stays unchanged"]
    );
    assert!(approved.record.removals.is_empty(), "what a person approved uses up no budget");
    assert_eq!(approved.record.approvals.len(), 1);
}

#[test]
fn what_a_budget_lets_through_is_counted() {
    let schemas = Schemas::new();
    let mut world = ["acme", "north", "stays"].into_iter().fold(World::default(), |world, union| {
        world.with(&schemas, union, &format!("{union}.example"), Life::Running, false)
    });
    let read = |union| read(&schemas, union, Some(&format!("{union}.example")));
    let found = world.decide(&schemas, [read("north"), read("stays")], Vec::new(), |_| Judged::default());
    assert_eq!(lines(&found), ["acme removed: Kept { days: 30 }", "north unchanged", "stays unchanged"]);
    world.removals = found.record.removals;
    assert_eq!(
        world.removals,
        BTreeSet::from([Removal { union: name("acme"), what: Loss::Union { kept: true } }])
    );

    world.unions.get_mut(&name("acme")).expect("known").life = Life::Retained;
    let found = world.verdicts(&schemas, [read("stays")], &[]);
    let waits = "north unchanged, waits: it is removed, 2 unions within 24 hours";
    assert!(found[0].starts_with(waits), "{found:?}");

    // It is back: with its data nothing is lost, without it something was.
    for (kept, expected) in [(true, "north removed: Kept { days: 30 }"), (false, waits)] {
        world.unions.get_mut(&name("acme")).expect("known").life = Life::Running;
        world.removals = BTreeSet::from([Removal { union: name("acme"), what: Loss::Union { kept } }]);
        let found = world.verdicts(&schemas, [read("acme"), read("stays")], &[]);
        assert!(found[1].starts_with(expected), "{found:?}");
    }
}

#[test]
fn the_last_union_is_not_removed_without_a_person_whatever_stands_in_its_place() {
    let schemas = Schemas::new();
    let world = World::default().with(&schemas, "acme", "a.example", Life::Running, false);
    let waits = "acme unchanged, waits: it is removed, and no union is left in the config repo";
    assert_eq!(world.verdicts(&schemas, [], &[]), [waits]);
    let found = world.verdicts(&schemas, [read(&schemas, "acme2", None)], &[]);
    assert_eq!(found[0], waits, "a broken newcomer is none to go on with");
}

#[test]
fn what_cannot_be_read_is_held_and_never_removed() {
    let schemas = Schemas::new();
    let world = World::default().with(&schemas, "acme", "a.example", Life::Running, false);
    let stays = || read(&schemas, "stays", Some("s.example"));
    let symlink = spec::Unread::Symlink.at("unions/acme");
    let found = world.verdicts(&schemas, [stays()], std::slice::from_ref(&symlink));
    assert_eq!(found, [format!("acme held: {}", symlink.message), "stays accepted".to_owned()]);
    let found = world.verdicts(&schemas, [], &[spec::Unread::Symlink.at("keyforge.yaml")]);
    assert_eq!(
        found,
        ["acme held: keyforge.yaml: `keyforge.yaml` is a symbolic link; only plain files are read"]
    );
}

#[test]
fn a_tombstone_whose_return_was_held_is_told_when_that_is_taken_back() {
    let schemas = Schemas::new();
    let world = World::default().with(&schemas, "old", "o.example", Life::Retained, true).with(
        &schemas,
        "stays",
        "s.example",
        Life::Running,
        false,
    );
    let found = world.verdicts(&schemas, [read(&schemas, "stays", Some("s.example"))], &[]);
    assert_eq!(found, ["old unchanged", "stays unchanged"]);
}

#[test]
fn a_union_cannot_take_another_name_and_nothing_is_lost_by_trying() {
    let schemas = Schemas::new();
    let world = World::default().with(&schemas, "acme", "a.example", Life::Running, false).with(
        &schemas,
        "stays",
        "s.example",
        Life::Running,
        false,
    );
    let renamed = || read_with(&schemas, "acme2", "  domain: https://a.example\n  renamedFrom: acme\n");
    let stays = || read(&schemas, "stays", Some("s.example"));
    assert_eq!(
        world.verdicts(&schemas, [renamed(), stays()], &[]),
        [
            "acme held: renamed to `acme2`, which is not possible",
            "acme2 held: unions/acme2/union.yaml:9: union `acme` cannot become `acme2`: its namespace and its volume \
             carry its name, and Kubernetes renames neither",
            "stays unchanged"
        ]
    );
    let found = world.decide(&schemas, [renamed(), stays()], Vec::new(), |_| Judged::default());
    assert_eq!(found.verdicts[1].diagnostics[0].code, Code::RenamedUnion);
    let later = World::default().with(&schemas, "stays", "s.example", Life::Running, false);
    let found = later.verdicts(&schemas, [renamed(), stays()], &[]);
    assert_eq!(found, ["acme2 accepted", "stays unchanged"], "of what never was, nothing can be lost");
}

#[test]
fn a_volume_never_shrinks_below_what_was_accepted() {
    let schemas = Schemas::new();
    let world = World::default().with(&schemas, "acme", "a.example", Life::Running, false);
    let storage = |size: &str| {
        let lines = format!("  domain: https://a.example\n  storage: {{size: {size}}}\n");
        read_with(&schemas, "acme", &lines)
    };
    let found = world.verdicts(&schemas, [storage("512Mi")], &[]);
    let why = "`spec.storage.size` is `512Mi`, less than the accepted `1Gi`; a volume never shrinks";
    assert_eq!(found, [format!("acme held: unions/acme/union.yaml:9: {why}")]);
    assert_eq!(world.verdicts(&schemas, [storage("2Gi")], &[]), ["acme accepted"]);
}

#[test]
fn what_waits_is_told_with_the_line_that_lets_it_through() {
    let schemas = Schemas::new();
    let world = World::default().with(&schemas, "acme", "a.example", Life::Running, false);
    let found = world.decide(&schemas, [], Vec::new(), |_| Judged::default());
    let [finding] = found.verdicts[0].diagnostics.as_slice() else { panic!("{found:#?}") };
    assert_eq!(
        finding.message,
        "it is removed, and no union is left in the config repo; waiting for an approval: remove the union"
    );
    assert_eq!((finding.code, finding.severity), (Code::AwaitingApproval, Severity::Warning));
    let guard = &found.verdicts[0].awaiting[0];
    assert_eq!(
        finding.hint.as_deref(),
        Some(&*format!(
            "if it is meant, push a commit whose message ends with `Keyforge-Approve: {}`",
            guard.digest
        ))
    );
    assert!(matches!(found.record.guards[0].became, crate::store::Became::HeldBack));
}

#[test]
fn what_was_not_read_is_held_unless_it_is_what_was_accepted() {
    let schemas = Schemas::new();
    let world = World::default().with(&schemas, "acme", "a.example", Life::Running, false).with(
        &schemas,
        "stays",
        "s.example",
        Life::Running,
        false,
    );
    let unread = |union: &str, host: &str| {
        let (name, read) = read(&schemas, union, Some(host));
        (name, Read { candidate: None, ..read })
    };
    let now = [unread("acme", "other.example"), unread("new", "n.example"), unread("stays", "s.example")];
    assert_eq!(
        world.verdicts(&schemas, now, &[]),
        ["acme held: its documents were not read", "new held: its documents were not read"]
    );
}

#[test]
fn directories_that_cannot_be_listed_hold_what_is_known_and_nothing_is_new() {
    let schemas = Schemas::new();
    let (crowd, file) = (spec::Unread::ManyUnions.at("unions"), keyforge(&schemas, ""));
    let text = KEYFORGE.as_bytes();
    let snapshot = spec::Snapshot {
        keyforge: Some(File { path: "keyforge.yaml".into(), blob: file.1, content: text.into() }),
        unions: BTreeMap::from([(
            "new".to_owned(),
            UnionTree { tree: tree("new"), files: None, findings: Vec::new() },
        )]),
        findings: vec![crowd],
    };
    let revision = crate::reconcile::intake::load_now(&schemas, None, snapshot);
    let world = World::default().with(&schemas, "acme", "a.example", Life::Running, false);
    assert!(revision.keyforge.is_none() && revision.unions.is_empty(), "{revision:#?}");
    let found = world.verdicts(&schemas, [], &[spec::Unread::Symlink.at("keyforge.yaml")]);
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn a_society_that_looks_like_one_that_waits_to_be_removed_holds_the_union() {
    let schemas = Schemas::new();
    let mut world = World::default().with(&schemas, "acme", "a.example", Life::Running, false);
    let society: crate::spec::Society =
        serde_json::from_value(serde_json::json!({ "displayName": "Chess" })).expect("a society");
    let known = world.documents.get_mut(&name("acme")).expect("known");
    known.societies.insert("chess".parse().expect("a name"), society.clone());
    let (acme, mut read) = read(&schemas, "acme", Some("a.example"));
    let wanted = read.candidate.as_mut().and_then(|candidate| candidate.document.as_mut()).expect("sound");
    wanted.societies.insert("other".parse().expect("a name"), society);
    let found = world.decide(&schemas, [(acme, read)], Vec::new(), |_| Judged::default());
    let lines = lines(&found);
    assert!(lines[0].contains("held:") && lines[0].contains("two societies"), "{lines:?}");
    let hint = found.verdicts[0].diagnostics[0].hint.as_deref().unwrap_or_default();
    assert!(hint.contains("Keyforge-Approve: sha256:"), "{hint}");
}

/// A commit by somebody, `hours` before now, with this last line.
fn commit(id: &str, parents: &[&str], author: &str, hours: i64, touches: &[Part], line: &str) -> Commit {
    let person = Person { name: author.into(), email: format!("{author}@x.example") };
    let at = now() - chrono::TimeDelta::hours(hours);
    let trailers = line.split_once(": ").map(|(key, value)| Trailer { key: key.into(), value: value.into() });
    Commit {
        id: tree(id),
        parents: parents.iter().map(|parent| tree(parent)).collect(),
        author: person.clone(),
        committer: person,
        authored_at: at,
        committed_at: at,
        subject: id.into(),
        trailers: trailers.into_iter().collect(),
        signature: Signature::Missing,
        touches: touches.iter().map(|part| (part.clone(), Some(tree(id)))).collect(),
    }
}

/// Whether a removal of `acme`, made in commit `change` by ana, is approved by these commits; if not, why.
fn approved(commits: Vec<Commit>, second_person: bool, used: &BTreeSet<UsedApproval>) -> Vec<String> {
    approved_after(commits, BTreeSet::new(), second_person, used)
}

/// The same where a former revision has brought some of the commits.
fn approved_after(
    commits: Vec<Commit>,
    known: BTreeSet<ObjectId>,
    second_person: bool,
    used: &BTreeSet<UsedApproval>,
) -> Vec<String> {
    let guard = removal();
    let history = History {
        head: commits[0].id,
        graph: commits.iter().map(|commit| (commit.id, commit.parents.clone())).collect(),
        commits,
        borders: BTreeMap::new(),
        exempt: BTreeSet::new(),
        known,
        crowded: BTreeSet::new(),
        is_cut: false,
    };
    let court = Court { used, trust: Trust::default(), second_person, now: now() };
    let judged = approve(&[Hearing { guards: vec![guard.clone()], history }], &court);
    match judged.granted.get(&guard.digest) {
        Some(grants) => {
            let by: BTreeSet<_> = grants.iter().map(|grant| grant.by.name.as_str()).collect();
            vec![format!("approved by {} commits of {}", grants.len(), Vec::from_iter(by).join(", "))]
        }
        None => {
            let told = |(_, refused): (_, Diagnostic)| {
                assert_eq!((refused.code, refused.severity), (Code::RefusedApproval, Severity::Warning));
                refused.message
            };
            judged.refused.into_iter().map(told).collect()
        }
    }
}

fn removal() -> Guard {
    let (acme, none) = (name("acme"), BTreeSet::new());
    let removals = guards::Removals {
        gone: BTreeSet::from([&acme]),
        any_left: false,
        lately: &BTreeSet::new(),
        budget: 1,
        waiting: &none,
    };
    guards::of_removals(&removals).remove(0)
}

#[test]
fn an_approval_comes_later_counts_once_and_is_by_somebody_else() {
    let acme = [Part::Union("acme".into())];
    let line = removal().trailer();
    let change = |line: &str| commit("change", &["before"], "ana", 2, &acme, line);
    let none = BTreeSet::new();
    let told = |commits, second_person| approved(commits, second_person, &none);
    let by = |author, hours| commit("approval", &["change"], author, hours, &[], &line);

    assert_eq!(told(vec![by("bo", 1), change("")], true), ["approved by 1 commits of bo@x.example"]);
    assert_eq!(told(vec![by("ana", 1), change("")], false), ["approved by 1 commits of ana@x.example"]);
    let why = |what: &str| vec![format!("the `Keyforge-Approve` of {what}")];
    let of = |author: &str| format!("commit {} (\"approval\" by {author})", tree("approval").short());
    assert_eq!(
        told(vec![by("ana", 1), change("")], true),
        why(&format!(
            "{} is by `ana@x.example`, who stands behind what it approves, and `guards.approval.secondPerson` asks for \
             somebody else",
            of("ana")
        ))
    );
    assert_eq!(
        told(vec![by("bo", 24 * 7 + 1), change("")], true),
        why(&format!("{} is more than 7 days old", of("bo")))
    );
    assert_eq!(
        told(vec![by("bo", -1), change("")], true),
        why(&format!("{} claims to be from the future", of("bo")))
    );
    assert_eq!(
        told(vec![change(&line)], false),
        why(&format!(
            "commit {} (\"change\" by ana) makes the change itself, and nobody approves their own commit",
            tree("change").short()
        ))
    );
    let later = commit("later", &["approval"], "ana", 0, &acme, "");
    assert_eq!(
        told(vec![later, by("bo", 1), change("")], true),
        why(&format!(
            "{} does not come after commit {} (\"later\" by ana), which it would approve too",
            of("bo"),
            tree("later").short()
        ))
    );
    let beside = commit("approval", &["before"], "bo", 1, &[], &line);
    let merge = commit("merge", &["change", "approval"], "cy", 0, &[], "");
    assert_eq!(told(vec![merge, beside, change("")], true).len(), 1, "beside it is not after it");
    let merge = |touches| commit("merge", &["before", "change"], "bo", 0, touches, &line);
    assert_eq!(
        told(vec![merge(&[]), change("")], false),
        ["approved by 1 commits of bo@x.example"],
        "the merge that brings it in"
    );
    let evil = told(vec![merge(&acme), change("")], false);
    assert!(evil[0].contains("makes the change itself"), "a merge that decides on its own: {evil:?}");
    let twice = commit("again", &["approval"], "bo", 0, &[], &line);
    assert_eq!(
        told(vec![twice, by("bo", 1), change("")], false),
        ["approved by 2 commits of bo@x.example"],
        "so that neither counts again"
    );
    let known = BTreeSet::from([tree("approval"), tree("change")]);
    assert_eq!(
        approved_after(vec![by("bo", 1), change("")], known, false, &none),
        Vec::<String>::new(),
        "it had its turn, and a branch that was rewritten brings it back"
    );

    let used = BTreeSet::from([UsedApproval { commit: tree("approval"), digest: removal().digest }]);
    assert_eq!(
        approved(vec![by("bo", 1), change("")], true, &used),
        why(&format!("{} was used before, and an approval counts once", of("bo")))
    );
    let forged = commit("approval", &["change"], "bo", 1, &[], &guards::trailer(&Digest::of("something")));
    assert_eq!(
        told(vec![forged, change("")], true),
        why(&format!("{} approves a change of which nothing waits", of("bo")))
    );
    let garbled = commit("approval", &["change"], "bo", 1, &[], "Keyforge-Approve: yes");
    assert_eq!(told(vec![garbled, change("")], true).len(), 1);
}
