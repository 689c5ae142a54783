//! The end of the log: what ended more than 24 months ago goes, what is younger or held does not.

use serde_json::json;

use super::{PATH, act, entries, file, proved, somebody};
use crate::retention::{PATH as POLICIES, hold, round};
use crate::support::{Org, Person};

/// Turns a request of somebody down, and lets so many months go by since.
async fn denied(org: &Org<'_>, dpo: &Person, customer: &str, months: i32) -> String {
    let id = proved(dpo, customer, &json!({"jurisdiction": "US-CA", "words": "canary of what was said"})).await;
    let because = json!({"ground": "manifestly_unfounded", "explanation": "Asked every day."});
    act(dpo, &id, "reject", &because).await.shows(200);
    ago(org, &id, months).await;
    id
}

/// Lets so many months go by since a request, and its end if it has come.
async fn ago(org: &Org<'_>, id: &str, months: i32) {
    const SQL: &str = "UPDATE privacy_requests SET received_at = received_at - make_interval(months => $2), \
         closed_at = closed_at - make_interval(months => $2) WHERE id = $1::text::uuid";
    org.sql().await.execute(SQL, &[&id, &months]).await.unwrap();
}

/// How many requests there are, and how much was noted of them.
async fn left(org: &Org<'_>) -> (i64, i64) {
    let sql = "SELECT (SELECT count(*) FROM privacy_requests WHERE organization_id = $1), (SELECT count(DISTINCT request_id) FROM privacy_request_events \
         WHERE organization_id = $1)";
    let row = org.sql().await.query_one(sql, &[&org.id]).await.unwrap();
    (row.get(0), row.get(1))
}

#[tokio::test]
async fn what_ended_more_than_24_months_ago_goes_and_nothing_younger_does() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let old = denied(&org, &dpo, &customer, 25).await;
    let young = denied(&org, &dpo, &customer, 24).await;
    let second = "UPDATE privacy_requests SET closed_at = closed_at + interval '1 hour' WHERE id = $1::text::uuid";
    org.sql().await.execute(second, &[&young]).await.unwrap();
    let open = file(&dpo, &json!({"customer_id": customer, "right": "objection"})).await.shows(201).id();
    ago(&org, &open, 60).await;
    round(&org).await;
    assert_eq!(left(&org).await, (3, 3), "the first look at the clock believes nothing yet");
    round(&org).await;
    assert_eq!(left(&org).await, (2, 2));
    dpo.get(&format!("{PATH}/{old}")).await.refuses(404, "not_found");
    for id in [&young, &open] {
        dpo.get(&format!("{PATH}/{id}")).await.shows(200);
    }
    let log = dpo.get(&format!("{PATH}/export")).await.shows(200);
    assert!(!log.text().contains(&old) && log.text().contains(&young) && log.text().contains(&open), "{log}");
    round(&org).await;
    let told = entries(&org, "privacy_requests.expire").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["details"]["count"], &told[0]["details"]["privacy_requests"]), (&json!(1), &json!([old])));
    let elsewhere = Org::found().await;
    assert!(entries(&elsewhere, "privacy_requests.expire").await.is_empty());
}

#[tokio::test]
async fn what_a_hold_keeps_or_something_younger_rests_on_stays_until_that_ends() {
    let org = Org::found().await;
    let (dpo, (customer, _), (other, _)) = (org.dpo().await, somebody(&org).await, somebody(&org).await);
    let held = denied(&org, &dpo, &customer, 30).await;
    let hold = hold(&dpo, &customer, json!({})).await.id();
    let restriction = proved(&dpo, &other, &json!({"right": "restriction"})).await;
    act(&dpo, &restriction, "complete", &json!({})).await.shows(200);
    ago(&org, &restriction, 30).await;
    for _ in 0..2 {
        round(&org).await;
    }
    assert_eq!(left(&org).await.0, 2);
    for id in [&held, &restriction] {
        dpo.get(&format!("{PATH}/{id}")).await.shows(200);
    }
    let because = json!({"reason": "the case was settled"});
    dpo.post(&format!("/v1/legal-holds/{hold}/release"), &because).await.shows(200);
    for _ in 0..2 {
        round(&org).await;
    }
    assert_eq!(left(&org).await.0, 1, "whose hold ended goes, and a restriction in force stays");
    dpo.get(&format!("{PATH}/{held}")).await.refuses(404, "not_found");
    dpo.get(&format!("{PATH}/{restriction}")).await.shows(200);
}

#[tokio::test]
async fn a_clock_that_jumps_ends_no_request_without_a_persons_word() {
    let org = Org::found().await;
    let (dpo, admin, (customer, _)) = (org.dpo().await, org.admin().await, somebody(&org).await);
    let old = denied(&org, &dpo, &customer, 30).await;
    round(&org).await;
    let jump = "UPDATE retention_clocks SET seen_at = seen_at - interval '400 days' WHERE organization_id = $1";
    org.sql().await.execute(jump, &[&org.id]).await.unwrap();
    for _ in 0..2 {
        round(&org).await;
    }
    dpo.get(&format!("{PATH}/{old}")).await.shows(200);
    admin.act(&format!("{POLICIES}/confirm-clock")).await.shows(204);
    round(&org).await;
    dpo.get(&format!("{PATH}/{old}")).await.refuses(404, "not_found");
}
