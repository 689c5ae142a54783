//! The door of somebody who was deleted and not erased: what is held about them is theirs to see, and nothing is written into it.

use serde_json::json;

use super::package::done;
use super::{come_in, somebody};
use crate::erasures::erase;
use crate::support::{Org, customer};

const PATH: &str = "/v1/self/privacy-requests";

#[tokio::test]
async fn somebody_who_was_deleted_comes_in_and_sees_what_is_held() {
    let org = Org::found().await;
    let (customer, address) = somebody(&org).await;
    let path = format!("/v1/customers/{customer}");
    org.admin().await.delete(&path).await.shows(204);
    let me = come_in(&org, &address, 1).await;
    let data = me.get("/v1/self/data").await.shows(200);
    assert_eq!(data.at("/fields/address/value"), "12 Harbour Street");
    let log = me.get("/v1/self/access-log").await.shows(200);
    assert!(log.text().contains("customers.delete"), "{log}");
    me.get("/v1/self/consents").await.shows(200);
    me.get("/v1/self/preferences").await.shows(200);
    done(&org, &me, "access", "EU").await;
    let package = me.get("/v1/self/package").await.shows(200);
    assert!(package.bytes.windows(address.len()).any(|window| window == address.as_bytes()));
    me.post(PATH, &json!({"right": "objection", "jurisdiction": "EU"})).await.shows(201);
    org.admin().await.get(&path).await.refuses(404, "not_found");
}

#[tokio::test]
async fn somebody_who_was_deleted_withdraws_and_agrees_to_nothing_more() {
    let org = Org::found().await;
    let (customer, address) = somebody(&org).await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    let consent = crate::consents::agreed(&dpo, &admin, &customer).await;
    admin.delete(&format!("/v1/customers/{customer}")).await.shows(204);
    let me = come_in(&org, &address, 1).await;
    let withdrawn = me.act(&format!("/v1/self/consents/{consent}/withdraw")).await.shows(200);
    assert_eq!(withdrawn.at("/state"), "withdrawn");
    let notice = withdrawn.at("/notice_version");
    let agreement = json!({"purpose": "marketing", "notice_version": notice});
    me.post("/v1/self/consents", &agreement).await.refuses(409, "customer_deleted");
}

#[tokio::test]
async fn a_customer_in_use_opens_the_door_before_a_deleted_one_of_the_same_address() {
    let org = Org::found().await;
    let (gone, address) = somebody(&org).await;
    let admin = org.admin().await;
    admin.delete(&format!("/v1/customers/{gone}")).await.shows(204);
    let mut body = customer();
    body["fields"]["email"] = json!(address);
    body["fields"]["address"] = json!("9 Quay Lane");
    admin.post("/v1/customers", &body).await.shows(201);
    let me = come_in(&org, &address, 1).await;
    assert_eq!(me.get("/v1/self/data").await.shows(200).at("/fields/address/value"), "9 Quay Lane");
}

#[tokio::test]
async fn a_session_outlives_deletion_and_not_erasure() {
    let org = Org::found().await;
    let (customer, address) = somebody(&org).await;
    let me = come_in(&org, &address, 1).await;
    org.admin().await.delete(&format!("/v1/customers/{customer}")).await.shows(204);
    me.get("/v1/self/data").await.shows(200);
    erase(&org.dpo().await, &customer).await.shows(202);
    let refused = me.get("/v1/self/data").await;
    assert!([401, 404, 410].contains(&refused.status), "{refused}");
}
