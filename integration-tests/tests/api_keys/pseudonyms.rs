//! Ids that two partners cannot compare.

use std::collections::BTreeSet;

use crate::support::{Caller, Org, customer};

async fn ids(caller: &Caller) -> BTreeSet<String> {
    let list = caller.get("/v1/customers?limit=200").await.shows(200);
    list.at("/data").as_array().unwrap().iter().map(|seen| seen["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn each_partner_knows_a_person_by_an_id_of_its_own() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    for _ in 0..5 {
        org.customer_of(&asha).await;
    }
    let (one, two) = (
        org.partner(&["customer_no"], &[], &["customers.read"]).await,
        org.partner(&["customer_no"], &[], &["customers.read"]).await,
    );
    let (staff, first, second) = (ids(&asha).await, ids(&one).await, ids(&two).await);
    assert!(staff.len() == 5 && first.len() == 5 && second.len() == 5);
    assert!(staff.is_disjoint(&first) && staff.is_disjoint(&second) && first.is_disjoint(&second));
    assert_eq!(ids(&one).await, first, "an id stays");
    for (caller, own, foreign) in
        [(&*asha, &staff, [&first, &second]), (&*one, &first, [&staff, &second]), (&*two, &second, [&staff, &first])]
    {
        for id in own {
            caller.get(&format!("/v1/customers/{id}")).await.shows(200);
        }
        for id in foreign.into_iter().flatten() {
            caller.get(&format!("/v1/customers/{id}")).await.refuses(404, "not_found");
        }
    }
}

#[tokio::test]
async fn two_keys_of_one_partner_know_a_person_by_the_same_id() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    org.customer_of(&asha).await;
    let company = serde_json::json!({"third_party": "One company"});
    let (old, new) = (org.partner_with(company.clone()).await, org.partner_with(company).await);
    assert_eq!(ids(&old).await, ids(&new).await);
}

#[tokio::test]
async fn what_a_partner_enters_answers_with_its_own_id_and_location() {
    let org = Org::found().await;
    let partner = org.partner(&["customer_no", "name", "mobile"], &[], &["customers.read", "customers.create"]).await;
    let made = partner.post("/v1/customers", &customer()).await.shows(201);
    assert_eq!(made.sent("location"), format!("/v1/customers/{}", made.id()));
    partner.get(&made.sent("location")).await.shows(200);
    org.admin().await.get(&made.sent("location")).await.refuses(404, "not_found");
}

#[tokio::test]
async fn a_partners_cursor_carries_no_id_of_ours() {
    use base64::Engine;
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let mut ours = Vec::new();
    for _ in 0..3 {
        ours.push(uuid::Uuid::parse_str(&org.customer_of(&asha).await).unwrap());
    }
    let partner = org.partner(&["customer_no"], &[], &["customers.read"]).await;
    let mut list = partner.get("/v1/customers?limit=1").await.shows(200);
    let mut seen = 1;
    while let Some(cursor) = list.at("/next_cursor").as_str() {
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(cursor).unwrap();
        for id in &ours {
            assert!(!bytes.windows(16).any(|window| window == id.as_bytes()), "a cursor names {id}");
        }
        list = partner.get(&format!("/v1/customers?limit=1&cursor={cursor}")).await.shows(200);
        seen += 1;
    }
    assert_eq!(seen, 3);
}

#[tokio::test]
async fn the_log_shows_staff_the_id_that_staff_know() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let id = org.customer_of(&asha).await;
    let partner = org.partner(&["customer_no"], &[], &["customers.read"]).await;
    let known = partner.get("/v1/customers").await.shows(200).text_at("/data/0/id");
    partner.get(&format!("/v1/customers/{known}")).await.shows(200);
    let log = org
        .auditor()
        .await
        .get(&format!("/v1/audit/entries?actor={}&action=customers.read", partner.key_id))
        .await
        .shows(200);
    assert_eq!(log.at("/data/0/customer"), id.as_str(), "{log}");
    assert!(!log.text().contains(&known), "{log}");
}
