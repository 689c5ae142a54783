//! The funnel: counted within the caller's scope, by stage, owner, department and month, with sums for who may read them.

use serde_json::{Value, json};

use super::{enter, someone};
use crate::support::{Org, Person};

pub async fn opportunity(person: &Person, customer: &str, stage: &str, amount: &str) {
    let fields = json!({"stage": stage, "amount": {"amount": amount, "currency": "CNY"}});
    enter(person, customer, "opportunity", fields).await.shows(201);
}

fn stage<'a>(funnel: &'a Value, group: usize, name: &str) -> &'a Value {
    funnel["groups"][group]["stages"].as_array().unwrap().iter().find(|one| one["stage"] == name).unwrap()
}

#[tokio::test]
async fn each_sees_the_funnel_of_their_own_scope() {
    let org = Org::found().await;
    let (sales, other, manager) = (org.sales_a().await, org.sales_b().await, org.manager().await);
    let (ours, theirs) = (someone(&sales).await, someone(&other).await);
    for (what, amount) in [("lead", "10.00"), ("proposal", "20.50"), ("won", "30.00"), ("lost", "5.00")] {
        opportunity(&sales, &ours, what, amount).await;
    }
    opportunity(&other, &theirs, "won", "100.00").await;
    let mine = sales.get("/v1/reports/funnel").await.shows(200).json();
    assert_eq!(mine["groups"].as_array().unwrap().len(), 1);
    let of = |name: &str| (stage(&mine, 0, name)["count"].clone(), stage(&mine, 0, name)["reached"].clone());
    assert_eq!(
        (of("lead"), of("qualified"), of("won"), of("lost")),
        ((json!(1), json!(3)), (json!(0), json!(2)), (json!(1), json!(1)), (json!(1), json!(1)))
    );
    assert_eq!(stage(&mine, 0, "won")["amounts"], json!([{"amount": "30.0000", "currency": "CNY"}]));
    assert_eq!(stage(&mine, 0, "negotiation")["conversion_percent"], json!(50.0));
    let all = manager.get("/v1/reports/funnel").await.shows(200).json();
    assert_eq!(stage(&all, 0, "won")["count"], 2);
    let by_owner = manager.get("/v1/reports/funnel?by=owner").await.shows(200).json();
    let owners: Vec<&str> =
        by_owner["groups"].as_array().unwrap().iter().filter_map(|one| one["group"].as_str()).collect();
    assert!(owners.len() == 2 && owners.contains(&sales.id.to_string().as_str()), "{owners:?}");
    assert_eq!(
        manager.get("/v1/reports/funnel?by=department").await.shows(200).json()["groups"].as_array().unwrap().len(),
        2
    );
    assert_eq!(
        manager.get("/v1/reports/funnel?by=period").await.shows(200).json()["groups"].as_array().unwrap().len(),
        1
    );
    let none = manager.get("/v1/reports/funnel?until=2000-01-01T00:00:00Z").await.shows(200);
    assert_eq!(none.at("/groups"), json!([]));
    sales.get("/v1/reports/funnel?by=mood").await.refuses(400, "invalid_query");
    org.marketing().await.get("/v1/reports/funnel").await.refuses(403, "forbidden");
}

#[tokio::test]
async fn people_who_had_processing_restricted_are_not_counted() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let (open, closed) = (someone(&sales).await, someone(&sales).await);
    opportunity(&sales, &open, "won", "30.00").await;
    opportunity(&sales, &closed, "won", "70.00").await;
    let id: uuid::Uuid = closed.parse().unwrap();
    org.sql().await.execute("UPDATE customers SET restricted = true WHERE id = $1", &[&id]).await.unwrap();
    let told = sales.get("/v1/reports/funnel").await.shows(200).json();
    assert_eq!(stage(&told, 0, "won")["amounts"], json!([{"amount": "30.0000", "currency": "CNY"}]));
}

#[tokio::test]
async fn who_may_not_read_amounts_is_told_no_sums() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    let customer = someone(&sales).await;
    opportunity(&sales, &customer, "won", "30.00").await;
    admin.patch("/v1/record-types/opportunity/fields/amount", &json!({"classification": "sensitive"})).await.shows(200);
    let told = sales.get("/v1/reports/funnel").await.shows(200).json();
    assert_eq!((&stage(&told, 0, "won")["count"], &stage(&told, 0, "won")["amounts"]), (&json!(1), &json!([])));
}
