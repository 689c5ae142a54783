//! The archive: out of lists and searches, and not out of the world.

use serde_json::{Value, json};

use super::{ids, path, whole};
use crate::audit::Ledger;
use crate::support::{Org, Person};

fn why() -> Value {
    json!({"reason": "Moved abroad"})
}

async fn listed(person: &Person, query: &str) -> Vec<String> {
    ids(&person.get(&format!("/v1/customers?{query}")).await.shows(200).json())
}

#[tokio::test]
async fn who_lies_in_the_archive_leaves_lists_and_searches_and_is_read_as_ever() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let id = asha.post("/v1/customers", &whole(1)).await.shows(201).id();
    let other = asha.post("/v1/customers", &whole(2)).await.shows(201).id();
    let mut ledger = Ledger::of(&org).await;
    let archived = asha.post(&format!("{}/archive", path(&id)), &why()).await.shows(200);
    assert!(archived.at("/archived_at").is_string() && archived.at("/version") == 2, "{archived}");
    let entry = ledger.only().await;
    assert_eq!((&entry["action"], &entry["customer"]), (&json!("customers.archive"), &json!(id)));
    assert!(!entry.to_string().contains("Moved"), "the reason is sealed");
    assert_eq!(listed(&asha, "").await, [other.as_str()]);
    assert_eq!(asha.get("/v1/customers?count=true").await.shows(200).at("/count"), 1);
    assert_eq!(listed(&asha, "q[customer_no]=D000001").await, Vec::<String>::new());
    assert_eq!(listed(&asha, "archived=true").await, [id.as_str()]);
    assert_eq!(listed(&asha, "archived=true&q[customer_no]=D000001").await, [id.as_str()]);
    assert_eq!(listed(&asha, "archived=any").await, [other, id.clone()]);
    assert_eq!(asha.get(&path(&id)).await.shows(200).at("/archived_at"), archived.at("/archived_at"));
    asha.patch(&path(&id), &json!({"stage": "lost"})).await.shows(200);
    asha.post("/v1/customers", &whole(1)).await.refuses(409, "duplicate_value");
    let history = asha.get(&format!("{}/history", path(&id))).await.shows(200);
    assert_eq!(history.at("/data/1/changes/0/attribute"), "archived_at");
    let back = asha.post(&format!("{}/restore", path(&id)), &json!({"reason": "Asked for an offer"})).await.shows(200);
    assert!(back.at("/archived_at").is_null());
    assert_eq!(listed(&asha, "").await.len(), 2);
    asha.get("/v1/customers?archived=maybe").await.refuses(400, "invalid_query");
}

#[tokio::test]
async fn what_is_due_on_somebody_in_the_archive_is_not_followed_up() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let id = asha.post("/v1/customers", &whole(1)).await.shows(201).id();
    let mut call = crate::records::call_on("2026-03-11");
    call["next_follow_up_at"] = json!("2026-03-20T09:00:00Z");
    crate::records::enter(&asha, &id, "interaction", call).await.shows(201);
    let due = "/v1/follow-ups?due_before=2027-01-01T00:00:00Z";
    assert_eq!(asha.get(due).await.shows(200).at("/data").as_array().unwrap().len(), 1);
    asha.post(&format!("{}/archive", path(&id)), &why()).await.shows(200);
    assert_eq!(asha.get(due).await.shows(200).at("/data"), json!([]));
}

#[tokio::test]
async fn the_archive_is_entered_and_left_once_and_by_those_who_may() {
    let org = Org::found().await;
    let (asha, ben, finance) = (org.sales_a().await, org.sales_b().await, org.finance().await);
    let id = asha.post("/v1/customers", &whole(1)).await.shows(201).id();
    let (into, out) = (format!("{}/archive", path(&id)), format!("{}/restore", path(&id)));
    asha.post(&out, &why()).await.refuses(409, "customer_not_archived");
    ben.post(&into, &why()).await.refuses(404, "not_found");
    let refused = finance.post(&into, &why()).await.refuses(403, "forbidden");
    assert!(refused.text().contains("customers.archive"));
    asha.post(&into, &json!({"reason": "   "})).await.refuses(422, "invalid_body");
    asha.post(&into, &json!({})).await.refuses(422, "invalid_body");
    let key = |person: &Person, path: &str| person.post(path, &why()).header("idempotency-key", "once");
    let first = key(&asha, &into).await.shows(200);
    let again = key(&asha, &into).await.shows(200);
    assert_eq!((again.json(), again.sent("idempotent-replayed")), (first.json(), "true".to_owned()));
    asha.post(&into, &why()).await.refuses(409, "customer_archived");
    let (one, two) = tokio::join!(asha.post(&out, &why()), asha.post(&out, &why()));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "only one of two takes it out");
}
