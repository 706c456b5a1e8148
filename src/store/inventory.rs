//! The resources that we own. Write-ahead: a resource is entered before it is created, and leaves after its deletion is
//! confirmed, so that a crash at any moment leaks nothing.

use sqlx::PgConnection;

use super::{Claim, Error, Store};
use crate::ids::{ResourceId, Uid};
use crate::names::UnionName;
use crate::plan::{Inventory, InventoryEntry};

impl Store {
    /// What we own of a union.
    ///
    /// # Errors
    /// The database is away.
    pub async fn inventory(&self, union: &UnionName) -> Result<Inventory, Error> {
        let rows = sqlx::query!(
            "select api_version, kind, namespace, name, uid from inventory where union_name = $1",
            union.as_str()
        )
        .fetch_all(&self.pool)
        .await?;
        let entries = rows.into_iter().map(|row| {
            let id = ResourceId {
                kind: row.kind,
                namespace: row.namespace,
                name: row.name,
                api_version: row.api_version,
            };
            (id, InventoryEntry { uid: row.uid.map(Uid) })
        });
        Ok(Inventory { entries: entries.collect(), forgiven: None })
    }

    /// Remembers resources with the identities that the server gave them, entered or not.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn learned(&self, claim: &Claim, found: &[(ResourceId, Uid)]) -> Result<(), Error> {
        let found: Vec<_> = found.iter().map(|(resource, uid)| (&claim.union, resource, uid)).collect();
        let mut transaction = self.fenced(claim).await?;
        learned(&mut transaction, &found).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Adds what was found by our labels, for a database that is younger than the cluster or comes from an old dump.
    /// Takes nothing out, so it needs no lease. A union that nothing is known of is known from now on.
    ///
    /// # Errors
    /// The database is away.
    pub async fn merge_inventory(&self, found: &[(UnionName, Vec<(ResourceId, Uid)>)]) -> Result<(), Error> {
        let names: Vec<_> = found.iter().map(|(union, _)| union.as_str().to_owned()).collect();
        let all = found.iter().flat_map(|(union, found)| found.iter().map(move |(id, uid)| (union, id, uid)));
        let mut transaction = self.pool.begin().await?;
        // In one order everywhere, so that two replicas that start together never wait for each other's rows.
        sqlx::query!(
            "insert into union_status (union_name, display_name)
            select union_name, union_name from unnest($1::text[]) as new (union_name) order by union_name
            on conflict do nothing",
            &names
        )
        .execute(&mut *transaction)
        .await?;
        learned(&mut transaction, &all.collect::<Vec<_>>()).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Resources of unions, with their identities, entered or not.
async fn learned(
    connection: &mut PgConnection,
    found: &[(&UnionName, &ResourceId, &Uid)],
) -> Result<(), Error> {
    if found.is_empty() {
        return Ok(());
    }
    let unions: Vec<_> = found.iter().map(|(union, ..)| union.as_str().to_owned()).collect();
    let columns = Columns::of(found.iter().map(|(_, resource, _)| *resource));
    let uids: Vec<_> = found.iter().map(|(.., uid)| uid.0.clone()).collect();
    sqlx::query!(
        "insert into inventory (union_name, api_version, kind, namespace, name, uid)
        select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
            as new (union_name, api_version, kind, namespace, name, uid)
        order by union_name, api_version, kind, namespace, name
        on conflict on constraint inventory_resource do update set uid = excluded.uid
        where inventory.uid is distinct from excluded.uid",
        &unions,
        &columns.api_versions,
        &columns.kinds,
        &columns.namespaces as &[Option<String>],
        &columns.names,
        &uids
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Enters resources before they are created. What is entered already stays as it is.
pub(super) async fn entered(
    connection: &mut PgConnection,
    union: &UnionName,
    made: &[ResourceId],
) -> Result<(), Error> {
    if made.is_empty() {
        return Ok(());
    }
    let columns = Columns::of(made.iter());
    sqlx::query!(
        "insert into inventory (union_name, api_version, kind, namespace, name)
        select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::text[])
        on conflict on constraint inventory_resource do nothing",
        union.as_str(),
        &columns.api_versions,
        &columns.kinds,
        &columns.namespaces as &[Option<String>],
        &columns.names
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Resources turned on their side, as `unnest` takes them.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) api_versions: Vec<String>,
    pub(super) kinds: Vec<String>,
    pub(super) namespaces: Vec<Option<String>>,
    pub(super) names: Vec<String>,
}

impl Columns {
    pub(super) fn of<'a>(resources: impl Iterator<Item = &'a ResourceId>) -> Self {
        resources.fold(Self::default(), |mut columns, resource| {
            columns.api_versions.push(resource.api_version.clone());
            columns.kinds.push(resource.kind.clone());
            columns.namespaces.push(resource.namespace.clone());
            columns.names.push(resource.name.clone());
            columns
        })
    }
}
