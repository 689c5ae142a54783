//! A key from its making to its end.

use std::time::{Duration, Instant};

use chrono::SecondsFormat;
use custodian_application::Clock;
use serde_json::json;

use crate::support::{Caller, Org, Service, new_key, shared, stopped};

fn with_key(service: &Service, key: &str) -> Caller {
    service.stranger().with("x-api-key", key)
}

#[tokio::test]
async fn the_secret_is_shown_once_and_stored_nowhere() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let made = admin.post("/v1/api-keys", &new_key()).await.shows(201);
    let secret = made.text_at("/secret");
    let id = uuid::Uuid::parse_str(&made.id()).unwrap();
    assert!(secret.starts_with(&format!("ck_{}_", id.simple())), "{made}");
    let random = secret.splitn(3, '_').nth(2).unwrap();
    assert!(random.len() >= 43, "256 bits: {random}");
    for path in [format!("/v1/api-keys/{id}"), "/v1/api-keys".to_owned()] {
        let answer = admin.get(&path).await.shows(200);
        assert!(!answer.text().contains(random) && !answer.text().contains("digest"), "{answer}");
        assert!(answer.at("/secret").is_null() && answer.at("/data/0/secret").is_null(), "{answer}");
    }
    let sql = org.sql().await;
    for table in ["api_keys", "third_parties", "audit_entries", "idempotency_keys"] {
        for row in sql.query(&format!("SELECT t::text FROM {table} t"), &[]).await.unwrap() {
            assert!(!row.get::<_, String>(0).contains(random), "{table} holds the secret");
        }
    }
}

#[tokio::test]
async fn one_wrong_character_opens_nothing() {
    let org = Org::found().await;
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    let secret = partner.secret.clone();
    partner.get("/v1/customers").await.shows(200);
    let flip = |at: usize| {
        let mut text = secret.clone().into_bytes();
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(text).unwrap()
    };
    let other_id = secret.replacen(&partner.key_id.replace('-', ""), &uuid::Uuid::nil().simple().to_string(), 1);
    let start = secret.len() - secret.splitn(3, '_').nth(2).unwrap().len();
    let wrong = [
        flip(start),
        flip(secret.len() - 1),
        other_id,
        secret[..secret.len() - 1].to_owned(),
        format!("{secret}A"),
        secret.to_uppercase(),
        secret[3..].to_owned(),
        format!("ck_{}", &secret[start..]),
        "ck__".to_owned(),
        "ck_".to_owned(),
        format!("ck_{}_{}", "a".repeat(32), "b".repeat(5000)),
    ];
    let mut answers = Vec::new();
    for key in &wrong {
        answers.push(with_key(shared(), key).get("/v1/customers").await.refuses(401, "invalid_api_key").timeless());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "every wrong key is answered alike");
    partner.get("/v1/customers").await.shows(200);
}

#[tokio::test]
async fn a_revoked_key_is_dead_at_once_and_stays_on_the_list() {
    let org = Org::found().await;
    let (admin, partner) = (org.admin().await, org.partner(&["name"], &[], &["customers.read"]).await);
    partner.get("/v1/customers").await.shows(200);
    let path = format!("/v1/api-keys/{}", partner.key_id);
    assert_eq!(admin.get(&path).await.shows(200).at("/active"), true);
    let revoked = admin.act(&format!("{path}/revoke")).await.shows(200);
    assert_eq!(revoked.at("/active"), false);
    partner.get("/v1/customers").await.refuses(401, "invalid_api_key");
    assert!(admin.get(&path).await.shows(200).at("/revoked_at").is_string());
    admin.act(&format!("{path}/revoke")).await.refuses(409, "already_revoked");
    org.auditor().await.act(&format!("{path}/revoke")).await.refuses(403, "forbidden");
}

#[tokio::test]
async fn a_key_revoked_by_another_instance_is_dead_within_a_second() {
    let org = Org::found().await;
    let (partner, sql) = (org.partner(&["name"], &[], &["customers.read"]).await, org.sql().await);
    partner.get("/v1/customers").await.shows(200);
    let id = uuid::Uuid::parse_str(&partner.key_id).unwrap();
    sql.execute("UPDATE api_keys SET revoked_at = clock_timestamp() WHERE id = $1", &[&id]).await.unwrap();
    let written = Instant::now();
    while partner.get("/v1/customers").await.status == 200 {
        assert!(written.elapsed() <= Duration::from_secs(1), "still let in");
    }
    partner.get("/v1/customers").await.refuses(401, "invalid_api_key");
}

#[tokio::test]
async fn a_key_ends_at_its_time() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let end = service.clock.now() + chrono::Duration::hours(1);
    let partner = org.partner_with(json!({"expires_at": end.to_rfc3339_opts(SecondsFormat::Secs, true)})).await;
    partner.get("/v1/customers").await.shows(200);
    service.clock.advance(chrono::Duration::hours(1));
    partner.get("/v1/customers").await.refuses(401, "invalid_api_key");
}

#[tokio::test]
async fn a_key_that_ended_by_the_databases_clock_is_refused_and_shown_as_ended() {
    let org = Org::found().await;
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    let id = uuid::Uuid::parse_str(&partner.key_id).unwrap();
    let ended = "UPDATE api_keys SET expires_at = clock_timestamp() WHERE id = $1";
    org.sql().await.execute(ended, &[&id]).await.unwrap();
    partner.get("/v1/customers").await.refuses(401, "invalid_api_key");
    let shown = org.admin().await.get(&format!("/v1/api-keys/{id}")).await.shows(200);
    assert_eq!(shown.at("/active"), false);
}

#[tokio::test]
async fn every_fault_of_a_new_key_is_listed() {
    let admin = Org::found().await.admin().await;
    let body = json!({
        "third_party": "X", "name": "x", "permissions": ["customers.read", "customers.reveal", "audit.read"],
        "fields": ["name", "id_number", "bank_card", "shoe_size"], "ip_ranges": ["10.0.0.0/8", "10.0.0.0/33", "home"],
        "expires_at": "2020-01-01T00:00:00Z"
    });
    let answer = admin.post("/v1/api-keys", &body).await.refuses(422, "invalid_body");
    let faults = answer.faults();
    let expected = [
        ("/expires_at", "in_the_past"),
        ("/fields/1", "core_field"),
        ("/fields/2", "core_field"),
        ("/fields/3", "unknown_field"),
        ("/ip_ranges/1", "invalid_network"),
        ("/ip_ranges/2", "invalid_network"),
        ("/permissions/1", "not_a_choice"),
        ("/permissions/2", "not_a_choice"),
    ];
    let faults: Vec<(&str, &str)> = faults.iter().map(|(place, code)| (place.as_str(), code.as_str())).collect();
    assert_eq!(faults, expected, "{answer}");
    assert_eq!(admin.get("/v1/api-keys").await.shows(200).at("/data"), json!([]));
}

#[tokio::test]
async fn only_who_may_manage_keys_makes_one() {
    let org = Org::found().await;
    for who in ["dpo", "manager", "sales_a", "finance", "support", "marketing", "auditor", "nobody"] {
        let answer = org.person(who).await.post("/v1/api-keys", &new_key()).await.refuses(403, "forbidden");
        assert!(answer.text_at("/detail").contains("api_keys.manage"), "{answer}");
    }
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    partner.post("/v1/api-keys", &new_key()).await.refuses(403, "forbidden");
}

#[tokio::test]
async fn a_secret_is_not_shown_again_to_a_retry() {
    let org = Org::found().await;
    let admin = org.admin().await.with("idempotency-key", "key-1");
    let body =
        json!({"third_party": "Gateway", "name": "retry", "permissions": ["customers.read"], "fields": ["name"]});
    admin.post("/v1/api-keys", &body).await.shows(201);
    let again = admin.post("/v1/api-keys", &body).await.refuses(409, "idempotency_result_withheld");
    assert!(!again.text().contains("ck_"), "{again}");
}
