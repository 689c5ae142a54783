//! What holds for every built-in role.

use super::*;

#[test]
fn nobody_both_runs_the_place_and_reads_its_log() {
    for role in built_in() {
        let holds = |permission| role.permissions.contains(&permission);
        assert!(!(holds(ApiKeysManage) && holds(AuditRead)), "{}", role.code);
    }
}

#[test]
fn who_may_not_reveal_is_shown_nothing_to_reveal() {
    for role in built_in() {
        let opens = role.field_rules.iter().any(|rule| rule.view == Some(View::Reveal));
        assert!(!opens || role.permissions.contains(&CustomersReveal), "{}", role.code);
    }
}

#[test]
fn every_field_that_a_rule_names_exists() {
    for rule in built_in().iter().flat_map(|role| &role.field_rules) {
        if let RuleTarget::Field(key) = &rule.on {
            assert!(crate::catalog::Catalog::built_in().named(key).is_some(), "{key}");
        }
    }
    assert!(built_in_role("sales").is_some_and(|role| role.data_scope == DataScope::Own));
    assert!(built_in_role("root").is_none());
}
