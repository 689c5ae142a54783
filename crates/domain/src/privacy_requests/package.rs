//! What is handed over to a person, and what is not.

use super::Jurisdiction;
use crate::purposes::LegalBasis;

/// Whether the law forbids to hand a field over, whoever asks: under the CCPA identity and account numbers (11 CCR 7024(d)).
pub fn is_left_out(jurisdiction: Jurisdiction, field: &str) -> bool {
    match jurisdiction {
        Jurisdiction::UsCa => matches!(field, "id_number" | "bank_card"),
        Jurisdiction::Cn | Jurisdiction::Eu => false,
    }
}

/// Whether what is used on this ground can be taken along: given by consent, or under a contract (PIPL art. 45(3) with NDSR art. 25, GDPR art. 20(1)).
pub fn is_portable(basis: &str, agreed: bool) -> bool {
    match LegalBasis::of(basis) {
        Some(basis) if basis.is_consent => agreed,
        Some(basis) => matches!(basis.code, "cn_contract" | "eu_contract"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_by_consent_or_contract_can_be_taken_along() {
        assert!(is_portable("cn_contract", false) && is_portable("eu_contract", true));
        assert!(is_portable("cn_consent", true) && is_portable("eu_explicit_consent", true));
        assert!(!is_portable("cn_consent", false), "what was withdrawn, or never agreed to");
        for other in ["eu_legitimate_interests", "cn_hr", "cn_legal_duty", "unstated"] {
            assert!(!is_portable(other, true), "{other}");
        }
    }

    #[test]
    fn california_hands_out_no_numbers_of_identity_or_account() {
        assert!(is_left_out(Jurisdiction::UsCa, "id_number") && is_left_out(Jurisdiction::UsCa, "bank_card"));
        assert!(!is_left_out(Jurisdiction::UsCa, "mobile") && !is_left_out(Jurisdiction::Eu, "id_number"));
    }
}
