//! Values of Secrets become keyed fingerprints before anything outside of this module sees them.
//!
//! Keyed, since a plain digest of a short password can be guessed. The key lives in a Secret of the daemon's namespace:
//! fingerprints stay comparable over restarts and replicas, and losing it costs only that.

use aws_lc_rs::{hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::{Cluster, Error};
use crate::diagnostic::{is_secret_name, shown};
use crate::ids::ResourceId;
use crate::redacted::Redacted;

/// The key of all fingerprints of this installation, read or made once.
#[derive(Default)]
pub(super) struct Key(OnceCell<Redacted<Vec<u8>>>);

/// Its place in its Secret.
const KEY: &str = "key";

impl Cluster {
    /// The key of all fingerprints; made where there is none yet.
    ///
    /// # Errors
    /// It cannot be read or made.
    pub async fn fingerprint_key(&self) -> Result<&Redacted<Vec<u8>>, Error> {
        self.key.0.get_or_try_init(|| self.read_or_make_key()).await
    }

    async fn read_or_make_key(&self) -> Result<Redacted<Vec<u8>>, Error> {
        let id = self.own("v1", "Secret", format!("keyforge-{}-fingerprint-key", self.installation));
        let secret = match self.keep(&id).await? {
            Some(secret) => secret,
            None => {
                let mut key = [0; 32];
                rand::fill(&mut key).expect("the operating system has randomness");
                // Who only observes compares by a key of its own, which ends with it.
                if self.wire.observes() {
                    return Ok(Redacted::new(key.to_vec()));
                }
                let secret = self.secret(&id, None, &json!({ KEY: STANDARD.encode(key) }));
                match self.create(&id, &secret).await {
                    // Another replica was first: its key is everybody's.
                    Err(Error::AlreadyExists { .. }) => self.keep(&id).await?.unwrap_or_default(),
                    made => made?,
                }
            }
        };
        let unreadable = || Error::Unreadable { id: id.clone(), what: format!("`{KEY}` is missing") };
        let encoded = secret["data"][KEY].as_str().filter(|text| !text.is_empty()).ok_or_else(unreadable)?;
        STANDARD.decode(encoded).map(Redacted::new).map_err(|_| unreadable())
    }
}

/// What `kubectl apply` leaves behind: the whole object once more, values included.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Replaces every value of a Secret by its fingerprint.
pub(super) fn mask(id: &ResourceId, object: &mut Value, key: &Redacted<Vec<u8>>) {
    for part in ["data", "stringData"] {
        let Some(values) = object.get_mut(part).and_then(Value::as_object_mut) else { continue };
        for (slot, value) in values.iter_mut() {
            // The fingerprint is of the bytes: `data` holds them in base64, which has several spellings.
            let text = value.as_str().unwrap_or_default();
            let bytes = STANDARD.decode(text).unwrap_or_else(|_| text.as_bytes().to_vec());
            *value = Value::String(fingerprint(key, id, slot, &Redacted::new(bytes)));
        }
    }
    if let Some(copy) = object.pointer_mut("/metadata/annotations").and_then(|all| all.get_mut(LAST_APPLIED))
    {
        let bytes = Redacted::new(copy.as_str().unwrap_or_default().as_bytes().to_vec());
        *copy = Value::String(fingerprint(key, id, LAST_APPLIED, &bytes));
    }
}

/// Replaces what could be secret among settings, which containers may take as variables: as for those.
pub(super) fn mask_settings(id: &ResourceId, object: &mut Value, key: &Redacted<Vec<u8>>) {
    for place in ["/data", "/metadata/annotations"] {
        let settings = object.pointer_mut(place).and_then(Value::as_object_mut);
        for (name, setting) in settings.into_iter().flatten() {
            let Value::String(value) = setting else { continue };
            if is_secret_name(name) || shown(value) != *value {
                *value = fingerprint(key, id, name, &Redacted::new(value.as_bytes().to_vec()));
            }
        }
    }
}

/// Replaces what could be secret among the variables of containers: ours have none, but what somebody sets by hand is
/// drift, and drift is recorded and shown.
pub(super) fn mask_variables(id: &ResourceId, object: &mut Value, key: &Redacted<Vec<u8>>) {
    let below: Vec<&mut Value> = match object {
        Value::Object(members) => {
            for variable in members.get_mut("env").and_then(Value::as_array_mut).into_iter().flatten() {
                mask_variable(id, variable, key);
            }
            members.values_mut().collect()
        }
        Value::Array(items) => items.iter_mut().collect(),
        _ => return,
    };
    below.into_iter().for_each(|value| mask_variables(id, value, key));
}

fn mask_variable(id: &ResourceId, variable: &mut Value, key: &Redacted<Vec<u8>>) {
    let name = variable["name"].as_str().unwrap_or_default().to_owned();
    let Some(Value::String(value)) = variable.get_mut("value") else { return };
    if is_secret_name(&name) || shown(value) != *value {
        *value = fingerprint(key, id, &name, &Redacted::new(value.as_bytes().to_vec()));
    }
}

/// HMAC of place, slot and value (decisions.md 3): the same value in another place has another fingerprint.
pub(super) fn fingerprint(
    key: &Redacted<Vec<u8>>,
    id: &ResourceId,
    slot: &str,
    value: &Redacted<Vec<u8>>,
) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
    let mut context = hmac::Context::with_key(&key);
    for part in [id.to_string().as_bytes(), slot.as_bytes(), value.expose()] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    format!("fingerprint:{}", hex::encode(&context.sign().as_ref()[..4]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_that_somebody_gives_to_a_container_is_a_fingerprint() {
        let id = ResourceId {
            kind: "Deployment".into(),
            namespace: Some("union-acme".into()),
            name: "vaultwarden".into(),
            api_version: "apps/v1".into(),
        };
        let of_pod =
            |variables: Value| json!({"spec": {"template": {"spec": {"containers": [{"env": variables}]}}}});
        let mut object = of_pod(json!([
            {"name": "SMTP_PASSWORD", "value": "hunter2"},
            {"name": "PROXY", "value": "http://ana:hunter2@proxy.example"},
            {"name": "DATA_FOLDER", "value": "/data"},
            {"name": "GIVEN_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "postgres", "key": "password"}}},
        ]));
        mask_variables(&id, &mut object, &Redacted::new(b"key".to_vec()));
        let text = object.to_string();
        assert!(!text.contains("hunter2"), "{text}");
        assert_eq!(text.matches("fingerprint:").count(), 2, "{text}");
        assert!(text.contains("/data") && text.contains("secretKeyRef"), "{text}");
    }

    #[test]
    fn a_secret_that_somebody_puts_among_settings_is_a_fingerprint() {
        let id = ResourceId {
            kind: "ConfigMap".into(),
            namespace: Some("union-acme".into()),
            name: "vaultwarden".into(),
            api_version: "v1".into(),
        };
        let mut object = json!({
            "metadata": {"annotations": {"proxy": "http://ana:hunter2@proxy.example", "by": "hand"}},
            "data": {"SMTP_PASSWORD": "hunter2", "DATA_FOLDER": "/data"},
        });
        mask_settings(&id, &mut object, &Redacted::new(b"key".to_vec()));
        let text = object.to_string();
        assert!(!text.contains("hunter2") && text.matches("fingerprint:").count() == 2, "{text}");
        assert!(text.contains("/data") && text.contains("hand"), "{text}");
    }

    #[test]
    fn no_value_is_left_and_equal_values_stay_equal() {
        let id = ResourceId {
            kind: "Secret".into(),
            namespace: Some("union-acme".into()),
            name: "vaultwarden".into(),
            api_version: "v1".into(),
        };
        let object = json!({
            "metadata": {"annotations": {LAST_APPLIED: "{\"data\":{\"a\":\"aHVudGVyMg==\"}}", "other": "kept"}},
            "data": {"a": "aHVudGVyMg==", "b": "aHVudGVyMg=="},
        });
        let masked = |key: &[u8]| {
            let mut object = object.clone();
            mask(&id, &mut object, &Redacted::new(key.to_vec()));
            object
        };
        let once = masked(b"key");
        assert!(!once.to_string().contains("aHVudGVyMg"));
        assert_eq!(once, masked(b"key"));
        assert_ne!(once, masked(b"another key"));
        assert_ne!(once["data"]["a"], once["data"]["b"], "the place is part of the fingerprint");
        assert_eq!(once["metadata"]["annotations"]["other"], "kept");
    }
}
