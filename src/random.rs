//! The Random port: where every random byte comes from.
//!
//! Ids, nonces and keys are drawn here and handed to the pure core as arguments (DESIGN.md, law
//! 11). [`OsRandom`] asks the operating system; [`SeededRandom`] repeats itself from a seed, so that
//! a simulation draws the same ids each time.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::sync::{Arc, Mutex, PoisonError};

/// Digits and lower-case letters without `i`, `l`, `o` and `u`: nothing to misread, 5 bits each.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A source of random bytes.
pub trait Random: Send + Sync + 'static {
    /// Fills `bytes` completely.
    fn fill(&self, bytes: &mut [u8]);
}

/// The source as everybody holds it.
pub type SharedRandom = Arc<dyn Random>;

/// `prefix` followed by `chars` random characters of 5 bits each: `token(&random, "ord_", 16)`.
pub fn token(random: &dyn Random, prefix: &str, chars: usize) -> String {
    let mut bytes = vec![0_u8; chars];
    random.fill(&mut bytes);
    let letters = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    prefix.chars().chain(letters).collect()
}

/// The operating system's source.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    /// # Panics
    /// When the operating system has no randomness to give: no key made after that could be trusted.
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes once it has booted");
    }
}

/// A repeatable source for simulations and tests; never for keys that protect anything.
#[derive(Debug)]
pub struct SeededRandom(Mutex<ChaCha20Rng>);

impl SeededRandom {
    /// The same `seed` draws the same bytes in the same order.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha20Rng::seed_from_u64(seed)))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // The generator is whole between two calls, so a panic elsewhere has not broken it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_another_differs() {
        let draw = |seed| token(&SeededRandom::new(seed), "ord_", 24);
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert_ne!(token(&OsRandom, "", 24), token(&OsRandom, "", 24));
    }

    #[test]
    fn tokens_use_every_letter_of_the_alphabet_and_no_other() {
        let drawn = token(&SeededRandom::new(1), "", 4096);
        let letters: std::collections::BTreeSet<u8> = drawn.bytes().collect();
        assert_eq!(letters, ALPHABET.iter().copied().collect());
    }
}
