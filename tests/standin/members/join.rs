//! The way into an organization: invited, accepted, confirmed.
//!
//! Without mail an invitation is accepted by registering, or at once by who has an account. With mail the person takes
//! the token of the mail to the server. Confirming needs somebody who holds the organization's key.

use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{Granted, Ids, Membership, Role, Stage, Wanted, each, find};
use crate::accounts::{Invitation, User};
use crate::answer::{Answer, Refusal, list, nothing, refuse};
use crate::jwt::VOID;
use crate::mail::Mail;
use crate::request::Request;
use crate::server::{Member, Server};
use crate::state::State;

/// `POST …/users/invite`: stops at the first address that it refuses; the earlier ones are invited.
pub(crate) fn invite(server: &Server, request: &Request, organization: &str) -> Answer {
    #[derive(Deserialize)]
    struct Invite {
        emails: Vec<String>,
        #[serde(rename = "groups")]
        _groups: Vec<Uuid>,
        #[serde(flatten)]
        wanted: Wanted,
    }
    let mut member = server.at_least(Role::Admin, request, organization)?;
    let Invite { emails, wanted, .. } = request.json()?;
    if !member.has_all(wanted.collections.iter().flatten()) {
        return refuse("Invalid collection");
    }
    let (role, access_all, collections) = wanted.parse()?;
    if role != Role::User && member.membership.role != Role::Owner {
        return refuse("Only Owners can invite Managers, Admins or Owners");
    }
    for email in emails {
        let membership = member.invited(server, &email)?;
        let user = membership.user;
        member.state.put_membership(Membership { role, access_all, ..membership });
        for granted in collections.iter().filter(|_| !access_all) {
            member.state.grant(user, granted.id, granted.access);
        }
    }
    nothing()
}

impl Member<'_> {
    /// Whether all these collections are the organization's.
    pub(super) fn has_all<'a>(&self, collections: impl Iterator<Item = &'a Granted>) -> bool {
        let known = |granted: &Granted| self.state.collection_in(self.organization(), granted.id).is_some();
        let mut collections = collections;
        collections.all(known)
    }

    fn invited(&mut self, server: &Server, email: &str) -> Result<Membership, Refusal> {
        let mail = server.mail();
        let invitation = || Invitation { email: email.to_lowercase() };
        let (user, is_new) = match self.state.user_by_mail(email).cloned() {
            Some(user) => (user, false),
            None if !server.config().flag("invitations_allowed") => {
                return refuse(format!("User does not exist: {email}"));
            }
            None if !server.config().is_domain_allowed(email) => {
                return refuse("Email domain not eligible for invitations");
            }
            None => (User::stub(email)?, true),
        };
        if self.state.membership_of(user.id, self.organization()).is_some() {
            return refuse(format!("User already in organization: {email}"));
        }
        let mut membership = Membership::new(user.id, self.organization());
        membership.invited_by = Some(self.user.email.clone());
        if mail.is_some() || user.password.is_none() {
            membership.stage = Stage::Invited;
        }
        if mail.is_none() && user.password.is_none() {
            self.state.put(invitation());
        }
        if is_new {
            self.state.put(user.clone());
        }
        if let Some(mail) = mail
            && let Err(why) = self.state.send_invitation(server, &mail, &user, &membership)
        {
            if is_new {
                self.state.remove::<User>(user.id);
            }
            return refuse(format!("Error sending invite: {why} "));
        }
        Ok(membership)
    }
}

impl State {
    fn send_invitation(
        &self,
        server: &Server,
        mail: &Mail,
        user: &User,
        membership: &Membership,
    ) -> std::io::Result<()> {
        let name = &self.organizations[&membership.organization.to_string()].name;
        let (organization, id) = (membership.organization, membership.id);
        send_invitation(server, mail, user, organization, id, name, membership.invited_by.as_deref())
    }
}

/// The mail of an invitation, which is that of the admin page where both ids are zero.
pub(crate) fn send_invitation(
    server: &Server,
    mail: &Mail,
    user: &User,
    organization: Uuid,
    membership: Uuid,
    name: &str,
    by: Option<&str>,
) -> std::io::Result<()> {
    let hours = server.config().number("invitation_expiration_hours");
    let lifetime = TimeDelta::hours(i64::try_from(hours).unwrap_or(i64::MAX));
    let claims = json!({
        "sub": user.id,
        "email": user.email,
        "org_id": organization,
        "member_id": membership,
        "invited_by_email": by,
    });
    let token = server.signer.sign("invite", lifetime, claims);
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("email", &user.email)
        .append_pair("organizationName", name)
        .append_pair("organizationId", &organization.to_string())
        .append_pair("organizationUserId", &membership.to_string())
        .append_pair("token", &token)
        .append_pair("initOrganization", "false")
        .append_pair("orgUserHasExistingUser", &user.private_key.is_some().to_string())
        .finish();
    let domain = server.config().text("domain");
    let text = format!("You are invited to {name}.\n\nJoin: {domain}/#/accept-organization/?{query}\n");
    mail.send(&user.email, &format!("Join {name}"), &text)
}

/// `POST …/users/{member}/reinvite`.
pub(crate) fn reinvite(server: &Server, request: &Request, organization: &str, id: &str) -> Answer {
    let mut member = server.at_least(Role::Admin, request, organization)?;
    member.reinvite(server, id)?;
    nothing()
}

/// `POST …/users/reinvite`.
pub(crate) fn reinvite_all(server: &Server, request: &Request, organization: &str) -> Answer {
    let mut member = server.at_least(Role::Admin, request, organization)?;
    let Ids { ids } = request.json()?;
    each(ids, String::clone, |id| member.reinvite(server, &id))
}

impl Member<'_> {
    fn reinvite(&mut self, server: &Server, id: &str) -> Result<(), Refusal> {
        let mut membership = find(self, id, "The user hasn't been invited to the organization.")?;
        if membership.revoked || membership.stage != Stage::Invited {
            return refuse("The user is already accepted or confirmed to the organization");
        }
        let user = self.state.users[&membership.user.to_string()].clone();
        if !server.config().flag("invitations_allowed") && user.password.is_none() {
            return refuse("Invitations are not allowed.");
        }
        match server.mail() {
            Some(mail) => {
                membership.invited_by = Some(self.user.email.clone());
                let sent = self.state.send_invitation(server, &mail, &user, &membership);
                sent.or_else(|why| refuse(format!("SMTP error: {why}")))
            }
            None if user.password.is_none() => {
                self.state.put(Invitation { email: user.email });
                Ok(())
            }
            None => {
                self.state.remove::<Invitation>(&user.email);
                self.state.put_membership(Membership { stage: Stage::Accepted, ..membership });
                Ok(())
            }
        }
    }
}

/// `POST …/users/{member}/accept`, by the person, with the token of the mail.
pub(crate) fn accept(server: &Server, request: &Request, organization: &str, id: &str) -> Answer {
    #[derive(Deserialize)]
    struct Accept {
        token: String,
    }
    let mut session = server.session(request)?;
    let Accept { token } = request.json()?;
    let Some(claims) = server.signer.verify("invite", &token) else { return refuse(VOID) };
    if claims["email"] != session.user.email {
        return refuse("Invitation was issued to a different account");
    }
    if claims["org_id"] != organization || claims["member_id"] != id {
        return refuse("Error accepting the invitation");
    }
    session.state.remove::<Invitation>(&session.user.email);
    if id == Uuid::nil().to_string() {
        return nothing();
    }
    let Some(membership) = session.state.memberships.get(id).cloned() else {
        return refuse("Error accepting the invitation");
    };
    if membership.revoked || membership.stage != Stage::Invited {
        return refuse("User already accepted the invitation");
    }
    let membership = Membership { stage: Stage::Accepted, ..membership };
    session.state.check_policies(&membership, "join")?;
    let inviter = membership.invited_by.clone();
    let name = session.state.organizations[organization].name.clone();
    session.state.put_membership(membership);
    if let (Some(mail), Some(inviter)) = (server.mail(), inviter) {
        let text = format!("{} wants to be confirmed.", session.user.email);
        let sent = mail.send(&inviter, &format!("Invitation to {name} accepted"), &text);
        sent.or_else(|why| refuse(format!("SMTP error: {why}")))?;
    }
    nothing()
}

#[derive(Deserialize)]
struct Confirmation {
    id: Option<String>,
    key: Option<String>,
}

/// `POST …/users/{member}/confirm`.
pub(crate) fn confirm(server: &Server, request: &Request, organization: &str, id: &str) -> Answer {
    let mut member = server.at_least(Role::Admin, request, organization)?;
    let data: Confirmation = request.json()?;
    member.confirm(server, id, data.key.unwrap_or_default())?;
    nothing()
}

/// `POST …/users/confirm`.
pub(crate) fn confirm_all(server: &Server, request: &Request, organization: &str) -> Answer {
    #[derive(Deserialize)]
    struct All {
        keys: Option<Vec<Confirmation>>,
    }
    let mut member = server.at_least(Role::Admin, request, organization)?;
    let keys = request.json::<All>()?.keys.unwrap_or_default();
    let id = |one: &Confirmation| one.id.clone().expect("who is confirmed has an id");
    each(keys, id, |one| member.confirm(server, &id(&one), one.key.unwrap_or_default()))
}

impl Member<'_> {
    fn confirm(&mut self, server: &Server, id: &str, key: String) -> Result<(), Refusal> {
        if key.is_empty() {
            return refuse("Key or UserId is not set, unable to process request");
        }
        let membership = find(self, id, "The specified user isn't a member of the organization")?;
        if membership.role != Role::User && self.membership.role != Role::Owner {
            return refuse("Only Owners can confirm Managers, Admins or Owners");
        }
        if membership.revoked || membership.stage != Stage::Accepted {
            return refuse("User in invalid state");
        }
        let membership = Membership { stage: Stage::Confirmed, key, ..membership };
        self.state.check_policies(&membership, "confirm")?;
        if let Some(mail) = server.mail() {
            let name = &self.state.organizations[&membership.organization.to_string()].name;
            let email = &self.state.users[&membership.user.to_string()].email;
            let sent = mail.send(email, &format!("Invitation to {name} confirmed"), "You are in.");
            sent.or_else(|why| refuse(format!("SMTP error: {why}")))?;
        }
        self.state.put_membership(membership);
        Ok(())
    }
}

/// `POST …/users/public-keys`: of those that are members.
pub(crate) fn public_keys(server: &Server, request: &Request, organization: &str) -> Answer {
    let member = server.at_least(Role::Admin, request, organization)?;
    let Ids { ids } = request.json()?;
    let known = ids.iter().filter_map(|id| find(&member, id, "").ok());
    list(
        known
            .map(|one| {
                json!({
                    "id": one.id,
                    "userId": one.user,
                    "key": member.state.users[&one.user.to_string()].public_key,
                    "object": "organizationUserPublicKeyResponseModel",
                })
            })
            .collect(),
    )
}
