//! Opaque secrets: refresh tokens, API keys and one-time links, of which only a digest is stored.

use crate::mac::MacKey;
use crate::rng::Randomness;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

/// A secret text, wiped on drop; it prints nothing and is shown to its owner once.
pub struct Opaque(Zeroizing<String>);

impl Opaque {
    /// The text to hand out.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// `prefix` as it stands, then 32 random bytes in base64url without padding: 43 characters.
pub fn generate(prefix: &str, rng: &dyn Randomness) -> Opaque {
    let mut bytes = Zeroizing::new([0; 32]);
    rng.fill(bytes.as_mut_slice());
    // Room for the whole text, so that growing leaves no copy behind.
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + 43));
    text.push_str(prefix);
    URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
    Opaque(text)
}

/// 80 random bits in base32, in four groups of four: to be written down and typed by people, such as a recovery code.
pub fn spoken(rng: &dyn Randomness) -> Opaque {
    let mut bytes = Zeroizing::new([0; 10]);
    rng.fill(bytes.as_mut_slice());
    let plain = Zeroizing::new(crate::totp::base32(bytes.as_slice()));
    let mut text = Zeroizing::new(String::with_capacity(19));
    for (at, letter) in plain.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            text.push('-');
        }
        text.push(letter);
    }
    Opaque(text)
}

/// What is stored of a secret: HMAC-SHA-256 under the pepper. No slow hash is needed at 256 random bits.
pub fn digest(pepper: &MacKey, secret: &str) -> [u8; 32] {
    pepper.sign(secret.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SeededRandomness;
    use crate::secret::Secret32;

    #[test]
    fn is_a_prefix_and_32_random_bytes() {
        let rng = SeededRandomness::new(2);
        let one = generate("cst_", &rng);
        let tail = one.expose().strip_prefix("cst_").map(|tail| URL_SAFE_NO_PAD.decode(tail).map(|bytes| bytes.len()));
        assert_eq!(tail, Some(Ok(32)));
        assert_ne!(one.expose(), generate("cst_", &rng).expose());
    }

    #[test]
    fn what_is_typed_is_four_groups_of_four() {
        let rng = SeededRandomness::new(3);
        let code = spoken(&rng);
        let groups: Vec<_> = code.expose().split('-').map(str::len).collect();
        assert_eq!(groups, [4; 4]);
        assert_ne!(code.expose(), spoken(&rng).expose());
    }

    #[test]
    fn digest_depends_on_pepper_and_every_character() {
        let (one, other) = (MacKey::new(&Secret32::from_bytes([1; 32])), MacKey::new(&Secret32::from_bytes([2; 32])));
        assert_eq!(digest(&one, "cst_a"), digest(&one, "cst_a"));
        assert_ne!(digest(&one, "cst_a"), digest(&other, "cst_a"));
        assert_ne!(digest(&one, "cst_a"), digest(&one, "cst_A"));
    }
}
