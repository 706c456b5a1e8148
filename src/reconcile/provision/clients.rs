//! The clients of the unions' servers: one for each, kept as long as what it was made from stays, and which of them are slow.
//!
//! Kept, since tokens, the admin interface's cookie and the societies' keys are in it: making one anew would log in. Every
//! replica that ever worked on a union has one. Invariant: the controller's Secret is read at each pass, and a client whose
//! account, admin token or union is not what it says is not used again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Pass;
use crate::cluster::{KeptAccount, SecretVersion};
use crate::desired::DesiredState;
use crate::domain::Domain;
use crate::ids::Uid;
use crate::names::{Email, UnionName};
use crate::reconcile::failure::Failure;
use crate::reconcile::reach::way;
use crate::redacted::Redacted;
use crate::spec::Union;
use crate::vaultwarden::{Account, Client, Dial, Error, Fields, Options, Reach, Trust, TrustError};

/// All of them.
pub struct Vaults {
    options: Options,
    reach: Reach,
    trust: Trust,
    known: Mutex<HashMap<UnionName, Arc<Known>>>,
    slow: Mutex<HashSet<UnionName>>,
    lane: Arc<Semaphore>,
}

/// The client of one union's server.
pub(super) struct Known {
    of: Origin,
    admin_token: Redacted<String>,
    at: Mutex<SecretVersion>,
    pub(super) client: Client,
}

/// What a client is made from, besides what the controller's Secret holds.
#[derive(PartialEq, Eq)]
struct Origin {
    domain: Domain,
    ends_tls: bool,
    /// Which state object the union has: one that was founded anew under its name, or let go of its data, has another vault.
    life: Option<Uid>,
    secret: Uid,
}

/// The right to work on a vault now.
pub(in crate::reconcile) struct Lane {
    /// Of a server that was slow: a place beside few others.
    _place: Option<OwnedSemaphorePermit>,
}

impl Vaults {
    /// Nothing is reached yet. Of `workers` a quarter may wait for slow servers.
    ///
    /// # Errors
    /// The file with authorities cannot be read.
    pub fn new(options: Options, reach: Reach, workers: u16) -> Result<Self, TrustError> {
        let trust = match options.trust() {
            Ok(trust) => trust,
            // Of a system that trusts nobody it is told where somebody would have to be trusted.
            Err(_) if options.reach_ca_file.is_none() => {
                Trust::only(&[]).expect("of no certificate none is broken")
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            trust,
            reach,
            options,
            known: Mutex::default(),
            slow: Mutex::default(),
            lane: Arc::new(Semaphore::new(usize::from(workers / 4).max(1))),
        })
    }

    /// The address of our account in a new union's server.
    pub(in crate::reconcile) fn reserve(&self, union: &Union) -> Fields {
        let smtp = union.spec.vaultwarden.smtp.as_ref();
        let mailbox = self.options.service_account_address.as_ref().or(smtp.map(|smtp| &smtp.from));
        Account::reserve(union.spec.domain.host(), mailbox.filter(|_| smtp.is_some()).map(Email::as_str))
    }

    /// Whether a worker may be spent on this union's server now; `None`: as many as may wait for slow ones already do.
    pub(in crate::reconcile) fn lane(&self, union: &UnionName) -> Option<Lane> {
        if !self.slow().contains(union) {
            return Some(Lane { _place: None });
        }
        Arc::clone(&self.lane).try_acquire_owned().ok().map(|place| Lane { _place: Some(place) })
    }

    /// How fast it was this time.
    pub(in crate::reconcile) fn was_slow(&self, union: &UnionName, slow: bool) {
        if slow {
            self.slow().insert(union.clone());
        } else {
            self.slow().remove(union);
        }
    }

    fn slow(&self) -> std::sync::MutexGuard<'_, HashSet<UnionName>> {
        self.slow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<UnionName, Arc<Known>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the connections to a union's server: they are few, and another replica may have the union next.
    pub(in crate::reconcile) fn hang_up(&self, union: &UnionName) {
        if let Some(known) = self.known().get(union) {
            known.client.hang_up();
        }
    }

    /// Nothing is left of a union.
    pub(in crate::reconcile) fn forget(&self, union: &UnionName) {
        self.known().remove(union);
        self.slow().remove(union);
    }

    /// The client of a union's server, with our account in it; `was_here` says that there is one from before.
    ///
    /// # Errors
    /// The server cannot be reached, is of a version that nobody tried, or does not let our account in.
    pub(super) async fn client(&self, pass: &Pass<'_>, was_here: bool) -> Result<Arc<Known>, Failure> {
        let wanted = pass.look.accepted.union.spec.rotation.service_account;
        let known = self.open(pass, was_here).await?;
        known.client.under(pass.lease.claim().token);
        pass.call("version", known.client.version()).await?;
        pass.begin("bootstrap", known.client.bootstrap()).await?;
        pass.keep(&known).await?;
        if known.client.rotation().await < wanted {
            known.client.begin_rotation().await;
            pass.keep(&known).await?;
            pass.begin("rotation", known.client.finish_rotation(wanted)).await?;
            pass.keep(&known).await?;
        }
        Ok(known)
    }

    /// The client that is known, if it is still of what the controller's Secret says now; else one that is made from that.
    async fn open(&self, pass: &Pass<'_>, was_here: bool) -> Result<Arc<Known>, Failure> {
        let (look, union, cluster) = (pass.look, &pass.lease.claim().union, &pass.parts.cluster);
        let wanted = look.accepted.union.spec.rotation.service_account;
        let mut kept = pass.parts.cluster_call("credentials", cluster.account(union)).await?;
        let of = Origin {
            domain: look.accepted.union.spec.domain.clone(),
            ends_tls: given(&look.desired).contains_key("ROCKET_TLS"),
            life: look.facts.record_uid.clone(),
            secret: kept.at.uid.clone(),
        };
        let known = self.known().get(union).cloned();
        if let Some(known) = known
            && known.is_of(&of, &kept).await
        {
            return Ok(known);
        }
        let account = match Account::from_fields(&kept.fields)? {
            Some(account) if was_here => account,
            // The server may be another one than it was made in.
            Some(account) => account.unregistered(),
            // What it was given once nobody can give again.
            None if was_here => return Err(Error::Kept("everything").into()),
            None => {
                // Credentials of an earlier version have no address for it.
                let reserved = match kept.fields {
                    none if none.is_empty() => self.reserve(&look.accepted.union),
                    reserved => reserved,
                };
                let account = Account::draw(&reserved, wanted)?;
                kept.fields = account.to_fields();
                pass.lease.outlasts_a_write()?;
                let keeping = cluster.keep_account(union, &kept.at, &kept.fields);
                kept.at = pass.parts.cluster_call("credentials", keeping).await?;
                account
            }
        };
        let way = way(cluster, self.reach, &self.trust, (union, &of.domain, of.ends_tls));
        let known = Arc::new(Known::new(of, way, account, kept).await);
        self.known().insert(union.clone(), Arc::clone(&known));
        Ok(known)
    }
}

impl Known {
    async fn new(of: Origin, (dial, at_once): (Dial, usize), account: Account, kept: KeptAccount) -> Self {
        let KeptAccount { admin_token, fields, at } = kept;
        let client = Client::new(&of.domain, dial, at_once, account, admin_token.clone());
        // One that is to be registered once more is kept with what the former server gave it.
        client.is_kept(fields).await;
        Self { of, admin_token, at: Mutex::new(at), client }
    }

    /// Whether it was made from this, and knows of our account what is kept: another replica may have written since.
    async fn is_of(&self, of: &Origin, kept: &KeptAccount) -> bool {
        let is_of = self.of == *of
            && self.admin_token.expose() == kept.admin_token.expose()
            && self.client.keeps(&kept.fields).await;
        if is_of {
            *self.at.lock().unwrap_or_else(PoisonError::into_inner) = kept.at.clone();
        }
        is_of
    }

    /// Where our account was read, or written last.
    pub(super) fn at(&self) -> SecretVersion {
        self.at.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// These fields of our account are kept now, at this version.
    pub(super) async fn is_kept(&self, at: SecretVersion, fields: Fields) {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner) = at;
        self.client.is_kept(fields).await;
    }
}

/// The settings that Keyforge gives the server, as far as they are no secrets.
pub(super) fn given(desired: &DesiredState) -> BTreeMap<String, String> {
    let maps = desired.manifests.iter().filter(|manifest| manifest.id.kind == "ConfigMap");
    let server = maps.filter_map(|manifest| manifest.body["data"].as_object());
    let settings = server.filter(|data| data.contains_key("DOMAIN")).flatten();
    settings.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(life: &str, secret: &str) -> Origin {
        Origin {
            domain: "https://vault.acme.example".parse().expect("a domain"),
            ends_tls: false,
            life: Some(Uid(life.to_owned())),
            secret: Uid(secret.to_owned()),
        }
    }

    fn kept(admin_token: &str, fields: &Fields) -> KeptAccount {
        KeptAccount {
            admin_token: admin_token.to_owned().into(),
            fields: fields.clone(),
            at: SecretVersion { uid: Uid("secret".to_owned()), version: "1".into() },
        }
    }

    /// The fields of an account, one of them with another value.
    fn with(fields: &Fields, name: &str, value: &str) -> Fields {
        let mut fields = fields.clone();
        fields.insert(name.to_owned(), value.as_bytes().to_vec().into());
        fields
    }

    #[tokio::test]
    async fn a_client_is_used_again_only_for_the_account_that_is_kept_now() {
        let nobody: Dial = Arc::new(|| panic!("nobody is called"));
        let account = Account::draw(&Account::reserve("acme.example", None), 1).expect("an address");
        let first = account.to_fields();
        let known = Known::new(origin("life", "secret"), (nobody, 1), account, kept("token", &first)).await;
        assert!(known.is_of(&origin("life", "secret"), &kept("token", &first)).await);
        assert!(!known.is_of(&origin("life", "another"), &kept("token", &first)).await, "another Secret");
        assert!(!known.is_of(&origin("another", "secret"), &kept("token", &first)).await, "another life");
        assert!(
            !known.is_of(&origin("life", "secret"), &kept("another", &first)).await,
            "another admin token"
        );
        let rotated = with(&first, "account-password", "of another replica");
        assert!(!known.is_of(&origin("life", "secret"), &kept("token", &rotated)).await, "another password");
        // What was written and whose answer was lost is its own.
        known.client.begin_rotation().await;
        let begun = known.client.unkept().await.expect("the next password");
        assert!(known.is_of(&origin("life", "secret"), &kept("token", &begun)).await);
        assert!(known.client.unkept().await.is_none(), "it is kept");
    }
}
