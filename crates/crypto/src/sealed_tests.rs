//! Tests of the sealed value: a known answer, worked out independently, and every kind of tampering.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;
use crate::rng::{Randomness, SeededRandomness};
use proptest::prelude::*;
use std::collections::HashSet;

const ORGANIZATION: Uuid = Uuid::from_u128(0x0198_7c3e_4f00_7000_8000_0000_0000_00a1);
const CUSTOMER: Uuid = Uuid::from_u128(0x0198_7c3e_4f00_7000_8000_0000_0000_00c2);
const RECORD: Uuid = Uuid::from_u128(0x0198_7c3e_4f00_7000_8000_0000_0000_00d3);
const SEALED: &str = "c10100000007a0a1a2a3a4a5a6a7a8a9aaabacadaeaf6fb108a14d9bd5fb521105615234abf7797ecabee6064c1dfb26e2817e921d9bba83f8da4679fa6fc17dff347708";
const PLAINTEXT: &[u8] = b"+8613800138000";

fn key() -> DataKey {
    DataKey::from_bytes(7, std::array::from_fn(|at| at as u8))
}

fn place() -> Place<'static> {
    Place {
        organization: ORGANIZATION,
        customer: CUSTOMER,
        record_type: "contact",
        record: RECORD,
        field: "phone",
        field_version: 3,
    }
}

fn known() -> Vec<u8> {
    seal(&key(), &place(), PLAINTEXT, std::array::from_fn(|at| 0xa0 + at as u8))
}

fn refused(sealed: &[u8]) -> bool {
    open(&key(), &place(), sealed) == Err(IntegrityError)
}

#[test]
fn known_answer() {
    let hex: String = known().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, SEALED);
    assert_eq!(open(&key(), &place(), &known()).unwrap().as_slice(), PLAINTEXT);
    assert_eq!(sealed_version(&known()), Ok(7));
}

#[test]
fn every_altered_bit_is_refused() {
    for at in 0..known().len() {
        for bit in 0..8 {
            let mut altered = known();
            altered[at] ^= 1 << bit;
            assert!(refused(&altered), "byte {at} bit {bit}");
        }
    }
}

#[test]
fn cut_extended_and_empty_are_refused() {
    for length in 0..known().len() {
        assert!(refused(&known()[..length]), "cut to {length}");
    }
    assert!(refused(&[known().as_slice(), &[0]].concat()));
    assert!(refused(&known()[1..]));
    assert!(refused(&[known(), known()].concat()));
}

#[test]
fn moved_to_another_place_is_refused() {
    let here = place();
    let elsewhere = [
        Place { organization: CUSTOMER, ..here },
        Place { customer: ORGANIZATION, ..here },
        Place { record_type: "contacts", ..here },
        Place { record: CUSTOMER, ..here },
        Place { field: "phon", ..here },
        Place { field_version: 2, ..here },
        Place { field_version: 4, ..here },
        Place { organization: CUSTOMER, customer: ORGANIZATION, ..here },
        Place { record_type: "", field: "", ..here },
    ];
    for (number, place) in elsewhere.iter().enumerate() {
        assert_eq!(open(&key(), place, &known()), Err(IntegrityError), "place {number}");
    }
}

#[test]
fn names_beyond_the_stack_frame_are_bound_too() {
    let long = "n".repeat(70_000);
    let longer = "n".repeat(70_001);
    for (name, other) in [(&long[..300], &long[..301]), (long.as_str(), longer.as_str())] {
        let sealed = seal(&key(), &Place { field: name, ..place() }, PLAINTEXT, [1; 16]);
        assert_eq!(open(&key(), &Place { field: name, ..place() }, &sealed).unwrap().as_slice(), PLAINTEXT);
        assert_eq!(open(&key(), &Place { field: other, ..place() }, &sealed), Err(IntegrityError));
    }
}

#[test]
fn another_key_or_key_version_is_refused() {
    assert_eq!(open(&DataKey::from_bytes(7, [1; 32]), &place(), &known()), Err(IntegrityError));
    let bytes = *key().bytes();
    assert_eq!(open(&DataKey::from_bytes(8, bytes), &place(), &known()), Err(IntegrityError));
    // The version written over so that it fits the other key's: the derived key and commitment differ.
    let mut renamed = known();
    renamed[2..6].copy_from_slice(&8u32.to_be_bytes());
    assert_eq!(open(&DataKey::from_bytes(8, bytes), &place(), &renamed), Err(IntegrityError));
}

#[test]
fn downgraded_header_is_refused() {
    for (magic, suite) in [(0xC1, 0x00), (0xC1, 0x02), (0xC2, 0x01), (0xC3, 0x01), (0x00, 0x01)] {
        let mut altered = known();
        (altered[0], altered[1]) = (magic, suite);
        assert!(refused(&altered), "{magic:x} {suite:x}");
        assert_eq!(sealed_version(&altered), Err(IntegrityError));
    }
    // Without its commitment, as a suite without one would look.
    let mut bare = known();
    bare.drain(22..38);
    assert!(refused(&bare));
}

#[test]
fn commitment_and_tag_each_refuse_alone() {
    let other = seal(&key(), &place(), PLAINTEXT, [0; 16]);
    let mut swapped = known();
    swapped[22..38].copy_from_slice(&other[22..38]);
    assert!(refused(&swapped), "commitment of another message");
    let mut swapped = known();
    let tag = swapped.len() - 16;
    swapped[tag..].copy_from_slice(&other[tag..]);
    assert!(refused(&swapped), "tag of another message");
}

#[test]
fn a_valid_ciphertext_under_a_wrong_commitment_is_refused() {
    // Made by a holder of the key: GCM itself would open it, so only the comparison can refuse.
    let forge = |commitment: [u8; 16]| {
        let once = MessageKey::derive(&key(), &[5; 16]);
        let mut forged = [&[MAGIC, SUITE, 0, 0, 0, 7][..], &[5; 16], &commitment].concat();
        let aad = associated(&forged, &place());
        let mut body = PLAINTEXT.to_vec();
        let tag = once.key.seal_in_place_separate_tag(once.nonce, Aad::from(aad.bytes()), &mut body).unwrap();
        forged.extend([&body, tag.as_ref()].concat());
        forged
    };
    let right = MessageKey::derive(&key(), &[5; 16]).commitment;
    assert_eq!(open(&key(), &place(), &forge(right)).unwrap().as_slice(), PLAINTEXT);
    for at in 0..16 {
        let mut wrong = right;
        wrong[at] ^= 1;
        assert!(refused(&forge(wrong)), "byte {at}");
    }
}

#[test]
fn appends_exactly_and_leaves_what_was_there() {
    let mut out = b"before".to_vec();
    out.reserve_exact(2 * (PLAINTEXT.len() + OVERHEAD));
    let capacity = out.capacity();
    seal_into(&key(), &place(), PLAINTEXT, [1; 16], &mut out);
    seal_into(&key(), &place(), b"", [2; 16], &mut out);
    assert_eq!(out.capacity(), capacity, "no allocation when there is room");
    let (before, rest) = out.split_at(6);
    let (first, second) = rest.split_at(PLAINTEXT.len() + OVERHEAD);
    assert_eq!(before, b"before");
    assert_eq!(first, seal(&key(), &place(), PLAINTEXT, [1; 16]));
    assert_eq!(second.len(), OVERHEAD);
    assert_eq!(open(&key(), &place(), second).unwrap().as_slice(), b"");
}

#[test]
fn a_hundred_thousand_seals_repeat_no_salt_key_or_nonce() {
    let rng = SeededRandomness::new(42);
    let (mut salts, mut nonces, mut ciphertexts) = (HashSet::new(), HashSet::new(), HashSet::new());
    for _ in 0..100_000 {
        let mut salt = [0; 16];
        rng.fill(&mut salt);
        let sealed = seal(&key(), &place(), PLAINTEXT, salt);
        assert!(salts.insert(sealed[6..22].to_vec()), "salt repeated");
        let nonce = *MessageKey::derive(&key(), &salt).nonce.as_ref();
        assert!(nonces.insert(nonce), "nonce repeated");
        assert!(ciphertexts.insert(sealed[22..].to_vec()), "ciphertext repeated");
    }
}

proptest! {
    #[test]
    fn opens_what_it_sealed(
        plaintext in proptest::collection::vec(any::<u8>(), 0..2_000),
        bytes in any::<[u8; 32]>(),
        version in any::<u32>(),
        salt in any::<[u8; 16]>(),
        ids in any::<[u128; 3]>(),
        names in ("\\PC{0,80}", "\\PC{0,80}"),
        field_version in any::<u32>(),
    ) {
        let [organization, customer, record] = ids.map(Uuid::from_u128);
        let key = DataKey::from_bytes(version, bytes);
        let place = Place { organization, customer, record_type: &names.0, record, field: &names.1, field_version };
        let sealed = seal(&key, &place, &plaintext, salt);
        prop_assert_eq!(sealed.len(), plaintext.len() + OVERHEAD);
        let opened = open(&key, &place, &sealed).unwrap();
        prop_assert_eq!(opened.as_slice(), plaintext.as_slice());
    }

    #[test]
    fn shifting_a_name_boundary_is_refused(name in "[a-z]{2,20}", at in 1usize..20) {
        let (left, right) = name.split_at(at.min(name.len() - 1));
        let sealed = seal(&key(), &Place { record_type: left, field: right, ..place() }, PLAINTEXT, [1; 16]);
        let whole = Place { record_type: &name, field: "", ..place() };
        prop_assert_eq!(open(&key(), &whole, &sealed), Err(IntegrityError));
    }

    #[test]
    fn garbage_never_opens_and_never_panics(garbage in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(refused(&garbage));
        prop_assert!(refused(&[&[0xC1, 0x01, 0, 0, 0, 7][..], &garbage].concat()));
    }
}
