//! HKDF-SHA-256 (RFC 5869) with outputs that wipe themselves, and AES-256-GCM keys made from 32 bytes.

use crate::sure;
use hkdf::Hkdf;
use ring::aead;
use sha2::Sha256;
use zeroize::Zeroizing;

/// `N` bytes of HKDF-SHA-256; the parts of `info` are joined as they stand.
pub(crate) fn hkdf<const N: usize>(ikm: &[u8], salt: &[u8], info: &[&[u8]]) -> Zeroizing<[u8; N]> {
    let mut out = Zeroizing::new([0; N]);
    // Each sealed value is one derivation: this library takes three quarters of the time that ring's takes.
    sure(Hkdf::<Sha256>::new(Some(salt), ikm).expand_multi_info(info, out.as_mut_slice()));
    out
}

/// A prepared AES-256-GCM key; `bytes` must be 32.
pub(crate) fn aes_256_gcm(bytes: &[u8]) -> aead::LessSafeKey {
    aead::LessSafeKey::new(sure(aead::UnboundKey::new(&aead::AES_256_GCM, bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_5869_case_1() {
        let salt: Vec<u8> = (0..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let (first, rest) = info.split_at(4);
        let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
        let hex: String = hkdf::<42>(&[0x0b; 22], &salt, &[first, rest]).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, expected);
    }
}
