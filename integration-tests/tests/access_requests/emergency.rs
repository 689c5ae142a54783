//! Emergencies: at once, with an alarm, and reviewed by somebody else in time.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{PATH, ask, entries, guarded_customer};
use crate::support::mailbox::letter;
use crate::support::{Answer, Org, Person};

async fn emergency(person: &Person, customer: &str, fields: &[&str]) -> Answer {
    let body =
        json!({"kind": "emergency", "customer_ids": [customer], "fields": fields, "reason": "ambulance on its way"});
    person.post(PATH, &body).await
}

fn review(outcome: &str) -> Value {
    json!({"outcome": outcome})
}

#[tokio::test]
async fn it_opens_at_once_raises_the_alarm_and_is_reviewed_by_another() {
    let org = Org::found().await;
    let (support, dpo) = (org.support().await, org.dpo().await);
    let customer = guarded_customer(&org.sales_a().await).await;
    let path = format!("/v1/customers/{customer}");
    assert_eq!(support.get(&path).await.shows(200).at("/fields/id_number"), json!(null));
    let made = emergency(&support, &customer, &["id_number", "address"]).await.shows(201);
    assert_eq!((made.at("/state"), made.at("/review")), (json!("approved"), json!("open")));
    assert_eq!((made.at("/duration_minutes"), made.at("/approver_ids")), (json!(60), json!([dpo.id])));
    assert_eq!(support.get(&path).await.shows(200).at("/fields/id_number"), "11010519491231002X");
    let alarm = letter(org.service(), &org.email("dpo"), 1).await;
    assert!(
        alarm.contains(&made.id()) && alarm.contains(&support.id.to_string()) && !alarm.contains("ambulance"),
        "{alarm}"
    );
    assert_eq!(entries(&org, "access_requests.emergency").await.len(), 1);
    let waiting = dpo.get(&format!("{PATH}?waiting=true")).await.shows(200);
    assert_eq!(waiting.at("/data/0/id"), made.id());
    let at = format!("{PATH}/{}/review", made.id());
    support.post(&at, &review("justified")).await.refuses(403, "forbidden");
    org.manager().await.post(&at, &review("justified")).await.refuses(404, "not_found");
    dpo.post(&format!("{PATH}/{}/approve", made.id()), &json!({})).await.refuses(409, "already_decided");
    let closed = dpo.post(&at, &review("justified")).await.shows(200);
    assert_eq!((closed.at("/review"), closed.at("/grant/in_force")), (json!("justified"), json!(true)));
    dpo.post(&at, &review("unjustified")).await.refuses(409, "already_decided");
    assert_eq!(dpo.get(&format!("{PATH}?waiting=true")).await.shows(200).at("/data"), json!([]));
}

#[tokio::test]
async fn what_was_none_ends_with_its_review() {
    let org = Org::found().await;
    let (support, dpo) = (org.support().await, org.dpo().await);
    let customer = guarded_customer(&org.sales_a().await).await;
    let made = emergency(&support, &customer, &["address"]).await.shows(201);
    let closed = dpo.post(&format!("{PATH}/{}/review", made.id()), &review("unjustified")).await.shows(200);
    assert_eq!((closed.at("/review"), closed.at("/state")), (json!("unjustified"), json!("revoked")));
    let seen = support.get(&format!("/v1/customers/{customer}")).await.shows(200);
    assert_ne!(seen.at("/field_access/address/view"), "read");
}

#[tokio::test]
async fn an_overdue_review_shuts_the_way_until_it_is_closed() {
    let org = Org::found().await;
    let (support, dpo) = (org.support().await, org.dpo().await);
    let customer = guarded_customer(&org.sales_a().await).await;
    let made = emergency(&support, &customer, &["address"]).await.shows(201).id();
    emergency(&support, &customer, &["address"]).await.shows(201);
    let sql = org.sql().await;
    let late = "UPDATE access_requests SET lapses_at = clock_timestamp() WHERE id = $1::text::uuid";
    sql.execute(late, &[&made]).await.unwrap();
    emergency(&support, &customer, &["address"]).await.refuses(403, "emergency_shut");
    ask(&support, &[&customer], &["address"]).await.shows(201);
    sql.execute("UPDATE job_queue SET due_at = clock_timestamp() WHERE job_id = $1::text::uuid", &[&made])
        .await
        .unwrap();
    let begun = Instant::now();
    while entries(&org, "access_requests.overdue").await.is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20), "nobody says that it is overdue");
    }
    letter(org.service(), &org.email("dpo"), 3).await;
    dpo.post(&format!("{PATH}/{made}/review"), &review("justified")).await.shows(200);
    emergency(&support, &customer, &["address"]).await.shows(201);
}

#[tokio::test]
async fn it_is_for_few_people_and_few_customers() {
    let org = Org::found().await;
    let (asha, dpo, manager) = (org.sales_a().await, org.dpo().await, org.manager().await);
    let customer = guarded_customer(&asha).await;
    assert!(
        emergency(&asha, &customer, &["address"])
            .await
            .refuses(403, "forbidden")
            .text()
            .contains("access_requests.emergency")
    );
    emergency(&dpo, &customer, &["address"]).await.refuses(403, "forbidden");
    let many: Vec<_> = (0..51_u128).map(uuid::Uuid::from_u128).collect();
    let mut body =
        json!({"kind": "emergency", "customer_ids": many, "fields": ["address"], "reason": "ambulance on its way"});
    let refused = manager.post(PATH, &body).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/customer_ids".to_owned(), "too_many".to_owned())]);
    body["customer_ids"] = json!([customer]);
    body["duration_minutes"] = json!(241);
    let refused = manager.post(PATH, &body).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/duration_minutes".to_owned(), "out_of_range".to_owned())]);
}
