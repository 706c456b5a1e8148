//! What a union cannot do, or does in vain, after what was accepted: a volume never shrinks, and a rotation number that falls
//! rotates nothing.
//!
//! Apart from the other checks, since it needs the union as it was accepted before.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Severity, Span};
use crate::names::PasswordName;
use crate::spec::document::{
    Backup, BackupTo, Database, Generate, Password, PasswordValue, Society, Union, UnionSpec,
};
use crate::spec::load::Candidate;
use crate::spec::places::Places;
use crate::spec::quantity::Quantity;

/// What the candidate wants in vain after the union that was accepted. Add it: an error holds the candidate.
pub fn check_succession(before: &Union, candidate: &Candidate) -> Vec<Diagnostic> {
    let Some(now) = &candidate.document else { return Vec::new() };
    let mut found = shrunk_volumes(&before.spec, now, &candidate.places);
    found.extend(lowered_rotations(before, now, &candidate.places));
    found
}

fn shrunk_volumes(before: &UnionSpec, union: &Union, places: &Places) -> Vec<Diagnostic> {
    let now = &union.spec;
    let sizes = [
        ("spec.storage.size", Some((&before.storage.size, &now.storage.size))),
        ("spec.database.storage.size", database(before).zip(database(now))),
        ("spec.backup.to.size", backup(before).zip(backup(now))),
    ];
    let shrunk = sizes.into_iter().filter_map(|(field, pair)| {
        let (old, new) = pair.filter(|(old, new)| new.thousandths() < old.thousandths())?;
        Some(Diagnostic {
            span: places.field(field).cloned().unwrap_or_else(|| Span::file(&*union.source)),
            code: Code::ShrunkVolume,
            severity: Severity::Error,
            message: format!("`{field}` is `{new}`, less than the accepted `{old}`; a volume never shrinks"),
            label: format!("less than `{old}`"),
            notes: Vec::new(),
            hint: Some(format!("write at least `{old}`")),
        })
    });
    shrunk.collect()
}

fn database(spec: &UnionSpec) -> Option<&Quantity> {
    match &spec.database {
        Database::Postgres { storage, .. } => Some(&storage.size),
        Database::Sqlite {} | Database::External { .. } => None,
    }
}

fn backup(spec: &UnionSpec) -> Option<&Quantity> {
    match &spec.backup {
        Some(Backup { to: BackupTo::Volume { size, .. }, .. }) => Some(size),
        _ => None,
    }
}

/// As after a revert. What was made stays, and to ask for it again needs a number that was never there.
fn lowered_rotations(before: &Union, union: &Union, places: &Places) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let (was, is) = (&before.spec.rotation, &union.spec.rotation);
    for (field, old, new) in [
        ("spec.rotation.adminToken", was.admin_token, is.admin_token),
        ("spec.rotation.serviceAccount", was.service_account, is.service_account),
    ] {
        let span = || places.field(field).cloned().unwrap_or_else(|| Span::file(&*union.source));
        found.extend(lowered(&format!("`{field}`"), old, new, span));
    }
    for (name, society) in &union.societies {
        let Some(was) = earlier(&before.societies, name, society.renamed_from.as_ref()) else { continue };
        let known = generated(was);
        for (password, (is, generate)) in generated(society) {
            let Some((_, old)) = earlier(&known, password, is.renamed_from.as_ref()) else { continue };
            let what = format!("`generate.rotation` of password `{password}`");
            let file = || Span::file(format!("unions/{}/societies/{name}.yaml", union.name));
            let span = || places.rotation(name, password).cloned().unwrap_or_else(file);
            found.extend(lowered(&what, old.rotation, generate.rotation, span));
        }
    }
    found
}

fn lowered(what: &str, old: u32, new: u32, span: impl FnOnce() -> Span) -> Option<Diagnostic> {
    (new < old).then(|| Diagnostic {
        span: span(),
        code: Code::LoweredRotation,
        severity: Severity::Warning,
        message: format!("{what} is `{new}`, lower than the accepted `{old}`, so nothing is made anew"),
        label: format!("lower than `{old}`"),
        notes: Vec::new(),
        hint: Some(format!("to have a new one, write a number above `{old}`")),
    })
}

fn generated(society: &Society) -> BTreeMap<&PasswordName, (&Password, &Generate)> {
    let generated = society.passwords.iter().filter_map(|password| match &password.value {
        PasswordValue::Generate(generate) => Some((&password.name, (password, generate))),
        PasswordValue::Sealed(_) => None,
    });
    generated.collect()
}

/// Under its name, or under the one that it had.
fn earlier<'k, N: Ord, T, K: Ord + std::borrow::Borrow<N>>(
    known: &'k BTreeMap<K, T>,
    name: &N,
    former: Option<&N>,
) -> Option<&'k T> {
    known.get(name).or_else(|| known.get(former?))
}
