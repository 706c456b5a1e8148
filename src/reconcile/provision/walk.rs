//! Execution: walks the plan of a vault, society by society, and decides nothing.
//!
//! ```text
//! per run of changes of one kind  invitations are written down → the calls, some at once
//! per call                        what the server takes together: nobody asked us to stop → lease outlasts the write → the call
//! ```
//!
//! No change of a plan needs another one's outcome, but their kinds have an order: who is kept out is kept out before a
//! password is drawn anew. A change that fails does not keep the others from being made; a server that does not answer does.

use std::collections::BTreeMap;
use std::mem::discriminant;

use super::shown::pseudonymous;
use super::{Looked, Pass};
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};

use crate::digest::Digest;
use crate::ids::{DeploymentId, ItemId, MembershipId, SocietyId};
use crate::names::SocietyName;
use crate::outcome::{Done, Level, Step};
use crate::plan::society::{
    Change, Invitation, ObservedItem, Origin, Place, Slot, SocietyLedger, SocietyPlan, Source, Work, line,
};
use crate::reconcile::failure::Failure;
use crate::reconcile::lease::WRITE_TIMEOUT;
use crate::store::LogLine;
use crate::vaultwarden::{self, Each, Text, Writing};

/// How many societies of a vault are walked at a time, and how many calls of each. Calls wait for one of the client's few
/// connections; this bounds how many wait.
const SOCIETIES: usize = 4;
const CALLS: usize = 4;

/// The most people of one call: each is a few statements of the server.
const PEOPLE: usize = 50;

/// What became of a society: what is remembered of it, and the first change that failed.
struct Walked {
    name: SocietyName,
    ledger: Option<SocietyLedger>,
    failed: Option<Failure>,
}

impl Pass<'_> {
    /// Makes the changes of a plan, but for societies of which one failed before. Gives the first failure; each is remembered
    /// as its society's.
    ///
    /// # Errors
    /// What ends the pass.
    pub(super) async fn walk(
        &self,
        looked: &mut Looked,
        deployment: Option<DeploymentId>,
    ) -> Result<Option<Failure>, Failure> {
        let (mut ledgers, mut refused, mut failed) = (BTreeMap::new(), BTreeMap::new(), None);
        let societies = looked.plan.societies().iter().filter(|society| looked.is_open(society));
        let walks: Vec<BoxFuture<'_, _>> =
            societies.map(|society| self.society(looked, society, deployment).boxed()).collect();
        let mut walks = stream::iter(walks).buffered(SOCIETIES);
        while let Some(walked) = walks.next().await {
            let Walked { name, ledger, failed: first } = walked?;
            ledgers.extend(ledger.map(|ledger| (name.clone(), ledger)));
            refused.extend(first.as_ref().map(|first| (name, first.message())));
            failed = failed.or(first);
        }
        drop(walks);
        looked.ledger.societies.extend(ledgers);
        looked.refused.extend(refused);
        Ok(failed)
    }

    /// Makes the changes of one society and tells them. An error ends the pass.
    async fn society(
        &self,
        looked: &Looked,
        society: &SocietyPlan,
        deployment: Option<DeploymentId>,
    ) -> Result<Walked, Failure> {
        let name = &society.name;
        let mut ledger = looked.ledger.societies.get(name).cloned();
        let mut lines = Vec::new();
        let done = match &society.work {
            Work::Blocked => return Ok(Walked { name: name.clone(), ledger, failed: None }),
            Work::Found { title, collection } => {
                let client = &looked.known.client;
                match self.write("found", client.found_society(title, collection)).await {
                    Ok(id) => {
                        lines.push(format!("created Society {name}"));
                        let founded = SocietyLedger::new(id);
                        self.remember(name, &founded).await?;
                        ledger = Some(founded);
                        Ok(Done::Created)
                    }
                    Err(failure) => Err(failure),
                }
            }
            Work::Change(id, changes) => {
                let mut first = None;
                for run in changes.chunk_by(|one, next| discriminant(one) == discriminant(next)) {
                    if let Some(ledger) = &mut ledger {
                        self.announce(looked, name, run, ledger).await?;
                    }
                    let failed = self.alike(looked, name, *id, run, &mut lines).await?;
                    first = first.or(failed);
                }
                let became = if lines.is_empty() { Done::Kept } else { Done::Updated };
                first.map_or(Ok(became), Err)
            }
        };
        let (became, message) = match &done {
            Ok(became) => (*became, None),
            Err(failure) => (Done::Failed, Some(failure.message())),
        };
        if let Some(deployment) = deployment {
            self.tell(deployment, Step::Society, Some(name), became, message).await?;
            let line = |message| LogLine { level: Level::Info, message, fields: serde_json::Map::new() };
            let lines: Vec<LogLine> = lines.into_iter().map(line).collect();
            self.parts
                .database(self.parts.store.record_lines(self.lease.claim(), deployment, &lines))
                .await?;
        }
        match done {
            Err(failure) if ends_the_pass(&failure) => Err(failure),
            done => Ok(Walked { name: name.clone(), ledger, failed: done.err() }),
        }
    }

    /// Makes changes of one kind and tells them; the first failure. An error ends the pass.
    async fn alike(
        &self,
        looked: &Looked,
        name: &SocietyName,
        id: SocietyId,
        run: &[Change],
        lines: &mut Vec<String>,
    ) -> Result<Option<Failure>, Failure> {
        // The server sends mails before it answers: many would take longer than a write may.
        let people = if looked.observed.mail { 1 } else { PEOPLE };
        let calls = run.chunk_by(goes_with).flat_map(|together| together.chunks(people));
        let calls: Vec<BoxFuture<'_, _>> = calls
            .map(|together| self.together(looked, id, together).map(move |made| (together, made)).boxed())
            .collect();
        let mut calls = stream::iter(calls).buffered(CALLS);
        let mut first = None;
        while let Some((together, made)) = calls.next().await {
            let each = match made {
                Ok(each) => each.into_iter().map(|one| one.err().map(Failure::from)).collect(),
                Err(failure) if ends_the_pass(&failure) => return Err(failure),
                // Of all, and told once.
                Err(failure) => vec![Some(failure)],
            };
            for (change, failed) in together.iter().zip(each) {
                let told = pseudonymous(&line(name, change, &|id| id.to_string()), &looked.key);
                match failed {
                    None => lines.push(told),
                    // Somebody was faster: the next look tells what is to be done about that.
                    Some(Failure::Vault(vaultwarden::Error::Changed { .. })) => {}
                    Some(failure) => {
                        lines.push(format!("{told}: {}", failure.message()));
                        first.get_or_insert(failure);
                    }
                }
            }
        }
        Ok(first)
    }

    /// Writes down whom a run of changes invites, before it does: who is found in a vault afterwards was let in by us.
    async fn announce(
        &self,
        looked: &Looked,
        name: &SocietyName,
        run: &[Change],
        ledger: &mut SocietyLedger,
    ) -> Result<(), Failure> {
        let invitation = Invitation { at: self.lease.claim().claimed_at, by_mail: looked.observed.mail };
        for change in run {
            match change {
                Change::Invite { address, granted } => ledger.inviting(address, invitation, granted),
                Change::Reinvite(person) => ledger.reinvited(&person.address, invitation),
                _ => {}
            }
        }
        match run.first() {
            Some(Change::Invite { .. }) => self.remember(name, ledger).await,
            _ => Ok(()),
        }
    }

    /// Changes of one kind in one call: what became of each.
    async fn together(&self, looked: &Looked, id: SocietyId, changes: &[Change]) -> Result<Each, Failure> {
        let (client, key) = (&looked.known.client, &looked.key);
        let people: Vec<MembershipId> = changes.iter().filter_map(membership).collect();
        let Some(change) = changes.first() else { return Ok(Each::new()) };
        let made = match change {
            Change::Rename { to, .. } => self.write("rename", client.rename_society(id, to)).await,
            Change::SetTwoFactor(wanted) => self.write("policy", client.set_two_factor(id, *wanted)).await,
            Change::SetMinLength(wanted) => self.write("policy", client.set_min_length(id, *wanted)).await,
            Change::CreateCollection { marker, title } => {
                self.write("collection", client.create_collection(id, marker, title, key)).await.map(|_| ())
            }
            Change::UpdateCollection { id: collection, marker, title } => {
                self.write("collection", client.update_collection(id, *collection, marker, title, key)).await
            }
            Change::DeleteCollection { id: collection, .. }
            | Change::DeleteDoubleCollection { id: collection, .. } => {
                self.write("collection", client.delete_collections(id, &[*collection])).await
            }
            Change::Invite { granted, .. } => {
                let addresses: Vec<&str> = changes.iter().filter_map(invited).collect();
                return self.write("invite", client.invite(id, &addresses, granted)).await;
            }
            Change::Reinvite(_) => return self.write("invite", client.reinvite(id, &people)).await,
            Change::Confirm { .. } => {
                let keys: Vec<(MembershipId, Digest)> = changes.iter().filter_map(keyed).collect();
                return self.write("confirm", client.confirm(id, &keys)).await;
            }
            Change::Grant { person, granted } => {
                self.write("grant", client.grant_member(id, person.membership, granted)).await
            }
            Change::Revoke(_) => return self.write("revoke", client.revoke(id, &people)).await,
            Change::Restore(_) => return self.write("restore", client.restore(id, &people)).await,
            Change::DeleteMember(_) => return self.write("remove", client.delete_members(id, &people)).await,
            Change::CreateItem { place, collection, write } => {
                let write = self.writings(looked, place, write).ok_or(NO_TEXT)?;
                self.write("item", client.create_item(id, *collection, place, &write, key)).await.map(|_| ())
            }
            Change::UpdateItem { id: item, place, revised, write, remove, carry } => {
                let write = self.writings(looked, place, write).ok_or(NO_TEXT)?;
                let update = client.update_item(id, *item, place, *revised, &write, remove, carry, key);
                self.write("item", update).await.map(|_| ())
            }
            Change::MoveItem { id: item, collections, .. } => {
                let seen = &seen(looked, id, *item).ok_or(NOT_SEEN)?.collections;
                self.write("item", client.move_item(*item, seen, collections)).await
            }
            Change::RestoreItem { id: item, .. } => self.write("item", client.restore_items(&[*item])).await,
            Change::BinItem { id: item, .. } | Change::BinDouble { id: item, .. } => {
                self.write("item", client.bin_items(&[*item])).await
            }
            Change::PurgeItem { id: item, .. } => {
                let binned = seen(looked, id, *item).and_then(|item| item.deleted).ok_or(NOT_SEEN)?;
                self.write("item", client.purge_item(*item, binned)).await
            }
            Change::DeleteSociety { .. } => self.write("society", client.delete_society(id)).await,
            Change::DeleteDoubleSociety(double) => {
                self.write("society", client.delete_society(*double)).await
            }
        };
        made.map(|()| vec![Ok(())])
    }

    /// What is written where, with the texts; `None`: one of them is in no document.
    fn writings(
        &self,
        looked: &Looked,
        place: &Place,
        write: &BTreeMap<Slot, Source>,
    ) -> Option<BTreeMap<Slot, Writing>> {
        let now = self.lease.claim().claimed_at;
        let text = |slot: &Slot| looked.contents.value(place, slot).cloned().map(Text::Given);
        let writing = |(slot, source): (&Slot, &Source)| {
            let (text, origin) = match *source {
                Source::Document => (text(slot)?, Origin::Document),
                Source::Sealed { at } => (text(slot)?, Origin::Sealed { at }),
                Source::Generate { alphabet, rotation } => {
                    (Text::Drawn(alphabet), Origin::Generated { rotation, at: now })
                }
                Source::Kept(origin) => (Text::Kept, origin),
            };
            Some((slot.clone(), Writing { text, origin }))
        };
        write.iter().map(writing).collect()
    }

    /// One write. The gates before it: nobody asked us to stop, and the lease outlasts the write.
    fn write<'a, T: Send + 'a>(
        &'a self,
        call: &'static str,
        write: impl Future<Output = Result<T, vaultwarden::Error>> + Send + 'a,
    ) -> impl Future<Output = Result<T, Failure>> + Send + 'a {
        let write: BoxFuture<'a, _> = Box::pin(write);
        async move {
            if self.shutdown.is_cancelled() {
                return Err(Failure::Stopped);
            }
            self.lease.outlasts_a_write()?;
            match tokio::time::timeout(WRITE_TIMEOUT, self.parts.vault_call(call, write)).await {
                Ok(written) => Ok(written?),
                Err(_) => Err(vaultwarden::Error::Timeout { call, after: WRITE_TIMEOUT }.into()),
            }
        }
    }

    async fn remember(&self, name: &SocietyName, ledger: &SocietyLedger) -> Result<(), Failure> {
        let remembering = self.parts.store.remember_society(self.lease.claim(), name, ledger);
        Ok(self.parts.database(remembering).await?)
    }
}

/// Whether the server takes two changes of one kind in one call, and answers for each of them.
fn goes_with(one: &Change, next: &Change) -> bool {
    match (one, next) {
        (Change::Invite { granted: one, .. }, Change::Invite { granted: next, .. }) => one == next,
        _ => membership(one).is_some(),
    }
}

fn invited(change: &Change) -> Option<&str> {
    match change {
        Change::Invite { address, .. } => Some(address),
        _ => None,
    }
}

fn keyed(change: &Change) -> Option<(MembershipId, Digest)> {
    match change {
        Change::Confirm { person, key } => Some((person.membership, *key)),
        _ => None,
    }
}

/// Of whom one call can be made with others.
fn membership(change: &Change) -> Option<MembershipId> {
    match change {
        Change::Reinvite(person)
        | Change::Confirm { person, .. }
        | Change::Revoke(person)
        | Change::Restore(person)
        | Change::DeleteMember(person) => Some(person.membership),
        _ => None,
    }
}

/// The item as the look saw it that the plan was made from.
fn seen(looked: &Looked, society: SocietyId, item: ItemId) -> Option<&ObservedItem> {
    let society = looked.observed.societies.iter().find(|observed| observed.id == society)?;
    society.items.iter().find(|observed| observed.id == item)
}

/// A plan names the items of the look that it was made from.
const NOT_SEEN: Failure = Failure::Internal { what: "an item of a plan was not seen" };

/// A plan is made from the documents that its texts are from.
const NO_TEXT: Failure = Failure::Internal { what: "a text of a plan is in no document" };

/// Whether nothing else can be done in this pass: the server is away, or this is not our union any more.
fn ends_the_pass(failure: &Failure) -> bool {
    match failure {
        Failure::Vault(error) => error.is_away() || matches!(error, vaultwarden::Error::Limited { .. }),
        Failure::Internal { .. } => false,
        _ => true,
    }
}
