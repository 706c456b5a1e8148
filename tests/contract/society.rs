//! An organization with its owner, and what one does in it.

use serde_json::{Value, json};

use crate::caller::Answer;
use crate::people::{Person, text};
use crate::support::standin::Server;

pub(crate) struct Society<'a> {
    pub(crate) owner: Person<'a>,
    pub(crate) id: String,
}

impl<'a> Society<'a> {
    /// Of a new owner.
    pub(crate) async fn new(server: &'a Server) -> Self {
        let owner = Person::new(server, "owner@acme.example").await;
        let id = create(&owner, "Chess Society").await;
        Self { owner, id }
    }

    pub(crate) fn path(&self, below: &str) -> String {
        format!("/api/organizations/{}{below}", self.id)
    }

    /// As plain members, without collections.
    pub(crate) async fn invite(&self, emails: &[&str]) -> Answer {
        self.invite_as(emails, json!({"type": 2})).await
    }

    pub(crate) async fn invite_as(&self, emails: &[&str], with: Value) -> Answer {
        let mut invite =
            json!({"emails": emails, "type": 2, "groups": [], "collections": [], "permissions": {}});
        let Value::Object(with) = with else { panic!("fields") };
        invite.as_object_mut().expect("an object").extend(with);
        self.owner.post(&self.path("/users/invite"), invite).await
    }

    pub(crate) async fn members(&self) -> Vec<Value> {
        self.owner.get(&self.path("/users?includeCollections=true&includeGroups=true")).await.list()
    }

    pub(crate) async fn member(&self, email: &str) -> Value {
        let members = self.members().await;
        members.into_iter().find(|member| member["email"] == email).expect("a member of this address")
    }

    pub(crate) async fn member_id(&self, email: &str) -> String {
        text(&self.member(email).await["id"])
    }

    pub(crate) async fn confirm(&self, email: &str) -> Answer {
        let id = self.member_id(email).await;
        self.owner
            .post(&self.path(&format!("/users/{id}/confirm")), json!({"key": format!("4.key for {email}")}))
            .await
    }

    /// Somebody with an account, invited with these fields and confirmed.
    pub(crate) async fn join(&self, email: &str, with: Value) -> Person<'a> {
        let person = Person::new(self.owner.server, email).await;
        self.invite_as(&[email], with).await.done();
        self.confirm(email).await.done();
        person
    }

    /// The id of a new collection.
    pub(crate) async fn collection(&self, name: &str) -> String {
        let new = json!({"name": name, "groups": [], "users": [], "externalId": format!("keyforge:{name}")});
        text(&self.owner.post(&self.path("/collections"), new).await.ok()["id"])
    }

    /// A new item in these collections, as it is answered.
    pub(crate) async fn item(&self, name: &str, collections: &[&str]) -> Value {
        let new = json!({"cipher": self.login(name), "collectionIds": collections});
        self.owner.post("/api/ciphers/create", new).await.ok()
    }

    /// The body of a login item.
    pub(crate) fn login(&self, name: &str) -> Value {
        json!({
            "type": 1, "organizationId": self.id, "name": name, "notes": "2.notes", "favorite": false,
            "reprompt": 0,
            "login": {
                "username": "2.user", "password": "2.password", "totp": null, "passwordRevisionDate": null,
                "uris": [{"uri": "2.uri", "match": null, "uriChecksum": "2.sum"}],
            },
            "fields": [{"type": 1, "name": "2.field", "value": "2.value"}],
        })
    }

    pub(crate) async fn items(&self) -> Vec<Value> {
        let path = format!("/api/ciphers/organization-details?organizationId={}", self.id);
        self.owner.get(&path).await.list()
    }
}

/// The id of a new organization.
pub(crate) async fn create(owner: &Person<'_>, name: &str) -> String {
    text(&owner.post("/api/organizations", new(&owner.email, name)).await.ok()["id"])
}

pub(crate) fn new(email: &str, name: &str) -> Value {
    json!({
        "name": name, "billingEmail": email, "planType": 0, "collectionName": "2.first|collection",
        "key": "4.key for its owner",
        "keys": {"publicKey": "public key of it", "encryptedPrivateKey": "2.private key of it"},
    })
}

/// What a member may do in a collection.
pub(crate) fn access(id: &str, read_only: bool, hide_passwords: bool) -> Value {
    json!({"id": id, "readOnly": read_only, "hidePasswords": hide_passwords, "manage": false})
}
