//! The planner of the vault half: transcripts of a society's life, and what must hold at the end of each.
//!
//! A case is a text: a sentence, then steps (`> …`) with what they print. Steps change the documents, or are what people do
//! in VaultWarden (`step` below lists them); `plan` prints the plan, `apply` prints and executes it.

mod support;

use std::fmt::Write;
use std::path::Path;

use keyforge::plan::society::{
    Change, Finding, Granted, MemberStatus, ObservedContent, ObservedItem, Slot, Work, text,
};
use keyforge::spec::{CollectionRight, ConfirmBy, Role, UnlistedMembers};
use serde_json::{Value, json};
use support::union::union;
use support::vault::Vault;

const ACME: &str = "
metadata: {name: acme}
spec:
  displayName: Acme Union
  contacts: [office@acme.example]
  domain: https://vault.acme.example
  owners: [{email: officer@acme.example, confirm: {fingerprint: drum-elk-fern-gate-hill}}]
  vaultwarden: {image: 'vaultwarden/server:1.37.2'}
";

/// The society of all cases.
fn chess() -> Value {
    let sealed = |text: &str| {
        format!("-----BEGIN AGE ENCRYPTED FILE-----\n{text}\n-----END AGE ENCRYPTED FILE-----\n")
    };
    json!({
        "displayName": "Chess Society",
        "collections": [{"name": "treasury"}, {"name": "social", "title": "Social media"}],
        "members": [
            {"email": "Magnus@acme.example", "role": "owner", "confirm": {"fingerprint": "aunt-bear-coal-dust-ember"}},
            {"email": "vera@acme.example", "role": "member", "collections": [{"name": "social", "access": "write"}]},
        ],
        "passwords": [
            {"name": "instagram", "collection": "social", "username": "acme_chess", "generate": {"rotation": 1}},
            {
                "name": "bank", "collection": "treasury", "sealed": sealed("hunter2/20261101"),
                "notes": "Two signatures.", "fields": [{"name": "pin", "sealed": sealed("1234/20261101")}],
            },
        ],
        "deletion": {"days": 14},
    })
}

fn vault() -> Vault {
    let mut vault = Vault::new(union(ACME));
    let society = serde_json::from_value(chess()).expect("a society");
    vault.union.societies.insert("chess".parse().expect("a name"), society);
    vault
}

/// Executes one step; gives what it prints.
fn step(vault: &mut Vault, step: &str) -> String {
    let words: Vec<&str> = step.split(' ').collect();
    let chess = |vault: &Vault| {
        let known = vault.observed.societies.iter().find(|society| society.title.starts_with("Chess"));
        known.expect("the society is there").id
    };
    match words.as_slice() {
        ["plan"] => return text(&vault.plan()),
        ["apply"] => {
            let plan = vault.plan();
            vault.apply(&plan);
            return text(&plan);
        }
        ["settle"] => {
            vault.settle();
        }
        ["show"] => return vault.shown(),
        ["findings"] => return findings(vault),
        ["members"] => return members(vault),
        ["pass", days] => vault.pass(days.parse().expect("a number of days")),
        ["mail", word] => vault.observed.mail = *word == "on",
        ["policy", "mail"] => vault.policy.confirm = ConfirmBy::Mail,
        ["policy", "revoke"] => vault.policy.unlisted = UnlistedMembers::Revoke,
        ["policy", "rotate"] => vault.policy.rotate = true,
        ["document", pointer, ..] => {
            let value = step.splitn(3, ' ').nth(2).expect("a value");
            document(vault, pointer, value);
        }
        ["awaiting"] => {
            let plan = vault.plan();
            return plan.awaiting().iter().map(|guard| format!("{}: {}\n", guard.kind, guard.why)).collect();
        }
        ["approve"] => {
            vault.ledger.approved = vault.plan().awaiting().iter().map(|guard| guard.digest).collect();
        }
        ["lose", "memory"] => vault.ledger = keyforge::plan::society::Ledger::default(),
        // What the union's state object keeps of it: which memberships we made.
        ["lose", "database"] => {
            let made = std::mem::take(&mut vault.ledger.made);
            vault.ledger = keyforge::plan::society::Ledger { made, ..Default::default() };
        }
        ["lose", "society"] => vault.observed.societies.clear(),
        ["register", address, phrase] => vault.register(chess(vault), address, phrase),
        ["spoil", address] => {
            vault.addressed(chess(vault), address).status = MemberStatus::Accepted;
        }
        ["revoke", address] => vault.addressed(chess(vault), address).status = MemberStatus::Revoked,
        ["remove", address] => {
            let id = chess(vault);
            vault.society(id).members.retain(|member| member.address != *address);
        }
        ["invite", address] => {
            let granted = Granted { role: Role::Member, access: std::collections::BTreeMap::new() };
            vault.invite(chess(vault), address, &granted);
        }
        ["role", address, role] => {
            let role = serde_json::from_value(Value::String((*role).to_owned())).expect("a role");
            vault.addressed(chess(vault), address).role = role;
        }
        ["give", address, right, title @ ..] => {
            let id = chess(vault);
            let collection = vault.collection(id, &title.join(" ")).id;
            let right: CollectionRight =
                serde_json::from_value(Value::String((*right).to_owned())).expect("a right");
            vault.addressed(id, address).access.insert(collection, right);
        }
        ["take", address, title @ ..] => {
            let id = chess(vault);
            let collection = vault.collection(id, &title.join(" ")).id;
            vault.addressed(id, address).access.remove(&collection);
        }
        ["demote", "us"] => {
            let id = chess(vault);
            vault.society(id).our_role = Role::Admin;
        }
        ["rekey", text] => {
            let id = chess(vault);
            vault.society(id).key = (*text != "rubbish").then(|| keyforge::digest::Digest::of(*text));
        }
        ["collect", title] => vault.collect(chess(vault), title, None),
        ["make", title @ ..] => {
            let id = chess(vault);
            let collection = vault.collection(id, &title.join(" ")).id;
            vault.make(id, collection);
        }
        ["forge", place, title @ ..] => {
            let id = chess(vault);
            let collection = vault.collection(id, &title.join(" ")).id;
            vault.forge(id, collection, place.parse().expect("a place"));
        }
        ["rename", title, new] => vault.collection(chess(vault), title).title = Some((*new).to_owned()),
        ["unmark", title] => vault.collection(chess(vault), title).marker = None,
        ["double", title] => {
            let id = chess(vault);
            let marker = vault.collection(id, title).marker.clone();
            vault.collect(id, title, marker);
        }
        ["double", title, "used"] => {
            let id = chess(vault);
            let marker = vault.collection(id, title).marker.clone();
            vault.collect(id, title, marker);
            let double = vault.society(id).collections.last().expect("it was made").id;
            vault.make(id, double);
        }
        ["again", place, edit @ ..] => {
            let id = chess(vault);
            let item = vault.placed(id, place);
            let double = vault.make_again(id, item);
            if let [slot, text] = edit {
                vault.edit(id, double, slot.parse().expect("a slot"), text);
            }
        }
        ["unbin", place] => {
            let (id, now) = (chess(vault), vault.now);
            let items = vault.society(id).items.iter_mut();
            let is = |item: &&mut ObservedItem| match &item.content {
                ObservedContent::Marked { marker, .. } => marker.place.to_string() == *place,
                _ => false,
            };
            let item = items.filter(is).find(|item| item.deleted.is_some()).expect("it is in the bin");
            (item.deleted, item.revised) = (None, now);
        }
        ["found", "again"] => drop(vault.found_again()),
        ["found", title @ ..] => {
            // Somebody founds a society of this title and invites our account.
            let twin = vault.observed.societies.first().cloned();
            let mut twin = twin.expect("a society is there to be copied");
            twin.title = title.join(" ");
            vault.observed.societies = vec![twin];
            for one in &mut vault.society(chess(vault)).collections {
                (one.marker, one.title) = (None, Some("Their own".into()));
            }
            vault.ledger = keyforge::plan::society::Ledger::default();
        }
        ["edit", place, slot, text @ ..] => {
            let id = chess(vault);
            let item = vault.placed(id, place);
            let slot: Slot = slot.parse().expect("a slot");
            vault.edit(id, item, slot, &text.join(" "));
        }
        ["bin", place] => {
            let (id, now) = (chess(vault), vault.now);
            let item = vault.placed(id, place);
            vault.item(id, item).deleted = Some(now);
        }
        ["purge", place] => {
            let id = chess(vault);
            let item = vault.placed(id, place);
            vault.society(id).items.retain(|one| one.id != item);
        }
        ["copy", place] => {
            let id = chess(vault);
            let item = vault.placed(id, place);
            vault.copy(id, item);
        }
        ["break", place] => {
            let id = chess(vault);
            let item = vault.placed(id, place);
            vault.item(id, item).content = ObservedContent::Broken;
        }
        _ => panic!("no step: {step}"),
    }
    String::new()
}

/// Sets a field of the documents; `null` takes it away.
fn document(vault: &mut Vault, pointer: &str, value: &str) {
    let mut union = serde_json::to_value(&vault.union).expect("a union is JSON");
    let (above, field) = pointer.rsplit_once('/').expect("a pointer");
    let place = union.pointer_mut(above).expect("the document has what is above this field");
    let value: Value = serde_json::from_str(value).expect("the value is JSON");
    match (place, field.parse::<usize>()) {
        (Value::Array(items), Ok(at)) if value.is_null() => drop(items.remove(at)),
        (Value::Array(items), Ok(at)) if at == items.len() => items.push(value),
        (Value::Array(items), Ok(at)) => items[at] = value,
        (Value::Object(fields), _) if value.is_null() => drop(fields.remove(field)),
        (place, _) => place[field] = value,
    }
    vault.union = serde_json::from_value(union).expect("it is a union still");
}

fn findings(vault: &Vault) -> String {
    let plan = vault.plan();
    let of_societies = plan.societies().iter().flat_map(|society| &society.findings);
    let lines: String =
        plan.findings().iter().chain(of_societies).map(|finding: &Finding| format!("{finding}\n")).collect();
    if lines.is_empty() { "none\n".to_owned() } else { lines }
}

fn members(vault: &Vault) -> String {
    let plan = vault.plan();
    let standings = plan.societies().iter().flat_map(|society| &society.members);
    standings
        .map(|one| {
            let act = one.must_act.map(|actor| format!(" [{actor}]")).unwrap_or_default();
            let why = one.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            format!("{} {} since {}{why}{act}\n", one.address, one.state, one.since.format("%F"))
        })
        .collect()
}

/// Runs a case; gives it as it should read.
fn run(case: &str) -> (String, Vault) {
    let mut vault = vault();
    let (title, _) = case.split_once("\n> ").expect("a case has a step");
    let mut transcript = format!("{}\n", title.trim_end());
    transcript.push('\n');
    for line in case.lines().filter_map(|line| line.strip_prefix("> ")) {
        write!(transcript, "> {line}\n{}", step(&mut vault, line))
            .expect("writing to a String does not fail");
    }
    (transcript, vault)
}

fn each_case(test: impl Fn(&str, &str)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/society");
    let mut found = 0;
    for entry in std::fs::read_dir(folder).expect("the folder of cases is there") {
        let path = entry.expect("a case is readable").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a case has a name").to_owned();
        test(&name, &std::fs::read_to_string(path).expect("a case is readable"));
        found += 1;
    }
    assert_ne!(found, 0, "there are cases");
}

#[test]
fn every_case_reads_as_it_runs() {
    let wrong = std::cell::RefCell::new(String::new());
    each_case(|name, case| {
        let (transcript, _) = run(case);
        if transcript != case {
            write!(wrong.borrow_mut(), "{name} runs like this:\n{transcript}").expect("a String takes it");
        }
    });
    assert!(wrong.borrow().is_empty(), "{}", wrong.borrow());
}

#[test]
fn applying_comes_to_an_end_with_a_plan_that_writes_nothing() {
    each_case(|name, case| {
        let (_, mut vault) = run(case);
        let rounds = vault.settle();
        assert!(rounds <= 4, "{name} takes {rounds} rounds");
        assert!(vault.plan().is_empty(), "{name}");
        let before = vault.shown();
        vault.settle();
        assert_eq!(before, vault.shown(), "{name}");
    });
}

#[test]
fn the_order_in_which_things_are_found_is_no_part_of_the_plan() {
    each_case(|name, case| {
        let (_, mut vault) = run(case);
        let straight = vault.plan();
        vault.observed.societies.reverse();
        for society in &mut vault.observed.societies {
            society.collections.reverse();
            society.members.reverse();
            society.items.reverse();
        }
        for society in vault.union.societies.values_mut() {
            society.members.reverse();
            society.passwords.reverse();
            society.collections.reverse();
        }
        assert_eq!(straight, vault.plan(), "{name}");
    });
}

#[test]
fn who_forgets_everything_invites_draws_and_removes_nothing() {
    each_case(|name, case| {
        let (_, mut vault) = run(case);
        vault.settle();
        let broken = |item: &ObservedItem| item.content == ObservedContent::Broken;
        if vault.observed.societies.iter().flat_map(|society| &society.items).any(broken) {
            return;
        }
        vault.ledger = keyforge::plan::society::Ledger::default();
        for society in vault.plan().societies() {
            let Work::Change(_, changes) = &society.work else { continue };
            let harmless = |change: &Change| match change {
                Change::UpdateItem { write, .. } => !write
                    .values()
                    .any(|source| matches!(source, keyforge::plan::society::Source::Generate { .. })),
                // What a person took stays so, and the phrase in the document proves as much as before.
                Change::Grant { .. } | Change::Confirm { .. } => true,
                _ => false,
            };
            assert!(changes.iter().all(harmless), "{name}: {changes:#?}");
        }
    });
}

#[test]
fn no_text_of_a_password_is_in_a_plan() {
    each_case(|name, case| {
        let (_, vault) = run(case);
        let plan = format!("{:?}", vault.plan());
        for secret in ["hunter2", "1234", "drawn ", "aunt-bear"] {
            assert!(!plan.contains(secret), "{name} tells {secret}");
        }
    });
}
