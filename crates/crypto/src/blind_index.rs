//! Blind indexes: keyed tags by which sealed values are found without being opened.

use crate::framing::part;
use crate::kdf::hkdf;
use crate::secret::Secret32;
use ring::hmac;
use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};
use zeroize::{Zeroize, Zeroizing};

/// Raised when folding changes: tags under another number never match, so a rebuild cannot be forgotten silently.
const NORMALISATION: u32 = 1;

/// One organisation's index root at one version.
pub struct IndexKey {
    root: Zeroizing<[u8; 32]>,
    version: u32,
}

impl IndexKey {
    /// Takes a copy of the root, wiped on drop.
    pub fn new(root: &Secret32, version: u32) -> Self {
        Self { root: Zeroizing::new(*root.expose()), version }
    }

    /// The version the organisation's index root has.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The key of one field, so that equal values of two fields have different tags. Worth caching: one HKDF each.
    pub fn field(&self, record_type: &str, field: &str) -> FieldIndexKey {
        let mut info = Vec::with_capacity(64);
        let mut put = |piece: &[u8]| info.extend_from_slice(piece);
        part(b"bi/v1", &mut put);
        part(record_type.as_bytes(), &mut put);
        part(field.as_bytes(), &mut put);
        part(&self.version.to_be_bytes(), &mut put);
        part(&NORMALISATION.to_be_bytes(), &mut put);
        let secret = hkdf::<32>(self.root.as_slice(), b"", &[&info]);
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_slice());
        let mut begun = hmac::Context::with_key(&key);
        part(field.as_bytes(), &mut |piece: &[u8]| begun.update(piece));
        FieldIndexKey { begun }
    }
}

/// The tagging key of one field.
pub struct FieldIndexKey {
    /// An HMAC that has already read the field's key.
    begun: hmac::Context,
}

impl FieldIndexKey {
    /// HMAC-SHA-256 over field, kind and NFKC of the value, length-prefixed, cut to 128 bits.
    ///
    /// `kind` is `exact`, `last4` or `prefix`; the caller has normalised the value by its field's rule before.
    pub fn tag(&self, kind: &str, normalised: &str) -> [u8; 16] {
        let mut folded = nfkc(normalised);
        let mut mac = self.begun.clone();
        part(kind.as_bytes(), &mut |piece: &[u8]| mac.update(piece));
        part(folded.as_bytes(), &mut |piece: &[u8]| mac.update(piece));
        if let Cow::Owned(text) = &mut folded {
            text.zeroize();
        }
        let whole = mac.sign();
        let (kept, _) = whole.as_ref().split_at(16);
        crate::sure(kept.try_into())
    }
}

fn nfkc(text: &str) -> Cow<'_, str> {
    match is_nfkc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        _ => Cow::Owned(text.nfkc().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn field(record_type: &str, field: &str) -> FieldIndexKey {
        IndexKey::new(&Secret32::from_bytes([9; 32]), 1).field(record_type, field)
    }

    #[test]
    fn known_answer() {
        let hex: String =
            field("customer", "phone").tag("exact", "+8613800138000").iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "5e534318cc4e3f77811f150a135d4004");
    }

    #[test]
    fn compatible_forms_share_a_tag() {
        let key = field("customer", "name");
        for (one, other) in [
            ("\u{ff21}\u{ff22}\u{ff11}\u{ff12}", "AB12"), // full-width forms
            ("e\u{301}", "\u{e9}"),                       // combining acute
            ("\u{fb01}n", "fin"),                         // ligature
            ("\u{ff76}\u{ff9e}", "\u{30ac}"),             // half-width katakana with its voicing mark
            ("\u{212b}", "\u{c5}"),                       // angstrom sign
        ] {
            assert_eq!(key.tag("exact", one), key.tag("exact", other), "{one} {other}");
        }
        assert_ne!(key.tag("exact", "AB12"), key.tag("exact", "ab12"), "case is the field rule's business");
    }

    #[test]
    fn every_component_changes_the_tag() {
        let base = field("customer", "phone").tag("exact", "1234");
        assert_ne!(base, field("contact", "phone").tag("exact", "1234"));
        assert_ne!(base, field("customer", "fax").tag("exact", "1234"));
        assert_ne!(base, field("customer", "phone").tag("last4", "1234"));
        assert_ne!(base, field("customer", "phone").tag("exact", "1235"));
        let root = Secret32::from_bytes([9; 32]);
        assert_ne!(base, IndexKey::new(&root, 2).field("customer", "phone").tag("exact", "1234"));
        let other = Secret32::from_bytes([8; 32]);
        assert_ne!(base, IndexKey::new(&other, 1).field("customer", "phone").tag("exact", "1234"));
    }

    #[test]
    fn boundaries_between_parts_count() {
        assert_ne!(field("ab", "c").tag("exact", "x"), field("a", "bc").tag("exact", "x"));
        assert_ne!(field("a", "b").tag("exact", "x"), field("a", "b").tag("exac", "tx"));
    }

    proptest! {
        #[test]
        fn tag_depends_on_nfkc_alone(value in "\\PC{0,40}") {
            let key = field("customer", "name");
            let folded: String = value.nfkc().collect();
            let decomposed: String = value.nfkd().collect();
            prop_assert_eq!(key.tag("exact", &value), key.tag("exact", &folded));
            prop_assert_eq!(key.tag("exact", &value), key.tag("exact", &decomposed));
        }
    }
}
