//! Reading one document: fields by name and type, the same for every collection.
//!
//! Whatever cannot be understood is damage, named by collection and field and never by its content,
//! which may be anything; no reader guesses.

use super::decimal;
use super::failure::Failure;
use crate::domain::money::Money;
use crate::domain::sealed::{Fingerprint, Sealed};
use crate::domain::time::Timestamp;
use mongodb::bson::{RawBsonRef, RawDocument};
use rust_decimal::Decimal;
use std::fmt::Display;
use std::str::FromStr;

/// A document of a collection, or one inside it.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    collection: &'static str,
    /// The whole document, whose id is named when something is wrong.
    whole: &'a RawDocument,
    document: &'a RawDocument,
}

impl<'a> Row<'a> {
    pub(super) const fn new(collection: &'static str, document: &'a RawDocument) -> Self {
        Self { collection, whole: document, document }
    }

    /// Whether a field is there, null counting as not.
    pub(super) fn has(&self, field: &str) -> Result<bool, Failure> {
        Ok(self.get(field)?.is_some())
    }

    pub(super) fn text(&self, field: &str) -> Result<&'a str, Failure> {
        self.need(field, RawBsonRef::as_str)
    }

    pub(super) fn flag(&self, field: &str) -> Result<bool, Failure> {
        self.need(field, RawBsonRef::as_bool)
    }

    /// A whole number of either width.
    pub(super) fn int(&self, field: &str) -> Result<i64, Failure> {
        self.need(field, |value| value.as_i64().or_else(|| value.as_i32().map(i64::from)))
    }

    /// A number that is never negative: an id, a count.
    pub(super) fn count(&self, field: &str) -> Result<u64, Failure> {
        u64::try_from(self.int(field)?).map_err(|why| self.damaged(field, &why))
    }

    pub(super) fn time(&self, field: &str) -> Result<Timestamp, Failure> {
        self.need(field, RawBsonRef::as_datetime)
            .map(|time| Timestamp::from_ms(time.timestamp_millis()))
    }

    pub(super) fn decimal(&self, field: &str) -> Result<Decimal, Failure> {
        self.need(field, |value| match value {
            RawBsonRef::Decimal128(number) => decimal::to_decimal(number),
            _ => None,
        })
    }

    pub(super) fn money(&self, field: &str) -> Result<Money, Failure> {
        self.need(field, |value| match value {
            RawBsonRef::Decimal128(number) => decimal::to_money(number),
            _ => None,
        })
    }

    pub(super) fn bytes(&self, field: &str) -> Result<&'a [u8], Failure> {
        self.need(field, RawBsonRef::as_binary).map(|binary| binary.bytes)
    }

    /// A binary of exactly so many bytes.
    pub(super) fn array<const N: usize>(&self, field: &str) -> Result<[u8; N], Failure> {
        self.bytes(field)?.try_into().map_err(|why| self.damaged(field, &why))
    }

    pub(super) fn content(&self, field: &str) -> Result<Fingerprint, Failure> {
        self.array(field).map(Fingerprint::new)
    }

    pub(super) fn sealed(&self, field: &str) -> Result<Sealed, Failure> {
        self.text(field).map(Sealed::from_text)
    }

    /// A value in its own text form.
    pub(super) fn parsed<T: FromStr<Err: Display>>(&self, field: &str) -> Result<T, Failure> {
        self.text(field)?.parse().map_err(|why| self.damaged(field, &why))
    }

    /// A document inside this one.
    pub(super) fn inner(&self, field: &str) -> Result<Self, Failure> {
        let document = self.need(field, RawBsonRef::as_document)?;
        Ok(Self { document, ..*self })
    }

    /// A field that may be missing, read by `read` when it is there.
    pub(super) fn maybe<T>(
        &self,
        field: &str,
        read: impl FnOnce(&Self, &str) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        if self.has(field)? { read(self, field).map(Some) } else { Ok(None) }
    }

    /// The values of a list, each through `read`.
    pub(super) fn list<T>(
        &self,
        field: &str,
        read: impl Fn(RawBsonRef<'a>) -> Option<T>,
    ) -> Result<Vec<T>, Failure> {
        let list = self.need(field, RawBsonRef::as_array)?;
        list.into_iter()
            .map(|value| {
                let value = value.map_err(|why| self.damaged(field, &why))?;
                read(value).ok_or_else(|| self.damaged(field, &"a wrong value in the list"))
            })
            .collect()
    }

    /// The documents of a list.
    pub(super) fn rows(&self, field: &str) -> Result<Vec<Self>, Failure> {
        let row = |document| Self { document, ..*self };
        self.list(field, |value| value.as_document().map(row))
    }

    /// Names the document and the field; never its content.
    pub(super) fn damaged(&self, field: &str, why: &dyn Display) -> Failure {
        let id = match self.whole.get("_id") {
            Ok(Some(RawBsonRef::String(id))) => id.to_owned(),
            Ok(Some(RawBsonRef::Int64(id))) => id.to_string(),
            _ => "a document".to_owned(),
        };
        Failure::Damaged(format!("{} {id}, field {field}: {why}", self.collection))
    }

    fn get(&self, field: &str) -> Result<Option<RawBsonRef<'a>>, Failure> {
        match self.document.get(field) {
            Ok(Some(RawBsonRef::Null) | None) => Ok(None),
            Ok(value) => Ok(value),
            Err(why) => Err(self.damaged(field, &why)),
        }
    }

    fn need<T>(
        &self,
        field: &str,
        read: impl FnOnce(RawBsonRef<'a>) -> Option<T>,
    ) -> Result<T, Failure> {
        let value = self.get(field)?.ok_or_else(|| self.damaged(field, &"it is missing"))?;
        read(value).ok_or_else(|| self.damaged(field, &"it has a wrong type or value"))
    }
}
