//! Secrets as types: a value that cannot be printed by accident (DESIGN.md, law 10).
//!
//! [`Secret`] has no `Display`, no `Serialize`, and a `Debug` that shows nothing; its memory is
//! wiped when it is dropped. Whoever needs the content says so with [`Secret::expose`], which is
//! easy to search for.

use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A secret text: a bot token, a key, an owner code.
#[derive(Clone)]
pub struct Secret(String);

/// Secret bytes: the goods a customer paid for, a file's content.
#[derive(Clone)]
pub struct SecretBytes(Vec<u8>);

impl Secret {
    /// Takes the text in; the caller's copy, if there is one, is the caller's to wipe.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The content, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl SecretBytes {
    /// Takes the bytes in.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The content, for the one call that needs it.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Length in bytes; how long goods are is not secret.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for Secret {
    /// Compares in constant time.
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(…)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        let token = Secret::new("123456:AAbbCC");
        assert_eq!(format!("{token:?}"), "Secret(…)");
        assert_eq!(format!("{:?}", SecretBytes::new(b"key".to_vec())), "SecretBytes(…)");
        assert_eq!(token, Secret::new("123456:AAbbCC"));
        assert_ne!(token, Secret::new("123456:AAbbCD"));
    }
}
