//! The vault: seals tokens and goods before they become commands, opens them for delivery.
//!
//! XChaCha20-Poly1305 with a random 24-byte nonce, so nonces never need counting. The owner's id
//! and the key's id are associated data: a ciphertext moved to another document, or relabelled with
//! another key, does not open. The first key seals, all open. Fingerprints are HMAC-SHA-256 under a
//! key of their own that the vault keeps sealed, so they survive a change of keys (DESIGN.md,
//! section 7).

mod key;

pub use key::{Key, KeyError};

use crate::domain::sealed::{Fingerprint, Sealed};
use crate::random::SharedRandom;
use crate::secret::SecretBytes;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use key::{KEY_BYTES, is_key_id};
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// The version of the scheme, first in the text form `v1.<key id>.<base64url of nonce, ciphertext>`.
const VERSION: &str = "v1";

/// The length of the nonce in front of every ciphertext, in bytes.
const NONCE_BYTES: usize = 24;

/// Under this owner the fingerprint key is sealed.
const FINGERPRINT_OWNER: &str = "vault:fingerprint";

/// Several keys and, once it is given, the fingerprint key.
///
/// `Vault::new` has no fingerprints yet; [`Vault::with_fingerprint_key`] makes the full vault. That
/// is two types, so that nobody can ask for a fingerprint before there is a key for it.
#[derive(Clone)]
pub struct Vault<F = FingerprintKey> {
    keys: Vec<Key>,
    random: SharedRandom,
    fingerprints: F,
}

/// The state of a vault whose fingerprint key has not been opened yet.
#[derive(Clone, Copy, Debug)]
pub struct NoFingerprints;

/// The opened fingerprint key; wiped when it is dropped.
#[derive(Clone)]
pub struct FingerprintKey(Zeroizing<[u8; KEY_BYTES]>);

/// Why the keys do not make a vault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Nothing could be sealed.
    #[error("there is no vault key; `shopfleet keys generate` prints one")]
    NoKeys,
    /// Two keys share an id, so a sealed value would not say which one opens it.
    #[error("two vault keys have the id `{0}`")]
    SameId(String),
}

/// Why a sealed value does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// No key of that id: it was removed from `vault.keys`.
    #[error("no vault key has the id `{0}`")]
    UnknownKey(String),
    /// The ciphertext, its key id or its owner is not what was sealed.
    #[error("the sealed value was changed or belongs to another owner")]
    Tampered,
    /// Not `v1.<key id>.<base64url>`, or of a length that no vault makes.
    #[error("the sealed value is malformed")]
    Malformed,
}

impl Vault<NoFingerprints> {
    /// A vault that seals with the first of `keys` and opens with all.
    ///
    /// # Errors
    /// When there is no key, or two have the same id.
    pub fn new(keys: Vec<Key>, random: SharedRandom) -> Result<Self, VaultError> {
        if keys.is_empty() {
            return Err(VaultError::NoKeys);
        }
        for (i, key) in keys.iter().enumerate() {
            if keys[..i].iter().any(|earlier| earlier.id() == key.id()) {
                return Err(VaultError::SameId(key.id().to_owned()));
            }
        }
        Ok(Self { keys, random, fingerprints: NoFingerprints })
    }

    /// A fresh fingerprint key, sealed; made once in the life of a store and kept there.
    pub fn new_fingerprint_key(&self) -> Sealed {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        self.random.fill(bytes.as_mut_slice());
        self.seal(FINGERPRINT_OWNER, bytes.as_slice())
    }

    /// The full vault, with the fingerprint key that [`Vault::new_fingerprint_key`] once made.
    ///
    /// # Errors
    /// When `sealed` does not open, or is not a fingerprint key.
    pub fn with_fingerprint_key(self, sealed: &Sealed) -> Result<Vault, OpenError> {
        let opened = self.open(FINGERPRINT_OWNER, sealed)?;
        let bytes =
            <[u8; KEY_BYTES]>::try_from(opened.expose()).map_err(|_| OpenError::Malformed)?;
        let fingerprints = FingerprintKey(Zeroizing::new(bytes));
        Ok(Vault { keys: self.keys, random: self.random, fingerprints })
    }
}

impl<F> Vault<F> {
    /// Seals `secret` for `owner`, the id of what it belongs to: `tenant:agent:a1`, `item:itm_…`.
    ///
    /// # Panics
    /// When `secret` is longer than 256 GiB, which no upload is.
    pub fn seal(&self, owner: &str, secret: &[u8]) -> Sealed {
        let key = &self.keys[0];
        let mut nonce = [0; NONCE_BYTES];
        self.random.fill(&mut nonce);
        let aad = associated_data(key.id(), owner);
        let ciphertext = cipher(key)
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: secret, aad: &aad })
            .expect("a payload under 256 GiB can be sealed");
        let body = URL_SAFE_NO_PAD.encode([nonce.as_slice(), &ciphertext].concat());
        Sealed::from_text(format!("{VERSION}.{}.{body}", key.id()))
    }

    /// Opens what was sealed for `owner`.
    ///
    /// # Errors
    /// When its key is gone, or it is not what was sealed for this owner.
    pub fn open(&self, owner: &str, sealed: &Sealed) -> Result<SecretBytes, OpenError> {
        let (key_id, bytes) = parts(sealed).ok_or(OpenError::Malformed)?;
        let key = self
            .keys
            .iter()
            .find(|key| key.id() == key_id)
            .ok_or_else(|| OpenError::UnknownKey(key_id.to_owned()))?;
        let (nonce, ciphertext) =
            bytes.split_at_checked(NONCE_BYTES).ok_or(OpenError::Malformed)?;
        let aad = associated_data(key.id(), owner);
        cipher(key)
            .decrypt(XNonce::from_slice(nonce), Payload { msg: ciphertext, aad: &aad })
            .map(SecretBytes::new)
            .map_err(|_| OpenError::Tampered)
    }

    /// Whether `sealed` is under the key that seals now; rotation seals the others again.
    pub fn is_current(&self, sealed: &Sealed) -> bool {
        parts(sealed).is_some_and(|(key_id, _)| key_id == self.keys[0].id())
    }
}

impl Vault {
    /// The fingerprint of `bytes`; equal contents of different `domain`s do not match.
    ///
    /// # Panics
    /// Never: HMAC takes a key of any length.
    pub fn fingerprint(&self, domain: &str, bytes: &[u8]) -> Fingerprint {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(self.fingerprints.0.as_slice())
            .expect("HMAC takes a key of any length");
        // The length keeps (domain, bytes) apart from every other split of the same bytes.
        mac.update(&u64::try_from(domain.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(domain.as_bytes());
        mac.update(bytes);
        let digest: [u8; 32] = mac.finalize().into_bytes().into();
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        Fingerprint::new(first)
    }
}

/// The key id and the bytes of a sealed value; nothing when it is not of this version's form.
fn parts(sealed: &Sealed) -> Option<(&str, Vec<u8>)> {
    let rest = sealed.text().strip_prefix(VERSION)?.strip_prefix('.')?;
    let (key_id, body) = rest.split_once('.').filter(|(key_id, _)| is_key_id(key_id))?;
    Some((key_id, URL_SAFE_NO_PAD.decode(body).ok()?))
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes().into())
}

/// A key id has no zero byte, so the split between id and owner is never ambiguous.
fn associated_data(key_id: &str, owner: &str) -> Vec<u8> {
    ["shopfleet v1", key_id, owner].join("\0").into_bytes()
}

impl<F> fmt::Debug for Vault<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("keys", &self.keys).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;
    use std::sync::Arc;

    fn keys(seeds: &[u64]) -> Vec<Key> {
        seeds.iter().map(|seed| Key::generate(&SeededRandom::new(*seed))).collect()
    }

    fn vault(seeds: &[u64]) -> Vault<NoFingerprints> {
        Vault::new(keys(seeds), Arc::new(SeededRandom::new(100 + seeds[0])))
            .expect("the keys differ")
    }

    #[test]
    fn what_is_sealed_opens_for_its_owner_also_after_a_new_first_key() {
        let old = vault(&[1]);
        let sealed = old.seal("item:itm_1", b"LICENCE-1");
        let rotated = vault(&[2, 1]);
        assert_eq!(rotated.open("item:itm_1", &sealed).unwrap().expose(), b"LICENCE-1");
        assert!(old.is_current(&sealed));
        assert!(!rotated.is_current(&sealed));
        assert_ne!(sealed, old.seal("item:itm_1", b"LICENCE-1"), "the nonce is fresh each time");
    }

    #[test]
    fn every_change_is_noticed() {
        let vault = vault(&[1, 2]);
        let sealed = vault.seal("item:itm_1", b"LICENCE-1");
        let (key_id, bytes) = parts(&sealed).unwrap();
        let check = |owner: &str, key_id: &str, bytes: &[u8], error: OpenError| {
            let changed = format!("v1.{key_id}.{}", URL_SAFE_NO_PAD.encode(bytes));
            assert_eq!(vault.open(owner, &Sealed::from_text(changed)).unwrap_err(), error);
        };
        check("item:itm_2", key_id, &bytes, OpenError::Tampered);
        for i in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[i] ^= 1;
            check("item:itm_1", key_id, &changed, OpenError::Tampered);
        }
        check("item:itm_1", vault.keys[1].id(), &bytes, OpenError::Tampered);
        check("item:itm_1", "gone", &bytes, OpenError::UnknownKey("gone".into()));
        check("item:itm_1", key_id, &bytes[..NONCE_BYTES], OpenError::Tampered);
        check("item:itm_1", key_id, &bytes[..NONCE_BYTES - 1], OpenError::Malformed);
    }

    #[test]
    fn other_texts_are_malformed() {
        let vault = vault(&[1]);
        let id = vault.keys[0].id();
        let not_base64 = format!("v1.{id}.A");
        let padded = format!("v1.{id}.AA==");
        let other_version = format!("v2.{id}.AA");
        for text in ["", "v1", "v1.k", "v1..AA", "v1.K.AA", &not_base64, &padded, &other_version] {
            let refused = vault.open("item:itm_1", &Sealed::from_text(text)).unwrap_err();
            assert_eq!(refused, OpenError::Malformed, "{text}");
        }
    }

    #[test]
    fn fingerprints_depend_on_domain_content_and_key_but_not_on_the_vault_keys() {
        let sealed_key = vault(&[1]).new_fingerprint_key();
        let before = vault(&[1]).with_fingerprint_key(&sealed_key).unwrap();
        let rotated = vault(&[2, 1]).with_fingerprint_key(&sealed_key).unwrap();
        let print = before.fingerprint("item", b"abc");
        assert_eq!(print, rotated.fingerprint("item", b"abc"));
        assert_ne!(print, before.fingerprint("token", b"abc"));
        assert_ne!(print, before.fingerprint("ite", b"mabc"));
        let other_key = vault(&[3]).new_fingerprint_key();
        let other = vault(&[3]).with_fingerprint_key(&other_key).unwrap();
        assert_ne!(print, other.fingerprint("item", b"abc"));
    }

    #[test]
    fn only_a_fingerprint_key_is_taken_for_one() {
        let goods = vault(&[1]).seal("item:itm_1", &[0; KEY_BYTES]);
        let refused = vault(&[1]).with_fingerprint_key(&goods).expect_err("other owner");
        assert_eq!(refused, OpenError::Tampered);
        let short = vault(&[1]).seal(FINGERPRINT_OWNER, b"short");
        let refused = vault(&[1]).with_fingerprint_key(&short).expect_err("wrong length");
        assert_eq!(refused, OpenError::Malformed);
    }

    #[test]
    fn no_keys_and_twin_ids_are_refused() {
        let build = |keys| Vault::new(keys, Arc::new(SeededRandom::new(9))).err();
        assert_eq!(build(Vec::new()), Some(VaultError::NoKeys));
        let twins = keys(&[1, 1]);
        let id = twins[0].id().to_owned();
        assert_eq!(build(twins), Some(VaultError::SameId(id)));
    }

    #[test]
    fn debug_shows_ids_only() {
        let vault = vault(&[1]);
        assert_eq!(
            format!("{vault:?}"),
            format!("Vault {{ keys: [Key({}, …)], .. }}", vault.keys[0].id())
        );
    }
}
