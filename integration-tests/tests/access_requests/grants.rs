//! Rights: in force until their end by the database's clock, ended at will, and reported when nobody used them.

use serde_json::json;

use super::{PATH, approve, ask, entries, given, guarded_customer};
use crate::customers::ids;
use crate::support::{Org, stopped};

#[tokio::test]
async fn a_right_ends_at_its_time_whatever_the_clock_of_the_service_says() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let (asha, customer, approved) = given(&org).await;
    let path = format!("/v1/customers/{customer}");
    asha.get(&path).await.shows(200);
    let sql = org.sql().await;
    let past = "UPDATE access_grants SET starts_at = starts_at - interval '2 days', ends_at = clock_timestamp()";
    sql.execute(past, &[]).await.unwrap();
    asha.get(&path).await.refuses(404, "not_found");
    assert_eq!(asha.get("/v1/customers").await.shows(200).at("/data"), json!([]));
    let reveal = json!({"fields": ["address"], "reason": "to send the contract"});
    asha.post(&format!("{path}/reveal"), &reveal).await.refuses(404, "not_found");
    asha.get(&format!("{path}/history")).await.refuses(404, "not_found");
    let request = asha.get(&format!("{PATH}/{}", approved.id())).await.shows(200);
    assert_eq!((request.at("/state"), request.at("/grant/in_force")), (json!("expired"), json!(false)));
    let grant = approved.text_at("/grant/id");
    asha.act(&format!("/v1/grants/{grant}/revoke")).await.refuses(409, "grant_ended");
}

#[tokio::test]
async fn a_right_is_ended_by_who_has_it_who_gave_it_and_who_watches() {
    let org = Org::found().await;
    for key in ["sales_a", "manager", "dpo"] {
        let (asha, customer, approved) = given(&org).await;
        let grant = approved.text_at("/grant/id");
        let revoke = format!("/v1/grants/{grant}/revoke");
        org.sales_b().await.act(&revoke).await.refuses(404, "not_found");
        org.auditor().await.act(&revoke).await.refuses(403, "forbidden");
        let ended = org.person(key).await.act(&revoke).await.shows(200);
        assert_eq!((ended.at("/in_force"), ended.at("/revoked_by")), (json!(false), json!(org.user_id(key))));
        asha.get(&format!("/v1/customers/{customer}")).await.refuses(404, "not_found");
        org.person(key).await.act(&revoke).await.refuses(409, "grant_ended");
        assert_eq!(asha.get(&format!("{PATH}/{}", approved.id())).await.shows(200).at("/state"), "revoked");
    }
    assert_eq!(entries(&org, "grants.revoke").await.len(), 3);
}

#[tokio::test]
async fn rights_that_nobody_used_are_reported() {
    let org = Org::found().await;
    let (asha, customer, used) = given(&org).await;
    let (_, _, idle) = given(&org).await;
    asha.get(&format!("/v1/customers/{customer}")).await.shows(200);
    asha.get(&format!("/v1/customers/{customer}")).await.shows(200);
    let dpo = org.dpo().await;
    let grants = async |query: &str| ids(&dpo.get(&format!("/v1/grants?{query}")).await.shows(200).json());
    assert_eq!(grants("used=false").await, [idle.text_at("/grant/id")]);
    assert_eq!(grants("used=true&in_force=true").await, [used.text_at("/grant/id")]);
    assert_eq!(grants(&format!("customer_id={customer}")).await, [used.text_at("/grant/id")]);
    assert_eq!(grants(&format!("user_id={}", org.user_id("sales_b"))).await, Vec::<String>::new());
    let own = asha.get(&format!("/v1/grants/{}", used.text_at("/grant/id"))).await.shows(200);
    assert!(own.at("/first_used_at").is_string());
    assert_eq!(ids(&org.sales_b().await.get("/v1/grants").await.shows(200).json()), Vec::<String>::new());
    org.sales_b().await.get(&format!("/v1/grants/{}", used.text_at("/grant/id"))).await.refuses(404, "not_found");
}

#[tokio::test]
async fn a_right_given_for_a_purpose_does_not_count_under_another() {
    let org = Org::found().await;
    let (asha, manager) = (org.sales_a().await, org.manager().await);
    let customer = guarded_customer(&asha).await;
    let body = json!({"kind": "fields", "customer_ids": [customer], "fields": ["address"], "purpose": "sales", "reason": "needed for a contract"});
    let request = asha.post(PATH, &body).await.shows(201).id();
    let mut unheard = body.clone();
    unheard["purpose"] = json!("gossip");
    let refused = asha.post(PATH, &unheard).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/purpose".to_owned(), "unknown_purpose".to_owned())]);
    approve(&manager, &request).await.shows(200);
    let path = format!("/v1/customers/{customer}");
    let view = async |purpose: &str| {
        let read = asha.get(&path).header("processing-purpose", purpose).await;
        (read.status, read.at("/field_access/address/view"))
    };
    assert_eq!(view("sales").await, (200, json!("read")));
    assert_ne!(view("support").await, (200, json!("read")));
    assert_eq!(asha.get(&path).await.shows(200).at("/field_access/address/view"), "read");
}

#[tokio::test]
async fn who_leaves_takes_no_right_along() {
    let org = Org::found().await;
    let (asha, _, approved) = given(&org).await;
    let customer = guarded_customer(&asha).await;
    let waiting = ask(&asha, &[&customer], &["address"]).await.shows(201).id();
    let body = json!({"successor_id": org.user_id("sales_c")});
    let left = org.admin().await.post(&format!("/v1/users/{}/offboard", asha.id), &body).await.shows(200);
    assert!(left.text().contains("grants_revoked"), "{left}");
    let dpo = org.dpo().await;
    assert_eq!(dpo.get(&format!("{PATH}/{waiting}")).await.shows(200).at("/state"), "cancelled");
    let grant = dpo.get(&format!("/v1/grants/{}", approved.text_at("/grant/id"))).await.shows(200);
    assert_eq!(grant.at("/in_force"), false);
}
