//! Retention: the policies that end it, and the duties to keep that stand against erasure.

mod policy;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::kernel::codes;

pub use policy::{Action, LONGEST_STEP, PolicyState, Since, due_before, is_steady};

codes! {
    /// What kind of duty a hold stands for.
    HoldKind {
        /// A dispute, before or in court.
        Litigation = "litigation",
        /// An authority looks into it.
        Investigation = "investigation",
        /// A law says for how long it must be kept.
        Statutory = "statutory",
    }
}

impl HoldKind {
    /// Whether it ends by itself at a moment that is known from the start.
    pub const fn has_term(self) -> bool {
        matches!(self, Self::Statutory)
    }
}

/// A hold in force on the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its id, which a refusal names.
    pub id: Uuid,
    /// What kind of duty.
    pub kind: HoldKind,
    /// When it ends by itself.
    pub until: Option<DateTime<Utc>>,
    /// When somebody ended it.
    pub released_at: Option<DateTime<Utc>>,
}

impl Hold {
    /// Whether it binds at a moment; its last moment is the one before `until`.
    pub fn in_force(&self, now: DateTime<Utc>) -> bool {
        self.released_at.is_none() && self.until.is_none_or(|until| now < until)
    }
}

/// What may be done about a wish to erase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing stands against it.
    Go,
    /// Must not be erased, and what binds is not a matter of time: the wish is refused. The ids of the holds.
    Refused(Vec<Uuid>),
    /// Must be kept until these end; until then it is stored and kept safe, and nothing else (PIPL 47(2)).
    Blocked {
        /// The holds.
        by: Vec<Uuid>,
        /// When the last of them ends.
        until: DateTime<Utc>,
    },
}

/// Judges the holds on one person. A hold without an end outweighs every term.
pub fn judge(holds: &[Hold], now: DateTime<Utc>) -> Verdict {
    let binding: Vec<&Hold> = holds.iter().filter(|hold| hold.in_force(now)).collect();
    let refusing: Vec<Uuid> = binding.iter().filter(|hold| !hold.kind.has_term()).map(|hold| hold.id).collect();
    if !refusing.is_empty() {
        return Verdict::Refused(refusing);
    }
    match binding.iter().filter_map(|hold| hold.until).max() {
        None => Verdict::Go,
        Some(until) => Verdict::Blocked { by: binding.iter().map(|hold| hold.id).collect(), until },
    }
}

#[cfg(test)]
mod tests;
