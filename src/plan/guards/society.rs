//! Societies and their people: which of before is which of now, and what is taken from whom.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::union::Bounds;
use super::{Destructive, Guard, GuardKind};
use crate::names::{Email, SocietyName};
use crate::spec::{Member, Role, Society, Union};

/// The society of `after` that is this one of `before`: by its name, or because it says that it was renamed.
pub(super) fn successor<'a>(
    name: &SocietyName,
    before: &Union,
    after: &'a Union,
) -> Option<(&'a SocietyName, &'a Society)> {
    let renamed = || {
        after.societies.iter().find(|(new, society)| {
            society.renamed_from.as_ref() == Some(name) && !before.societies.contains_key(*new)
        })
    };
    after.societies.get_key_value(name).or_else(renamed)
}

/// Addresses are the same person in any case.
pub(super) fn key(email: &Email) -> String {
    email.as_str().to_lowercase()
}

pub(super) fn member<'a>(society: &'a Society, email: &Email) -> Option<&'a Member> {
    society.members.iter().find(|member| key(&member.email) == key(email))
}

/// One society before and now, under its new name.
pub(super) struct Pair<'a> {
    pub(super) name: &'a SocietyName,
    pub(super) former: &'a SocietyName,
    pub(super) before: &'a Society,
    pub(super) after: &'a Society,
    /// Whether owners of the union own it too, before or now.
    pub(super) owned_by_union: bool,
}

/// The guards of what becomes of its people.
pub(super) fn guards(pair: &Pair<'_>, bounds: &Bounds<'_>) -> Vec<Guard> {
    let Pair { name, former: _, before, after, owned_by_union } = *pair;
    let left = |was: &Member| Destructive::Member { society: name.clone(), member: was.email.clone() };
    let lowered = |was: &Member, is: &Member| Destructive::Role {
        society: name.clone(),
        member: was.email.clone(),
        from: was.role,
        to: is.role,
    };
    let loses_owner =
        !owned_by_union && !present(after, bounds.today).any(|member| member.role == Role::Owner);
    let (mut owners, mut demoted, mut removed) = (Vec::new(), Vec::new(), Vec::new());
    for was in present(before, bounds.today) {
        let last_owner = loses_owner && was.role == Role::Owner;
        match present_member(after, &was.email, bounds.today) {
            None if last_owner => owners.push(left(was)),
            None => removed.push(was),
            Some(is) if rank(is.role) >= rank(was.role) => {}
            Some(is) if last_owner => owners.push(lowered(was, is)),
            Some(is) => demoted.push(lowered(was, is)),
        }
    }
    let guard = |kind, changes, why| Guard::new(kind, Some(bounds.union), changes, why);
    let budget = Budget::new(pair, &removed, bounds);
    let changes = removed.into_iter().map(left).collect();
    let removal = guard(GuardKind::MemberRemoved, changes, budget.why(name))
        .filter(|guard| budget.is_over() || bounds.waiting.contains(&guard.digest));
    let why = format!("{} of society `{name}` may do less than before", people(demoted.len()));
    let demotion = guard(GuardKind::Demotion, demoted, why);
    let why = format!("society `{name}` would be left without an owner");
    [guard(GuardKind::LastOwner, owners, why), demotion, removal].into_iter().flatten().collect()
}

/// Whose last day is over has left already, whatever the document does.
pub(super) fn present(society: &Society, today: NaiveDate) -> impl Iterator<Item = &Member> {
    society.members.iter().filter(move |member| member.until.is_none_or(|day| day >= today))
}

/// A last day that is over is a removal for whoever writes it: only time may pass by itself.
fn present_member<'a>(society: &'a Society, email: &Email, today: NaiveDate) -> Option<&'a Member> {
    present(society, today).find(|member| key(&member.email) == key(email))
}

/// Who has gone.
pub(super) fn removed<'a>(
    before: &'a Society,
    after: &'a Society,
    today: NaiveDate,
) -> impl Iterator<Item = &'a Member> {
    present(before, today).filter(move |was| present_member(after, &was.email, today).is_none())
}

/// What share of a society goes in 24 hours. Who was removed and is back counts on neither side.
struct Budget {
    gone: usize,
    of: usize,
    percent: u8,
}

impl Budget {
    fn new(pair: &Pair<'_>, removed: &[&Member], bounds: &Bounds<'_>) -> Self {
        let lately = bounds
            .lately
            .iter()
            .filter(|(society, _)| society == pair.name || society == pair.former)
            .filter(|(_, email)| present_member(pair.after, email, bounds.today).is_none())
            .map(|(_, email)| key(email));
        let gone: BTreeSet<String> = removed.iter().map(|member| key(&member.email)).chain(lately).collect();
        let before = pair.before.members.iter().map(|member| key(&member.email));
        let of = before.chain(gone.iter().cloned()).collect::<BTreeSet<_>>().len();
        Self { gone: gone.len(), of, percent: bounds.guards.members_removed_percent }
    }

    /// One may always go: the smallest society has its changes too.
    fn limit(&self) -> usize {
        (self.of * usize::from(self.percent) / 100).max(1)
    }

    fn is_over(&self) -> bool {
        self.gone > self.limit()
    }

    fn why(&self, name: &SocietyName) -> String {
        let Self { gone, of, percent } = self;
        format!(
            "{gone} of {} of society `{name}` are removed within 24 hours; `guards.membersRemovedPercent` ({percent}) \
             allows {}",
            people(*of),
            self.limit()
        )
    }
}

fn people(number: usize) -> String {
    format!("{number} {}", if number == 1 { "member" } else { "members" })
}

fn rank(role: Role) -> u8 {
    match role {
        Role::Member => 0,
        Role::Manager => 1,
        Role::Admin => 2,
        Role::Owner => 3,
    }
}
