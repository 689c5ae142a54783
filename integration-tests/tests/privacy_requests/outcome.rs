//! The outcome of an erasure: told to the person who asked for it, by a letter that nothing of them outlives.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{PATH, act, entries, file, proved, somebody};
use crate::erasures::{certified, erase, round};
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

/// Keeps the one letter that waits from its sender, who has put it off: for a day.
async fn out_of_reach(org: &Org<'_>) {
    let sql = org.sql().await;
    let keep = "UPDATE mail_queue SET due_at = clock_timestamp() + interval '1 day' WHERE organization_id = $1 AND lease_until IS NULL";
    let begun = Instant::now();
    while sql.execute(keep, &[&org.id]).await.unwrap() == 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "the sender does not put it off");
        tokio::task::yield_now().await;
    }
}

/// Changes one bit of the letter that waits.
async fn damage(org: &Org<'_>, at: i32) {
    let sql = "UPDATE mail_outbox SET sealed_letter = set_byte(sealed_letter, $2, get_byte(sealed_letter, $2) # 1) WHERE organization_id = $1";
    assert_eq!(org.sql().await.execute(sql, &[&org.id, &at]).await.unwrap(), 1);
}

/// How the sending of letters ended, in the order of the words.
async fn sent(org: &Org<'_>) -> Vec<String> {
    let told = entries(org, "mail.send").await;
    let mut verdicts: Vec<_> = told.iter().map(|entry| entry["verdict"].as_str().unwrap().to_owned()).collect();
    verdicts.sort_unstable();
    verdicts
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
    erase(&dpo, &customer).await.shows(202);
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
    let erasure = erase(&dpo, &customer).await.shows(202).id();
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
    let looked = "SELECT sweep->>'at' FROM erasures";
    let first: String = org.sql().await.query_one(looked, &[]).await.unwrap().get(0);
    assert_eq!(round(&org).await.clean, 0);
    let last: String = org.sql().await.query_one(looked, &[]).await.unwrap().get(0);
    assert_eq!(first, last, "as long as the letter waits nothing is looked through again");
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
    // What its sender finds too late it takes out as well: the round alone is looked at.
    out_of_reach(&org).await;
    round(&org).await;
    assert_eq!(waiting(&org).await, 1);
    org.sql().await.execute("UPDATE mail_outbox SET expires_at = clock_timestamp()", &[]).await.unwrap();
    certified(&org, &dpo, &erasure).await;
    assert_eq!((waiting(&org).await, post.letters().len()), (0, 0));
    assert_eq!(sent(&org).await, ["failed"], "it is said that nobody will hear of their erasure, and once");
}

#[tokio::test]
async fn a_letter_that_its_sender_comes_to_too_late_is_not_forgotten_in_silence() {
    let post = MailServer::start().await;
    let service = own_instance(&[("smtp_url", &post.url), ("mail_from", "custodian@example.com")]);
    let org = Org::found_on(&service).await;
    let (dpo, (customer, _), sql) = (org.dpo().await, somebody(&org).await, org.sql().await);
    let (_, erasure) = erased(&dpo, &customer).await;
    post.has_refused().await;
    out_of_reach(&org).await;
    for late in
        ["UPDATE mail_outbox SET expires_at = clock_timestamp()", "UPDATE mail_queue SET due_at = clock_timestamp()"]
    {
        assert_eq!(sql.execute(late, &[]).await.unwrap(), 1, "{late}");
    }
    let (left, begun) = ("SELECT FROM mail_outbox", Instant::now());
    while !sql.query(left, &[]).await.unwrap().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(30), "its sender does not take it out");
        tokio::task::yield_now().await;
    }
    let told = entries(&org, "mail.send").await;
    assert_eq!((told.len(), &told[0]["verdict"], &told[0]["customer"]), (1, &json!("failed"), &json!(customer)));
    certified(&org, &dpo, &erasure).await;
    assert_eq!((sent(&org).await, post.letters().len()), (vec!["failed".to_owned()], 0), "and once");
}

#[tokio::test]
async fn a_damaged_letter_keeps_nobody_elses_erasure_from_ending() {
    let post = MailServer::start().await;
    let service = own_instance(&[("smtp_url", &post.url), ("mail_from", "custodian@example.com")]);
    let org = Org::found_on(&service).await;
    let (dpo, (customer, _), (other, _)) = (org.dpo().await, somebody(&org).await, somebody(&org).await);
    let (_, first) = erased(&dpo, &customer).await;
    post.has_refused().await;
    out_of_reach(&org).await;
    damage(&org, 40).await;
    let second = erase(&dpo, &other).await.shows(202).id();
    for erasure in [second, first] {
        certified(&org, &dpo, &erasure).await;
    }
    assert_eq!((waiting(&org).await, post.letters().len()), (0, 0));
    assert_eq!(sent(&org).await, ["failed"], "it is said that nobody will get it");
}

#[tokio::test]
async fn a_letter_that_does_not_open_is_given_up_by_its_sender_and_the_next_one_goes() {
    let post = MailServer::start().await;
    let service = own_instance(&[("smtp_url", &post.url), ("mail_from", "custodian@example.com")]);
    let org = Org::found_on(&service).await;
    let (dpo, (customer, _), (other, address)) = (org.dpo().await, somebody(&org).await, somebody(&org).await);
    let (_, first) = erased(&dpo, &customer).await;
    post.has_refused().await;
    out_of_reach(&org).await;
    damage(&org, 100).await;
    org.sql().await.execute("UPDATE mail_queue SET due_at = clock_timestamp()", &[]).await.unwrap();
    let (_, second) = erased(&dpo, &other).await;
    let taken = post.takes().await;
    assert!(taken.len() == 1 && taken[0].contains(&format!("To: {address}")), "{taken:?}");
    for erasure in [first, second] {
        certified(&org, &dpo, &erasure).await;
    }
    assert_eq!(sent(&org).await, ["allowed", "failed"]);
}
