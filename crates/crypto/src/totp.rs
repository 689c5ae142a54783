//! One-time codes of an authenticator: TOTP (RFC 6238) with HMAC-SHA-1, six digits and steps of 30 seconds, which every authenticator knows.

use crate::rng::Randomness;
use ring::hmac;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Seconds of one step.
pub const STEP: i64 = 30;
/// How many steps a clock may be off, either way.
const DRIFT: i64 = 1;
const DIGITS: usize = 6;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new secret of 160 bits, as RFC 4226 recommends, in base32 without padding.
pub fn generate(rng: &dyn Randomness) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; 20]);
    rng.fill(bytes.as_mut_slice());
    Zeroizing::new(base32(bytes.as_slice()))
}

/// RFC 4648 base32 without padding: 8 characters for 5 bytes.
pub fn base32(bytes: &[u8]) -> String {
    let (mut text, mut held, mut bits) = (String::with_capacity(bytes.len().div_ceil(5) * 8), 0_u32, 0_u32);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(held >> bits));
        }
    }
    if bits > 0 {
        text.push(letter(held << (5 - bits)));
    }
    text
}

fn letter(value: u32) -> char {
    usize::try_from(value & 31).ok().and_then(|at| BASE32.get(at)).map_or('A', |byte| char::from(*byte))
}

fn from_base32(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (mut bytes, mut held, mut bits) = (Zeroizing::new(Vec::with_capacity(32)), 0_u32, 0_u32);
    for byte in text.bytes() {
        let value = BASE32.iter().position(|known| *known == byte)?;
        held = held << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// The code of a step; nothing for a secret that is no base32.
pub fn code(secret: &str, step: i64) -> Option<String> {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &from_base32(secret)?);
    let mac = hmac::sign(&key, &step.to_be_bytes());
    let offset = usize::from(mac.as_ref().last()? & 0x0f);
    let word: [u8; 4] = mac.as_ref().get(offset..offset + 4)?.try_into().ok()?;
    let number = (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000;
    Some(format!("{number:0DIGITS$}"))
}

/// The step of `given`, if it is the code of this moment or of a step on either side, newer than `after`. Every candidate is computed, so that time
/// does not tell which one came near.
pub fn matching_step(secret: &str, given: &str, now: i64, after: i64) -> Option<i64> {
    let present = now.div_euclid(STEP);
    let mut found = None;
    for step in present - DRIFT..=present + DRIFT {
        let right = bool::from(code(secret, step)?.as_bytes().ct_eq(given.as_bytes()));
        if right && step > after && found.is_none() {
            found = Some(step);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::rng::SeededRandomness;
    use proptest::prelude::*;

    /// The secret of RFC 6238, appendix B: "12345678901234567890".
    fn secret() -> String {
        base32(b"12345678901234567890")
    }

    #[test]
    fn the_vectors_of_rfc_6238() {
        // Eight digits there; the last six are ours.
        for (time, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000_i64, "353130"),
        ] {
            assert_eq!(code(&secret(), time / STEP).unwrap(), expected, "{time}");
        }
    }

    #[test]
    fn base32_as_in_rfc_4648() {
        for (plain, text) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB")]
        {
            assert_eq!(base32(plain.as_bytes()), text);
            assert_eq!(from_base32(text).unwrap().as_slice(), plain.as_bytes());
        }
        assert!(from_base32("MZXW6===").is_none() && code("m", 1).is_none());
    }

    #[test]
    fn a_code_holds_one_step_on_either_side_and_once() {
        let now = 1_800_000_000;
        let step = now / STEP;
        for (of, found) in [(-2, None), (-1, Some(step - 1)), (0, Some(step)), (1, Some(step + 1)), (2, None)] {
            let given = code(&secret(), step + of).unwrap();
            assert_eq!(matching_step(&secret(), &given, now, 0), found, "{of}");
        }
        let given = code(&secret(), step).unwrap();
        assert_eq!(matching_step(&secret(), &given, now, step), None, "a step is accepted once");
        assert_eq!(matching_step(&secret(), &given, now, step - 1), Some(step));
    }

    #[test]
    fn what_is_no_code_matches_nothing() {
        for given in ["", "12345", "1234567", "abcdef", "００００００"] {
            assert_eq!(matching_step(&secret(), given, 59, 0), None, "{given}");
        }
    }

    #[test]
    fn secrets_are_160_bits_and_differ() {
        let rng = SeededRandomness::new(1);
        let one = generate(&rng);
        assert_eq!((one.len(), from_base32(&one).unwrap().len()), (32, 20));
        assert_ne!(*one, *generate(&rng));
    }

    proptest! {
        #[test]
        fn base32_reads_itself_back(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let text = base32(&bytes);
            prop_assert_eq!(from_base32(&text).unwrap().to_vec(), bytes);
        }
    }
}
