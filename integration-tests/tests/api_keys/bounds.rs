//! What a key is bound to: purposes, addresses, fields, permissions.

use serde_json::json;

use crate::support::{Org, customer, shared};

#[tokio::test]
async fn a_key_bound_to_purposes_must_name_one_of_them() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    org.customer_of(&asha).await;
    let partner =
        org.partner(&["name", "mobile"], &["sms_delivery", "billing"], &["customers.read", "customers.create"]).await;
    partner.get("/v1/customers").await.refuses(403, "purpose_required");
    partner.get("/v1/customers").header("processing-purpose", "marketing").await.refuses(403, "purpose_not_allowed");
    for purpose in ["sms_delivery", "billing"] {
        let list = partner.get("/v1/customers").header("processing-purpose", purpose).await.shows(200);
        let path = format!("/v1/customers/{}", list.text_at("/data/0/id"));
        partner.get(&path).header("processing-purpose", purpose).await.shows(200);
        partner.get(&path).await.refuses(403, "purpose_required");
        partner.get(&path).header("processing-purpose", "marketing").await.refuses(403, "purpose_not_allowed");
    }
    partner.post("/v1/customers", &customer()).await.refuses(403, "purpose_required");
    let empty = Org::found().await.partner(&["name"], &["sms_delivery"], &["customers.read"]).await;
    empty.get("/v1/customers").await.refuses(403, "purpose_required");
}

#[tokio::test]
async fn a_key_works_from_its_addresses_alone() {
    let org = Org::found().await;
    let elsewhere = org.partner_with(json!({"ip_ranges": ["192.0.2.0/24", "2001:db8::/32"]})).await;
    elsewhere.get("/v1/customers").await.refuses(403, "ip_not_allowed");
    let spoofed =
        elsewhere.get("/v1/customers").header("x-forwarded-for", "192.0.2.7").header("x-real-ip", "192.0.2.7");
    spoofed.await.refuses(403, "ip_not_allowed");
    let here = org.partner_with(json!({"ip_ranges": ["192.0.2.0/24", "127.0.0.0/8"]})).await;
    here.get("/v1/customers").await.shows(200);
}

#[tokio::test]
async fn a_key_sees_the_fields_it_names_and_nothing_else() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let mut body = customer();
    body["fields"]["email"] = json!("zhang@example.com");
    body["fields"]["id_number"] = json!("11010519491231002X");
    body["fields"]["notes"] = json!("prefers mornings");
    let id = asha.post("/v1/customers", &body).await.shows(201).id();
    let partner = org.partner(&["customer_no", "mobile"], &[], &["customers.read"]).await;
    let list = partner.get("/v1/customers").await.shows(200);
    let read = partner.get(&format!("/v1/customers/{}", list.text_at("/data/0/id"))).await.shows(200);
    let keys = |value: serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for seen in [list.at("/data/0"), read.json()] {
        assert_eq!(keys(seen["fields"].clone()), ["customer_no", "mobile"], "{seen}");
        assert_eq!(keys(seen["field_access"].clone()), ["customer_no", "mobile"], "{seen}");
        assert!(seen["owner_id"].is_null() && seen["department_id"].is_null() && seen["source"].is_null(), "{seen}");
    }
    for answer in [&list, &read] {
        for hidden in ["Zhang", "example.com", "1949", "mornings", id.as_str(), &asha.id.to_string()] {
            assert!(!answer.text().contains(hidden), "{hidden}: {answer}");
        }
    }
    for (search, code) in [("email", "field_hidden"), ("name", "field_hidden"), ("id_number", "field_hidden")] {
        partner.get(&format!("/v1/customers?q%5B{search}%5D=x")).await.refuses(403, code);
    }
}

#[tokio::test]
async fn a_key_does_what_its_permissions_say() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    org.customer_of(&asha).await;
    let reader = org.partner(&["customer_no", "name", "mobile"], &[], &["customers.read"]).await;
    let writer = org
        .partner(&["customer_no", "name", "mobile"], &[], &["customers.read", "customers.create", "customers.write"])
        .await;
    let id = reader.get("/v1/customers").await.shows(200).text_at("/data/0/id");
    let refused = reader.post("/v1/customers", &customer()).await.refuses(403, "forbidden");
    assert!(refused.text_at("/detail").contains("customers.create"), "{refused}");
    let refused =
        reader.patch(&format!("/v1/customers/{id}"), &json!({"stage": "lost"})).await.refuses(403, "forbidden");
    assert!(refused.text_at("/detail").contains("customers.write"), "{refused}");
    let made = writer.post("/v1/customers", &customer()).await.shows(201);
    let path = format!("/v1/customers/{}", made.id());
    writer.patch(&path, &json!({"fields": {"mobile": "13900001111"}})).await.shows(200);
    writer.patch(&path, &json!({"fields": {"notes": "x"}})).await.refuses(403, "field_not_editable");
    writer
        .patch(&path, &json!({"fields": {"id_number": "11010519491231002X"}}))
        .await
        .refuses(403, "field_not_editable");
    for (method, path) in [
        ("GET", "/v1/users"),
        ("GET", "/v1/audit/entries"),
        ("GET", "/v1/api-keys"),
        ("GET", "/v1/jobs"),
        ("GET", "/v1/roles"),
    ] {
        writer.request(method, path).await.refuses(403, "forbidden");
    }
}

#[tokio::test]
async fn a_partner_cannot_reveal_delete_or_look_back() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    org.customer_of(&asha).await;
    let partner = org.partner(&["mobile"], &[], &["customers.read", "customers.write"]).await;
    let path = format!("/v1/customers/{}", partner.get("/v1/customers").await.shows(200).text_at("/data/0/id"));
    for (request, permission) in [
        (
            partner.post(&format!("{path}/reveal"), &json!({"fields": ["mobile"], "reason": "because"})),
            "customers.reveal",
        ),
        (partner.delete(&path), "customers.delete"),
        (partner.get(&format!("{path}/history")), "customers.history"),
        (partner.get(&format!("{path}/access-log")), "customers.access_log"),
    ] {
        let refused = request.await.refuses(403, "forbidden");
        assert!(refused.text_at("/detail").contains(permission), "{refused}");
    }
}

#[tokio::test]
async fn a_key_of_one_organisation_finds_nothing_of_another() {
    let (org, other) = (Org::found().await, Org::found().await);
    let asha = org.sales_a().await;
    let id = org.customer_of(&asha).await;
    let (ours, theirs) = (
        org.partner(&["customer_no"], &[], &["customers.read"]).await,
        other.partner(&["customer_no"], &[], &["customers.read"]).await,
    );
    let known = ours.get("/v1/customers").await.shows(200).text_at("/data/0/id");
    assert_eq!(theirs.get("/v1/customers").await.shows(200).at("/data"), json!([]));
    for id in [known.as_str(), &id] {
        theirs.get(&format!("/v1/customers/{id}")).await.refuses(404, "not_found");
    }
    other.admin().await.get(&format!("/v1/api-keys/{}", ours.key_id)).await.refuses(404, "not_found");
    other.admin().await.act(&format!("/v1/api-keys/{}/revoke", ours.key_id)).await.refuses(404, "not_found");
    ours.get("/v1/customers").await.shows(200);
    assert!(shared().stranger().get("/v1/customers").await.status == 401);
}
