//! Second factors: enrolled, asked for, guessed at, spent, lost and required.

use chrono::Duration;
use custodian_crypto::totp;
use serde_json::{Value, json};

use crate::support::{Answer, Org, PASSWORD, Person, Service, own_instance, stopped, try_log_in};

/// The code that an authenticator shows `steps` steps from now.
pub fn code(service: &Service, secret: &str, steps: i64) -> String {
    use custodian_application::Clock;
    totp::code(secret, service.clock.now().timestamp() / totp::STEP + steps).unwrap()
}

/// Enrols somebody; answers the secret and the recovery codes. The code of this step is spent by it.
pub async fn enrol(service: &Service, person: &Person) -> (String, Vec<String>) {
    let secret = person.act("/v1/me/mfa/totp").await.shows(201).text_at("/secret");
    let body = json!({"code": code(service, &secret, 0)});
    let codes = person.post("/v1/me/mfa/totp/confirm", &body).await.shows(200).at("/recovery_codes");
    (secret, serde_json::from_value(codes).unwrap())
}

/// The first half of a log-in.
pub async fn mfa_token(service: &Service, email: &str) -> String {
    let answer = try_log_in(service, email, PASSWORD).await.shows(200);
    assert_eq!(answer.at("/mfa_required"), true, "{answer}");
    assert_eq!(answer.at("/access_token"), Value::Null);
    answer.text_at("/mfa_token")
}

/// The second half.
pub async fn show(service: &Service, token: &str, member: &str, proof: &str) -> Answer {
    service.stranger().post("/v1/auth/mfa", &json!({"mfa_token": token, member: proof})).await
}

#[tokio::test]
async fn who_has_enrolled_logs_in_with_a_code() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let asha = org.sales_a().await;
    assert_eq!(asha.get("/v1/me/mfa/totp").await.shows(200).at("/enrolled"), false);
    let (secret, codes) = enrol(&service, &asha).await;
    assert_eq!(codes.len(), 10);
    let state = asha.get("/v1/me/mfa/totp").await.shows(200);
    assert_eq!((state.at("/enrolled"), state.at("/recovery_codes_left")), (json!(true), json!(10)));
    service.clock.advance(Duration::seconds(30));
    let token = mfa_token(&service, &asha.email).await;
    let answer = show(&service, &token, "code", &code(&service, &secret, 0)).await.shows(200);
    assert_eq!(answer.at("/mfa_required"), false);
    let again = Person::of(&service.base_url, asha.id, &asha.email, &answer);
    again.get("/v1/customers").await.shows(200);
    // The log-in was completed: its token opens no second session.
    service.clock.advance(Duration::seconds(30));
    show(&service, &token, "code", &code(&service, &secret, 0)).await.refuses(401, "invalid_token");
}

#[tokio::test]
async fn half_a_log_in_opens_nothing() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let asha = org.sales_a().await;
    enrol(&service, &asha).await;
    let token = mfa_token(&service, &asha.email).await;
    for path in ["/v1/customers", "/v1/me", "/v1/me/mfa/totp"] {
        let request = service.stranger().get(path).header("authorization", &format!("Bearer {token}"));
        request.await.refuses(401, "invalid_token");
    }
    let refresh = service.stranger().post("/v1/auth/refresh", &json!({"refresh_token": token}));
    refresh.await.refuses(401, "invalid_token");
}

#[tokio::test]
async fn a_code_works_once_and_only_near_its_time() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let asha = org.sales_a().await;
    let (secret, _) = enrol(&service, &asha).await;
    let token = mfa_token(&service, &asha.email).await;
    show(&service, &token, "code", &code(&service, &secret, 0)).await.refuses(401, "invalid_code");
    service.clock.advance(Duration::seconds(120));
    for steps in [-2, 2] {
        show(&service, &token, "code", &code(&service, &secret, steps)).await.refuses(401, "invalid_code");
    }
    let ahead = code(&service, &secret, 1);
    show(&service, &token, "code", &ahead).await.shows(200);
    let token = mfa_token(&service, &asha.email).await;
    for steps in [1, 0, -1] {
        let refused = show(&service, &token, "code", &code(&service, &secret, steps)).await;
        refused.refuses(401, "invalid_code");
    }
}

#[tokio::test]
async fn a_code_shown_to_two_at_once_opens_one_session() {
    let service = own_instance(&[]);
    let org = Org::found_on(&service).await;
    let asha = org.sales_a().await;
    let (secret, _) = enrol(&service, &asha).await;
    let ahead = code(&service, &secret, 1);
    let mut tries = Vec::new();
    for _ in 0..4 {
        let (token, caller, ahead) = (mfa_token(&service, &asha.email).await, service.stranger(), ahead.clone());
        tries.push(tokio::spawn(async move {
            caller.post("/v1/auth/mfa", &json!({"mfa_token": token, "code": ahead})).await.status
        }));
    }
    let mut statuses = Vec::new();
    for one in tries {
        statuses.push(one.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401, 401, 401]);
}

#[tokio::test]
async fn who_guesses_waits_and_the_owner_gets_in_by_a_recovery_code() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let asha = org.sales_a().await;
    let (secret, codes) = enrol(&service, &asha).await;
    service.clock.advance(Duration::seconds(60));
    let token = mfa_token(&service, &asha.email).await;
    let right = code(&service, &secret, 0);
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        show(&service, &token, "code", wrong).await.refuses(401, "invalid_code");
    }
    let waits = show(&service, &token, "code", &right).await.refuses(429, "too_many_attempts");
    assert_eq!(waits.sent("retry-after"), "1");
    // The count is the account's and not the log-in's.
    let other = mfa_token(&service, &asha.email).await;
    show(&service, &other, "code", &right).await.refuses(429, "too_many_attempts");
    show(&service, &other, "recovery_code", &codes[0].to_lowercase()).await.shows(200);
    service.clock.advance(Duration::seconds(60));
    show(&service, &token, "code", &code(&service, &secret, 0)).await.shows(200);
}

#[tokio::test]
async fn the_wait_is_the_true_one() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let asha = org.sales_a().await;
    let (secret, _) = enrol(&service, &asha).await;
    service.clock.advance(Duration::seconds(60));
    let token = mfa_token(&service, &asha.email).await;
    for _ in 0..5 {
        show(&service, &token, "code", "abcdef").await.refuses(401, "invalid_code");
    }
    for seconds in [1, 2, 4, 8] {
        let refused = show(&service, &token, "code", "abcdef").await.refuses(429, "too_many_attempts");
        assert_eq!(refused.sent("retry-after"), seconds.to_string());
        let refused = asha.post("/v1/auth/step-up", &json!({"code": "abcdef"})).await.refuses(429, "too_many_attempts");
        assert_eq!(refused.sent("retry-after"), seconds.to_string());
        service.clock.advance(Duration::seconds(seconds));
        show(&service, &token, "code", "abcdef").await.refuses(401, "invalid_code");
    }
    service.clock.advance(Duration::seconds(16));
    show(&service, &token, "code", &code(&service, &secret, 0)).await.shows(200);
}

#[tokio::test]
async fn a_recovery_code_works_once_and_new_ones_end_the_old() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let (asha, ben) = (org.sales_a().await, org.sales_b().await);
    let (_, codes) = enrol(&service, &asha).await;
    let (_, others) = enrol(&service, &ben).await;
    let token = mfa_token(&service, &asha.email).await;
    show(&service, &token, "recovery_code", &others[0]).await.refuses(401, "invalid_code");
    show(&service, &token, "recovery_code", &codes[0].replace('-', "")).await.shows(200);
    let token = mfa_token(&service, &asha.email).await;
    show(&service, &token, "recovery_code", &codes[0]).await.refuses(401, "invalid_code");
    let renewed = asha.act("/v1/me/mfa/recovery-codes").await.shows(200).at("/recovery_codes");
    show(&service, &token, "recovery_code", &codes[1]).await.refuses(401, "invalid_code");
    show(&service, &token, "recovery_code", renewed[0].as_str().unwrap()).await.shows(200);
    assert_eq!(asha.get("/v1/me/mfa/totp").await.shows(200).at("/recovery_codes_left"), 9);
}

#[tokio::test]
async fn half_a_log_in_waits_five_minutes_and_for_one_of_two_proofs() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let asha = org.sales_a().await;
    let (secret, codes) = enrol(&service, &asha).await;
    let token = mfa_token(&service, &asha.email).await;
    let both = json!({"mfa_token": token, "code": "123456", "recovery_code": codes[0]});
    for body in [json!({"mfa_token": token}), both] {
        let answer = service.stranger().post("/v1/auth/mfa", &body).await.refuses(422, "invalid_body");
        assert_eq!(answer.faults(), [(String::new(), "one_of".to_owned())], "{answer}");
    }
    service.clock.advance(Duration::seconds(300));
    show(&service, &token, "code", &code(&service, &secret, 0)).await.refuses(401, "invalid_token");
    for forged in ["cm_", "cm_AAAA", &format!("{}A", &token[..token.len() - 1]), &"A".repeat(200)] {
        show(&service, forged, "code", "123456").await.refuses(401, "invalid_token");
    }
}

#[tokio::test]
async fn a_suspended_person_completes_no_log_in() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let asha = org.sales_a().await;
    let (_, codes) = enrol(&service, &asha).await;
    let token = mfa_token(&service, &asha.email).await;
    org.sql().await.execute("UPDATE users SET state = 'suspended' WHERE id = $1", &[&asha.id]).await.unwrap();
    show(&service, &token, "recovery_code", &codes[0]).await.refuses(401, "invalid_token");
}

#[tokio::test]
async fn a_second_factor_is_enrolled_once_and_removed_by_itself_alone() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let asha = org.sales_a().await;
    asha.post("/v1/me/mfa/totp/confirm", &json!({"code": "123456"})).await.refuses(404, "not_found");
    asha.delete("/v1/me/mfa/totp").await.refuses(404, "not_found");
    let secret = asha.act("/v1/me/mfa/totp").await.shows(201).text_at("/secret");
    let newer = asha.act("/v1/me/mfa/totp").await.shows(201).text_at("/secret");
    let of_the_older = json!({"code": code(&service, &secret, 0)});
    asha.post("/v1/me/mfa/totp/confirm", &of_the_older).await.refuses(401, "invalid_code");
    asha.post("/v1/me/mfa/totp/confirm", &json!({"code": code(&service, &newer, 0)})).await.shows(200);
    asha.act("/v1/me/mfa/totp").await.refuses(409, "mfa_already_enrolled");
    service.clock.advance(Duration::seconds(300));
    asha.delete("/v1/me/mfa/totp").await.refuses(403, "step_up_required");
    let proof = json!({"code": code(&service, &newer, 0)});
    asha.post("/v1/auth/step-up", &proof).await.shows(200);
    asha.request("DELETE", "/v1/me/mfa/totp").await.refuses(428, "precondition_required");
    asha.delete("/v1/me/mfa/totp").await.shows(204);
    let answer = try_log_in(&service, &asha.email, PASSWORD).await.shows(200);
    assert_eq!(answer.at("/mfa_required"), false);
}

#[tokio::test]
async fn the_secret_and_the_codes_stand_nowhere_in_clear() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let (secret, codes) = enrol(&service, &org.sales_a().await).await;
    let sql = org.sql().await;
    for table in ["mfa_totp", "mfa_recovery_codes", "audit_entries"] {
        let rows =
            format!("SELECT count(*) FROM {table} t WHERE position($1::bytea IN convert_to(t::text, 'UTF8')) > 0");
        for text in [&secret, &codes[0], &codes[0].replace('-', "")] {
            let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
            for form in [text.as_bytes(), hex.as_bytes()] {
                let found: i64 = sql.query_one(&rows, &[&form]).await.unwrap().get(0);
                assert_eq!(found, 0, "{table}");
            }
        }
    }
}

#[tokio::test]
async fn a_role_that_must_show_a_factor_opens_nothing_but_enrolling() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let (admin, asha, ben) = (org.admin().await, org.sales_a().await, org.support().await);
    let put = |body: Value| admin.request("PUT", "/v1/auth/policy").header("if-match", "*").json(&body);
    let answer = put(json!({"roles_with_mfa": ["sales", "root"]})).await.refuses(422, "invalid_body");
    assert_eq!(answer.faults(), [("/roles_with_mfa/1".to_owned(), "unknown_role".to_owned())]);
    put(json!({"roles_with_mfa": ["sales"]})).await.shows(200);
    let fresh = try_log_in(&service, &asha.email, PASSWORD).await.shows(200);
    assert_eq!(fresh.at("/mfa_enrolment_required"), true);
    let asha = Person::of(&service.base_url, asha.id, &asha.email, &fresh);
    for path in ["/v1/customers", "/v1/me", "/v1/me/permissions"] {
        asha.get(path).await.refuses(403, "mfa_enrolment_required");
    }
    ben.get("/v1/customers").await.shows(200);
    assert_eq!(asha.get("/v1/me/mfa/totp").await.shows(200).at("/required"), true);
    enrol(&service, &asha).await;
    asha.get("/v1/customers").await.shows(200);
    // A session that has not shown the factor is still shut.
    let other = Person::of(&service.base_url, asha.id, &asha.email, &fresh);
    asha.delete("/v1/me/mfa/totp").await.shows(204);
    other.get("/v1/customers").await.refuses(403, "mfa_enrolment_required");
    asha.act("/v1/auth/logout").await.shows(204);
}

#[tokio::test]
async fn a_session_from_before_shows_the_factor_first() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let (admin, before, asha) = (org.admin().await, org.sales_a().await, org.sales_a().await);
    let (_, codes) = enrol(&service, &asha).await;
    let policy = json!({"roles_with_mfa": ["sales"]});
    let tag = admin.get("/v1/auth/policy").await.shows(200).sent("etag");
    admin.request("PUT", "/v1/auth/policy").header("if-match", &tag).json(&policy).await.shows(200);
    admin
        .request("PUT", "/v1/auth/policy")
        .header("if-match", &tag)
        .json(&policy)
        .await
        .refuses(412, "precondition_failed");
    asha.get("/v1/customers").await.shows(200);
    before.get("/v1/customers").await.refuses(401, "mfa_required");
    before.post("/v1/auth/step-up", &json!({"password": PASSWORD})).await.refuses(401, "mfa_required");
    before.post("/v1/auth/step-up", &json!({"recovery_code": codes[0]})).await.shows(200);
    before.get("/v1/customers").await.shows(200);
}
