//! What is recorded of a look: for each society what is remembered, and what is shown.
//!
//! People's addresses stand in a society's own row alone, which goes with it. What is kept with deployments is kept for good:
//! pseudonyms stand in it.

use super::Looked;
use crate::outcome::SocietyState;
use crate::plan::society::{FingerprintKey, SocietyPlan, VaultPlan, Work};
use crate::spec::Union;
use crate::store::SocietyRecord;

/// A text for the record of a deployment: in place of each address it has a pseudonym, which is the same everywhere.
pub(super) fn pseudonymous(text: &str, key: &FingerprintKey) -> String {
    let word = |word: &str| {
        let address = word.trim_matches(|c: char| !c.is_alphanumeric());
        if address.contains('@') { word.replace(address, &key.pseudonym(address)) } else { word.to_owned() }
    };
    text.split_inclusive(char::is_whitespace).map(word).collect()
}

/// The societies of a plan, as they are before anything of it is done. What failed of one is a finding of that one.
pub(super) fn records(looked: &Looked, union: &Union) -> Vec<SocietyRecord> {
    let record = |society: &SocietyPlan| {
        let mut record = record(&looked.plan, society, union);
        let failed = looked.refused.get(&society.name);
        record
            .findings
            .extend(failed.map(|why| format!("society `{}` is left as it is: {why}", society.name)));
        record
    };
    looked.plan.societies().iter().map(record).collect()
}

fn record(plan: &VaultPlan, society: &SocietyPlan, union: &Union) -> SocietyRecord {
    let document = union.societies.get(&society.name);
    let state = match (&society.work, document) {
        (Work::Blocked, _) => SocietyState::Blocked,
        (_, None) => SocietyState::Removed,
        (work, Some(_)) if work.is_empty() => SocietyState::Current,
        (_, Some(_)) => SocietyState::InProgress,
    };
    SocietyRecord {
        name: society.name.clone(),
        title: document.map_or_else(|| society.name.to_string(), |document| document.display_name.clone()),
        state,
        ledger: plan.ledger().societies.get(&society.name).cloned(),
        members: society.members.clone(),
        passwords: society.passwords.clone(),
        findings: society.findings.iter().map(ToString::to_string).collect(),
        updated_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redacted::Redacted;

    #[test]
    fn a_deployment_is_told_without_the_addresses_of_people() {
        let key = FingerprintKey::new(&Redacted::new(vec![7; 32]));
        let (ana, ben) = (key.pseudonym("ana@acme.example"), key.pseudonym("ben@acme.example"));
        assert_ne!(ana, ben);
        assert_eq!(ana, key.pseudonym("Ana@acme.example"), "the same mailbox");
        let told = "invite ana@acme.example to chess as member: treasury (write)\n\
                    `ben@acme.example`, Ana@acme.example; revoke nobody\n";
        let kept =
            format!("invite {ana} to chess as member: treasury (write)\n`{ben}`, {ana}; revoke nobody\n");
        assert_eq!(pseudonymous(told, &key), kept);
    }
}
