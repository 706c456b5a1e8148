//! What becomes of a member afterwards: another role, revoked, restored, gone. The last owner stays.

use super::{Ids, Membership, Role, Stage, Wanted, each, find};
use crate::accounts::Invitation;
use crate::answer::{Answer, Refusal, nothing, refuse};
use crate::request::Request;
use crate::server::{Member, Server};

/// `PUT …/users/{member}`: replaces the role and the collections.
pub(crate) fn put(server: &Server, request: &Request, organization: &str, id: &str) -> Answer {
    let mut member = server.at_least(Role::Admin, request, organization)?;
    let (role, access_all, collections) = request.json::<Wanted>()?.parse()?;
    let former = find(&member, id, "The specified user isn't member of the organization")?;
    let is_owner = member.membership.role == Role::Owner;
    if role != former.role && (role >= Role::Admin || former.role >= Role::Admin) && !is_owner {
        return refuse("Only Owners can grant and remove Admin or Owner privileges");
    }
    if former.role == Role::Owner && !is_owner {
        return refuse("Only Owners can edit Owner users");
    }
    if former.role == Role::Owner && role != Role::Owner && former.is_confirmed() {
        member.leave_an_owner("Can't delete the last owner")?;
    }
    let (user, organization) = (former.user, former.organization);
    let membership = Membership { role, access_all, ..former };
    member.state.check_policies(&membership, "modify")?;
    member.state.forget_access(user, organization);
    for granted in collections.iter().filter(|_| !access_all) {
        // The ones before it are granted, and the role is not changed.
        if !member.has_all([granted].into_iter()) {
            return refuse("Collection not found in Organization");
        }
        member.state.grant(user, granted.id, granted.access);
    }
    member.state.put_membership(membership);
    nothing()
}

/// `PUT …/users/{member}/revoke`.
pub(crate) fn revoke(server: &Server, request: &Request, organization: &str, id: &str) -> Answer {
    server.at_least(Role::Admin, request, organization)?.revoke(id)?;
    nothing()
}

/// `PUT …/users/revoke`.
pub(crate) fn revoke_all(server: &Server, request: &Request, organization: &str) -> Answer {
    let mut member = server.at_least(Role::Admin, request, organization)?;
    let Ids { ids } = request.json()?;
    each(ids, String::clone, |id| member.revoke(&id))
}

/// `PUT …/users/{member}/restore`.
pub(crate) fn restore(server: &Server, request: &Request, organization: &str, id: &str) -> Answer {
    server.at_least(Role::Admin, request, organization)?.restore(id)?;
    nothing()
}

/// `PUT …/users/restore`.
pub(crate) fn restore_all(server: &Server, request: &Request, organization: &str) -> Answer {
    let mut member = server.at_least(Role::Admin, request, organization)?;
    let Ids { ids } = request.json()?;
    each(ids, String::clone, |id| member.restore(&id))
}

/// `DELETE …/users/{member}`.
pub(crate) fn delete(server: &Server, request: &Request, organization: &str, id: &str) -> Answer {
    server.at_least(Role::Admin, request, organization)?.remove(server, id)?;
    nothing()
}

/// `DELETE …/users`.
pub(crate) fn delete_all(server: &Server, request: &Request, organization: &str) -> Answer {
    let mut member = server.at_least(Role::Admin, request, organization)?;
    let Ids { ids } = request.json()?;
    each(ids, String::clone, |id| member.remove(server, &id))
}

impl Member<'_> {
    fn revoke(&mut self, id: &str) -> Result<(), Refusal> {
        let membership = find(self, id, "User not found in organization")?;
        if membership.revoked {
            return refuse("User is already revoked");
        }
        if membership.user == self.user.id {
            return refuse("You cannot revoke yourself");
        }
        if membership.role == Role::Owner {
            if self.membership.role != Role::Owner {
                return refuse("Only owners can revoke other owners");
            }
            self.leave_an_owner("Organization must have at least one confirmed owner")?;
        }
        self.state.put_membership(Membership { revoked: true, ..membership });
        Ok(())
    }

    fn restore(&mut self, id: &str) -> Result<(), Refusal> {
        let membership = find(self, id, "User not found in organization")?;
        if !membership.revoked && membership.stage != Stage::Invited {
            return refuse("User is already active");
        }
        if membership.user == self.user.id {
            return refuse("You cannot restore yourself");
        }
        if membership.role == Role::Owner && self.membership.role != Role::Owner {
            return refuse("Only owners can restore other owners");
        }
        let membership = Membership { revoked: false, ..membership };
        self.state.check_policies(&membership, "restore")?;
        self.state.put_membership(membership);
        Ok(())
    }

    fn remove(&mut self, server: &Server, id: &str) -> Result<(), Refusal> {
        let membership = find(self, id, "User to delete isn't member of the organization")?;
        if membership.role != Role::User && self.membership.role != Role::Owner {
            return refuse("Only Owners can delete Admins or Owners");
        }
        if membership.role == Role::Owner && membership.is_confirmed() {
            self.leave_an_owner("Can't delete the last owner")?;
        }
        // The way in by registering is closed, unless another organization holds it open.
        let mut others = self.state.memberships.values().filter(|other| {
            other.user == membership.user && other.id != membership.id && other.stage == Stage::Invited
        });
        if server.mail().is_none() && !others.any(|other| !other.revoked) {
            let email = self.state.users[&membership.user.to_string()].email.clone();
            self.state.remove::<Invitation>(email);
        }
        self.state.remove_membership(&membership);
        Ok(())
    }

    fn leave_an_owner(&self, why: &str) -> Result<(), Refusal> {
        if self.state.owners(self.organization()) <= 1 { refuse(why) } else { Ok(()) }
    }
}
