//! The texts of one password that is there: which are written, and which stay.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::build::Input;
use super::change::Source;
use super::contents::Content;
use super::finding::Finding;
use super::members::Leaver;
use super::place::{Applied, Fingerprint, Origin, Place, Slot};

/// What is decided of one password, slot by slot.
pub(super) struct Slots<'a> {
    input: &'a Input<'a>,
    place: &'a Place,
    /// Whether its marker names another place: then all of it is written anew, for fingerprints are of a place.
    moved: bool,
    /// Who has left and could see it.
    saw: Vec<&'a Leaver>,
    pub(super) write: BTreeMap<Slot, Source>,
    pub(super) carry: BTreeMap<Slot, Applied>,
    pub(super) findings: Vec<Finding>,
}

impl<'a> Slots<'a> {
    pub(super) fn new(input: &'a Input<'a>, place: &'a Place, moved: bool, saw: Vec<&'a Leaver>) -> Self {
        Self {
            input,
            place,
            moved,
            saw,
            write: BTreeMap::new(),
            carry: BTreeMap::new(),
            findings: Vec::new(),
        }
    }

    /// One slot: what the document says, what was written last, and what is there.
    pub(super) fn decide(
        &mut self,
        slot: &Slot,
        content: &Content,
        applied: Option<Applied>,
        there: Option<Fingerprint>,
    ) {
        let origin = applied.map(|applied| applied.origin);
        match (content, origin) {
            (Content::Known { source: Source::Sealed { at }, .. }, Some(Origin::Sealed { at: last }))
                if *at < last =>
            {
                self.findings.push(Finding::Older { place: self.place.clone(), slot: slot.clone() });
                self.known(last, true);
                self.keep(slot, applied);
            }
            (Content::Known { source, .. }, _) => {
                if let Source::Sealed { at } = source {
                    self.known(*at, true);
                }
                let wanted = content.fingerprint(self.input.key, self.place, slot);
                let is_same = !self.moved
                    && there == wanted
                    && applied.map(|applied| applied.fingerprint) == wanted
                    && origin == source.origin();
                if is_same {
                    self.keep(slot, applied);
                } else {
                    self.write.insert(slot.clone(), *source);
                }
            }
            (
                Content::Drawn(source @ Source::Generate { rotation: wanted, .. }),
                Some(Origin::Generated { rotation, at }),
            ) if *wanted <= rotation => {
                if *wanted < rotation {
                    let (place, applied, wanted) = (self.place.clone(), rotation, *wanted);
                    self.findings.push(Finding::Lowered { place, applied, wanted });
                }
                if self.input.policy.rotate && self.saw.iter().any(|leaver| leaver.at > at) {
                    // Never back behind the number that was applied.
                    self.write.insert(slot.clone(), source.at_least(rotation));
                    return;
                }
                self.known(at, false);
                if there != applied.map(|applied| applied.fingerprint) {
                    self.findings.push(Finding::Edited { place: self.place.clone() });
                }
                self.keep(slot, applied);
            }
            (Content::Drawn(source), _) => {
                self.write.insert(slot.clone(), *source);
            }
            (Content::Unopened(why), _) => {
                let (place, slot_name, why) = (self.place.clone(), slot.clone(), why.clone());
                self.findings.push(Finding::Unopened { place, slot: slot_name, why });
                self.keep(slot, applied);
            }
        }
    }

    /// It stays; under another place the marker has to say so.
    fn keep(&mut self, slot: &Slot, applied: Option<Applied>) {
        match applied {
            Some(applied) if self.moved => {
                self.write.insert(slot.clone(), Source::Kept(applied.origin));
            }
            Some(applied) => {
                self.carry.insert(slot.clone(), applied);
            }
            None => {}
        }
    }

    /// Who has left since it became what it is knows it.
    fn known(&mut self, since: DateTime<Utc>, sealed: bool) {
        for leaver in self.saw.iter().filter(|leaver| leaver.at > since) {
            let (place, address) = (self.place.clone(), leaver.address.clone());
            let finding = Finding::Known { place, address, sealed };
            if !self.findings.contains(&finding) {
                self.findings.push(finding);
            }
        }
    }
}

impl Source {
    /// What a marker says of a text from there; `None` of what is drawn when it is written.
    fn origin(self) -> Option<Origin> {
        match self {
            Self::Document => Some(Origin::Document),
            Self::Sealed { at } => Some(Origin::Sealed { at }),
            Self::Kept(origin) => Some(origin),
            Self::Generate { .. } => None,
        }
    }

    /// The same, with no smaller number.
    fn at_least(self, number: u32) -> Self {
        match self {
            Self::Generate { alphabet, rotation } => {
                Self::Generate { alphabet, rotation: rotation.max(number) }
            }
            other => other,
        }
    }
}
