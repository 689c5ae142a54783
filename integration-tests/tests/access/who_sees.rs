//! Who can see a customer, and why.

use serde_json::{Value, json};

use crate::support::{Org, customer};

fn of<'a>(seers: &'a Value, id: &str) -> Option<&'a Value> {
    seers.as_array().unwrap().iter().find(|one| one["id"] == id)
}

#[tokio::test]
async fn everybody_who_can_see_a_customer_is_named_with_what_they_really_see() {
    let org = Org::found().await;
    let id = org.customer_of(&org.sales_a().await).await;
    let partner = org.partner(&["name", "mobile"], &["care"], &["customers.read"]).await;
    let seers = org.dpo().await.get(&format!("/v1/customers/{id}/access?limit=200")).await.shows(200).at("/data");
    let people = [
        "admin",
        "dpo",
        "manager",
        "sales_a",
        "sales_b",
        "sales_c",
        "finance",
        "support",
        "marketing",
        "auditor",
        "nobody",
    ];
    for key in people {
        let person = org.person(key).await;
        let read = person.get(&format!("/v1/customers/{id}")).await;
        let told = of(&seers, &person.id.to_string());
        assert_eq!(told.is_some(), read.status == 200, "{key}: {read}");
        let Some(told) = told else { continue };
        let fields = told["fields"].as_object().unwrap();
        let shown = read.at("/field_access");
        for (field, access) in shown.as_object().unwrap() {
            assert_eq!(
                (&fields[field]["view"], &fields[field]["edit"]),
                (&access["view"], &access["edit"]),
                "{key} {field}"
            );
            assert!(!fields[field]["why"].as_array().unwrap().is_empty());
        }
        assert!(fields.iter().all(|(field, one)| shown.get(field).is_some() || one["view"] == "hidden"), "{key}");
    }
    let own = of(&seers, &org.user_id("sales_a").to_string()).unwrap();
    let why = json!([{"reason": "role_rule", "detail": "A rule of this role decides.", "role": "sales", "rule": "field:name", "grant_id": null}]);
    assert_eq!(
        (&own["kind"], &own["roles"], &own["fields"]["name"]["why"]),
        (&json!("staff"), &json!(["sales"]), &why)
    );
    let key = of(&seers, &partner.key_id).unwrap();
    assert_eq!((&key["kind"], &key["fields"]["mobile"]["view"]), (&json!("partner"), &json!("read")));
    assert_eq!(key["fields"].as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn a_field_narrows_the_answer_and_pages_hold_together() {
    let org = Org::found().await;
    let (dpo, id) = (org.dpo().await, org.customer_of(&org.sales_a().await).await);
    let path = format!("/v1/customers/{id}/access");
    let cards = dpo.get(&format!("{path}?field=bank_card")).await.shows(200).at("/data");
    let mut ids: Vec<String> =
        cards.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    let mut expected = ["admin", "dpo", "manager", "finance"].map(|key| org.user_id(key).to_string()).to_vec();
    ids.sort();
    expected.sort();
    assert_eq!(ids, expected);
    assert!(cards.as_array().unwrap().iter().all(|one| one["fields"].as_object().unwrap().len() == 1));
    let first = dpo.get(&format!("{path}?limit=2")).await.shows(200);
    let next = first.text_at("/next_cursor");
    let second = dpo.get(&format!("{path}?limit=2&cursor={next}")).await.shows(200);
    assert_ne!(first.at("/data/0/id"), second.at("/data/0/id"));
    dpo.get(&format!("{path}?field=shoe_size")).await.refuses(400, "invalid_query");
    let suspended = "UPDATE users SET state = 'suspended' WHERE id = $1";
    org.sql().await.execute(suspended, &[&org.user_id("finance")]).await.unwrap();
    let left = dpo.get(&format!("{path}?field=bank_card")).await.shows(200).at("/data");
    assert_eq!(left.as_array().unwrap().len(), 3, "a suspended colleague sees nothing");
}

#[tokio::test]
async fn only_those_who_watch_over_access_are_told() {
    let (org, other) = (Org::found().await, Org::found().await);
    let id = org.customer_of(&org.sales_a().await).await;
    let path = format!("/v1/customers/{id}/access");
    for who in ["manager", "sales_a", "finance", "nobody"] {
        let refused = org.person(who).await.get(&path).await.refuses(403, "forbidden");
        assert!(refused.text().contains("access.explain"));
    }
    org.auditor().await.get(&path).await.shows(200);
    other.dpo().await.get(&path).await.refuses(404, "not_found");
    let log = org.auditor().await.get("/v1/audit/entries?action=access.explain").await.shows(200);
    assert_eq!(log.at("/data/0/customer"), id);
    org.admin().await.post("/v1/customers", &customer()).await.shows(201);
}
