//! The planner: transcripts of a union's life, and what must hold at the end of each.
//!
//! A case is a text: a sentence, then steps (`> …`) with what they print. Steps change the union's document, the
//! cluster or the server's mind (`step` below lists them); `plan` prints the plan, `apply` prints and executes it.

mod support;

use std::fmt::Write;
use std::path::Path;

use keyforge::desired::Life;
use keyforge::health::Health;
use keyforge::ids::{ResourceId, Uid};
use keyforge::plan::{Change, Parted, Refusal, ServerRefusal, text, waits_text};
use proptest::prelude::*;
use serde_json::Value;
use support::fields::path;
use support::union::union;
use support::world::{World, deleting};

const NORTHSIDE: &str = include_str!("cases/desired/northside/union.yaml");

/// Executes one step; gives what it prints.
fn step(world: &mut World, step: &str) -> String {
    let words: Vec<&str> = step.splitn(6, ' ').collect();
    match words.as_slice() {
        ["plan"] => printed(world),
        ["apply"] => {
            let text = printed(world);
            if let Ok(parted) = world.parted() {
                world.execute(&parted.now);
            }
            text
        }
        ["settle"] => {
            world.settle();
            String::new()
        }
        // The server ends what it is deleting.
        ["finish"] => {
            world.finish();
            String::new()
        }
        // What was found equal needs no second look.
        ["trust"] => {
            world.trusting = true;
            String::new()
        }
        ["now", time] => {
            world.now = time.parse().expect("a time");
            String::new()
        }
        ["ill", kind, name] => {
            let id = world.id(&format!("{kind} {name}"));
            world.objects.get_mut(&id).expect("it is there").health = Health::Failed("it crashes".into());
            String::new()
        }
        ["life", life] => {
            world.enter(serde_json::from_value(Value::String((*life).to_owned())).expect("a life"));
            String::new()
        }
        ["document", pointer, ..] => {
            let value = step.splitn(3, ' ').nth(2).expect("a value");
            let mut union = serde_json::to_value(&world.union).expect("a union is JSON");
            let (above, field) = pointer.rsplit_once('/').expect("a pointer");
            let place = union.pointer_mut(above).expect("the document has what is above this field");
            place[field] = serde_json::from_str(value).expect("the value is JSON");
            world.union = serde_json::from_value(union).expect("it is a union still");
            String::new()
        }
        ["lose", "record"] => {
            world.record = None;
            String::new()
        }
        // As a newer version of Keyforge leaves it.
        ["upgrade"] => {
            world.record.as_mut().expect("it is recorded").template_version += 1;
            String::new()
        }
        ["lose", "credentials"] => {
            world.admin_token = None;
            String::new()
        }
        // It vanishes, and with a namespace what is in it.
        ["lose", kind, name] => {
            let id = world.id(&format!("{kind} {name}"));
            world.objects.get_mut(&id).expect("it is there").terminating = true;
            let others = world.objects.iter_mut().filter(|(other, _)| **other != id);
            let held: Vec<_> =
                others.filter(|(_, o)| o.terminating).map(|(id, o)| (id.clone(), o.clone())).collect();
            world.finish();
            world.objects.extend(held);
            String::new()
        }
        // Somebody deletes it, which takes its time.
        ["end", kind, name] => {
            let id = world.id(&format!("{kind} {name}"));
            world.objects.get_mut(&id).expect("it is there").terminating = true;
            String::new()
        }
        ["relabel", kind, name, owner @ ..] => {
            let id = world.id(&format!("{kind} {name}"));
            let labels = &mut world.objects.get_mut(&id).expect("it is there").live["metadata"]["labels"];
            match owner.first() {
                Some(owner) => labels["keyforge.dev/installation"] = Value::String((*owner).to_owned()),
                None => drop(labels.as_object_mut().expect("labels").remove("keyforge.dev/installation")),
            }
            String::new()
        }
        ["intrude", kind, name, owner @ ..] => {
            let id = world.id(&format!("{kind} {name}"));
            world.intrude(&id, owner.first().copied());
            String::new()
        }
        ["replace", kind, name] => {
            let id = world.id(&format!("{kind} {name}"));
            world.replace(&id);
            String::new()
        }
        // A backup of another cluster's objects is restored in this one: each has a life of its own here.
        ["move"] => {
            world.cluster = Uid("another cluster".into());
            let ids: Vec<ResourceId> = world.objects.keys().cloned().collect();
            ids.iter().for_each(|id| world.replace(id));
            String::new()
        }
        ["refuse", kind, name, reason, ..] => {
            let id = world.id(&format!("{kind} {name}"));
            let message = step.splitn(5, ' ').nth(4).expect("a message").to_owned();
            world.refused.insert(id, ServerRefusal { reason: (*reason).to_owned(), message });
            String::new()
        }
        [manager, "sets", kind, name, at, value] => {
            let id = world.id(&format!("{kind} {name}"));
            let value = serde_json::from_str(value).expect("the value is JSON");
            world.write(manager, &id, &path(at), Some(value));
            String::new()
        }
        [manager, "removes", kind, name, at] => {
            let id = world.id(&format!("{kind} {name}"));
            world.write(manager, &id, &path(at), None);
            String::new()
        }
        ["inventory"] => world.inventory.entries.keys().map(|id| format!("{id}\n")).collect(),
        _ => panic!("no step: {step}"),
    }
}

/// The plan as people see it, or the reasons why there is none.
fn printed(world: &World) -> String {
    match world.parted() {
        Ok(Parted { now, waits }) => {
            format!("{}{}", text(&now), waits.as_ref().map(waits_text).unwrap_or_default())
        }
        Err(refusals) => refused(&refusals),
    }
}

fn refused(refusals: &[Refusal]) -> String {
    refusals.iter().map(|refusal| format!("refused: {refusal}\n")).collect()
}

/// Runs a case; gives it as it should read.
fn run(case: &str) -> (String, World) {
    let mut world = World::new(union(NORTHSIDE));
    let (title, _) = case.split_once("\n> ").expect("a case has a step");
    let mut transcript = format!("{title}\n");
    for line in case.lines().filter_map(|line| line.strip_prefix("> ")) {
        write!(transcript, "> {line}\n{}", step(&mut world, line))
            .expect("writing to a String does not fail");
    }
    (transcript, world)
}

fn each_case(test: impl Fn(&str, &str)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/plan");
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
fn what_was_applied_is_planned_no_more() {
    each_case(|name, case| {
        let (_, mut world) = run(case);
        world.settle();
        match world.plan() {
            Ok(plan) => assert_eq!(text(&plan), "nothing to do\n", "{name}"),
            Err(refusals) => {
                let before = format!("{:?}", world.objects);
                world.settle();
                assert_eq!(before, format!("{:?}", world.objects), "{name}: {}", refused(&refusals));
            }
        }
    });
}

#[test]
fn the_order_of_manifests_is_no_part_of_the_plan() {
    each_case(|name, case| {
        let (_, world) = run(case);
        let mut desired = world.desired();
        let straight = world.plan_for(&desired);
        desired.manifests.reverse();
        assert_eq!(straight, world.plan_for(&desired), "{name}");
    });
}

#[test]
fn what_is_gone_goes_backwards_one_stage_at_a_time_until_nothing_is_left() {
    each_case(|name, case| {
        let (_, mut world) = run(case);
        world.settle();
        if world.plan().is_err() {
            return;
        }
        world.enter(Life::Gone);
        let mut stages = Vec::new();
        for _ in 0..10 {
            let plan = world.plan().expect("what is ours may go");
            let deleting = deleting(&plan);
            assert!(deleting.len() <= 1, "{name} deletes in {deleting:?} at once");
            stages.extend(deleting);
            world.execute(&plan);
            world.finish();
        }
        assert!(stages.is_sorted_by(|a, b| a >= b), "{name} deletes in the order {stages:?}");
        let ours = world
            .objects
            .values()
            .filter(|o| o.live["metadata"]["labels"]["keyforge.dev/installation"] == "test");
        assert_eq!((ours.count(), world.inventory.entries.len()), (0, 0), "{name}");
        assert_eq!((world.admin_token, &world.record), (None, &None), "{name}");
        assert_eq!(printed(&world), "nothing to do\n", "{name}");
    });
}

/// What restarts the server and what does not, by the fields of the document that do it.
const CHANGES: [(&str, &str); 6] = [
    ("/spec/vaultwarden/image", "\"vaultwarden/server:1.37.3\""),
    ("/spec/vaultwarden/signups", "{\"allowed\": false}"),
    ("/spec/rotation/adminToken", "2"),
    ("/spec/expose", "{\"kind\": \"ingress\"}"),
    ("/spec/displayName", "\"Another name\""),
    ("/spec/storage/size", "\"2Gi\""),
];

proptest! {
    // Each one renders a union several times.
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever changes, whatever time it is: of what belongs to a restart all is done or nothing, the former only while
    /// the window is open, and nothing is lost or done twice.
    #[test]
    fn a_restart_is_done_as_one_and_only_inside_its_window(
        changed in proptest::sample::subsequence(CHANGES.to_vec(), 0..=CHANGES.len()),
        minute in 0_i64..20_000,
        hour in 0_u32..24,
        hours in 1_u32..20,
    ) {
        let mut world = World::new(union(NORTHSIDE));
        world.settle();
        let window = format!("{{\"schedule\": \"0 {hour} * * *\", \"duration\": \"{hours}h\"}}");
        step(&mut world, &format!("document /spec/updateWindow {window}"));
        for (field, value) in &changed {
            step(&mut world, &format!("document {field} {value}"));
        }
        world.now += chrono::TimeDelta::minutes(minute);
        let since_opening = (world.now.timestamp() - i64::from(hour) * 3600).rem_euclid(86_400);
        let open = since_opening < i64::from(hours) * 3600;
        let plan = world.plan().expect("what is ours may change");
        let Parted { now, waits } = world.parted().expect("the same");

        let restarts = CHANGES[..3].iter().any(|change| changed.contains(change));
        prop_assert_eq!(waits.is_some(), restarts && !open);
        let of_closure = |change: &Change| match change {
            Change::Draw { .. } | Change::Record { .. } => true,
            Change::Keep { .. } => false,
            other => ["ConfigMap", "Secret", "Deployment"].contains(&other.id().kind.as_str()),
        };
        let later = || waits.iter().flat_map(|waits| &waits.stages).flat_map(|stage| &stage.changes);
        if let Some(waits) = &waits {
            prop_assert!(!now.changes().any(of_closure));
            prop_assert!(later().all(of_closure));
            let opens = waits.until.expect("it opens each day");
            prop_assert!(opens > world.now && opens - world.now <= chrono::TimeDelta::days(1));
        }
        let ids = |changes: Vec<&Change>| {
            let mut ids: Vec<String> = changes.iter().map(|change| format!("{} {}", change.word(), change.id())).collect();
            ids.sort();
            ids
        };
        prop_assert_eq!(ids(plan.changes().collect()), ids(now.changes().chain(later()).collect()));

        // Once the window is open all of it is done, in one go.
        if let Some(waits) = waits {
            world.execute(&now);
            world.now = waits.until.expect("it opens each day");
            let rest = world.parted().expect("the same");
            prop_assert_eq!(rest.waits, None);
            world.execute(&rest.now);
            world.settle();
            prop_assert_eq!(printed(&world), "nothing to do\n");
        }
    }
}
