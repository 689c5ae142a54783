//! Where random bytes come from: the operating system, or a seed in tests.

use ring::rand::{SecureRandom, SystemRandom};
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of random bytes, handed in by the caller.
pub trait Randomness: Send + Sync {
    /// Fills all of `out`; it never fails and never leaves a part unfilled.
    fn fill(&self, out: &mut [u8]);
}

/// The operating system's generator.
#[derive(Clone, Copy, Default, Debug)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, out: &mut [u8]) {
        if SystemRandom::new().fill(out).is_err() {
            // A panic would be caught per request and the server would go on making predictable keys.
            eprintln!("the operating system gives no randomness; stopping");
            std::process::abort();
        }
    }
}

/// Repeatable bytes from a seed. For tests only: whoever knows the seed knows every byte.
#[derive(Debug)]
pub struct SeededRandomness {
    seed: u64,
    block: AtomicU64,
}

impl SeededRandomness {
    /// The same seed gives the same bytes for the same sequence of `fill` lengths.
    pub fn new(seed: u64) -> Self {
        Self { seed, block: AtomicU64::new(0) }
    }
}

impl Randomness for SeededRandomness {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let block = self.block.fetch_add(1, Ordering::Relaxed);
            let mut context = ring::digest::Context::new(&ring::digest::SHA256);
            context.update(&self.seed.to_be_bytes());
            context.update(&block.to_be_bytes());
            for (to, from) in chunk.iter_mut().zip(context.finish().as_ref()) {
                *to = *from;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(source: &dyn Randomness, length: usize) -> Vec<u8> {
        let mut out = vec![0; length];
        source.fill(&mut out);
        out
    }

    #[test]
    fn seed_repeats_itself_and_seeds_differ() {
        assert_eq!(bytes(&SeededRandomness::new(7), 100), bytes(&SeededRandomness::new(7), 100));
        assert_ne!(bytes(&SeededRandomness::new(7), 100), bytes(&SeededRandomness::new(8), 100));
    }

    #[test]
    fn one_source_does_not_repeat_its_own_bytes() {
        let source = SeededRandomness::new(1);
        assert_ne!(bytes(&source, 32), bytes(&source, 32));
    }

    #[test]
    fn system_source_fills_every_part() {
        // 64 zero bytes by chance: 2^-512.
        assert_ne!(bytes(&SystemRandomness, 64), vec![0; 64]);
        assert_ne!(bytes(&SystemRandomness, 64), bytes(&SystemRandomness, 64));
    }
}
