//! De-identified copies: what is done to each field, and how many people must look alike.

mod anonymity;
mod transform;

use serde::{Deserialize, Serialize};

pub use anonymity::Classes;
pub use transform::{Person, apply};

use crate::catalog::{Category, Classification, DataType, Field, RecordType};
use crate::kernel::{Fault, codes};

/// How many people look alike where nothing is said.
pub const USUAL_K: u32 = 5;
/// From this age on everybody is of one band: few enough live that their age alone singles them out.
pub const OLDEST_BAND: u32 = 90;

codes! {
    /// What is done to a value. A field that no rule names is left out.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    Method {
        /// Nothing. Not for sensitive and core fields, nor for unique ones.
        Keep = "keep",
        /// Its mask.
        Mask = "mask",
        /// A date of birth as an age of so many years, at the time of writing.
        AgeBand = "age_band",
        /// A number as a range so wide.
        Range = "range",
        /// The first so many characters of a text.
        Prefix = "prefix",
        /// The year of a date or moment.
        Year = "year",
        /// The month of a date or moment.
        Month = "month",
        /// A name of its own for each value, alike in one data set and different in every other.
        Pseudonymise = "pseudonymise",
        /// A date moved by at most so many days, by the same number for all dates of one person.
        Shift = "shift",
    }
}

codes! {
    /// What becomes of those who look like too few others.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    Below {
        /// They are left out.
        Suppress = "suppress",
        /// There is no data set at all.
        Refuse = "refuse",
    }
}

/// What is done to one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its key.
    pub field: String,
    /// What is done.
    pub method: Method,
    /// Years of a band, width of a range, characters of a prefix, days of a shift.
    pub size: Option<u32>,
}

/// How a data set is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// In the order of the columns.
    pub rules: Vec<Rule>,
    /// Keys of the columns that together must not single anybody out.
    pub quasi_identifiers: Vec<String>,
    /// So many must look alike in them.
    pub k: u32,
    /// What becomes of the others.
    pub below: Below,
}

impl Method {
    /// The sizes that it takes; none where it takes no size.
    const fn sizes(self) -> Option<(u32, u32)> {
        match self {
            Self::AgeBand => Some((2, 50)),
            Self::Range => Some((2, 1_000_000_000)),
            Self::Prefix => Some((1, 20)),
            Self::Shift => Some((1, 366)),
            Self::Keep | Self::Mask | Self::Year | Self::Month | Self::Pseudonymise => None,
        }
    }

    const fn fits(self, data_type: &DataType) -> bool {
        match self {
            Self::Keep | Self::Mask | Self::Pseudonymise => true,
            Self::AgeBand => matches!(data_type, DataType::Date),
            Self::Range => matches!(data_type, DataType::Number),
            Self::Prefix => matches!(
                data_type,
                DataType::Text | DataType::CnResidentId | DataType::Uscc | DataType::Plate | DataType::Address
            ),
            Self::Year | Self::Month | Self::Shift => matches!(data_type, DataType::Date | DataType::Datetime),
        }
    }
}

/// Whether a field tells who somebody is, or where they are reached.
fn tells_who(field: &Field) -> bool {
    matches!(field.category, Category::Identity | Category::Contact)
}

/// Every fault of a recipe.
pub fn faults(recipe: &Recipe, of: &RecordType) -> Vec<Fault> {
    let mut found = Vec::new();
    for (at, rule) in recipe.rules.iter().enumerate() {
        let before = recipe.rules.iter().take(at).any(|other| other.field == rule.field);
        match of.field(&rule.field) {
            None => found.push(Fault::new(format!("/rules/{at}/field"), "unknown_field")),
            Some(_) if before => found.push(Fault::new(format!("/rules/{at}/field"), "repeated")),
            Some(field) => found.extend(rule_fault(at, rule, field)),
        }
    }
    let shifts: Vec<u32> =
        recipe.rules.iter().filter(|rule| rule.method == Method::Shift).filter_map(|rule| rule.size).collect();
    if shifts.windows(2).any(|pair| pair.first() != pair.last()) {
        found.push(Fault::new("/rules", "one_shift"));
    }
    for (at, key) in recipe.quasi_identifiers.iter().enumerate() {
        let column = recipe.rules.iter().any(|rule| rule.field == *key && rule.method != Method::Pseudonymise);
        if !column {
            found.push(Fault::new(format!("/quasi_identifiers/{at}"), "no_such_column"));
        }
    }
    let hidden = |rule: &&Rule| {
        let who = of.field(&rule.field).is_some_and(tells_who);
        who && rule.method != Method::Pseudonymise && !recipe.quasi_identifiers.contains(&rule.field)
    };
    let missing = recipe.rules.iter().filter(hidden);
    found.extend(missing.map(|rule| Fault::new("/quasi_identifiers", "must_be_named").with_arg(rule.field.clone())));
    found
}

fn rule_fault(at: usize, rule: &Rule, field: &Field) -> Option<Fault> {
    let guarded = field.classification > Classification::Internal || field.keeps_unique();
    if !rule.method.fits(&field.data_type) {
        return Some(
            Fault::new(format!("/rules/{at}/method"), "method_does_not_fit").with_arg(field.data_type.as_str()),
        );
    }
    if rule.method == Method::Keep && guarded {
        return Some(Fault::new(format!("/rules/{at}/method"), "must_be_transformed"));
    }
    let place = || format!("/rules/{at}/size");
    match (rule.method.sizes(), rule.size) {
        (None, None) => None,
        (None, Some(_)) => Some(Fault::new(place(), "not_allowed")),
        (Some(_), None) => Some(Fault::new(place(), "required")),
        (Some((least, most)), Some(size)) if size < least || size > most => {
            let limit = if size < least { least } else { most };
            Some(Fault::new(place(), "out_of_range").with_arg(limit.to_string()))
        }
        (Some(_), Some(_)) => None,
    }
}

#[cfg(test)]
mod tests;
