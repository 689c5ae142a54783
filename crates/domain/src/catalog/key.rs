//! Keys of fields: each text is kept once for the life of the program, so that a key costs nothing to pass on.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

/// The most characters of a key or of a record type's code.
pub const LONGEST_KEY: usize = 40;

/// Names that stand beside the fields of a customer or a record, and so can be no field's key.
const TAKEN: [&str; 15] = [
    "id",
    "version",
    "type",
    "stage",
    "source",
    "region",
    "owner_id",
    "owner_email",
    "department_id",
    "customer_id",
    "restricted",
    "fields",
    "field_access",
    "created_at",
    "updated_at",
];

/// Whether this can be a field's key: `[a-z][a-z0-9_]{1,39}`, and none of the names that stand beside the fields.
pub fn is_field_key(text: &str) -> bool {
    // A search names the kind after the key: `q[mobile_last4]`.
    is_code(text) && !TAKEN.contains(&text) && !text.ends_with("_last4") && !text.ends_with("_prefix")
}

/// Whether this can be a record type's code: `[a-z][a-z0-9_]{1,39}`.
pub fn is_record_type_code(text: &str) -> bool {
    is_code(text)
}

fn is_code(text: &str) -> bool {
    (2..=LONGEST_KEY).contains(&text.len())
        && text.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The one copy of this text. Never freed: what is kept grows with the fields that organisations keep, which are bounded, and
/// not with their changes. Only for keys and codes that are stored; what a caller merely sends is not kept.
pub fn kept(text: &str) -> &'static str {
    static KNOWN: RwLock<BTreeSet<&'static str>> = RwLock::new(BTreeSet::new());
    if let Some(known) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(text) {
        return known;
    }
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = known.get(text) {
        return known;
    }
    let text: &'static str = Box::leak(text.to_owned().into_boxed_str());
    known.insert(text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_short_word_that_is_not_taken() {
        for good in ["ab", "loyalty_tier", "x9", "a".repeat(40).as_str()] {
            assert!(is_field_key(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "9a",
            "_a",
            "tier_last4",
            "Tier",
            "tier-1",
            "等级",
            "stage",
            "owner_id",
            "id",
            "a".repeat(41).as_str(),
        ] {
            assert!(!is_field_key(bad), "{bad}");
        }
    }

    #[test]
    fn a_text_is_kept_once() {
        let (first, again) = (kept("kept_once"), kept(&String::from("kept_once")));
        assert!(std::ptr::eq(first, again));
    }
}
