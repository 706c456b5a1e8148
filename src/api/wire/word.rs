//! The closed lists of the core, as the contract names them.
//!
//! Their words are read off how they are parsed, so a new one is in the contract by itself.

use std::borrow::Cow;
use std::cell::Cell;

use serde::Deserialize;
use serde::de::value::Error;
use serde::de::{Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::diagnostic::{Code, Severity};
use crate::outcome::{
    Actor, Alteration, Done, DriftOutcome, Level, MemberState, MomentKind, Outcome, Phase, Reason,
    RevisionState, RevisionStep, SignatureState, SocietyState, UnionState,
};
use crate::plan::guards::GuardKind;
use crate::spec::{CollectionRight, Role};

macro_rules! lists {
    ($($list:ident),+ $(,)?) => {
        $(
            impl PartialSchema for $list {
                fn schema() -> RefOr<Schema> {
                    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words::<Self>().iter().copied())).into()
                }
            }

            impl ToSchema for $list {
                fn name() -> Cow<'static, str> {
                    Cow::Borrowed(stringify!($list))
                }
            }
        )+
    };
}

lists![
    Actor,
    Alteration,
    Code,
    CollectionRight,
    Done,
    DriftOutcome,
    GuardKind,
    Level,
    MemberState,
    MomentKind,
    Outcome,
    Phase,
    Reason,
    RevisionState,
    RevisionStep,
    Role,
    Severity,
    SignatureState,
    SocietyState,
    UnionState,
];

/// The words of a list.
fn words<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let words = Cell::new(&[][..]);
    // Asked what it is, it says its words; nothing is there to be parsed.
    let _ = T::deserialize(Listening(&words));
    words.get()
}

/// Hears which words a list can be parsed from.
struct Listening<'a>(&'a Cell<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Listening<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("there is nothing to parse"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.set(words);
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}
