//! A partner's own ids for people: a keyed, reversible permutation that needs no table.

use crate::secret::Secret32;
use aes::Aes256;
use aes::cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use uuid::Uuid;

/// One partner key's permutation of UUIDv7 ids onto UUIDv8 ids (RFC 9562).
///
/// Two partners cannot tell from their ids whether they mean the same person, nor when that person was registered.
pub struct PseudonymKey(Aes256);

impl PseudonymKey {
    /// Prepares the key schedule.
    pub fn new(key: &Secret32) -> Self {
        Self(Aes256::new(key.expose().into()))
    }

    /// The partner's id for a UUIDv7. Other ids lose their version and variant bits and come back v7-shaped.
    pub fn conceal(&self, id: Uuid) -> Uuid {
        walk(shaped(id, 8), |block| self.0.encrypt_block(block))
    }

    /// The id behind a pseudonym, v7-shaped; none when the pseudonym is not v8-shaped.
    ///
    /// Any v8-shaped id reveals something: the caller looks the result up before believing it.
    pub fn reveal(&self, pseudonym: Uuid) -> Option<Uuid> {
        is_v8(pseudonym.as_bytes()).then(|| shaped(walk(pseudonym, |block| self.0.decrypt_block(block)), 7))
    }
}

/// Cycle walking: a permutation of all blocks, repeated until it lands among the v8-shaped ones, permutes those.
///
/// One block in 64 is v8-shaped, so it takes 64 rounds on average; the cycle leads back to its start, so it ends.
fn walk(from: Uuid, step: impl Fn(&mut Block<Aes256>)) -> Uuid {
    let mut block: Block<Aes256> = from.into_bytes().into();
    loop {
        step(&mut block);
        let bytes: [u8; 16] = block.into();
        if is_v8(&bytes) {
            return Uuid::from_bytes(bytes);
        }
    }
}

fn is_v8(bytes: &[u8; 16]) -> bool {
    let [_, _, _, _, _, _, version, _, variant, ..] = bytes;
    version >> 4 == 8 && variant >> 6 == 0b10
}

fn shaped(id: Uuid, as_version: u8) -> Uuid {
    let mut bytes = id.into_bytes();
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = as_version << 4 | *version & 0x0F;
    *variant = 0x80 | *variant & 0x3F;
    Uuid::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn key(byte: u8) -> PseudonymKey {
        PseudonymKey::new(&Secret32::from_bytes([byte; 32]))
    }

    #[test]
    fn known_answer() {
        let id = Uuid::from_u128(0x0198_7c3e_4f00_7abc_8def_0123_4567_89ab);
        assert_eq!(key(5).conceal(id).to_string(), "17968e57-0a1e-8a1f-84a9-0c43b75ef209");
    }

    #[test]
    fn neighbours_have_distinct_pseudonyms_that_differ_per_key() {
        let ids = (0..5_000u128).map(|n| shaped(Uuid::from_u128(0x0198_7c3e_4f00_7000_8000_0000_0000_0000 + n), 7));
        let mut seen = HashSet::new();
        for id in ids {
            let (one, other) = (key(1).conceal(id), key(2).conceal(id));
            assert_ne!(one, other);
            assert!(seen.insert(one), "two people share a pseudonym");
        }
    }

    #[test]
    fn another_key_reveals_another_person() {
        let id = Uuid::from_u128(0x0198_7c3e_4f00_7abc_8def_0123_4567_89ab);
        assert_ne!(key(2).reveal(key(1).conceal(id)), Some(id));
    }

    proptest! {
        #[test]
        fn conceals_and_reveals(bits in any::<u128>(), byte in any::<u8>()) {
            let id = shaped(Uuid::from_u128(bits), 7);
            let pseudonym = key(byte).conceal(id);
            prop_assert_eq!(pseudonym.get_version_num(), 8);
            prop_assert_eq!(pseudonym.get_variant(), uuid::Variant::RFC4122);
            prop_assert_eq!(key(byte).reveal(pseudonym), Some(id));
        }

        #[test]
        fn every_v8_has_one_id_behind_it(bits in any::<u128>()) {
            let pseudonym = shaped(Uuid::from_u128(bits), 8);
            let id = key(3).reveal(pseudonym);
            prop_assert_eq!(id.map(|id| id.get_version_num()), Some(7));
            prop_assert_eq!(id.map(|id| key(3).conceal(id)), Some(pseudonym));
        }

        #[test]
        fn refuses_other_shapes(bits in any::<u128>()) {
            let id = Uuid::from_u128(bits);
            let v8 = id.get_version_num() == 8 && id.get_variant() == uuid::Variant::RFC4122;
            prop_assert_eq!(key(3).reveal(id).is_some(), v8);
            prop_assert_eq!(key(3).reveal(shaped(id, 7)), None);
        }
    }
}
