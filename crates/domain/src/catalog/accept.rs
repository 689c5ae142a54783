//! From what a caller sent to the canonical text that is sealed, and back to what is shown.

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};

use super::normalise::{compact, comparable, fold_width};
use super::{Category, DataType, Field, Input, Output, identifiers};

/// Why a value was not accepted. Never carries the value, so it may be logged and sent back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code in `snake_case`.
    pub code: &'static str,
    /// A limit or the allowed list.
    pub arg: Option<String>,
}

impl Refusal {
    /// The code for an empty value of an optional field, which callers treat as an absent one.
    pub const EMPTY: &'static str = "empty";

    pub(super) const fn new(code: &'static str) -> Self {
        Self { code, arg: None }
    }

    pub(super) fn with_arg(code: &'static str, arg: impl Into<String>) -> Self {
        Self { code, arg: Some(arg.into()) }
    }

    /// Whether the value was merely empty and the field optional: no fault, the field is absent.
    pub fn is_empty_value(&self) -> bool {
        self.code == Self::EMPTY
    }
}

/// A text field that allows this many characters holds prose, kept exactly as typed.
const PROSE: usize = 1000;

/// No identifier, with all that people type between its digits, is longer.
const LONGEST_IDENTIFIER: usize = 64;

/// No date of birth on file is older.
const FIRST_BIRTH_YEAR: i32 = 1900;

/// Line breaks, and marks that change how a line looks without being seen: what one person reads is not what another typed.
/// Joiners (U+200C, U+200D) stay: scripts and emoji need them.
fn is_unseen(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{85}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

impl Field {
    /// The canonical text that is sealed: what [`Field::present`] shows is accepted again and gives the same text.
    ///
    /// Codes: `wrong_type`, `control_character`, `empty` (optional field: treat as absent), `required`, `too_long` (arg:
    /// the limit in characters), `masked_value` (a mask came back as if it were the value), `not_a_choice` (arg: the
    /// choices), and `invalid_mobile`, `invalid_resident_id`, `invalid_email`, `invalid_bank_card`, `invalid_uscc`,
    /// `invalid_plate`, `invalid_date`, `invalid_datetime`, `invalid_number`, `invalid_money`.
    pub fn accept(&self, input: Input<'_>, today: NaiveDate) -> Result<String, Refusal> {
        match (&self.data_type, input) {
            (DataType::Boolean, Input::Bool(value)) => Ok(value.to_string()),
            (DataType::Number, Input::Number(text)) | (DataType::Money, Input::Structure(text)) => self.canonical(text),
            (DataType::Json, Input::Structure(json)) => self.within_length(json).map(str::to_owned),
            (_, Input::Text(text)) => self.accept_text(text, today),
            _ => Err(Refusal::new("wrong_type")),
        }
    }

    /// A stored value in the JSON shape in which it is shown.
    pub fn present<'a>(&self, stored: &'a str) -> Output<'a> {
        match self.data_type {
            DataType::Number => Output::Number(stored),
            DataType::Boolean => Output::Bool(stored == "true"),
            DataType::Money | DataType::Json => Output::Structure(stored),
            _ => Output::Text(stored),
        }
    }

    fn accept_text(&self, typed: &str, today: NaiveDate) -> Result<String, Refusal> {
        if typed.chars().any(|c| c < ' ' && !matches!(c, '\t' | '\n' | '\r')) {
            return Err(Refusal::new("control_character"));
        }
        let text = if self.is_prose() { typed } else { typed.trim() };
        if self.is_empty(text) {
            return Err(Refusal::new(if self.required { "required" } else { Refusal::EMPTY }));
        }
        if !self.is_prose() && text.chars().any(is_unseen) {
            return Err(Refusal::new("control_character"));
        }
        self.within_length(text)?;
        if self.is_masked(text) {
            return Err(Refusal::new("masked_value"));
        }
        if matches!(self.data_type, DataType::Boolean | DataType::Number | DataType::Money | DataType::Json) {
            return Err(Refusal::new("wrong_type"));
        }
        let canonical = self.canonical(text)?;
        self.plausible_on(&canonical, today)?;
        Ok(canonical)
    }

    /// The canonical form of a typed value, as far as it can be told without knowing the day.
    pub(super) fn canonical(&self, text: &str) -> Result<String, Refusal> {
        let (found, code) = match &self.data_type {
            DataType::Text | DataType::Address => (Some(text.to_owned()), "invalid_text"),
            DataType::Email => (identifiers::email(text), "invalid_email"),
            DataType::Phone => (identifiers::phone(text), "invalid_mobile"),
            DataType::CnResidentId => (identifiers::resident_id(text).map(|id| id.text), "invalid_resident_id"),
            DataType::Uscc => (identifiers::uscc(text), "invalid_uscc"),
            DataType::BankCard => (identifiers::bank_card(text), "invalid_bank_card"),
            DataType::Plate => (identifiers::plate(text), "invalid_plate"),
            DataType::Date => (date(text).map(|date| date.to_string()), "invalid_date"),
            DataType::Datetime => (datetime(text), "invalid_datetime"),
            DataType::Number => (number(text), "invalid_number"),
            DataType::Money => (is_money(text).then(|| text.to_owned()), "invalid_money"),
            DataType::Boolean => (matches!(text, "true" | "false").then(|| text.to_owned()), "wrong_type"),
            DataType::Enum(choices) => {
                let chosen = choices.iter().find(|choice| *choice == text).cloned();
                return chosen.ok_or_else(|| Refusal::with_arg("not_a_choice", choices.join(",")));
            }
            DataType::Json => (Some(text.to_owned()), "wrong_type"),
        };
        found.ok_or(Refusal::new(code))
    }

    /// Nobody is born tomorrow. A date that identifies a person is a date of birth; other dates may lie ahead.
    fn plausible_on(&self, canonical: &str, today: NaiveDate) -> Result<(), Refusal> {
        let (birth, first_year, code) = match self.data_type {
            DataType::CnResidentId => {
                (identifiers::resident_id(canonical).map(|id| id.birth), 0, "invalid_resident_id")
            }
            DataType::Date if self.category == Category::Identity => {
                (date(canonical), FIRST_BIRTH_YEAR, "invalid_date")
            }
            _ => return Ok(()),
        };
        let plausible = birth.is_some_and(|birth| birth <= today && birth.year() >= first_year);
        plausible.then_some(()).ok_or(Refusal::new(code))
    }

    /// Prose comes back exactly as typed, its outer spaces and line ends included.
    fn is_prose(&self) -> bool {
        match self.data_type {
            DataType::Address => true,
            DataType::Text => self.max_length >= PROSE,
            _ => false,
        }
    }

    /// A name of invisible marks alone is no name.
    fn is_empty(&self, text: &str) -> bool {
        text.is_empty() || (!self.is_prose() && comparable(text).is_empty())
    }

    pub(super) fn is_identifier(&self) -> bool {
        matches!(
            self.data_type,
            DataType::Phone | DataType::CnResidentId | DataType::Uscc | DataType::BankCard | DataType::Plate
        )
    }

    fn within_length<'a>(&self, text: &'a str) -> Result<&'a str, Refusal> {
        let limit = match self.data_type {
            DataType::Text | DataType::Address | DataType::Json => self.max_length,
            _ => self.max_length.max(LONGEST_IDENTIFIER),
        };
        // Bytes first: most texts need no counting.
        if text.len() <= limit || text.chars().count() <= limit {
            Ok(text)
        } else {
            Err(Refusal::with_arg("too_long", limit.to_string()))
        }
    }

    /// A form that was filled from a masked answer and sent back would overwrite the value with stars.
    fn is_masked(&self, text: &str) -> bool {
        let folded = fold_width(text);
        if !folded.contains('*') {
            return false;
        }
        let dense = compact(&folded);
        self.mask(&folded) == folded || (self.is_identifier() && compact(&self.mask(&dense)) == dense)
    }
}

/// A real calendar date written `YYYY-MM-DD`.
fn date(text: &str) -> Option<NaiveDate> {
    let text = fold_width(text);
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(place, b)| match place {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    if shaped { NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok() } else { None }
}

fn datetime(text: &str) -> Option<String> {
    let moment = DateTime::parse_from_rfc3339(&fold_width(text)).ok()?.with_timezone(&Utc);
    (0..=9999).contains(&moment.year()).then(|| moment.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// A decimal number without exponent or idle zeros; at most 38 digits, which is what a decimal column holds.
fn number(raw: &str) -> Option<String> {
    const DIGITS: usize = 38;
    let (negative, unsigned) = raw.strip_prefix('-').map_or((false, raw), |rest| (true, rest));
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, part) = match mantissa.split_once('.') {
        Some((_, "")) => return None,
        Some(halves) => halves,
        None => (mantissa, ""),
    };
    let digits = format!("{whole}{part}");
    let exponent: i64 = exponent.parse().ok().filter(|e: &i64| e.abs() <= 64)?;
    let plain = !whole.is_empty() && digits.len() <= 64 && digits.bytes().all(|b| b.is_ascii_digit());
    if !plain {
        return None;
    }
    let point = i64::try_from(whole.len()).ok()? + exponent;
    let before = usize::try_from(point).unwrap_or(0);
    let lead = usize::try_from(-point).unwrap_or(0);
    let padded = format!("{}{digits}{}", "0".repeat(lead), "0".repeat(before.saturating_sub(digits.len())));
    let (whole, part) = padded.split_at_checked(before)?;
    let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
    if whole.len() + part.len() > DIGITS {
        return None;
    }
    let sign = if negative && !(whole.is_empty() && part.is_empty()) { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") })
}

/// Whether this is `{"amount":"12.30","currency":"CNY"}` in canonical form, with up to 15 digits and 4 decimals.
fn is_money(json: &str) -> bool {
    let parts = json
        .strip_prefix(r#"{"amount":""#)
        .and_then(|rest| rest.strip_suffix(r#""}"#))
        .and_then(|rest| rest.split_once(r#"","currency":""#));
    let Some((amount, currency)) = parts else { return false };
    let unsigned = amount.strip_prefix('-').unwrap_or(amount);
    let (whole, part) = unsigned.split_once('.').map_or((unsigned, None), |(w, p)| (w, Some(p)));
    let digits = |text: &str, most| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits(whole, 15)
        && (whole == "0" || !whole.starts_with('0'))
        && part.is_none_or(|part| digits(part, 4))
        && currency.len() == 3
        && currency.bytes().all(|b| b.is_ascii_uppercase())
}

#[cfg(test)]
#[path = "accept_tests.rs"]
mod tests;
