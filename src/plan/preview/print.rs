//! A preview for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::super::diff::FieldChange;
use super::super::print::field;
use super::{Difference, Preview, Resource, Standing, UnionPreview, Verb};
use crate::diagnostic::{print, visible};

/// `{"digest","from","to","live","unions":[{"name","state","reason","digest","changes":[…],"diagnostics":[…]}],"unchanged","diagnostics":[…]}`:
/// the form of the contract (design.md 11) and what else is known.
pub fn json(preview: &Preview) -> Value {
    let unions: Vec<Value> = preview.unions.iter().map(union_json).collect();
    json!({
        "digest": preview.digest(),
        "from": preview.from,
        "to": preview.to,
        "live": false,
        "unions": unions,
        "unchanged": preview.unchanged,
        "diagnostics": preview.diagnostics,
    })
}

fn union_json(union: &UnionPreview) -> Value {
    json!({
        "name": union.name,
        "state": union.standing.as_str(),
        "reason": reason(&union.standing),
        "digest": union.digest(),
        "changes": union.changes,
        "waits": union.waits,
        "resumes": union.resumes,
        "guards": union.guards,
        "diagnostics": union.diagnostics,
    })
}

/// The preview as text: one paragraph per union, the summary last.
pub fn text(preview: &Preview) -> String {
    let mut text = String::new();
    for found in &preview.diagnostics {
        line(&mut text, &print::line(found));
    }
    if !preview.diagnostics.is_empty() {
        text.push('\n');
    }
    for union in preview.unions.iter().filter(|union| !is_told_elsewhere(union)) {
        line(&mut text, &visible(&union.name));
        match &union.standing {
            Standing::Held { .. } if !union.diagnostics.is_empty() => {
                line(&mut text, "  held: it stays as it is");
            }
            Standing::Awaiting { .. } if !union.diagnostics.is_empty() => {
                line(&mut text, "  waits for an approval: it goes on until then");
            }
            standing => {
                reason(standing).iter().for_each(|why| line(&mut text, &format!("  {}", visible(why))));
            }
        }
        if union.resumes {
            line(&mut text, "  resumes: what waited while it was suspended is done too");
        }
        for found in &union.diagnostics {
            line(&mut text, &format!("  {}", print::line(found)));
        }
        let waits = |change: &&Difference| {
            union.waits.as_ref().is_some_and(|delay| delay.resources.contains(&change.resource))
        };
        for change in union.changes.iter().filter(|change| !waits(change)) {
            line(&mut text, &format!("  {}", change_line(change)));
        }
        if let Some(delay) = &union.waits {
            let by = delay.by.as_ref().map(|by| format!(", by {by}")).unwrap_or_default();
            line(&mut text, &format!("  {}", visible(&format!("{}{by}", delay.why))));
        }
        for change in union.changes.iter().filter(waits) {
            line(&mut text, &format!("    {}", change_line(change)));
        }
        text.push('\n');
    }
    text.push_str(&summary(preview));
    text
}

/// Whether all that is to be said is that it is held by what was found outside of its directory.
fn is_told_elsewhere(union: &UnionPreview) -> bool {
    matches!(union.standing, Standing::Held { .. }) && union.diagnostics.is_empty()
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// Why a union is not simply changed.
fn reason(standing: &Standing) -> Option<String> {
    match standing {
        Standing::Accepted => None,
        Standing::Held { why } => Some(format!("held: {why}")),
        Standing::Removed { days_kept: Some(days) } => {
            Some(format!("removed: stopped, and its data is kept for {days} days"))
        }
        Standing::Removed { days_kept: None } => Some("removed with its data".to_owned()),
        Standing::Awaiting { why } => Some(format!("waits for an approval: {why}")),
        Standing::Unknown => Some(
            "accepted: its older documents have errors, so what it changes from is not known offline"
                .to_owned(),
        ),
    }
}

/// One change on one line, in the words of the plan.
fn change_line(change: &Difference) -> String {
    let mut line = format!("{} {}", change.change, visible(&change.resource.to_string()));
    let in_kubernetes = matches!(change.resource, Resource::Kubernetes { .. });
    let fields: Vec<String> = change.fields.iter().map(|changed| shown(changed, in_kubernetes)).collect();
    if !fields.is_empty() {
        write!(line, ": {}", fields.join(", ")).expect("writing to a String does not fail");
    }
    line
}

/// Of a sealed value a reader learns that it is another one.
fn shown(changed: &FieldChange, in_kubernetes: bool) -> String {
    let is_sealed = !in_kubernetes && changed.path.ends_with(".sealed");
    match (&changed.from, &changed.to) {
        (Some(_), Some(_)) if is_sealed => format!("{} changed", visible(&changed.path)),
        (None, Some(_)) if is_sealed => format!("{} added", visible(&changed.path)),
        (Some(_), None) if is_sealed => format!("{} removed", visible(&changed.path)),
        // What comes to be has no value before.
        (None, Some(to)) if !in_kubernetes => {
            format!("{} {}", visible(&changed.path), super::super::print::value(to))
        }
        _ => field(changed),
    }
}

/// What it all comes to, and what it rests on.
fn summary(preview: &Preview) -> String {
    let unions = || preview.unions.iter();
    let goes_on = |union: &&UnionPreview| !matches!(union.standing, Standing::Awaiting { .. });
    let changed = || unions().filter(goes_on).filter(|union| !union.changes.is_empty());
    let numbers: Vec<String> = [Verb::Delete, Verb::Update, Verb::Create]
        .into_iter()
        .map(|verb| {
            (verb, changed().flat_map(|union| &union.changes).filter(|one| one.change == verb).count())
        })
        .filter(|(_, number)| *number > 0)
        .map(|(verb, number)| format!("{number} to {verb}"))
        .collect();
    let mut parts = vec![match changed().count() {
        0 => "no union changes".to_owned(),
        1 => format!("1 union changes ({})", numbers.join(", ")),
        many => format!("{many} unions change ({})", numbers.join(", ")),
    }];
    let held = unions().filter(|union| matches!(union.standing, Standing::Held { .. })).count();
    let awaiting = unions().filter(|union| !union.guards.is_empty()).count();
    for (number, one, several) in [
        (awaiting, "waits for an approval", "wait for an approval"),
        (held, "is held", "are held"),
        (preview.unchanged, "is unchanged", "are unchanged"),
    ] {
        match number {
            0 => {}
            1 => parts.push(format!("1 {one}")),
            many => parts.push(format!("{many} {several}")),
        }
    }
    let from = preview.from.map_or_else(|| "nothing".to_owned(), |from| from.short());
    format!(
        "{}\nplan {}\noffline, from {from} to {}: nobody has looked at the cluster\n",
        parts.join(", "),
        preview.digest(),
        preview.to.short()
    )
}
