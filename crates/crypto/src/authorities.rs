//! Authorities that issue certificates: whether a chain leads from a certificate to one of them (RFC 5280, section 6).

use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use crate::certificate::{Certificate, CertificateError};

/// Those who are believed when they say whose a key is.
pub struct Authorities {
    anchors: Vec<TrustAnchor<'static>>,
}

impl Authorities {
    /// Those that browsers believe, as they were when this was built.
    pub fn of_the_web() -> Self {
        Self { anchors: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
    }

    /// Those of a PEM text, which names one at least.
    pub fn from_pem(pem: &[u8]) -> Result<Self, CertificateError> {
        let mut anchors = Vec::new();
        for der in CertificateDer::pem_slice_iter(pem) {
            let der = der.map_err(|_| CertificateError::Unreadable)?;
            let anchor = anchor_from_trusted_cert(&der).map_err(|_| CertificateError::Unreadable)?;
            anchors.push(anchor.to_owned());
        }
        if anchors.is_empty() { Err(CertificateError::Unreadable) } else { Ok(Self { anchors }) }
    }

    /// Whether one of them issued it, itself or by those that came along with it, and each of these holds at this second since 1970. Whether one was revoked since is
    /// asked of nobody.
    pub fn have_issued(&self, certificate: &Certificate, at: u64) -> bool {
        let mut chain = certificate.chain().map(CertificateDer::from);
        let Some(first) = chain.next() else { return false };
        let between: Vec<CertificateDer<'_>> = chain.collect();
        let Ok(leaf) = EndEntityCert::try_from(&first) else { return false };
        let at = UnixTime::since_unix_epoch(Duration::from_secs(at));
        // Authorities of the web issue for servers; one that says nothing of what it is for is for that as well.
        let usage = KeyUsage::server_auth();
        leaf.verify_for_usage(ALL_VERIFICATION_ALGS, &self.anchors, &between, at, usage, None, None).is_ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const WHOLE: &[u8] = include_bytes!("../../../integration-tests/tests/support/rights/controller.pem");
    const ALONE: &[u8] = include_bytes!("../../../integration-tests/tests/support/rights/without_issuer.pem");
    const EXPIRED: &[u8] = include_bytes!("../../../integration-tests/tests/support/rights/expired.pem");
    const AUTHORITY: &[u8] = include_bytes!("../../../integration-tests/tests/support/rights/authority.pem");
    const OTHER: &[u8] = include_bytes!("../../../integration-tests/tests/support/rights/other_authority.pem");
    /// 2026-11-23.
    const TODAY: u64 = 1_795_392_000;

    #[test]
    fn a_chain_leads_to_who_issued_it_and_to_nobody_else() {
        let ours = Authorities::from_pem(AUTHORITY).ok().unwrap();
        let whole = Certificate::from_pem(WHOLE).unwrap();
        assert!(ours.have_issued(&whole, TODAY));
        assert!(ours.have_issued(&Certificate::from_der(&whole.der).unwrap(), TODAY), "as it is kept");
        assert!(!Authorities::from_pem(OTHER).ok().unwrap().have_issued(&whole, TODAY));
        assert!(!Authorities::of_the_web().have_issued(&whole, TODAY));
        let both = [OTHER, AUTHORITY].concat();
        assert!(Authorities::from_pem(&both).ok().unwrap().have_issued(&whole, TODAY));
    }

    #[test]
    fn a_chain_with_a_gap_or_out_of_its_time_leads_nowhere() {
        let ours = Authorities::from_pem(AUTHORITY).ok().unwrap();
        assert!(!ours.have_issued(&Certificate::from_pem(ALONE).unwrap(), TODAY));
        assert!(!ours.have_issued(&Certificate::from_pem(EXPIRED).unwrap(), TODAY));
        assert!(!ours.have_issued(&Certificate::from_pem(WHOLE).unwrap(), 0));
        let mut altered = Certificate::from_pem(WHOLE).unwrap();
        let last = altered.der.len() - 1;
        if let Some(byte) = altered.der.get_mut(last) {
            *byte ^= 1;
        }
        assert!(!ours.have_issued(&altered, TODAY), "the issuer's signature by the authority");
    }

    #[test]
    fn a_text_that_names_no_authority_is_refused() {
        for text in [b"".as_slice(), b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert_eq!(Authorities::from_pem(text).err(), Some(CertificateError::Unreadable));
        }
    }
}
