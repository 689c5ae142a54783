//! Consents: whether a use is allowed at a moment, and what a record of consent must hold.

mod choice;
mod intake;
mod judge;
mod merge;
mod opt_out;
mod reminders;

pub use choice::{Choice, choice};
pub use intake::{Evidence, Guardian, METHODS, Record, faults, is_under_fourteen};
pub use judge::{Judgement, Question, Reason, Standing, judge};
pub use merge::{Merged, merged};
pub use opt_out::{ended_by_opt_out, judge_after, may_be_asked_again, opt_out_stands, opt_out_stands_for};
pub use reminders::{REMINDERS, reminder_at};

/// The channel of a consent that covers every channel of its purpose.
pub const EVERY_CHANNEL: &str = "*";

/// How a purpose that somebody objects to stands among the codes of those that they agree to: no code begins so.
pub fn objection_to(code: &str) -> String {
    format!("!{code}")
}

/// What an event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// The person agreed.
    Given,
    /// The person said no.
    Refused,
    /// The person took it back.
    Withdrawn,
    /// A later one took its place.
    Superseded,
}

impl State {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Superseded => "superseded",
        }
    }

    /// The state of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Given, Self::Refused, Self::Withdrawn, Self::Superseded].into_iter().find(|state| state.code() == code)
    }
}

#[cfg(test)]
mod tests;
