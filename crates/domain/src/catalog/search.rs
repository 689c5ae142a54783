//! What is indexed for a stored value, and what a search looks up. The two meet for equal values however they were typed.

use super::normalise::{compact, comparable};
use super::{DataType, Field, Refusal, SearchKind};

/// A `prefix` index holds the first one to this many characters.
const LONGEST_PREFIX: usize = 4;

const LAST: usize = 4;

impl Field {
    /// What is indexed for a stored value: one term for `exact` and `last4` each, one to four for `prefix`.
    pub fn search_terms(&self, stored: &str) -> Vec<(SearchKind, String)> {
        let whole = self.whole_term(stored);
        if whole.is_empty() {
            return Vec::new();
        }
        let mut terms = Vec::new();
        for kind in self.wanted_kinds() {
            match kind {
                SearchKind::Exact => terms.push((kind, whole.clone())),
                SearchKind::Last4 => terms.extend(last(&whole).map(|term| (kind, term))),
                SearchKind::Prefix => {
                    let ends = whole.char_indices().take(LONGEST_PREFIX).map(|(at, c)| at + c.len_utf8());
                    terms.extend(ends.filter_map(|end| whole.get(..end)).map(|term| (kind, term.to_owned())));
                }
            }
        }
        terms
    }

    /// The term that a search for `raw` looks up; equal to the indexed one for every way of typing an equal value.
    ///
    /// Codes: `not_searchable` (arg: the kinds that are), `required` for an empty search, `invalid_last4`, `too_long` for a
    /// prefix over four characters, and for `exact` the code of the type's own check. A term finds what merely looks
    /// alike, too (a name in other spacing or case): who needs the very value compares after opening.
    pub fn query_term(&self, kind: SearchKind, raw: &str) -> Result<String, Refusal> {
        if !self.searchable.contains(&kind) {
            let kinds: Vec<_> = self.searchable.iter().map(|kind| kind.as_str()).collect();
            return Err(Refusal::with_arg("not_searchable", kinds.join(",")));
        }
        let typed = self.fragment(raw);
        if typed.is_empty() {
            return Err(Refusal::new("required"));
        }
        match kind {
            SearchKind::Exact => Ok(self.whole_term(&self.canonical(raw.trim())?)),
            SearchKind::Last4 => {
                let fits = typed.chars().count() == LAST && self.may_end_in(&typed);
                fits.then_some(typed).ok_or(Refusal::new("invalid_last4"))
            }
            SearchKind::Prefix if typed.chars().count() > LONGEST_PREFIX => {
                Err(Refusal::with_arg("too_long", LONGEST_PREFIX.to_string()))
            }
            SearchKind::Prefix => Ok(typed),
        }
    }

    fn whole_term(&self, canonical: &str) -> String {
        match self.data_type {
            DataType::Email => canonical.to_lowercase(),
            DataType::Text | DataType::Address | DataType::Enum(_) => comparable(canonical),
            _ => canonical.to_owned(),
        }
    }

    /// A typed part of a value, in the form in which whole values are indexed.
    fn fragment(&self, raw: &str) -> String {
        if self.is_identifier() { compact(raw).to_ascii_uppercase() } else { comparable(raw) }
    }

    fn may_end_in(&self, tail: &str) -> bool {
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        match self.data_type {
            DataType::Phone | DataType::BankCard => digits(tail),
            DataType::CnResidentId => digits(tail.strip_suffix('X').unwrap_or(tail)),
            _ => true,
        }
    }
}

fn last(whole: &str) -> Option<String> {
    let (start, _) = whole.char_indices().rev().nth(LAST - 1)?;
    whole.get(start..).map(str::to_owned)
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
