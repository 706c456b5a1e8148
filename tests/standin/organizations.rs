//! Organizations, which Keyforge calls societies, and their policies.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::accounts::{Keys, check_email, check_password};
use crate::answer::{Answer, Refusal, json, list, nothing, refuse};
use crate::ciphers::Cipher;
use crate::collections::Collection;
use crate::members::{Membership, Role, Stage};
use crate::request::Request;
use crate::server::Server;
use crate::state::{Row, State, Table, Tables};

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Organization {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    billing_email: String,
    public_key: Option<String>,
    private_key: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Policy {
    id: Uuid,
    organization: Uuid,
    kind: i32,
    enabled: bool,
    data: Value,
}

impl Row for Organization {
    const TABLE: &'static str = "organization";

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn table(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.organizations
    }
}

impl Row for Policy {
    const TABLE: &'static str = "policy";

    fn key(&self) -> String {
        format!("{} {}", self.organization, self.kind)
    }

    fn table(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.policies
    }
}

impl Organization {
    fn shown(&self, has_mail: bool) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "businessName": self.name,
            "billingEmail": self.billing_email,
            "hasPublicAndPrivateKeys": self.public_key.is_some() && self.private_key.is_some(),
            "planType": 6,
            "seats": null,
            "maxCollections": null,
            "maxStorageGb": 32767,
            "use2fa": true,
            "useApi": true,
            "useCustomPermissions": true,
            "useDirectory": false,
            "useEvents": false,
            "useGroups": false,
            "usePolicies": true,
            "useResetPassword": has_mail,
            "useSso": false,
            "useTotp": true,
            "selfHost": true,
            "usersGetPremium": true,
            "allowAdminAccessToAllCollectionItems": true,
            "limitCollectionCreation": true,
            "limitCollectionDeletion": true,
            "limitItemDeletion": false,
            "object": "organization",
        })
    }
}

/// A person's organization, with its key wrapped for them.
pub(crate) fn of_member(state: &State, membership: &Membership, has_mail: bool) -> Value {
    let organization = &state.organizations[&membership.organization.to_string()];
    let mut shown = organization.shown(has_mail);
    let manages_all = membership.role == Role::Manager && membership.access_all;
    let own = json!({
        "object": "profileOrganization",
        "organizationUserId": membership.id,
        "userId": membership.user,
        "key": membership.key,
        "status": membership.status(),
        "type": membership.role.shown(),
        "enabled": true,
        "permissions": {
            "accessEventLogs": false, "accessImportExport": false, "accessReports": false,
            "createNewCollections": manages_all, "editAnyCollection": manages_all,
            "deleteAnyCollection": manages_all, "manageGroups": false, "managePolicies": false,
            "manageSso": false, "manageUsers": false, "manageResetPassword": false, "manageScim": false,
        },
        "limitCollectionCreation": membership.role < Role::Manager || !membership.access_all,
        "identifier": null,
        "seats": 20,
        "resetPasswordEnrolled": false,
        "ssoBound": false,
        "providerId": null,
        "providerName": null,
        "providerType": null,
        "productTierType": 3,
        "keyConnectorEnabled": false,
        "keyConnectorUrl": null,
        "usePasswordManager": true,
        "useSecretsManager": false,
        "accessSecretsManager": false,
        "familySponsorshipAvailable": false,
        "familySponsorshipFriendlyName": null,
        "userIsClaimedByOrganization": false,
        "userIsManagedByOrganization": false,
    });
    let Value::Object(own) = own else { unreachable!("it is an object") };
    shown.as_object_mut().expect("it is an object").extend(own);
    shown
}

/// `POST /api/organizations`: with its first collection, whose id is not told.
pub(crate) fn create(server: &Server, request: &Request) -> Answer {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct New {
        name: String,
        billing_email: String,
        collection_name: String,
        key: String,
        keys: Option<Keys>,
        #[serde(rename = "planType")]
        _plan_type: NumberOrText,
    }
    let mut session = server.session(request)?;
    let new: New = request.json()?;
    if !server.config().may_create_organizations(&session.user.email) {
        return refuse("User not allowed to create organizations");
    }
    check_email(&new.billing_email, "BillingEmail")?;
    let (public_key, private_key) =
        new.keys.map(|keys| (keys.public_key, keys.encrypted_private_key)).unzip();
    let billing_email = new.billing_email.to_lowercase();
    let organization =
        Organization { id: Uuid::new_v4(), name: new.name, billing_email, public_key, private_key };
    let shown = organization.shown(server.mail().is_some());
    let membership = Membership {
        role: Role::Owner,
        access_all: true,
        stage: Stage::Confirmed,
        key: new.key,
        ..Membership::new(session.user.id, organization.id)
    };
    let collection = Collection::new(organization.id, new.collection_name, None);
    session.state.put(organization);
    session.state.put_membership(membership);
    session.state.put_collection(collection);
    json(&shown)
}

/// A field that comes in both types.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum NumberOrText {
    Number(i64),
    Text(String),
}

impl NumberOrText {
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }
}

/// `GET /api/organizations/{organization}`.
pub(crate) fn get(server: &Server, request: &Request, id: &str) -> Answer {
    let member = server.at_least(Role::Owner, request, id)?;
    json(&member.state.organizations[id].shown(server.mail().is_some()))
}

/// `PUT /api/organizations/{organization}`.
pub(crate) fn change(server: &Server, request: &Request, id: &str) -> Answer {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Change {
        name: String,
        billing_email: String,
    }
    let mut member = server.at_least(Role::Owner, request, id)?;
    let change: Change = request.json()?;
    check_email(&change.billing_email, "BillingEmail")?;
    let mut organization = member.state.organizations[id].clone();
    organization.name = change.name;
    organization.billing_email = change.billing_email.to_lowercase();
    let shown = organization.shown(server.mail().is_some());
    member.state.put(organization);
    for user in member.state.users_of(member.membership.organization) {
        member.state.touch(user);
    }
    json(&shown)
}

/// `DELETE /api/organizations/{organization}`, with the password.
pub(crate) fn delete(server: &Server, request: &Request, id: &str) -> Answer {
    let mut member = server.at_least(Role::Owner, request, id)?;
    check_password(&member.user, request)?;
    let organization = member.organization();
    member.state.remove_organization(organization);
    nothing()
}

/// `GET /api/organizations/{organization}/public-key`.
pub(crate) fn public_key(server: &Server, request: &Request, id: &str) -> Answer {
    let member = server.member(request, id)?;
    let key = &member.state.organizations[id].public_key;
    json(&json!({"publicKey": key, "object": "organizationPublicKey"}))
}

/// `POST /api/organizations/{organization}/keys`: once.
pub(crate) fn post_keys(server: &Server, request: &Request, id: &str) -> Answer {
    let mut member = server.at_least(Role::Admin, request, id)?;
    let keys: Keys = request.json()?;
    let mut organization = member.state.organizations[id].clone();
    if organization.public_key.is_some() && organization.private_key.is_some() {
        return refuse("Organization Keys already exist");
    }
    let shown = json!({
        "publicKey": keys.public_key,
        "privateKey": keys.encrypted_private_key,
        "object": "organizationKeys",
    });
    organization.public_key = Some(keys.public_key);
    organization.private_key = Some(keys.encrypted_private_key);
    member.state.put(organization);
    json(&shown)
}

impl State {
    /// An organization with all that is in it.
    pub(crate) fn remove_organization(&mut self, id: Uuid) {
        let users = self.users_of(id);
        self.remove_all::<Cipher>(|cipher| cipher.organization == Some(id));
        self.remove_all::<Collection>(|collection| collection.organization == id);
        self.remove_all::<Membership>(|membership| membership.organization == id);
        self.remove_all::<Policy>(|policy| policy.organization == id);
        self.remove::<Organization>(id);
        for user in users {
            self.touch(user);
        }
    }

    fn has_policy(&self, organization: Uuid, kind: i32) -> bool {
        self.policies.get(&format!("{organization} {kind}")).is_some_and(|policy| policy.enabled)
    }

    /// Whether policies let a member of this state be in its organization. Owners and admins are free of them.
    pub(crate) fn check_policies(&self, membership: &Membership, what: &str) -> Result<(), Refusal> {
        if membership.role >= Role::Admin || membership.revoked || membership.stage == Stage::Invited {
            return Ok(());
        }
        let id = membership.id;
        // Nobody here has a second factor.
        if self.has_policy(membership.organization, TWO_FACTOR) {
            return refuse(format!("Cannot {what} because 2FA is required (membership {id})"));
        }
        let mut others = self.memberships.values().filter(|other| {
            let joined = !other.revoked && other.stage != Stage::Invited;
            other.user == membership.user && other.organization != membership.organization && joined
        });
        if others
            .clone()
            .any(|other| other.role < Role::Admin && self.has_policy(other.organization, SINGLE_ORGANIZATION))
        {
            let why = "another organization policy forbids it";
            return refuse(format!("Cannot {what} because {why} (membership {id})"));
        }
        if self.has_policy(membership.organization, SINGLE_ORGANIZATION) && others.next().is_some() {
            let why = "the organization policy forbids being part of other organization";
            return refuse(format!("Cannot {what} because {why} (membership {id})"));
        }
        Ok(())
    }
}

const TWO_FACTOR: i32 = 0;
const SINGLE_ORGANIZATION: i32 = 3;
/// The kinds that the real server knows.
const POLICIES: &[i32] = &[0, 1, 2, 3, 5, 6, 7, 8, 14, 15, 16];

impl Policy {
    pub(crate) fn is_of(&self, organization: Uuid) -> bool {
        self.organization == organization
    }

    pub(crate) fn shown(&self) -> Value {
        json!({
            "id": self.id,
            "organizationId": self.organization,
            "type": self.kind,
            "enabled": self.enabled,
            "data": self.data,
            "revisionDate": null,
            "object": "policy",
        })
    }
}

/// `GET /api/organizations/{organization}/policies`.
pub(crate) fn policies(server: &Server, request: &Request, id: &str) -> Answer {
    let member = server.at_least(Role::Admin, request, id)?;
    let own = member.state.policies.values().filter(|policy| policy.organization == member.organization());
    list(own.map(Policy::shown).collect())
}

/// `PUT /api/organizations/{organization}/policies/{kind}`.
pub(crate) fn put_policy(server: &Server, request: &Request, id: &str, kind: &str) -> Answer {
    #[derive(Deserialize)]
    struct Put {
        policy: Wanted,
    }
    #[derive(Deserialize)]
    struct Wanted {
        enabled: bool,
        #[serde(default)]
        data: Value,
    }
    let mut member = server.at_least(Role::Admin, request, id)?;
    let Put { policy: Wanted { enabled, data } } = request.json()?;
    let organization = member.organization();
    let Some(kind) = kind.parse().ok().filter(|kind| POLICIES.contains(kind)) else {
        return refuse("Invalid or unsupported policy type");
    };
    let former = member.state.policies.get(&format!("{organization} {kind}")).map(|policy| policy.id);
    let policy = Policy { id: former.unwrap_or_else(Uuid::new_v4), organization, kind, enabled, data };
    let shown = policy.shown();
    member.state.put(policy);
    // Who does not meet a new policy is out.
    for mut one in member.state.memberships_of(organization) {
        let is_meant = match kind {
            TWO_FACTOR => one.is_confirmed(),
            SINGLE_ORGANIZATION => true,
            _ => false,
        };
        if enabled && is_meant && member.state.check_policies(&one, "stay").is_err() {
            one.revoked = true;
            member.state.put_membership(one);
        }
    }
    json(&shown)
}
