//! Requests of the people whom data is about: which rights, how long each may take, who may ask, and on what ground one may be turned down.

mod calendar;
mod deadlines;
mod duplicates;
mod grounds;
mod log;
mod package;

pub use calendar::{BUILT_IN, BuiltIn, Calendar, MissingYear};
pub use deadlines::{
    DEFAULT_WORKING_DAYS, Dates, Jurisdiction, LONGEST_WORKING_DAYS, Limit, OwnLimits, RULES, Rule, missing_year,
};
pub use duplicates::{Matter, displaces};
pub use grounds::{GROUNDS, Ground, ground, remedy};
pub use log::{KEPT_MONTHS, LOG_MEMBERS, LogFormat, kept_since};
pub use package::{encloses_files, is_free_text, is_judged, is_left_out, is_plan, is_portable, takes_files};

use chrono::NaiveDate;

use crate::kernel::{Fault, codes};

codes! {
    /// What is asked for.
    Right {
        /// To see what is held, and have a copy.
        Access = "access",
        /// To take along what was given by consent or contract.
        Portability = "portability",
        /// To have it corrected or completed.
        Rectification = "rectification",
        /// To have it gone.
        Erasure = "erasure",
        /// To have its use stopped for a while.
        Restriction = "restriction",
        /// To object to a use.
        Objection = "objection",
        /// To take back what was agreed to.
        WithdrawConsent = "withdraw_consent",
        /// To have the rules, or a decision, explained.
        Explanation = "explanation",
    }
}

codes! {
    /// Where a request stands.
    State {
        /// It came in; the clock runs from here.
        Received = "received",
        /// A proof of identity was asked for.
        Verifying = "verifying",
        /// It is known who asks, or need not be.
        InProgress = "in_progress",
        /// Done.
        Completed = "completed",
        /// Turned down, on a ground.
        Rejected = "rejected",
        /// Taken back, or answered in another one.
        Cancelled = "cancelled",
    }
}

impl State {
    /// Whether nothing more will happen.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Completed | Self::Rejected | Self::Cancelled)
    }

    /// Whether a request may go from here to there.
    pub const fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Received, Self::Verifying | Self::InProgress)
            | (Self::Verifying, Self::InProgress)
            | (Self::InProgress, Self::Completed) => true,
            (_, Self::Rejected | Self::Cancelled) => !self.is_closed(),
            _ => false,
        }
    }
}

codes! {
    /// Who asks.
    Requester {
        /// The person.
        Subject = "subject",
        /// Somebody whom the person has authorised in writing.
        Agent = "agent",
        /// A parent or guardian of a minor.
        Guardian = "guardian",
        /// A close relative of somebody who has died (PIPL art. 49).
        Relative = "relative",
    }
}

codes! {
    /// How it came in.
    Channel {
        /// By electronic mail.
        Email = "email",
        /// By telephone.
        Phone = "phone",
        /// On paper.
        Letter = "letter",
        /// At the counter.
        InPerson = "in_person",
        /// By a form of the organisation's own.
        Web = "web",
        /// Through the person's own door.
        SelfService = "self_service",
        /// From a partner that speaks OpenDSR.
        OpenDsr = "opendsr",
        /// From an authorised agent that speaks the Data Rights Protocol.
        Drp = "drp",
    }
}

codes! {
    /// How it was proved who asks.
    Proof {
        /// A code that was sent to a contact point on file.
        Code = "code",
        /// An identity document that was looked at.
        Document = "document",
        /// The person came.
        InPerson = "in_person",
        /// A letter with a signature that is known.
        SignedLetter = "signed_letter",
        /// A partner vouches for it, whom the organisation believes.
        Partner = "partner",
    }
}

/// What somebody who speaks for another has to say of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Claim<'a> {
    /// What they are to the person.
    pub relationship: Option<&'a str>,
    /// Their own lawful, legitimate interest.
    pub interest: Option<&'a str>,
    /// The written permission, by its reference.
    pub authorization: Option<&'a str>,
}

/// Every fault of what somebody claims who asks for this right: pointers into the body.
pub fn claim_faults(who: Requester, right: Right, claim: Claim<'_>) -> Vec<Fault> {
    let said = |text: Option<&str>| text.is_some_and(|text| !text.trim().is_empty());
    let mut faults = Vec::new();
    let mut needs = |name: &str, there: bool| {
        if !there {
            faults.push(Fault::new(format!("/requester/{name}"), "required"));
        }
    };
    match who {
        Requester::Subject => {}
        Requester::Agent => needs("authorization", said(claim.authorization)),
        Requester::Guardian => needs("relationship", said(claim.relationship)),
        Requester::Relative => {
            needs("relationship", said(claim.relationship));
            needs("interest", said(claim.interest));
        }
    }
    // PIPL art. 49: to look, copy, correct and delete.
    let open = matches!(right, Right::Access | Right::Portability | Right::Rectification | Right::Erasure);
    if who == Requester::Relative && !open {
        faults.push(Fault::new("/right", "not_for_relatives"));
    }
    faults
}

/// Whether somebody born on that day has a guardian on this one.
pub fn is_minor(born: NaiveDate, today: NaiveDate) -> bool {
    today.years_since(born).is_some_and(|years| years < 18)
}

#[cfg(test)]
mod tests;
