//! Ed25519 signatures (RFC 8032) for tokens, receipts, certificates and the audit log.

use crate::mac::{fixed, sha256};
use crate::rng::Randomness;
use crate::secret::IntegrityError;
use crate::sure;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use zeroize::Zeroizing;

/// An Ed25519 key pair.
pub struct SigningKey {
    seed: Zeroizing<[u8; 32]>,
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// A fresh key, and its 32-byte seed to be wrapped and stored.
    pub fn generate(rng: &dyn Randomness) -> (Self, Zeroizing<Vec<u8>>) {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill(seed.as_mut_slice());
        let stored = Zeroizing::new(seed.to_vec());
        (Self::from_seed(seed), stored)
    }

    /// The key of a stored seed; anything but 32 bytes is refused.
    pub fn from_secret(seed: &[u8]) -> Result<Self, IntegrityError> {
        seed.try_into().map(|seed| Self::from_seed(Zeroizing::new(seed))).map_err(|_| IntegrityError)
    }

    fn from_seed(seed: Zeroizing<[u8; 32]>) -> Self {
        let pair = sure(Ed25519KeyPair::from_seed_unchecked(seed.as_slice()));
        Self { seed, pair }
    }

    /// The 32-byte public key.
    pub fn public(&self) -> [u8; 32] {
        fixed(self.pair.public_key().as_ref())
    }

    /// The 64-byte signature; the same message always gives the same one.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        sure(self.pair.sign(message).as_ref().try_into())
    }

    /// The key's RFC 7638 thumbprint, base64url of SHA-256: 43 characters.
    pub fn key_id(&self) -> String {
        key_id(&self.public())
    }

    pub(crate) fn seed(&self) -> &[u8; 32] {
        &self.seed
    }
}

/// The RFC 7638 thumbprint of a public key, as [`SigningKey::key_id`] gives it.
pub fn key_id(public: &[u8; 32]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public);
    // RFC 8037, section 2: the members crv, kty and x, in that order, without spaces.
    let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(sha256(jwk.as_bytes()))
}

/// Whether `signature` is by the holder of `public` over `message`; wrong sizes are a no.
pub fn verify(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public).verify(message, signature).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use crate::rng::SeededRandomness;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    fn rfc_8032_key(seed: &str) -> SigningKey {
        SigningKey::from_secret(&bytes(seed)).ok().unwrap()
    }

    #[test]
    fn rfc_8032_test_1_and_3() {
        for (seed, public, message, signature) in [
            (
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            ),
            (
                "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
                "af82",
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
            ),
        ] {
            let key = rfc_8032_key(seed);
            assert_eq!(key.public().to_vec(), bytes(public));
            assert_eq!(key.sign(&bytes(message)).to_vec(), bytes(signature));
            assert!(verify(&bytes(public), &bytes(message), &bytes(signature)));
        }
    }

    #[test]
    fn rfc_8037_thumbprint() {
        let key = rfc_8032_key("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        assert_eq!(key.key_id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn stored_seed_gives_the_key_back() {
        let (key, stored) = SigningKey::generate(&SeededRandomness::new(4));
        assert_eq!(SigningKey::from_secret(&stored).ok().unwrap().public(), key.public());
        assert!(SigningKey::from_secret(&stored[..31]).is_err());
        assert!(SigningKey::from_secret(b"").is_err());
    }

    #[test]
    fn refuses_altered_signature_message_key_and_sizes() {
        let (key, _) = SigningKey::generate(&SeededRandomness::new(4));
        let (public, signature) = (key.public(), key.sign(b"message"));
        assert!(verify(&public, b"message", &signature));
        assert!(!verify(&public, b"messagE", &signature));
        assert!(!verify(&SigningKey::generate(&SeededRandomness::new(5)).0.public(), b"message", &signature));
        assert!(!verify(&public[..31], b"message", &signature));
        assert!(!verify(&public, b"message", &signature[..63]));
        for at in 0..64 {
            let mut altered = signature;
            altered[at] ^= 1;
            assert!(!verify(&public, b"message", &altered), "byte {at}");
        }
    }
}
