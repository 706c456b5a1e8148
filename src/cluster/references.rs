//! Secrets of the daemon's namespace that documents name.
//!
//! A document is written by people who are not trusted with other unions. So a Secret can be taken only if its label
//! gives it to this union or to all, and never one that Keyforge made (design.md 12); that holds for whatever asks,
//! also for a template of the operator's. What is not there and what is not given are told alike, so that nobody
//! learns the names of other unions' Secrets.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::api::GetParams;
use kube::core::ObjectMeta;
use serde_json::Value;
use url::Url;

use super::error::{Error, Verb};
use super::{Cluster, labels, mask, seen};
use crate::desired::{Given, Reference};
use crate::ids::{ResourceId, Uid};
use crate::names::{ObjectName, UnionName};
use crate::plan::{Unusable, WhyUnusable};
use crate::redacted::Redacted;

/// Given to every union where its value is `true`.
const SHARED: &str = "keyforge.dev/shared";

/// What may be a database's URL, with the port it means where it names none.
const DATABASES: [(&str, u16); 3] = [("postgresql", 5432), ("postgres", 5432), ("mysql", 3306)];

/// What was found of the Secrets that a document names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Referenced {
    /// What can be taken.
    pub given: Given,
    /// What cannot be taken, and why.
    pub unusable: Vec<Unusable>,
}

/// The values of a Secret that may be taken.
struct Taken {
    meta: ObjectMeta,
    values: BTreeMap<String, Redacted<Vec<u8>>>,
}

impl Cluster {
    /// Looks at the Secrets that a union's document names; those that were all usable not long ago are not asked for
    /// again.
    ///
    /// # Errors
    /// As any call. A Secret that cannot be taken is no error but part of what is found.
    pub async fn references(&self, union: &UnionName, references: &[Reference]) -> Result<Referenced, Error> {
        if let Some(found) = self.memory.referenced(union, references) {
            return Ok(found);
        }
        let mut found = Referenced::default();
        for reference in references {
            let id = self.own("v1", "Secret", reference.secret.clone());
            let looked = match self.given_to(union, &id).await? {
                Some(taken) => self.look_into(union, reference, &taken, &mut found.given).await?,
                None => Err(WhyUnusable::NotGiven),
            };
            if let Err(why) = looked {
                found.unusable.push(Unusable { field: reference.field, id, why });
            }
        }
        self.memory.learn_references(union, references, &found);
        Ok(found)
    }

    /// The Secrets that a union's document names are read again at the next look.
    pub fn unlearn_references(&self, union: &UnionName) {
        self.memory.unlearn_references(union);
    }

    /// What one reference gives.
    async fn look_into(
        &self,
        union: &UnionName,
        reference: &Reference,
        taken: &Taken,
        given: &mut Given,
    ) -> Result<Result<(), WhyUnusable>, Error> {
        let key_of_all = self.fingerprint_key().await?;
        // As it is in this union: the same value has another fingerprint in each.
        let place = self.own("v1", "Secret", format!("{union}/{}", reference.secret));
        for key in &reference.keys {
            let Some(value) = taken.values.get(key).filter(|value| !value.expose().is_empty()) else {
                return Ok(Err(WhyUnusable::Key { key: key.clone() }));
            };
            if reference.is_database_url {
                let Some(port) = database_port(value) else {
                    return Ok(Err(WhyUnusable::NoDatabaseUrl { key: key.clone() }));
                };
                given.database_port = Some(port);
            }
            let fingerprint = mask::fingerprint(key_of_all, &place, key, value);
            given.fingerprints.insert((reference.secret.clone(), key.clone()), fingerprint);
        }
        let (uid, version) = (taken.meta.uid.clone(), taken.meta.resource_version.clone());
        let version = (Uid(uid.unwrap_or_default()), version.unwrap_or_default());
        given.versions.insert(reference.secret.clone(), version);
        Ok(Ok(()))
    }

    /// The values of a Secret; none where it cannot be taken.
    pub(super) async fn taken(
        &self,
        union: &UnionName,
        secret: &str,
    ) -> Result<BTreeMap<String, Redacted<Vec<u8>>>, Error> {
        let id = self.own("v1", "Secret", secret.to_owned());
        Ok(self.given_to(union, &id).await?.map(|taken| taken.values).unwrap_or_default())
    }

    /// The values of a Secret that `keyforge.yaml` names for the daemon itself; none where there is no such Secret, or one that
    /// Keyforge made: nobody may have an account of ours read out by naming it.
    ///
    /// # Errors
    /// As any call.
    pub async fn named_values(
        &self,
        secret: &ObjectName,
    ) -> Result<Option<BTreeMap<String, Redacted<Vec<u8>>>>, Error> {
        let id = self.own("v1", "Secret", secret.to_string());
        let kind = self.kinds.of(&self.wire, &id.api_version, &id.kind).await?;
        let request = kind.at(id.namespace.as_deref()).get(&id.name, &GetParams::default());
        let found = self.wire.find(Verb::Read.on(&id), request).await?;
        Ok(found.filter(|object| !is_ours(&seen::meta(object))).map(|object| values(&object)))
    }

    /// A Secret with its values, if it is there and given to the union.
    async fn given_to(&self, union: &UnionName, id: &ResourceId) -> Result<Option<Taken>, Error> {
        let kind = self.kinds.of(&self.wire, &id.api_version, &id.kind).await?;
        let request = kind.at(id.namespace.as_deref()).get(&id.name, &GetParams::default());
        let Some(object) = self.wire.find(Verb::Read.on(id), request).await? else { return Ok(None) };
        let meta = seen::meta(&object);
        Ok(is_given(&meta, union).then(|| Taken { values: values(&object), meta }))
    }
}

/// Whether the label gives a Secret to this union.
fn is_given(meta: &ObjectMeta, union: &UnionName) -> bool {
    !is_ours(meta)
        && (label(meta, labels::UNION) == Some(union.as_str()) || label(meta, SHARED) == Some("true"))
}

/// Whether Keyforge made it.
fn is_ours(meta: &ObjectMeta) -> bool {
    label(meta, labels::MANAGED_BY) == Some("keyforge") || label(meta, labels::INSTALLATION).is_some()
}

fn label<'m>(meta: &'m ObjectMeta, key: &str) -> Option<&'m str> {
    meta.labels.as_ref().and_then(|labels| labels.get(key)).map(String::as_str)
}

fn values(object: &Value) -> BTreeMap<String, Redacted<Vec<u8>>> {
    let data = object["data"].as_object().into_iter().flatten();
    data.filter_map(|(key, value)| {
        let bytes = STANDARD.decode(value.as_str()?).ok()?;
        Some((key.clone(), Redacted::new(bytes)))
    })
    .collect()
}

/// The port of a database by its URL; `None` for what is no such URL.
fn database_port(value: &Redacted<Vec<u8>>) -> Option<u16> {
    let url = Url::parse(std::str::from_utf8(value.expose()).ok()?).ok()?;
    let (_, usual) = DATABASES.into_iter().find(|(scheme, _)| *scheme == url.scheme())?;
    url.host().map(|_| url.port().unwrap_or(usual))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(labels: &[(&str, &str)]) -> bool {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let meta = ObjectMeta { labels: Some(labels), ..ObjectMeta::default() };
        is_given(&meta, &"acme".parse().expect("a name"))
    }

    #[test]
    fn only_a_label_gives_a_secret_and_none_of_ours_is_given() {
        assert!(given(&[("keyforge.dev/union", "acme")]));
        assert!(given(&[("keyforge.dev/shared", "true")]));
        assert!(given(&[("keyforge.dev/union", "northside"), ("keyforge.dev/shared", "true")]));
        assert!(!given(&[]));
        assert!(!given(&[("keyforge.dev/union", "northside")]));
        assert!(!given(&[("keyforge.dev/shared", "yes")]));
        // As the controller's Secret of this very union is.
        assert!(!given(&[("keyforge.dev/union", "acme"), ("app.kubernetes.io/managed-by", "keyforge")]));
        assert!(!given(&[("keyforge.dev/shared", "true"), ("keyforge.dev/installation", "other")]));
    }

    #[test]
    fn a_database_is_named_by_a_url_with_a_host() {
        let port = |text: &str| database_port(&Redacted::new(text.as_bytes().to_vec()));
        assert_eq!(port("postgresql://vault:hunter2@db.example/vault?sslmode=require"), Some(5432));
        assert_eq!(port("postgres://db.example:25060/vault"), Some(25060));
        assert_eq!(port("mysql://vault@db.example/vault"), Some(3306));
        for wrong in
            ["", "db.example/vault", "sqlite:///data/db.sqlite3", "postgresql:///vault", "https://db.example"]
        {
            assert_eq!(port(wrong), None, "{wrong}");
        }
    }
}
