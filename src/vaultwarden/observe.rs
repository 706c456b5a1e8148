//! What is inside of a server, in one look.
//!
//! Five calls for each society, several societies at a time. Invariant: it writes nothing; what one society's server side
//! has broken is said of that society alone.

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt, TryStreamExt, stream};

use super::client::Client;
use super::error::Error;
use super::society::Membership;
use super::wire::Request;
use crate::plan::society::{
    CollectionMarker, FingerprintKey, ObservedCollection, ObservedPolicies, ObservedSociety,
};
use crate::spec::Role;

/// How many societies are looked at at a time; the connections are bounded by themselves.
const AT_ONCE: usize = 4;

impl Client {
    /// The societies that our account is in, with everything that it sees of them.
    ///
    /// # Errors
    /// Of the first call that fails: half a look is none.
    pub async fn observe(&self, fingerprints: &FingerprintKey) -> Result<Vec<ObservedSociety>, Error> {
        let memberships = self.memberships().await?;
        // Boxed: the compiler does not see otherwise that such a look may move between threads.
        let looks: Vec<BoxFuture<'_, _>> =
            memberships.iter().map(|membership| self.society(membership, fingerprints).boxed()).collect();
        stream::iter(looks).buffered(AT_ONCE).try_collect().await
    }

    /// When something that our account sees was changed last, in milliseconds: cheaper than a look, and less sure, so a
    /// look is due now and then all the same.
    ///
    /// # Errors
    /// Of the call.
    pub async fn revision(&self) -> Result<i64, Error> {
        let call = "read the date of the last change";
        self.call(call, &Request::get("/api/accounts/revision-date")).await?.json(call)
    }

    /// Forgets the access token, so that the next call shows whether our account still gets in.
    pub async fn afresh(&self) {
        self.session.lock().await.access = None;
    }

    async fn society(
        &self,
        ours: &Membership,
        fingerprints: &FingerprintKey,
    ) -> Result<ObservedSociety, Error> {
        let mut society = ObservedSociety {
            id: ours.id,
            title: ours.name.clone(),
            our_role: ours.role(),
            key: None,
            collections: Vec::new(),
            members: Vec::new(),
            items: Vec::new(),
            policies: ObservedPolicies::default(),
        };
        let Some(key) = self.open(ours).await else { return Ok(society) };
        society.key = Some(key.digest());
        if society.our_role != Role::Owner {
            return Ok(society);
        }
        let people = async {
            let collections = self.collections(ours.id).await?;
            let members = self.members(ours.id, &collections).await?;
            Ok((collections, members))
        };
        let ((collections, members), items, policies) =
            futures::try_join!(people, self.items(ours.id), self.policies(ours.id))?;
        let opened = |text: &str| Some(key.decrypt(&text.parse().ok()?).ok()?.expose().clone());
        society.collections = collections
            .iter()
            .map(|collection| ObservedCollection {
                id: collection.id,
                title: opened(&collection.name),
                marker: collection
                    .external_id
                    .as_ref()
                    .and_then(|text| CollectionMarker::read(text, fingerprints, ours.id)),
            })
            .collect();
        society.members = members;
        society.items = items.iter().map(|item| item.observed(ours.id, &key, fingerprints)).collect();
        society.policies = policies;
        Ok(society)
    }
}
