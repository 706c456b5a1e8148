//! A plan of a vault for people: one line per change, the same in logs, events and tests. Values are in none of them.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::change::{Change, Source, VaultPlan, Work};
use super::ledger::Granted;
use super::place::Slot;
use crate::diagnostic::visible;
use crate::ids::CollectionId;
use crate::names::{CollectionName, SocietyName};
use crate::spec::{CollectionRight, Role};

/// The plan as text, with a line end after each line.
pub fn text(plan: &VaultPlan) -> String {
    let mut text = String::new();
    for society in plan.societies() {
        let names = plan.ledger().societies.get(&society.name).map(|ledger| &ledger.collections);
        match &society.work {
            Work::Found { title, .. } => {
                writeln!(text, "create Society {}: {}", society.name, visible(title))
            }
            Work::Change(_, changes) => changes.iter().try_for_each(|change| {
                writeln!(text, "{}", line(&society.name, change, &|id| named(names, id)))
            }),
            Work::Blocked => writeln!(text, "nothing can be done for Society {}", society.name),
        }
        .expect("writing to a String does not fail");
    }
    if text.is_empty() {
        text.push_str("nothing to do\n");
    }
    text
}

fn named(names: Option<&BTreeMap<CollectionName, CollectionId>>, id: CollectionId) -> String {
    let found = names.into_iter().flatten().find(|(_, known)| **known == id);
    found.map_or_else(|| id.to_string(), |(name, _)| name.to_string())
}

/// One change on one line, such as `invite ada@acme.example to chess as member: treasury (write)`.
pub fn line(society: &SocietyName, change: &Change, collection: &dyn Fn(CollectionId) -> String) -> String {
    match change {
        Change::Rename { from, to } => {
            format!("update Society {society}: title {} → {}", visible(from), visible(to))
        }
        Change::SetTwoFactor(wanted) => {
            format!(
                "update Society {society}: two factors {}",
                if *wanted { "required" } else { "not required" }
            )
        }
        Change::SetMinLength(Some(length)) => {
            format!("update Society {society}: clients generate at least {length} characters")
        }
        Change::SetMinLength(None) => format!("update Society {society}: clients generate as people choose"),
        Change::CreateCollection { marker, title } => {
            format!("create Collection {society}/{}: {}", marker.collection, visible(title))
        }
        Change::UpdateCollection { marker, title, .. } => {
            format!("update Collection {society}/{}: {}", marker.collection, visible(title))
        }
        Change::DeleteCollection { marker, .. } => {
            format!("delete Collection {}/{}", marker.society, marker.collection)
        }
        Change::DeleteDoubleCollection { marker, .. } => {
            format!("delete Collection {}/{}: the empty one of two", marker.society, marker.collection)
        }
        Change::Invite { address, granted } => {
            format!("invite {address} to {society} as {}", granted_text(granted, collection))
        }
        Change::Reinvite(person) => format!("invite {} to {society} again", person.address),
        Change::Confirm { person, .. } => format!("confirm {} in {society}", person.address),
        Change::Grant { person, granted } => {
            format!("give {} in {society}: {}", person.address, granted_text(granted, collection))
        }
        Change::Revoke(person) => format!("revoke {} in {society}", person.address),
        Change::Restore(person) => format!("restore {} in {society}", person.address),
        Change::DeleteMember(person) => format!("remove {} from {society}", person.address),
        Change::CreateItem { place, collection: into, write } => {
            format!("create Password {place} in {}: {}", collection(*into), slots(write))
        }
        Change::UpdateItem { place, write, remove, .. } => {
            let mut parts = Vec::new();
            if !write.is_empty() {
                parts.push(slots(write));
            }
            if !remove.is_empty() {
                let removed: Vec<String> =
                    remove.iter().map(|slot| visible(&slot.to_string()).into_owned()).collect();
                parts.push(format!("without {}", removed.join(", ")));
            }
            format!("update Password {place}: {}", parts.join("; "))
        }
        Change::MoveItem { place, collections, .. } => {
            let names: Vec<String> = collections.iter().map(|id| collection(*id)).collect();
            format!("move Password {place} to {}", names.join(", "))
        }
        Change::RestoreItem { place, .. } => format!("restore Password {place} from the bin"),
        Change::BinItem { place, .. } => format!("delete Password {place}: into the bin"),
        Change::BinDouble { place, .. } => format!("delete Password {place}: made twice, one into the bin"),
        Change::PurgeItem { place, .. } => format!("delete Password {place}: for ever"),
        Change::DeleteSociety { title } => format!("delete Society {society}: {}", visible(title)),
        Change::DeleteDoubleSociety(_) => format!("delete Society {society}: founded twice, the empty one"),
    }
}

fn granted_text(granted: &Granted, collection: &dyn Fn(CollectionId) -> String) -> String {
    let mut access: Vec<String> = granted
        .access
        .iter()
        .map(|(id, right)| format!("{} ({})", collection(*id), right_word(*right)))
        .collect();
    access.sort();
    match access.as_slice() {
        [] => role_word(granted.role).to_owned(),
        access => format!("{}: {}", role_word(granted.role), access.join(", ")),
    }
}

fn slots(write: &BTreeMap<Slot, Source>) -> String {
    let slot = |(slot, source): (&Slot, &Source)| {
        let slot = slot.to_string();
        let slot = visible(&slot);
        match source {
            Source::Document => slot.into_owned(),
            Source::Sealed { .. } => format!("{slot} (sealed)"),
            Source::Generate { rotation, .. } => format!("{slot} (generated, {rotation})"),
            Source::Kept(_) => format!("{slot} (kept)"),
        }
    };
    write.iter().map(slot).collect::<Vec<_>>().join(", ")
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Admin => "admin",
        Role::Manager => "manager",
        Role::Member => "member",
    }
}

fn right_word(right: CollectionRight) -> &'static str {
    match right {
        CollectionRight::Read => "read",
        CollectionRight::ReadHidden => "read-hidden",
        CollectionRight::Write => "write",
        CollectionRight::Manage => "manage",
    }
}
