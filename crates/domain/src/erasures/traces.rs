//! What a person can be recognised by wherever it was copied to, and what text is searched in.

use crate::catalog::normalise::{compact, fold_width};
use crate::catalog::{Category, Classification, DataType, Field};

/// Fewer characters occur by chance.
const LEAST: usize = 6;

/// A text field with room for more is no account name.
const LONGEST_NAME: usize = 100;

/// One identifier of an erased person as it is looked for.
#[derive(Clone, PartialEq, Eq)]
pub struct Trace {
    /// The field that it stood in. In the same field of somebody else it is that person's own.
    pub field: String,
    /// What is looked for, in the form that [`plain`] or [`close`] gives to texts.
    pub text: String,
    /// Looked for as a word of its own in plain text; else anywhere in text without spaces and hyphens.
    pub word: bool,
}

/// Text as words are looked for in it: width folded, upper case.
pub fn plain(text: &str) -> String {
    fold_width(text).to_uppercase()
}

/// Text as numbers are looked for in it: the same without spaces, hyphens and invisible marks.
pub fn close(text: &str) -> String {
    compact(text).to_uppercase()
}

/// What to look for so that a copy of this value is found however it was typed. Nothing for what many people share (names, companies, places,
/// days) and for what is too short to be told from chance.
pub fn traces(field: &Field, stored: &str) -> Option<Trace> {
    let number = matches!(
        field.data_type,
        DataType::Phone | DataType::CnResidentId | DataType::Uscc | DataType::BankCard | DataType::Plate
    );
    let account = matches!(field.data_type, DataType::Text)
        && field.max_length <= LONGEST_NAME
        && field.category == Category::Contact
        && field.classification >= Classification::Sensitive;
    let word = matches!(field.data_type, DataType::Email) || field.unique || account;
    if !number && !word {
        return None;
    }
    let text = if number { close(national(stored)) } else { plain(stored.trim()) };
    (text.chars().count() >= LEAST).then(|| Trace { field: field.name.to_string(), text, word: !number })
}

/// A phone number without its country's code where that is ours, and without the sign in any case: few people type either.
fn national(stored: &str) -> &str {
    stored.strip_prefix("+86").or_else(|| stored.strip_prefix('+')).unwrap_or(stored)
}

/// Whether what was found at `from..to` stands as a word of its own: no letter or digit of ASCII touches it.
pub fn stands_alone(text: &str, from: usize, to: usize) -> bool {
    let touches = |at: Option<char>| at.is_some_and(|c| c.is_ascii_alphanumeric());
    let before = text.get(..from).and_then(|head| head.chars().next_back());
    let after = text.get(to..).and_then(|tail| tail.chars().next());
    !touches(before) && !touches(after)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::catalog::customer;

    fn trace(field: &str, stored: &str) -> Option<(String, bool)> {
        traces(customer().field(field).unwrap(), stored).map(|trace| (trace.text, trace.word))
    }

    #[test]
    fn numbers_are_found_however_typed_and_accounts_as_words() {
        assert_eq!(trace("mobile", "+8613812345678"), Some(("13812345678".into(), false)));
        assert!(close("call １３８-1234 5678 please").contains("13812345678"));
        assert_eq!(trace("email", "wei@example.org"), Some(("WEI@EXAMPLE.ORG".into(), true)));
        assert_eq!(trace("customer_no", "C-000017"), Some(("C-000017".into(), true)));
        assert_eq!(trace("wechat", "wx_kanari"), Some(("WX_KANARI".into(), true)));
    }

    #[test]
    fn what_many_share_or_chance_makes_is_not_looked_for() {
        for (field, value) in [
            ("name", "欧阳司马上官诸葛"),
            ("company", "Example Ltd"),
            ("birthday", "1974-03-17"),
            ("customer_no", "N-7"),
        ] {
            assert_eq!(trace(field, value), None, "{field}");
        }
        assert_eq!(trace("notes", "a long note about nothing at all"), None);
    }

    #[test]
    fn a_word_stands_alone_beside_characters_of_another_script_only() {
        let text = plain("客户c-000017已删，见 C-0000171");
        let hits: Vec<_> =
            text.match_indices("C-000017").map(|(at, hit)| stands_alone(&text, at, at + hit.len())).collect();
        assert_eq!(hits, [true, false]);
    }
}
