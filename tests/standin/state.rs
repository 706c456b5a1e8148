//! What the server knows: tables of rows in memory, each change written before the request that made it is answered.
//!
//! The database is a log of changed rows, so that a kill at any moment loses nothing that was answered. As on the real
//! server nothing is a transaction: what a refused request did before its refusal stays.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Deref;
use std::sync::Arc;

use chrono::Utc;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::accounts::{Invitation, User};
use crate::ciphers::Cipher;
use crate::collections::Collection;
use crate::database::{Database, DatabaseError};
use crate::members::Membership;
use crate::organizations::{Organization, Policy};
use crate::tokens::Device;

/// The rows of one kind by their keys.
pub(crate) type Table<R> = BTreeMap<String, R>;

#[derive(Default)]
pub(crate) struct Tables {
    pub(crate) users: Table<User>,
    pub(crate) invitations: Table<Invitation>,
    pub(crate) devices: Table<Device>,
    pub(crate) organizations: Table<Organization>,
    pub(crate) policies: Table<Policy>,
    pub(crate) memberships: Table<Membership>,
    pub(crate) collections: Table<Collection>,
    pub(crate) ciphers: Table<Cipher>,
}

/// One row of a table.
pub(crate) trait Row: Serialize + DeserializeOwned {
    const TABLE: &'static str;
    fn key(&self) -> String;
    fn table(tables: &mut Tables) -> &mut Table<Self>;
}

pub(crate) struct State {
    tables: Tables,
    database: Arc<Database>,
}

impl Deref for State {
    type Target = Tables;

    fn deref(&self) -> &Tables {
        &self.tables
    }
}

impl State {
    pub(crate) fn open(database: Arc<Database>) -> Result<Self, DatabaseError> {
        let mut tables = Tables::default();
        for entry in database.read()? {
            tables.replay(entry);
        }
        Ok(Self { tables, database })
    }

    /// Adds a row, or puts it in the place of the one with its key.
    pub(crate) fn put<R: Row>(&mut self, row: R) {
        let key = row.key();
        self.database.append(&json!({"table": R::TABLE, "key": key, "row": row}));
        R::table(&mut self.tables).insert(key, row);
    }

    pub(crate) fn remove<R: Row>(&mut self, key: impl Display) -> Option<R> {
        let key = key.to_string();
        let row = R::table(&mut self.tables).remove(&key)?;
        self.database.append(&json!({"table": R::TABLE, "key": key, "row": null}));
        Some(row)
    }

    /// Removes the rows that are meant.
    pub(crate) fn remove_all<R: Row>(&mut self, meant: impl Fn(&R) -> bool) {
        let keys: Vec<String> =
            R::table(&mut self.tables).values().filter(|row| meant(row)).map(Row::key).collect();
        for key in keys {
            self.remove::<R>(key);
        }
    }

    /// Tells a person's clients that there is something new.
    pub(crate) fn touch(&mut self, user: Uuid) {
        if let Some(user) = self.users.get(&user.to_string()) {
            let mut user = user.clone();
            user.updated = Utc::now();
            self.put(user);
        }
    }
}

impl Tables {
    fn replay(&mut self, entry: Value) {
        match entry["table"].as_str().unwrap_or_default() {
            User::TABLE => self.restore::<User>(entry),
            Invitation::TABLE => self.restore::<Invitation>(entry),
            Device::TABLE => self.restore::<Device>(entry),
            Organization::TABLE => self.restore::<Organization>(entry),
            Policy::TABLE => self.restore::<Policy>(entry),
            Membership::TABLE => self.restore::<Membership>(entry),
            Collection::TABLE => self.restore::<Collection>(entry),
            Cipher::TABLE => self.restore::<Cipher>(entry),
            // The end of the log where a kill met it in the middle of a line.
            _ => {}
        }
    }

    fn restore<R: Row>(&mut self, mut entry: Value) {
        let key = entry["key"].as_str().unwrap_or_default().to_owned();
        match serde_json::from_value::<Option<R>>(entry["row"].take()) {
            Ok(Some(row)) => R::table(self).insert(key, row),
            _ => R::table(self).remove(&key),
        };
    }
}
