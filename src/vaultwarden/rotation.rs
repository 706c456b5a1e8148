//! A new password for our account, by number.
//!
//! In two steps, so that a crash between them finds a password that works: the next one is drawn and kept beside the
//! present one, then the server is told. User key and key pair stay: they are what opens the societies.

use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::account::{self, Account, draw_password};
use super::client::{Access, Client, judge};
use super::crypto::{Checked, MasterKey};
use super::error::{Call, Error};
use super::identity;
use super::wire::Request;
use crate::redacted::Redacted;

const CALL: Call = "change the password of our account";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApiKey {
    api_key: String,
}

impl Client {
    /// The number of our account's password.
    pub async fn rotation(&self) -> u32 {
        self.session.lock().await.account.rotation
    }

    /// Draws the next password, if none is drawn yet. Keep what [`Client::unkept`] gives, say so, then call
    /// [`Client::finish_rotation`].
    pub async fn begin_rotation(&self) {
        let mut session = self.session.lock().await;
        if session.account.next.is_none() {
            session.account.next = Some(draw_password());
        }
    }

    /// Tells the server the next password and renews the API key, or finds that it was told before a crash. What is to be
    /// kept after it says the number.
    ///
    /// # Errors
    /// [`Error::Kept`] where no rotation was begun, or what was begun is not known to be kept.
    pub async fn finish_rotation(&self, number: u32) -> Result<(), Error> {
        let mut session = self.session.lock().await;
        let next = session.account.next.clone().filter(|next| account::is_next(&session.kept, next));
        let next = next.ok_or(Error::Kept("the next password"))?;
        let former = identity::hash(&session.account, &session.account.password).await;
        let master = identity::master_key(&session.account, &next).await;
        let hash = master.password_hash(&next);
        match self.log_in_by_password(CALL, &mut session, &former).await {
            Ok(access) => self.tell(&session.account, &former, (&master, &hash), &access).await?,
            // The server was told already.
            Err(Error::Account { .. }) => {}
            Err(error) => return Err(error),
        }
        // Until all of it is done the account stays as it is kept, with both: whoever ends in between finds out from them.
        (session.account.refresh, session.access) = (None, None);
        let access = self.log_in_by_password(CALL, &mut session, &hash).await?;
        let body = json!({ "masterPasswordHash": hash.expose() });
        let request = Request::json(Method::POST, "/api/accounts/rotate-api-key", &body);
        let key: ApiKey = judge(CALL, self.wire.call(CALL, &access.on(&request)).await?)?.json(CALL)?;
        let account = &mut session.account;
        (account.password, account.next, account.rotation) = (next, None, number);
        account.api_key = Some(key.api_key.into());
        session.access = Some(access);
        Ok(())
    }

    async fn tell(
        &self,
        account: &Account,
        former: &Redacted<String>,
        (master, hash): (&MasterKey, &Redacted<String>),
        access: &Access,
    ) -> Result<(), Error> {
        let key = Checked::key(&master.stretched(), &account.user_key)
            .map_err(|source| Error::Crypto { call: CALL, source })?;
        let body = json!({
            "masterPasswordHash": former.expose(),
            "newMasterPasswordHash": hash.expose(),
            "masterPasswordHint": null,
            "key": key,
        });
        let request = Request::json(Method::POST, "/api/accounts/password", &body);
        judge(CALL, self.wire.call(CALL, &access.on(&request)).await?).map(|_| ())
    }
}
