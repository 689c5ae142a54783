//! The record that a notice was shown.

use serde_json::json;

use super::{notice, published};
use crate::support::Org;

#[tokio::test]
async fn a_showing_keeps_whom_when_and_the_very_text() {
    let org = Org::found().await;
    let (officer, sales) = (org.dpo().await, org.sales_a().await);
    let customer = org.customer_of(&sales).await;
    let shown = published(&officer, "offers", "name").await;
    let path = format!("/v1/notices/{}/showings", shown.id());
    let body = json!({"customer_id": customer, "language": "en", "channel": "web"});
    let told = sales.post(&path, &body).await.shows(200);
    assert_eq!((told.at("/sha256"), told.at("/by")), (shown.at("/texts/en/sha256"), json!(sales.id)));
    let listed = officer.get(&format!("{path}?customer_id={customer}")).await.shows(200);
    assert_eq!(listed.at("/data"), json!([told.json()]));
    let log = org.auditor().await.get("/v1/audit/entries?action=notices.record").await.shows(200);
    assert_eq!(log.at("/data/0/customer"), json!(customer));
    // Nobody learns by it of a customer out of sight.
    org.sales_b().await.post(&path, &body).await.refuses(404, "not_found");
    let french = json!({"customer_id": customer, "language": "fr", "channel": "web"});
    sales.post(&path, &french).await.refuses(422, "invalid_body");
    let draft = officer.post("/v1/notices", &notice("offers", "name")).await.shows(201).id();
    sales.post(&format!("/v1/notices/{draft}/showings"), &body).await.refuses(409, "notice_not_published");
}

#[tokio::test]
async fn a_partner_records_it_under_the_id_that_it_knows() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let customer = org.customer_of(&sales).await;
    let shown = published(&org.dpo().await, "offers", "name").await;
    let partner = org.partner(&["name"], &[], &["customers.read", "notices.read", "notices.record"]).await;
    let known = partner.get("/v1/customers").await.shows(200).text_at("/data/0/id");
    let path = format!("/v1/notices/{}/showings", shown.id());
    let told = partner.post(&path, &json!({"customer_id": known, "language": "en", "channel": "app"})).await.shows(200);
    assert_eq!(told.at("/customer_id"), json!(known));
    assert_ne!(known, customer);
    let listed = org.dpo().await.get(&path).await.shows(200);
    assert_eq!((listed.at("/data/0/customer_id"), listed.at("/data/0/by_kind")), (json!(customer), json!("partner")));
}
