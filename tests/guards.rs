//! Guards: documents before and now on top, what waits and what is accepted in the meantime below.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use keyforge::digest::Digest;
use keyforge::names::{Email, SocietyName, UnionName};
use keyforge::plan::guards::{
    self, Bounds, Guard, Removals, hold_back, members_removed, of_policy, of_removals, of_union,
};
use keyforge::revision::ObjectId;
use keyforge::spec::{self, File, Keyforge, Schemas, Union, UnionTree};

const TODAY: &str = "2026-11-24";

fn file(path: &str, content: &str) -> File {
    File { path: path.into(), blob: ObjectId::from([0; 20]), content: content.as_bytes().into() }
}

/// `keyforge.yaml` with these lines of `spec`.
fn keyforge(lines: &[&str]) -> Keyforge {
    let spec: String = lines.iter().map(|line| format!("  {line}\n")).collect();
    let text =
        format!("apiVersion: keyforge.dev/v1\nkind: Keyforge\nmetadata: {{name: federation}}\nspec:\n{spec}");
    let (keyforge, found) = spec::load_keyforge(&Schemas::new(), Some(&file("keyforge.yaml", &text)));
    keyforge.unwrap_or_else(|| panic!("{found:#?}"))
}

/// Union `acme` with these lines of `spec`, and its societies: name and lines of `spec`.
fn acme(lines: &[&str], societies: &[(&str, &[&str])]) -> Union {
    let mut spec = vec!["displayName: Acme", "contacts: [it@acme.example]"];
    let default = ["domain: https://acme.example", "vaultwarden: {image: \"vaultwarden/server:1.37.2\"}"];
    spec.extend(default.iter().filter(|default| {
        let key = default.split(':').next();
        !lines.iter().any(|line| line.split(':').next() == key)
    }));
    spec.extend(lines);
    let document = |kind: &str, name: &str, lines: &[&str]| {
        let spec: String = lines.iter().map(|line| format!("  {line}\n")).collect();
        format!("apiVersion: keyforge.dev/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{spec}")
    };
    let mut files: Vec<File> = societies
        .iter()
        .map(|(name, lines)| {
            let lines: Vec<String> = std::iter::once(format!("displayName: The {name}"))
                .chain(lines.iter().map(|line| (*line).to_owned()))
                .collect();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            file(&format!("unions/acme/societies/{name}.yaml"), &document("Society", name, &lines))
        })
        .collect();
    files.push(file("unions/acme/union.yaml", &document("Union", "acme", &spec)));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let tree = UnionTree { tree: ObjectId::from([0; 20]), files: Some(files), findings: Vec::new() };
    let keyforge = keyforge(&[]);
    let candidate = spec::load_union(&Schemas::new(), &keyforge, &keyforge.policy(), "acme", &tree);
    candidate.document.unwrap_or_else(|| panic!("{:#?}", candidate.diagnostics))
}

/// A line with members: `ana owner` and the like.
fn members(members: &[&str]) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|member| {
            let mut words = member.split(' ');
            let (name, role) = (words.next().expect("a name"), words.next().unwrap_or("member"));
            let until = words.next().map(|day| format!(", until: {day}")).unwrap_or_default();
            format!("{{email: {name}@acme.example, role: {role}{until}}}")
        })
        .collect();
    format!("members: [{}]", members.join(", "))
}

/// A union with one society of these people.
fn chess(people: &[&str]) -> Union {
    acme(&[], &[("chess", &[&members(people)])])
}

fn name(text: &str) -> UnionName {
    text.parse().expect("a name")
}

fn compare(
    before: &Union,
    after: &Union,
    lately: &BTreeSet<(SocietyName, Email)>,
    waiting: &BTreeSet<Digest>,
) -> Vec<Guard> {
    let policy = keyforge(&[]);
    let bounds = Bounds {
        union: &before.name,
        guards: &policy.spec.guards,
        lately,
        waiting,
        today: TODAY.parse().expect("a day"),
    };
    of_union(before, after, &bounds)
}

fn found(before: &Union, after: &Union) -> Vec<Guard> {
    compare(before, after, &BTreeSet::new(), &BTreeSet::new())
}

fn told(guards: &[Guard]) -> String {
    let lines = |guard: &Guard| -> String {
        guard.changes.iter().map(|change| format!("{}: {change}\n", guard.kind)).collect()
    };
    guards.iter().map(lines).collect()
}

/// What waits of the way from one state to another; what is accepted meanwhile leaves nothing that waits.
fn waits(before: &Union, after: &Union) -> String {
    let guards = found(before, after);
    let kept = hold_back(before, after, &guards);
    assert_eq!(found(before, &kept), [], "what is held back waits no more");
    assert_eq!(hold_back(before, after, &[]), *after, "without guards all is accepted");
    let again = compare(&kept, after, &BTreeSet::new(), &guards.iter().map(|guard| guard.digest).collect());
    let digests = |guards: &[Guard]| guards.iter().map(|guard| guard.digest).collect::<BTreeSet<_>>();
    assert_eq!(digests(&again), digests(&guards), "it goes on to wait under the same digest");
    told(&guards)
}

fn people(union: &Union, society: &str) -> Vec<String> {
    let society = &union.societies[&society.parse::<SocietyName>().expect("a name")];
    society.members.iter().map(|member| format!("{} {:?}", member.email, member.role)).collect()
}

#[test]
fn a_budget_of_members_lets_a_quarter_go_and_always_one() {
    let eight = chess(&["ana owner", "b", "c", "d", "e", "f", "g", "h"]);
    assert_eq!(waits(&eight, &chess(&["ana owner", "b", "c", "d", "e", "f"])), "", "2 of 8");
    assert_eq!(
        waits(&eight, &chess(&["ana owner", "b", "c", "d", "e"])),
        "member-removed: remove `f@acme.example` from society `chess`\n\
         member-removed: remove `g@acme.example` from society `chess`\n\
         member-removed: remove `h@acme.example` from society `chess`\n"
    );
    assert_eq!(waits(&chess(&["ana owner", "b"]), &chess(&["ana owner"])), "", "one may always go");
}

#[test]
fn what_waits_stays_and_the_rest_of_the_document_goes_on() {
    let before = chess(&["ana owner", "b", "c", "d"]);
    let after = chess(&["ana owner", "d admin", "new"]);
    let guards = found(&before, &after);
    assert_eq!(
        people(&hold_back(&before, &after, &guards), "chess"),
        [
            "ana@acme.example Owner",
            "d@acme.example Admin",
            "new@acme.example Member",
            "b@acme.example Member",
            "c@acme.example Member"
        ]
    );
    let why = "2 of 4 members of society `chess` are removed within 24 hours; `guards.membersRemovedPercent` (25) allows 1";
    assert_eq!(guards::why(&guards).as_deref(), Some(why));
}

#[test]
fn small_steps_do_not_evade_the_budget() {
    let lately = |people: &[&str]| -> BTreeSet<(SocietyName, Email)> {
        let member = |person: &&str| {
            let email = format!("{person}@acme.example").parse().expect("an address");
            ("chess".parse().expect("a name"), email)
        };
        people.iter().map(member).collect()
    };
    let (four, three) = (chess(&["ana owner", "b", "c", "d"]), chess(&["ana owner", "b", "c"]));
    let none = BTreeSet::new();
    assert_eq!(told(&compare(&four, &three, &lately(&["x"]), &none)).lines().count(), 1, "2 of 5 in a day");
    assert_eq!(told(&compare(&four, &three, &lately(&["d"]), &none)), "", "the same person counts once");
    assert_eq!(told(&compare(&four, &three, &lately(&["c"]), &none)), "", "who is back does not count");
    assert_eq!(told(&compare(&four, &four, &lately(&["x", "y"]), &none)), "", "nobody leaves now");
}

#[test]
fn what_waits_is_not_let_through_by_time_or_by_a_larger_society() {
    let (before, after) = (chess(&["ana owner", "b", "c", "d"]), chess(&["ana owner", "b"]));
    let waiting: BTreeSet<Digest> = found(&before, &after).iter().map(|guard| guard.digest).collect();
    let many: Vec<String> = (0..20).map(|number| format!("new{number}")).collect();
    let grown = |people: &[&'static str]| {
        let all: Vec<&str> = people.iter().copied().chain(many.iter().map(String::as_str)).collect();
        chess(&all)
    };
    let (before, after) = (grown(&["ana owner", "b", "c", "d"]), grown(&["ana owner", "b"]));
    assert_eq!(told(&found(&before, &after)), "", "2 of 24");
    assert_eq!(compare(&before, &after, &BTreeSet::new(), &waiting).len(), 1);
}

#[test]
fn whose_last_day_is_over_may_be_removed_at_any_time() {
    let before = chess(&["ana owner", "b member 2026-11-23", "c member 2026-11-23", "d member 2026-11-24"]);
    assert_eq!(waits(&before, &chess(&["ana owner"])), "", "two have left, one is within the budget");
    let today: NaiveDate = TODAY.parse().expect("a day");
    let removed = members_removed(&before, &chess(&["ana owner"]), today);
    assert_eq!(removed.iter().map(|(_, email)| email.as_str()).collect::<Vec<_>>(), ["d@acme.example"]);
}

#[test]
fn an_address_in_another_case_is_the_same_person() {
    assert_eq!(waits(&chess(&["ana owner", "Bo", "C", "D"]), &chess(&["Ana owner", "bo", "c", "d"])), "");
}

#[test]
fn the_last_owner_stays_until_somebody_says_otherwise() {
    let before = chess(&["ana owner", "b"]);
    assert_eq!(
        waits(&before, &chess(&["b"])),
        "last-owner: remove `ana@acme.example` from society `chess`\n"
    );
    assert_eq!(
        waits(&before, &chess(&["ana member", "b"])),
        "last-owner: make `ana@acme.example` member of society `chess`, who is owner\n"
    );
    assert_eq!(waits(&before, &chess(&["b owner"])), "", "another one takes over");
}

#[test]
fn second_owners_of_the_union_own_every_society() {
    let union = |owners: &[&str], people: &[&str]| {
        let owners = format!("owners: [{}]", owners.join(", "));
        acme(&[&owners], &[("chess", &[&members(people)])])
    };
    let before = union(&["president@acme.example"], &["ana owner", "b"]);
    assert_eq!(waits(&before, &union(&["president@acme.example"], &["b"])), "", "an owner is left");
    assert_eq!(
        waits(&before, &union(&[], &["ana owner", "b"])),
        "demotion: remove `president@acme.example` from the owners of every society\n"
    );
    assert_eq!(
        waits(&before, &union(&[], &["b"])),
        "last-owner: remove `president@acme.example` from the owners of every society\n"
    );
}

#[test]
fn a_demotion_waits_and_a_promotion_does_not() {
    let before = chess(&["ana owner", "bo admin", "c manager", "d"]);
    assert_eq!(waits(&before, &chess(&["ana owner", "bo owner", "c admin", "d manager"])), "");
    assert_eq!(
        waits(&before, &chess(&["ana owner", "bo manager", "c member", "d"])),
        "demotion: make `bo@acme.example` manager of society `chess`, who is admin\n\
         demotion: make `c@acme.example` member of society `chess`, who is manager\n"
    );
}

#[test]
fn a_removed_society_waits_and_a_renamed_one_is_the_same() {
    let people = members(&["ana owner", "b", "c", "d"]);
    let before = acme(&[], &[("chess", &[&people]), ("go", &[&people])]);
    assert_eq!(
        waits(&before, &acme(&[], &[("go", &[&people])])),
        "society-removed: remove society `chess`\n"
    );
    let renamed = acme(&[], &[("go", &[&people]), ("draughts", &["renamedFrom: chess", &people])]);
    assert_eq!(waits(&before, &renamed), "");
    let fewer = members(&["ana owner", "d"]);
    let renamed = acme(&[], &[("go", &[&people]), ("draughts", &["renamedFrom: chess", &fewer])]);
    assert_eq!(
        waits(&before, &renamed),
        "member-removed: remove `b@acme.example` from society `draughts`\n\
         member-removed: remove `c@acme.example` from society `draughts`\n"
    );
}

#[test]
fn who_is_kept_sees_only_collections_that_are_still_there() {
    let before = acme(
        &[],
        &[(
            "chess",
            &[
                "collections: [{name: old}, {name: gone}]",
                "members:",
                "  - {email: ana@acme.example, role: owner}",
                "  - {email: b@acme.example, role: member, collections: [{name: old, access: read}, {name: gone, access: read}]}",
                "  - {email: c@acme.example, role: member}",
            ],
        )],
    );
    let after = acme(
        &[],
        &[(
            "chess",
            &[
                "collections: [{name: new, renamedFrom: old}]",
                "members: [{email: ana@acme.example, role: owner}]",
            ],
        )],
    );
    let kept = hold_back(&before, &after, &found(&before, &after));
    let society = kept.societies.values().next().expect("a society");
    let seen: Vec<&str> = society.members[1].collections.iter().map(|seen| seen.name.as_str()).collect();
    assert_eq!((society.members.len(), seen), (3, vec!["new"]));
}

#[test]
fn what_costs_data_or_the_way_to_it_waits() {
    let image = |image: &str| acme(&[&format!("vaultwarden: {{image: \"{image}\"}}")], &[]);
    let is = image("vaultwarden/server:1.37.2");
    for newer in ["vaultwarden/server:1.38.0", "ghcr.io/dani-garcia/vaultwarden:1.37.2"] {
        assert_eq!(waits(&is, &image(newer)), "", "{newer}");
    }
    assert_eq!(
        waits(&is, &image("vaultwarden/server:1.9.0-alpine")),
        "image-downgrade: change `spec.vaultwarden.image` from `vaultwarden/server:1.37.2` to \
         `vaultwarden/server:1.9.0-alpine`\n"
    );
    assert_eq!(
        waits(&acme(&[], &[]), &acme(&["domain: https://other.example"], &[])),
        "domain-changed: change `spec.domain` from `https://acme.example` to `https://other.example`\n"
    );
    let postgres = |more: &str| acme(&[&format!("database: {{kind: postgres{more}}}")], &[]);
    assert_eq!(
        waits(&acme(&[], &[]), &postgres("")),
        "database-kind-changed: change `spec.database.kind` from `sqlite` to `postgres`\n"
    );
    assert_eq!(
        waits(
            &postgres(", image: \"postgres:17.6\""),
            &postgres(", image: \"postgres:16.9\", storage: {className: fast}")
        ),
        "image-downgrade: change `spec.database.image` from `postgres:17.6` to `postgres:16.9`\n\
         storage-class-changed: add `fast` to `spec.database.storage.className`\n"
    );
    assert_eq!(
        waits(&acme(&["storage: {className: slow}"], &[]), &acme(&["storage: {className: fast}"], &[])),
        "storage-class-changed: change `spec.storage.className` from `slow` to `fast`\n"
    );
}

#[test]
fn a_volume_with_copies_goes_only_with_an_approval() {
    let backup = |to: &str| acme(&[&format!("backup: {{schedule: \"30 2 * * *\"{to}}}")], &[]);
    let none = acme(&[], &[]);
    let volume = backup("");
    let s3 = backup(
        ", to: {kind: s3, endpoint: \"https://s3.acme.example\", bucket: vaults, secretRef: {name: acme-s3}}",
    );
    assert_eq!(waits(&volume, &none), "backup-removed: remove `volume` from `spec.backup.to`\n");
    assert_eq!(waits(&volume, &s3), "backup-removed: change `spec.backup.to` from `volume` to `s3`\n");
    assert_eq!(
        waits(&volume, &backup(", to: {kind: volume, className: fast}")),
        "backup-removed: change `spec.backup.to` from `volume` to `volume of class fast`\n"
    );
    for harmless in [(&none, &volume), (&s3, &none), (&volume, &backup(", to: {kind: volume, size: 9Gi}"))] {
        assert_eq!(waits(harmless.0, harmless.1), "");
    }
    for after in [&none, &s3] {
        assert_eq!(hold_back(&volume, after, &found(&volume, after)), volume);
    }
}

#[test]
fn an_allowed_downgrade_does_not_wait() {
    let image = |image: &str| acme(&[&format!("vaultwarden: {{image: \"{image}\"}}")], &[]);
    let policy = keyforge(&["guards: {imageDowngrade: allow}"]);
    let union = name("acme");
    let bounds = Bounds {
        union: &union,
        guards: &policy.spec.guards,
        lately: &BTreeSet::new(),
        waiting: &BTreeSet::new(),
        today: TODAY.parse().expect("a day"),
    };
    let guards = of_union(&image("vaultwarden/server:1.37.2"), &image("vaultwarden/server:1.37.1"), &bounds);
    assert_eq!(told(&guards), "");
}

#[test]
fn a_digest_names_what_is_destroyed_and_nothing_else() {
    let digest = |before: &Union, after: &Union| found(before, after)[0].digest;
    let before = chess(&["ana owner", "b", "c", "d"]);
    let one = digest(&before, &chess(&["ana owner", "b"]));
    assert_eq!(one, digest(&before, &chess(&["ana owner", "b", "new"])), "an addition beside it");
    assert_ne!(one, digest(&before, &chess(&["ana owner", "c"])), "somebody else leaves");
    let fewer = found(&before, &chess(&["ana owner"]));
    assert_ne!(one, fewer[0].digest, "one more leaves");
    assert_eq!(fewer[0].trailer(), format!("Keyforge-Approve: {}", fewer[0].digest));
    assert_eq!(guards::combined(&fewer), guards::combined(fewer.iter().chain(&fewer)), "in any number");
}

fn removed(gone: &[&str], lately: &[&str], any_left: bool, waiting: &BTreeSet<Digest>) -> Vec<Guard> {
    let gone: BTreeSet<UnionName> = gone.iter().map(|union| name(union)).collect();
    of_removals(&Removals {
        gone: gone.iter().collect(),
        any_left,
        lately: &lately.iter().map(|union| name(union)).collect(),
        budget: 1,
        waiting,
    })
}

#[test]
fn more_unions_than_a_day_allows_wait_and_so_does_the_last_one() {
    let none = BTreeSet::new();
    assert_eq!(removed(&["acme"], &[], true, &none), []);
    assert_eq!(
        removed(&["acme"], &["acme"], true, &none),
        [],
        "the same one again: removed, re-added, removed"
    );
    let found = removed(&["acme"], &["north"], true, &none);
    assert_eq!(
        found[0].why,
        "it is removed, 2 unions within 24 hours; `guards.unionsRemovedPerRevision` allows 1 in 24 hours"
    );
    let waiting = found.iter().map(|guard| guard.digest).collect();
    assert_eq!(removed(&["acme"], &[], true, &waiting).len(), 1, "a day later it still waits");
    assert_eq!(removed(&["acme", "north"], &[], true, &none).len(), 2, "all of them");
    assert_eq!(
        removed(&["acme"], &[], false, &none)[0].why,
        "it is removed, and no union is left in the config repo"
    );
}

fn loosened(before: &[&str], after: &[&str]) -> String {
    let (before, after) = (keyforge(before).spec, keyforge(after).spec);
    let now = format!("{TODAY}T12:00:00Z").parse().expect("a time");
    let tightened = of_policy(&before, &after, now);
    assert_eq!(of_policy(&before, &tightened.spec, now).guard, None, "the tighter of both loosens nothing");
    assert_eq!(
        tightened.guard.is_none(),
        tightened.spec == after,
        "what loosens nothing is accepted as it is"
    );
    told(tightened.guard.as_slice())
}

#[test]
fn a_loosened_policy_waits_and_a_tightened_one_does_not() {
    let cases: &[(&str, &str, &str)] = &[
        (
            "guards: {}",
            "guards: {unionsRemovedPerRevision: 0, membersRemovedPercent: 5, approval: {secondPerson: true}}",
            "",
        ),
        (
            "guards: {}",
            "guards: {unionsRemovedPerRevision: 9, membersRemovedPercent: 90, imageDowngrade: allow}",
            "change `spec.guards.imageDowngrade` from `refuse` to `allow`\n\
             change `spec.guards.membersRemovedPercent` from `25` to `90`\n\
             change `spec.guards.unionsRemovedPerRevision` from `1` to `9`\n",
        ),
        (
            "guards: {approval: {secondPerson: true}}",
            "guards: {}",
            "change `spec.guards.approval.secondPerson` from `true` to `false`\n",
        ),
        (
            "limits: {images: [vaultwarden/server], storage: 1Gi}",
            "limits: {images: [mirror.example/vaultwarden], storage: 1024Mi}",
            "add `mirror.example/vaultwarden` to `spec.limits.images`\n",
        ),
        ("limits: {domains: {}}", "limits: {domains: {acme: [acme.example]}}", ""),
        ("limits: {domains: {acme: [acme.example]}}", "limits: {domains: {acme: [vault.acme.example]}}", ""),
        (
            "limits: {domains: {acme: [acme.example]}}",
            "limits: {domains: {}}",
            "remove `[\"acme.example\"]` from `spec.limits.domains.acme`\n",
        ),
        (
            "limits: {domains: {acme: [acme.example]}}",
            "limits: {domains: {acme: [example.org, acme.example]}}",
            "add `example.org` to `spec.limits.domains.acme`\n",
        ),
        (
            "access: []",
            "access: [{who: {group: it}, role: viewer}]",
            "add `{\"role\":\"viewer\",\"unions\":[\"*\"],\"who\":{\"group\":\"it\"}}` to `spec.access`\n",
        ),
        (
            "access: [{who: {group: it}, role: viewer}]",
            "access: [{who: {group: it}, role: viewer, unions: [acme]}]",
            "",
        ),
        (
            "unlistedMembers: report",
            "unlistedMembers: revoke",
            "change `spec.unlistedMembers` from `report` to `revoke`\n",
        ),
        (
            "ignore: [{manager: hpa, kind: Deployment, fields: [.spec.replicas, .spec.paused]}]",
            "ignore: [{manager: hpa, kind: Deployment, name: vaultwarden, fields: [.spec.replicas]}]",
            "",
        ),
        (
            "ignore: []",
            "ignore: [{manager: kubectl, kind: Secret, fields: [.data]}]",
            "add `{\"fields\":[\".data\"],\"kind\":\"Secret\",\"manager\":\"kubectl\"}` to `spec.ignore`\n",
        ),
        (
            "ignore: [{manager: hpa, kind: Deployment, fields: [.spec]}]",
            "ignore: [{manager: hpa, kind: Deployment, name: vaultwarden, fields: [.spec.replicas]}]",
            "",
        ),
    ];
    for (before, after, expected) in cases {
        let expected: String = expected.lines().map(|line| format!("loosened-policy: {line}\n")).collect();
        assert_eq!(loosened(&[before], &[after]), expected, "{before} → {after}");
    }
}

#[test]
fn an_image_that_is_not_known_to_be_newer_waits() {
    let pin = |letter: char| format!("@sha256:{}", letter.to_string().repeat(64));
    let image = |tag: &str| acme(&[&format!("vaultwarden: {{image: \"vaultwarden/server:{tag}\"}}")], &[]);
    let (a, b) = (pin('a'), pin('b'));
    for (before, after, waiting) in [
        ("1.37.2", "stable", true),
        ("stable", "1.30.0", true),
        ("1.38.0", "1.38.0-rc1", true),
        ("1.38.0-rc1", "1.38.0-rc2", true),
        ("1.38.0-rc1", "1.38.0", false),
        ("1.37.2", "1.38.0-rc1", false),
        ("1.37.2", "1.37.2-alpine", false),
        ("1.37.2", &*format!("1.37.2{a}"), false),
        ("stable", &*format!("stable{a}"), false),
        (&*format!("1.37.2{a}"), &*format!("1.37.2{b}"), true),
        (&*format!("1.37.2{a}"), &*format!("1.38.0{b}"), false),
        (&*format!("1.37.2{a}"), "1.37.2", false),
        (&*format!("stable{a}"), "stable", true),
    ] {
        assert_eq!(!waits(&image(before), &image(after)).is_empty(), waiting, "{before} → {after}");
    }
}

#[test]
fn who_is_given_a_last_day_that_is_over_is_removed() {
    let before = chess(&["ana owner", "b", "c", "d"]);
    assert_eq!(waits(&before, &chess(&["ana owner", "b member 2026-11-20", "c", "d"])), "", "one always may");
    let expelled =
        chess(&["ana owner 2026-11-20", "b member 2026-11-20", "c member 2026-11-20", "d member 2026-11-20"]);
    assert_eq!(
        waits(&before, &expelled),
        "last-owner: remove `ana@acme.example` from society `chess`\n\
         member-removed: remove `b@acme.example` from society `chess`\n\
         member-removed: remove `c@acme.example` from society `chess`\n\
         member-removed: remove `d@acme.example` from society `chess`\n"
    );
    let today: NaiveDate = TODAY.parse().expect("a day");
    assert_eq!(members_removed(&before, &expelled, today).len(), 4, "budgets count them");
    let lasts = chess(&["ana owner 2026-11-20", "bo owner"]);
    assert_eq!(
        waits(&lasts, &chess(&["ana owner 2026-11-20"])),
        "last-owner: remove `bo@acme.example` from society `chess`\n",
        "an owner whose last day is over is none"
    );
}

#[test]
fn who_may_sign_is_widened_by_approval_only() {
    const ANA: &str = "ana@federation.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJB0Z+FpaZn2OUlZNB5jSYfPbwFRK1S8yBMOU6S/2hI1";
    const EVE: &str =
        "eve@x.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHaPT/KGljIxg3xcAm0uoocL00m+RpRo8cMgMXbBTGw/";
    let signatures = |lines: &[&str]| format!("signatures: {{{}}}", lines.join(", "));
    let told = |before: &[&str], after: &[&str]| loosened(&[&signatures(before)], &[&signatures(after)]);
    let with = |more: &str| format!("allowedSigners: \"{ANA}\\n{more}\"");
    let (one, two) = (with(""), with(EVE));
    assert_eq!(told(&[&two], &[&one]), "", "one fewer");
    assert_eq!(
        told(&[&one], &[&two]),
        format!("loosened-policy: add `{EVE}` to `spec.signatures.allowedSigners`\n")
    );
    assert_eq!(
        told(&[&one, "required: true"], &[&one, "required: false"]),
        "loosened-policy: change `spec.signatures.required` from `true` to `false`\n"
    );
    // The only key is exchanged: without it nobody could approve the new one.
    let other = format!("allowedSigners: \"{EVE}\"");
    assert_eq!(
        told(&[&one], &[&other]),
        format!(
            "loosened-policy: remove `{ANA}` from `spec.signatures.allowedSigners`\n\
             loosened-policy: add `{EVE}` to `spec.signatures.allowedSigners`\n"
        )
    );
    assert_eq!(
        loosened(&[&signatures(&[&one])], &["guards: {}"]),
        "loosened-policy: remove `asked for` from `spec.signatures`\n"
    );
}
