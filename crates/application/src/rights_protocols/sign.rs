//! How answers and callbacks of OpenDSR are signed: by the certificate of the settings, or, where there is none, by the key that signs our documents.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use custodian_crypto::{Authorities, Certificate, CertificateError, DocumentSigner};
use custodian_domain::kernel::DomainError;

use crate::App;

/// A certificate with its key, as the settings name them.
pub struct SigningCertificate {
    signer: DocumentSigner,
    pem: String,
    domain: String,
}

impl fmt::Debug for SigningCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningCertificate({})", self.domain)
    }
}

impl SigningCertificate {
    /// Reads both PEM texts; the certificate must name a domain, and not be its own issuer.
    pub fn load(certificate: &str, key: &[u8]) -> Result<Self, CertificateError> {
        let signer = DocumentSigner::from_pem(certificate.as_bytes(), key)?;
        let domain = signer.certificate().domains.first().cloned().ok_or(CertificateError::Unreadable)?;
        Ok(Self { signer, pem: certificate.to_owned(), domain })
    }

    /// What everybody may have: the certificate as PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }
}

/// Who must have issued a partner's certificate.
#[derive(Clone)]
pub struct PartnerAuthorities(Arc<Authorities>);

impl fmt::Debug for PartnerAuthorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartnerAuthorities")
    }
}

impl PartnerAuthorities {
    /// Those of a PEM text; those of the web where there is none.
    pub fn load(pem: Option<&[u8]>) -> Result<Self, CertificateError> {
        let authorities = pem.map_or_else(|| Ok(Authorities::of_the_web()), Authorities::from_pem)?;
        Ok(Self(Arc::new(authorities)))
    }

    /// Whether a certificate is one of theirs at this moment.
    pub(super) fn have_issued(&self, certificate: &Certificate, now: DateTime<Utc>) -> bool {
        self.0.have_issued(certificate, u64::try_from(now.timestamp()).unwrap_or(0))
    }
}

/// A signature, and for which domain it was made.
pub struct Signed {
    /// The domain.
    pub domain: String,
    /// The signature in base64.
    pub signature: String,
}

/// The domain that we sign for.
pub(super) fn domain(app: &App) -> String {
    match &app.tuning().rights_certificate {
        Some(certificate) => certificate.domain.clone(),
        None => host(&app.tuning().issuer).to_owned(),
    }
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    authority
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(authority, |(host, _)| host)
}

/// Signs the body of an answer or a callback.
pub(super) fn signed(app: &App, body: &[u8]) -> Result<Signed, DomainError> {
    let signature = match &app.tuning().rights_certificate {
        Some(certificate) => {
            certificate.signer.sign(body).ok_or_else(|| DomainError::unavailable("no randomness to sign with"))?
        }
        None => app.signing_key().sign(body).to_vec(),
    };
    Ok(Signed { domain: domain(app), signature: STANDARD.encode(signature) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_is_the_host_of_where_callers_reach_us() {
        for (url, expected) in [
            ("https://custodian.example.com", "custodian.example.com"),
            ("https://custodian.example.com:8443/base", "custodian.example.com"),
            ("http://127.0.0.1:8080", "127.0.0.1"),
        ] {
            assert_eq!(host(url), expected);
        }
    }
}
