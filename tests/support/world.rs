//! A cluster in memory with one union: what the planner observes, and what its plans do. No server, no clock.
//!
//! Honest where the planner looks: uids, owners, field managers, dry-run, deletion that takes its time.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use keyforge::desired::{Context, DesiredState, Ending, Life, StageName, build};
use keyforge::health::Health;
use keyforge::ids::{FieldManager, ResourceId, Uid};
use keyforge::plan::{
    self, Change, Inventory, InventoryEntry, Live, ManagedFields, Observed, Operation, Owner, Parted, Plan,
    Present, Refusal, ServerRefusal, UnionRecord,
};
use keyforge::spec::Union;
use serde_json::{Value, json};

use super::fields::{self, Managers, Step};
use super::union::{TEMPLATES, context};

/// One object.
#[derive(Debug, Clone)]
pub struct Object {
    pub uid: Uid,
    pub live: Value,
    pub managers: Managers,
    pub terminating: bool,
    pub health: Health,
}

/// A cluster with one union.
pub struct World {
    pub union: Union,
    pub life: Life,
    /// How it ends, once it is removed.
    pub ending: Option<Ending>,
    pub objects: BTreeMap<ResourceId, Object>,
    pub inventory: Inventory,
    pub admin_token: Option<u32>,
    pub record: Option<UnionRecord>,
    /// Which cluster it is.
    pub cluster: Uid,
    /// What the server has against a dry-run.
    pub refused: BTreeMap<ResourceId, ServerRefusal>,
    /// Whether what was found equal needs no second look.
    pub trusting: bool,
    /// What time it is.
    pub now: DateTime<Utc>,
    lives: u32,
}

impl World {
    pub fn new(union: Union) -> Self {
        Self {
            union,
            life: Life::Running,
            ending: None,
            objects: BTreeMap::new(),
            inventory: Inventory::default(),
            admin_token: None,
            record: None,
            cluster: Uid("cluster".into()),
            refused: BTreeMap::new(),
            trusting: false,
            now: "2026-11-24T12:00:00Z".parse().expect("a time"),
            lives: 0,
        }
    }

    /// From now on this life of the union is desired; its data is kept for thirty days.
    pub fn enter(&mut self, life: Life) {
        self.life = life;
        self.ending = (life != Life::Running).then(|| Ending {
            until: self.now + chrono::TimeDelta::days(30),
            begun: life == Life::Gone,
            tree: [7; 20].into(),
            union: json!({}),
        });
    }

    pub fn desired(&self) -> DesiredState {
        let context = Context {
            drawn_admin_token: self.admin_token,
            ending: self.ending.clone(),
            ..context(self.life)
        };
        build(&self.union, &TEMPLATES, &context).expect("the built-in templates render every union")
    }

    pub fn plan(&self) -> Result<Plan, Vec<Refusal>> {
        self.plan_for(&self.desired())
    }

    /// The plan, parted by what time it is.
    pub fn parted(&self) -> Result<Parted, Vec<Refusal>> {
        let desired = self.desired();
        let plan = self.plan_for(&desired)?;
        Ok(plan::part(plan, &self.union.spec, &desired, &self.observe(&desired), self.now))
    }

    pub fn plan_for(&self, desired: &DesiredState) -> Result<Plan, Vec<Refusal>> {
        plan::build(desired, &self.observe(desired), &self.inventory)
    }

    /// What is looked at: everything that is desired or in the inventory.
    fn observe(&self, desired: &DesiredState) -> Observed {
        let wanted = desired.manifests.iter().map(|want| (&want.id, Some(&want.body)));
        let known = self.inventory.entries.keys().map(|id| (id, None));
        let mut resources = BTreeMap::new();
        for (id, body) in known.chain(wanted) {
            resources.insert(id.clone(), self.look_at(id, body));
        }
        let installation = "test".parse().expect("a name");
        let (admin_token, record) = (self.admin_token, self.record.clone());
        Observed {
            installation,
            cluster: self.cluster.clone(),
            admin_token,
            record,
            record_uid: self.record_uid(),
            unusable: Vec::new(),
            resources,
        }
    }

    /// The identity of the state object.
    fn record_uid(&self) -> Option<Uid> {
        let name = self.union.name.namespace();
        let is_record = |id: &ResourceId| id.kind == "ConfigMap" && id.name == name;
        self.objects.iter().find(|(id, _)| is_record(id)).map(|(_, object)| object.uid.clone())
    }

    fn look_at(&self, id: &ResourceId, body: Option<&Value>) -> Live {
        let Some(object) = self.objects.get(id) else { return Live::Absent };
        let dry_run = body.filter(|_| !object.terminating).map(|body| match self.refused.get(id) {
            Some(refusal) => Err(refusal.clone()),
            None => {
                let mut after = object.clone();
                fields::apply(&mut after.live, &mut after.managers, "keyforge", body);
                Ok(after.live)
            }
        });
        let managed_fields: Vec<ManagedFields> = object
            .managers
            .iter()
            .map(|(manager, fields)| ManagedFields {
                manager: FieldManager(manager.clone()),
                operation: if manager == "keyforge" { Operation::Apply } else { Operation::Update },
                subresource: None,
                fields: fields.clone(),
            })
            .collect();
        let health = object.health.clone();
        if let Some(Ok(after)) = &dry_run
            && self.trusting
            && plan::drift(&object.live, after, &managed_fields, &[]).is_none()
        {
            return Live::Verified { uid: object.uid.clone(), health };
        }
        let label = &object.live["metadata"]["labels"]["keyforge.dev/installation"];
        let owner = match label.as_str() {
            Some("test") => Owner::Ours,
            Some(other) => Owner::Other(other.parse().expect("a name")),
            None => Owner::Nobody,
        };
        Live::Present(Box::new(Present {
            uid: object.uid.clone(),
            owner,
            terminating: object.terminating,
            managed_fields,
            live: object.live.clone(),
            dry_run,
            health,
        }))
    }

    /// Does what a plan says, in its order.
    pub fn execute(&mut self, plan: &Plan) {
        for change in plan.changes() {
            let id = change.id();
            if !matches!(change, Change::Keep { .. } | Change::Forget { .. }) {
                self.inventory.entries.entry(id.clone()).or_default();
            }
            match change {
                Change::Keep { .. } => {}
                Change::Forget { id } => drop(self.inventory.entries.remove(id)),
                Change::Draw { rotation, .. } => {
                    self.admin_token = Some(*rotation);
                    self.make(id, &json!({"metadata": {}, "rotation": rotation}));
                }
                Change::Record { input, template_version, .. } => {
                    let of_kind = |kind| self.objects.iter().filter(move |(id, _)| id.kind == kind);
                    let (_, namespace) =
                        of_kind("Namespace").next().expect("it is recorded once it is there");
                    let volumes = of_kind("PersistentVolumeClaim");
                    self.record = Some(UnionRecord {
                        cluster: self.cluster.clone(),
                        namespace: namespace.uid.clone(),
                        volumes: volumes.map(|(id, claim)| (id.name.clone(), claim.uid.clone())).collect(),
                        input: *input,
                        template_version: *template_version,
                        ending: None,
                        made: std::collections::BTreeSet::new(),
                        newer: serde_json::Map::new(),
                    });
                    self.make(id, &json!({"metadata": {}, "input": input}));
                }
                Change::End { ending, .. } => {
                    self.record.as_mut().expect("it is there").ending = Some(ending.clone());
                }
                Change::Create { want } => {
                    assert!(!self.objects.contains_key(id), "{id} is there already");
                    self.make(id, &want.body);
                }
                Change::Update { want, uid, takeover, .. } => {
                    let object = self.objects.get_mut(id).expect("what is updated is there");
                    assert_eq!(object.uid, *uid, "another life of {id}");
                    let takeover: Vec<String> = takeover.iter().map(ToString::to_string).collect();
                    fields::take_over(&mut object.managers, &takeover, "keyforge");
                    fields::apply(&mut object.live, &mut object.managers, "keyforge", &want.body);
                }
                Change::Delete { uid, .. } => {
                    let object = self.objects.get_mut(id).expect("what is deleted is there");
                    assert_eq!(object.uid, *uid, "another life of {id}");
                    object.terminating = true;
                }
            }
        }
    }

    /// An object comes to be, or is replaced as it is.
    fn make(&mut self, id: &ResourceId, body: &Value) {
        let home = self.union.name.namespace();
        if id.namespace.as_ref() == Some(&home) {
            let is_open = |(id, object): (&ResourceId, &Object)| id.name == home && !object.terminating;
            assert!(self.objects.iter().any(is_open), "{id} has no namespace to be made in");
        }
        self.lives += 1;
        let uid = Uid(format!("uid-{}", self.lives));
        let mut live = body.clone();
        live["metadata"]["labels"]["keyforge.dev/installation"] = json!("test");
        let managers = Managers::from([("keyforge".to_owned(), fields::stated(&live))]);
        self.objects.insert(
            id.clone(),
            Object { uid: uid.clone(), live, managers, terminating: false, health: Health::Current },
        );
        self.inventory.entries.insert(id.clone(), InventoryEntry { uid: Some(uid) });
    }

    /// The server ends what it is deleting; a namespace takes along what is in it.
    pub fn finish(&mut self) {
        let ending = |id: &ResourceId, object: &Object| object.terminating && id.kind == "Namespace";
        let closing: Vec<String> =
            self.objects.iter().filter(|(id, o)| ending(id, o)).map(|(id, _)| id.name.clone()).collect();
        self.objects.retain(|id, object| {
            !object.terminating && id.namespace.as_ref().is_none_or(|home| !closing.contains(home))
        });
        if !self.objects.keys().any(|id| id.name.ends_with("-credentials")) {
            self.admin_token = None;
        }
        if self.record_uid().is_none() {
            self.record = None;
        }
    }

    /// The object that is printed like this.
    pub fn id(&self, text: &str) -> ResourceId {
        let known = self.objects.keys().chain(self.inventory.entries.keys());
        let found = known
            .chain(self.desired().manifests.iter().map(|want| &want.id))
            .find(|id| id.to_string() == text)
            .cloned();
        found.unwrap_or_else(|| panic!("there is no {text}"))
    }

    /// Somebody else writes a field.
    pub fn write(&mut self, manager: &str, id: &ResourceId, at: &[Step], value: Option<Value>) {
        let object = self.objects.get_mut(id).expect("it is there");
        fields::write(&mut object.live, &mut object.managers, manager, at, value);
    }

    /// An object that is not ours lies in the way.
    pub fn intrude(&mut self, id: &ResourceId, installation: Option<&str>) {
        let mut live = json!({"metadata": {"name": id.name, "labels": {}}});
        if let Some(installation) = installation {
            live["metadata"]["labels"]["keyforge.dev/installation"] = json!(installation);
        }
        self.lives += 1;
        let uid = Uid(format!("uid-{}", self.lives));
        let (managers, health) = (Managers::new(), Health::Unknown);
        self.objects.insert(id.clone(), Object { uid, live, managers, terminating: false, health });
    }

    /// Another life of an object that is like the former one.
    pub fn replace(&mut self, id: &ResourceId) {
        self.lives += 1;
        self.objects.get_mut(id).expect("it is there").uid = Uid(format!("uid-{}", self.lives));
    }

    /// Plans and executes until nothing is to be done, or nothing may be.
    ///
    /// # Panics
    /// If it does not come to rest.
    pub fn settle(&mut self) {
        for _ in 0..20 {
            match self.plan() {
                Ok(plan) if plan.is_empty() && plan.awaited().is_empty() => return,
                Ok(plan) => self.execute(&plan),
                Err(_) => return,
            }
            self.finish();
        }
        panic!("it does not come to rest: {:?}", self.plan().map(|plan| plan::text(&plan)));
    }
}

/// The stages in which a plan deletes, in its order.
pub fn deleting(plan: &Plan) -> Vec<StageName> {
    let deletes =
        |stage: &&plan::Stage| stage.changes.iter().any(|change| matches!(change, Change::Delete { .. }));
    plan.stages().iter().filter(deletes).map(|stage| stage.name).collect()
}
