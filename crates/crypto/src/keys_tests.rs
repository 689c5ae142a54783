//! Tests of the key hierarchy: known answers, worked out independently, and every kind of tampering.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;
use crate::rng::SeededRandomness;
use crate::sealed::{Place, open, seal};
use proptest::prelude::*;
use std::collections::HashSet;

const ORGANIZATION: Uuid = Uuid::from_u128(0x0198_7c3e_4f00_7000_8000_0000_0000_00a1);
const CUSTOMER: Uuid = Uuid::from_u128(0x0198_7c3e_4f00_7000_8000_0000_0000_00c2);
const WRAPPED: &str = "c201010201020304b0b1b2b3b4b5b6b7b8b9babb36fb28449626ce093a0417f10f3093398622b0889e5d8226f85db543c93a13c064b76639330576ae6bda2d3df3c0c487";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn ascending<const N: usize>(from: u8) -> [u8; N] {
    std::array::from_fn(|at| from + at as u8)
}

fn root() -> RootKey {
    RootKey::from_bytes(Secret32::from_bytes(ascending(64)), 5)
}

fn bucket(organization: Uuid, number: u16, epoch: u32) -> BucketKey {
    BucketKey::new(organization, number, epoch, &Secret32::from_bytes(ascending(32)))
}

fn known_bucket() -> BucketKey {
    bucket(ORGANIZATION, 258, 0x0102_0304)
}

fn known_wrapped() -> [u8; WRAPPED_DATA_KEY] {
    known_bucket().wrap_data_key(CUSTOMER, 7, &DataKey::from_bytes(7, ascending(0)), ascending(0xb0))
}

#[test]
fn root_known_answers() {
    assert_eq!(hex(&root().check_value()), "f90ca92e84b65e999b797c7e9ae99ab15e57866a62e219c9fa85dcb8c604e145");
    let derived = root().derive("audit/mac", &[ORGANIZATION.as_bytes()]);
    assert_eq!(hex(derived.expose()), "5713283bf781f2cba58b0f4b99fcdb4350d95e93c056645068dff67d8d5bd4c1");
    let wrapped = root().wrap("signing", &[ORGANIZATION.as_bytes()], b"secret seed", &SeededRandomness::new(11));
    let expected = "c30100000005b5b9498a434b6390c47df7dd51b295b018107d0d3132217b8711916ed9f33c3c6ac46be0739297";
    assert_eq!(hex(&wrapped), expected);
}

#[test]
fn derived_keys_differ_by_root_label_context_and_boundary() {
    let other = RootKey::from_bytes(Secret32::from_bytes([1; 32]), 5);
    let all = [
        root().derive("a", &[]),
        root().derive("b", &[]),
        root().derive("a", &[b""]),
        root().derive("a", &[b"bc"]),
        root().derive("a", &[b"b", b"c"]),
        root().derive("ab", &[b"c"]),
        root().derive("a", &[b"b", b"c", b""]),
        other.derive("a", &[]),
        root().derive("wrap/1", &[]),
    ];
    let distinct: HashSet<_> = all.iter().map(|secret| *secret.expose()).collect();
    assert_eq!(distinct.len(), all.len());
    assert_eq!(root().derive("a", &[b"bc"]).expose(), all[3].expose());
}

#[test]
fn root_unwraps_only_under_the_same_version_key_purpose_and_context() {
    let rng = SeededRandomness::new(1);
    let wrapped = root().wrap("signing", &[b"org", b"1"], b"seed", &rng);
    assert_eq!(root().unwrap("signing", &[b"org", b"1"], &wrapped).unwrap().as_slice(), b"seed");
    assert_eq!(wrapping_root_version(&wrapped), Ok(5));
    assert_eq!(root().unwrap("index", &[b"org", b"1"], &wrapped), Err(IntegrityError));
    assert_eq!(root().unwrap("signing", &[b"org", b"2"], &wrapped), Err(IntegrityError));
    assert_eq!(root().unwrap("signing", &[b"org1"], &wrapped), Err(IntegrityError));
    assert_eq!(root().unwrap("signing", &[], &wrapped), Err(IntegrityError));
    let newer = RootKey::from_bytes(Secret32::from_bytes(ascending(64)), 6);
    assert_eq!(newer.unwrap("signing", &[b"org", b"1"], &wrapped), Err(IntegrityError));
    let other = RootKey::from_bytes(Secret32::from_bytes([1; 32]), 5);
    assert_eq!(other.unwrap("signing", &[b"org", b"1"], &wrapped), Err(IntegrityError));
}

#[test]
fn root_refuses_every_altered_byte_and_length() {
    let wrapped = root().wrap("p", &[], b"seed", &SeededRandomness::new(1));
    for at in 0..wrapped.len() {
        let mut altered = wrapped.clone();
        altered[at] ^= 1;
        assert_eq!(root().unwrap("p", &[], &altered), Err(IntegrityError), "byte {at}");
        assert_eq!(root().unwrap("p", &[], &wrapped[..at]), Err(IntegrityError), "cut at {at}");
    }
    assert_eq!(root().unwrap("p", &[], &[wrapped.as_slice(), &[0]].concat()), Err(IntegrityError));
}

#[test]
fn wrapped_data_key_known_answer() {
    assert_eq!(hex(&known_wrapped()), WRAPPED);
    assert_eq!(wrapped_header(&known_wrapped()), Ok((258, 0x0102_0304)));
    let key = known_bucket().unwrap_data_key(CUSTOMER, 7, &known_wrapped()).ok().unwrap();
    assert_eq!(key.bytes(), &ascending::<32>(0));
    assert_eq!(key.version(), 7);
}

#[test]
fn data_key_unwraps_only_in_its_place() {
    let wrapped = known_wrapped();
    assert!(known_bucket().unwrap_data_key(CUSTOMER, 8, &wrapped).is_err());
    assert!(known_bucket().unwrap_data_key(ORGANIZATION, 7, &wrapped).is_err());
    assert!(bucket(CUSTOMER, 258, 0x0102_0304).unwrap_data_key(CUSTOMER, 7, &wrapped).is_err());
    assert!(bucket(ORGANIZATION, 259, 0x0102_0304).unwrap_data_key(CUSTOMER, 7, &wrapped).is_err());
    assert!(bucket(ORGANIZATION, 258, 0x0102_0305).unwrap_data_key(CUSTOMER, 7, &wrapped).is_err());
    let other = BucketKey::new(ORGANIZATION, 258, 0x0102_0304, &Secret32::from_bytes([1; 32]));
    assert!(other.unwrap_data_key(CUSTOMER, 7, &wrapped).is_err());
}

#[test]
fn header_written_over_with_the_opener_s_own_is_refused() {
    // The same secret under two epochs: only the associated data can tell them apart.
    let mut moved = known_wrapped();
    moved[4..8].copy_from_slice(&9u32.to_be_bytes());
    assert!(bucket(ORGANIZATION, 258, 9).unwrap_data_key(CUSTOMER, 7, &moved).is_err());
    let mut moved = known_wrapped();
    moved[2..4].copy_from_slice(&9u16.to_be_bytes());
    assert!(bucket(ORGANIZATION, 9, 0x0102_0304).unwrap_data_key(CUSTOMER, 7, &moved).is_err());
}

#[test]
fn wrapped_data_key_refuses_every_altered_byte_and_length() {
    let wrapped = known_wrapped();
    for at in 0..wrapped.len() {
        let mut altered = wrapped;
        altered[at] ^= 0x80;
        assert!(known_bucket().unwrap_data_key(CUSTOMER, 7, &altered).is_err(), "byte {at}");
        assert!(known_bucket().unwrap_data_key(CUSTOMER, 7, &wrapped[..at]).is_err(), "cut at {at}");
        assert!(wrapped_header(&wrapped[..at]).is_err());
    }
    let longer = [wrapped.as_slice(), &[0]].concat();
    assert!(known_bucket().unwrap_data_key(CUSTOMER, 7, &longer).is_err());
    assert!(wrapped_header(&longer).is_err());
}

#[test]
fn rewrapping_keeps_what_the_key_sealed_readable() {
    let place = Place {
        organization: ORGANIZATION,
        customer: CUSTOMER,
        record_type: "customer",
        record: CUSTOMER,
        field: "name",
        field_version: 1,
    };
    let key = DataKey::generate(3, &SeededRandomness::new(9));
    let sealed = seal(&key, &place, b"value", [1; 16]);
    let old = bucket(ORGANIZATION, 1, 1);
    let moved = old.unwrap_data_key(CUSTOMER, 3, &old.wrap_data_key(CUSTOMER, 3, &key, [2; 12])).ok().unwrap();
    let new = BucketKey::new(ORGANIZATION, 1, 2, &Secret32::from_bytes([6; 32]));
    let wrapped = new.wrap_data_key(CUSTOMER, 3, &moved, [3; 12]);
    assert!(old.unwrap_data_key(CUSTOMER, 3, &wrapped).is_err());
    let key = new.unwrap_data_key(CUSTOMER, 3, &wrapped).ok().unwrap();
    assert_eq!(open(&key, &place, &sealed).unwrap().as_slice(), b"value");
}

proptest! {
    #[test]
    fn root_wraps_and_unwraps(secret in proptest::collection::vec(any::<u8>(), 0..300), seed in any::<u64>(), purpose in "\\PC{0,20}") {
        let wrapped = root().wrap(&purpose, &[&secret], &secret, &SeededRandomness::new(seed));
        prop_assert_eq!(wrapped.len(), secret.len() + 34);
        let opened = root().unwrap(&purpose, &[&secret], &wrapped).unwrap();
        prop_assert_eq!(opened.as_slice(), secret.as_slice());
    }

    #[test]
    fn bucket_wraps_and_unwraps(bytes in any::<[u8; 32]>(), nonce in any::<[u8; 12]>(), owner in any::<u128>(), version in any::<u32>(), number in any::<u16>(), epoch in any::<u32>()) {
        let (owner, key) = (Uuid::from_u128(owner), bucket(ORGANIZATION, number, epoch));
        let wrapped = key.wrap_data_key(owner, version, &DataKey::from_bytes(version, bytes), nonce);
        prop_assert_eq!(wrapped_header(&wrapped), Ok((number, epoch)));
        let opened = key.unwrap_data_key(owner, version, &wrapped).ok().unwrap();
        prop_assert_eq!(opened.bytes(), &bytes);
        prop_assert_eq!(opened.version(), version);
    }

    #[test]
    fn garbage_never_opens_and_never_panics(garbage in proptest::collection::vec(any::<u8>(), 0..120)) {
        prop_assert!(known_bucket().unwrap_data_key(CUSTOMER, 7, &garbage).is_err());
        prop_assert!(root().unwrap("p", &[], &garbage).is_err());
    }
}
