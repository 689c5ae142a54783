//! What is grave needs a proof that is not older than five minutes.

use chrono::Duration;
use custodian_application::Clock;
use serde_json::json;

use super::second_factor::{code, enrol};
use crate::support::{Org, PASSWORD, Person, customer, new_key, stopped};

async fn reveal(person: &Person, customer: &str, field: &str) -> crate::support::Answer {
    let body = json!({"fields": [field], "reason": "checking the contract"});
    person.post(&format!("/v1/customers/{customer}/reveal"), &body).await
}

#[tokio::test]
async fn a_log_in_counts_for_five_minutes_and_a_password_for_five_more() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let admin = org.admin().await;
    admin.post("/v1/api-keys", &new_key()).await.shows(201);
    service.clock.advance(Duration::seconds(299));
    admin.post("/v1/api-keys", &new_key()).await.shows(201);
    service.clock.advance(Duration::seconds(1));
    admin.post("/v1/api-keys", &new_key()).await.refuses(403, "step_up_required");
    admin.get("/v1/api-keys").await.shows(200);
    admin.post("/v1/auth/step-up", &json!({"password": "wrong"})).await.refuses(401, "invalid_credentials");
    admin.post("/v1/api-keys", &new_key()).await.refuses(403, "step_up_required");
    admin.post("/v1/auth/step-up", &json!({"password": PASSWORD})).await.shows(200);
    admin.post("/v1/api-keys", &new_key()).await.shows(201);
    service.clock.advance(Duration::seconds(300));
    admin.post("/v1/api-keys", &new_key()).await.refuses(403, "step_up_required");
}

#[tokio::test]
async fn going_on_with_a_refresh_token_proves_nothing() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let admin = org.admin().await;
    service.clock.advance(Duration::seconds(300));
    let body = json!({"refresh_token": admin.refresh_token});
    let answer = service.stranger().post("/v1/auth/refresh", &body).await.shows(200);
    let admin = Person::of(&service.base_url, admin.id, &admin.email, &answer);
    admin.post("/v1/api-keys", &new_key()).await.refuses(403, "step_up_required");
}

#[tokio::test]
async fn saying_yes_for_somebody_else_takes_a_fresh_proof_and_saying_no_does_not() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let (asha, manager) = (org.sales_a().await, org.manager().await);
    let customer = org.customer_of(&asha).await;
    let body = json!({"kind": "fields", "customer_ids": [customer], "fields": ["address"], "reason": "for a contract"});
    let first = asha.post("/v1/access-requests", &body).await.shows(201).id();
    let second = asha.post("/v1/access-requests", &body).await.shows(201).id();
    service.clock.advance(Duration::seconds(300));
    let approve = format!("/v1/access-requests/{first}/approve");
    manager.post(&approve, &json!({})).await.refuses(403, "step_up_required");
    manager.post(&format!("/v1/access-requests/{second}/deny"), &json!({})).await.shows(200);
    manager.post("/v1/auth/step-up", &json!({"password": PASSWORD})).await.shows(200);
    assert_eq!(manager.post(&approve, &json!({})).await.shows(200).at("/state"), "approved");
}

#[tokio::test]
async fn a_core_field_is_revealed_after_a_fresh_proof_alone() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let dpo = org.dpo().await;
    let mut body = customer();
    body["fields"]["bank_card"] = json!("4111111111111111");
    let id = org.admin().await.post("/v1/customers", &body).await.shows(201).id();
    reveal(&dpo, &id, "bank_card").await.shows(200);
    service.clock.advance(Duration::seconds(300));
    reveal(&dpo, &id, "bank_card").await.refuses(403, "step_up_required");
    reveal(&dpo, &id, "mobile").await.shows(200);
    dpo.post("/v1/auth/step-up", &json!({"password": PASSWORD})).await.shows(200);
    reveal(&dpo, &id, "bank_card").await.shows(200);
}

#[tokio::test]
async fn who_has_a_second_factor_proves_themselves_by_that_one() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let (admin, other) = (org.admin().await, org.admin().await);
    let (secret, _) = enrol(&service, &admin).await;
    admin.post("/v1/api-keys", &new_key()).await.shows(201);
    // This one logged in by password a moment ago, before there was a factor.
    other.post("/v1/api-keys", &new_key()).await.refuses(403, "step_up_required");
    service.clock.advance(Duration::seconds(30));
    let proof = json!({"code": code(&service, &secret, 0)});
    other.post("/v1/auth/step-up", &proof).await.shows(200);
    other.post("/v1/auth/step-up", &proof).await.refuses(401, "invalid_code");
    other.post("/v1/api-keys", &new_key()).await.shows(201);
    for _ in 0..4 {
        other.post("/v1/auth/step-up", &json!({"code": "abcdef"})).await.refuses(401, "invalid_code");
    }
    let waits = json!({"code": code(&service, &secret, 1)});
    other.post("/v1/auth/step-up", &waits).await.refuses(429, "too_many_attempts");
}

#[tokio::test]
async fn guessing_the_password_of_a_stolen_session_waits() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let asha = org.sales_a().await;
    for _ in 0..5 {
        asha.post("/v1/auth/step-up", &json!({"password": "wrong"})).await.refuses(401, "invalid_credentials");
    }
    let waits = asha.post("/v1/auth/step-up", &json!({"password": PASSWORD})).await.refuses(429, "too_many_attempts");
    assert_eq!(waits.sent("retry-after"), "1");
    // Its owner logs in as before.
    org.sales_a().await.get("/v1/me").await.shows(200);
    let auditor = org.auditor().await;
    let failed = format!("/v1/audit/entries?action=auth.step_up_failed&actor={}", asha.id);
    assert_eq!(auditor.get(&failed).await.shows(200).at("/data").as_array().map(Vec::len), Some(6));
}

#[tokio::test]
async fn a_role_is_written_and_a_review_closed_after_a_fresh_proof_alone() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let admin = org.admin().await;
    let role = |code: &str| json!({"code": code, "labels": {"en": "Desk", "zh": "前台"}, "permissions": ["customers.read"], "data_scope": "own"});
    let made = admin.post("/v1/roles", &role("desk")).await.shows(201);
    let path = format!("/v1/roles/{}", made.id());
    let pair = json!({"first": "role:sales", "second": "role:desk", "reason": "four eyes"});
    let pair_made = admin.post("/v1/roles/separation-of-duties", &pair).await.shows(201);
    let pair_path = format!("/v1/roles/separation-of-duties/{}", pair_made.id());
    let due = (service.clock.now() + Duration::days(7)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let review = admin.post("/v1/access-reviews", &json!({"name": "Quarter", "due_at": due})).await.shows(201);
    let close = format!("/v1/access-reviews/{}/close", review.id());
    service.clock.advance(Duration::seconds(300));
    for refused in [
        admin.post("/v1/roles", &role("other")).await,
        admin.patch(&path, &json!({"permissions": ["customers.read", "customers.write"]})).await,
        admin.delete(&path).await,
        admin.delete(&pair_path).await,
        admin.act(&close).await,
    ] {
        refused.refuses(403, "step_up_required");
    }
    // To look at what a change would open changes nothing.
    admin.get(&path).await.shows(200);
    admin.post("/v1/auth/step-up", &json!({"password": PASSWORD})).await.shows(200);
    admin.patch(&path, &json!({"labels": {"en": "Front desk", "zh": "前台"}})).await.shows(200);
    admin.delete(&pair_path).await.shows(204);
    admin.delete(&path).await.shows(204);
    admin.act(&close).await.shows(200);
}

#[tokio::test]
async fn a_partner_has_nothing_to_step_up() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    partner.post("/v1/auth/step-up", &json!({"password": PASSWORD})).await.refuses(403, "staff_only");
    for path in ["/v1/me/mfa/totp", "/v1/me/mfa/recovery-codes"] {
        partner.act(path).await.refuses(403, "staff_only");
    }
}
