//! Segments: what a kept filter may hold, what a tier rule may say, and whose eyes a filter counts for.

use crate::access::{Caller, Staff, View, Who, role_access, widest_field_access};
use crate::catalog::{Classification, DataType, Field, RecordType, SearchKind};
use crate::kernel::{Fault, codes};
use crate::roles::Permission;

/// The most values that a kept filter looks for.
pub const MOST_TERMS: usize = 5;

codes! {
    /// How a tier rule works.
    Mode {
        /// Whoever applies it sets the tier of all who match.
        Set = "set",
        /// Somebody looks at each: the tier is set of those alone who are named.
        Propose = "propose",
    }
}

codes! {
    /// How often a tier rule works by itself.
    Schedule {
        /// Every hour.
        Hourly = "hourly",
        /// Every day.
        Daily = "daily",
        /// Every week.
        Weekly = "weekly",
    }
}

impl Schedule {
    /// The time between two runs.
    pub const fn period(self) -> chrono::TimeDelta {
        match self {
            Self::Hourly => chrono::TimeDelta::hours(1),
            Self::Daily => chrono::TimeDelta::days(1),
            Self::Weekly => chrono::TimeDelta::days(7),
        }
    }
}

/// A rule that says which tier those of a segment are of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierRule {
    /// Key of the field that holds the tier.
    pub field: String,
    /// One of its choices.
    pub value: String,
    /// How it works.
    pub mode: Mode,
    /// How often it works by itself; only one that sets does.
    pub schedule: Option<Schedule>,
}

/// Whether a value of this field may stand in a filter that is kept, looked for in this way; the code of the fault if not.
///
/// What singles out a person may not: the filter would be a copy of their data that no erasure of theirs finds.
pub fn may_keep(field: &Field, kind: SearchKind) -> Result<(), &'static str> {
    match field {
        _ if !field.searchable.contains(&kind) => Err("not_searchable"),
        _ if field.classification > Classification::Internal || field.keeps_unique() => Err("singles_out"),
        _ => Ok(()),
    }
}

/// Every fault of a tier rule.
pub fn tier_faults(of: &RecordType, rule: &TierRule) -> Vec<Fault> {
    if rule.schedule.is_some() && rule.mode != Mode::Set {
        return vec![Fault::new("/tier/schedule", "only_for_set")];
    }
    let Some(field) = of.field(&rule.field) else { return vec![Fault::new("/tier/field", "unknown_field")] };
    let DataType::Enum(choices) = &field.data_type else { return vec![Fault::new("/tier/field", "no_tier_field")] };
    if may_keep(field, SearchKind::Exact).is_err() {
        return vec![Fault::new("/tier/field", "no_tier_field")];
    }
    match choices.contains(&rule.value) {
        true => Vec::new(),
        false => vec![Fault::new("/tier/value", "not_a_choice").with_arg(choices.join(", "))],
    }
}

/// The caller with those roles alone that by themselves show each of these fields in full: whatever they reach may be counted by these fields.
/// `None` where a field is not shown in full anywhere.
///
/// A number of people is an answer about each of them: it must not tell of customers on whom a field of the filter is closed.
pub fn reader_of(caller: &Caller, permission: Permission, fields: &[&Field]) -> Option<Caller> {
    if fields.iter().any(|field| widest_field_access(caller, permission, field).view < View::Read) {
        return None;
    }
    let Who::Staff(staff) = &caller.who else { return Some(caller.clone()) };
    let reads =
        |role: &crate::roles::Role| fields.iter().all(|field| role_access(role, permission, field).view == View::Read);
    let roles = staff.roles.iter().filter(|role| reads(role)).cloned().collect();
    let staff = Staff { roles, ..staff.clone() };
    Some(Caller { organization: caller.organization, who: Who::Staff(staff) })
}

#[cfg(test)]
mod tests;
