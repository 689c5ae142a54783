//! Without a credential nothing opens, but for a short list.

use super::operations::{Targets, operations};
use crate::support::shared;

/// May only get shorter. A log-in answers 401 by itself, and says so differently.
const OPEN_TO_STRANGERS: [&str; 24] = [
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
    "ask_for_code",
    "open_own_session",
    "log_in",
    "begin_sso",
    "complete_sso",
    "complete_log_in",
    "refresh_session",
    "accept_invitation",
    "forget_password",
    "reset_password",
];

#[tokio::test]
async fn every_operation_but_a_few_asks_who_calls() {
    let stranger = shared().stranger();
    let mut opened = Vec::new();
    for operation in operations() {
        let answer = operation.request(&stranger, &Targets::missing()).await;
        if answer.status == 401 && answer.at("/code") == "unauthenticated" {
            answer.refuses(401, "unauthenticated").sent("www-authenticate");
        } else {
            opened.push(operation.id);
        }
    }
    opened.sort();
    let mut allowed = OPEN_TO_STRANGERS.map(str::to_owned).to_vec();
    allowed.sort();
    assert_eq!(opened, allowed);
}

#[tokio::test]
async fn who_is_not_known_is_not_told_what_else_is_wrong() {
    let stranger = shared().stranger();
    for operation in operations().into_iter().filter(|operation| !OPEN_TO_STRANGERS.contains(&operation.id.as_str())) {
        let path = operation.path(&Targets::missing());
        let request = stranger.request(&operation.method, &format!("{path}?limit=0&tenant_id=1"));
        request.body("text/plain", "{").header("idempotency-key", "").await.refuses(401, "unauthenticated");
    }
}
