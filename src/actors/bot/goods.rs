//! Goods between a person's hands and the store: sealed on the way in, opened on the way out.
//!
//! A line's content is its text; a file's is its name and bytes together. The fingerprint of the
//! content names it everywhere; the ciphertext belongs to that fingerprint and opens for no other.

use crate::domain::sealed::{Fingerprint, Sealed};
use crate::secret::SecretBytes;
use crate::vault::Vault;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// Marks goods that were stored as plain text on purpose (`vault.plain_goods`).
const PLAIN: &str = "plain.";
/// What fingerprints of goods are made for.
const DOMAIN: &str = "goods";

/// A file as goods.
pub(super) struct FileGoods {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// Goods that cannot be opened: a key is missing, or the store was tampered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("goods cannot be opened: a vault key is missing or the store was changed")]
pub(super) struct Unopenable;

/// The fingerprint by which equal goods are recognised.
pub(super) fn fingerprint(vault: &Vault, content: &[u8]) -> Fingerprint {
    vault.fingerprint(DOMAIN, content)
}

/// Seals goods, or wraps them as they are when the operator wants plain text.
pub(super) fn seal(vault: &Vault, plain: bool, print: Fingerprint, content: &[u8]) -> Sealed {
    if plain {
        Sealed::from_text(format!("{PLAIN}{}", BASE64.encode(content)))
    } else {
        vault.seal(&owner(print), content)
    }
}

/// Opens goods, however they were stored.
pub(super) fn open(
    vault: &Vault,
    print: Fingerprint,
    sealed: &Sealed,
) -> Result<SecretBytes, Unopenable> {
    match sealed.text().strip_prefix(PLAIN) {
        Some(text) => BASE64.decode(text).map(SecretBytes::new).map_err(|_| Unopenable),
        None => vault.open(&owner(print), sealed).map_err(|_| Unopenable),
    }
}

/// The ciphertext belongs to its content: moved to another item it does not open.
fn owner(print: Fingerprint) -> String {
    format!("{DOMAIN}:{print}")
}

impl FileGoods {
    /// The content of a file: its name's length, its name, its bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let name = self.name.as_bytes();
        let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
        let name = &name[..usize::from(length)];
        let mut content = Vec::with_capacity(2 + name.len() + self.bytes.len());
        content.extend_from_slice(&length.to_be_bytes());
        content.extend_from_slice(name);
        content.extend_from_slice(&self.bytes);
        content
    }

    /// Reads a content back.
    pub(super) fn decode(content: &[u8]) -> Result<Self, Unopenable> {
        let (length, rest) = content.split_first_chunk::<2>().ok_or(Unopenable)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (name, bytes) = rest.split_at_checked(length).ok_or(Unopenable)?;
        let name = String::from_utf8(name.to_vec()).map_err(|_| Unopenable)?;
        Ok(Self { name, bytes: bytes.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_its_name_and_rubbish_is_refused() {
        let file = FileGoods { name: "钥匙.zip".to_owned(), bytes: vec![0, 255, 7] };
        let back = FileGoods::decode(&file.encode()).expect("round trip");
        assert_eq!((back.name.as_str(), back.bytes), ("钥匙.zip", vec![0, 255, 7]));
        for rubbish in [&[][..], &[0], &[0, 5, b'a'], &[0, 1, 0xff]] {
            assert!(FileGoods::decode(rubbish).is_err());
        }
    }
}
