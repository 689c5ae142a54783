//! From the mask to the value, by asking.

use serde_json::json;

use super::{PATH, approve, ask, entries, given, guarded_customer};
use crate::support::Org;
use crate::support::mailbox::letter;

#[tokio::test]
async fn who_asks_and_is_given_reads_what_was_asked_for_and_nothing_else() {
    let org = Org::found().await;
    let (asha, manager) = (org.sales_a().await, org.manager().await);
    let customer = guarded_customer(&asha).await;
    let path = format!("/v1/customers/{customer}");
    let before = asha.get(&path).await.shows(200);
    assert_eq!(before.at("/field_access/address/view"), "reveal");
    let asked = ask(&asha, &[&customer], &["address"]).await.shows(201);
    assert_eq!((asked.at("/state"), asked.at("/approver_ids")), (json!("pending"), json!([manager.id])));
    assert_eq!((asked.at("/duration_minutes"), asked.at("/customer_ids")), (json!(1440), json!([customer])));
    assert_eq!(asha.get(&path).await.shows(200).at("/field_access/address/view"), "reveal", "asking opens nothing");
    let approved = approve(&manager, &asked.id()).await.shows(200);
    assert_eq!((approved.at("/state"), approved.at("/grant/in_force")), (json!("approved"), json!(true)));
    let now = asha.get(&path).header("if-none-match", &before.sent("etag")).await.shows(200);
    assert_eq!(now.at("/fields/address"), "12 Harbour Street");
    assert_eq!(now.at("/field_access/address/view"), "read");
    assert_eq!(now.at("/field_access/mobile"), before.at("/field_access/mobile"), "no other field");
    let other = guarded_customer(&asha).await;
    assert_eq!(asha.get(&format!("/v1/customers/{other}")).await.shows(200).at("/field_access/address/view"), "reveal");
    let read = &entries(&org, "customers.read").await;
    let under: Vec<_> = read.iter().filter(|entry| !entry["details"]["grants"].is_null()).collect();
    assert_eq!(under.len(), 1, "{under:?}");
    assert_eq!(under[0]["details"]["grants"], json!([approved.text_at("/grant/id")]));
}

#[tokio::test]
async fn a_right_makes_a_customer_known_that_lies_out_of_reach() {
    let org = Org::found().await;
    let (asha, customer, approved) = given(&org).await;
    let seen = asha.get(&format!("/v1/customers/{customer}")).await.shows(200);
    assert_eq!(seen.at("/fields"), json!({"address": "12 Harbour Street"}), "nothing but what was given");
    let list = asha.get("/v1/customers").await.shows(200);
    assert_eq!(list.at("/data/0/id"), customer.as_str());
    assert_eq!(list.at("/data/0/fields/address"), "12 Harbour Street");
    let revealed = json!({"fields": ["address"], "reason": "to send the contract"});
    asha.post(&format!("/v1/customers/{customer}/reveal"), &revealed).await.shows(200);
    let other = json!({"fields": ["mobile"], "reason": "to send the contract"});
    asha.post(&format!("/v1/customers/{customer}/reveal"), &other).await.refuses(403, "field_hidden");
    asha.patch(&format!("/v1/customers/{customer}"), &json!({"fields": {"address": "1 Elsewhere"}}))
        .await
        .refuses(404, "not_found");
    asha.delete(&format!("/v1/customers/{customer}")).await.shows(403);
    let grant = json!([approved.text_at("/grant/id")]);
    for action in ["customers.read", "customers.list", "customers.reveal"] {
        assert_eq!(entries(&org, action).await[0]["details"]["grants"], grant, "{action}");
    }
    let history = asha.get(&format!("/v1/customers/{customer}/history")).await.shows(200);
    assert!(history.text().contains("12 Harbour Street") && !history.text().contains("mobile"), "{history}");
    let why = json!({"customer_id": customer, "permission": "customers.read", "field": "address"});
    let why = asha.post("/v1/access-decisions", &why).await.shows(200);
    assert!(why.text().contains(&approved.text_at("/grant/id")), "{why}");
    let seers =
        org.dpo().await.get(&format!("/v1/customers/{customer}/access?field=address&limit=200")).await.shows(200);
    assert!(seers.text().contains(&asha.id.to_string()), "{seers}");
}

#[tokio::test]
async fn who_asks_is_not_told_whether_somebody_exists() {
    let org = Org::found().await;
    let (asha, ben) = (org.sales_a().await, org.sales_b().await);
    let hidden = guarded_customer(&ben).await;
    let (there, nowhere) = (
        ask(&asha, &[&hidden], &["mobile"]).await,
        ask(&asha, &[&crate::customers::NOBODY.to_string()], &["mobile"]).await,
    );
    assert_eq!(there.status, 201);
    let shape = |answer: &crate::support::Answer| {
        let mut body = answer.json();
        for own in ["id", "created_at", "lapses_at", "customer_ids"] {
            body.as_object_mut().unwrap().remove(own);
        }
        body
    };
    assert_eq!(shape(&there), shape(&nowhere));
    let manager = org.manager().await;
    approve(&manager, &nowhere.id()).await.shows(200);
    asha.get(&format!("/v1/customers/{}", crate::customers::NOBODY)).await.refuses(404, "not_found");
}

#[tokio::test]
async fn a_filter_is_fixed_to_those_it_matches_now() {
    let org = Org::found().await;
    let (asha, manager) = (org.sales_a().await, org.manager().await);
    let (first, second) = (guarded_customer(&asha).await, guarded_customer(&asha).await);
    guarded_customer(&org.sales_b().await).await;
    let body =
        json!({"kind": "fields", "filter": {"stage": "lead"}, "fields": ["address"], "reason": "the spring letters"});
    let asked = asha.post(PATH, &body).await.shows(201);
    assert_eq!(asked.at("/customer_ids"), json!([first, second]), "those in her own reach alone");
    approve(&manager, &asked.id()).await.shows(200);
    let later = guarded_customer(&asha).await;
    assert_eq!(asha.get(&format!("/v1/customers/{second}")).await.shows(200).at("/field_access/address/view"), "read");
    assert_eq!(asha.get(&format!("/v1/customers/{later}")).await.shows(200).at("/field_access/address/view"), "reveal");
    let none =
        json!({"kind": "fields", "filter": {"stage": "lost"}, "fields": ["address"], "reason": "the spring letters"});
    let refused = asha.post(PATH, &none).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/filter".to_owned(), "matches_nobody".to_owned())]);
}

#[tokio::test]
async fn a_faulty_request_is_told_every_fault() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let customer = guarded_customer(&asha).await;
    let twice = ask(&asha, &[&customer], &["address", "address", "shoe_size"]).await.refuses(422, "invalid_body");
    let faults =
        [("/fields/1".to_owned(), "repeated".to_owned()), ("/fields/2".to_owned(), "unknown_field".to_owned())];
    assert_eq!(twice.faults(), faults);
    let mut body = json!({"kind": "fields", "fields": ["address"], "reason": "needed for a contract"});
    let neither = asha.post(PATH, &body).await.refuses(422, "invalid_body");
    assert_eq!(neither.faults(), [(String::new(), "one_of".to_owned())]);
    body["customer_ids"] = json!([customer]);
    body["duration_minutes"] = json!(1441);
    let long = asha.post(PATH, &body).await.refuses(422, "invalid_body");
    assert_eq!(long.faults(), [("/duration_minutes".to_owned(), "out_of_range".to_owned())]);
    body["duration_minutes"] = json!(60);
    body["reason"] = json!("   ");
    asha.post(PATH, &body).await.refuses(422, "invalid_body");
    org.nobody().await.post(PATH, &body).await.refuses(403, "forbidden");
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    partner.post(PATH, &body).await.shows(403);
}

#[tokio::test]
async fn approvers_and_requester_are_told_by_letters_without_links() {
    let org = Org::found().await;
    let (asha, manager) = (org.sales_a().await, org.manager().await);
    let customer = guarded_customer(&asha).await;
    let request = ask(&asha, &[&customer], &["address"]).await.shows(201).id();
    let asked = letter(org.service(), &org.email("manager"), 1).await;
    assert!(asked.contains(&request) && asked.contains("sales_a") && asked.contains("address"), "{asked}");
    assert!(!asked.contains("http") && !asked.contains("contract") && !asked.contains("Harbour"), "{asked}");
    approve(&manager, &request).await.shows(200);
    let told = letter(org.service(), &org.email("sales_a"), 1).await;
    assert!(told.contains(&request) && told.contains("approved"), "{told}");
}
