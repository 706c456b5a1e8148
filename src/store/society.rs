//! The inside of each union's vault: what is remembered of its societies, and what is shown of them.
//!
//! What is remembered of who is invited is written before the invitation is made. Invariants: fenced like everything that
//! a worker writes; no value of a password comes here, only where it came from and when.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Claim, Error, RowError, Store, row};
use crate::digest::Digest;
use crate::names::{SocietyName, UnionName};
use crate::outcome::SocietyState;
use crate::plan::guards::Guard;
use crate::plan::society::{PasswordStanding, SocietyLedger, Standing};

/// When and how a vault was looked at last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultLook {
    /// Of everything in Git that the look followed from.
    pub input: Digest,
    /// The server's word for the newest change that our account could see.
    pub revision: i64,
    /// When.
    pub looked_at: DateTime<Utc>,
    /// When what should be there was last compared by a session of its own.
    pub verified_at: Option<DateTime<Utc>>,
    /// What the server had in effect, once that was read.
    pub settings: Option<VaultSettings>,
    /// What of it waits for a person.
    pub awaiting: Vec<Guard>,
    /// What somebody approved. Written with the approval, never with a look.
    pub approved: BTreeSet<Digest>,
}

/// The settings that a server has in effect, as far as a plan follows from them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VaultSettings {
    /// When they were read.
    pub read_at: DateTime<Utc>,
    /// Of what Keyforge gave the server then.
    pub given: Digest,
    /// Whether it sends mails.
    pub mail: bool,
    /// Which of those that were given are not in effect, by their names.
    pub overridden: BTreeSet<String>,
}

/// One society, as a look found it or left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocietyRecord {
    /// Its name in Git.
    pub name: SocietyName,
    /// As people see it.
    pub title: String,
    /// Its state.
    pub state: SocietyState,
    /// What is remembered; `None` until it is founded.
    pub ledger: Option<SocietyLedger>,
    /// How far each person is.
    pub members: Vec<Standing>,
    /// What became of each password.
    pub passwords: Vec<PasswordStanding>,
    /// What a person should know, one line each.
    pub findings: Vec<String>,
    /// When something of this changed; a record that is written does not say.
    pub updated_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Records a look: its societies are all there are. Equal facts write nothing but the time of the look.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn record_vault(
        &self,
        claim: &Claim,
        look: &VaultLook,
        findings: &[String],
        societies: &[SocietyRecord],
    ) -> Result<(), Error> {
        let mut transaction = self.fenced(claim).await?;
        sqlx::query!(
            "insert into vault (
                union_name, input, revision, looked_at, verified_at, findings, settings, awaiting
            )
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            on conflict (union_name) do update set
                input = excluded.input, revision = excluded.revision, looked_at = excluded.looked_at,
                verified_at = excluded.verified_at, findings = excluded.findings, settings = excluded.settings,
                awaiting = excluded.awaiting",
            claim.union.as_str(),
            look.input.as_bytes(),
            look.revision,
            look.looked_at,
            look.verified_at,
            findings,
            look.settings.as_ref().map(serde_json::to_value).transpose().map_err(RowError::from)?,
            serde_json::to_value(&look.awaiting).map_err(RowError::from)?
        )
        .execute(&mut *transaction)
        .await?;
        let names: Vec<String> = societies.iter().map(|society| society.name.to_string()).collect();
        sqlx::query!(
            "delete from society where union_name = $1 and not society_name = any($2)",
            claim.union.as_str(),
            &names
        )
        .execute(&mut *transaction)
        .await?;
        for society in societies {
            let ledger = society.ledger.as_ref().map(serde_json::to_value).transpose();
            sqlx::query!(
                "insert into society (union_name, society_name, title, state, ledger, members, passwords, findings)
                values ($1, $2, $3, $4, $5, $6, $7, $8)
                on conflict (union_name, society_name) do update set
                    title = excluded.title, state = excluded.state, ledger = excluded.ledger,
                    members = excluded.members, passwords = excluded.passwords, findings = excluded.findings,
                    updated_at = now()
                where (society.title, society.state, society.ledger, society.members, society.passwords,
                        society.findings)
                    is distinct from (excluded.title, excluded.state, excluded.ledger, excluded.members,
                        excluded.passwords, excluded.findings)",
                claim.union.as_str(),
                society.name.as_str(),
                society.title,
                society.state.as_str(),
                ledger.map_err(RowError::from)?,
                serde_json::to_value(&society.members).map_err(RowError::from)?,
                serde_json::to_value(&society.passwords).map_err(RowError::from)?,
                &society.findings
            )
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Remembers of one society what has to be known before a write is made.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn remember_society(
        &self,
        claim: &Claim,
        society: &SocietyName,
        ledger: &SocietyLedger,
    ) -> Result<(), Error> {
        let mut transaction = self.fenced(claim).await?;
        sqlx::query!(
            "update society set ledger = $3 where union_name = $1 and society_name = $2",
            claim.union.as_str(),
            society.as_str(),
            serde_json::to_value(ledger).map_err(RowError::from)?
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Forgets what is remembered of a union's vault: its life ends, and another one may begin under its name.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn forget_vault(&self, claim: &Claim) -> Result<(), Error> {
        let mut transaction = self.fenced(claim).await?;
        sqlx::query!("delete from society where union_name = $1", claim.union.as_str())
            .execute(&mut *transaction)
            .await?;
        sqlx::query!("delete from vault where union_name = $1", claim.union.as_str())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// When and how the vault of a union was looked at last; `None`: it never was.
    ///
    /// # Errors
    /// The database is away, or the row is a newer program's.
    pub async fn vault(&self, union: &UnionName) -> Result<Option<VaultLook>, Error> {
        let found = sqlx::query!(
            "select input, revision, looked_at, verified_at, settings, awaiting, approved
            from vault where union_name = $1",
            union.as_str()
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(found) = found else { return Ok(None) };
        let look = VaultLook {
            input: row::digest(&found.input)?,
            revision: found.revision,
            looked_at: found.looked_at,
            verified_at: found.verified_at,
            settings: found.settings.map(serde_json::from_value).transpose().map_err(RowError::from)?,
            awaiting: serde_json::from_value(found.awaiting).map_err(RowError::from)?,
            approved: found.approved.iter().map(|digest| row::digest(digest)).collect::<Result<_, _>>()?,
        };
        Ok(Some(look))
    }

    /// The societies of a union, by name.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn societies(&self, union: &UnionName) -> Result<Vec<SocietyRecord>, Error> {
        let rows = sqlx::query!(
            "select society_name, title, state, ledger, members, passwords, findings, updated_at
            from society where union_name = $1 order by society_name",
            union.as_str()
        )
        .fetch_all(&self.pool)
        .await?;
        let records = rows.into_iter().map(|row| {
            Ok::<_, RowError>(SocietyRecord {
                name: row.society_name.parse()?,
                title: row.title,
                state: row::word(&row.state)?,
                ledger: row.ledger.map(serde_json::from_value).transpose()?,
                members: serde_json::from_value(row.members)?,
                passwords: serde_json::from_value(row.passwords)?,
                findings: row.findings,
                updated_at: Some(row.updated_at),
            })
        });
        Ok(records.collect::<Result<_, _>>()?)
    }

    /// What is found of a union's vault as a whole, one line each.
    ///
    /// # Errors
    /// The database is away.
    pub async fn vault_findings(&self, union: &UnionName) -> Result<Vec<String>, Error> {
        let found = sqlx::query_scalar!("select findings from vault where union_name = $1", union.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(found.unwrap_or_default())
    }
}
