//! A serializer that puts pseudonyms in the place of what must not be told, and passes on the rest.
//!
//! It wraps any other and sees every value on its way, however deep, map keys included. What a value
//! is it says itself, by the name of its newtype (`domain/words.rs`): there is no list of fields here
//! that somebody could forget to extend.

use super::pseudonym::Pseudonyms;
use serde::ser::{self, Error as _};
use serde::{Serialize, Serializer};
use std::fmt::Display;

/// A value as a trace shows it.
pub struct Redacted<'p, T: ?Sized> {
    value: &'p T,
    pseudonyms: &'p Pseudonyms,
}

impl<'p, T: Serialize + ?Sized> Redacted<'p, T> {
    /// `value` with pseudonyms.
    pub const fn new(value: &'p T, pseudonyms: &'p Pseudonyms) -> Self {
        Self { value, pseudonyms }
    }
}

impl<T: Serialize + ?Sized> Serialize for Redacted<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Redacting { inner: serializer, pseudonyms: self.pseudonyms })
    }
}

/// The serializer, and what it makes of lists, maps and structs.
struct Redacting<'p, S> {
    inner: S,
    pseudonyms: &'p Pseudonyms,
}

/// Passes plain values on as they are: there is nothing below them.
macro_rules! plain {
    ($($name:ident: $type:ty,)+) => {
        $(fn $name(self, value: $type) -> Result<S::Ok, S::Error> {
            self.inner.$name(value)
        })+
    };
}

impl<'p, S: Serializer> Serializer for Redacting<'p, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Redacting<'p, S::SerializeSeq>;
    type SerializeTuple = Redacting<'p, S::SerializeTuple>;
    type SerializeTupleStruct = Redacting<'p, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Redacting<'p, S::SerializeTupleVariant>;
    type SerializeMap = Redacting<'p, S::SerializeMap>;
    type SerializeStruct = Redacting<'p, S::SerializeStruct>;
    type SerializeStructVariant = Redacting<'p, S::SerializeStructVariant>;

    plain! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_char: char,
        serialize_str: &str,
        serialize_bytes: &[u8],
        serialize_unit_struct: &'static str,
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_none()
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.serialize_some(&Redacted::new(value, self.pseudonyms))
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit_variant(name, index, variant)
    }

    /// Here a value says what it is.
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        if !Pseudonyms::covers(name) {
            let value = Redacted::new(value, self.pseudonyms);
            return self.inner.serialize_newtype_struct(name, &value);
        }
        // A secret in any other form than text is not told at all.
        let told = match serde_json::to_value(value) {
            Ok(serde_json::Value::String(text)) => self.pseudonyms.of(name, &text),
            _ => None,
        };
        let told = told.ok_or_else(|| S::Error::custom(format!("a {name} is no text")))?;
        self.inner.serialize_newtype_struct(name, &told)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = Redacted::new(value, self.pseudonyms);
        self.inner.serialize_newtype_variant(name, index, variant, &value)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        let pseudonyms = self.pseudonyms;
        Ok(Redacting { inner: self.inner.serialize_seq(length)?, pseudonyms })
    }

    fn serialize_tuple(self, length: usize) -> Result<Self::SerializeTuple, S::Error> {
        let pseudonyms = self.pseudonyms;
        Ok(Redacting { inner: self.inner.serialize_tuple(length)?, pseudonyms })
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        let pseudonyms = self.pseudonyms;
        Ok(Redacting { inner: self.inner.serialize_tuple_struct(name, length)?, pseudonyms })
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        let pseudonyms = self.pseudonyms;
        let inner = self.inner.serialize_tuple_variant(name, index, variant, length)?;
        Ok(Redacting { inner, pseudonyms })
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        let pseudonyms = self.pseudonyms;
        Ok(Redacting { inner: self.inner.serialize_map(length)?, pseudonyms })
    }

    fn serialize_struct(
        self,
        name: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        let pseudonyms = self.pseudonyms;
        Ok(Redacting { inner: self.inner.serialize_struct(name, length)?, pseudonyms })
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        let pseudonyms = self.pseudonyms;
        let inner = self.inner.serialize_struct_variant(name, index, variant, length)?;
        Ok(Redacting { inner, pseudonyms })
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// Everything that holds values in a row is passed on with each of them wrapped.
macro_rules! compound {
    ($($trait:ident: $function:ident($($name:ident)?),)+) => {
        $(impl<S: ser::$trait> ser::$trait for Redacting<'_, S> {
            type Ok = S::Ok;
            type Error = S::Error;

            fn $function<T: Serialize + ?Sized>(
                &mut self,
                $($name: &'static str,)?
                value: &T,
            ) -> Result<(), S::Error> {
                self.inner.$function($($name,)? &Redacted::new(value, self.pseudonyms))
            }

            fn end(self) -> Result<S::Ok, S::Error> {
                self.inner.end()
            }
        })+
    };
}

compound! {
    SerializeSeq: serialize_element(),
    SerializeTuple: serialize_element(),
    SerializeTupleStruct: serialize_field(),
    SerializeTupleVariant: serialize_field(),
    SerializeStruct: serialize_field(key),
    SerializeStructVariant: serialize_field(key),
}

impl<S: ser::SerializeMap> ser::SerializeMap for Redacting<'_, S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), S::Error> {
        self.inner.serialize_key(&Redacted::new(key, self.pseudonyms))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        self.inner.serialize_value(&Redacted::new(value, self.pseudonyms))
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.inner.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::words;
    use crate::random::SeededRandom;
    use serde::Deserialize;
    use serde_json::json;
    use std::collections::BTreeMap;

    /// A text that must never be seen.
    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
    struct Said(String);

    impl Serialize for Said {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            words::serialize(&self.0, serializer)
        }
    }

    /// Every form in which serde knows a value, with a secret below it.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct All {
        option: Option<Said>,
        none: Option<Said>,
        list: Vec<Said>,
        tuple: (Said, u8),
        map: BTreeMap<Said, Said>,
        variants: Vec<Variant>,
        tagged: Tagged,
        newtype: Newtype,
        pair: Pair,
        unit: Unit,
        signed: (i8, i16, i32, i64, i128),
        unsigned: (u8, u16, u32, u64, u128),
        plain: (bool, char, String, ()),
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Variant {
        Unit,
        Newtype(Said),
        Tuple(Said, Said),
        Struct { said: Said },
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        Inner { said: Said },
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Newtype(Said);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Pair(Said, Said);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Unit;

    fn all(said: &str) -> All {
        let said = || Said(said.to_owned());
        All {
            option: Some(said()),
            none: None,
            list: vec![said(), said()],
            tuple: (said(), 1),
            map: [(said(), said())].into(),
            variants: vec![
                Variant::Unit,
                Variant::Newtype(said()),
                Variant::Tuple(said(), said()),
                Variant::Struct { said: said() },
            ],
            tagged: Tagged::Inner { said: said() },
            newtype: Newtype(said()),
            pair: Pair(said(), said()),
            unit: Unit,
            signed: (-1, -2, -3, -4, -5),
            unsigned: (1, 2, 3, 4, 5),
            plain: (true, 'c', "plain".to_owned(), ()),
        }
    }

    #[test]
    fn a_secret_is_found_wherever_it_is() {
        let pseudonyms = Pseudonyms::new(&SeededRandom::new(1));
        let told = pseudonyms.of(words::WORDS, "anna").expect("words are covered");
        let line = serde_json::to_string(&Redacted::new(&all("anna"), &pseudonyms)).expect("JSON");
        assert!(!line.contains("anna"), "{line}");
        let back: All = serde_json::from_str(&line).expect("it reads back");
        assert_eq!(back, all(&told), "everything else is as it was");
    }

    #[test]
    fn a_secret_that_is_no_text_is_not_told() {
        struct Odd;
        impl Serialize for Odd {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_newtype_struct(words::WORDS, &json!({ "name": "anna" }))
            }
        }
        let pseudonyms = Pseudonyms::new(&SeededRandom::new(1));
        assert!(serde_json::to_string(&Redacted::new(&Odd, &pseudonyms)).is_err());
    }
}
