//! What somebody is given by `access` of the accepted `keyforge.yaml`, and by the daemon's settings.
//!
//! Pure. Invariants: Git makes viewers alone, never an operator; an address counts only where its provider says that it was
//! verified; who is named nowhere sees no union.

use std::collections::BTreeSet;

use crate::access::{Role, Sight};
use crate::names::Email;
use crate::settings::Operators;
use crate::spec::{Access as Rule, UnionSelector, Who};
use crate::store::Person;

/// Somebody, as far as rules can name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Identity {
    /// Who has an API key: its name.
    Key(String),
    /// A person or a program that an identity provider vouches for.
    Person {
        /// Their address, if it was verified.
        email: Option<Email>,
        /// Their groups.
        groups: BTreeSet<String>,
    },
}

impl From<Person> for Identity {
    fn from(Person { name: _, email, groups }: Person) -> Self {
        Self::Person { email, groups: groups.into_iter().collect() }
    }
}

/// What these rules show somebody.
pub(super) fn seen(rules: &[Rule], identity: &Identity) -> Sight {
    let of_them = rules.iter().filter(|rule| names(&rule.who, identity));
    of_them.fold(Sight::Only(BTreeSet::new()), |sight, rule| sight.and(shown(&rule.unions)))
}

/// What somebody may do.
pub(super) fn role(rules: &[Rule], operators: &Operators, identity: &Identity) -> Role {
    let Operators { groups, emails } = operators;
    let groups = groups.iter().map(|group| Who::Group(group.clone()));
    let mut named = groups.chain(emails.iter().map(|email| Who::Email(email.clone())));
    if named.any(|who| names(&who, identity)) { Role::Operator } else { Role::Viewer(seen(rules, identity)) }
}

fn names(who: &Who, identity: &Identity) -> bool {
    match (who, identity) {
        (Who::ApiKey(name), Identity::Key(own)) => name == own,
        (Who::Group(group), Identity::Person { groups, .. }) => groups.contains(group),
        (Who::Email(email), Identity::Person { email: Some(own), .. }) => {
            email.as_str().eq_ignore_ascii_case(own.as_str())
        }
        _ => false,
    }
}

fn shown(selector: &UnionSelector) -> Sight {
    match selector {
        UnionSelector::All => Sight::All,
        UnionSelector::Named(unions) => Sight::Only(unions.iter().cloned().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Vec<Rule> {
        serde_json::from_value(serde_json::json!([
            { "who": { "group": "federation-it" }, "role": "viewer" },
            { "who": { "email": "it@acme.example" }, "role": "viewer", "unions": ["acme"] },
            { "who": { "group": "northerners" }, "role": "viewer", "unions": ["northside", "acme"] },
            { "who": { "apiKey": "board" }, "role": "viewer", "unions": ["birch"] },
        ]))
        .expect("rules")
    }

    fn person(email: Option<&str>, groups: &[&str]) -> Identity {
        Identity::Person {
            email: email.map(|email| email.parse().expect("an address")),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        }
    }

    fn names_of(sight: Sight) -> String {
        sight.names().map_or("*".to_owned(), |names| names.join(" "))
    }

    #[test]
    fn somebody_sees_what_the_rules_that_name_them_show_together() {
        for (identity, expected) in [
            (person(None, &["federation-it"]), "*"),
            (person(Some("IT@acme.example"), &[]), "acme"),
            (person(Some("it@acme.example"), &["northerners"]), "acme northside"),
            (person(None, &["northerners", "federation-it"]), "*"),
            (person(Some("eve@acme.example"), &["Federation-IT", "board"]), ""),
            (Identity::Key("board".into()), "birch"),
            (Identity::Key("federation-it".into()), ""),
            (Identity::Key("it@acme.example".into()), ""),
        ] {
            assert_eq!(names_of(seen(&rules(), &identity)), expected, "{identity:?}");
        }
    }

    #[test]
    fn only_the_daemons_settings_make_an_operator() {
        let operators = Operators {
            groups: vec!["keyforge-operators".into()],
            emails: vec!["ops@federation.example".parse().expect("an address")],
        };
        let role = |identity| role(&rules(), &operators, &identity);
        assert_eq!(role(person(None, &["keyforge-operators"])), Role::Operator);
        assert_eq!(role(person(Some("ops@federation.example"), &[])), Role::Operator);
        assert_eq!(role(person(None, &["federation-it"])), Role::Viewer(Sight::All));
        assert_eq!(role(Identity::Key("keyforge-operators".into())), Role::Viewer(Sight::Only([].into())));
    }
}
