//! Who is in an organization, in which state and with which role, and what is shown of it.

mod change;
mod join;

pub(crate) use change::{delete, delete_all, put, restore, restore_all, revoke, revoke_all};
pub(crate) use join::{
    accept, confirm, confirm_all, invite, public_keys, reinvite, reinvite_all, send_invitation,
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::accounts::User;
use crate::answer::{Answer, Refusal, json, list, refuse};
use crate::collections::{Access, Collection};
use crate::request::Request;
use crate::server::{Member, Server};
use crate::state::{Row, State, Table, Tables};

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Membership {
    pub(crate) id: Uuid,
    pub(crate) user: Uuid,
    pub(crate) organization: Uuid,
    pub(crate) role: Role,
    /// Sees every collection.
    pub(crate) access_all: bool,
    pub(crate) stage: Stage,
    /// Keeps its stage.
    pub(crate) revoked: bool,
    /// The organization's key, wrapped for the person. Empty until confirmed.
    pub(crate) key: String,
    pub(crate) invited_by: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Role {
    User,
    Manager,
    Admin,
    Owner,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    Invited,
    Accepted,
    Confirmed,
}

impl Row for Membership {
    const TABLE: &'static str = "membership";

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn table(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.memberships
    }
}

impl Role {
    /// A custom role is a manager.
    fn parse(text: &str) -> Result<Self, Refusal> {
        match text {
            "0" | "Owner" => Ok(Self::Owner),
            "1" | "Admin" => Ok(Self::Admin),
            "2" | "User" => Ok(Self::User),
            "3" | "Manager" | "4" | "Custom" => Ok(Self::Manager),
            _ => refuse("Invalid type"),
        }
    }

    /// A manager is shown as a custom role.
    pub(crate) fn shown(self) -> i32 {
        match self {
            Self::Owner => 0,
            Self::Admin => 1,
            Self::User => 2,
            Self::Manager => 4,
        }
    }
}

impl Membership {
    pub(crate) fn new(user: Uuid, organization: Uuid) -> Self {
        Self {
            id: Uuid::new_v4(),
            user,
            organization,
            role: Role::User,
            access_all: false,
            stage: Stage::Accepted,
            revoked: false,
            key: String::new(),
            invited_by: None,
        }
    }

    pub(crate) fn is_confirmed(&self) -> bool {
        self.stage == Stage::Confirmed && !self.revoked
    }

    pub(crate) fn sees_all(&self) -> bool {
        self.is_confirmed() && (self.access_all || self.role >= Role::Admin)
    }

    pub(crate) fn status(&self) -> i32 {
        match (self.revoked, self.stage) {
            (true, _) => -1,
            (_, Stage::Invited) => 0,
            (_, Stage::Accepted) => 1,
            (_, Stage::Confirmed) => 2,
        }
    }

    fn shown(&self, state: &State, with_collections: bool) -> Value {
        let user = &state.users[&self.user.to_string()];
        let may = |collection: &Collection| {
            let access = collection.access.get(&self.user)?;
            // Only who is confirmed has any collections shown.
            self.is_confirmed().then(|| access.shown(collection.id, self.role))
        };
        let collections: Vec<Value> = if with_collections && !self.access_all {
            state.collections_of(self.organization).filter_map(may).collect()
        } else {
            Vec::new()
        };
        let permissions = (self.role == Role::Manager && self.access_all).then(
            || json!({"createNewCollections": true, "editAnyCollection": true, "deleteAnyCollection": true}),
        );
        json!({
            "id": self.id,
            "userId": self.user,
            "name": (self.stage != Stage::Invited).then_some(&user.name),
            "email": user.email,
            "externalId": null,
            "avatarColor": null,
            "groups": [],
            "collections": collections,
            "status": self.status(),
            "type": self.role.shown(),
            "accessAll": self.access_all,
            "permissions": permissions,
            "twoFactorEnabled": false,
            "resetPasswordEnrolled": false,
            "hasMasterPassword": user.password.is_some(),
            "object": "organizationUserUserDetails",
        })
    }
}

impl State {
    pub(crate) fn membership_of(&self, user: Uuid, organization: Uuid) -> Option<&Membership> {
        let mut all = self.memberships.values();
        all.find(|membership| membership.user == user && membership.organization == organization)
    }

    pub(crate) fn memberships_of(&self, organization: Uuid) -> Vec<Membership> {
        self.memberships.values().filter(|one| one.organization == organization).cloned().collect()
    }

    pub(crate) fn users_of(&self, organization: Uuid) -> Vec<Uuid> {
        self.memberships_of(organization).iter().map(|membership| membership.user).collect()
    }

    pub(crate) fn put_membership(&mut self, membership: Membership) {
        let user = membership.user;
        self.put(membership);
        self.touch(user);
    }

    /// Without mail, who registers has accepted every invitation.
    pub(crate) fn accept_all(&mut self, user: Uuid) {
        let invited = |one: &&Membership| one.user == user && one.stage == Stage::Invited && !one.revoked;
        let invited: Vec<Membership> = self.memberships.values().filter(invited).cloned().collect();
        for membership in invited {
            self.put(Membership { stage: Stage::Accepted, ..membership });
        }
    }

    pub(crate) fn owners(&self, organization: Uuid) -> usize {
        let of_it = self.memberships.values().filter(|one| one.organization == organization);
        of_it.filter(|one| one.role == Role::Owner && one.is_confirmed()).count()
    }

    pub(crate) fn remove_membership(&mut self, membership: &Membership) {
        self.remove::<Membership>(membership.id);
        self.forget_access(membership.user, membership.organization);
        self.touch(membership.user);
    }

    /// A person with all that is theirs, unless an organization would be left without an owner.
    pub(crate) fn remove_user(&mut self, user: &User) -> Result<(), Refusal> {
        let own: Vec<Membership> =
            self.memberships.values().filter(|one| one.user == user.id).cloned().collect();
        let last = |one: &Membership| {
            one.is_confirmed() && one.role == Role::Owner && self.owners(one.organization) <= 1
        };
        if own.iter().any(last) {
            return refuse("Can't delete last owner");
        }
        for membership in own {
            self.remove_membership(&membership);
        }
        self.forget_devices(user.id);
        self.remove_all::<crate::ciphers::Cipher>(|cipher| cipher.user == Some(user.id));
        self.remove::<crate::accounts::Invitation>(&user.email);
        self.remove::<User>(user.id);
        Ok(())
    }
}

/// A role as it is asked for, with the collections that come with it.
#[derive(Deserialize)]
struct Wanted {
    r#type: crate::organizations::NumberOrText,
    collections: Option<Vec<Granted>>,
    #[serde(default)]
    permissions: Map<String, Value>,
}

/// A collection and what a member may do with what is in it.
#[derive(Clone, Copy, Deserialize)]
struct Granted {
    id: Uuid,
    #[serde(flatten)]
    access: Access,
}

impl Wanted {
    /// The role, whether it sees every collection, and which ones otherwise.
    fn parse(self) -> Result<(Role, bool, Vec<Granted>), Refusal> {
        let written = self.r#type.into_text();
        let role = Role::parse(&written)?;
        let custom = ["editAnyCollection", "deleteAnyCollection", "createNewCollections"]
            .iter()
            .all(|name| self.permissions.get(*name) == Some(&json!(true)));
        let access_all = role >= Role::Admin || (written == "4" && custom);
        Ok((role, access_all, self.collections.unwrap_or_default()))
    }
}

/// The member of a path, in the words of the call that looks for them.
fn find(member: &Member<'_>, id: &str, missing: &str) -> Result<Membership, Refusal> {
    let found = member.state.memberships.get(id).filter(|one| one.organization == member.organization());
    match found {
        Some(membership) => Ok(membership.clone()),
        None => refuse(missing),
    }
}

#[derive(Deserialize)]
struct Ids {
    ids: Vec<String>,
}

/// A call for many: always 200, and what became of each one.
fn each<T>(all: Vec<T>, id: impl Fn(&T) -> String, mut act: impl FnMut(T) -> Result<(), Refusal>) -> Answer {
    let done = all.into_iter().map(|one| {
        let id = id(&one);
        let error = match act(one) {
            Ok(()) => String::new(),
            Err(Refusal::Said(_, why)) => why,
            Err(other) => format!("{other:?}"),
        };
        json!({"id": id, "error": error, "object": "OrganizationBulkConfirmResponseModel"})
    });
    list(done.collect())
}

/// `GET /api/organizations/{organization}/users`.
pub(crate) fn get_all(server: &Server, request: &Request, organization: &str) -> Answer {
    let member = server.at_least(Role::Manager, request, organization)?;
    if !member.membership.sees_all() {
        return crate::collections::hidden();
    }
    let with_collections = request.query("includeCollections").as_deref() == Some("true");
    let all = member.state.memberships_of(member.organization());
    list(all.iter().map(|one| one.shown(&member.state, with_collections)).collect())
}

/// `GET /api/organizations/{organization}/users/{member}`.
pub(crate) fn get(server: &Server, request: &Request, organization: &str, id: &str) -> Answer {
    let member = server.at_least(Role::Admin, request, organization)?;
    let found = find(&member, id, "The specified user isn't a member of the organization")?;
    let asked = |name| request.query(name).as_deref() == Some("true");
    json(&found.shown(&member.state, asked("includeCollections") || asked("includeGroups")))
}
