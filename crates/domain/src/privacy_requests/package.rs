//! What is handed over to a person, and what is not.

use super::{Jurisdiction, Right};
use crate::catalog::{DataType, Field};
use crate::purposes::LegalBasis;

/// What the company plans and reckons for itself, not what it holds of the person: its own secrets of trade (GDPR art. 15(4) with recital 63).
const PLANS: &[&str] = &[
    "interaction.next_follow_up_at",
    "opportunity.amount",
    "opportunity.expected_close",
    "ticket.due_at",
    "ticket.priority",
];

/// What the company's people wrote or judged, which the person has not given (WP 242: neither provided nor observed).
const JUDGED: &[&str] = &["interaction.summary", "notes", "opportunity.stage", "opportunity.title"];

/// Longer texts are written freely, and may speak of anybody.
const LONGEST_NAME: usize = 100;

/// Whether the law forbids to hand a field over, whoever asks: under the CCPA identity and account numbers (11 CCR 7024(d)); everywhere the company's own
/// plans.
pub fn is_left_out(jurisdiction: Jurisdiction, field: &Field) -> bool {
    let number = matches!(field.data_type, DataType::CnResidentId | DataType::BankCard);
    PLANS.contains(&field.name) || (jurisdiction == Jurisdiction::UsCa && number)
}

/// Whether files themselves are handed over under a law: not where numbers of identity and account may not be, for nobody knows what stands in a file
/// (11 CCR 7024(d)).
pub fn encloses_files(jurisdiction: Jurisdiction) -> bool {
    jurisdiction != Jurisdiction::UsCa
}

/// Whether files belong into the answer to a right. Staff hang them on people, and nothing records that one came from the person, so none is taken along as
/// provided by them (GDPR art. 20(1)); access knows no such limit.
pub fn takes_files(right: Right) -> bool {
    right != Right::Portability
}

/// Whether a field is of those that the company plans by: the person is not shown it.
pub fn is_plan(field: &Field) -> bool {
    PLANS.contains(&field.name)
}

/// Whether a field is what the company's people wrote or judged: it is not taken along.
pub fn is_judged(field: &Field) -> bool {
    JUDGED.contains(&field.name)
}

/// Whether others may be spoken of in a field: their numbers and addresses are taken out before it is handed over.
pub fn is_free_text(field: &Field) -> bool {
    matches!(field.data_type, DataType::Text) && field.max_length > LONGEST_NAME
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
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::catalog::{built_in_types, customer};

    fn of(name: &str) -> &'static Field {
        built_in_types().iter().flat_map(|one| &one.fields).find(|field| field.name == name).unwrap()
    }

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
        for key in ["id_number", "bank_card"] {
            let field = customer().field(key).unwrap();
            assert!(is_left_out(Jurisdiction::UsCa, field) && !is_left_out(Jurisdiction::Eu, field), "{key}");
        }
        assert!(!is_left_out(Jurisdiction::UsCa, customer().field("mobile").unwrap()));
    }

    #[test]
    fn what_the_company_reckons_is_its_own_and_what_it_wrote_is_shown_and_not_taken_along() {
        for plan in PLANS {
            assert!(Jurisdiction::ALL.iter().all(|one| is_left_out(*one, of(plan))), "{plan}");
        }
        for judged in JUDGED {
            assert!(is_judged(of(judged)) && !is_left_out(Jurisdiction::Cn, of(judged)), "{judged}");
        }
        assert!(is_free_text(of("notes")) && is_free_text(of("ticket.description")) && !is_free_text(of("name")));
    }
}
