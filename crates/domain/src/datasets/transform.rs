//! What becomes of one value.

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, TimeDelta, Utc};

use super::{Method, OLDEST_BAND, Rule};
use crate::catalog::{DataType, Field};

/// What a person's values are changed by in one data set.
pub struct Person<'a> {
    /// The day on which the data set is written.
    pub today: NaiveDate,
    /// Drawn for this person in this data set: by it their dates move.
    pub seed: u64,
    /// The name of a value of a field in this data set.
    pub name: &'a dyn Fn(&str, &str) -> String,
}

/// The value as it leaves; `None` where nothing of it does. A value that is not what its field says leaves nothing.
pub fn apply(rule: &Rule, field: &Field, text: &str, person: &Person<'_>) -> Option<String> {
    let size = rule.size.unwrap_or(1).max(1);
    match rule.method {
        Method::Keep => Some(text.to_owned()),
        Method::Mask => Some(field.mask(text)),
        Method::Pseudonymise => Some((person.name)(field.key, text)),
        Method::Prefix => Some(prefix(text, size)),
        Method::Range => range(text, size),
        Method::AgeBand => age_band(text.parse().ok()?, person.today, size),
        Method::Year => day(field, text).map(|day| format!("{:04}", day.year())),
        Method::Month => day(field, text).map(|day| format!("{:04}-{:02}", day.year(), day.month())),
        Method::Shift => shift(field, text, offset(person.seed, size)),
    }
}

fn prefix(text: &str, size: u32) -> String {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let kept: String = text.chars().take(size).collect();
    // What is as short as its prefix would be told in full, and told to be so short: the mark says nothing of what was there.
    format!("{kept}*")
}

/// `20..30` for 25.3: from the first on, below the second.
fn range(text: &str, width: u32) -> Option<String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: i128 = whole.parse().ok()?;
    let broken = fraction.bytes().any(|digit| digit != b'0');
    // Rounded down, so that a range holds what is at and above its beginning.
    let floor = if negative { -whole - i128::from(broken) } else { whole };
    let width = i128::from(width);
    let from = floor.div_euclid(width).checked_mul(width)?;
    Some(format!("{from}..{}", from.checked_add(width)?))
}

fn age_band(born: NaiveDate, today: NaiveDate, years: u32) -> Option<String> {
    let age = today.years_since(born)?;
    if age >= OLDEST_BAND {
        return Some(format!("{OLDEST_BAND}+"));
    }
    let from = age / years * years;
    Some(format!("{from}-{}", (from + years - 1).min(OLDEST_BAND - 1)))
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc))
}

fn day(field: &Field, text: &str) -> Option<NaiveDate> {
    match field.data_type {
        DataType::Datetime => moment(text).map(|at| at.date_naive()),
        _ => text.parse().ok(),
    }
}

/// From `-most` to `most` days, never none.
fn offset(seed: u64, most: u32) -> i64 {
    let drawn = i64::try_from(seed % (2 * u64::from(most))).unwrap_or(0);
    let most = i64::from(most);
    if drawn < most { drawn - most } else { drawn - most + 1 }
}

fn shift(field: &Field, text: &str, days: i64) -> Option<String> {
    let by = TimeDelta::try_days(days)?;
    match field.data_type {
        DataType::Datetime => {
            moment(text)?.checked_add_signed(by).map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
        }
        _ => text.parse::<NaiveDate>().ok()?.checked_add_signed(by).map(|day| day.to_string()),
    }
}
