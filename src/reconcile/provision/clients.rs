//! The clients of the unions' servers: one for each, kept as long as what it was made from stays, and which of them are slow.
//!
//! Kept, since tokens, the admin interface's cookie and the societies' keys are in it: making one anew would log in. A union
//! stays with its replica as long as that works on it, so other replicas seldom have one too.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Pass;
use crate::desired::DesiredState;
use crate::digest::Digest;
use crate::names::{Email, UnionName};
use crate::reconcile::failure::Failure;
use crate::reconcile::reach::way;
use crate::spec::Union;
use crate::vaultwarden::{Account, Client, Error, Fields, Options, Reach, Trust, TrustError};

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
    /// Of what it was made from.
    of: Digest,
    pub(super) client: Client,
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

    /// Ends the connections to a union's server: they are few, and another replica may have the union next.
    pub(in crate::reconcile) fn hang_up(&self, union: &UnionName) {
        if let Some(known) = self.known().get(union) {
            known.client.hang_up();
        }
    }

    fn slow(&self) -> std::sync::MutexGuard<'_, HashSet<UnionName>> {
        self.slow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<UnionName, Arc<Known>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client of a union's server, with our account in it; `was_here` says that there is one from before.
    ///
    /// # Errors
    /// The server cannot be reached, is of a version that nobody tried, or does not let our account in.
    pub(super) async fn client(&self, pass: &Pass<'_>, was_here: bool) -> Result<Arc<Known>, Failure> {
        let (look, union) = (pass.look, &pass.lease.claim().union);
        let wanted = look.accepted.union.spec.rotation.service_account;
        let given = given(&look.desired);
        let ends_tls = given.contains_key("ROCKET_TLS");
        let domain = &look.accepted.union.spec.domain;
        let of = format!("{domain} {ends_tls} {:?}", look.facts.admin_token);
        let of = Digest::of(of);
        let kept = self.known().get(union).filter(|known| known.of == of).cloned();
        let known = match kept {
            Some(known) => known,
            None => {
                let cluster = &pass.parts.cluster;
                let token = pass.parts.cluster_call("credentials", cluster.admin_token(union)).await?;
                let fields = pass.parts.cluster_call("credentials", cluster.account(union)).await?;
                let account = match Account::from_fields(&fields)? {
                    Some(account) if was_here => account,
                    // The server may be another one than it was made in.
                    Some(account) => account.unregistered(),
                    // What it was given once nobody can give again.
                    None if was_here => return Err(Error::Kept("everything").into()),
                    None => {
                        // Credentials of an earlier version have no address for it.
                        let reserved =
                            if fields.is_empty() { self.reserve(&look.accepted.union) } else { fields };
                        let account = Account::draw(&reserved, wanted)?;
                        let fields = account.to_fields();
                        let keeping = cluster.keep_account(union, &fields);
                        pass.parts.cluster_call("credentials", keeping).await?;
                        account
                    }
                };
                let (dial, at_once) = way(cluster, self.reach, &self.trust, (union, domain, ends_tls));
                let client = Client::new(domain, dial, at_once, account, token);
                let known = Arc::new(Known { of, client });
                self.known().insert(union.clone(), Arc::clone(&known));
                known
            }
        };
        known.client.under(pass.lease.claim().token);
        pass.call("version", known.client.version()).await?;
        pass.call("bootstrap", known.client.bootstrap()).await?;
        pass.keep(&known).await?;
        if known.client.rotation().await < wanted {
            known.client.begin_rotation().await;
            pass.keep(&known).await?;
            pass.call("rotation", known.client.finish_rotation(wanted)).await?;
            pass.keep(&known).await?;
        }
        Ok(known)
    }
}

/// The settings that Keyforge gives the server, as far as they are no secrets.
pub(super) fn given(desired: &DesiredState) -> BTreeMap<String, String> {
    let maps = desired.manifests.iter().filter(|manifest| manifest.id.kind == "ConfigMap");
    let server = maps.filter_map(|manifest| manifest.body["data"].as_object());
    let settings = server.filter(|data| data.contains_key("DOMAIN")).flatten();
    settings.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}
