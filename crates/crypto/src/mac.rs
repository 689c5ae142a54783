//! HMAC-SHA-256 and SHA-256.

use crate::secret::Secret32;
use ring::{digest, hmac};

/// A prepared HMAC-SHA-256 key.
#[derive(Clone)]
pub struct MacKey(hmac::Key);

impl MacKey {
    /// Prepares the key; signing then costs no key set-up.
    pub fn new(secret: &Secret32) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.expose()))
    }

    /// The 32-byte MAC of `message`.
    pub fn sign(&self, message: &[u8]) -> [u8; 32] {
        fixed(hmac::sign(&self.0, message).as_ref())
    }

    /// Whether `mac` is the whole MAC of `message`, in constant time; a shortened MAC is refused.
    pub fn verify(&self, message: &[u8], mac: &[u8]) -> bool {
        hmac::verify(&self.0, message, mac).is_ok()
    }
}

/// The SHA-256 digest of `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    fixed(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// A SHA-256 digest that takes its bytes in pieces.
#[derive(Clone)]
pub struct Sha256Stream(digest::Context);

/// Begins a digest over bytes that come in pieces.
pub fn sha256_stream() -> Sha256Stream {
    Sha256Stream(digest::Context::new(&digest::SHA256))
}

impl Sha256Stream {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes added.
    pub fn finish(self) -> [u8; 32] {
        fixed(self.0.finish().as_ref())
    }
}

/// A SHA-256 sized output as an array.
pub(crate) fn fixed(bytes: &[u8]) -> [u8; 32] {
    crate::sure(bytes.try_into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn sha256_of_abc() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex(&sha256(b"abc")), expected);
    }

    #[test]
    fn pieces_give_the_digest_of_the_whole() {
        let mut stream = sha256_stream();
        b"abc".chunks(1).for_each(|piece| stream.update(piece));
        assert_eq!(stream.finish(), sha256(b"abc"));
    }

    #[test]
    fn rfc_4231_case_2_zero_padded_to_32_bytes() {
        // HMAC pads short keys with zeros, so the 4-byte key "Jefe" and its zero-padded form are one key.
        let mut key = [0; 32];
        for (to, from) in key.iter_mut().zip(b"Jefe") {
            *to = *from;
        }
        let mac = MacKey::new(&Secret32::from_bytes(key)).sign(b"what do ya want for nothing?");
        assert_eq!(hex(&mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn verifies_only_the_whole_mac_of_the_same_message_and_key() {
        let key = MacKey::new(&Secret32::from_bytes([1; 32]));
        let mac = key.sign(b"message");
        assert!(key.verify(b"message", &mac));
        assert!(!key.verify(b"messagE", &mac));
        assert!(!key.verify(b"message", mac.split_at(16).0));
        assert!(!key.verify(b"message", b""));
        assert!(!MacKey::new(&Secret32::from_bytes([2; 32])).verify(b"message", &mac));
    }
}
