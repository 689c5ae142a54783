//! What a person may do about a use of their data, as it stands.

use super::Reason;
use crate::kernel::codes;
use crate::purposes::{ConsentKind, Purpose};

codes! {
    /// What a person may do.
    Choice {
        /// Take back what they agreed to.
        Withdraw = "withdraw",
        /// Object to a use that rests on another ground, or to being sold or shared.
        Object = "object",
        /// Agree, or agree anew.
        Agree = "agree",
    }
}

/// What a person may do about a use that stands so by their own words; `None` where they have no say, or have objected, or would have to sign or bring a guardian.
pub fn choice(purpose: &Purpose, reason: Reason) -> Option<Choice> {
    match reason {
        Reason::ConsentInForce => Some(Choice::Withdraw),
        Reason::OtherBasis => purpose.may_object().then_some(Choice::Object),
        Reason::NoConsent | Reason::Refused | Reason::Withdrawn | Reason::Expired | Reason::NeedsRenewal => {
            let by_word = !matches!(purpose.consent_kind, ConsentKind::Written | ConsentKind::Guardian);
            (purpose.needs_consent() && by_word).then_some(Choice::Agree)
        }
        Reason::UnknownPerson
        | Reason::PurposeNotInForce
        | Reason::ChannelNotCovered
        | Reason::Objected
        | Reason::Restricted
        | Reason::OptOutSignal => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::purposes::starters;

    fn purpose(consent: bool) -> Purpose {
        let mut all = starters().into_iter().map(|starter| starter.purpose);
        all.find(|purpose| purpose.needs_consent() == consent).unwrap()
    }

    #[test]
    fn what_was_agreed_to_can_be_taken_back_and_what_was_not_can_be_agreed_to() {
        let marketing = purpose(true);
        assert_eq!(choice(&marketing, Reason::ConsentInForce), Some(Choice::Withdraw));
        for off in [Reason::NoConsent, Reason::Refused, Reason::Withdrawn, Reason::Expired, Reason::NeedsRenewal] {
            assert_eq!(choice(&marketing, off), Some(Choice::Agree), "{off:?}");
        }
    }

    #[test]
    fn what_needs_a_signature_or_a_guardian_is_not_agreed_to_by_word_and_is_taken_back_all_the_same() {
        let mut marketing = purpose(true);
        for kind in [ConsentKind::Written, ConsentKind::Guardian] {
            marketing.consent_kind = kind;
            assert_eq!(choice(&marketing, Reason::NoConsent), None, "{kind:?}");
            assert_eq!(choice(&marketing, Reason::ConsentInForce), Some(Choice::Withdraw), "{kind:?}");
        }
    }

    #[test]
    fn what_rests_on_another_ground_can_be_objected_to_where_the_ground_allows_it() {
        let mut care = purpose(false);
        care.recipients.clear();
        care.channels.clear();
        care.dpv = None;
        for (basis, own) in [("eu_legitimate_interests", Some(Choice::Object)), ("cn_contract", None)] {
            care.legal_basis = basis.to_owned();
            assert_eq!(care.consent_kind, ConsentKind::None);
            assert_eq!(choice(&care, Reason::OtherBasis), own, "{basis}");
        }
        assert_eq!(choice(&care, Reason::Objected), None, "once is enough");
        assert_eq!(choice(&care, Reason::NoConsent), None, "there is nothing to agree to");
    }
}
