//! What the stand-in for VaultWarden has recorded of one union: who asked it for what, and what is in its tables.
//!
//! Read from the files of its volume, past Keyforge and past the server itself.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::site::Site;

/// A request that may have changed something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub what: String,
    /// When it came, and when it was answered.
    pub asked: DateTime<Utc>,
    pub answered: DateTime<Utc>,
    /// The fencing token of the lease under which Keyforge asked; `None`: somebody else did.
    pub lease: Option<i64>,
}

/// The rows of one table by their keys.
type Table = BTreeMap<String, Value>;

/// The requests to a union's server, in the order of their answers; `None` while it cannot be told.
pub fn requests(site: &Site, union: &str) -> Option<Vec<Request>> {
    let lines = read(site, union, "requests.log")?;
    let entries = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let request = |entry: Value| {
        let text = |key: &str| entry[key].as_str().unwrap_or_default();
        let lease =
            text("by").split_once("(lease ").and_then(|(_, rest)| rest.strip_suffix(')')?.parse().ok());
        Some(Request {
            what: format!("{} {}", text("verb"), text("path")),
            asked: text("asked").parse().ok()?,
            answered: text("answered").parse().ok()?,
            lease,
        })
    };
    Some(entries.filter_map(request).collect())
}

/// Where two leases met in one vault.
pub fn met(requests: &[Request]) -> Vec<String> {
    let mut ours: Vec<&Request> = requests.iter().filter(|request| request.lease.is_some()).collect();
    ours.sort_by_key(|request| request.asked);
    let pairs = ours.windows(2).filter(|pair| pair[0].lease != pair[1].lease);
    let wrong = pairs.filter(|pair| pair[1].lease < pair[0].lease || pair[1].asked < pair[0].answered);
    wrong.map(|pair| format!("under two leases at once: {:?} and {:?}", pair[0], pair[1])).collect()
}

/// What is in a vault more or less often than it is declared: for each society so many members (with our own account),
/// collections and items. `None` while it cannot be told.
pub fn miscounted(site: &Site, union: &str, declared: &[(usize, usize, usize)]) -> Option<Vec<String>> {
    let tables = tables(site, union)?;
    let rows = |table: &str| tables.get(table).into_iter().flatten().map(|(_, row)| row).collect::<Vec<_>>();
    let mut found: Vec<(usize, usize, usize)> = Vec::new();
    let mut wrong = Vec::new();
    for organization in rows("organization") {
        let of_it = |table: &str| {
            let mut rows = rows(table);
            rows.retain(|row| row["organization"] == organization["id"]);
            rows
        };
        let (members, collections, items) = (of_it("membership"), of_it("collection"), of_it("cipher"));
        let people: BTreeSet<&str> = members.iter().filter_map(|row| row["user"].as_str()).collect();
        let markers: BTreeSet<&str> =
            collections.iter().filter_map(|row| row["external_id"].as_str()).collect();
        if people.len() < members.len() {
            wrong.push(format!("somebody is in a society twice: {members:?}"));
        }
        if markers.len() < collections.len() {
            wrong.push(format!("a collection is there twice or is nobody's: {markers:?}"));
        }
        found.push((members.len(), collections.len(), items.len()));
    }
    let (mut declared, mut found) = (declared.to_vec(), found);
    declared.sort_unstable();
    found.sort_unstable();
    if declared != found {
        wrong.push(format!("societies are {found:?}, not {declared:?} (members, collections, items)"));
    }
    Some(wrong)
}

/// The tables as the log of changed rows leaves them.
fn tables(site: &Site, union: &str) -> Option<BTreeMap<String, Table>> {
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    for line in read(site, union, "db.sqlite3")?.lines() {
        let Ok(mut entry) = serde_json::from_str::<Value>(line) else { continue };
        let (row, text) =
            (entry["row"].take(), |key: &str| entry[key].as_str().unwrap_or_default().to_owned());
        let table = tables.entry(text("table")).or_default();
        if row.is_null() {
            table.remove(&text("key"));
        } else {
            table.insert(text("key"), row);
        }
    }
    Some(tables)
}

fn read(site: &Site, union: &str, file: &str) -> Option<String> {
    let (namespace, path) = (format!("union-{union}"), format!("/data/{file}"));
    site.try_kubectl(&["-n", &namespace, "exec", "deployment/vaultwarden", "--", "cat", &path]).ok()
}
