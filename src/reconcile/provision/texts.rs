//! The texts of a union's passwords, sealed ones opened with the daemon's key.
//!
//! Only here values of documents become plain, on the followed branch alone. What does not open is told, not guessed.

use crate::plan::society::{Contents, Opening, Place, Slot};
use crate::seal::{self, Opener};
use crate::spec::Union;

/// Everything that the documents say.
pub(super) fn contents(union: &Union, opener: Option<&Opener>) -> Contents {
    Contents::of(union, |places, slot, sealed| {
        let Some(opener) = opener else {
            return Err("this daemon has no key to open sealed values (`sealing_key_file`)".to_owned());
        };
        open(opener, places, slot, sealed)
    })
}

fn open(opener: &Opener, places: &[Place], slot: &Slot, sealed: &seal::Sealed) -> Opening {
    let places: Vec<seal::Place> = places.iter().filter_map(|place| sealed_for(place, slot)).collect();
    let (place, former) = places.split_first().ok_or("its place cannot be named")?;
    let opened = opener.open(sealed, place, former).map_err(|error| error.to_string())?;
    Ok((opened.value, opened.sealed_at))
}

/// The place as a sealed value names it.
fn sealed_for(place: &Place, slot: &Slot) -> Option<seal::Place> {
    let slot = match slot {
        Slot::Value => seal::Slot::Value,
        Slot::Totp => seal::Slot::Totp,
        Slot::Field(name) => seal::Slot::Field(name.parse().ok()?),
        Slot::Title | Slot::Username | Slot::Uris | Slot::Notes => return None,
    };
    let Place { union, society, password } = place.clone();
    Some(seal::Place { union, society, password, slot })
}
