//! Who looks alike: classes of rows with the same values in the quasi-identifiers.

use std::collections::HashMap;

/// So many rows of each class, by a digest of its values.
#[derive(Clone, Debug, Default)]
pub struct Classes(HashMap<[u8; 16], u32>);

impl Classes {
    /// One more row of a class.
    pub fn add(&mut self, class: [u8; 16]) {
        *self.0.entry(class).or_default() += 1;
    }

    /// Whether at least `k` rows are of this class.
    pub fn holds(&self, class: &[u8; 16], k: u32) -> bool {
        self.0.get(class).is_some_and(|count| *count >= k)
    }

    /// How many classes there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rows of the smallest class: the k of k-anonymity. 0 where there is none.
    pub fn smallest(&self) -> u32 {
        self.0.values().copied().min().unwrap_or(0)
    }

    /// The rows of classes of fewer than `k`.
    pub fn below(&self, k: u32) -> u32 {
        self.0.values().filter(|count| **count < k).sum()
    }
}
