//! Passwords as Argon2id PHC strings (RFC 9106).

use crate::mac::sha256;
use crate::rng::Randomness;
use crate::sure;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

const SALT: usize = 32;
const OUTPUT: usize = 32;
// A hash that asks for more than this is not ours: working it out would let a forged row exhaust the memory.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_ITERATIONS: u32 = 64;
const MAX_PARALLELISM: u32 = 64;

/// What one Argon2id hash costs. Out-of-range values count as the nearest in range (8 KiB a lane to 1 GiB; 1 to 64).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

impl Default for PasswordCost {
    /// The OWASP minimum for Argon2id: 19 MiB, two passes, one lane.
    fn default() -> Self {
        Self { memory_kib: 19_456, iterations: 2, parallelism: 1 }
    }
}

impl PasswordCost {
    fn in_range(self) -> Self {
        let parallelism = self.parallelism.clamp(1, MAX_PARALLELISM);
        Self {
            memory_kib: self.memory_kib.clamp(8 * parallelism, MAX_MEMORY_KIB),
            iterations: self.iterations.clamp(1, MAX_ITERATIONS),
            parallelism,
        }
    }

    fn argon2(self) -> Argon2<'static> {
        let cost = self.in_range();
        let params = Params::new(cost.memory_kib, cost.iterations, cost.parallelism, Some(OUTPUT));
        Argon2::new(Algorithm::Argon2id, Version::V0x13, sure(params))
    }
}

/// The PHC string of a password: NFC first, then Argon2id with a 32-byte salt. Takes tens of milliseconds.
pub fn hash(password: &str, cost: PasswordCost, rng: &dyn Randomness) -> String {
    let mut salt = [0; SALT];
    rng.fill(&mut salt);
    sure(cost.argon2().hash_password_with_salt(nfc(password).as_bytes(), &salt)).to_string()
}

/// Whether the password is the one behind the PHC string, compared in constant time. Anything odd is a no.
pub fn verify(password: &str, phc: &str) -> bool {
    let Some((stored, cost)) = parse(phc) else { return false };
    cost.argon2().verify_password(nfc(password).as_bytes(), &stored).is_ok()
}

/// Whether a hash was made at another cost, or is none, so that the next login should replace it.
pub fn needs_rehash(phc: &str, cost: PasswordCost) -> bool {
    parse(phc).is_none_or(|(_, stored)| stored != cost.in_range())
}

/// A PHC string that no known password fits; verifying against it takes as long as against a real one.
pub fn dummy_hash(cost: PasswordCost) -> String {
    let cost = cost.in_range();
    // Argon2 outputs are as good as random, so a chosen one has no password that anybody could find.
    let salt = STANDARD_NO_PAD.encode(sha256(b"custodian: no such account, salt"));
    let output = STANDARD_NO_PAD.encode(sha256(b"custodian: no such account, output"));
    let PasswordCost { memory_kib, iterations, parallelism } = cost;
    format!("$argon2id$v=19$m={memory_kib},t={iterations},p={parallelism}${salt}${output}")
}

fn parse(phc: &str) -> Option<(PasswordHash, PasswordCost)> {
    let stored = PasswordHash::new(phc).ok()?;
    let params = Params::try_from(&stored).ok()?;
    let cost = PasswordCost { memory_kib: params.m_cost(), iterations: params.t_cost(), parallelism: params.p_cost() };
    let ours = stored.algorithm.as_str() == "argon2id"
        && stored.version == Some(0x13)
        && stored.hash.as_ref().is_some_and(|output| output.len() == OUTPUT)
        && cost == cost.in_range();
    ours.then_some((stored, cost))
}

/// The form that is hashed and whose characters are counted: Unicode NFC.
pub fn nfc(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.nfc().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SeededRandomness;

    const CHEAP: PasswordCost = PasswordCost { memory_kib: 64, iterations: 1, parallelism: 1 };

    fn hashed(password: &str) -> String {
        hash(password, CHEAP, &SeededRandomness::new(1))
    }

    #[test]
    fn carries_its_cost_and_a_32_byte_salt() {
        let phc = hash("correct horse", PasswordCost::default(), &SeededRandomness::new(1));
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        let salt = phc.split('$').nth(4).map(|text| STANDARD_NO_PAD.decode(text).map(|salt| salt.len()));
        assert_eq!(salt, Some(Ok(32)));
        assert!(verify("correct horse", &phc));
        assert!(!verify("correct horsf", &phc));
    }

    #[test]
    fn composed_and_decomposed_are_one_password() {
        assert!(verify("cafe\u{301}", &hashed("caf\u{e9}")));
        assert!(verify("caf\u{e9}", &hashed("cafe\u{301}")));
        // NFC and not NFKC: compatible forms stay different passwords.
        assert!(!verify("\u{ff21}", &hashed("A")));
    }

    #[test]
    fn same_password_has_another_hash_each_time() {
        let rng = SeededRandomness::new(1);
        assert_ne!(hash("same", CHEAP, &rng), hash("same", CHEAP, &rng));
    }

    #[test]
    fn known_answer() {
        let expected = "$argon2id$v=19$m=64,t=1,p=1$eDglgipvnmLaIZDoKOTJ0lduWXfjoLNiCwkt+56Zlvo$VJU7axR1/I3NT7XqociQCF1+/SfOTLBtALTtPz2zRJk";
        assert_eq!(hashed("password"), expected);
    }

    #[test]
    fn dummy_fits_nothing_and_costs_the_same() {
        let dummy = dummy_hash(CHEAP);
        assert_eq!(parse(&dummy).map(|(_, cost)| cost), Some(CHEAP));
        assert!(dummy_hash(PasswordCost::default()).starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        for guess in ["", "password", "no such account", dummy.as_str()] {
            assert!(!verify(guess, &dummy));
        }
        assert_eq!(dummy.len(), hashed("password").len());
    }

    #[test]
    fn odd_strings_are_a_no_and_not_a_panic() {
        let good = hashed("x");
        for odd in [
            String::new(),
            "x".into(),
            "$".repeat(6),
            good.replace("argon2id", "argon2i"),
            good.replace("v=19", "v=16"),
            good.replace("m=64", "m=4294967295"),
            good.replace("m=64", "m=1"),
            good.replace("t=1", "t=4000000000"),
            good.replace("p=1", "p=0"),
            good.rsplit_once('$').map(|(front, _)| front.to_owned()).unwrap_or_default(),
            format!("{good}AAAA"),
        ] {
            assert!(!verify("x", &odd), "{odd}");
        }
        assert!(verify("x", &good));
    }

    #[test]
    fn asks_for_a_new_hash_when_the_cost_changed() {
        assert!(!needs_rehash(&hashed("x"), CHEAP));
        assert!(needs_rehash(&hashed("x"), PasswordCost::default()));
        assert!(needs_rehash("not a hash", CHEAP));
    }

    #[test]
    fn out_of_range_costs_are_brought_into_range() {
        let silly = PasswordCost { memory_kib: 0, iterations: 0, parallelism: 0 };
        assert!(hash("x", silly, &SeededRandomness::new(1)).contains("$m=8,t=1,p=1$"));
    }
}
