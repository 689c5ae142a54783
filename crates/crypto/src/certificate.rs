//! X.509 certificates (RFC 5280) of those who sign documents, and signatures by them after FIPS 186: RSA (PKCS #1 v1.5) or ECDSA on P-256, over SHA-256.
//!
//! Whose a certificate is, until when it holds, that it is for signatures and was not issued by itself is read from it; whether it leads to an authority that is believed,
//! [`crate::Authorities`] tell.

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use x509_cert::der::{Decode, Reader, SliceReader};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{KeyUsage, SubjectAltName};

use crate::signing::verify as verify_ed25519;

/// How many certificates a chain has at most, the first one included.
pub const LONGEST: usize = 5;

/// Why a certificate, or its key, cannot be used. Holds nothing of either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// It is no certificate, or no key, that can be read.
    #[error("it cannot be read")]
    Unreadable,
    /// It was issued by itself.
    #[error("it is self-signed")]
    SelfSigned,
    /// It says that its key is not for signatures.
    #[error("it is not for signatures")]
    Usage,
    /// The key is of a kind or a length that is not taken: RSA of 2048 bits and more, and P-256, are.
    #[error("its key is of a kind that is not taken")]
    Key,
    /// The key is another one than the certificate's.
    #[error("the key is not the certificate's")]
    OtherKey,
}

/// The public half of a key that signs documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentKey {
    /// RSA, as `RSAPublicKey` of PKCS #1.
    Rsa(Vec<u8>),
    /// P-256, as an uncompressed point.
    P256(Vec<u8>),
    /// Ed25519.
    Ed25519([u8; 32]),
}

impl DocumentKey {
    /// Whether `signature` is by its holder over `message`: over its SHA-256 digest, or, for Ed25519, over the message itself. Anything malformed is a no.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa(key) => {
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(message, signature).is_ok()
            }
            Self::P256(key) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key).verify(message, signature).is_ok(),
            Self::Ed25519(key) => verify_ed25519(key, message, signature),
        }
    }
}

/// A certificate, read.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The bytes of it, and behind them those of the certificates that lead to its authority.
    pub der: Vec<u8>,
    /// The domains that it was issued for, in lower case, as they stand in it.
    pub domains: Vec<String>,
    /// The first second, since 1970, in which it holds.
    pub not_before: u64,
    /// The last one.
    pub not_after: u64,
    /// Its key.
    pub key: DocumentKey,
}

impl Certificate {
    /// The first certificate of a PEM text, with those behind it that lead to its authority, [`LONGEST`] at most.
    pub fn from_pem(pem: &[u8]) -> Result<Self, CertificateError> {
        let mut whole = Vec::new();
        for der in CertificateDer::pem_slice_iter(pem) {
            whole.extend_from_slice(&der.map_err(|_| CertificateError::Unreadable)?);
        }
        Self::from_der(&whole)
    }

    /// A certificate by its bytes, with those behind it.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let chain = elements(der).filter(|chain| chain.len() <= LONGEST).ok_or(CertificateError::Unreadable)?;
        let first = chain.first().ok_or(CertificateError::Unreadable)?;
        let read = x509_cert::Certificate::from_der(first).map_err(|_| CertificateError::Unreadable)?;
        let body = &read.tbs_certificate;
        if body.issuer == body.subject {
            return Err(CertificateError::SelfSigned);
        }
        let usage = body.get::<KeyUsage>().map_err(|_| CertificateError::Unreadable)?;
        if usage.is_some_and(|(_, usage)| !usage.digital_signature()) {
            return Err(CertificateError::Usage);
        }
        let names = body.get::<SubjectAltName>().map_err(|_| CertificateError::Unreadable)?;
        let domain = |name: &GeneralName| match name {
            GeneralName::DnsName(name) => Some(name.to_string().to_ascii_lowercase()),
            _ => None,
        };
        let domains = names.map(|(_, names)| names.0.iter().filter_map(domain).collect()).unwrap_or_default();
        Ok(Self {
            der: der.to_vec(),
            domains,
            not_before: body.validity.not_before.to_unix_duration().as_secs(),
            not_after: body.validity.not_after.to_unix_duration().as_secs(),
            key: key(&body.subject_public_key_info)?,
        })
    }

    /// It, and those that came along with it.
    pub fn chain(&self) -> impl Iterator<Item = &[u8]> {
        elements(&self.der).unwrap_or_default().into_iter()
    }

    /// Whether it was issued for this domain, word for word, and holds at this second since 1970.
    pub fn holds(&self, domain: &str, at: u64) -> bool {
        self.domains.iter().any(|known| known == domain) && (self.not_before..=self.not_after).contains(&at)
    }
}

/// Cuts bytes into the elements that they are (X.690, definite lengths); `None` where they are none.
fn elements(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut reader = SliceReader::new(bytes).ok()?;
    let mut found = Vec::new();
    while !reader.is_finished() {
        found.push(reader.tlv_bytes().ok()?);
    }
    Some(found)
}

fn key(info: &x509_cert::spki::SubjectPublicKeyInfoOwned) -> Result<DocumentKey, CertificateError> {
    let bytes = info.subject_public_key.as_bytes().ok_or(CertificateError::Unreadable)?.to_vec();
    match info.algorithm.oid.to_string().as_str() {
        // A modulus of 2048 bits takes 270 bytes with its exponent; shorter ones are guessed before long.
        "1.2.840.113549.1.1.1" if bytes.len() >= 265 => Ok(DocumentKey::Rsa(bytes)),
        "1.2.840.10045.2.1" if bytes.len() == 65 => Ok(DocumentKey::P256(bytes)),
        _ => Err(CertificateError::Key),
    }
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

/// A certificate together with its private key.
pub struct DocumentSigner {
    certificate: Certificate,
    pair: Pair,
    random: SystemRandom,
}

impl DocumentSigner {
    /// Takes a certificate and its key (PKCS #8), both as PEM.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        let certificate = Certificate::from_pem(certificate)?;
        let key = PrivatePkcs8KeyDer::from_pem_slice(key).map_err(|_| CertificateError::Unreadable)?;
        let key = key.secret_pkcs8_der();
        // What ring blinds a key with, or draws a nonce from, is its own: no caller can bring it.
        let random = SystemRandom::new();
        let (pair, same) = match &certificate.key {
            DocumentKey::Rsa(public) => {
                let pair = RsaKeyPair::from_pkcs8(key).map_err(|_| CertificateError::Unreadable)?;
                let same = pair.public_key().as_ref() == public.as_slice();
                (Pair::Rsa(pair), same)
            }
            DocumentKey::P256(public) => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key, &random)
                    .map_err(|_| CertificateError::Unreadable)?;
                let same = pair.public_key().as_ref() == public.as_slice();
                (Pair::P256(pair), same)
            }
            DocumentKey::Ed25519(_) => return Err(CertificateError::Key),
        };
        if same { Ok(Self { certificate, pair, random }) } else { Err(CertificateError::OtherKey) }
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// A signature over the SHA-256 digest of a message; nothing where the system gives no randomness.
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &self.random, message, &mut signature).ok()?;
                Some(signature)
            }
            Pair::P256(pair) => pair.sign(&self.random, message).ok().map(|signature| signature.as_ref().to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    const CERTIFICATE: &[u8] = include_bytes!("../../../integration-tests/tests/support/rights/processor.pem");
    const KEY: &[u8] = include_bytes!("../../../integration-tests/tests/support/rights/processor_key.pem");
    const OTHER: &[u8] = include_bytes!("../../../integration-tests/tests/support/rights/controller.pem");
    const SELF_SIGNED: &[u8] = include_bytes!("../../../integration-tests/tests/support/rights/self_signed.pem");
    const AGREES: &[u8] = include_bytes!("../../../integration-tests/tests/support/rights/not_for_signing.pem");
    const EXPIRED: &[u8] = include_bytes!("../../../integration-tests/tests/support/rights/expired.pem");
    /// 2026-11-23.
    const TODAY: u64 = 1_795_392_000;

    #[test]
    fn what_the_key_signs_the_certificate_verifies() {
        let signer = DocumentSigner::from_pem(CERTIFICATE, KEY).ok().unwrap();
        let signature = signer.sign(b"body").unwrap();
        let key = &signer.certificate().key;
        assert!(key.verify(b"body", &signature));
        assert!(!key.verify(b"Body", &signature) && !key.verify(b"body", &signature[1..]) && !key.verify(b"body", b""));
        assert!(!Certificate::from_pem(OTHER).unwrap().key.verify(b"body", &signature));
        let mut altered = signature;
        altered[7] ^= 1;
        assert!(!key.verify(b"body", &altered));
    }

    #[test]
    fn a_certificate_holds_for_its_own_domain_and_time() {
        let certificate = Certificate::from_pem(CERTIFICATE).unwrap();
        assert!(certificate.holds("opendsr.custodian.example", TODAY));
        for other in ["custodian.example", "x.opendsr.custodian.example", "", "OPENDSR.custodian.example"] {
            assert!(!certificate.holds(other, TODAY), "{other}");
        }
        assert!(!certificate.holds("opendsr.custodian.example", certificate.not_before - 1));
        assert!(!certificate.holds("opendsr.custodian.example", certificate.not_after + 1));
        assert!(!Certificate::from_pem(EXPIRED).unwrap().holds("privacy.shop.example", TODAY));
    }

    #[test]
    fn what_issued_itself_is_refused_and_so_is_what_is_no_certificate() {
        assert_eq!(Certificate::from_pem(SELF_SIGNED).unwrap_err(), CertificateError::SelfSigned);
        for bytes in [b"".as_slice(), b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", KEY] {
            assert_eq!(Certificate::from_pem(bytes).unwrap_err(), CertificateError::Unreadable);
        }
        assert_eq!(Certificate::from_pem(AGREES).unwrap_err(), CertificateError::Usage);
        let long = OTHER.repeat(3);
        assert_eq!(Certificate::from_pem(&long).unwrap_err(), CertificateError::Unreadable, "six of them");
        let whole = Certificate::from_pem(OTHER).unwrap();
        assert_eq!(whole.chain().count(), 2);
        let cut = &whole.der[..whole.der.len() - 1];
        assert_eq!(Certificate::from_der(cut).unwrap_err(), CertificateError::Unreadable);
        assert_eq!(DocumentSigner::from_pem(OTHER, KEY).err(), Some(CertificateError::OtherKey));
        assert_eq!(DocumentSigner::from_pem(CERTIFICATE, CERTIFICATE).err(), Some(CertificateError::Unreadable));
    }

    #[test]
    fn a_pinned_ed25519_key_signs_the_message_itself() {
        let (key, _) = crate::SigningKey::generate(&crate::SeededRandomness::new(4));
        let pinned = DocumentKey::Ed25519(key.public());
        assert!(pinned.verify(b"body", &key.sign(b"body")) && !pinned.verify(b"bodY", &key.sign(b"body")));
    }
}
