//! One's own activity: what the log says of a member of staff, to that member alone.

use serde_json::{Value, json};

use super::Ledger;
use crate::customers::{encoded, path};
use crate::support::Org;

fn lines(page: &crate::support::Answer) -> Vec<Value> {
    page.at("/data").as_array().unwrap().clone()
}

#[tokio::test]
async fn a_person_sees_what_is_on_record_about_them_and_nothing_of_others() {
    let org = Org::found().await;
    let (sales, finance) = (org.sales_a().await, org.finance().await);
    let id = org.customer_of(&sales).await;
    let reveal = json!({"fields": ["mobile"], "reason": "Asked to be called back"});
    sales.post(&format!("{}/reveal", path(&id)), &reveal).await.shows(200);
    sales.get("/v1/audit/entries").await.refuses(403, "forbidden");
    finance.get(&path(&id)).await.shows(200);
    let own = lines(&sales.get("/v1/me/activity").await.shows(200));
    assert!(own.iter().all(|line| line["actor"]["id"] == json!(sales.id) && line["intact"] == json!(true)));
    let actions: Vec<&str> = own.iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["access.refused", "customers.reveal", "customers.create", "auth.login"]);
    assert_eq!(own[1]["reason"], "Asked to be called back");
    assert!(own.iter().all(|line| line["proof"]["leaf_hash"].is_string()));
    let theirs = lines(&finance.get("/v1/me/activity").await.shows(200));
    assert!(theirs.iter().all(|line| line["actor"]["id"] == json!(finance.id)));
    assert!(org.nobody().await.get("/v1/me/activity").await.shows(200).at("/data/0/action") == "auth.login");
}

#[tokio::test]
async fn looking_is_on_record_itself() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let mut ledger = Ledger::of(&org).await;
    let answer = sales.get("/v1/me/activity").await.shows(200);
    let entry = ledger.only().await;
    assert_eq!((&entry["action"], &entry["actor"]["id"]), (&json!("me.activity"), &json!(sales.id)));
    assert_eq!(answer.sent("audit-id"), entry["id"].as_str().unwrap());
    assert_eq!(sales.get("/v1/me/activity").await.shows(200).at("/data/0/id"), entry["id"]);
}

#[tokio::test]
async fn it_is_read_by_the_page_within_a_time_and_with_ones_own_cursor() {
    let org = Org::found().await;
    let (sales, other) = (org.sales_a().await, org.sales_b().await);
    for _ in 0..4 {
        sales.get("/v1/me").await.shows(200);
        other.get("/v1/me").await.shows(200);
    }
    let first = sales.get("/v1/me/activity?limit=3").await.shows(200);
    let cursor = encoded(&first.text_at("/next_cursor"));
    let second = sales.get(&format!("/v1/me/activity?limit=3&cursor={cursor}")).await.shows(200);
    let (first, second) = (lines(&first), lines(&second));
    assert_eq!((first.len(), second.len()), (3, 2));
    assert!(first.iter().chain(&second).is_sorted_by(|a, b| a["id"].as_str() > b["id"].as_str()));
    other.get(&format!("/v1/me/activity?limit=3&cursor={cursor}")).await.refuses(400, "invalid_cursor");
    let none = sales.get("/v1/me/activity?until=2026-01-01T00:00:00Z").await.shows(200);
    assert_eq!(none.at("/data"), json!([]));
    assert_eq!(lines(&sales.get("/v1/me/activity?from=2020-01-01T00:00:00Z&limit=200").await.shows(200)).len(), 8);
    for query in ["from=yesterday", "limit=0", "until=1"] {
        sales.get(&format!("/v1/me/activity?{query}")).await.refuses(400, "invalid_query");
    }
    sales.get(&format!("/v1/me/activity?actor={}", other.id)).await.refuses(400, "unknown_parameter");
}

#[tokio::test]
async fn a_partner_has_no_activity_of_its_own() {
    let org = Org::found().await;
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    partner.get("/v1/me/activity").await.refuses(403, "staff_only");
    org.service().stranger().get("/v1/me/activity").await.refuses(401, "unauthenticated");
}
