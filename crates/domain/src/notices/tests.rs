//! Notices: what is missing is named, and a difference can be told back into both texts.
#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::catalog::Catalog;
use crate::purposes::{ConsentKind, Purpose, Recipient, starters};

fn marketing() -> Purpose {
    starters().into_iter().find(|one| one.code == "marketing").unwrap().purpose
}

fn codes(purpose: &Purpose, from_others: bool) -> Vec<&'static str> {
    required(&[purpose], from_others, Catalog::built_in()).iter().map(|element| element.code).collect()
}

#[test]
fn what_a_purpose_does_says_what_must_be_told() {
    let plain = codes(&marketing(), false);
    assert_eq!(
        plain,
        ["controller_name", "controller_contact", "purposes", "methods", "kinds", "retention", "rights", "withdrawal"]
    );
    let shared = Purpose { recipients: vec![Recipient { name: "Ads".into(), country: "CN".into() }], ..marketing() };
    assert!(codes(&shared, false).contains(&"recipient_name") && !codes(&shared, false).contains(&"abroad_rights"));
    let abroad = Purpose { recipients: vec![Recipient { name: "Ads".into(), country: "SG".into() }], ..marketing() };
    assert!(codes(&abroad, false).contains(&"abroad_rights"));
    let sensitive = Purpose { fields: Some(vec!["bank_card".into()]), ..marketing() };
    assert!(codes(&sensitive, false).contains(&"sensitive_effect"));
}

#[test]
fn europe_wants_its_own() {
    let europe = Purpose {
        legal_basis: "eu_legitimate_interests".into(),
        consent_kind: ConsentKind::None,
        methods: vec!["automated_decision".into()],
        jurisdictions: vec!["DE".into()],
        ..marketing()
    };
    let own = codes(&europe, false);
    for code in ["legal_basis", "legitimate_interests", "complaint", "automated_decisions"] {
        assert!(own.contains(&code), "{code}");
    }
    assert!(!own.contains(&"source") && !own.contains(&"withdrawal"));
    assert!(codes(&europe, true).contains(&"source"));
}

fn text(elements: &[(&str, &str)], words: &str) -> Texts {
    let elements = elements.iter().map(|(code, words)| ((*code).to_owned(), (*words).to_owned())).collect();
    let text = Text { title: "T".into(), text: words.into(), elements, sha256: String::new() };
    [("en".to_owned(), text)].into()
}

#[test]
fn what_is_missing_or_not_there_is_named() {
    let wanted =
        [Element { code: "kinds", article: "PIPL 17(1)(2)" }, Element { code: "rights", article: "PIPL 17(1)(3)" }];
    let found = faults(&text(&[("kinds", "names"), ("rights", "")], "We keep numbers."), &wanted);
    let told: Vec<_> = found.iter().map(|fault| (fault.pointer.as_str(), fault.code, fault.arg.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("/texts/en/elements/kinds", "not_in_text", None),
            ("/texts/en/elements/rights", "missing_element", Some("PIPL 17(1)(3)"))
        ]
    );
    assert!(wanted.iter().all(|element| is_element(element.code)) && !is_element("weather"));
}

#[test]
fn another_wording_of_what_was_agreed_to_is_material_and_a_better_greeting_is_not() {
    let before = text(&[("kinds", "names"), ("rights", "ask us")], "Hello. names ask us");
    assert!(is_material(&before, &text(&[("kinds", "names, numbers"), ("rights", "ask us")], "")));
    assert!(!is_material(&before, &text(&[("kinds", "names"), ("rights", "write to us")], "Dear reader")));
}

#[test]
fn another_title_is_a_difference() {
    let before = text(&[], "Hello").remove("en").unwrap();
    let after = Text { title: "Offers by telephone".to_owned(), ..before.clone() };
    let lines: Vec<_> = compared(&before, &after).map(|(part, line)| (part, line.side, line.text)).collect();
    let title = before.title.as_str();
    assert_eq!(
        lines,
        [
            (Part::Title, Side::Removed, title),
            (Part::Title, Side::Added, "Offers by telephone"),
            (Part::Text, Side::Both, "Hello")
        ]
    );
}

proptest! {
    #[test]
    fn a_difference_holds_both_texts(old in vec(select(vec!["a", "b", "c", ""]), 0..12), new in vec(select(vec!["a", "b", "d"]), 0..12)) {
        let (before, after) = (old.join("\n"), new.join("\n"));
        let lines = differences(&before, &after);
        let side = |other: Side| lines.iter().filter(|line| line.side != other).map(|line| line.text).collect::<Vec<_>>();
        prop_assert_eq!(side(Side::Added), before.lines().collect::<Vec<_>>());
        prop_assert_eq!(side(Side::Removed), after.lines().collect::<Vec<_>>());
    }
}
