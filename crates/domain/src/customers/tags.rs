//! Tags: an organisation's own words for its customers. They stand in the clear and say nothing that tells who somebody is.

/// The most tags of an organisation.
pub const MOST_TAGS: usize = 1_000;
/// The most tags of one customer.
pub const MOST_TAGS_EACH: usize = 50;
/// The longest code, and the longest name in characters.
pub const LONGEST_TAG: usize = 40;
/// More digits than a year and a month have are the number of somebody or something.
const MOST_DIGITS: usize = 6;

/// Whether this is the code of a tag: one to forty of `a-z`, `0-9` and `_`, and no number of somebody.
pub fn is_tag_code(code: &str) -> bool {
    let plain = code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    plain && (1..=LONGEST_TAG).contains(&code.len()) && digits(code) <= MOST_DIGITS
}

/// What is wrong with the name of a tag, as a fault's code: `empty`, `too_long`, `control_character`, or `personal_value` for what looks like an
/// address or a number of somebody.
pub fn tag_name_fault(name: &str) -> Option<&'static str> {
    const MARKS: &str = " -_/+&·.()（）、";
    let known = |c: char| c.is_alphanumeric() || MARKS.contains(c);
    if name.trim().is_empty() {
        return Some("empty");
    }
    if name.chars().count() > LONGEST_TAG {
        return Some("too_long");
    }
    if digits(name) > MOST_DIGITS || name.chars().any(|c| matches!(c, '@' | '＠' | '#' | ':' | '：')) {
        return Some("personal_value");
    }
    if name.trim() != name || !name.chars().all(known) {
        return Some("control_character");
    }
    None
}

/// Digits of any script: full-width ones are as good as a number.
fn digits(text: &str) -> usize {
    text.chars().filter(|c| c.is_numeric()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_are_short_plain_words() {
        for code in ["vip", "q4_2026", "a", &"b".repeat(40)] {
            assert!(is_tag_code(code), "{code}");
        }
        for code in ["", "VIP", "v-i-p", "客户", "13812345678", "tel_1381234", &"b".repeat(41)] {
            assert!(!is_tag_code(code), "{code}");
        }
    }

    #[test]
    fn names_are_words_and_no_values_of_people() {
        for name in ["VIP", "重点客户", "2026 年展会", "Fair 2026/11", "A&B (new)"] {
            assert_eq!(tag_name_fault(name), None, "{name}");
        }
        for (name, fault) in [
            ("", "empty"),
            ("   ", "empty"),
            (&*"长".repeat(41), "too_long"),
            ("138-1234-5678", "personal_value"),
            ("１３８１２３４５６７８", "personal_value"),
            ("wei@example.org", "personal_value"),
            ("wei＠example", "personal_value"),
            ("微信：wei", "personal_value"),
            ("VIP\u{200b}", "control_character"),
            (" VIP", "control_character"),
            ("<b>", "control_character"),
        ] {
            assert_eq!(tag_name_fault(name), Some(fault), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_name_that_is_taken_holds_a_telephone_number(before in "[a-z 一-三]{0,10}", number in "1[3-9][0-9]{9}", after in "[a-z 一-三]{0,10}") {
            let name = format!("{before}{number}{after}");
            prop_assert!(tag_name_fault(&name).is_some());
        }
    }
}
