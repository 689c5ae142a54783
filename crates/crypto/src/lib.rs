//! Custodian's cryptography: bytes in, bytes out; it reads no clock, no file and no database.
//!
//! The byte formats are written down in `FORMATS.md` beside this crate and held by known answers in the tests.

pub mod authorities;
pub mod blind_index;
pub mod certificate;
pub mod checkpoint;
mod framing;
pub mod jws;
mod kdf;
pub mod keys;
pub mod mac;
pub mod merkle;
pub mod note;
pub mod opaque;
pub mod password;
pub mod pseudonym;
pub mod rng;
pub mod sealed;
pub mod secret;
pub mod signing;
pub mod token;
pub mod totp;
pub mod webhook;

pub use authorities::Authorities;
pub use blind_index::{FieldIndexKey, IndexKey};
pub use certificate::{Certificate, CertificateError, DocumentKey, DocumentSigner};
pub use keys::{BucketKey, DataKey, RootKey, wrapped_header};
pub use mac::{MacKey, Sha256Stream, sha256, sha256_stream};
pub use opaque::Opaque;
pub use password::PasswordCost;
pub use pseudonym::PseudonymKey;
pub use rng::{Randomness, SeededRandomness, SystemRandomness};
pub use sealed::{Place, open, seal, seal_into};
pub use secret::{IntegrityError, Secret32};
pub use signing::SigningKey;
pub use token::{Claims, Expect, TokenError};
pub use webhook::{Scheme, WebhookSecret};

/// The value of a call that fails only on sizes this crate never passes; stops loudly instead of going on without it.
pub(crate) fn sure<T, E>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(_) => unreachable!("a cryptographic primitive refused fixed, valid sizes"),
    }
}
