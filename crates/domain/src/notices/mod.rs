//! Notices: what a text must tell before it is published, and what changed between two of them.

mod diff;
mod elements;
mod language;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use diff::differences;
pub use diff::{Line, Side};
pub use elements::{Element, is_element, required};
pub use language::Wanted;

use crate::kernel::{Fault, codes};

/// A notice in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Its title.
    pub title: String,
    /// All of it, as people read it.
    pub text: String,
    /// Where the text says each element: words of the text, by the element's code.
    pub elements: BTreeMap<String, String>,
    /// SHA-256 of the text's UTF-8 bytes, in hex.
    pub sha256: String,
}

/// Texts by BCP 47 language.
pub type Texts = BTreeMap<String, Text>;

codes! {
    /// What people read of a notice.
    Part {
        /// The title above it.
        Title = "title",
        /// All of it.
        Text = "text",
    }
}

/// Every line of two versions in one language, the title's first.
pub fn compared<'a>(before: &'a Text, after: &'a Text) -> impl Iterator<Item = (Part, Line<'a>)> {
    let title = differences(&before.title, &after.title).into_iter().map(|line| (Part::Title, line));
    title.chain(differences(&before.text, &after.text).into_iter().map(|line| (Part::Text, line)))
}

/// What keeps a notice from being published: elements that are missing, or said to stand where they do not.
pub fn faults(texts: &Texts, required: &[Element]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (language, text) in texts {
        for element in required {
            let place = format!("/texts/{language}/elements/{}", element.code);
            match text.elements.get(element.code).map(String::as_str) {
                None | Some("") => faults.push(Fault::new(place, "missing_element").with_arg(element.article)),
                Some(words) if !text.text.contains(words) => faults.push(Fault::new(place, "not_in_text")),
                Some(_) => {}
            }
        }
    }
    faults
}

/// Elements whose words are what people agree to: another wording of them is another thing.
const AGREED_TO: [&str; 11] = [
    "purposes",
    "methods",
    "kinds",
    "retention",
    "recipients",
    "recipient_name",
    "recipient_purposes",
    "recipient_kinds",
    "abroad_recipient_name",
    "abroad_purposes",
    "abroad_kinds",
];

/// Whether people who agreed under `before` did not agree to what `after` says.
pub fn is_material(before: &Texts, after: &Texts) -> bool {
    let said = |texts: &Texts, language: &String, code: &str| {
        texts.get(language).and_then(|text| text.elements.get(code).cloned()).unwrap_or_default()
    };
    let both = before.keys().filter(|language| after.contains_key(*language));
    let mut pairs = both.flat_map(|language| AGREED_TO.iter().map(move |code| (language, *code)));
    pairs.any(|(language, code)| said(before, language, code) != said(after, language, code))
}

#[cfg(test)]
mod tests;
