//! One sealed value: committing AES-256-GCM under a key made for this message alone, bound to its place.
//!
//! `0xC1 | suite 0x01 | u32 data-key version | salt[16] | commitment[16] | ciphertext | tag[16]`

use crate::framing::Frame;
use crate::kdf::{aes_256_gcm, hkdf};
use crate::keys::DataKey;
use crate::secret::IntegrityError;
use crate::sure;
use ring::aead::{Aad, LessSafeKey, Nonce};
use subtle::ConstantTimeEq;
use uuid::Uuid;
use zeroize::Zeroizing;

const MAGIC: u8 = 0xC1;
const SUITE: u8 = 0x01;
const HEADER: usize = 38;
const TAG: usize = 16;
/// By how many bytes a sealed value is longer than its plaintext.
pub const OVERHEAD: usize = HEADER + TAG;
/// The longest plaintext a caller may hand to [`seal`], 64 KiB. Callers cap; longer content goes in chunks.
pub const MAX_PLAINTEXT: usize = 64 * 1024;

/// Where a value stands. A sealed value opens in its own place only.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The organisation it belongs to.
    pub organization: Uuid,
    /// The customer whose data key seals it, or the organisation's id for the organisation's own values.
    pub customer: Uuid,
    /// The record type's key in the catalog.
    pub record_type: &'a str,
    /// The record it is a field of.
    pub record: Uuid,
    /// The field's key in the catalog.
    pub field: &'a str,
    /// The version of this field's value: an older value put back does not open.
    pub field_version: u32,
}

/// Seals a value of at most [`MAX_PLAINTEXT`] bytes; `salt` must be random and used for this value alone.
pub fn seal(key: &DataKey, place: &Place<'_>, plaintext: &[u8], salt: [u8; 16]) -> Vec<u8> {
    let mut out = Vec::with_capacity(plaintext.len() + OVERHEAD);
    seal_into(key, place, plaintext, salt, &mut out);
    out
}

/// Like [`seal`], appending to `out`, which grows by the plaintext and [`OVERHEAD`].
pub fn seal_into(key: &DataKey, place: &Place<'_>, plaintext: &[u8], salt: [u8; 16], out: &mut Vec<u8>) {
    let once = MessageKey::derive(key, &salt);
    out.reserve(plaintext.len() + OVERHEAD);
    let start = out.len();
    out.extend_from_slice(&[MAGIC, SUITE]);
    out.extend_from_slice(&key.version().to_be_bytes());
    out.extend_from_slice(&salt);
    out.extend_from_slice(&once.commitment);
    let aad = associated(out.split_at(start).1, place);
    out.extend_from_slice(plaintext);
    let (_, body) = out.split_at_mut(start + HEADER);
    let tag = sure(once.key.seal_in_place_separate_tag(once.nonce, Aad::from(aad.bytes()), body));
    out.extend_from_slice(tag.as_ref());
}

/// Opens a value that was sealed under this key, for this very place.
pub fn open(key: &DataKey, place: &Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, IntegrityError> {
    if sealed.len() < OVERHEAD || sealed_version(sealed)? != key.version() {
        return Err(IntegrityError);
    }
    let (header, body) = sealed.split_first_chunk::<HEADER>().ok_or(IntegrityError)?;
    let (_, salted) = header.split_at(6);
    let (salt, commitment) = salted.split_at(16);
    let once = MessageKey::derive(key, salt);
    // AES-GCM alone would open one ciphertext under two keys; the commitment, tested first, does not.
    if !bool::from(once.commitment.ct_eq(commitment)) {
        return Err(IntegrityError);
    }
    let aad = associated(header, place);
    let mut plaintext = Zeroizing::new(body.to_vec());
    let length =
        once.key.open_in_place(once.nonce, Aad::from(aad.bytes()), &mut plaintext).map_err(|_| IntegrityError)?.len();
    plaintext.truncate(length);
    Ok(plaintext)
}

/// The version of the data key that a sealed value names. Unauthenticated until that key has opened it.
pub fn sealed_version(sealed: &[u8]) -> Result<u32, IntegrityError> {
    match sealed {
        [MAGIC, SUITE, a, b, c, d, ..] => Ok(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => Err(IntegrityError),
    }
}

/// What HKDF makes of a data key and one salt: used for one message, then dropped.
struct MessageKey {
    key: LessSafeKey,
    nonce: Nonce,
    commitment: [u8; 16],
}

impl MessageKey {
    fn derive(key: &DataKey, salt: &[u8]) -> Self {
        let info: [&[u8]; 3] = [b"cdsp/field/1", &[SUITE], &key.version().to_be_bytes()];
        let okm = hkdf::<60>(key.bytes(), salt, &info);
        let (secret, rest) = okm.split_at(32);
        let (nonce, commitment) = rest.split_at(12);
        Self {
            key: aes_256_gcm(secret),
            nonce: sure(Nonce::try_assume_unique_for_key(nonce)),
            commitment: sure(commitment.try_into()),
        }
    }
}

fn associated(header: &[u8], place: &Place<'_>) -> Frame {
    let mut frame = Frame::new();
    frame.raw(header);
    frame.part(place.organization.as_bytes());
    frame.part(place.customer.as_bytes());
    frame.part(place.record_type.as_bytes());
    frame.part(place.record.as_bytes());
    frame.part(place.field.as_bytes());
    frame.part(&place.field_version.to_be_bytes());
    frame
}

#[cfg(test)]
#[path = "sealed_tests.rs"]
mod tests;
