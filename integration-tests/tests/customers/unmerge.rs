//! A merge undone: back as it was, but for what was changed since.

use serde_json::{Value, json};

use super::merge::{merge, twins};
use super::{ids, path};
use crate::support::{Answer, Org, Person};

async fn unmerge(person: &Person, stayed: &str, merge: &str) -> Answer {
    let body = json!({"merge_id": merge, "reason": "Two brothers with one telephone"});
    person.post(&format!("{}/unmerge", path(stayed)), &body).await
}

#[tokio::test]
async fn both_are_as_they_were_with_their_records_and_values() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let (one, other) = twins(&asha).await;
    let (before, twin) = (asha.get(&path(&one)).await.shows(200), asha.get(&path(&other)).await.shows(200));
    let call = crate::records::call_on("2026-03-11");
    let record = crate::records::enter(&asha, &other, "interaction", call.clone()).await.shows(201).id();
    let merged = merge(&asha, &one, &other).await.shows(200);
    let later = crate::records::enter(&asha, &one, "interaction", call).await.shows(201).id();
    let undone = unmerge(&asha, &one, &merged.id()).await.shows(200);
    assert!(undone.at("/undone_at").is_string());
    assert_eq!(asha.get(&path(&one)).await.shows(200).at("/fields"), before.at("/fields"));
    assert_eq!(asha.get(&path(&other)).await.shows(200).at("/fields"), twin.at("/fields"));
    for (record, customer) in [(record, &other), (later, &one)] {
        let read = asha.get(&format!("/v1/records/interaction/{record}")).await.shows(200);
        assert_eq!(read.at("/customer_id"), json!(customer));
    }
    assert_eq!(ids(&asha.get("/v1/customers?q[customer_no]=T-000002").await.shows(200).json()), [other.as_str()]);
    assert_eq!(ids(&asha.get("/v1/customers?q[mobile]=13812340001").await.shows(200).json()).len(), 2);
    unmerge(&asha, &one, &merged.id()).await.refuses(409, "merge_undone");
    let listed = asha.get(&format!("{}/merges", path(&one))).await.shows(200);
    assert_eq!(listed.at("/data/0/id"), json!(merged.id()));
    asha.patch(&path(&other), &json!({"stage": "customer"})).await.shows(200);
    asha.get(&format!("{}/history", path(&other))).await.shows(200);
}

#[tokio::test]
async fn what_was_changed_since_stays_and_a_taken_number_is_no_reason_to_lose_it() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let (one, other) = twins(&asha).await;
    let merged = merge(&asha, &one, &other).await.shows(200).id();
    asha.patch(&path(&one), &json!({"fields": {"email": "new@example.org"}})).await.shows(200);
    unmerge(&asha, &one, &merged).await.shows(200);
    let found = |email: &str| format!("/v1/customers?q[email]={email}");
    assert_eq!(ids(&asha.get(&found("new@example.org")).await.shows(200).json()), [one.as_str()]);
    assert_eq!(ids(&asha.get(&found("zhang@example.org")).await.shows(200).json()), [other.as_str()]);
    assert!(asha.get(&path(&one)).await.shows(200).at("/fields/customer_no").is_null(), "the number went back");
}

#[tokio::test]
async fn a_merge_is_final_after_its_time_and_undone_by_nobody_who_could_not_merge() {
    let org = Org::found().await;
    let (asha, ben) = (org.sales_a().await, org.sales_b().await);
    let (one, other) = twins(&asha).await;
    let merged = merge(&asha, &one, &other).await.shows(200).id();
    unmerge(&ben, &one, &merged).await.refuses(404, "not_found");
    unmerge(&asha, &one, &super::NOBODY.to_string()).await.refuses(404, "not_found");
    let third = org.customer_of(&asha).await;
    unmerge(&asha, &third, &merged).await.refuses(404, "not_found");
    org.sql().await.execute("UPDATE customer_merges SET undo_until = clock_timestamp()", &[]).await.unwrap();
    unmerge(&asha, &one, &merged).await.refuses(409, "merge_final");
    assert_eq!(asha.get(&path(&other)).await.shows(301).sent("location"), path(&one));
    merge(&asha, &third, &one).await.shows(200);
    assert_eq!(asha.get(&path(&other)).await.shows(301).sent("location"), path(&third), "all the way");
}

#[tokio::test]
async fn likely_twins_are_found_within_reach_by_what_the_caller_may_see() {
    let org = Org::found().await;
    let (manager, asha, ben) = (org.manager().await, org.sales_a().await, org.sales_b().await);
    let (one, other) = twins(&asha).await;
    let theirs = json!({"fields": {"name": "李四", "mobile": "13812340001"}});
    let theirs = ben.post("/v1/customers", &theirs).await.shows(201).id();
    asha.post("/v1/customers", &json!({"fields": {"name": "张三", "mobile": "13999990000"}})).await.shows(201);
    let found = async |person: &Person| -> Vec<(Value, Value, Value)> {
        let answer = person.get(&format!("{}/duplicates", path(&one))).await.shows(200).json();
        let of = |line: &Value| (line["customer"]["id"].clone(), line["in_common"].clone(), line["likeness"].clone());
        answer["data"].as_array().unwrap().iter().map(of).collect()
    };
    let twin = (json!(other), json!(["mobile"]), json!("strong"));
    assert_eq!(
        found(&asha).await.as_slice(),
        std::slice::from_ref(&twin),
        "a colleague's customer is none for her, and a name alone is no hint"
    );
    let mut all = found(&manager).await;
    all.retain(|line| line != &twin);
    assert_eq!(all, [(json!(theirs), json!(["mobile"]), json!("strong"))]);
    ben.get(&format!("{}/duplicates", path(&one))).await.refuses(404, "not_found");
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    let page = partner.get("/v1/customers?limit=200").await.shows(200).json();
    for id in ids(&page) {
        let hints = partner.get(&format!("{}/duplicates", path(&id))).await.shows(200);
        assert_eq!(hints.at("/data"), json!([]), "a number that a key may not see is no hint: {hints}");
    }
}
