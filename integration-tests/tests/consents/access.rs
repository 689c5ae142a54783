//! A call for a purpose that needs consent shows nothing of who has not given it.

use serde_json::json;

use super::Told;

#[tokio::test]
async fn without_consent_nothing_of_the_person_is_shown() {
    let told = Told::new().await;
    let path = format!("/v1/customers/{}", told.customer);
    let marketing = told.sales.with("processing-purpose", "marketing");
    let reveal = json!({"fields": ["mobile"], "reason": "to tell of an offer"});
    for _ in 0..2 {
        for answer in [
            marketing.get(&path).await,
            marketing.get(&format!("{path}/history")).await,
            marketing.post(&format!("{path}/reveal"), &reveal).await,
            marketing.patch(&path, &json!({"stage": "lost"})).await,
        ] {
            let refused = answer.refuses(403, "no_consent");
            assert!(!refused.text().contains("Zhang"), "{refused}");
        }
        assert_eq!(marketing.get("/v1/customers").await.shows(200).at("/data"), json!([]));
        marketing.get("/v1/customers?count=true").await.refuses(400, "count_not_available");
        told.sales.get(&path).await.shows(200);
        // Given and taken back is as never given.
        let id = told.agrees(json!({})).await.shows(201).id();
        marketing.get(&path).await.shows(200);
        marketing.post(&format!("{path}/reveal"), &reveal).await.shows(200);
        assert_eq!(marketing.get("/v1/customers").await.shows(200).at("/data/0/id"), json!(told.customer));
        told.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({})).await.shows(200);
    }
    let log = told.org.auditor().await.get("/v1/audit/entries?action=access.refused").await.shows(200);
    assert!(log.text().contains("no_consent"), "{log}");
}

#[tokio::test]
async fn a_partner_reaches_only_who_agreed() {
    let told = Told::new().await;
    let partner = told.org.partner(&["name", "mobile"], &["marketing"], &["customers.read"]).await;
    let list = || partner.get("/v1/customers").header("processing-purpose", "marketing");
    assert_eq!(list().await.shows(200).at("/data"), json!([]));
    let search = partner.get("/v1/customers?q%5Bname%5D=Zhang%200").header("processing-purpose", "marketing").await;
    assert_eq!(search.shows(200).at("/data"), json!([]), "a search is no oracle");
    let id = told.agrees(json!({})).await.shows(201).id();
    let known = list().await.shows(200).text_at("/data/0/id");
    // Neither an empty page nor a place to go on from tells that there is anybody else.
    for _ in 0..6 {
        told.org.customer_of(&told.sales).await;
    }
    let page = partner.get("/v1/customers?limit=1").header("processing-purpose", "marketing").await.shows(200);
    assert_eq!((page.at("/data/0/id"), page.at("/next_cursor")), (json!(known), json!(null)), "{page}");
    told.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({})).await.shows(200);
    let path = format!("/v1/customers/{known}");
    partner.get(&path).header("processing-purpose", "marketing").await.refuses(403, "no_consent");
    let why = json!({"customer_id": told.customer, "api_key_id": partner.key_id, "permission": "customers.read", "purpose": "marketing", "field": "name"});
    let told_why = told.org.dpo().await.post("/v1/access-decisions", &why).await.shows(200);
    assert!(told_why.text().contains("no_consent"), "{told_why}");
}
