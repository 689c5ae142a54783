//! What a customer is beside its fields: stage, source, region, age.

mod likeness;
mod regions;
mod stage;
mod tags;

pub use likeness::{Likeness, likeness, tells_apart};
pub use regions::{is_region_code, province_region};
pub use stage::Stage;
pub use tags::{LONGEST_TAG, MOST_TAGS, MOST_TAGS_EACH, is_tag_code, tag_name_fault};

use chrono::{Datelike, NaiveDate};

/// Below this age a person's data is all sensitive and needs a guardian's consent (PIPL art. 31).
pub const GUARDIAN_AGE: i32 = 14;

/// Whether this is a source code: one to forty of `a-z`, `0-9` and `_`.
pub fn is_source_code(code: &str) -> bool {
    (1..=40).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Full years lived on a day; negative before birth. Who was born on 29 February grows older on 1 March of a common year.
pub fn age_on(birth: NaiveDate, day: NaiveDate) -> i32 {
    let before_birthday = (day.month(), day.day()) < (birth.month(), birth.day());
    day.year() - birth.year() - i32::from(before_birthday)
}

/// Whether a person is a minor under fourteen on a day; no longer so on the fourteenth birthday itself.
pub fn is_under_fourteen(birth: NaiveDate, day: NaiveDate) -> bool {
    age_on(birth, day) < GUARDIAN_AGE
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn fourteen_begins_on_the_birthday() {
        let birth = date("2012-08-15");
        assert!(is_under_fourteen(birth, date("2026-08-14")));
        assert!(!is_under_fourteen(birth, date("2026-08-15")));
    }

    #[test]
    fn a_leap_day_child_turns_fourteen_in_march() {
        let birth = date("2012-02-29");
        assert!(is_under_fourteen(birth, date("2026-02-28")));
        assert!(!is_under_fourteen(birth, date("2026-03-01")));
    }

    #[test]
    fn source_codes_are_short_and_plain() {
        assert!(is_source_code("web_form"));
        assert!(is_source_code(&"a".repeat(40)));
        for refused in ["", "Web", "web-form", "来源", &"a".repeat(41)] {
            assert!(!is_source_code(refused), "{refused}");
        }
    }
}
