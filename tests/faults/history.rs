//! What was recorded must stay recorded, and tell a story that can have happened.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sqlx::Row as _;

use crate::scene::Scene;
use crate::support::gate::Written;

/// Rows that were seen, looked at again after each step.
#[derive(Default)]
pub(crate) struct History {
    audits: BTreeMap<i64, String>,
    deployments: BTreeSet<String>,
}

/// One deployment.
struct Record {
    id: String,
    opened: DateTime<Utc>,
    closed: Option<DateTime<Utc>>,
}

impl History {
    /// Looks again; what is gone or changed is wrong.
    pub(crate) async fn look(&mut self, scene: &Scene<'_>) -> Vec<String> {
        let audits = "select audit_id, concat_ws(' ', what, union_name, encode(revision_id, 'hex'), deployment_id::text) from audit";
        let (Some(audits), Some(deployments)) =
            (scene.rows(audits).await, scene.rows("select deployment_id::text from deployment").await)
        else {
            return Vec::new();
        };
        let audits: BTreeMap<i64, String> = audits.iter().map(|row| (row.get(0), row.get(1))).collect();
        let deployments: BTreeSet<String> = deployments.iter().map(|row| row.get(0)).collect();
        let mut wrong: Vec<String> = self
            .audits
            .iter()
            .filter(|(id, line)| audits.get(id) != Some(*line))
            .map(|(id, line)| format!("audit row {id} is lost: {line}"))
            .collect();
        wrong.extend(self.deployments.difference(&deployments).map(|id| format!("deployment {id} is lost")));
        *self = Self { audits, deployments };
        wrong
    }
}

/// The whole story, once nothing happens any more.
pub(crate) async fn contradictions(scene: &Scene<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let sql = "select union_name, deployment_id::text, created_at, closed_at from deployment order by fencing_token, created_at";
    let mut by_union: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    for row in scene.wait_for_rows(sql).await {
        let record = Record { id: row.get(1), opened: row.get(2), closed: row.get(3) };
        by_union.entry(row.get(0)).or_default().push(record);
    }
    for (union, records) in &by_union {
        for pair in records.windows(2) {
            if pair[1].opened < pair[0].opened {
                wrong.push(format!(
                    "{union}: deployment {} has the older token and is the newer one",
                    pair[0].id
                ));
            }
            if pair[0].closed.is_none_or(|closed| closed > pair[1].opened + chrono::TimeDelta::seconds(1)) {
                wrong.push(format!("{union}: {} was open when {} was opened", pair[0].id, pair[1].id));
            }
        }
    }
    wrong.extend(audits(scene, &by_union).await);
    wrong.extend(writers(scene, &by_union));
    wrong
}

/// Each deployment was opened and closed once, and what runs was accepted and rolled out by one.
async fn audits(scene: &Scene<'_>, by_union: &BTreeMap<String, Vec<Record>>) -> Vec<String> {
    let mut wrong = Vec::new();
    let sql = "select deployment_id::text, array_agg(what order by audit_id) from audit where deployment_id is not null group by 1";
    let told: BTreeMap<String, Vec<String>> =
        scene.wait_for_rows(sql).await.iter().map(|row| (row.get(0), row.get(1))).collect();
    for record in by_union.values().flatten() {
        let told = told.get(&record.id).map(Vec::as_slice).unwrap_or_default();
        if told != ["deployment-opened", "deployment-closed"] {
            wrong.push(format!("the audit tells of deployment {}: {told:?}", record.id));
        }
    }
    let unaccepted = "select union_name from union_status where accepted_revision_id is not null and not exists \
                      (select from audit where what = 'union-accepted' and audit.union_name = union_status.union_name)";
    let unrolled = "select union_name from union_status where applied_desired is not null and not exists \
                    (select from deployment where deployment.union_name = union_status.union_name \
                     and deployment.desired = union_status.applied_desired)";
    for (sql, what) in [(unaccepted, "accepted"), (unrolled, "rolled out")] {
        let rows = scene.wait_for_rows(sql).await;
        wrong.extend(
            rows.iter().map(|row| format!("no record tells that {} was {what}", row.get::<String, _>(0))),
        );
    }
    wrong
}

/// No union was written for by two at once, and each write belongs to a deployment that was open.
fn writers(scene: &Scene<'_>, by_union: &BTreeMap<String, Vec<Record>>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (union, records) in by_union {
        let mut written = writes(scene, union);
        written.sort_by_key(|(_, write)| write.began);
        let jumped = scene.jumped.contains(union);
        for pair in written.windows(2) {
            let [(one, earlier), (other, later)] = pair else { continue };
            if one == other {
                continue;
            }
            if later.began < earlier.ended && !jumped {
                wrong.push(format!(
                    "{union}: replicas {one} and {other} wrote at once: {earlier:?}, {later:?}"
                ));
            }
        }
        for (replica, write) in written {
            let recorded = records.iter().any(|record| {
                record.opened <= write.began && record.closed.is_none_or(|closed| write.began <= closed)
            });
            if !recorded && !jumped {
                wrong.push(format!("{union}: no deployment of replica {replica} tells of {write:?}"));
            }
        }
    }
    wrong
}

/// The writes for a union, and whose they are.
pub(crate) fn writes(scene: &Scene<'_>, union: &str) -> Vec<(usize, Written)> {
    let namespace = format!("union-{union}");
    let replicas = scene.replicas.iter().enumerate();
    let all = replicas
        .flat_map(|(number, replica)| replica.written().into_iter().map(move |write| (number, write)));
    all.filter(|(_, write)| write.what.contains(&namespace)).collect()
}
