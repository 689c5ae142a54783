//! Which key makes, and which are taken, at which moment.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use custodian_crypto::{Secret32, SeededRandomness, jws};

use super::*;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

fn root() -> RootKey {
    RootKey::from_bytes(Secret32::from_bytes([7; 32]), 1)
}

/// A key that signs from a second on, and is taken until another.
fn key(seed: u64, signs_from: i64, retired_at: Option<i64>) -> TokenKey {
    let (key, _) = SigningKey::generate(&SeededRandomness::new(seed));
    TokenKey { id: key.key_id(), key, signs_from: at(signs_from), retired_at: retired_at.map(at), compromised: false }
}

/// The first, until 110, and the second, made at 0 and signing from 10 on.
fn keys() -> TokenKeys {
    TokenKeys(vec![key(1, -1000, Some(110)), key(2, 10, None)])
}

#[test]
fn a_new_key_is_taken_before_it_makes_and_an_old_one_after() {
    let keys = keys();
    let (old, new) = (keys.0[0].id.clone(), keys.0[1].id.clone());
    for (second, makes, taken) in [
        (0, 0, [true, true]),
        (9, 0, [true, true]),
        (10, 1, [true, true]),
        (109, 1, [true, true]),
        (110, 1, [false, true]),
    ] {
        assert_eq!(keys.present(at(second)), makes, "at {second}");
        let known = [&old, &new].map(|id| keys.public(id, at(second)).is_some());
        assert_eq!(known, taken, "at {second}");
    }
    assert_eq!(keys.public("another", at(0)), None);
}

#[test]
fn a_secret_of_the_old_key_is_known_until_the_old_key_is_retired() {
    let (keys, root) = (keys(), root());
    let stored = keys.macs(&root, "refresh-pepper/1", at(0)).digest("cr_a");
    for (second, known) in [(0, true), (10, true), (109, true), (110, false)] {
        assert_eq!(keys.macs(&root, "refresh-pepper/1", at(second)).verify(b"cr_a", &stored), known, "at {second}");
    }
    let later = keys.macs(&root, "refresh-pepper/1", at(10)).digest("cr_a");
    assert_ne!(stored, later, "another key makes another MAC");
    assert!(keys.macs(&root, "refresh-pepper/1", at(0)).verify(b"cr_a", &later), "an instance that is behind knows it");
    assert!(!keys.macs(&root, "one-time-token/1", at(10)).verify(b"cr_a", &later), "each label has keys of its own");
}

#[test]
fn the_first_key_goes_on_with_what_was_made_before_keys_followed_one_another() {
    let before = MacKey::new(&root().derive("refresh-pepper/1", &[])).sign(b"cr_a");
    assert!(keys().macs(&root(), "refresh-pepper/1", at(0)).verify(b"cr_a", &before));
}

#[test]
fn what_a_retired_key_signed_verifies_and_what_a_compromised_one_did_does_not() {
    let mut keys = keys();
    let text = jws::sign(&keys.0[0].key, "link+jws", b"payload");
    assert_eq!(keys.open_signed(&text, "link+jws").as_deref(), Some(b"payload".as_slice()));
    assert_eq!(keys.open_signed(&text, "other+jws"), None);
    keys.0[0].compromised = true;
    assert_eq!(keys.open_signed(&text, "link+jws"), None);
    assert!(keys.jwks().contains(&keys.0[0].id), "receipts verify as before");
}
