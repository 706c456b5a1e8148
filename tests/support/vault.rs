//! A vault in memory for the planner's tests: what is in it, what people do in it, and what a plan makes of it. It knows
//! nothing of VaultWarden's protocol and decides nothing that the planner decides.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use keyforge::digest::Digest;
use keyforge::ids::{CollectionId, ItemId, MakingId, MembershipId, SocietyId, UserId};
use keyforge::plan::society::{
    Applied, Change, CollectionMarker, Contents, FingerprintKey, Granted, Input, Invitation, Ledger, Marker,
    MemberStatus, ObservedCollection, ObservedContent, ObservedItem, ObservedKey, ObservedMember,
    ObservedPolicies, ObservedSociety, ObservedVault, Opening, Origin, Place, Policy, Slot, SocietyLedger,
    Source, VaultPlan, Work, build,
};
use keyforge::redacted::Redacted;
use keyforge::seal::Sealed;
use keyforge::spec::{CollectionRight, ConfirmBy, Role, Union, UnlistedMembers};
use uuid::Uuid;

/// A vault, the documents, and what is remembered of both.
pub struct Vault {
    pub union: Union,
    pub observed: ObservedVault,
    pub ledger: Ledger,
    pub policy: Policy,
    pub now: DateTime<Utc>,
    /// How far people were when they were revoked, which the server remembers.
    revoked: BTreeMap<MembershipId, MemberStatus>,
    /// The texts of marked items, which the planner never sees.
    texts: BTreeMap<ItemId, BTreeMap<Slot, String>>,
    key: FingerprintKey,
    /// The titles of the last society that was founded, and of its first collection.
    founded: Option<(String, String)>,
    ids: u128,
    makings: u128,
    drawn: u32,
}

impl Vault {
    pub fn new(union: Union) -> Self {
        Self {
            union,
            observed: ObservedVault {
                account: "keyforge@acme.example".into(),
                mail: false,
                overridden: BTreeSet::new(),
                societies: Vec::new(),
            },
            ledger: Ledger::default(),
            policy: Policy { confirm: ConfirmBy::Phrase, unlisted: UnlistedMembers::Report, rotate: false },
            now: "2026-11-28T12:00:00Z".parse().expect("a time"),
            revoked: BTreeMap::new(),
            texts: BTreeMap::new(),
            key: FingerprintKey::new(&Redacted::new(vec![7; 32])),
            founded: None,
            ids: 0,
            makings: 0,
            drawn: 0,
        }
    }

    fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    fn making(&mut self) -> MakingId {
        self.makings += 1;
        MakingId(Uuid::from_u128(self.makings))
    }

    pub fn plan(&self) -> VaultPlan {
        let contents = Contents::of(&self.union, open);
        build(&Input {
            union: &self.union,
            contents: &contents,
            key: &self.key,
            observed: &self.observed,
            ledger: &self.ledger,
            policy: self.policy,
            now: self.now,
        })
    }

    /// Applies and looks again until nothing is written; gives how often that was.
    pub fn settle(&mut self) -> usize {
        for round in 0..10 {
            let plan = self.plan();
            self.apply(&plan);
            if plan.is_empty() {
                return round;
            }
        }
        panic!("it never settles");
    }

    /// What executing a plan makes of the vault, and of what is remembered.
    pub fn apply(&mut self, plan: &VaultPlan) {
        self.ledger = plan.ledger().clone();
        // The union's state object is written at every look.
        self.ledger.made = plan.ledger().memberships();
        for society in plan.societies() {
            match &society.work {
                Work::Found { title, collection } => {
                    let id = self.found(title, collection);
                    self.ledger.societies.insert(society.name.clone(), SocietyLedger::new(id));
                    self.founded = Some((title.clone(), collection.clone()));
                }
                Work::Change(id, changes) => {
                    for change in changes {
                        self.change(society.name.as_str(), *id, change);
                    }
                }
                Work::Blocked => {}
            }
        }
    }

    fn found(&mut self, title: &str, collection: &str) -> SocietyId {
        let (id, first) = (SocietyId(self.id()), CollectionId(self.id()));
        self.observed.societies.push(ObservedSociety {
            id,
            title: title.to_owned(),
            our_role: Role::Owner,
            key: Some(Digest::of("the key of the society")),
            collections: vec![ObservedCollection {
                id: first,
                title: Some(collection.to_owned()),
                marker: None,
            }],
            members: Vec::new(),
            items: Vec::new(),
            policies: ObservedPolicies::default(),
        });
        id
    }

    // What a server does whose answer came too late, so that it was asked twice.

    /// The last society that was founded is founded once more.
    pub fn found_again(&mut self) -> SocietyId {
        let (title, collection) = self.founded.clone().expect("one was founded");
        self.found(&title, &collection)
    }

    /// An item is made once more; gives that one.
    pub fn make_again(&mut self, society: SocietyId, item: ItemId) -> ItemId {
        self.copy(society, item);
        let making = self.making();
        let made = self.society(society).items.last_mut().expect("it was made");
        if let ObservedContent::Marked { marker, .. } = &mut made.content {
            marker.making = Some(making);
        }
        made.id
    }

    pub fn society(&mut self, id: SocietyId) -> &mut ObservedSociety {
        self.observed.societies.iter_mut().find(|society| society.id == id).expect("it is there")
    }

    fn remembered(&mut self, name: &str) -> &mut SocietyLedger {
        let name = name.parse().expect("a name");
        self.ledger.societies.get_mut(&name).expect("it is remembered")
    }

    fn change(&mut self, name: &str, id: SocietyId, change: &Change) {
        let (now, by_mail) = (self.now, self.observed.mail);
        match change {
            Change::Rename { to, .. } => self.society(id).title = to.clone(),
            Change::SetTwoFactor(wanted) => self.society(id).policies.two_factor = *wanted,
            Change::SetMinLength(wanted) => self.society(id).policies.min_length = *wanted,
            Change::CreateCollection { marker, title } => self.collect(id, title, Some(marker.clone())),
            Change::UpdateCollection { id: which, marker, title } => {
                let collections = &mut self.society(id).collections;
                let found = collections.iter_mut().find(|one| one.id == *which).expect("it is there");
                (found.marker, found.title) = (Some(marker.clone()), Some(title.clone()));
            }
            Change::DeleteCollection { id: which, .. } | Change::DeleteDoubleCollection { id: which, .. } => {
                let society = self.society(id);
                society.collections.retain(|one| one.id != *which);
                for member in &mut society.members {
                    member.access.remove(which);
                }
                for item in &mut society.items {
                    item.collections.remove(which);
                }
            }
            Change::Invite { address, granted } => {
                self.remembered(name).inviting(address, Invitation { at: now, by_mail }, granted);
                self.invite(id, address, granted);
            }
            Change::Reinvite(person) => {
                self.remembered(name).reinvited(&person.address, Invitation { at: now, by_mail });
            }
            Change::Confirm { person, .. } => {
                self.member(id, person.membership).status = MemberStatus::Confirmed;
            }
            Change::Grant { person, granted } => {
                let member = self.member(id, person.membership);
                (member.role, member.access) = (granted.role, granted.access.clone());
                member.all_collections = false;
            }
            Change::Revoke(person) => {
                let status = &mut self.member(id, person.membership).status;
                let before = std::mem::replace(status, MemberStatus::Revoked);
                self.revoked.insert(person.membership, before);
            }
            Change::Restore(person) => {
                let before = self.revoked.remove(&person.membership).expect("it was revoked");
                self.member(id, person.membership).status = before;
            }
            Change::DeleteMember(person) => {
                self.society(id).members.retain(|member| member.id != person.membership);
            }
            Change::CreateItem { place, collection, write } => {
                let (item, making) = (ItemId(self.id()), Some(self.making()));
                let empty = Marker { place: place.clone(), slots: BTreeMap::new(), making };
                self.society(id).items.push(ObservedItem {
                    id: item,
                    created: now,
                    revised: now,
                    deleted: None,
                    collections: BTreeSet::from([*collection]),
                    content: ObservedContent::Marked { marker: empty, genuine: true, slots: BTreeMap::new() },
                });
                self.write(id, item, place, write, &BTreeSet::new(), &BTreeMap::new());
            }
            Change::UpdateItem { id: item, place, revised, write, remove, carry } => {
                assert_eq!(self.item(id, *item).revised, *revised, "nothing newer is written over");
                self.write(id, *item, place, write, remove, carry);
            }
            Change::MoveItem { id: item, collections, .. } => {
                self.item(id, *item).collections.clone_from(collections);
            }
            Change::RestoreItem { id: item, .. } => {
                let item = self.item(id, *item);
                (item.deleted, item.revised) = (None, now);
            }
            Change::BinItem { id: item, .. } => self.item(id, *item).deleted = Some(now),
            Change::BinDouble { id: item, .. } => {
                let item = self.item(id, *item);
                (item.deleted, item.revised) = (Some(now), now);
            }
            Change::PurgeItem { id: item, .. } => self.society(id).items.retain(|one| one.id != *item),
            Change::DeleteSociety { .. } => self.observed.societies.retain(|society| society.id != id),
            Change::DeleteDoubleSociety(id) => self.observed.societies.retain(|society| society.id != *id),
        }
    }

    fn write(
        &mut self,
        society: SocietyId,
        item: ItemId,
        place: &Place,
        write: &BTreeMap<Slot, Source>,
        remove: &BTreeSet<Slot>,
        carry: &BTreeMap<Slot, Applied>,
    ) {
        let contents = Contents::of(&self.union, open);
        let mut texts = self.texts.remove(&item).unwrap_or_default();
        texts.retain(|slot, _| !remove.contains(slot));
        let mut slots = carry.clone();
        for (slot, source) in write {
            let known = contents.value(place, slot).map(|value| value.expose().clone());
            let (text, origin) = match source {
                Source::Document => (known.expect("it is known"), Origin::Document),
                Source::Sealed { at } => (known.expect("it is known"), Origin::Sealed { at: *at }),
                Source::Generate { rotation, .. } => {
                    self.drawn += 1;
                    let origin = Origin::Generated { rotation: *rotation, at: self.now };
                    (format!("drawn {}", self.drawn), origin)
                }
                Source::Kept(origin) => (texts.get(slot).cloned().unwrap_or_default(), *origin),
            };
            let fingerprint = self.key.fingerprint(place, slot, &text);
            texts.insert(slot.clone(), text);
            slots.insert(slot.clone(), Applied { fingerprint, origin });
        }
        self.texts.insert(item, texts);
        let now = self.now;
        let found = self.item(society, item);
        let making = match &found.content {
            ObservedContent::Marked { marker, genuine: true, .. } => marker.making,
            _ => None,
        };
        let marker = Marker { place: place.clone(), slots, making };
        found.revised = now;
        found.content = ObservedContent::Marked { marker, genuine: true, slots: BTreeMap::new() };
        self.see(society, item);
    }

    /// The fingerprints of what is in an item now.
    fn see(&mut self, society: SocietyId, id: ItemId) {
        let texts = self.texts.get(&id).cloned().unwrap_or_default();
        let item = self.item(society, id).clone();
        let ObservedContent::Marked { marker, genuine, .. } = item.content else { return };
        let of =
            |(slot, text): (&Slot, &String)| (slot.clone(), self.key.fingerprint(&marker.place, slot, text));
        let slots = texts.iter().filter(|(_, text)| !text.is_empty()).map(of).collect();
        self.item(society, id).content = ObservedContent::Marked { marker, genuine, slots };
    }

    // What people do.

    /// The society that people know by this title.
    pub fn titled(&self, title: &str) -> SocietyId {
        let found = self.observed.societies.iter().find(|society| society.title == title);
        found.expect("there is a society of this title").id
    }

    /// A collection by its title.
    pub fn collection(&mut self, society: SocietyId, title: &str) -> &mut ObservedCollection {
        let found =
            self.society(society).collections.iter_mut().find(|one| one.title.as_deref() == Some(title));
        found.expect("there is a collection of this title")
    }

    pub fn collect(&mut self, society: SocietyId, title: &str, marker: Option<CollectionMarker>) {
        let id = CollectionId(self.id());
        self.society(society).collections.push(ObservedCollection {
            id,
            title: Some(title.to_owned()),
            marker,
        });
    }

    /// A member by their address.
    pub fn addressed(&mut self, society: SocietyId, address: &str) -> &mut ObservedMember {
        let found = self.society(society).members.iter_mut().find(|member| member.address == address);
        found.expect("there is a member of this address")
    }

    fn member(&mut self, society: SocietyId, id: MembershipId) -> &mut ObservedMember {
        let found = self.society(society).members.iter_mut().find(|member| member.id == id);
        found.expect("there is this member")
    }

    pub fn invite(&mut self, society: SocietyId, address: &str, granted: &Granted) {
        let (id, user) = (MembershipId(self.id()), UserId(self.id()));
        let (role, access) = (granted.role, granted.access.clone());
        self.society(society).members.push(ObservedMember {
            id,
            user,
            address: address.to_owned(),
            status: MemberStatus::Invited,
            role,
            all_collections: false,
            access,
            has_password: false,
            key: None,
        });
    }

    /// Somebody registers, and with that, or by the mail, accepts.
    pub fn register(&mut self, society: SocietyId, address: &str, phrase: &str) {
        let key =
            ObservedKey { digest: Digest::of(format!("{address} {phrase}")), phrase: Digest::of(phrase) };
        let member = self.addressed(society, address);
        (member.status, member.has_password, member.key) = (MemberStatus::Accepted, true, Some(key));
    }

    /// An item by its place.
    pub fn placed(&self, society: SocietyId, place: &str) -> ItemId {
        let society = self.observed.societies.iter().find(|one| one.id == society).expect("it is there");
        let is = |item: &&ObservedItem| match &item.content {
            ObservedContent::Marked { marker, .. } => marker.place.to_string() == place,
            _ => false,
        };
        society.items.iter().find(is).expect("there is this password").id
    }

    pub fn item(&mut self, society: SocietyId, id: ItemId) -> &mut ObservedItem {
        self.society(society).items.iter_mut().find(|item| item.id == id).expect("it is there")
    }

    /// Somebody changes one text of an item.
    pub fn edit(&mut self, society: SocietyId, item: ItemId, slot: Slot, text: &str) {
        self.texts.entry(item).or_default().insert(slot, text.to_owned());
        let now = self.now;
        self.item(society, item).revised = now;
        self.see(society, item);
    }

    /// A client's *Clone*: the marker is copied too.
    pub fn copy(&mut self, society: SocietyId, item: ItemId) {
        let id = ItemId(self.id());
        let now = self.now;
        let original = self.item(society, item).clone();
        let copy = ObservedItem { id, created: now, revised: now, ..original };
        let texts = self.texts.get(&item).cloned().unwrap_or_default();
        self.texts.insert(id, texts);
        self.society(society).items.push(copy);
    }

    /// Somebody makes an item of their own.
    pub fn make(&mut self, society: SocietyId, collection: CollectionId) {
        let (id, now) = (ItemId(self.id()), self.now);
        self.society(society).items.push(ObservedItem {
            id,
            created: now,
            revised: now,
            deleted: None,
            collections: BTreeSet::from([collection]),
            content: ObservedContent::Unmarked,
        });
    }

    /// Somebody makes an item that says to be this password of ours.
    pub fn forge(&mut self, society: SocietyId, collection: CollectionId, place: Place) {
        self.make(society, collection);
        let item = self.society(society).items.last_mut().expect("it was made");
        let marker = Marker { place, slots: BTreeMap::new(), making: None };
        item.content = ObservedContent::Marked { marker, genuine: false, slots: BTreeMap::new() };
    }

    pub fn pass(&mut self, days: i64) {
        self.now += TimeDelta::days(days);
    }

    /// What people see: who is in which society with what, and what is in it.
    pub fn shown(&self) -> String {
        let mut lines = Vec::new();
        for society in &self.observed.societies {
            lines.push(format!("{}:", society.title));
            let title = |id: &CollectionId| {
                let found = society.collections.iter().find(|one| one.id == *id);
                found.and_then(|one| one.title.clone()).unwrap_or_else(|| "?".into())
            };
            for member in &society.members {
                let right =
                    |right: &CollectionRight| serde_json::to_value(right).expect("a word").to_string();
                let access: Vec<String> = member
                    .access
                    .iter()
                    .map(|(id, access)| format!(" {}={}", title(id), right(access)))
                    .collect();
                let role = serde_json::to_value(member.role).expect("a word").to_string();
                lines.push(
                    format!("  {} {:?} {role}{}", member.address, member.status, access.concat())
                        .replace('"', ""),
                );
            }
            for item in &society.items {
                let places: Vec<String> = item.collections.iter().map(title).collect();
                let bin = if item.deleted.is_some() { " (bin)" } else { "" };
                let name = match &item.content {
                    ObservedContent::Marked { marker, .. } => marker.place.to_string(),
                    _ => "an item of somebody".to_owned(),
                };
                let texts = self.texts.get(&item.id).into_iter().flatten();
                let texts: Vec<String> = texts.map(|(slot, text)| format!(" {slot}={text:?}")).collect();
                lines.push(format!("  {name} in {}{bin}:{}", places.join(", "), texts.concat()));
            }
        }
        lines.iter().map(|line| format!("{line}\n")).collect()
    }
}

/// As the daemon would: here the armored line holds the value itself, after `/` the day on which it was sealed, and after
/// another one the place that it was sealed for, if that matters.
fn open(places: &[Place], _: &Slot, sealed: &Sealed) -> Opening {
    let line = sealed.as_str().lines().nth(1).expect("a sealed text has a body");
    let (value, rest) = line.split_once('/').ok_or("it was sealed for another place")?;
    let (day, place) = rest.split_once('/').unwrap_or((rest, ""));
    if !place.is_empty() && places.iter().all(|known| known.to_string() != place) {
        return Err("it was sealed for another place".into());
    }
    let day = NaiveDate::parse_from_str(day, "%Y%m%d").expect("a day");
    Ok((Redacted::new(value.to_owned()), day.and_hms_opt(0, 0, 0).expect("midnight").and_utc()))
}
