//! The outcome of an erasure: told to the person who asked for it, by a letter that nothing of them outlives.

use serde_json::json;

use super::{PATH, act, file, proved, somebody};
use crate::erasures::{certified, round};
use crate::support::mailbox::{letter, letters};
use crate::support::{MailServer, Org, Person, own_instance};

/// Asks for it, proves it, and is erased: the ids of the request and of the erasure.
async fn erased(dpo: &Person, customer: &str) -> (String, String) {
    let id = proved(dpo, customer, &json!({"right": "erasure"})).await;
    let by = json!({"ground": "subject_request", "privacy_request_id": id});
    let erasure = dpo.post(&format!("/v1/customers/{customer}/erase"), &by).await.shows(202).id();
    (id, erasure)
}

async fn waiting(org: &Org<'_>) -> i64 {
    let sql = "SELECT count(*) FROM mail_outbox WHERE organization_id = $1";
    org.sql().await.query_one(sql, &[&org.id]).await.unwrap().get(0)
}

#[tokio::test]
async fn whoever_asked_to_be_erased_is_told_that_they_are_and_nothing_is_left_of_their_address() {
    let org = Org::found().await;
    let (dpo, (customer, address)) = (org.dpo().await, somebody(&org).await);
    let (id, erasure) = erased(&dpo, &customer).await;
    let told = letter(org.service(), &address, 1).await;
    assert!(told.contains(&id) && told.contains("was erased") && told.contains("已于"), "{told}");
    act(&dpo, &id, "complete", &json!({"answer": "Done."})).await.shows(200);
    let ended = certified(&org, &dpo, &erasure).await;
    assert_eq!(ended.at("/findings"), json!([]));
    assert_eq!(waiting(&org).await, 0, "no second letter");
    assert_eq!(letters(&org.service().stranger(), &address).await.len(), 1);
}

#[tokio::test]
async fn an_open_request_is_answered_by_an_erasure_that_does_not_name_it() {
    let org = Org::found().await;
    let (dpo, (customer, address)) = (org.dpo().await, somebody(&org).await);
    let id = proved(&dpo, &customer, &json!({"right": "erasure"})).await;
    crate::erasures::erase(&dpo, &customer).await.shows(202);
    assert!(letter(org.service(), &address, 1).await.contains(&id));
}

#[tokio::test]
async fn whoever_was_not_proved_to_have_asked_hears_nothing() {
    let org = Org::found().await;
    let (dpo, (customer, address)) = (org.dpo().await, somebody(&org).await);
    file(&dpo, &json!({"customer_id": customer, "right": "erasure"})).await.shows(201);
    let agent = json!({"kind": "agent", "name": "Ms Wu", "authorization": "deed 17"});
    let other = proved(&dpo, &customer, &json!({"right": "erasure", "requester": agent})).await;
    let back = proved(&dpo, &customer, &json!({"right": "erasure", "jurisdiction": "US-CA"})).await;
    act(&dpo, &back, "cancel", &json!({})).await.shows(200);
    let erasure = crate::erasures::erase(&dpo, &customer).await.shows(202).id();
    assert_eq!(waiting(&org).await, 0);
    certified(&org, &dpo, &erasure).await;
    assert!(letters(&org.service().stranger(), &address).await.is_empty());
    dpo.get(&format!("{PATH}/{other}")).await.shows(200);
}

#[tokio::test]
async fn the_certificate_waits_for_the_letter_whose_key_is_left_behind_meanwhile() {
    let post = MailServer::start().await;
    let service = own_instance(&[("smtp_url", &post.url), ("mail_from", "custodian@example.com")]);
    let org = Org::found_on(&service).await;
    let (dpo, (customer, address)) = (org.dpo().await, somebody(&org).await);
    let (_, erasure) = erased(&dpo, &customer).await;
    post.has_refused().await;
    for _ in 0..2 {
        round(&org).await;
    }
    let told = dpo.get(&format!("/v1/erasures/{erasure}")).await.shows(200);
    assert_eq!((told.at("/state"), told.at("/findings/0/place")), (json!("erasing"), json!("mail_outbox.customer_id")));
    dpo.get(&format!("/v1/erasures/{erasure}/certificate")).await.refuses(409, "certificate_pending");
    let sql = org.sql().await;
    let row = "SELECT substr(m.sealed_letter, 5, 4) = substr(int8send(k.epoch), 5, 4), m.sealed_letter FROM mail_outbox m \
         JOIN key_buckets k ON k.organization_id = m.organization_id AND k.bucket = 65535";
    let row = sql.query_one(row, &[]).await.unwrap();
    assert!(row.get::<_, bool>(0), "it is on the key in force");
    assert!(!String::from_utf8_lossy(row.get(1)).contains("example"), "sealed");
    let left = "SELECT count(*) FILTER (WHERE destroyed_at IS NULL), count(*) FROM key_epochs WHERE bucket = 65535";
    let left = sql.query_one(left, &[]).await.unwrap();
    assert!(left.get::<_, i64>(0) == 0 && left.get::<_, i64>(1) > 0, "what it was written under is nowhere any more");
    let taken = post.takes().await;
    assert!(taken.len() == 1 && taken[0].contains(&format!("To: {address}")), "{taken:?}");
    certified(&org, &dpo, &erasure).await;
    assert_eq!(waiting(&org).await, 0);
}

#[tokio::test]
async fn a_letter_that_nobody_takes_does_not_keep_the_certificate_for_ever() {
    let post = MailServer::start().await;
    let service = own_instance(&[("smtp_url", &post.url), ("mail_from", "custodian@example.com")]);
    let org = Org::found_on(&service).await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let (_, erasure) = erased(&dpo, &customer).await;
    post.has_refused().await;
    round(&org).await;
    assert_eq!(waiting(&org).await, 1);
    org.sql().await.execute("UPDATE mail_outbox SET expires_at = clock_timestamp()", &[]).await.unwrap();
    certified(&org, &dpo, &erasure).await;
    assert_eq!((waiting(&org).await, post.letters().len()), (0, 0));
}
