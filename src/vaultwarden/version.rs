//! Which versions of the server were tried. Others are rolled out, and nothing is done inside of them.

use std::time::Duration;

use http::StatusCode;

use super::error::{Call, Error};
use super::wire::{Request, Wire};

/// What is tried, for people.
pub const TESTED: &str = "1.37.x";

const MAJOR_MINOR: &str = "1.37.";
const CALL: Call = "read its version";

/// The server's version, if it is one that was tried.
pub(super) async fn check(wire: &Wire) -> Result<String, Error> {
    let answer = wire.call(CALL, &Request::get("/api/version")).await?;
    if answer.status == StatusCode::TOO_MANY_REQUESTS {
        // Not of the server, which limits log-ins alone, but of what stands before it.
        return Err(Error::Limited { call: CALL, wait: Duration::from_secs(60) });
    }
    let found: String = answer.json(CALL)?;
    if is_tested(&found) {
        return Ok(found);
    }
    let found = match super::error::one_line(&found) {
        // A build that was not told its version.
        nothing if nothing.is_empty() => "of an unknown version".to_owned(),
        found => found,
    };
    Err(Error::Version { found })
}

/// `1.37.2`, also with what distributions add (`1.37.2-4`).
fn is_tested(version: &str) -> bool {
    let patch = version.strip_prefix(MAJOR_MINOR).and_then(|rest| rest.split(['-', '+']).next());
    patch.is_some_and(|patch| patch.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::is_tested;

    #[test]
    fn only_the_tried_line_of_versions_is_taken() {
        assert!(["1.37.0", "1.37.2", "1.37.2-46d71107"].into_iter().all(is_tested));
        for other in ["", "1.36.9", "1.38.0", "1.370.1", "1.37", "1.37.x", "2026.6.0", "11.37.2"] {
            assert!(!is_tested(other), "{other}");
        }
    }
}
