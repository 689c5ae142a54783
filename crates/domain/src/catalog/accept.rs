//! From what a caller sent to the canonical text that is sealed, and back.
use super::{Field, Input, Output};
use chrono::NaiveDate;

/// Why a value was not accepted. Never carries the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code in `snake_case`.
    pub code: &'static str,
    /// A limit or the allowed list.
    pub arg: Option<String>,
}

impl Field {
    pub fn accept(&self, _input: Input<'_>, _today: NaiveDate) -> Result<String, Refusal> {
        unimplemented!()
    }
    pub fn present<'a>(&self, _stored: &'a str) -> Output<'a> {
        unimplemented!()
    }
}
