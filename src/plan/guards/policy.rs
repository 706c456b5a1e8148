//! What of a new `keyforge.yaml` would allow more than the old one did.
//!
//! The policy does not judge itself (decisions.md 1.3): a loosening waits for an approval, and what tightens or concerns
//! something else goes on. So the result is field by field the tighter of both, but that somebody is left who can approve.

use std::collections::BTreeMap;
use std::fmt::Display;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Destructive, Guard, GuardKind};
use crate::signing::Part;
use crate::spec::{
    Access, ConfirmBy, Guards, IgnoreRule, ImageDowngrade, KeyforgeSpec, Limits, Quantity, Signatures,
    Suffix, UnionSelector, UnlistedMembers,
};

/// The tighter of two policies, and what that leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tightened {
    /// What may be accepted without an approval.
    pub spec: KeyforgeSpec,
    /// What waits.
    pub guard: Option<Guard>,
}

/// Compares the accepted policy with the wanted one. Keys are valid for a time, so it is asked when that is.
pub fn of_policy(before: &KeyforgeSpec, after: &KeyforgeSpec, now: DateTime<Utc>) -> Tightened {
    let mut loosened = Loosened(Vec::new());
    // Named one by one, so that a new field is thought of here.
    let KeyforgeSpec {
        guards,
        limits,
        rollout: _,
        unlisted_members,
        members_leaving: _,
        signatures,
        sealing,
        access,
        notifications: _,
        ignore,
    } = after;
    let mut spec = after.clone();
    spec.guards = loosened.guards(&before.guards, guards);
    spec.limits = loosened.limits(&before.limits, limits);
    let revokes =
        before.unlisted_members == UnlistedMembers::Report && *unlisted_members == UnlistedMembers::Revoke;
    spec.unlisted_members =
        loosened.value("spec.unlistedMembers", revokes, &before.unlisted_members, unlisted_members);
    // Who approves: by the guards that are accepted until then.
    let people = if spec.guards.approval.second_person { 2 } else { 1 };
    spec.signatures = match (&before.signatures, signatures) {
        (None, after) => after.clone(),
        (Some(before), None) => {
            loosened.field("spec.signatures", Some("asked for".to_owned()), None);
            Some(before.clone())
        }
        (Some(before), Some(after)) => Some(loosened.signatures(before, after, people, now)),
    };
    spec.sealing.recipients =
        loosened.list("spec.sealing.recipients", &before.sealing.recipients, &sealing.recipients);
    spec.access = loosened.access(&before.access, access);
    spec.ignore = loosened.ignore(&before.ignore, ignore);
    let why = "`keyforge.yaml` would allow more than the one accepted before".to_owned();
    Tightened { spec, guard: Guard::new(GuardKind::LoosenedPolicy, None, loosened.0, why) }
}

/// What was found so far. Each method gives the tighter value.
struct Loosened(Vec<Destructive>);

impl Loosened {
    fn field(&mut self, field: &str, from: Option<String>, to: Option<String>) {
        self.0.push(Destructive::field(field, from, to));
    }

    /// `before`, if `after` is looser.
    fn value<T: Clone + Serialize>(&mut self, field: &str, looser: bool, before: &T, after: &T) -> T {
        if !looser {
            return after.clone();
        }
        self.field(field, Some(shown(before)), Some(shown(after)));
        before.clone()
    }

    fn quantity(&mut self, field: &str, before: &Quantity, after: &Quantity) -> Quantity {
        self.value(field, after.thousandths() > before.thousandths(), before, after)
    }

    /// Those of `after` that were there before: an entry more allows more.
    fn list<T: Clone + PartialEq + Serialize>(&mut self, field: &str, before: &[T], after: &[T]) -> Vec<T> {
        self.covered(field, after, |entry| before.contains(entry))
    }

    fn covered<T: Clone + Serialize>(
        &mut self,
        field: &str,
        after: &[T],
        is_allowed: impl Fn(&T) -> bool,
    ) -> Vec<T> {
        let (allowed, new): (Vec<&T>, Vec<&T>) = after.iter().partition(|entry| is_allowed(entry));
        new.into_iter().for_each(|entry| self.field(field, None, Some(shown(entry))));
        allowed.into_iter().cloned().collect()
    }

    fn guards(&mut self, before: &Guards, after: &Guards) -> Guards {
        let mut tight = after.clone();
        let (was, is) = (before.unions_removed_per_revision, after.unions_removed_per_revision);
        tight.unions_removed_per_revision =
            self.value("spec.guards.unionsRemovedPerRevision", is > was, &was, &is);
        let (was, is) = (before.members_removed_percent, after.members_removed_percent);
        tight.members_removed_percent = self.value("spec.guards.membersRemovedPercent", is > was, &was, &is);
        let (was, is) = (before.image_downgrade, after.image_downgrade);
        let looser = was == ImageDowngrade::Refuse && is == ImageDowngrade::Allow;
        tight.image_downgrade = self.value("spec.guards.imageDowngrade", looser, &was, &is);
        let (was, is) = (before.approval.second_person, after.approval.second_person);
        tight.approval.second_person = self.value("spec.guards.approval.secondPerson", was && !is, &was, &is);
        tight
    }

    fn limits(&mut self, before: &Limits, after: &Limits) -> Limits {
        let mut tight = after.clone();
        tight.images = self.list("spec.limits.images", &before.images, &after.images);
        tight.domains = self.domains(&before.domains, &after.domains);
        tight.annotations = self.list("spec.limits.annotations", &before.annotations, &after.annotations);
        tight.storage = self.quantity("spec.limits.storage", &before.storage, &after.storage);
        let (was, is) = (&before.resources, &after.resources);
        tight.resources.cpu = self.quantity("spec.limits.resources.cpu", &was.cpu, &is.cpu);
        tight.resources.memory = self.quantity("spec.limits.resources.memory", &was.memory, &is.memory);
        tight.egress = self.list("spec.limits.egress", &before.egress, &after.egress);
        let looser = before.confirm == ConfirmBy::Phrase && after.confirm == ConfirmBy::Mail;
        tight.confirm = self.value("spec.limits.confirm", looser, &before.confirm, &after.confirm);
        tight.tolerations = self.list("spec.limits.tolerations", &before.tolerations, &after.tolerations);
        tight.priority_classes =
            self.list("spec.limits.priorityClasses", &before.priority_classes, &after.priority_classes);
        let (was, is) = (&before.allow_from_classes, &after.allow_from_classes);
        tight.allow_from_classes = self.list("spec.limits.allowFromClasses", was, is);
        tight.gateways = self.list("spec.limits.gateways", &before.gateways, &after.gateways);
        tight
    }

    /// A union without suffixes may have any host, so to take the last one away allows more.
    fn domains<U: Ord + Clone + Display>(
        &mut self,
        before: &BTreeMap<U, Vec<Suffix>>,
        after: &BTreeMap<U, Vec<Suffix>>,
    ) -> BTreeMap<U, Vec<Suffix>> {
        let mut tight = after.clone();
        for (union, was) in before.iter().filter(|(_, was)| !was.is_empty()) {
            let field = format!("spec.limits.domains.{union}");
            let is = after.get(union).map_or(&[][..], Vec::as_slice);
            if is.is_empty() {
                self.field(&field, Some(shown(was)), None);
            }
            let allowed = |suffix: &Suffix| was.iter().any(|was| was.covers(&suffix.to_string()));
            let kept = self.covered(&field, is, allowed);
            tight.insert(union.clone(), if kept.is_empty() { was.clone() } else { kept });
        }
        tight
    }

    /// Keys that are new wait, those that are gone are gone at once: unless nobody would be left to approve the new ones,
    /// who are `people`.
    fn signatures(
        &mut self,
        before: &Signatures,
        after: &Signatures,
        people: usize,
        now: DateTime<Utc>,
    ) -> Signatures {
        let mut tight = after.clone();
        let (was, is) = (before.required, after.required);
        tight.required = self.value("spec.signatures.required", was && !is, &was, &is);
        let lines = |text: &str| -> Vec<String> {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
            lines.map(str::to_owned).collect()
        };
        let (lines_before, lines_after) = (lines(&before.allowed_signers), lines(&after.allowed_signers));
        let kept = self.list("spec.signatures.allowedSigners", &lines_before, &lines_after);
        let waits = kept != lines_after;
        if waits {
            tight.allowed_signers = kept.iter().map(|line| format!("{line}\n")).collect();
        }
        tight.openpgp = self.list("spec.signatures.openpgp", &before.openpgp, &after.openpgp);
        // The first match decides, and what no path names anybody may sign: any other list may be the looser one.
        let differ = before.paths != after.paths;
        tight.paths = self.value("spec.signatures.paths", differ, &before.paths, &after.paths);
        let exempts_more = after.since.is_some() && before.since != after.since;
        tight.since = self.value("spec.signatures.since", exempts_more, &before.since, &after.since);
        let can_sign = |signatures: &Signatures| signatures.policy().0.people(&Part::Keyforge, now);
        let waits = waits || tight.openpgp != after.openpgp;
        if waits && can_sign(&tight) < people.min(can_sign(before)) {
            self.gone("spec.signatures.allowedSigners", &lines_before, &lines_after);
            self.gone("spec.signatures.openpgp", &before.openpgp, &after.openpgp);
            tight.allowed_signers.clone_from(&before.allowed_signers);
            tight.openpgp.clone_from(&before.openpgp);
        }
        tight
    }

    /// Entries whose end waits too.
    fn gone(&mut self, field: &str, before: &[String], after: &[String]) {
        let gone = before.iter().filter(|entry| !after.contains(entry));
        gone.for_each(|entry| self.field(field, Some(entry.clone()), None));
    }

    /// A field that others may set unseen; a rule that was there before may be narrowed.
    fn ignore(&mut self, before: &[IgnoreRule], after: &[IgnoreRule]) -> Vec<IgnoreRule> {
        self.covered("spec.ignore", after, |is| before.iter().any(|was| was.covers(is)))
    }

    /// An entry that was there before may be narrowed to fewer unions.
    fn access(&mut self, before: &[Access], after: &[Access]) -> Vec<Access> {
        let narrower = |was: &UnionSelector, is: &UnionSelector| match (was, is) {
            (UnionSelector::All, _) => true,
            (UnionSelector::Named(_), UnionSelector::All) => false,
            (UnionSelector::Named(was), UnionSelector::Named(is)) => is.iter().all(|name| was.contains(name)),
        };
        self.covered("spec.access", after, |is| {
            before
                .iter()
                .any(|was| was.who == is.who && was.role == is.role && narrower(&was.unions, &is.unions))
        })
    }
}

/// A value as the document has it: text bare, the rest as JSON.
fn shown<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}
