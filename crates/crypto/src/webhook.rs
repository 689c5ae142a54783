//! Signatures of webhooks after Standard Webhooks 1.0.0: `v1` by HMAC-SHA-256, `v1a` by Ed25519, over `{id}.{timestamp}.{body}`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use zeroize::Zeroizing;

use crate::secret::IntegrityError;
use crate::signing::{SigningKey, verify as verify_ed25519};

/// How a webhook signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `v1`: one secret that both sides know.
    Hmac,
    /// `v1a`: a key pair; the receiver knows the public half alone.
    Ed25519,
}

/// The secret of a webhook: 24 to 64 bytes for HMAC, the seed of 32 bytes for Ed25519.
pub struct WebhookSecret {
    scheme: Scheme,
    bytes: Zeroizing<Vec<u8>>,
}

impl WebhookSecret {
    /// Takes bytes as they are stored; a length that the scheme does not know is refused.
    pub fn new(scheme: Scheme, bytes: &[u8]) -> Result<Self, IntegrityError> {
        let fits = match scheme {
            Scheme::Hmac => (24..=64).contains(&bytes.len()),
            Scheme::Ed25519 => bytes.len() == 32,
        };
        if fits { Ok(Self { scheme, bytes: Zeroizing::new(bytes.to_vec()) }) } else { Err(IntegrityError) }
    }

    /// What the receiver is given: `whsec_` with the secret, or `whpk_` with the public key.
    pub fn for_receiver(&self) -> Zeroizing<String> {
        Zeroizing::new(match self.scheme {
            Scheme::Hmac => format!("whsec_{}", STANDARD.encode(self.bytes.as_slice())),
            Scheme::Ed25519 => format!("whpk_{}", STANDARD.encode(self.pair().public())),
        })
    }

    /// One signature as it stands in `webhook-signature`, with its version before it.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let message = message(id, timestamp, body);
        match self.scheme {
            Scheme::Hmac => format!("v1,{}", STANDARD.encode(hmac::sign(&self.mac(), &message).as_ref())),
            Scheme::Ed25519 => format!("v1a,{}", STANDARD.encode(self.pair().sign(&message))),
        }
    }

    /// Whether any of the signatures of a `webhook-signature` header (with spaces between) is by this secret. The caller holds the timestamp against
    /// its own clock.
    pub fn verifies(&self, id: &str, timestamp: i64, body: &[u8], header: &str) -> bool {
        let message = message(id, timestamp, body);
        header.split(' ').filter_map(|one| one.split_once(',')).any(|(version, signature)| {
            let Ok(signature) = STANDARD.decode(signature) else { return false };
            match (self.scheme, version) {
                (Scheme::Hmac, "v1") => hmac::verify(&self.mac(), &message, &signature).is_ok(),
                (Scheme::Ed25519, "v1a") => verify_ed25519(&self.pair().public(), &message, &signature),
                _ => false,
            }
        })
    }

    fn mac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.bytes)
    }

    fn pair(&self) -> SigningKey {
        crate::sure(SigningKey::from_secret(&self.bytes))
    }
}

fn message(id: &str, timestamp: i64, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", timestamp.to_string().as_bytes(), b".", body].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn hmac_of(secret: &str) -> WebhookSecret {
        let bytes = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        WebhookSecret::new(Scheme::Hmac, &bytes).ok().unwrap()
    }

    const COUNTED: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const BODY: &[u8] = br#"{"type":"dsr.completed","timestamp":"2026-11-22T00:00:00Z","data":{"id":"01980000-0000-7000-8000-000000000001"}}"#;
    const SIGNED: &str = "v1,I5D6Q4nXC55M5Y3/FAulLA74jAiMGVBL6n5LiJvqkaU=";
    const SIGNED_BY_KEY: &str =
        "v1a,btJvMKZzNtLo/BkPoIuDYLvJRgjt07SmoOh6AG77gr4hqWakL+DIJvoKZ0CjENMVx2ncIstxur5Lw49Lw8XiBA==";

    #[test]
    fn the_vector_of_the_specification() {
        let secret = hmac_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signed = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(secret.for_receiver().as_str(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }

    #[test]
    fn a_second_vector_for_both_kinds_of_signature() {
        assert_eq!(hmac_of(COUNTED).sign("msg_01", 1_795_305_600, BODY), SIGNED);
        let seed: Vec<u8> = (0..32).collect();
        let pair = WebhookSecret::new(Scheme::Ed25519, &seed).ok().unwrap();
        assert_eq!(pair.for_receiver().as_str(), "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=");
        assert_eq!(pair.sign("msg_01", 1_795_305_600, BODY), SIGNED_BY_KEY);
        assert!(pair.verifies("msg_01", 1_795_305_600, BODY, SIGNED_BY_KEY));
        assert!(!pair.verifies("msg_01", 1_795_305_600, BODY, SIGNED), "a signature of the other kind is none");
    }

    #[test]
    fn one_of_several_signatures_is_enough_and_anything_changed_is_none() {
        let secret = hmac_of(COUNTED);
        let header = format!("v1,AAAA {SIGNED_BY_KEY} {SIGNED}");
        assert!(secret.verifies("msg_01", 1_795_305_600, BODY, &header));
        assert!(!secret.verifies("msg_02", 1_795_305_600, BODY, &header), "another id");
        assert!(!secret.verifies("msg_01", 1_795_305_601, BODY, &header), "another time");
        assert!(!secret.verifies("msg_01", 1_795_305_600, &BODY[1..], &header), "another body");
        let other = hmac_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        assert!(!other.verifies("msg_01", 1_795_305_600, BODY, &header), "another secret");
        for header in ["", "v1", "v1,", "v2,I5D6", SIGNED.strip_prefix("v1,").unwrap()] {
            assert!(!secret.verifies("msg_01", 1_795_305_600, BODY, header), "{header}");
        }
    }

    #[test]
    fn secrets_of_another_length_are_refused() {
        for (scheme, length) in [(Scheme::Hmac, 23), (Scheme::Hmac, 65), (Scheme::Ed25519, 31), (Scheme::Ed25519, 33)] {
            assert!(WebhookSecret::new(scheme, &vec![7; length]).is_err(), "{scheme:?} {length}");
        }
    }
}
