//! The inbox: what waits for a person stands in it, until it is dealt with.

use custodian_application::Clock;
use serde_json::{Value, json};

use crate::support::{Answer, Org, Person, customer};

async fn inbox(person: &Person, query: &str) -> Answer {
    person.get(&format!("/v1/inbox?{query}")).await.shows(200)
}

fn kinds(inbox: &Answer) -> Vec<String> {
    let items = inbox.at("/data").as_array().unwrap().clone();
    items.iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect()
}

async fn asked(person: &Person, customer: &str) -> String {
    let body =
        json!({"kind": "fields", "customer_ids": [customer], "fields": ["address"], "reason": "needed for a contract"});
    person.post("/v1/access-requests", &body).await.shows(201).id()
}

#[tokio::test]
async fn what_waits_for_somebody_is_there_newest_first_and_gone_when_dealt_with() {
    let org = Org::found().await;
    let (asha, manager, admin) = (org.sales_a().await, org.manager().await, org.admin().await);
    let customer = asha.post("/v1/customers", &customer()).await.shows(201).id();
    let empty = inbox(&manager, "").await;
    assert_eq!((empty.at("/data"), empty.at("/total"), empty.at("/counts/approval")), (json!([]), json!(0), json!(0)));
    let (first, second) = (asked(&asha, &customer).await, asked(&asha, &customer).await);
    let full = inbox(&manager, "").await;
    assert_eq!([full.at("/data/0/id"), full.at("/data/1/id")], [json!(second), json!(first)]);
    assert_eq!((full.at("/data/0/requester_id"), full.at("/data/0/fields")), (json!(asha.id), json!(["address"])));
    manager.get(&full.text_at("/data/0/href")).await.shows(200);
    assert_eq!(inbox(&asha, "").await.at("/total"), 0, "one's own requests wait for others");
    let page = inbox(&manager, "limit=1").await;
    assert_eq!((kinds(&page).len(), page.at("/total")), (1, json!(2)));
    let next = inbox(&manager, &format!("limit=1&cursor={}", page.text_at("/next_cursor"))).await;
    assert_eq!(next.at("/data/0/id"), json!(first));
    for (id, verb) in [(&first, "approve"), (&second, "deny")] {
        manager.post(&format!("/v1/access-requests/{id}/{verb}"), &json!({})).await.shows(200);
    }
    assert_eq!(inbox(&manager, "").await.at("/total"), 0);
    let export = crate::exports::ask(&manager, json!({})).await.shows(201).id();
    let waiting = inbox(&admin, "kind=approval").await;
    assert_eq!((kinds(&waiting), waiting.at("/data/0/id")), (vec!["approval".to_owned()], json!(export)));
    admin.post(&format!("/v1/access-requests/{export}/approve"), &json!({})).await.shows(200);
    crate::exports::until(&manager, &export, "ready").await;
    let ready = inbox(&manager, "").await;
    assert_eq!((kinds(&ready), ready.at("/data/0/customer_count")), (vec!["export_ready".to_owned()], json!(1)));
    crate::exports::taken(&manager, &export).await;
    assert_eq!(inbox(&manager, "").await.at("/total"), 0);
}

#[tokio::test]
async fn reviews_and_emergencies_wait_with_their_counts() {
    let org = Org::found().await;
    let (admin, manager, dpo) = (org.admin().await, org.manager().await, org.dpo().await);
    let due = org.service().clock.now() + chrono::Duration::days(30);
    let body = json!({"name": "Autumn", "due_at": due.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)});
    let review = admin.post("/v1/access-reviews", &body).await.shows(201).id();
    let seen = inbox(&manager, "kind=access_review").await;
    assert_eq!((seen.at("/data/0/id"), seen.at("/data/0/overdue")), (json!(review), json!(false)));
    let lines = manager.get(&seen.text_at("/data/0/href")).await.shows(200);
    let lines: Vec<Value> = lines.at("/data").as_array().unwrap().clone();
    assert_eq!(seen.at("/data/0/count"), json!(lines.len()), "every open line, and none of another's");
    let keep = format!("/v1/access-reviews/{review}/lines/{}/keep", lines[0]["id"].as_str().unwrap());
    manager.post(&keep, &json!({})).await.shows(200);
    assert_eq!(inbox(&manager, "").await.at("/data/0/count"), json!(lines.len() - 1));
    let customer = org.sales_a().await.post("/v1/customers", &customer()).await.shows(201).id();
    let emergency =
        json!({"kind": "emergency", "customer_ids": [customer], "fields": ["mobile"], "reason": "an accident"});
    let id = org.support().await.post("/v1/access-requests", &emergency).await.shows(201).id();
    let told = inbox(&dpo, "kind=emergency_review").await;
    assert_eq!(told.at("/data/0/id"), json!(id), "{told}");
    let closed = json!({"outcome": "justified"});
    dpo.post(&format!("/v1/access-requests/{id}/review"), &closed).await.shows(200);
    assert_eq!(inbox(&dpo, "").await.at("/counts/emergency_review"), 0);
}

#[tokio::test]
async fn peoples_own_requests_wait_for_who_answers_them() {
    let org = Org::found().await;
    let (asha, dpo) = (org.sales_a().await, org.dpo().await);
    let customer = asha.post("/v1/customers", &customer()).await.shows(201).id();
    let id = crate::privacy_requests::filed(&asha, &customer).await;
    let told = inbox(&dpo, "kind=privacy_request").await;
    assert_eq!((told.at("/data/0/id"), told.at("/data/0/right")), (json!(id), json!("access")));
    assert!(told.at("/data/0/due_at").is_string() && told.at("/counts/privacy_request") == 1, "{told}");
    dpo.get(&told.text_at("/data/0/href")).await.shows(200);
    assert_eq!(inbox(&asha, "").await.at("/total"), 0, "who filed it does not answer it");
    let late = "UPDATE privacy_requests SET due_at = clock_timestamp()";
    org.sql().await.execute(late, &[]).await.unwrap();
    let told = inbox(&dpo, "").await;
    assert_eq!((told.at("/data/0/overdue"), told.at("/overdue")), (json!(true), json!(1)));
}

#[tokio::test]
async fn an_inbox_is_its_owners_and_no_partners() {
    let org = Org::found().await;
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    partner.get("/v1/inbox").await.refuses(403, "forbidden");
    org.nobody().await.get("/v1/inbox").await.refuses(403, "forbidden");
    org.manager().await.get("/v1/inbox?kind=spam").await.refuses(400, "invalid_query");
    org.manager().await.get("/v1/inbox?cursor=AAAA").await.refuses(400, "invalid_cursor");
}
