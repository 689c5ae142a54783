//! `Idempotency-Key`: however often a request is sent, it has one effect and one answer.

use chrono::Duration;
use serde_json::json;

use crate::support::{Caller, Org, Request, customer, stopped};

fn keyed(caller: &Caller, key: &str) -> Request {
    caller.request("POST", "/v1/customers").header("idempotency-key", key)
}

async fn count(caller: &Caller) -> u64 {
    caller.get("/v1/customers?count=true").await.shows(200).at("/count").as_u64().unwrap()
}

#[tokio::test]
async fn a_repeated_request_gives_the_answer_it_gave_and_does_nothing() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let body = customer();
    let first = keyed(&asha, "one").json(&body).await.shows(201);
    assert!(first.header("idempotent-replayed").is_none(), "{first}");
    for _ in 0..3 {
        let again = keyed(&asha, "one").json(&body).await.shows(201);
        assert_eq!(again.sent("idempotent-replayed"), "true");
        assert_eq!(again.bytes, first.bytes);
        for name in ["etag", "location", "content-type"] {
            assert_eq!(again.sent(name), first.sent(name), "{name}");
        }
        assert_ne!(again.sent("x-request-id"), first.sent("x-request-id"));
    }
    assert_eq!(count(&asha).await, 1);
}

#[tokio::test]
async fn the_same_key_with_another_request_is_refused() {
    let org = Org::found().await;
    let (asha, admin) = (org.sales_a().await, org.admin().await);
    let body = customer();
    keyed(&asha, "two").json(&body).await.shows(201);
    keyed(&asha, "two").json(&customer()).await.refuses(422, "idempotency_key_reused");
    keyed(&asha, "two")
        .json(&body)
        .header("processing-purpose", "support")
        .await
        .refuses(422, "idempotency_key_reused");
    keyed(&admin, "two").json(&customer()).await.shows(201);
    admin
        .post("/v1/api-keys", &crate::support::new_key())
        .header("idempotency-key", "two")
        .await
        .refuses(422, "idempotency_key_reused");
}

#[tokio::test]
async fn callers_do_not_share_keys() {
    let (org, other) = (Org::found().await, Org::found().await);
    let (asha, ben, theirs) = (org.sales_a().await, org.sales_b().await, other.sales_a().await);
    let partner = org.partner(&["customer_no", "name", "mobile"], &[], &["customers.read", "customers.create"]).await;
    let mut ids = Vec::new();
    for caller in [&*asha, &*ben, &*theirs, &*partner] {
        let mut body = customer();
        body["fields"]["customer_no"] = json!(format!("K-{}", ids.len()));
        ids.push(keyed(caller, "shared").json(&body).await.shows(201).id());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

#[tokio::test]
async fn many_at_once_have_one_effect() {
    let asha = Org::found().await.sales_a().await;
    for round in 0..5 {
        let body = customer();
        let key = format!("parallel-{round}");
        let answers =
            futures_util::future::join_all((0..12).map(|_| keyed(&asha, &key).json(&body).into_future())).await;
        let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
        let fresh = made.iter().filter(|answer| answer.header("idempotent-replayed").is_none()).count();
        assert_eq!(fresh, 1, "{answers:?}");
        assert!(made.iter().all(|answer| answer.bytes == made[0].bytes), "{answers:?}");
        for refused in answers.iter().filter(|answer| answer.status != 201) {
            refused.clone().refuses(409, "idempotency_in_progress").sent("retry-after");
        }
        assert_eq!(count(&asha).await, round + 1);
    }
}

#[tokio::test]
async fn a_refused_request_leaves_its_key_free() {
    let asha = Org::found().await.sales_a().await;
    keyed(&asha, "again").json(&json!({"fields": {}})).await.refuses(422, "invalid_body");
    keyed(&asha, "again").json(&customer()).await.shows(201);
}

#[tokio::test]
async fn a_key_is_1_to_255_printable_characters() {
    let asha = Org::found().await.sales_a().await;
    let (most, more) = ("k".repeat(255), "k".repeat(256));
    for bad in ["", " ", "\"\"", "ключ", "tab\there", &more] {
        keyed(&asha, bad).json(&customer()).await.refuses(400, "idempotency_key_invalid");
    }
    keyed(&asha, "a").header("idempotency-key", "b").json(&customer()).await.refuses(400, "idempotency_key_invalid");
    assert_eq!(count(&asha).await, 0);
    let body = customer();
    keyed(&asha, &most).json(&body).await.shows(201);
    keyed(&asha, &format!("\"{most}\"")).json(&body).await.shows(201).sent("idempotent-replayed");
}

#[tokio::test]
async fn a_revealed_value_is_not_given_again_to_who_lost_the_right() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let path = format!("/v1/customers/{}/reveal", org.customer_of(&asha).await);
    let body = json!({"fields": ["mobile"], "reason": "call back"});
    let reveal = |caller: &Caller| caller.post(&path, &body).header("idempotency-key", "reveal");
    reveal(&asha).await.shows(200);
    org.sql()
        .await
        .execute("UPDATE user_roles SET role_code = 'marketing' WHERE user_id = $1", &[&asha.id])
        .await
        .unwrap();
    let later = org.sales_a().await;
    let answer = reveal(&later).await;
    assert!([403, 409].contains(&answer.status) && !answer.timeless().to_string().contains("138"), "{answer}");
}

#[tokio::test]
async fn what_is_kept_for_a_retry_is_sealed() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let path = format!("/v1/customers/{}/reveal", org.customer_of(&asha).await);
    let revealed = asha
        .post(&path, &json!({"fields": ["mobile"], "reason": "call back"}))
        .header("idempotency-key", "sealed")
        .await
        .shows(200);
    let mobile = revealed.text_at("/fields/mobile");
    let rows = org.sql().await.query("SELECT k::text FROM idempotency_keys k", &[]).await.unwrap();
    assert!(!rows.is_empty());
    let (plain, hex) =
        (mobile.trim_start_matches("+86").to_owned(), mobile.bytes().map(|b| format!("{b:02x}")).collect::<String>());
    for row in rows {
        let text: String = row.get(0);
        assert!(!text.contains(&plain) && !text.contains(&hex), "a kept answer is readable");
    }
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let body = json!({"fields": {"name": "Zhang"}});
    let first = keyed(&*org.sales_a().await, "daily").json(&body).await.shows(201);
    service.clock.advance(Duration::hours(23));
    let replayed = keyed(&*org.sales_a().await, "daily").json(&body).await.shows(201);
    assert_eq!((replayed.id(), replayed.sent("idempotent-replayed")), (first.id(), "true".to_owned()));
    service.clock.advance(Duration::hours(2));
    let asha = org.sales_a().await;
    let anew = keyed(&asha, "daily").json(&body).await.shows(201);
    assert_ne!(anew.id(), first.id());
    assert_eq!(count(&asha).await, 2);
}
