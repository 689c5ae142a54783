//! What a purpose must be to be kept: its ground fits its law, its consent kind fits its ground, its fields exist.

use super::{ConsentKind, Law, LegalBasis, Purpose};
use crate::catalog::Catalog;
use crate::kernel::{Fault, is_country};

/// Ways of contact that a purpose may cover.
pub const CHANNELS: [&str; 9] = ["sms", "email", "phone", "wechat", "app", "post", "web", "in_person", "ads"];
/// Ways of processing that a purpose may name.
pub const METHODS: [&str; 9] = [
    "collection",
    "storage",
    "use",
    "analysis",
    "profiling",
    "automated_decision",
    "transmission",
    "disclosure",
    "deletion",
];
/// States of the European Economic Area.
const EEA: [&str; 30] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT",
    "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// Every fault, each with its place in the body. `catalog` is the organisation's.
pub fn faults(purpose: &Purpose, catalog: &Catalog) -> Vec<Fault> {
    let mut faults = ground_faults(purpose, catalog);
    for (index, key) in purpose.fields.iter().flatten().enumerate() {
        if catalog.named(key).is_none() {
            faults.push(Fault::new(format!("/fields/{index}"), "unknown_field"));
        }
    }
    choices("channels", purpose.channels.iter(), &CHANNELS, &mut faults);
    choices("methods", purpose.methods.iter(), &METHODS, &mut faults);
    let countries =
        purpose.jurisdictions.iter().enumerate().map(|(index, code)| (format!("/jurisdictions/{index}"), code));
    let homes =
        purpose.recipients.iter().enumerate().map(|(index, to)| (format!("/recipients/{index}/country"), &to.country));
    for (place, code) in countries.chain(homes) {
        if !is_country(code) {
            faults.push(Fault::new(place, "unknown_country"));
        }
    }
    if purpose.dpv.as_ref().is_some_and(|term| !is_dpv(term)) {
        faults.push(Fault::new("/dpv", "invalid_format").with_arg("dpv:DirectMarketing"));
    }
    faults
}

fn ground_faults(purpose: &Purpose, catalog: &Catalog) -> Vec<Fault> {
    let Some(basis) = purpose.basis() else {
        return vec![Fault::new("/legal_basis", "unknown_legal_basis")];
    };
    let mut faults = Vec::new();
    let at_home = |code: &String| match basis.law {
        Law::Pipl => code == "CN",
        Law::Gdpr => EEA.contains(&code.as_str()),
    };
    if !purpose.jurisdictions.iter().any(at_home) {
        faults.push(Fault::new("/jurisdictions", "basis_of_another_law").with_arg(basis.law.code()));
    }
    if purpose.is_held_to_pipl() && !holds_in_china(basis) {
        faults.push(Fault::new("/legal_basis", "basis_without_counterpart").with_arg(Law::Pipl.code()));
    }
    match (basis.is_consent, purpose.consent_kind) {
        (true, ConsentKind::None) => faults.push(Fault::new("/consent_kind", "consent_kind_needed")),
        (false, kind) if kind != ConsentKind::None => {
            faults.push(Fault::new("/consent_kind", "basis_needs_no_consent"));
        }
        (true, ConsentKind::Consent) => {
            if let Some(article) = must_be_separate(purpose, catalog) {
                faults.push(Fault::new("/consent_kind", "separate_consent_needed").with_arg(article));
            }
        }
        _ => {}
    }
    faults
}

/// Whether PIPL art. 13 knows a ground like this one: it knows consent, contract, duty, emergency and the public interest, and no interest of the processor.
fn holds_in_china(basis: &LegalBasis) -> bool {
    basis.code != "eu_legitimate_interests"
}

/// The article by which plain consent is not enough, whatever other law the purpose is held to beside it.
fn must_be_separate(purpose: &Purpose, catalog: &Catalog) -> Option<&'static str> {
    if !purpose.is_held_to_pipl() {
        None
    } else if purpose.goes_abroad() {
        Some("PIPL 39")
    } else if !purpose.recipients.is_empty() {
        Some("PIPL 23")
    } else {
        purpose.is_sensitive(catalog).then_some("PIPL 29")
    }
}

fn choices<'a>(member: &str, given: impl Iterator<Item = &'a String>, known: &[&str], faults: &mut Vec<Fault>) {
    for (index, code) in given.enumerate() {
        if !known.contains(&code.as_str()) {
            faults.push(Fault::new(format!("/{member}/{index}"), "not_a_choice").with_arg(known.join(", ")));
        }
    }
}

/// `dpv:` and a term in camel case.
fn is_dpv(term: &str) -> bool {
    term.strip_prefix("dpv:").is_some_and(|name| {
        (3..=60).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric())
            && name.bytes().next().is_some_and(|b| b.is_ascii_uppercase())
    })
}
