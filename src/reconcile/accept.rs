//! Acceptance: what each union of a new revision becomes, decided from what was accepted before.
//!
//! Pure. The rules, per union (design.md 3, decisions.md 1.3, 1.4, 1.9):
//! - Its documents have an error, or it claims a host that another union holds → held at its last accepted state.
//! - `keyforge.yaml` has an error → every union is held; no removal counts.
//! - Its directory is gone → removed, judged by what was accepted before: its own `deletion`, and the budget of the
//!   *previous* `keyforge.yaml`. Over budget, or nothing left at all → it waits for an approval, and nothing is lost.
//! - Otherwise accepted; if its input is the one accepted before, nothing changes.
//!
//! Invariant: an error in one union changes no other union's verdict. A hold never deletes.

use std::collections::BTreeMap;

use crate::desired::Life;
use crate::diagnostic::{Diagnostic, Severity};
use crate::names::UnionName;
use crate::revision::ObjectId;
use crate::spec::{Candidate, Claims, DeletionPolicy, File, Guards, check_claims};
use crate::store::{Decision, IndexEntry, NewlyAccepted, Verdict};

/// What was accepted before this revision.
#[derive(Debug)]
pub(super) struct Before<'a> {
    /// Of every union that is known.
    pub unions: &'a BTreeMap<UnionName, IndexEntry>,
    /// What was to happen at the removal of those whose directory is gone now.
    pub deletion: &'a BTreeMap<UnionName, DeletionPolicy>,
    /// The guards in force.
    pub guards: &'a Guards,
}

/// One union's directory in the new revision.
#[derive(Debug)]
pub(super) struct Read {
    /// The directory's tree.
    pub tree: ObjectId,
    /// Its files; none where they were left unread.
    pub files: Vec<File>,
    /// What the files say; `None`: left unread, since tree and defaults are those accepted before.
    pub candidate: Option<Candidate>,
}

/// The verdicts of a revision; a union without one stays as it is. `broken` is what is wrong with `keyforge.yaml`,
/// `findings` what was found outside the directories that could be read.
pub(super) fn accept(
    unions: BTreeMap<UnionName, Read>,
    before: &Before<'_>,
    broken: Option<&Diagnostic>,
    findings: &[Diagnostic],
) -> Vec<Verdict> {
    if let Some(broken) = broken {
        // What was removed is no union any more that could be held.
        let live =
            before.unions.iter().filter(|(_, entry)| entry.accepted.is_none() || entry.life == Life::Running);
        let mut names: Vec<&UnionName> = live.map(|(name, _)| name).chain(unions.keys()).collect();
        names.sort();
        names.dedup();
        let why = format!("{}: {}", broken.span.path, broken.message);
        return names.into_iter().map(|name| held(name, Vec::new(), why.clone())).collect();
    }
    let mut verdicts = removals(&unions, before, findings);
    let mut conflicts = conflicts(&unions, before);
    for (name, read) in unions {
        let Some(mut candidate) = read.candidate else { continue };
        conflicts.remove(&name).into_iter().flatten().for_each(|conflict| candidate.add(conflict));
        verdicts.extend(judge(&name, candidate, read.tree, read.files, before.unions.get(&name)));
    }
    verdicts.sort_by(|a, b| a.union.cmp(&b.union));
    verdicts
}

/// The verdict on a union whose directory is there.
fn judge(
    name: &UnionName,
    candidate: Candidate,
    tree: ObjectId,
    files: Vec<File>,
    before: Option<&IndexEntry>,
) -> Option<Verdict> {
    let errors = || candidate.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let union = match (candidate.document, errors().next()) {
        (Some(union), None) => union,
        (_, Some(first)) => {
            let more = match errors().count() - 1 {
                0 => String::new(),
                more => format!(" (and {more} more)"),
            };
            let why = format!("{}:{}: {}{more}", first.span.path, first.span.line, first.message);
            return Some(held(name, candidate.diagnostics, why));
        }
        (None, None) => {
            return Some(held(name, candidate.diagnostics, "its documents cannot be read".to_owned()));
        }
    };
    let accepted = before.and_then(|before| before.accepted.as_ref());
    let runs = before.is_some_and(|before| before.life == Life::Running);
    let decision = if runs && accepted.is_some_and(|accepted| accepted.input == candidate.input) {
        Decision::Released
    } else {
        Decision::Accepted(Box::new(NewlyAccepted { union, tree, input: candidate.input, documents: files }))
    };
    Some(Verdict { union: name.clone(), diagnostics: candidate.diagnostics, decision })
}

fn held(name: &UnionName, diagnostics: Vec<Diagnostic>, why: String) -> Verdict {
    Verdict { union: name.clone(), diagnostics, decision: Decision::Held { why } }
}

/// Newcomers to a host that is taken. A removed union keeps its claim for as long as its data is kept.
fn conflicts(
    unions: &BTreeMap<UnionName, Read>,
    before: &Before<'_>,
) -> BTreeMap<UnionName, Vec<Diagnostic>> {
    let holders: Claims = before
        .unions
        .iter()
        .filter(|(_, entry)| entry.life != Life::Gone)
        .filter_map(|(name, entry)| Some((entry.accepted.as_ref()?.host.clone(), name.clone())))
        .collect();
    let claims = unions.values().filter_map(|read| read.candidate.as_ref()?.claim());
    let mut found: BTreeMap<UnionName, Vec<Diagnostic>> = BTreeMap::new();
    for (name, diagnostic) in check_claims(claims, &holders) {
        found.entry(name).or_default().push(diagnostic);
    }
    found
}

/// What becomes of the unions whose directory is gone. One that is there but could not be read is held, not removed.
fn removals(
    unions: &BTreeMap<UnionName, Read>,
    before: &Before<'_>,
    findings: &[Diagnostic],
) -> Vec<Verdict> {
    let unread = |name: &UnionName| {
        let directory = format!("unions/{name}");
        findings.iter().find(|finding| {
            let path = &finding.span.path;
            finding.severity == Severity::Error && (*path == directory || path == "unions")
        })
    };
    let (held_back, gone): (Vec<_>, Vec<_>) = before
        .unions
        .iter()
        .filter(|(name, _)| !unions.contains_key(*name))
        .partition(|(name, _)| unread(name).is_some());
    let mut verdicts: Vec<Verdict> = held_back
        .into_iter()
        .filter_map(|(name, _)| Some(held(name, Vec::new(), unread(name)?.message.clone())))
        .collect();
    let absent = || gone.iter().copied();
    // Never accepted: nothing was ever made for it, so nothing is lost with its row.
    let unborn = absent().filter(|(_, entry)| entry.accepted.is_none());
    verdicts.extend(unborn.map(|(name, _)| verdict(name, Decision::Removed(Life::Gone))));

    // A tombstone whose return was held, and is taken back: nothing waits any more.
    let returning = absent().filter(|(_, entry)| entry.life != Life::Running && entry.waits);
    verdicts.extend(returning.map(|(name, _)| verdict(name, Decision::Released)));

    let running: Vec<&UnionName> = absent()
        .filter(|(_, entry)| entry.accepted.is_some() && entry.life == Life::Running)
        .map(|(name, _)| name)
        .collect();
    let budget = before.guards.unions_removed_per_revision;
    // One that only newly appeared, and is not sound, is none to go on with.
    let goes_on = |(name, read): (&UnionName, &Read)| {
        let accepted = before.unions.get(name).is_some_and(|entry| entry.accepted.is_some());
        accepted || read.candidate.as_ref().is_some_and(|candidate| candidate.document.is_some())
    };
    let waits = if !unions.iter().any(goes_on) {
        Some("removed, and no union is left in the config repo".to_owned())
    } else if running.len() > budget as usize {
        Some(format!(
            "removed together with others: {}; `guards.unionsRemovedPerRevision` allows {budget}",
            running.len()
        ))
    } else {
        None
    };
    verdicts.extend(running.into_iter().map(|name| match (&waits, before.deletion.get(name)) {
        (Some(why), _) => verdict(name, Decision::Awaiting { why: why.clone() }),
        (None, Some(DeletionPolicy::Delete)) => verdict(name, Decision::Removed(Life::Gone)),
        (None, _) => verdict(name, Decision::Removed(Life::Retained)),
    }));
    verdicts
}

fn verdict(name: &UnionName, decision: Decision) -> Verdict {
    Verdict { union: name.clone(), diagnostics: Vec::new(), decision }
}

#[cfg(test)]
mod tests {
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
        let directory =
            UnionTree { tree: tree(&text), files: Some(vec![file.clone()]), findings: Vec::new() };
        let candidate = spec::load_union(schemas, &keyforge(schemas), union, &directory);
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
        assert_eq!(
            verdicts(same, before(), &[], &[], None),
            ["acme released"],
            "equal input: nothing changes"
        );
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
}
