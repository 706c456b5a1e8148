//! What a revision becomes, one line per union.

use super::*;
use crate::digest::Digest;
use crate::spec::{self, Keyforge, Schemas, UnionTree};
use crate::store::IndexedState;

const KEYFORGE: &str = "apiVersion: keyforge.dev/v1\nkind: Keyforge\nmetadata:\n  name: federation\nspec:\n  defaults:\n    \
                        vaultwarden: {image: \"vaultwarden/server:1.37.2\"}\n";

fn name(text: &str) -> UnionName {
    text.parse().expect("a name")
}

fn tree(text: &str) -> ObjectId {
    let digest = Digest::of(text);
    <[u8; 20]>::try_from(&digest.as_bytes()[..20]).expect("20 bytes").into()
}

fn keyforge(schemas: &Schemas) -> Keyforge {
    let file =
        File { path: "keyforge.yaml".into(), blob: tree(KEYFORGE), content: KEYFORGE.as_bytes().into() };
    spec::load_keyforge(schemas, Some(&file)).0.expect("a sound keyforge.yaml")
}

/// A directory as it is in the new revision: `domain` is its host, without one its document is broken.
fn read(schemas: &Schemas, union: &str, domain: Option<&str>) -> (UnionName, Read) {
    let domain = domain.map_or_else(String::new, |host| format!("  domain: https://{host}\n"));
    let text = format!(
        "apiVersion: keyforge.dev/v1\nkind: Union\nmetadata:\n  name: {union}\nspec:\n  displayName: {union}\n  \
         contacts: [it@{union}.example]\n{domain}"
    );
    let path = format!("unions/{union}/union.yaml");
    let file = File { path, blob: tree(&text), content: text.as_bytes().into() };
    let directory = UnionTree { tree: tree(&text), files: Some(vec![file.clone()]), findings: Vec::new() };
    let keyforge = keyforge(schemas);
    let candidate = spec::load_union(schemas, &keyforge, &keyforge.policy(), union, &directory);
    (name(union), Read { tree: directory.tree, files: vec![file], candidate: Some(candidate) })
}

/// A union that was accepted with this host.
fn known(schemas: &Schemas, union: &str, host: &str, life: Life, waits: bool) -> (UnionName, IndexEntry) {
    let (name, read) = read(schemas, union, Some(host));
    let input = read.candidate.expect("it was read").input;
    let accepted = IndexedState { tree: read.tree, input, host: host.to_owned() };
    (name, IndexEntry { accepted: Some(accepted), life, waits })
}

/// The verdicts, one line each.
fn verdicts(
    now: impl IntoIterator<Item = (UnionName, Read)>,
    before: impl IntoIterator<Item = (UnionName, IndexEntry)>,
    policies: &[(&str, DeletionPolicy)],
    findings: &[Diagnostic],
    broken: Option<&Diagnostic>,
) -> Vec<String> {
    let (unions, guards) = (before.into_iter().collect(), Guards::default());
    let deletion = policies.iter().map(|(union, policy)| (name(union), *policy)).collect();
    let before = Before { unions: &unions, deletion: &deletion, guards: &guards };
    accept(now.into_iter().collect(), &before, broken, findings)
        .into_iter()
        .map(|verdict| {
            let decision = match verdict.decision {
                Decision::Accepted(_) => "accepted".to_owned(),
                Decision::Held { why } => format!("held: {why}"),
                Decision::Released => "released".to_owned(),
                Decision::Removed(life) => format!("removed: {life:?}"),
                Decision::Awaiting { why } => format!("waits: {why}"),
            };
            format!("{} {decision}", verdict.union)
        })
        .collect()
}

#[test]
fn an_error_in_one_union_changes_no_other_verdict() {
    let schemas = Schemas::new();
    let before = || [known(&schemas, "acme", "a.example", Life::Running, false)];
    let now = [
        read(&schemas, "acme", Some("a2.example")),
        read(&schemas, "broken", None),
        read(&schemas, "new", Some("n.example")),
    ];
    let expected = [
        "acme accepted",
        "broken held: unions/broken/union.yaml:5: `spec.domain` is missing",
        "new accepted",
    ];
    assert_eq!(verdicts(now, before(), &[], &[], None), expected);
    let same = [read(&schemas, "acme", Some("a.example"))];
    assert_eq!(verdicts(same, before(), &[], &[], None), ["acme released"], "equal input: nothing changes");
}

#[test]
fn a_host_stays_with_who_was_accepted_for_it_also_after_its_removal() {
    let schemas = Schemas::new();
    let before = [
        known(&schemas, "acme", "a.example", Life::Running, false),
        known(&schemas, "old", "o.example", Life::Retained, false),
    ];
    let now = [
        read(&schemas, "acme", Some("a.example")),
        read(&schemas, "first", Some("a.example")),
        read(&schemas, "second", Some("o.example")),
    ];
    let found = verdicts(now, before, &[], &[], None);
    assert!(
        found[0] == "acme released"
            && found[1].starts_with("first held:")
            && found[2].starts_with("second held:"),
        "{found:?}"
    );
}

#[test]
fn a_removal_is_judged_by_what_was_accepted_before() {
    let schemas = Schemas::new();
    let before = || {
        ["acme", "north", "stays"]
            .map(|union| known(&schemas, union, &format!("{union}.example"), Life::Running, false))
    };
    let stays = || read(&schemas, "stays", Some("stays.example"));
    let north = || read(&schemas, "north", Some("north.example"));
    let retain = [("acme", DeletionPolicy::Retain), ("north", DeletionPolicy::Delete)];
    let found = verdicts([stays(), north()], before(), &retain, &[], None);
    assert_eq!(found, ["acme removed: Retained", "north released", "stays released"]);
    let acme = read(&schemas, "acme", Some("acme.example"));
    let found = verdicts([stays(), acme], before(), &retain, &[], None);
    assert_eq!(found, ["acme released", "north removed: Gone", "stays released"]);
    let found = verdicts([stays()], before(), &retain, &[], None);
    let waits = "waits: removed together with others: 2; `guards.unionsRemovedPerRevision` allows 1";
    assert_eq!(found, [format!("acme {waits}"), format!("north {waits}"), "stays released".to_owned()]);
}

#[test]
fn the_last_union_is_not_removed_without_a_person_whatever_stands_in_its_place() {
    let schemas = Schemas::new();
    let before = || [known(&schemas, "acme", "a.example", Life::Running, false)];
    let waits = "acme waits: removed, and no union is left in the config repo";
    assert_eq!(verdicts([], before(), &[], &[], None), [waits]);
    let found = verdicts([read(&schemas, "acme2", None)], before(), &[], &[], None);
    assert_eq!(found[0], waits, "a broken newcomer is none to go on with");
}

#[test]
fn what_cannot_be_read_is_held_and_never_removed() {
    let schemas = Schemas::new();
    let before = || [known(&schemas, "acme", "a.example", Life::Running, false)];
    let stays = || read(&schemas, "stays", Some("s.example"));
    let symlink = spec::Unread::Symlink.at("unions/acme");
    let found = verdicts([stays()], before(), &[], std::slice::from_ref(&symlink), None);
    assert_eq!(found, [format!("acme held: {}", symlink.message), "stays accepted".to_owned()]);
    let found = verdicts([], before(), &[], &[], Some(&spec::Unread::Symlink.at("keyforge.yaml")));
    assert_eq!(
        found,
        ["acme held: keyforge.yaml: `keyforge.yaml` is a symbolic link; only plain files are read"]
    );
}

#[test]
fn a_tombstone_whose_return_was_held_is_released_when_that_is_taken_back() {
    let schemas = Schemas::new();
    let before = [
        known(&schemas, "old", "o.example", Life::Retained, true),
        known(&schemas, "stays", "s.example", Life::Running, false),
    ];
    let found = verdicts([read(&schemas, "stays", Some("s.example"))], before, &[], &[], None);
    assert_eq!(found, ["old released", "stays released"]);
}
