//! Purposes: what is refused, what a change means, what the starters are.
#![allow(clippy::unwrap_used)]

use super::*;

fn marketing() -> Purpose {
    starters().into_iter().find(|one| one.code == "marketing").unwrap().purpose
}

fn codes(purpose: &Purpose) -> Vec<(String, &'static str)> {
    faults(purpose, Catalog::built_in()).into_iter().map(|fault| (fault.pointer, fault.code)).collect()
}

#[test]
fn the_starters_are_lawful() {
    for starter in starters() {
        assert_eq!(codes(&starter.purpose), [], "{}", starter.code);
    }
}

#[test]
fn a_ground_of_china_is_no_ground_elsewhere() {
    let mut purpose = marketing();
    purpose.jurisdictions = vec!["DE".to_owned()];
    assert_eq!(codes(&purpose), [("/jurisdictions".to_owned(), "basis_of_another_law")]);
    purpose.legal_basis = "eu_consent".into();
    assert_eq!(codes(&purpose), []);
    purpose.legal_basis = "cn_legitimate_interests".into();
    assert_eq!(codes(&purpose), [("/legal_basis".to_owned(), "unknown_legal_basis")]);
}

#[test]
fn who_is_held_to_two_laws_needs_a_ground_that_both_know() {
    let both: Vec<String> = vec!["CN".into(), "DE".into()];
    let interest = Purpose {
        legal_basis: "eu_legitimate_interests".into(),
        consent_kind: ConsentKind::None,
        jurisdictions: both.clone(),
        ..marketing()
    };
    assert_eq!(codes(&interest), [("/legal_basis".to_owned(), "basis_without_counterpart")]);
    assert_eq!(codes(&Purpose { jurisdictions: vec!["DE".into()], ..interest.clone() }), []);
    let contract = Purpose { legal_basis: "eu_contract".into(), ..interest };
    assert_eq!(codes(&contract), [], "both know contract");
    let shared = vec![Recipient { name: "Ads".into(), country: "SG".into() }];
    let consent = Purpose { legal_basis: "eu_consent".into(), jurisdictions: both, recipients: shared, ..marketing() };
    assert_eq!(codes(&consent), at_consent_kind(), "PIPL 39 holds whatever else does");
}

#[test]
fn a_country_is_one_that_there_is() {
    let nowhere = Purpose { jurisdictions: vec!["CN".into(), "ZZ".into()], ..marketing() };
    assert_eq!(codes(&nowhere), [("/jurisdictions/1".to_owned(), "unknown_country")]);
}

#[test]
fn the_kind_of_consent_fits_the_ground() {
    let kind = |purpose: Purpose| codes(&purpose);
    let at = |code| vec![("/consent_kind".to_owned(), code)];
    assert_eq!(kind(Purpose { consent_kind: ConsentKind::None, ..marketing() }), at("consent_kind_needed"));
    assert_eq!(kind(Purpose { legal_basis: "cn_contract".into(), ..marketing() }), at("basis_needs_no_consent"));
}

#[test]
fn plain_consent_is_not_enough_for_sensitive_data_other_processors_or_abroad() {
    let needs = at_consent_kind();
    let sensitive = Purpose { fields: Some(vec!["id_number".to_owned()]), ..marketing() };
    let shared = Purpose { recipients: vec![Recipient { name: "Ads".into(), country: "CN".into() }], ..marketing() };
    let abroad = Purpose { recipients: vec![Recipient { name: "Ads".into(), country: "SG".into() }], ..marketing() };
    let everything = Purpose { fields: None, ..marketing() };
    for purpose in [sensitive, shared, abroad, everything] {
        assert_eq!(codes(&purpose), needs);
        assert_eq!(codes(&Purpose { consent_kind: ConsentKind::Separate, ..purpose }), []);
    }
}

fn at_consent_kind() -> Vec<(String, &'static str)> {
    vec![("/consent_kind".to_owned(), "separate_consent_needed")]
}

#[test]
fn more_is_material_and_less_is_not() {
    let before = marketing();
    let material = |after: &Purpose| changes(&before, after).iter().any(|changed| changed.material);
    let with = |key: &str| {
        let mut fields = before.fields.clone().unwrap();
        fields.push(key.to_owned());
        Purpose { fields: Some(fields), ..before.clone() }
    };
    assert!(material(&with("birthday")));
    assert!(material(&Purpose { fields: None, ..before.clone() }));
    assert!(material(&Purpose { description: "Sells the data.".into(), ..before.clone() }));
    assert!(material(&Purpose { methods: vec!["profiling".to_owned()], ..before.clone() }));
    assert!(material(&Purpose { consent_kind: ConsentKind::Separate, ..before.clone() }));
    assert!(!material(&Purpose { fields: Some(vec!["name".to_owned()]), ..before.clone() }));
    assert!(!material(&Purpose { labels: Labels::new("Offers", "优惠"), ..before.clone() }));
    assert!(!material(&Purpose { retention_days: Some(30), ..before.clone() }));
    assert!(changes(&before, &before).is_empty());
}

#[test]
fn longer_retention_is_material() {
    let year = Purpose { retention_days: Some(365), ..marketing() };
    let changed = |days| changes(&year, &Purpose { retention_days: days, ..marketing() });
    assert!(changed(Some(366)).iter().all(|one| one.member == "retention_days" && one.material));
    assert!(changed(None).iter().all(|one| one.material) && !changed(Some(364)).iter().any(|one| one.material));
}

#[test]
fn what_the_decision_is_told_follows_from_the_ground() {
    let facts = marketing().facts("marketing");
    assert!(facts.needs_consent && !facts.open_under_restriction);
    assert!(facts.fields.unwrap().contains("mobile"));
    let emergency = Purpose { legal_basis: "cn_emergency".into(), consent_kind: ConsentKind::None, ..marketing() };
    assert!(emergency.facts("rescue").open_under_restriction);
}
