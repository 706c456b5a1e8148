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
const MAX_TEXT: usize = 200;

/// The parameters of one request. An empty value counts as none, as forms send it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Query(BTreeMap<&'static str, String>);

/// A filter for routes with these parameters.
pub(super) fn query(
    known: &'static [&'static str],
) -> impl Filter<Extract = (Query,), Error = Rejection> + Clone {
    let raw = warp::query::raw().or(warp::any().map(String::new)).unify();
    raw.and_then(move |raw: String| async move { Query::parse(&raw, known).map_err(warp::reject::custom) })
}

impl Query {
    fn parse(raw: &str, known: &'static [&'static str]) -> Result<Self, Problem> {
        let mut values = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(raw.as_bytes()) {
            let Some(name) = known.iter().copied().find(|known| *known == name) else {
                let name = name.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect();
                return Err(Problem::UnknownParameter { name, known });
            };
            if values.insert(name, value.into_owned()).is_some() {
                return Err(Problem::RepeatedParameter { name });
            }
        }
        values.retain(|_, value| !value.is_empty());
        Ok(Self(values))
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

    /// A number from 1 to `max`.
    pub(super) fn number(&self, name: &'static str, default: u32, max: u32) -> Result<u32, Problem> {
        let Some(text) = self.0.get(name) else { return Ok(default) };
        match text.parse() {
            Ok(number) if (1..=max).contains(&number) => Ok(number),
            _ => Err(invalid(name, format!("it is a number from 1 to {max}"))),
        }
    }

    /// A text to search for.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<String>, Problem> {
        let Some(text) = self.0.get(name) else { return Ok(None) };
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

    const KNOWN: &[&str] = &["state", "search", "limit", "since"];

    fn query(raw: &str) -> Query {
        Query::parse(raw, KNOWN).expect("known parameters")
    }

    #[test]
    fn a_parameter_is_known_and_given_once() {
        assert_eq!(query(""), Query::default());
        assert_eq!(query("state=&search="), Query::default());
        let unknown = Problem::UnknownParameter { name: "sate".into(), known: KNOWN };
        assert_eq!(Query::parse("sate=held", KNOWN), Err(unknown));
        let repeated = Problem::RepeatedParameter { name: "state" };
        assert_eq!(Query::parse("state=held&state=failed", KNOWN), Err(repeated));
    }

    #[test]
    fn a_value_is_parsed_or_refused_with_what_is_allowed() {
        assert_eq!(query("state=held").value("state"), Ok(Some(UnionState::Held)));
        assert_eq!(query("search=a+b%20c").text("search"), Ok(Some("a b c".into())));
        assert_eq!(query("limit=5").number("limit", 100, 500), Ok(5));
        assert_eq!(query("").number("limit", 100, 500), Ok(100));
        for raw in ["limit=0", "limit=501", "limit=-1", "limit=ten", "limit=99999999999"] {
            assert!(query(raw).number("limit", 100, 500).is_err(), "{raw}");
        }
        assert!(query("search=a%00b").text("search").is_err());
        assert!(query(&format!("search={}", "a".repeat(201))).text("search").is_err());
        assert!(query("since=2026-01-31T12:00:00%2B01:00").moment("since").is_ok());
        // Here `+` is a space, which is no offset.
        assert!(query("since=2026-01-31T12:00:00+01:00").moment("since").is_err());
        assert!(query("since=yesterday").moment("since").is_err());
    }
}
