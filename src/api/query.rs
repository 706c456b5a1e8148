//! The part of a URL after `?`: known parameters, each at most once, parsed.
//!
//! An unknown parameter is an error: a misspelt filter that is ignored shows too much and looks right.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use warp::{Filter, Rejection};

use super::problem::Problem;

/// Characters of a text to search for: more than any name has.
pub(super) const MAX_TEXT: usize = 200;

/// What a path can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parameter {
    /// As it is written.
    pub(super) name: &'static str,
    /// What it does, in a sentence.
    pub(super) about: &'static str,
    /// Which values it has.
    pub(super) kind: Kind,
}

/// The values of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Any text, not longer than [`MAX_TEXT`].
    Text,
    /// The name of something, of the kind that the parameter is called by.
    Name,
    /// The whole name of a commit.
    Commit,
    /// A place in a list, as an earlier answer gave it.
    Place,
    /// A word of a closed list.
    Word(&'static [&'static str]),
    /// A number from 1.
    Number {
        /// The number where none is given.
        default: u32,
        /// The greatest.
        most: u32,
    },
    /// A moment (RFC 3339).
    Moment,
}

/// A parameter that is a number from 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    /// As it is written.
    pub(super) name: &'static str,
    /// What it does, in a sentence.
    pub(super) about: &'static str,
    /// The number where none is given.
    pub(super) default: u32,
    /// The greatest.
    pub(super) most: u32,
}

impl Number {
    /// How many items a page of a list has.
    pub(super) const LIMIT: Self =
        Self { name: "limit", about: "How many items at most.", default: 100, most: 500 };

    /// As it is described.
    pub(super) const fn parameter(self) -> Parameter {
        let Self { name, about, default, most } = self;
        Parameter { name, about, kind: Kind::Number { default, most } }
    }
}

impl Parameter {
    /// Where a page of a list begins.
    pub(super) const AFTER: Self = Self {
        name: "after",
        about: "Only what follows on this place: the `next` of an earlier answer.",
        kind: Kind::Place,
    };

    /// Of which union.
    pub(super) const UNION: Self =
        Self { name: "union", about: "Only what is of this union.", kind: Kind::Name };
}

/// The parameters of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Query(BTreeMap<&'static str, String>);

/// A filter for routes with these parameters.
pub(super) fn query(
    known: &'static [Parameter],
) -> impl Filter<Extract = (Query,), Error = Rejection> + Clone {
    let raw = warp::query::raw().or(warp::any().map(String::new)).unify();
    raw.and_then(move |raw: String| async move { Query::parse(&raw, known).map_err(warp::reject::custom) })
}

impl Query {
    fn parse(raw: &str, known: &[Parameter]) -> Result<Self, Problem> {
        let mut values = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(raw.as_bytes()) {
            let mut names = known.iter().map(|parameter| parameter.name);
            let Some(name) = names.find(|known| *known == name) else {
                let name = name.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect();
                let known = known.iter().map(|parameter| parameter.name).collect();
                return Err(Problem::UnknownParameter { name, known });
            };
            if values.insert(name, value.into_owned()).is_some() {
                return Err(Problem::RepeatedParameter { name });
            }
        }
        Ok(Self(values))
    }

    /// Whether a parameter is given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A value of a type that says itself what is wrong with a text.
    pub(super) fn value<T: FromStr<Err: Display>>(&self, name: &'static str) -> Result<Option<T>, Problem> {
        let Some(text) = self.0.get(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|error: T::Err| invalid(name, error.to_string()))
    }

    /// A place in a list: what an earlier answer gave as `next`.
    pub(super) fn place<T: FromStr>(&self, name: &'static str, what: &str) -> Result<Option<T>, Problem> {
        let Some(text) = self.0.get(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| invalid(name, format!("it is {what}")))
    }

    /// A number from 1.
    pub(super) fn number(&self, Number { name, default, most, .. }: Number) -> Result<u32, Problem> {
        let Some(text) = self.0.get(name) else { return Ok(default) };
        match text.parse() {
            Ok(number) if (1..=most).contains(&number) => Ok(number),
            _ => Err(invalid(name, format!("it is a number from 1 to {most}"))),
        }
    }

    /// A text to search for. An empty one searches for nothing, as a form sends it.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<String>, Problem> {
        let Some(text) = self.0.get(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        if text.chars().count() > MAX_TEXT {
            return Err(invalid(name, format!("it has at most {MAX_TEXT} characters")));
        }
        if text.contains(char::is_control) {
            return Err(invalid(name, "it has no control characters".to_owned()));
        }
        Ok(Some(text.clone()))
    }

    /// A moment.
    pub(super) fn moment(&self, name: &'static str) -> Result<Option<DateTime<Utc>>, Problem> {
        let Some(text) = self.0.get(name) else { return Ok(None) };
        DateTime::parse_from_rfc3339(text)
            .map(|moment| Some(moment.to_utc()))
            .map_err(|_| invalid(name, "it is a moment such as `2026-01-31T12:00:00Z`".to_owned()))
    }
}

fn invalid(name: &'static str, why: String) -> Problem {
    Problem::InvalidParameter { name, why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::UnionState;

    const KNOWN: &[Parameter] = &[
        Parameter { name: "state", about: "", kind: Kind::Word(UnionState::WORDS) },
        Parameter { name: "search", about: "", kind: Kind::Text },
        Number::LIMIT.parameter(),
        Parameter { name: "since", about: "", kind: Kind::Moment },
    ];

    fn query(raw: &str) -> Query {
        Query::parse(raw, KNOWN).expect("known parameters")
    }

    #[test]
    fn a_parameter_is_known_and_given_once() {
        assert_eq!(query(""), Query::default());
        assert_eq!(query("search=").text("search"), Ok(None));
        let unknown = Problem::UnknownParameter {
            name: "sate".into(),
            known: vec!["state", "search", "limit", "since"],
        };
        assert_eq!(Query::parse("sate=held", KNOWN), Err(unknown));
        let repeated = Problem::RepeatedParameter { name: "state" };
        assert_eq!(Query::parse("state=held&state=failed", KNOWN), Err(repeated));
    }

    #[test]
    fn a_value_is_parsed_or_refused_with_what_is_allowed() {
        assert_eq!(query("state=held").value("state"), Ok(Some(UnionState::Held)));
        assert_eq!(query("search=a+b%20c").text("search"), Ok(Some("a b c".into())));
        assert_eq!(query("limit=5").number(Number::LIMIT), Ok(5));
        assert_eq!(query("").number(Number::LIMIT), Ok(100));
        assert!(query("state=").value::<UnionState>("state").is_err());
        for raw in ["limit=", "limit=0", "limit=501", "limit=-1", "limit=ten", "limit=99999999999"] {
            assert!(query(raw).number(Number::LIMIT).is_err(), "{raw}");
        }
        assert!(query("search=a%00b").text("search").is_err());
        assert!(query(&format!("search={}", "a".repeat(201))).text("search").is_err());
        assert!(query("since=2026-01-31T12:00:00%2B01:00").moment("since").is_ok());
        // Here `+` is a space, which is no offset.
        assert!(query("since=2026-01-31T12:00:00+01:00").moment("since").is_err());
        assert!(query("since=yesterday").moment("since").is_err());
    }
}
