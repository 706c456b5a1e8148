//! API keys: who may ask, for what and how long. Of the keys themselves only digests; and what hides places in lists.

use chrono::{DateTime, Utc};

use super::{Error, RowError, Store, row};
use crate::access::{Role, Sight};
use crate::digest::Digest;
use crate::redacted::Redacted;
use crate::spec::Access;

/// A key to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// What people call it.
    pub name: String,
    /// Of the key.
    pub digest: Digest,
    /// What it allows.
    pub role: Role,
    /// Until when, by the database's clock.
    pub lasts: std::time::Duration,
}

/// A key that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// What people call it.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it counts.
    pub expires_at: DateTime<Utc>,
    /// Whether that moment is past.
    pub is_expired: bool,
}

/// Who has a key that counts.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyHolder {
    /// The name of the key.
    pub name: String,
    /// What it was made for.
    pub role: Role,
    /// `access` of the accepted `keyforge.yaml`, which may name the key.
    pub rules: Vec<Access>,
}

/// A key of this name counts already, or did until it expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyTaken;

impl Store {
    /// Keeps a key, and tells until when it counts.
    ///
    /// # Errors
    /// The database is away. The inner error: its name is taken.
    pub async fn add_api_key(&self, new: &NewApiKey) -> Result<Result<DateTime<Utc>, KeyTaken>, Error> {
        let (role, unions) = columns(&new.role);
        let added = sqlx::query_scalar!(
            "insert into api_key (name, digest, role, unions, expires_at)
            values ($1, $2, $3, $4, now() + make_interval(secs => $5))
            on conflict (name) where revoked_at is null do nothing
            returning expires_at",
            new.name,
            new.digest.as_bytes().as_slice(),
            role,
            unions.as_deref(),
            new.lasts.as_secs_f64()
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(added.ok_or(KeyTaken))
    }

    /// The keys that are not revoked, by name.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn api_keys(&self) -> Result<Vec<ApiKeyRecord>, Error> {
        let rows = sqlx::query!(
            r#"select name, role, unions, created_at, expires_at, expires_at <= now() as "is_expired!"
            from api_key where revoked_at is null order by name"#
        )
        .fetch_all(&self.pool)
        .await?;
        let records = rows.into_iter().map(|row| {
            Ok::<_, RowError>(ApiKeyRecord {
                role: role(&row.role, row.unions)?,
                name: row.name,
                created_at: row.created_at,
                expires_at: row.expires_at,
                is_expired: row.is_expired,
            })
        });
        Ok(records.collect::<Result<_, _>>()?)
    }

    /// From now on the key of this name counts no more. False: there is none.
    ///
    /// # Errors
    /// The database is away.
    pub async fn revoke_api_key(&self, name: &str) -> Result<bool, Error> {
        let revoked = sqlx::query!(
            "update api_key set revoked_at = now() where name = $1 and revoked_at is null",
            name
        )
        .execute(&self.pool)
        .await?;
        Ok(revoked.rows_affected() > 0)
    }

    /// What hides places in lists, made with this database.
    ///
    /// # Errors
    /// The database is away.
    pub async fn place_key(&self) -> Result<Redacted<[u8; 16]>, Error> {
        let key =
            sqlx::query_scalar!("select place_key from installation_info").fetch_one(&self.pool).await?;
        Ok(Redacted::new(row::exactly(&key)?))
    }

    /// Who has the key of this digest, if it counts.
    ///
    /// # Errors
    /// The database is away, or the row is a newer program's.
    pub async fn key_holder(&self, digest: &Digest) -> Result<Option<KeyHolder>, Error> {
        let found = sqlx::query!(
            "select name, role, unions, (select keyforge #> '{spec,access}' from head) as rules from api_key
            where digest = $1 and revoked_at is null and expires_at > now()",
            digest.as_bytes().as_slice()
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(found) = found else { return Ok(None) };
        let role = role(&found.role, found.unions)?;
        Ok(Some(KeyHolder { name: found.name, role, rules: rules(found.rules)? }))
    }

    /// `access` of the accepted `keyforge.yaml`.
    ///
    /// # Errors
    /// The database is away, or the row is a newer program's.
    pub async fn access_rules(&self) -> Result<Vec<Access>, Error> {
        let found = sqlx::query_scalar!("select keyforge #> '{spec,access}' from head")
            .fetch_optional(&self.pool)
            .await?;
        Ok(rules(found.flatten())?)
    }
}

/// The words of the table, and the unions; none: all.
fn columns(role: &Role) -> (&'static str, Option<Vec<String>>) {
    match role {
        Role::Operator => ("operator", None),
        Role::Viewer(sight) => ("viewer", sight.names()),
    }
}

/// None where nothing is accepted yet, or nobody is named.
pub(super) fn rules(json: Option<serde_json::Value>) -> Result<Vec<Access>, RowError> {
    Ok(json.map(serde_json::from_value).transpose()?.unwrap_or_default())
}

fn role(word: &str, unions: Option<Vec<String>>) -> Result<Role, RowError> {
    // The table allows two words.
    if word == "operator" {
        return Ok(Role::Operator);
    }
    let Some(unions) = unions else { return Ok(Role::Viewer(Sight::All)) };
    let unions = unions.iter().map(|name| row::union_name(name)).collect::<Result<_, RowError>>()?;
    Ok(Role::Viewer(Sight::Only(unions)))
}
