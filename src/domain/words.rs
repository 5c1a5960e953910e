//! What a person wrote: names, descriptions, reasons, user names.
//!
//! In JSON and in the journal's canonical bytes such a text is a text like any other. To a serializer
//! that asks, each says what it is by the name of a newtype, so that a trace can put a pseudonym in
//! its place without a list of fields (DESIGN.md, section 8). A field is marked once, where its type
//! is declared: `#[serde(serialize_with = "words::serialize")]`.

use serde::Serializer;

/// The name under which a text of a person is serialised.
pub const WORDS: &str = "Words";
/// The name under which a payout address is serialised.
pub const ADDRESS: &str = "Address";
/// The name under which the id of a payment's transaction is serialised.
pub const TXID: &str = "Txid";

/// Serialises a person's text: as itself, under the name [`WORDS`].
///
/// # Errors
/// The serializer's own.
pub fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_newtype_struct(WORDS, text)
}
