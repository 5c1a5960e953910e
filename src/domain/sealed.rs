//! What the core may know of a secret: that it exists, and whether two are equal.
//!
//! [`Sealed`] is ciphertext made by the vault and lives only in its document; [`Fingerprint`] is a
//! keyed digest that events and duplicate checks carry in its stead (DESIGN.md, section 7).

use super::id::text_serde;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A keyed digest of a secret: 128 bits of HMAC-SHA-256, written as 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

/// A secret as the vault sealed it, in the vault's text form `v1.<key id>.<base64>`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

/// A text that is not a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a fingerprint of 32 hex digits")]
pub struct InvalidFingerprint;

impl Fingerprint {
    /// A fingerprint from its bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl Sealed {
    /// A sealed value from its text form; whether it opens is for the vault to say.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text form.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        let hex = text.len() == 32
            && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !hex {
            return Err(InvalidFingerprint);
        }
        u128::from_str_radix(text, 16)
            .map(|number| Self(number.to_be_bytes()))
            .map_err(|_| InvalidFingerprint)
    }
}

text_serde!(Fingerprint);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_round_trip_and_sealed_values_do_not_print() {
        let print = Fingerprint::new([0xab; 16]);
        assert_eq!(print.to_string().parse(), Ok(print));
        assert!("ABab".repeat(8).parse::<Fingerprint>().is_err());
        assert_eq!(format!("{:?}", Sealed::from_text("v1.k.AAAA")), "Sealed(9 bytes)");
    }
}
