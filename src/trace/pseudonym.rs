//! Pseudonyms: what stands in a trace for a text of a person, an address or a transaction id.
//!
//! Whoever reads a trace must not learn the text, and the machines must not notice the difference: a
//! pseudonym passes the same checks, has the same length, and two are equal exactly when the texts
//! are. So white space, control characters and ASCII punctuation stay, and every other character is
//! exchanged for another of its kind. By how many places it is moved is a keyed digest of what stands
//! before it in its word, which makes the mapping one to one and lets it commute with trimming and
//! splitting. The key is drawn for one recording and written nowhere.

use crate::domain::words::{ADDRESS, TXID, WORDS};
use crate::random::Random;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

type HmacSha256 = Hmac<Sha256>;

/// Texts remembered with their pseudonyms; a shop says the same few names all day.
const REMEMBERED_MAX: usize = 4096;

/// Characters that may stand for one another, as ranges of code points. None is white space, a
/// control character or ASCII punctuation, and every other character is in exactly one of them.
const CLASSES: [&[(u32, u32)]; 6] = [
    &[(0x61, 0x7A)],
    &[(0x41, 0x5A)],
    &[(0x30, 0x39)],
    // Latin with accents, Greek, Cyrillic, Armenian.
    &[(0xC0, 0x58F)],
    // The common ideographs.
    &[(0x4E00, 0x9FFF)],
    &[
        (0xA1, 0xBF),
        (0x590, 0x167F),
        (0x1681, 0x1FFF),
        (0x200B, 0x2027),
        (0x202A, 0x202E),
        (0x2030, 0x205E),
        (0x2060, 0x2FFF),
        (0x3001, 0x4DFF),
        (0xA000, 0xD7FF),
        (0xE000, 0x10_FFFF),
    ],
];

/// The pseudonyms of one recording.
pub struct Pseudonyms {
    keyed: HmacSha256,
    remembered: RefCell<BTreeMap<(&'static str, String), String>>,
}

impl Pseudonyms {
    /// Draws a key.
    ///
    /// # Panics
    /// Never: HMAC takes keys of every length.
    pub fn new(random: &dyn Random) -> Self {
        let mut key = [0_u8; 32];
        random.fill(&mut key);
        let keyed = HmacSha256::new_from_slice(&key).expect("HMAC takes keys of every length");
        Self { keyed, remembered: RefCell::default() }
    }

    /// What stands for `text` where it is serialised under the name `kind`; none when that name
    /// says that the text is nobody's secret.
    pub fn of(&self, kind: &'static str, text: &str) -> Option<String> {
        let make: fn(&Self, &str) -> String = match kind {
            WORDS | TXID => Self::words,
            ADDRESS => Self::address,
            _ => return None,
        };
        let mut remembered = self.remembered.borrow_mut();
        let asked = (kind, text.to_owned());
        if let Some(known) = remembered.get(&asked) {
            return Some(known.clone());
        }
        if remembered.len() == REMEMBERED_MAX {
            remembered.clear();
        }
        let made = make(self, text);
        remembered.insert(asked, made.clone());
        Some(made)
    }

    /// Whether texts under this name are exchanged.
    pub fn covers(kind: &str) -> bool {
        matches!(kind, WORDS | TXID | ADDRESS)
    }

    fn words(&self, text: &str) -> String {
        let mut before = self.keyed.clone();
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            if c.is_whitespace() {
                before = self.keyed.clone();
                out.push(c);
                continue;
            }
            out.push(match place(c) {
                Some((class, index)) => moved(&before, class, index).unwrap_or(c),
                None => c,
            });
            before.update(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        out
    }

    /// A right address of the same network, made of nothing but the digest.
    fn address(&self, text: &str) -> String {
        /// First byte of every address of the TRON main network.
        const MAIN_NET: u8 = 0x41;
        let mut mac = self.keyed.clone();
        mac.update(ADDRESS.as_bytes());
        mac.update(text.as_bytes());
        let digest = mac.finalize().into_bytes();
        bs58::encode(&digest[..20]).with_check_version(MAIN_NET).into_string()
    }
}

impl fmt::Debug for Pseudonyms {
    /// Neither the key nor what is remembered.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms(…)")
    }
}

/// The class of a character and its place in it; none for what stays as it is.
fn place(c: char) -> Option<(usize, u64)> {
    let code = u32::from(c);
    CLASSES.iter().enumerate().find_map(|(class, ranges)| {
        let mut before = 0;
        for (first, last) in *ranges {
            if (*first..=*last).contains(&code) {
                return Some((class, before + u64::from(code - first)));
            }
            before += u64::from(last - first + 1);
        }
        None
    })
}

/// The character that stands for the one at `index`: another of its class, as what stands before
/// it says.
fn moved(before: &HmacSha256, class: usize, index: u64) -> Option<char> {
    let ranges = CLASSES[class];
    let size: u64 = ranges.iter().map(|(first, last)| u64::from(last - first + 1)).sum();
    // No character's UTF-8 has a byte 0xFF, so nobody's word ends in a class.
    let digest =
        before.clone().chain_update([0xFF, class.to_le_bytes()[0]]).finalize().into_bytes();
    let eight = digest.first_chunk::<8>()?;
    let mut to = (index + 1 + u64::from_le_bytes(*eight) % (size - 1)) % size;
    for (first, last) in ranges {
        let here = u64::from(last - first + 1);
        if to < here {
            return char::from_u32(first + u32::try_from(to).ok()?);
        }
        to -= here;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tenant::WalletAddress;
    use crate::domain::withdrawal::Txid;
    use crate::random::SeededRandom;
    use proptest::prelude::*;

    fn pseudonyms() -> Pseudonyms {
        Pseudonyms::new(&SeededRandom::new(5))
    }

    fn words(text: &str) -> String {
        pseudonyms().of(WORDS, text).expect("words are covered")
    }

    fn class(c: char) -> Option<usize> {
        place(c).map(|(class, _)| class)
    }

    #[test]
    fn every_character_has_one_class_or_stays() {
        for c in '\0'..=char::MAX {
            let stays = c.is_whitespace() || c.is_control() || c.is_ascii_punctuation();
            assert_eq!(class(c).is_none(), stays, "{c:?}");
            let code = u32::from(c);
            let holding = CLASSES.iter().flat_map(|ranges| ranges.iter());
            let holding = holding.filter(|(first, last)| (*first..=*last).contains(&code)).count();
            assert_eq!(holding, usize::from(!stays), "{c:?}");
        }
    }

    #[test]
    fn what_is_told_is_not_what_was_said() {
        let said = "Pay olivia <b>at</b> 5 o'clock, 奥利维亚!";
        let told = words(said);
        assert_eq!(told, words(said), "the same key");
        for word in ["Pay", "olivia", "at", "5", "clock", "奥", "利"] {
            assert!(!told.contains(word), "{told}");
        }
        assert_ne!(told, Pseudonyms::new(&SeededRandom::new(6)).of(WORDS, said).expect("words"));
        assert_eq!(pseudonyms().of("BatchNumber", said), None);
    }

    #[test]
    fn an_address_becomes_a_right_address() {
        let made = |text: &str| pseudonyms().of(ADDRESS, text).expect("addresses are covered");
        let said = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t";
        let told: WalletAddress = made(said).parse().expect("a right address");
        assert_eq!((told.text().len(), told.text() == said), (said.len(), false));
        assert_ne!(made(said), made("TJRabPrwbZy45sbavfcjinPJC18kjpRTv8"));
    }

    /// Texts with much in common, and with everything that can go wrong.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["[abAB01 é字\\.\n]{0,8}", "\\PC{0,12}", ".{0,12}"]
    }

    proptest! {
        #[test]
        fn equal_only_when_equal(a in text(), b in text()) {
            prop_assert_eq!(words(&a) == words(&b), a == b);
        }

        #[test]
        fn same_length_same_classes_no_character_kept(a in text()) {
            let told = words(&a);
            prop_assert_eq!(told.chars().count(), a.chars().count());
            for (told, said) in told.chars().zip(a.chars()) {
                prop_assert_eq!(class(told), class(said));
                prop_assert_eq!(told == said, class(said).is_none());
            }
        }

        #[test]
        fn trimming_and_splitting_commute(a in text()) {
            let told = words(&a);
            prop_assert_eq!(told.trim(), words(a.trim()));
            let (told, said) = (told.split_whitespace(), a.split_whitespace().map(words));
            prop_assert!(told.eq(said));
        }

        #[test]
        fn transaction_ids_stay_transaction_ids(a in "[a-z0-9_-]{8,100}") {
            let told = pseudonyms().of(TXID, &a).expect("transaction ids are covered");
            prop_assert_eq!(told.parse::<Txid>().map(|id| id.to_string()), Ok(told));
        }
    }
}
