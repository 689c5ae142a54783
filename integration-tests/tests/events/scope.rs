//! Whom an event is told to: the same people who may read what it is about.

use serde_json::{Value, json};

use super::{all, told};
use crate::consents::{Told, agreed};
use crate::support::{Org, customer};

#[tokio::test]
async fn a_colleague_out_of_scope_and_another_organisation_hear_nothing() {
    let (org, other) = (Org::found().await, Org::found().await);
    let (asha, ben, manager) = (org.sales_a().await, org.sales_b().await, org.manager().await);
    let id = org.customer_of(&asha).await;
    told(&asha, &format!("customer_id={id}")).await;
    assert_eq!(all(&manager, "").await.len(), 1);
    for stranger in [&ben, &other.admin().await, &other.dpo().await] {
        assert_eq!(all(stranger, "").await, Vec::<Value>::new());
        assert_eq!(all(stranger, &format!("customer_id={id}")).await, Vec::<Value>::new());
    }
    org.nobody().await.get("/v1/events").await.refuses(403, "forbidden");
    let event = told(&asha, "").await["id"].as_str().unwrap().to_owned();
    other.admin().await.get(&format!("/v1/events?after={event}")).await.refuses(400, "unknown_event");
}

#[tokio::test]
async fn a_field_that_is_hidden_is_not_named() {
    let org = Org::found().await;
    let (asha, dpo) = (org.sales_a().await, org.dpo().await);
    let mut body = customer();
    body["fields"]["id_number"] = json!("11010519491231002X");
    asha.post("/v1/customers", &body).await.shows(201);
    let fields = |event: Value| event["data"]["fields"].clone();
    assert_eq!(fields(told(&asha, "").await), json!(["customer_no", "mobile", "name"]), "sales may not know of it");
    assert_eq!(fields(told(&dpo, "").await), json!(["customer_no", "id_number", "mobile", "name"]));
}

#[tokio::test]
async fn a_partner_hears_of_its_purposes_under_ids_of_its_own() {
    let mark = Told::new().await;
    let permissions = ["events.read", "customers.read", "consents.read", "withdrawals.acknowledge"];
    let partner = mark.org.partner(&["name"], &["marketing"], &permissions).await;
    let partner = partner.with("processing-purpose", "marketing");
    let other = mark.org.partner(&["name"], &["marketing"], &permissions).await;
    let other = other.with("processing-purpose", "marketing");
    let id = mark.agrees(json!({})).await.shows(201).id();
    let heard = told(&partner, "type=consents.given").await;
    let heard_by_other = told(&other, "type=consents.given").await;
    for name in ["customer_id", "consent_id"] {
        assert_ne!(heard["data"][name], heard_by_other["data"][name], "two partners could join by {name}");
    }
    assert_ne!(heard["id"], heard_by_other["id"]);
    assert_ne!(heard["data"]["consent_id"], json!(id));
    let created = told(&partner, "type=customers.created").await;
    assert_eq!(created["data"]["fields"], json!(["name"]), "a key hears of its own fields");
    mark.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({})).await.shows(200);
    let withdrawn = told(&partner, "type=consents.withdrawn").await;
    assert_eq!(all(&partner, "type=customers.created").await, Vec::<Value>::new(), "nothing of who has not agreed");
    let case = partner.get("/v1/withdrawals?open=true").await.shows(200).text_at("/data/0/withdrawal_id");
    assert_eq!(withdrawn["data"]["withdrawal_id"], json!(case), "by the id that it acknowledges");
}

#[tokio::test]
async fn a_partner_bound_to_purposes_names_one_and_hears_of_no_other() {
    let org = Org::found().await;
    let (asha, dpo) = (org.sales_a().await, org.dpo().await);
    let partner = org.partner(&["name"], &["care"], &["events.read", "customers.read", "consents.read"]).await;
    let id = org.customer_of(&asha).await;
    let first = agreed(&asha, &dpo, &id).await;
    told(&asha, "type=consents.given").await;
    partner.get("/v1/events").await.refuses(403, "purpose_required");
    partner.get("/v1/events").header("processing-purpose", "marketing").await.refuses(403, "purpose_not_allowed");
    let partner = partner.with("processing-purpose", "care");
    assert_eq!(all(&partner, "type=consents.given").await, Vec::<Value>::new(), "{first} is about marketing");
    assert_eq!(all(&partner, "type=customers.created").await.len(), 1);
}
