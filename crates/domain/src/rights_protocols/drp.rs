//! The Data Rights Protocol 1.0 (github consumer-reports-innovation-lab/data-rights-protocol): what may be asked, where it stands, and when a signed
//! message holds.

use chrono::{DateTime, NaiveDateTime, Utc};

use super::opendsr;
use crate::catalog::identifiers;
use crate::kernel::{Fault, codes};
use crate::privacy_requests::{Right, State};

codes! {
    /// What an agent exercises (section 3.01).
    Exercise {
        /// Not to have it sold.
        SaleOptOut = "sale:opt_out",
        /// To have it sold again.
        SaleOptIn = "sale:opt_in",
        /// To have it gone.
        Deletion = "deletion",
        /// To know.
        Access = "access",
        /// To know the categories.
        AccessCategories = "access:categories",
        /// To know each piece.
        AccessSpecific = "access:specific",
    }
}

impl Exercise {
    /// The one of a text; the specification writes opting out and in both with an underscore and with a hyphen.
    pub fn of(text: &str) -> Option<Self> {
        match text {
            "sale:opt-out" => Some(Self::SaleOptOut),
            "sale:opt-in" => Some(Self::SaleOptIn),
            _ => Self::from_code(text),
        }
    }

    /// The right as we name it. Opting in again is an agreement, which the person gives and no agent: none.
    pub const fn right(self) -> Option<Right> {
        match self {
            Self::SaleOptOut => Some(Right::Objection),
            Self::SaleOptIn => None,
            Self::Deletion => Some(Right::Erasure),
            Self::Access | Self::AccessCategories | Self::AccessSpecific => Some(Right::Access),
        }
    }
}

codes! {
    /// Where a request stands (section 3.02).
    Status {
        /// It came in.
        Open = "open",
        /// It is acted on.
        InProgress = "in_progress",
        /// Done.
        Fulfilled = "fulfilled",
        /// Taken back.
        Revoked = "revoked",
        /// Turned down.
        Denied = "denied",
        /// Over without an answer.
        Expired = "expired",
    }
}

impl Status {
    /// The same in the words of OpenDSR; it has none for a request that was turned down or has expired.
    pub const fn in_opendsr(self) -> Option<opendsr::Status> {
        match self {
            Self::Open => Some(opendsr::Status::Pending),
            Self::InProgress => Some(opendsr::Status::InProgress),
            Self::Fulfilled => Some(opendsr::Status::Completed),
            Self::Revoked => Some(opendsr::Status::Cancelled),
            Self::Denied | Self::Expired => None,
        }
    }
}

codes! {
    /// Why it stands there.
    Reason {
        /// It was not proved who asks.
        InsufficientVerification = "insuf_verification",
        /// Nothing is held about the person.
        NoMatch = "no_match",
        /// The law does not give this.
        ClaimNotCovered = "claim_not_covered",
        /// More often than the law gives it.
        TooManyRequests = "too_many_requests",
        /// Anything else.
        Other = "other",
    }
}

/// Where one of our requests stands in the protocol's words, with the ground on which it was turned down.
pub fn standing(state: State, ground: Option<&str>) -> (Status, Option<Reason>) {
    match state {
        State::Received | State::Verifying => (Status::Open, None),
        State::InProgress => (Status::InProgress, None),
        State::Completed => (Status::Fulfilled, None),
        State::Cancelled => (Status::Revoked, None),
        State::Rejected => (Status::Denied, Some(reason(ground.unwrap_or_default()))),
    }
}

fn reason(ground: &str) -> Reason {
    match ground {
        "identity_not_proved" => Reason::InsufficientVerification,
        "nothing_held" => Reason::NoMatch,
        "excessive" => Reason::TooManyRequests,
        "not_authorised" | "manifestly_unfounded" | "arranged_otherwise" | "" => Reason::Other,
        _ => Reason::ClaimNotCovered,
    }
}

/// Who a signed message is from and for, and when it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claims<'a> {
    /// `agent-id`.
    pub agent: Option<&'a str>,
    /// `business-id`.
    pub business: Option<&'a str>,
    /// `issued-at`.
    pub issued_at: Option<DateTime<Utc>>,
    /// `expires-at`.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Why a rightly signed message is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It was made by another agent, or does not say.
    Agent,
    /// It was made for another business, or does not say.
    Business,
    /// It is not yet in force, or does not say from when.
    NotYet,
    /// It is not in force any more, or does not say until when.
    Expired,
}

impl Claims<'_> {
    /// Checks a message in the order of section 3.07: by whom, for whom, after its beginning, before its end.
    pub fn check(&self, agent: &str, business: &str, now: DateTime<Utc>) -> Result<(), Unfit> {
        if self.agent != Some(agent) {
            return Err(Unfit::Agent);
        }
        if self.business != Some(business) {
            return Err(Unfit::Business);
        }
        if self.issued_at.is_none_or(|at| now < at) {
            return Err(Unfit::NotYet);
        }
        if self.expires_at.is_none_or(|at| now >= at) {
            return Err(Unfit::Expired);
        }
        Ok(())
    }
}

/// The version of the protocol that is spoken here.
pub const VERSION: &str = "1.0";

/// What is wrong with the version that a message names (sections 2.01 and 2.05): `required`, or `not_a_choice` for any other than [`VERSION`].
pub fn version_fault(version: Option<&str>) -> Option<Fault> {
    let fault = |code| Fault::new("/drp.version", code);
    match version {
        None => Some(fault("required")),
        Some(VERSION) => None,
        Some(_) => Some(fault("not_a_choice").with_arg(VERSION)),
    }
}

/// What is wrong with the contact points of a person (section 3.04): an e-mail address, and a telephone number in E.164.
pub fn contact_faults(email: Option<&str>, phone_number: Option<&str>) -> Vec<Fault> {
    let email = email.filter(|email| identifiers::email(email).is_none());
    let phone_number = phone_number.filter(|number| !is_e164(number));
    let faults = [
        email.map(|_| Fault::new("/email", "invalid_email")),
        phone_number.map(|_| Fault::new("/phone_number", "invalid_format").with_arg("+14155550100")),
    ];
    faults.into_iter().flatten().collect()
}

/// A plus sign, a country code, and up to fifteen digits in all.
fn is_e164(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (3..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0')
}

/// A time as ISO 8601 writes it; without an offset it is UTC.
pub fn moment(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.with_timezone(&Utc));
    }
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok().map(|time| time.and_utc())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::privacy_requests::GROUNDS;

    #[test]
    fn both_protocols_say_the_same_of_a_request() {
        for state in State::ALL {
            let (status, reason) = standing(*state, None);
            assert_eq!(reason.is_some(), *state == State::Rejected);
            match status.in_opendsr() {
                Some(word) => assert_eq!(word, opendsr::Status::of(*state), "{}", state.as_str()),
                None => assert_eq!(*state, State::Rejected),
            }
        }
        let pairs =
            [("fulfilled", "completed"), ("revoked", "cancelled"), ("open", "pending"), ("in_progress", "in_progress")];
        for (drp, dsr) in pairs {
            assert_eq!(Status::from_code(drp).unwrap().in_opendsr().unwrap().as_str(), dsr);
        }
        assert_eq!(Status::Expired.in_opendsr(), None);
    }

    #[test]
    fn every_ground_has_a_reason() {
        for ground in GROUNDS {
            let (status, reason) = standing(State::Rejected, Some(ground.code));
            assert!(status == Status::Denied && reason.is_some(), "{}", ground.code);
        }
        assert_eq!(standing(State::Rejected, Some("nothing_held")).1, Some(Reason::NoMatch));
        assert_eq!(standing(State::Rejected, Some("retention_required")).1, Some(Reason::ClaimNotCovered));
        assert_eq!(standing(State::Rejected, Some("identity_not_proved")).1, Some(Reason::InsufficientVerification));
    }

    #[test]
    fn opting_out_is_an_objection_and_opting_in_is_nobodys_but_the_persons() {
        assert_eq!(Exercise::of("sale:opt-out").unwrap().right(), Some(Right::Objection));
        assert_eq!(Exercise::of("sale:opt_out"), Exercise::of("sale:opt-out"));
        assert_eq!(Exercise::of("sale:opt-in").unwrap().right(), None);
        assert_eq!(Exercise::of("access:specific").unwrap().right(), Some(Right::Access));
        assert_eq!(Exercise::of("everything"), None);
    }

    #[test]
    fn a_message_holds_for_its_own_two_sides_and_within_its_time() {
        let at = |text| moment(text).unwrap();
        let (from, to) = ("2026-11-23T08:00:00Z", "2026-11-23T08:10:00Z");
        let good = Claims { agent: Some("A"), business: Some("B"), issued_at: moment(from), expires_at: moment(to) };
        let now = at("2026-11-23T08:05:00Z");
        assert_eq!(good.check("A", "B", now), Ok(()));
        assert_eq!(good.check("X", "Y", now), Err(Unfit::Agent), "who it is from comes first");
        assert_eq!(good.check("A", "Y", now), Err(Unfit::Business));
        assert_eq!(good.check("A", "B", at("2026-11-23T07:59:59Z")), Err(Unfit::NotYet));
        assert_eq!(good.check("A", "B", at(from)), Ok(()));
        assert_eq!(good.check("A", "B", at(to)), Err(Unfit::Expired));
        assert_eq!(Claims { agent: None, ..good }.check("A", "B", now), Err(Unfit::Agent));
        assert_eq!(Claims { business: None, ..good }.check("A", "B", now), Err(Unfit::Business));
        assert_eq!(Claims { issued_at: None, ..good }.check("A", "B", now), Err(Unfit::NotYet));
        assert_eq!(Claims { expires_at: None, ..good }.check("A", "B", now), Err(Unfit::Expired));
    }

    #[test]
    fn one_version_is_spoken() {
        let code = |version| version_fault(version).map(|fault| (fault.pointer, fault.code));
        assert_eq!(code(Some("1.0")), None);
        assert_eq!(code(None), Some(("/drp.version".to_owned(), "required")));
        for other in ["0.9.4", "1.0.0", " 1.0", "1", ""] {
            assert_eq!(code(Some(other)), Some(("/drp.version".to_owned(), "not_a_choice")), "{other}");
        }
    }

    #[test]
    fn contact_points_have_the_forms_of_the_specification() {
        let places =
            |email, phone| contact_faults(email, phone).into_iter().map(|fault| fault.pointer).collect::<Vec<_>>();
        assert!(places(None, None).is_empty());
        assert!(places(Some("somebody@people.example"), Some("+14155550100")).is_empty());
        for bad in ["", " ", "no address at all", "somebody@", "@people.example"] {
            assert_eq!(places(Some(bad), None), ["/email"], "{bad}");
        }
        for bad in ["", "+", "+1", "14155550100", "+1 415 555 0100", "+0415555", "+1234567890123456", "+1415555010x"] {
            assert_eq!(places(None, Some(bad)), ["/phone_number"], "{bad}");
        }
        assert_eq!(places(Some("x"), Some("y")), ["/email", "/phone_number"]);
    }

    #[test]
    fn times_are_read_with_and_without_an_offset() {
        let utc = moment("2026-11-23T08:00:00Z");
        assert_eq!(moment("2026-11-23T16:00:00+08:00"), utc);
        assert_eq!(moment("2026-11-23T08:00:00"), utc);
        assert!(moment("2026-11-23T08:00:00.123456").is_some());
        assert!(moment("23 Nov 2026").is_none() && moment("").is_none() && moment("1795305600").is_none());
    }
}
