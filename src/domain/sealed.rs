//! Sealed secrets and keyed fingerprints as plain values.
//!
//! The core carries them, compares them and never looks inside: sealing and opening is
//! `src/vault.rs`. A [`Sealed`] lives only in its own document; events carry a [`Fingerprint`]
//! (DESIGN.md, section 7).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The version of the sealing scheme that the text form names.
const VERSION: &str = "v1";

/// The longest key id, in characters.
const KEY_ID_MAX: usize = 32;

/// Ciphertext and the id of the key that opens it. Text form: `v1.<key id>.<base64url>`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Sealed {
    /// Which of the vault's keys sealed it.
    pub key_id: String,
    /// Nonce and ciphertext, as the vault lays them out.
    pub bytes: Vec<u8>,
}

/// 128 bits of a keyed digest: tells equal contents apart from different ones, and nothing else.
/// Text form: 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Fingerprint([u8; 16]);

/// Why a text is not a sealed value or a fingerprint. Never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealedParseError {
    /// Not `v1.<key id>.<base64url>`.
    #[error("not a sealed value: v1.<key id>.<base64url> is expected")]
    Sealed,
    /// Not 32 hexadecimal digits.
    #[error("not a fingerprint: 32 lower-case hexadecimal digits are expected")]
    Fingerprint,
}

/// Whether `id` can name a key: 1 to 32 of `a-z`, `0-9`, `_` and `-`.
pub fn is_key_id(id: &str) -> bool {
    (1..=KEY_ID_MAX).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'))
}

impl Fingerprint {
    /// A fingerprint from the digest's first 16 bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}.{}.{}", self.key_id, URL_SAFE_NO_PAD.encode(&self.bytes))
    }
}

impl FromStr for Sealed {
    type Err = SealedParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key_id, body) = text
            .strip_prefix(VERSION)
            .and_then(|rest| rest.strip_prefix('.'))
            .and_then(|rest| rest.split_once('.'))
            .filter(|(key_id, _)| is_key_id(key_id))
            .ok_or(SealedParseError::Sealed)?;
        let bytes = URL_SAFE_NO_PAD.decode(body).map_err(|_| SealedParseError::Sealed)?;
        Ok(Self { key_id: key_id.to_owned(), bytes })
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Fingerprint {
    type Err = SealedParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let canonical =
            text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !canonical {
            return Err(SealedParseError::Fingerprint);
        }
        let digits = u128::from_str_radix(text, 16).map_err(|_| SealedParseError::Fingerprint)?;
        Ok(Self(digits.to_be_bytes()))
    }
}

impl fmt::Debug for Sealed {
    /// Ciphertext is safe to show but long; its length is what a reader wants.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({}, {} bytes)", self.key_id, self.bytes.len())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl From<Sealed> for String {
    fn from(sealed: Sealed) -> Self {
        sealed.to_string()
    }
}

impl TryFrom<String> for Sealed {
    type Error = SealedParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = SealedParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_survive_the_round_trip() {
        let sealed = Sealed { key_id: "k-1".to_owned(), bytes: vec![0, 255, 62, 63] };
        let json = serde_json::to_string(&sealed).unwrap();
        assert_eq!(json, "\"v1.k-1.AP8-Pw\"");
        assert_eq!(serde_json::from_str::<Sealed>(&json).unwrap(), sealed);

        let fingerprint =
            Fingerprint::from_bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        assert_eq!(fingerprint.to_string(), "000102030405060708090a0b0c0d0eff");
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in
            ["", "v1", "v1.k", "v2.k.AA", "v1..AA", "v1.K.AA", "v1.k.A", "v1.k.AA==", "v1k.AA"]
        {
            assert_eq!(bad.parse::<Sealed>(), Err(SealedParseError::Sealed), "{bad}");
        }
        let long = "0".repeat(33);
        for bad in [
            "",
            "00",
            "000102030405060708090A0B0C0D0EFF",
            "+00102030405060708090a0b0c0d0eff",
            &long,
        ] {
            assert_eq!(bad.parse::<Fingerprint>(), Err(SealedParseError::Fingerprint), "{bad}");
        }
    }
}
