//! Time-outs: what waits too long asks more people, and then lapses.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{PATH, approve, ask, entries, guarded_customer};
use crate::support::mailbox::letter;
use crate::support::{Org, Person};

/// Waits until a request stands so.
async fn until_closed(org: &Org<'_>, request: &str) {
    let (begun, sql) = (Instant::now(), org.sql().await);
    let closed = "SELECT closed_at IS NOT NULL FROM access_requests WHERE id = $1::text::uuid";
    while !sql.query_one(closed, &[&request]).await.unwrap().get::<_, bool>(0) {
        assert!(begun.elapsed() < Duration::from_secs(20), "the worker does not look");
    }
}

async fn asked(org: &Org<'_>) -> (Person, String) {
    let asha = org.sales_a().await;
    let customer = guarded_customer(&asha).await;
    let request = ask(&asha, &[&customer], &["address"]).await.shows(201).id();
    (asha, request)
}

const LOOK: &str = "UPDATE job_queue SET due_at = clock_timestamp() WHERE job_id = $1::text::uuid";

#[tokio::test]
async fn who_does_not_answer_in_time_is_joined_by_those_it_escalates_to() {
    let org = Org::found().await;
    let (asha, request) = asked(&org).await;
    let (manager, dpo) = (org.manager().await, org.dpo().await);
    approve(&dpo, &request).await.refuses(403, "not_the_approver");
    let sql = org.sql().await;
    let late =
        "UPDATE access_requests SET step_started_at = step_started_at - interval '25 hours' WHERE id = $1::text::uuid";
    sql.execute(late, &[&request]).await.unwrap();
    sql.execute(LOOK, &[&request]).await.unwrap();
    let told = letter(org.service(), &org.email("dpo"), 1).await;
    assert!(told.contains(&request), "{told}");
    assert_eq!(
        asha.get(&format!("{PATH}/{request}")).await.shows(200).at("/approver_ids"),
        json!([manager.id, dpo.id])
    );
    assert_eq!(entries(&org, "access_requests.escalate").await.len(), 1);
    approve(&dpo, &request).await.shows(200);
}

#[tokio::test]
async fn what_nobody_answers_lapses_at_its_time() {
    let org = Org::found().await;
    let (asha, request) = asked(&org).await;
    let manager = org.manager().await;
    let sql = org.sql().await;
    let lapsed = "UPDATE access_requests SET lapses_at = clock_timestamp() WHERE id = $1::text::uuid";
    sql.execute(lapsed, &[&request]).await.unwrap();
    approve(&manager, &request).await.refuses(409, "already_decided");
    asha.act(&format!("{PATH}/{request}/cancel")).await.refuses(409, "already_decided");
    assert_eq!(asha.get(&format!("{PATH}/{request}")).await.shows(200).at("/state"), "lapsed");
    sql.execute(LOOK, &[&request]).await.unwrap();
    until_closed(&org, &request).await;
    assert_eq!(entries(&org, "access_requests.lapse").await.len(), 1);
    assert!(letter(org.service(), &org.email("sales_a"), 1).await.contains("lapsed"));
}

#[tokio::test]
async fn the_end_of_a_right_is_on_record_with_whether_it_was_used() {
    let org = Org::found().await;
    let (_, request) = asked(&org).await;
    approve(&org.manager().await, &request).await.shows(200);
    let sql = org.sql().await;
    sql.execute("UPDATE access_grants SET ends_at = clock_timestamp()", &[]).await.unwrap();
    sql.execute(LOOK, &[&request]).await.unwrap();
    until_closed(&org, &request).await;
    let ended = entries(&org, "grants.expire").await;
    assert_eq!((ended.len(), &ended[0]["details"]["used"]), (1, &json!("no")));
}
