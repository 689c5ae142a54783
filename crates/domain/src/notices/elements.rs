//! What the law wants a notice to tell, by what the purposes do.

use crate::catalog::Catalog;
use crate::purposes::{Law, Purpose};

/// One thing that a notice must tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Element {
    /// Its code.
    pub code: &'static str,
    /// The article that wants it.
    pub article: &'static str,
}

/// When an element is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    Consent,
    Recipients,
    Sensitive,
    Abroad,
    Interests,
    Automated,
    FromOthers,
}

type Row = (Law, &'static str, &'static str, When);

const TABLE: &[Row] = &[
    (Law::Pipl, "controller_name", "PIPL 17(1)(1)", When::Always),
    (Law::Pipl, "controller_contact", "PIPL 17(1)(1)", When::Always),
    (Law::Pipl, "purposes", "PIPL 17(1)(2)", When::Always),
    (Law::Pipl, "methods", "PIPL 17(1)(2)", When::Always),
    (Law::Pipl, "kinds", "PIPL 17(1)(2)", When::Always),
    (Law::Pipl, "retention", "PIPL 17(1)(2)", When::Always),
    (Law::Pipl, "rights", "PIPL 17(1)(3)", When::Always),
    (Law::Pipl, "withdrawal", "NDSR 21", When::Consent),
    (Law::Pipl, "recipient_name", "PIPL 23", When::Recipients),
    (Law::Pipl, "recipient_contact", "PIPL 23", When::Recipients),
    (Law::Pipl, "recipient_purposes", "PIPL 23", When::Recipients),
    (Law::Pipl, "recipient_methods", "PIPL 23", When::Recipients),
    (Law::Pipl, "recipient_kinds", "PIPL 23", When::Recipients),
    (Law::Pipl, "sensitive_necessity", "PIPL 30", When::Sensitive),
    (Law::Pipl, "sensitive_effect", "PIPL 30", When::Sensitive),
    (Law::Pipl, "abroad_recipient_name", "PIPL 39", When::Abroad),
    (Law::Pipl, "abroad_contact", "PIPL 39", When::Abroad),
    (Law::Pipl, "abroad_purposes", "PIPL 39", When::Abroad),
    (Law::Pipl, "abroad_methods", "PIPL 39", When::Abroad),
    (Law::Pipl, "abroad_kinds", "PIPL 39", When::Abroad),
    (Law::Pipl, "abroad_rights", "PIPL 39", When::Abroad),
    (Law::Gdpr, "controller_name", "GDPR 13(1)(a)", When::Always),
    (Law::Gdpr, "controller_contact", "GDPR 13(1)(a)", When::Always),
    (Law::Gdpr, "purposes", "GDPR 13(1)(c)", When::Always),
    (Law::Gdpr, "legal_basis", "GDPR 13(1)(c)", When::Always),
    (Law::Gdpr, "legitimate_interests", "GDPR 13(1)(d)", When::Interests),
    (Law::Gdpr, "recipients", "GDPR 13(1)(e)", When::Recipients),
    (Law::Gdpr, "transfers", "GDPR 13(1)(f)", When::Abroad),
    (Law::Gdpr, "retention", "GDPR 13(2)(a)", When::Always),
    (Law::Gdpr, "rights", "GDPR 13(2)(b)", When::Always),
    (Law::Gdpr, "withdrawal", "GDPR 13(2)(c)", When::Consent),
    (Law::Gdpr, "complaint", "GDPR 13(2)(d)", When::Always),
    (Law::Gdpr, "statutory_requirement", "GDPR 13(2)(e)", When::Always),
    (Law::Gdpr, "automated_decisions", "GDPR 13(2)(f)", When::Automated),
    (Law::Gdpr, "kinds", "GDPR 14(1)(d)", When::FromOthers),
    (Law::Gdpr, "source", "GDPR 14(2)(f)", When::FromOthers),
];

/// Whether a code is that of an element.
pub fn is_element(code: &str) -> bool {
    TABLE.iter().any(|(_, known, ..)| *known == code)
}

/// What a notice about these purposes must tell, each once, in the order of the laws. `from_others` says that the data does not come from
/// the person (GDPR art. 14); `catalog` is the organisation's.
pub fn required(purposes: &[&Purpose], from_others: bool, catalog: &Catalog) -> Vec<Element> {
    let mut wanted: Vec<Element> = Vec::new();
    for (law, code, article, when) in TABLE {
        let asks = |purpose: &&&Purpose| {
            purpose.basis().is_some_and(|basis| basis.law == *law) && applies(*when, purpose, from_others, catalog)
        };
        let known = wanted.iter().any(|element| element.code == *code);
        if !known && purposes.iter().any(|purpose| asks(&purpose)) {
            wanted.push(Element { code, article });
        }
    }
    wanted
}

fn applies(when: When, purpose: &Purpose, from_others: bool, catalog: &Catalog) -> bool {
    match when {
        When::Always => true,
        When::Consent => purpose.needs_consent(),
        When::Recipients => !purpose.recipients.is_empty(),
        When::Sensitive => purpose.is_sensitive(catalog),
        When::Abroad => purpose.goes_abroad(),
        When::Interests => purpose.legal_basis == "eu_legitimate_interests",
        When::Automated => purpose.methods.iter().any(|method| method == "automated_decision"),
        When::FromOthers => from_others,
    }
}
