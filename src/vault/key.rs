//! One key of the vault: its id and its 32 bytes, written `id:base64`.

use crate::random::{Random, token};
use crate::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

/// The length of a key, in bytes: 256 bits.
pub(super) const KEY_BYTES: usize = 32;

/// The longest id, in characters.
const ID_MAX: usize = 32;

/// A key with its id. Its memory is wiped when it is dropped; `Debug` shows the id only.
#[derive(Clone)]
pub struct Key {
    id: String,
    bytes: Zeroizing<[u8; KEY_BYTES]>,
}

/// Why a text is not a key. No variant can carry key material.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No `:` between id and key.
    #[error("a vault key is written id:base64")]
    Form,
    /// The id is empty, too long or has other characters.
    #[error("a vault key's id is 1 to 32 of a-z, 0-9, _ and -")]
    Id,
    /// The part after the colon is not base64 of 32 bytes.
    #[error("a vault key is the base64 of exactly 32 bytes; `shopfleet keys generate` prints one")]
    Bytes,
}

impl Key {
    /// A new key with a random id.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        random.fill(bytes.as_mut_slice());
        Self { id: token(random, "k", 6), bytes }
    }

    /// The id that sealed values name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The form that `vault.keys` takes, `id:base64`.
    pub fn to_text(&self) -> Secret {
        Secret::new(format!("{}:{}", self.id, STANDARD.encode(self.bytes.as_slice())))
    }

    /// The key itself, for the ciphers of this folder.
    pub(super) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.bytes
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (id, body) = text.trim().split_once(':').ok_or(KeyError::Form)?;
        if !is_key_id(id) {
            return Err(KeyError::Id);
        }
        let decoded = Zeroizing::new(STANDARD.decode(body).map_err(|_| KeyError::Bytes)?);
        let bytes = <[u8; KEY_BYTES]>::try_from(decoded.as_slice()).map_err(|_| KeyError::Bytes)?;
        Ok(Self { id: id.to_owned(), bytes: Zeroizing::new(bytes) })
    }
}

/// An id has no point, colon or comma: those part it from its neighbours in sealed values and in
/// `vault.keys`.
pub(super) fn is_key_id(id: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
    (1..=ID_MAX).contains(&id.len()) && id.bytes().all(fits)
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, …)", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn a_generated_key_reads_back_and_shows_only_its_id() {
        let key = Key::generate(&SeededRandom::new(3));
        let again: Key = key.to_text().expose().parse().unwrap();
        assert_eq!((again.id(), again.bytes()), (key.id(), key.bytes()));
        assert_eq!(format!("{key:?}"), format!("Key({}, …)", key.id()));
    }

    #[test]
    fn errors_say_what_is_wrong_without_the_key() {
        let short = STANDARD.encode([7; 31]);
        let table = [
            (short.clone(), KeyError::Form),
            (format!(":{short}"), KeyError::Id),
            (format!("K1:{short}"), KeyError::Id),
            (format!("{}:{short}", "k".repeat(33)), KeyError::Id),
            (format!("k1:{short}"), KeyError::Bytes),
            ("k1:not base64!".to_owned(), KeyError::Bytes),
        ];
        for (text, error) in table {
            let refused = text.parse::<Key>().expect_err(&text);
            assert_eq!(refused, error, "{text}");
            assert!(!refused.to_string().contains(&short));
        }
    }
}
