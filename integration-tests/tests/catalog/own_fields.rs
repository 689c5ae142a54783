//! A field that an organisation made takes part in everything that the built-in ones take part in, and in no other organisation.

use serde_json::json;

use super::{FIELDS, field, made, of};
use crate::audit::Ledger;
use crate::imports::Form;
use crate::support::{Org, customer};

#[tokio::test]
async fn it_is_entered_read_searched_changed_and_remembered() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    let told = made(
        &admin,
        "passport_no",
        "text",
        json!({"classification": "sensitive", "category": "identity",
        "pi_category": "identity_doc", "searchable": ["exact", "last4"], "mask": "edges:1:2"}),
    )
    .await;
    assert_eq!((&told["version"], &told["built_in"], &told["mask"]), (&json!(1), &json!(false), &json!("edges:1:2")));
    let mut body = customer();
    body["fields"]["passport_no"] = json!("E12345678");
    let entered = sales.post("/v1/customers", &body).await.shows(201);
    assert_eq!(entered.at("/fields/passport_no"), "E******78");
    assert_eq!(entered.at("/field_access/passport_no"), json!({"view": "reveal", "edit": true}));
    let (id, path) = (entered.id(), format!("/v1/customers/{}", entered.id()));
    assert_eq!(sales.get(&path).await.shows(200).at("/fields/passport_no"), "E******78");
    for query in ["q[passport_no]=e12345678", "q[passport_no_last4]=5678"] {
        let found = sales.get(&format!("/v1/customers?{query}")).await.shows(200);
        assert_eq!(found.at("/data/0/id"), json!(id), "{query}");
        assert_eq!(found.at("/data/0/fields/passport_no"), "E******78");
    }
    let asked = json!({"fields": ["passport_no"], "reason": "Booking the flight"});
    let shown = sales.post(&format!("{path}/reveal"), &asked).await.shows(200);
    assert_eq!(shown.at("/fields"), json!({"passport_no": "E12345678"}));
    sales.patch(&path, &json!({"fields": {"passport_no": "E99995555"}})).await.shows(200);
    let found = sales.get("/v1/customers?q[passport_no_last4]=5678").await.shows(200);
    assert_eq!(found.at("/data"), json!([]), "what was replaced is found no more");
    let history = sales.get(&format!("{path}/history")).await.shows(200);
    let change = &history.json()["data"][0]["changes"][0];
    assert_eq!(
        (&change["field"], &change["before"], &change["after"]),
        (&json!("passport_no"), &json!("E******78"), &json!("E******55"))
    );
}

#[tokio::test]
async fn its_values_are_sealed_and_checked_by_its_type() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    made(&admin, "loyalty_tier", "enum", json!({"choices": ["gold", "jade"], "searchable": ["exact"]})).await;
    made(&admin, "second_phone", "phone", json!({"searchable": ["exact"]})).await;
    let mut body = customer();
    body["fields"]["loyalty_tier"] = json!("iron");
    body["fields"]["second_phone"] = json!("12");
    body["fields"]["shoe_size"] = json!(44);
    body["surprise"] = json!(1);
    let refused = sales.post("/v1/customers", &body).await.refuses(422, "invalid_body");
    let mut faults = refused.faults();
    faults.sort();
    let all = [
        ("/fields/loyalty_tier", "not_a_choice"),
        ("/fields/second_phone", "invalid_mobile"),
        ("/fields/shoe_size", "unknown_field"),
        ("/surprise", "unknown_field"),
    ];
    assert_eq!(faults, all.map(|(at, code)| (at.to_owned(), code.to_owned())));
    let mut body = customer();
    body["fields"]["loyalty_tier"] = json!("jade");
    body["fields"]["second_phone"] = json!("139 1234 5678");
    let id = sales.post("/v1/customers", &body).await.shows(201).id();
    assert_eq!(
        sales.get("/v1/customers?q[second_phone]=%2B8613912345678").await.shows(200).at("/data/0/id"),
        json!(id)
    );
    assert_eq!(
        sales.get("/v1/customers?q[loyalty_tier]=jade").await.shows(200).at("/data/0/fields/loyalty_tier"),
        "jade"
    );
    let stored: Vec<u8> = org
        .sql()
        .await
        .query_one("SELECT fields FROM customers WHERE id = $1", &[&id.parse::<uuid::Uuid>().unwrap()])
        .await
        .unwrap()
        .get(0);
    assert!(
        !stored.windows(11).any(|bytes| bytes == b"13912345678") && !stored.windows(4).any(|bytes| bytes == b"jade")
    );
}

#[tokio::test]
async fn the_access_decision_knows_it() {
    let org = Org::found().await;
    let (admin, sales, marketing) = (org.admin().await, org.sales_a().await, org.marketing().await);
    made(
        &admin,
        "health_note",
        "text",
        json!({"classification": "core", "category": "special", "pi_category": "medical"}),
    )
    .await;
    let mut body = customer();
    body["fields"]["health_note"] = json!("Peanuts");
    let entered = sales.post("/v1/customers", &body).await.shows(201);
    let path = format!("/v1/customers/{}", entered.id());
    assert!(sales.get(&path).await.shows(200).at("/fields").get("health_note").is_none(), "core is hidden from sales");
    assert!(marketing.get(&path).await.shows(200).at("/field_access").get("health_note").is_none());
    let asked = json!({"customer_id": entered.id(), "permission": "customers.read", "field": "health_note"});
    let explained = sales.post("/v1/access-decisions", &asked).await.shows(200);
    assert_eq!(explained.at("/fields/health_note/view"), "hidden");
    let role = json!({"code": "nurse", "labels": {"en": "Nurse", "zh": "护士"}, "permissions": ["customers.read"], "data_scope": "own",
        "field_rules": [{"on": "field:health_note", "view": "masked"}]});
    admin.post("/v1/roles", &role).await.shows(201);
    let unknown = json!({"code": "nurse2", "labels": {"en": "Nurse", "zh": "护士"}, "permissions": ["customers.read"], "data_scope": "own",
        "field_rules": [{"on": "field:shoe_size", "view": "masked"}]});
    assert_eq!(
        admin.post("/v1/roles", &unknown).await.refuses(422, "invalid_body").faults(),
        [("/field_rules/0/on".to_owned(), "unknown_rule_target".to_owned())]
    );
}

#[tokio::test]
async fn a_file_fills_it() {
    let org = Org::found().await;
    let (admin, manager) = (org.admin().await, org.manager().await);
    made(&admin, "loyalty_tier", "enum", json!({"choices": ["gold", "jade"], "searchable": ["exact"]})).await;
    let mapping = json!({"no": "customer_no", "name": "name", "tier": "loyalty_tier"});
    let file = "no,name,tier\nT-1,Zhang,gold\nT-2,Li,iron\n";
    let job = Form::csv(&mapping, file).run(&manager).await;
    assert_eq!(
        (&job["state"], &job["result"]["created"], &job["result"]["rejected"]),
        (&json!("succeeded"), &json!(1), &json!(1))
    );
    assert_eq!(job["errors"][0]["field"], "loyalty_tier");
    let found = manager.get("/v1/customers?q[loyalty_tier]=gold").await.shows(200);
    assert_eq!(found.at("/data/0/fields/customer_no"), "T-1");
    let unknown = json!({"no": "customer_no", "name": "name", "tier": "shoe_size"});
    Form::csv(&unknown, file).hand_in(&manager).await.refuses(422, "invalid_body");
}

#[tokio::test]
async fn no_other_organisation_has_it() {
    let (ours, theirs) = (Org::found().await, Org::found().await);
    made(&ours.admin().await, "loyalty_tier", "text", json!({})).await;
    let sales = theirs.sales_a().await;
    let mut body = customer();
    body["fields"]["loyalty_tier"] = json!("gold");
    let refused = sales.post("/v1/customers", &body).await.refuses(422, "unknown_field");
    assert_eq!(refused.faults(), [("/fields/loyalty_tier".to_owned(), "unknown_field".to_owned())]);
    sales.get(&of("loyalty_tier")).await.refuses(404, "not_found");
    assert_eq!(sales.get(FIELDS).await.shows(200).at("/data").as_array().unwrap().len(), 13);
}

#[tokio::test]
async fn making_one_is_on_record_and_a_faulty_one_is_told_every_fault() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let mut ledger = Ledger::of(&org).await;
    made(&admin, "loyalty_tier", "text", json!({})).await;
    let entry = ledger.only().await;
    assert_eq!(
        (&entry["action"], &entry["details"]["field"]),
        (&json!("catalog.create"), &json!("customer.loyalty_tier"))
    );
    let bad = field(
        "Tier!",
        "blob",
        json!({"classification": "secret", "searchable": ["exact", "sound"], "mask": "none", "purposes": ["nothing"]}),
    );
    let faults = admin.post(FIELDS, &bad).await.refuses(422, "invalid_body").faults();
    for place in ["/key", "/data_type", "/classification", "/searchable/1", "/mask", "/purposes/0"] {
        assert!(faults.iter().any(|(at, _)| at == place), "{place}: {faults:?}");
    }
    admin.post(FIELDS, &field("loyalty_tier", "text", json!({}))).await.refuses(409, "duplicate_value");
    admin.post(FIELDS, &field("mobile", "text", json!({}))).await.refuses(409, "duplicate_value");
    for taken in ["stage", "owner_id", "tier_last4"] {
        let faults = admin.post(FIELDS, &field(taken, "text", json!({}))).await.refuses(422, "invalid_body").faults();
        assert_eq!(faults, [("/key".to_owned(), "invalid_format".to_owned())]);
    }
    admin.post("/v1/record-types/nonsense/fields", &field("tier", "text", json!({}))).await.refuses(404, "not_found");
}
