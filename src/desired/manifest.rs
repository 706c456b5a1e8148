//! One rendered Kubernetes object, with typed slots where secret values belong.
//!
//! A template writes `{{slot "admin-token-hash"}}` as a whole value; parsing takes it out of the body and remembers its
//! place. So a manifest can be printed, stored and compared: there is nothing secret in it.
//! Invariant: only kinds of `KINDS`, only in the union's own namespace, whoever wrote the template.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::reference::Reference;
use super::slot::{KNOWN, Slot};
use crate::digest::Digest;
use crate::ids::ResourceId;
use crate::spec::IgnoreRule;

/// What a union may consist of: API version and kind.
pub const KINDS: [(&str, &str); 14] = [
    ("v1", "Namespace"),
    ("v1", "ResourceQuota"),
    ("v1", "LimitRange"),
    ("v1", "ServiceAccount"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "PersistentVolumeClaim"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("batch/v1", "CronJob"),
    ("v1", "Service"),
    ("networking.k8s.io/v1", "Ingress"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
];

/// One rendered object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Which resource.
    pub id: ResourceId,
    /// The object without secret values: a slot's place holds an empty string.
    pub body: Value,
    /// JSON pointers (RFC 6901) of the places to fill.
    pub slots: Vec<(String, Slot)>,
    /// Fields that are left to others once these own them.
    pub ignored: Vec<IgnoreRule>,
    /// Of body, slots and rules.
    pub digest: Digest,
}

/// Why a rendered text is no manifest of a union.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not YAML. The place is one in the rendered text.
    #[error("what it renders is no YAML: {0}")]
    Yaml(serde_yaml::Error),
    /// Something that JSON, which the server reads, cannot hold: a tag that is not ours, or a key that is no text.
    #[error("`{at}` has {found}, which no Kubernetes object can hold")]
    Form {
        /// JSON pointer.
        at: String,
        /// What is there.
        found: String,
    },
    /// A field that says what the object is, missing or no text.
    #[error("an object has no `{field}`")]
    Field {
        /// Which.
        field: &'static str,
    },
    /// A kind that is not in the list.
    #[error("{api_version} {kind} is none of the kinds of a union: {}", KINDS.map(|(_, kind)| kind).join(", "))]
    Kind {
        /// Its API version.
        api_version: String,
        /// The kind.
        kind: String,
    },
    /// A namespace that is not the union's.
    #[error("{kind} `{name}` is in namespace `{found}`; the union has `{namespace}` only")]
    Namespace {
        /// Of what.
        kind: String,
        /// Of what.
        name: String,
        /// The foreign namespace.
        found: String,
        /// The union's.
        namespace: String,
    },
    /// A slot that Keyforge does not fill.
    #[error("`{found}` is no slot; known are {KNOWN}")]
    Slot {
        /// What was written.
        found: String,
    },
    /// A slot for a Secret that the document does not name.
    #[error("{slot} is a value of a Secret that the document does not name")]
    Unnamed {
        /// The slot.
        slot: Slot,
    },
    /// One resource twice.
    #[error("{id} is there twice")]
    Twice {
        /// Which.
        id: ResourceId,
    },
}

/// A rendered object before Keyforge has added what every object carries.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) id: ResourceId,
    pub(super) body: Map<String, Value>,
    pub(super) slots: Vec<(String, Slot)>,
}

impl Draft {
    /// The first slot for a value that none of these references names.
    pub(super) fn unnamed(&self, references: &[Reference]) -> Option<&Slot> {
        self.slots.iter().map(|(_, slot)| slot).find(|slot| match slot {
            Slot::Secret { name, key } => {
                !references.iter().any(|named| named.secret == *name && named.keys.contains(key))
            }
            Slot::AdminTokenHash | Slot::AccountAddress | Slot::DatabasePassword | Slot::BackupPassword => {
                false
            }
        })
    }

    /// The manifest, with the rules that are about it and its digest.
    pub(super) fn seal(self, rules: &[IgnoreRule]) -> Manifest {
        let Self { id, body, slots } = self;
        let body = Value::Object(body);
        let canonical = canonical(&body);
        let names: Vec<String> = slots.iter().map(|(_, slot)| slot.to_string()).collect();
        let mut parts = vec![canonical.as_slice()];
        for ((pointer, _), name) in slots.iter().zip(&names) {
            parts.extend([pointer.as_bytes(), name.as_bytes()]);
        }
        let about = rules.iter().filter(|rule| rule.is_about(&id.kind, &id.name));
        let ignored: Vec<IgnoreRule> = about.cloned().collect();
        let text = serde_json::to_vec(&ignored).expect("rules are JSON");
        if !ignored.is_empty() {
            parts.push(&text);
        }
        let digest = Digest::of_parts(parts);
        Manifest { id, body, slots, ignored, digest }
    }

    /// `metadata.<field>`, made if it is not there.
    pub(super) fn metadata(&mut self, field: &str) -> &mut Map<String, Value> {
        object(object(&mut self.body, "metadata"), field)
    }
}

/// A member that is an object; what else was there gives way, the server would refuse it.
pub(super) fn object<'a>(parent: &'a mut Map<String, Value>, field: &str) -> &'a mut Map<String, Value> {
    let value = parent.entry(field).or_insert_with(|| Value::Object(Map::new()));
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("it was made one just now")
}

/// JSON with sorted keys: serde_json's own order, as long as nothing turns on its `preserve_order`.
pub(super) fn canonical(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("a JSON value is written without fail")
}

/// The objects of one rendered file.
pub(super) fn parse(text: &str, namespace: &str) -> Result<Vec<Draft>, ManifestError> {
    let mut drafts = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let document = serde_yaml::Value::deserialize(document).map_err(ManifestError::Yaml)?;
        if document.is_null() {
            continue;
        }
        let mut slots = Vec::new();
        let Value::Object(mut body) = json(document, &mut String::new(), &mut slots)? else {
            return Err(ManifestError::Field { field: "kind" });
        };
        let id = id(&mut body, namespace)?;
        drafts.push(Draft { id, body, slots });
    }
    Ok(drafts)
}

/// Which resource it is. Its namespace is written into it: absent means the union's.
fn id(body: &mut Map<String, Value>, namespace: &str) -> Result<ResourceId, ManifestError> {
    let text = |value: Option<&Value>, field| {
        value.and_then(Value::as_str).map(str::to_owned).ok_or(ManifestError::Field { field })
    };
    let api_version = text(body.get("apiVersion"), "apiVersion")?;
    let kind = text(body.get("kind"), "kind")?;
    if !KINDS.contains(&(api_version.as_str(), kind.as_str())) {
        return Err(ManifestError::Kind { api_version, kind });
    }
    let metadata = object(body, "metadata");
    let name = text(metadata.get("name"), "metadata.name")?;
    let given = metadata.get("namespace").map(|given| given.as_str().unwrap_or_default());
    let place = if kind == "Namespace" { Some(name.as_str()) } else { given };
    if let Some(found) = place.filter(|found| *found != namespace) {
        let (found, namespace) = (found.to_owned(), namespace.to_owned());
        return Err(ManifestError::Namespace { kind, name, found, namespace });
    }
    let namespace = (kind != "Namespace").then(|| namespace.to_owned());
    if let Some(namespace) = &namespace {
        metadata.insert("namespace".into(), Value::String(namespace.clone()));
    }
    Ok(ResourceId { kind, namespace, name, api_version })
}

/// YAML as JSON, with slots taken out. `at` is the pointer to what is read; it is given back as it came.
fn json(
    value: serde_yaml::Value,
    at: &mut String,
    slots: &mut Vec<(String, Slot)>,
) -> Result<Value, ManifestError> {
    let form = |at: &str, found: String| ManifestError::Form { at: at.to_owned(), found };
    Ok(match value {
        serde_yaml::Value::Null => Value::Null,
        serde_yaml::Value::Bool(value) => Value::Bool(value),
        serde_yaml::Value::String(value) => Value::String(value),
        serde_yaml::Value::Number(number) => {
            let value = serde_json::to_value(&number).ok().filter(Value::is_number);
            value.ok_or_else(|| form(at, format!("the number `{number}`")))?
        }
        serde_yaml::Value::Sequence(items) => {
            let items = items.into_iter().enumerate();
            let read = items.map(|(i, item)| within(at, &i.to_string(), |at| json(item, at, slots)));
            Value::Array(read.collect::<Result<_, _>>()?)
        }
        serde_yaml::Value::Mapping(members) => {
            let mut read = Map::new();
            for (key, member) in members {
                let serde_yaml::Value::String(key) = key else {
                    return Err(form(at, "a key that is no text".into()));
                };
                let member = within(at, &key, |at| json(member, at, slots))?;
                read.insert(key, member);
            }
            Value::Object(read)
        }
        serde_yaml::Value::Tagged(tagged) => {
            let name = tagged.value.as_str().filter(|_| tagged.tag == "slot");
            let name = name.ok_or_else(|| form(at, format!("the tag `{}`", tagged.tag)))?;
            slots.push((at.clone(), name.parse()?));
            Value::String(String::new())
        }
    })
}

/// One step down a JSON pointer and back.
fn within<T>(at: &mut String, step: &str, read: impl FnOnce(&mut String) -> T) -> T {
    let length = at.len();
    at.push('/');
    at.push_str(&step.replace('~', "~0").replace('/', "~1"));
    let value = read(at);
    at.truncate(length);
    value
}
