//! The rules of forms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;
use crate::catalog::customer;
use crate::purposes::{Purpose, starters};

fn purpose(fields: Option<&[&str]>) -> Purpose {
    let mut purpose = starters().into_iter().next().unwrap().purpose;
    purpose.fields = fields.map(|keys| keys.iter().map(|key| (*key).to_owned()).collect());
    purpose.consent_kind = ConsentKind::Consent;
    purpose
}

fn form(keys: &[(&str, bool)]) -> Form {
    Form {
        labels: Labels::new("Newsletter", "订阅"),
        purpose: "news".into(),
        notice: Uuid::nil(),
        languages: vec!["en".into()],
        fields: keys.iter().map(|(key, required)| Asked { key: (*key).to_owned(), required: *required }).collect(),
        consents: Vec::new(),
        origins: vec!["https://www.example.com".into()],
        owner: None,
        department: None,
        source: "web_form".into(),
        stage: None,
        min_seconds: 3,
        proof_bits: 12,
        hourly_per_source: 20,
        hourly: 1_000,
    }
}

fn told(form: &Form, purpose: Option<&Purpose>) -> Vec<(String, &'static str, Option<String>)> {
    faults(form, customer(), purpose).into_iter().map(|fault| (fault.pointer, fault.code, fault.arg)).collect()
}

#[test]
fn a_form_that_asks_for_more_than_its_purpose_lists_is_refused_with_the_field_named() {
    let whole = form(&[("name", true), ("email", true), ("birthday", false)]);
    let narrow = purpose(Some(&["name", "email"]));
    assert_eq!(
        told(&whole, Some(&narrow)),
        [("/fields/2/key".to_owned(), "purpose_excludes_field", Some("birthday".to_owned()))]
    );
    assert!(told(&whole, Some(&purpose(Some(&["name", "email", "birthday"])))).is_empty());
    let open = told(&whole, Some(&purpose(None)));
    assert_eq!(open, [("/purpose".to_owned(), "purpose_lists_no_fields", None)], "the fewest of everything is nothing");
    assert_eq!(told(&whole, None)[0].1, "unknown_purpose");
}

#[test]
fn a_form_knows_whom_it_is_about_and_asks_nobody_for_numbers_of_ours() {
    let all = purpose(Some(&["name", "email", "customer_no", "mobile"]));
    let codes =
        |keys: &[(&str, bool)]| told(&form(keys), Some(&all)).into_iter().map(|(_, code, _)| code).collect::<Vec<_>>();
    assert_eq!(codes(&[("name", true), ("email", false)]), ["no_contact_field"]);
    assert_eq!(codes(&[("email", true)]), ["lacks_required"]);
    assert_eq!(codes(&[("name", false), ("email", true)]), ["required_by_catalog"]);
    assert_eq!(codes(&[("name", true), ("email", true), ("customer_no", false)]), ["not_on_a_form"]);
    assert_eq!(codes(&[("name", true), ("email", true), ("email", true)]), ["repeated"]);
    assert_eq!(codes(&[]), ["out_of_range", "lacks_required", "no_contact_field"]);
    let keys: Vec<_> = contacts(&form(&[("mobile", true), ("name", true), ("email", true)]), customer());
    assert_eq!(keys.iter().map(|field| field.key).collect::<Vec<_>>(), ["mobile", "email"]);
    let mut written = purpose(Some(&["name", "email"]));
    written.consent_kind = ConsentKind::Written;
    assert_eq!(told(&form(&[("name", true), ("email", true)]), Some(&written))[0].1, "written_evidence_needed");
}

#[test]
fn an_origin_is_a_scheme_a_host_and_a_port() {
    for good in ["https://example.com", "https://a-b.example.com:8443", "http://localhost:3000", "http://127.0.0.1:1"] {
        assert!(is_origin(good), "{good}");
    }
    for bad in [
        "*",
        "null",
        "http://example.com",
        "https://",
        "https://example.com/",
        "https://EXAMPLE.com",
        "https://a:99999",
        "https://a b",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil",
        "https://user@host",
        "",
    ] {
        assert!(!is_origin(bad), "{bad}");
    }
}

#[test]
fn a_child_needs_a_guardian() {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let today = day("2026-11-22");
    let needs = |kind, born: Option<&str>| needs_guardian(kind, born.map(day), today);
    assert!(needs(ConsentKind::Consent, Some("2012-11-23")), "fourteen tomorrow");
    assert!(!needs(ConsentKind::Consent, Some("2012-11-22")), "fourteen today");
    assert!(!needs(ConsentKind::Consent, None) && needs(ConsentKind::Guardian, None));
    let codes = |needed, agreed| guardian_faults(needed, agreed).into_iter().map(|f| f.code).collect::<Vec<_>>();
    assert_eq!(codes(true, None), ["guardian_needed"]);
    assert_eq!(codes(true, Some(false)), ["consent_needed"]);
    assert_eq!((codes(true, Some(true)), codes(false, None)), (Vec::new(), Vec::new()));
}

proptest! {
    #[test]
    fn zero_bits_are_counted_as_one_writes_them(bytes in proptest::collection::vec(any::<u8>(), 0..8)) {
        let written: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
        let counted = written.find('1').unwrap_or(written.len());
        prop_assert_eq!(leading_zero_bits(&bytes) as usize, counted);
    }
}
