//! Which permission each operation needs: a table for people, and every cell of role by operation tried.

use std::fmt::Write as _;

use custodian_domain::roles::{Permission, built_in_role};

use super::operations::{Operation, Targets, operations};
use super::roles::ROLES;
use crate::support::{Answer, Org};

/// Concern the caller alone, or nobody. May only get shorter.
const NEED_NONE: [&str; 53] = [
    "jwks",
    "custodian_audit_keys",
    "security_txt",
    "live",
    "ready",
    "openapi",
    "list_problems",
    "describe_problem",
    "show_public_notice",
    "show_form_schema",
    "issue_form_token",
    "submit_form",
    "gpc",
    "withdraw_by_link",
    "log_in",
    "begin_sso",
    "complete_sso",
    "change_me",
    "complete_log_in",
    "refresh_session",
    "accept_invitation",
    "forget_password",
    "reset_password",
    "change_my_password",
    "list_my_sessions",
    "end_my_session",
    "log_out",
    "step_up",
    "show_second_factor",
    "enrol_second_factor",
    "confirm_second_factor",
    "renew_recovery_codes",
    "remove_second_factor",
    "show_me",
    "show_my_budget",
    "show_my_permissions",
    "list_my_activity",
    "ask_for_code",
    "open_own_session",
    "end_own_session",
    "show_own_data",
    "list_own_consents",
    "withdraw_own_consent",
    "agree_to_own",
    "show_own_preferences",
    "set_own_preferences",
    "list_own_access_log",
    "prove_own_entry",
    "list_own_requests",
    "create_own_request",
    "show_own_request",
    "cancel_own_request",
    "fetch_own_package",
];

/// The permission that a refusal names.
fn named(answer: &Answer) -> Option<Permission> {
    if answer.status != 403 || answer.at("/code") != "forbidden" {
        return None;
    }
    let detail = answer.text_at("/detail");
    Permission::ALL.iter().copied().find(|permission| detail.contains(&format!("{}.", permission.code())))
}

/// Every operation with the permission that somebody without any is told to lack.
async fn needed(org: &Org<'_>) -> Vec<(Operation, Option<Permission>)> {
    let mut needed = Vec::new();
    for operation in operations() {
        let nobody = org.nobody().await;
        let answer = operation.request(&nobody, &Targets::missing()).await;
        needed.push((operation, named(&answer)));
    }
    needed
}

#[tokio::test]
async fn who_holds_no_permission_is_told_the_one_that_each_operation_needs() {
    let org = Org::found().await;
    let mut table = String::from("The permission that each operation needs.\n\n");
    let mut free = Vec::new();
    for (operation, permission) in needed(&org).await {
        match permission {
            Some(permission) => {
                let _ = writeln!(table, "  {:<7} {:<34} {}", operation.method, operation.route, permission.code());
            }
            None => free.push(operation.id),
        }
    }
    let mut allowed = NEED_NONE.map(str::to_owned).to_vec();
    allowed.sort();
    free.sort();
    assert_eq!(free, allowed, "operations that need no permission");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/house/permissions.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    assert_eq!(table, std::fs::read_to_string(path).unwrap(), "after a deliberate change: UPDATE_GOLDEN=1");
}

#[tokio::test]
async fn every_role_is_let_in_exactly_where_it_holds_the_permission() {
    let org = Org::found().await;
    let needed = needed(&org).await;
    let mut wrong = Vec::new();
    for (key, role) in ROLES {
        let (person, role) = (org.person(key).await, built_in_role(role).unwrap());
        for (operation, permission) in needed.iter().filter_map(|(operation, needs)| Some((operation, (*needs)?))) {
            let answer = operation.request(&person, &Targets::missing()).await;
            let expected = if role.permissions.contains(&permission) { None } else { Some(permission) };
            if named(&answer) != expected {
                wrong.push(format!("{key}: {}: {answer}", operation.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn who_may_not_call_is_not_told_what_else_is_wrong() {
    let org = Org::found().await;
    let nobody = org.nobody().await;
    for (operation, permission) in needed(&org).await.into_iter().filter(|(_, permission)| permission.is_some()) {
        let path = operation.path(&Targets::missing());
        let request = nobody.request(&operation.method, &format!("{path}?limit=0&tenant_id=1"));
        let answer = request.body("text/plain", "{").header("idempotency-key", "").await.refuses(403, "forbidden");
        assert_eq!(named(&answer), permission, "{answer}");
    }
}
