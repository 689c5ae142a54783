//! A 32-byte secret that wipes itself, and the one error of opening what was sealed.

use crate::rng::Randomness;
use std::fmt;
use zeroize::Zeroizing;

/// 32 secret bytes on the heap, wiped on drop. It cannot be cloned and prints as `[secret]`.
pub struct Secret32(Box<Zeroizing<[u8; 32]>>);

impl Secret32 {
    /// Takes the bytes over; the caller's own copy stays the caller's to wipe.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Box::new(Zeroizing::new(bytes)))
    }

    /// 32 fresh bytes, written straight into their place on the heap.
    pub fn generate(rng: &dyn Randomness) -> Self {
        let mut secret = Self::from_bytes([0; 32]);
        rng.fill(secret.0.as_mut_slice());
        secret
    }

    /// The bytes themselves, for handing to a primitive or a key store.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Secret32 {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[secret]")
    }
}

/// What was sealed or wrapped does not open: altered, cut, moved to another place, or under another key.
///
/// It says no more on purpose: a reason would tell a forger how far the forgery came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sealed value does not open")]
pub struct IntegrityError;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SeededRandomness;

    #[test]
    fn never_prints_its_bytes() {
        assert_eq!(format!("{:?}", Secret32::from_bytes([0xAB; 32])), "[secret]");
        assert_eq!(format!("{:#?}", Some(Secret32::from_bytes([0xAB; 32]))), "Some(\n    [secret],\n)");
    }

    #[test]
    fn generates_fresh_bytes() {
        let rng = SeededRandomness::new(3);
        assert_ne!(Secret32::generate(&rng).expose(), Secret32::generate(&rng).expose());
    }
}
