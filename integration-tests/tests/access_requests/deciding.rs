//! Who decides, and who does not.

use serde_json::json;

use super::{PATH, approve, ask, entries, guarded_customer};
use crate::support::Org;

#[tokio::test]
async fn nobody_decides_about_their_own() {
    let org = Org::found().await;
    let (manager, admin, dpo) = (org.manager().await, org.admin().await, org.dpo().await);
    let customer = guarded_customer(&org.sales_a().await).await;
    let own = ask(&manager, &[&customer], &["address"]).await.shows(201);
    assert_eq!(own.at("/approver_ids"), json!([admin.id]));
    approve(&manager, &own.id()).await.refuses(403, "own_request");
    let deny = format!("{PATH}/{}/deny", own.id());
    manager.post(&deny, &json!({})).await.refuses(403, "own_request");
    approve(&dpo, &own.id()).await.refuses(403, "not_the_approver");
    org.sales_a().await.post(&deny, &json!({})).await.refuses(403, "forbidden");
    approve(&admin, &own.id()).await.shows(200);
}

#[tokio::test]
async fn two_roles_of_one_person_are_one_person() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let path = format!("/v1/users/{}", org.user_id("manager"));
    admin.patch(&path, &json!({"role_ids": ["manager", "sales"]})).await.shows(200);
    let policy = json!({"name": "Two of a kind", "priority": 1,
        "steps": [{"approver": "role:manager", "escalate_to": ["role:sales"]}, {"approver": format!("user:{}", org.user_id("manager"))}]});
    admin.post("/v1/approval-policies", &policy).await.shows(201);
    let asha = org.sales_a().await;
    let customer = guarded_customer(&asha).await;
    ask(&asha, &[&customer], &["address"]).await.refuses(409, "no_approver");
    let manager = org.manager().await;
    ask(&manager, &[&customer], &["address"]).await.refuses(409, "no_approver");
    let policy = json!({"name": "Two people", "priority": 0,
        "steps": [{"approver": "role:manager"}, {"approver": "role:manager", "timeout_minutes": 1, "escalate_to": ["role:dpo"]}]});
    admin.post("/v1/approval-policies", &policy).await.shows(201);
    let request = ask(&asha, &[&customer], &["address"]).await.shows(201).id();
    assert_eq!(approve(&manager, &request).await.shows(200).at("/state"), "pending");
    approve(&manager, &request).await.refuses(409, "already_decided");
    approve(&dpo, &request).await.refuses(403, "not_the_approver");
    let sql = org.sql().await;
    sql.execute("UPDATE access_requests SET step_started_at = step_started_at - interval '1 hour'", &[]).await.unwrap();
    assert_eq!(approve(&dpo, &request).await.shows(200).at("/state"), "approved");
}

#[tokio::test]
async fn a_core_field_needs_two_people() {
    let org = Org::found().await;
    let (asha, manager, dpo) = (org.sales_a().await, org.manager().await, org.dpo().await);
    let customer = guarded_customer(&asha).await;
    let path = format!("/v1/customers/{customer}");
    let request = ask(&asha, &[&customer], &["id_number"]).await.shows(201);
    assert_eq!(request.at("/steps").as_array().unwrap().len(), 2);
    let once = approve(&manager, &request.id()).await.shows(200);
    assert_eq!((once.at("/state"), once.at("/approver_ids")), (json!("pending"), json!([dpo.id])));
    assert_eq!(asha.get(&path).await.shows(200).at("/fields/id_number"), json!(null), "one yes opens nothing");
    approve(&manager, &request.id()).await.refuses(409, "already_decided");
    let twice = approve(&dpo, &request.id()).await.shows(200);
    assert_eq!(twice.at("/state"), "approved");
    assert_eq!(asha.get(&path).await.shows(200).at("/fields/id_number"), "11010519491231002X");
    let deciders: Vec<_> = entries(&org, "access_requests.approve").await;
    assert_eq!(deciders.len(), 2);
}

#[tokio::test]
async fn a_no_a_step_back_and_a_stranger_give_nothing() {
    let org = Org::found().await;
    let (asha, ben, manager) = (org.sales_a().await, org.sales_b().await, org.manager().await);
    let customer = guarded_customer(&ben).await;
    let denied = ask(&asha, &[&customer], &["address"]).await.shows(201).id();
    let said = json!({"comment": "The mask is enough"});
    let no = manager.post(&format!("{PATH}/{denied}/deny"), &said).await.shows(200);
    assert_eq!((no.at("/state"), no.at("/grant")), (json!("denied"), json!(null)));
    assert_eq!(asha.get(&format!("{PATH}/{denied}")).await.shows(200).at("/steps/0/comment"), "The mask is enough");
    approve(&manager, &denied).await.refuses(409, "already_decided");
    let taken = ask(&asha, &[&customer], &["address"]).await.shows(201).id();
    ben.act(&format!("{PATH}/{taken}/cancel")).await.refuses(404, "not_found");
    ben.get(&format!("{PATH}/{taken}")).await.refuses(404, "not_found");
    asha.act(&format!("{PATH}/{taken}/cancel")).await.shows(200);
    approve(&manager, &taken).await.refuses(409, "already_decided");
    asha.act(&format!("{PATH}/{taken}/cancel")).await.refuses(409, "already_decided");
    asha.get(&format!("/v1/customers/{customer}")).await.refuses(404, "not_found");
    let kept = org.sql().await.query_one("SELECT sealed_reason::text, (SELECT string_agg(sealed_comment::text, '') FROM access_request_decisions) FROM access_requests LIMIT 1", &[]).await.unwrap();
    assert!(!format!("{:?}{:?}", kept.get::<_, String>(0), kept.get::<_, String>(1)).contains("mask"));
}

#[tokio::test]
async fn each_sees_the_requests_that_concern_them() {
    let org = Org::found().await;
    let (asha, ben, manager, auditor) =
        (org.sales_a().await, org.sales_b().await, org.manager().await, org.auditor().await);
    let customer = guarded_customer(&asha).await;
    let hers = ask(&asha, &[&customer], &["address"]).await.shows(201).id();
    let his = ask(&ben, &[&customer], &["address"]).await.shows(201).id();
    let ids = |answer: crate::support::Answer| crate::customers::ids(&answer.shows(200).json());
    assert_eq!(ids(asha.get(PATH).await), [hers.as_str()]);
    assert_eq!(ids(manager.get(PATH).await), Vec::<String>::new(), "decided nothing yet");
    assert_eq!(ids(manager.get(&format!("{PATH}?waiting=true")).await), [his.clone(), hers.clone()]);
    assert_eq!(ids(ben.get(&format!("{PATH}?waiting=true")).await), Vec::<String>::new());
    assert_eq!(ids(auditor.get(PATH).await), [his.clone(), hers.clone()]);
    approve(&manager, &hers).await.shows(200);
    assert_eq!(ids(manager.get(&format!("{PATH}?waiting=true")).await), [his.as_str()]);
    assert_eq!(ids(manager.get(&format!("{PATH}?state=approved")).await), [hers.as_str()]);
    assert_eq!(ids(auditor.get(&format!("{PATH}?state=pending&requester_id={}", ben.id)).await), [his.as_str()]);
    asha.get(&format!("{PATH}/{his}")).await.refuses(404, "not_found");
    manager.get(&format!("{PATH}/{his}")).await.shows(200);
    org.marketing().await.get(&format!("{PATH}/{his}")).await.refuses(404, "not_found");
}
