//! Disclosures: what a partner was shown stands in the list, and nothing else does.

mod decoys;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, Org, Partner, Person};

async fn third_party(admin: &Person, partner: &Partner) -> String {
    admin.get(&format!("/v1/api-keys/{}", partner.key_id)).await.shows(200).text_at("/third_party_id")
}

async fn disclosures(person: &Person, third_party: &str, query: &str) -> Answer {
    person.get(&format!("/v1/third-parties/{third_party}/disclosures?{query}")).await
}

#[tokio::test]
async fn every_answer_to_a_partner_stands_in_the_list_with_its_fields_and_people() {
    let org = Org::found().await;
    let (admin, dpo, asha) = (org.admin().await, org.dpo().await, org.sales_a().await);
    let partner = org.partner(&["name", "mobile"], &[], &["customers.read"]).await;
    let other = org.partner(&["name"], &[], &["customers.read"]).await;
    let ids = [org.customer_of(&asha).await, org.customer_of(&asha).await];
    let party = third_party(&admin, &partner).await;
    assert_eq!(disclosures(&dpo, &party, "").await.shows(200).at("/data"), json!([]));
    let listed = partner.get("/v1/customers").await.shows(200);
    let one = listed.text_at("/data/0/id");
    partner.with("processing-purpose", "care").get(&format!("/v1/customers/{one}")).await.shows(200);
    partner.get("/v1/customers?stage=lost").await.shows(200);
    partner.get(&format!("/v1/customers/{}", Uuid::from_u128(7))).await.refuses(404, "not_found");
    other.get("/v1/customers").await.shows(200);
    let told = disclosures(&dpo, &party, "").await.shows(200);
    let told: Vec<Value> = told.at("/data").as_array().unwrap().clone();
    assert_eq!(told.len(), 2, "neither what showed nobody, nor a refusal, nor another's: {told:?}");
    let expected = [("customers.read", json!("care"), 1), ("customers.list", json!(null), 2)];
    for (line, (action, purpose, people)) in told.iter().zip(expected) {
        assert_eq!((&line["action"], &line["purpose"]), (&json!(action), &purpose));
        assert_eq!((&line["customer_count"], &line["api_key_id"]), (&json!(people), &json!(partner.key_id)));
        assert_eq!(line["fields"], json!({"read": ["name", "mobile"], "masked": [], "revealed": []}));
        assert!(line["at"].is_string());
    }
    let proof = format!("/v1/audit/entries?actor={}", partner.key_id);
    let entries = org.auditor().await.get(&proof).await.shows(200);
    assert!(entries.text().contains(told[0]["entry_id"].as_str().unwrap()), "each is an entry of the log");
    let page = disclosures(&dpo, &party, "limit=1").await.shows(200);
    let cursor = page.text_at("/next_cursor");
    let next = disclosures(&dpo, &party, &format!("limit=1&cursor={cursor}")).await.shows(200);
    assert_eq!(next.at("/data/0"), told[1]);
    let count =
        async |query: String| disclosures(&dpo, &party, &query).await.shows(200).at("/data").as_array().unwrap().len();
    let reads = [count(format!("customer_id={}", ids[0])).await, count(format!("customer_id={}", ids[1])).await];
    assert_eq!(reads.iter().sum::<usize>(), 3, "one of the two was read as well as listed: {reads:?}");
    assert_eq!(count(format!("api_key_id={}", other.key_id)).await, 0);
    assert_eq!(count("until=2020-01-01T00:00:00Z".to_owned()).await, 0);
    assert_eq!(count("from=2020-01-01T00:00:00Z".to_owned()).await, 2);
}

#[tokio::test]
async fn they_are_for_who_answers_for_data_and_for_no_partner() {
    let org = Org::found().await;
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    let party = third_party(&org.admin().await, &partner).await;
    let path = format!("/v1/third-parties/{party}/disclosures");
    org.sales_a().await.get(&path).await.refuses(403, "forbidden");
    partner.get(&path).await.refuses(403, "forbidden");
    org.auditor().await.get(&path).await.shows(200);
    Org::found().await.dpo().await.get(&path).await.refuses(404, "not_found");
    org.dpo().await.get(&format!("{path}?cursor=AAAA")).await.refuses(400, "invalid_cursor");
}
