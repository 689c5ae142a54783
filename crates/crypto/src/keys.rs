//! The key hierarchy: the root key wraps, a bucket key wraps data keys, a data key seals.

use crate::framing::Frame;
use crate::kdf::{aes_256_gcm, hkdf};
use crate::mac::fixed;
use crate::rng::Randomness;
use crate::secret::{IntegrityError, Secret32};
use crate::sure;
use ring::aead::{Aad, LessSafeKey, Nonce};
use ring::hmac;
use uuid::Uuid;
use zeroize::{Zeroize, Zeroizing};

const ROOT_MAGIC: u8 = 0xC3;
const DATA_KEY_MAGIC: u8 = 0xC2;
const SUITE: u8 = 0x01;
const ROOT_HEADER: usize = 6;
const TAG: usize = 16;
/// The bytes of one wrapped data key.
pub const WRAPPED_DATA_KEY: usize = 68;

/// The key outside the database. It wraps and derives; it never seals personal data.
pub struct RootKey {
    secret: Secret32,
    version: u32,
}

impl RootKey {
    /// `version` is written into everything the key wraps.
    pub fn from_bytes(secret: Secret32, version: u32) -> Self {
        Self { secret, version }
    }

    /// The version this key was made with.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// HMAC-SHA-256 of `kcv/1`: equal wherever the same root key is in use, and safe to store.
    pub fn check_value(&self) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.expose());
        fixed(hmac::sign(&key, b"kcv/1").as_ref())
    }

    /// A key for one use: HKDF-SHA-256 over the label and each context, length-prefixed.
    pub fn derive(&self, label: &str, context: &[&[u8]]) -> Secret32 {
        let mut info = Frame::new();
        info.part(b"cdsp/derive/1");
        info.part(label.as_bytes());
        context.iter().for_each(|part| info.part(part));
        Secret32::from_bytes(*hkdf::<32>(self.secret.expose(), b"", &[info.bytes()]))
    }

    /// Wraps a secret: `0xC3 | 0x01 | u32 version | nonce[12] | ciphertext | tag[16]`, 34 bytes longer than `secret`.
    ///
    /// It opens only under the same root key, purpose and context.
    pub fn wrap(&self, purpose: &str, context: &[&[u8]], secret: &[u8], rng: &dyn Randomness) -> Vec<u8> {
        let mut nonce = [0; 12];
        rng.fill(&mut nonce);
        let mut out = Vec::with_capacity(ROOT_HEADER + nonce.len() + secret.len() + TAG);
        out.extend_from_slice(&[ROOT_MAGIC, SUITE]);
        out.extend_from_slice(&self.version.to_be_bytes());
        let aad = wrap_data(&out, purpose, context);
        out.extend_from_slice(&nonce);
        let body = out.len();
        out.extend_from_slice(secret);
        let (_, plaintext) = out.split_at_mut(body);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let sealed = self.wrapping_key().seal_in_place_separate_tag(nonce, Aad::from(aad.bytes()), plaintext);
        out.extend_from_slice(sure(sealed).as_ref());
        out
    }

    /// Opens what [`RootKey::wrap`] made with the same version, purpose and context.
    pub fn unwrap(
        &self,
        purpose: &str,
        context: &[&[u8]],
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, IntegrityError> {
        if wrapping_root_version(wrapped)? != self.version {
            return Err(IntegrityError);
        }
        let (header, rest) = wrapped.split_at_checked(ROOT_HEADER).ok_or(IntegrityError)?;
        let (nonce, body) = rest.split_first_chunk::<12>().ok_or(IntegrityError)?;
        let aad = wrap_data(header, purpose, context);
        let mut plaintext = Zeroizing::new(body.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self
            .wrapping_key()
            .open_in_place(nonce, Aad::from(aad.bytes()), &mut plaintext)
            .map_err(|_| IntegrityError)?
            .len();
        plaintext.truncate(length);
        Ok(plaintext)
    }

    fn wrapping_key(&self) -> LessSafeKey {
        aes_256_gcm(self.derive("wrap/1", &[]).expose())
    }
}

/// The root key version that something was wrapped under, so that a rotation finds what is left on the old one.
pub fn wrapping_root_version(wrapped: &[u8]) -> Result<u32, IntegrityError> {
    match wrapped {
        [ROOT_MAGIC, SUITE, a, b, c, d, ..] => Ok(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => Err(IntegrityError),
    }
}

fn wrap_data(header: &[u8], purpose: &str, context: &[&[u8]]) -> Frame {
    let mut frame = Frame::new();
    frame.raw(header);
    frame.part(purpose.as_bytes());
    context.iter().for_each(|part| frame.part(part));
    frame
}

/// The prepared key of one organisation's bucket at one epoch. It may wrap 2^28 data keys.
pub struct BucketKey {
    organization: Uuid,
    bucket: u16,
    epoch: u32,
    key: LessSafeKey,
}

impl BucketKey {
    /// Prepares the key from its 32 random bytes in the key store.
    pub fn new(organization: Uuid, bucket: u16, epoch: u32, secret: &Secret32) -> Self {
        Self { organization, bucket, epoch, key: aes_256_gcm(secret.expose()) }
    }

    /// The bucket's number inside its organisation.
    pub fn bucket(&self) -> u16 {
        self.bucket
    }

    /// The epoch: each erasure in the bucket begins a new one.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Wraps the data key of `owner`, a customer or the organisation itself.
    ///
    /// `key_version` is the data key's own version; `nonce` must be random and used for this wrap alone.
    pub fn wrap_data_key(
        &self,
        owner: Uuid,
        key_version: u32,
        key: &DataKey,
        nonce: [u8; 12],
    ) -> [u8; WRAPPED_DATA_KEY] {
        let aad = self.associated(owner, key_version);
        let mut body = Zeroizing::new(key.bytes);
        let unique = Nonce::assume_unique_for_key(nonce);
        let tag = sure(self.key.seal_in_place_separate_tag(unique, Aad::from(aad.bytes()), body.as_mut_slice()));
        let mut out = [0; WRAPPED_DATA_KEY];
        let parts: [&[u8]; 6] = [
            &[DATA_KEY_MAGIC, SUITE],
            &self.bucket.to_be_bytes(),
            &self.epoch.to_be_bytes(),
            &nonce,
            body.as_slice(),
            tag.as_ref(),
        ];
        for (to, from) in out.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        out
    }

    /// Opens a data key that this very bucket and epoch wrapped for the same owner and version.
    pub fn unwrap_data_key(&self, owner: Uuid, key_version: u32, wrapped: &[u8]) -> Result<DataKey, IntegrityError> {
        let wrapped: &[u8; WRAPPED_DATA_KEY] = wrapped.try_into().map_err(|_| IntegrityError)?;
        if wrapped_header(wrapped)? != (self.bucket, self.epoch) {
            return Err(IntegrityError);
        }
        let (_, rest) = wrapped.split_at(8);
        let (nonce, body) = rest.split_first_chunk::<12>().ok_or(IntegrityError)?;
        let mut body: Zeroizing<[u8; 48]> = Zeroizing::new(body.try_into().map_err(|_| IntegrityError)?);
        let aad = self.associated(owner, key_version);
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened =
            self.key.open_in_place(nonce, Aad::from(aad.bytes()), body.as_mut_slice()).map_err(|_| IntegrityError)?;
        Ok(DataKey { version: key_version, bytes: (&*opened).try_into().map_err(|_| IntegrityError)? })
    }

    fn associated(&self, owner: Uuid, key_version: u32) -> Frame {
        let mut frame = Frame::new();
        frame.part(b"cdsp/dek/1");
        frame.part(self.organization.as_bytes());
        frame.part(owner.as_bytes());
        frame.part(&key_version.to_be_bytes());
        frame.part(&self.bucket.to_be_bytes());
        frame.part(&self.epoch.to_be_bytes());
        frame
    }
}

/// Tells which bucket key was destroyed, to whoever still holds it, and nothing of it to anybody: SHA-256 over its place and its bytes.
pub fn commitment(organization: Uuid, bucket: u16, epoch: u32, secret: &Secret32) -> [u8; 32] {
    let mut frame = Frame::new();
    frame.part(b"cdsp/destroyed/1");
    frame.part(organization.as_bytes());
    frame.part(&bucket.to_be_bytes());
    frame.part(&epoch.to_be_bytes());
    frame.part(secret.expose());
    crate::mac::sha256(frame.bytes())
}

/// The bucket and epoch whose key opens this wrapped data key. Unauthenticated until that key has opened it.
pub fn wrapped_header(wrapped: &[u8]) -> Result<(u16, u32), IntegrityError> {
    match wrapped {
        [DATA_KEY_MAGIC, SUITE, a, b, c, d, e, f, ..] if wrapped.len() == WRAPPED_DATA_KEY => {
            Ok((u16::from_be_bytes([*a, *b]), u32::from_be_bytes([*c, *d, *e, *f])))
        }
        _ => Err(IntegrityError),
    }
}

/// One customer's (or one organisation's) sealing key, wiped on drop. It may seal 2^24 values.
pub struct DataKey {
    version: u32,
    bytes: [u8; 32],
}

impl DataKey {
    /// `version` is written into every value the key seals.
    pub fn from_bytes(version: u32, bytes: [u8; 32]) -> Self {
        Self { version, bytes }
    }

    /// A fresh key.
    pub fn generate(version: u32, rng: &dyn Randomness) -> Self {
        let mut key = Self::from_bytes(version, [0; 32]);
        rng.fill(&mut key.bytes);
        key
    }

    /// The version this key was made with.
    pub fn version(&self) -> u32 {
        self.version
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

// Kept inline and not boxed: it is unwrapped for every request, and an allocation costs as much as the unwrap saves.
impl Drop for DataKey {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
