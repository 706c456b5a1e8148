//! Our own account in a union's server: what it is made of, drawn before it exists, and what the server gives it.
//!
//! Kept as fields of the controller's Secret, which this module does not know. Invariant: everything that opens a society
//! (address, password, keys) is drawn at once and stored before the server hears of it, so a crash at any moment finds the
//! same account again.

use std::collections::BTreeMap;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use uuid::Uuid;

use super::crypto::{Key, PrivateKey};
use super::error::Error;
use crate::ids::UserId;
use crate::redacted::Redacted;

/// What is kept, by the name of its field.
pub type Fields = BTreeMap<String, Redacted<Vec<u8>>>;

const ADDRESS: &str = "account-address";
const PASSWORD: &str = "account-password";
const NEXT_PASSWORD: &str = "account-password-next";
const ROTATION: &str = "account-rotation";
const USER_KEY: &str = "account-user-key";
const PRIVATE_KEY: &str = "account-private-key";
const DEVICE: &str = "account-device";
const USER: &str = "account-user-id";
const API_KEY: &str = "account-api-key";
const REFRESH_TOKEN: &str = "account-refresh-token";

/// Our account.
pub struct Account {
    pub(super) address: String,
    pub(super) password: Redacted<String>,
    /// The password that a rotation goes to, from before the server is told until it is known that it took it.
    pub(super) next: Option<Redacted<String>>,
    pub(super) rotation: u32,
    pub(super) user_key: Key,
    pub(super) pair: PrivateKey,
    pub(super) device: Uuid,
    /// Once it is registered.
    pub(super) user: Option<UserId>,
    pub(super) api_key: Option<Redacted<String>>,
    pub(super) refresh: Option<Redacted<String>>,
}

impl Account {
    /// The address of a new one, kept before the server first starts, which is told who may found societies.
    ///
    /// It has a random part, so that nobody registers it first; `mailbox` is where mails to it may go: what follows its
    /// `+` is ignored by most mail servers. Without mail there is no mailbox, and the host of the union's domain stands in.
    pub fn reserve(host: &str, mailbox: Option<&str>) -> Fields {
        let mut tag = [0; 8];
        rand::fill(&mut tag).expect("the operating system has randomness");
        let tag = hex::encode(tag);
        let address = match mailbox.and_then(|mailbox| mailbox.rsplit_once('@')) {
            Some((name, host)) => format!("{name}+keyforge-{tag}@{host}"),
            None => format!("keyforge-{tag}@{host}"),
        };
        Fields::from([(ADDRESS.to_owned(), Redacted::new(address.to_lowercase().into_bytes()))])
    }

    /// A new one with the address that was reserved, whose password has this number.
    ///
    /// # Errors
    /// [`Error::Kept`] where no address was.
    pub fn draw(reserved: &Fields, rotation: u32) -> Result<Self, Error> {
        let address = reserved.get(ADDRESS).and_then(|bytes| String::from_utf8(bytes.expose().clone()).ok());
        Ok(Self {
            address: address.ok_or(Error::Kept(ADDRESS))?,
            password: draw_password(),
            next: None,
            rotation,
            user_key: Key::random(),
            pair: PrivateKey::generate(),
            device: Uuid::new_v4(),
            user: None,
            api_key: None,
            refresh: None,
        })
    }

    /// The same one, of which nothing is known that a server gave it: it is looked for there, and made if it is not there.
    #[must_use = "it replaces the account"]
    pub fn unregistered(self) -> Self {
        Self { user: None, api_key: None, refresh: None, ..self }
    }

    /// What is kept of it. What is not in here is to be forgotten.
    pub fn to_fields(&self) -> Fields {
        let text = |text: &str| Redacted::new(text.as_bytes().to_vec());
        let encoded = |bytes: &Redacted<Vec<u8>>| Redacted::new(STANDARD.encode(bytes.expose()).into_bytes());
        let mut fields = vec![
            (ADDRESS, text(&self.address)),
            (PASSWORD, text(self.password.expose())),
            (ROTATION, text(&self.rotation.to_string())),
            (USER_KEY, encoded(&self.user_key.to_bytes())),
            (PRIVATE_KEY, encoded(&self.pair.to_pkcs8())),
            (DEVICE, text(&self.device.to_string())),
        ];
        fields.extend(self.user.map(|user| (USER, text(&user.to_string()))));
        let secrets = [(NEXT_PASSWORD, &self.next), (API_KEY, &self.api_key), (REFRESH_TOKEN, &self.refresh)];
        fields.extend(
            secrets.into_iter().filter_map(|(name, value)| Some((name, text(value.as_ref()?.expose())))),
        );
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Reads it back; `None`: there is none, or no more of it than its address.
    ///
    /// # Errors
    /// [`Error::Kept`] where a part is missing: never taken for an account that was not drawn.
    pub fn from_fields(fields: &Fields) -> Result<Option<Self>, Error> {
        if fields.keys().all(|name| name == ADDRESS) {
            return Ok(None);
        }
        let find = |name| {
            let bytes: Option<&Redacted<Vec<u8>>> = fields.get(name);
            bytes.and_then(|bytes| String::from_utf8(bytes.expose().clone()).ok()).map(Redacted::new)
        };
        let text = |name| find(name).ok_or(Error::Kept(name));
        let decoded = |name| {
            let text = text(name)?;
            STANDARD.decode(text.expose()).map(Redacted::new).map_err(|_| Error::Kept(name))
        };
        let user = find(USER).map(|user| user.expose().parse().map_err(|_| Error::Kept(USER)));
        Ok(Some(Self {
            address: text(ADDRESS)?.expose().clone(),
            password: text(PASSWORD)?,
            next: find(NEXT_PASSWORD),
            rotation: text(ROTATION)?.expose().parse().map_err(|_| Error::Kept(ROTATION))?,
            user_key: Key::from_bytes(decoded(USER_KEY)?.expose()).map_err(|_| Error::Kept(USER_KEY))?,
            pair: PrivateKey::from_pkcs8(decoded(PRIVATE_KEY)?.expose())
                .map_err(|_| Error::Kept(PRIVATE_KEY))?,
            device: text(DEVICE)?.expose().parse().map_err(|_| Error::Kept(DEVICE))?,
            user: user.transpose()?,
            api_key: find(API_KEY),
            refresh: find(REFRESH_TOKEN),
        }))
    }
}

/// Whether this is the password that a rotation goes to, as it is kept.
pub(super) fn is_next(fields: &Fields, next: &Redacted<String>) -> bool {
    fields.get(NEXT_PASSWORD).is_some_and(|kept| kept.expose() == next.expose().as_bytes())
}

/// Whether they say the same.
pub(super) fn are_equal(one: &Fields, other: &Fields) -> bool {
    let is_same = |name, value: &Redacted<Vec<u8>>| {
        let of_other: Option<&Redacted<Vec<u8>>> = other.get(name);
        of_other.is_some_and(|of_other| of_other.expose() == value.expose())
    };
    one.len() == other.len() && one.iter().all(|(name, value)| is_same(name, value))
}

/// 32 random bytes: nobody has to remember it.
pub(super) fn draw_password() -> Redacted<String> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).expect("the operating system has randomness");
    URL_SAFE_NO_PAD.encode(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back_whole_or_refused() {
        let reserved = Account::reserve("vault.acme.example", None);
        assert!(
            Account::from_fields(&reserved).is_ok_and(|none| none.is_none()),
            "nothing was drawn for it yet"
        );
        let mut account = Account::draw(&reserved, 1).expect("an address");
        account.user = Some(UserId(Uuid::from_u128(7)));
        account.refresh = Some("token".to_owned().into());
        let fields = account.to_fields();
        let read = Account::from_fields(&fields).ok().flatten().expect("it is whole");
        assert_eq!(read.address, account.address);
        assert_eq!(read.user_key.to_bytes().expose(), account.user_key.to_bytes().expose());
        assert_eq!(read.pair.to_pkcs8().expose(), account.pair.to_pkcs8().expose());
        assert_eq!((read.user, read.device, read.rotation), (account.user, account.device, 1));
        assert_eq!(read.refresh.expect("kept").expose(), "token");
        assert!(read.api_key.is_none() && read.next.is_none());
        assert!(Account::from_fields(&Fields::new()).is_ok_and(|none| none.is_none()));
        for name in [ADDRESS, PASSWORD, ROTATION, USER_KEY, PRIVATE_KEY, DEVICE] {
            let mut partly = account.to_fields();
            partly.remove(name);
            assert!(matches!(Account::from_fields(&partly), Err(Error::Kept(missing)) if missing == name));
        }
        assert!(fields.keys().all(|name| name.starts_with("account-")), "the Secret tells them by that");
    }

    #[test]
    fn its_address_cannot_be_guessed_and_its_mails_go_where_the_operator_reads_them() {
        let address = |mailbox| {
            let reserved = Account::reserve("vault.acme.example", mailbox);
            Account::draw(&reserved, 1).expect("an address").address
        };
        assert!(address(None).starts_with("keyforge-") && address(None).ends_with("@vault.acme.example"));
        let with_mail = address(Some("Vault@Acme.example"));
        assert!(
            with_mail.starts_with("vault+keyforge-") && with_mail.ends_with("@acme.example"),
            "{with_mail}"
        );
        assert_ne!(address(None), address(None));
    }
}
