//! What happens at the same moment.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use super::{PATH, approve, ask, given, guarded_customer};
use crate::support::{Org, own_instance};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_decisions_one_counts() {
    let org = Org::found().await;
    let (asha, manager) = (org.sales_a().await, org.manager().await);
    let customer = guarded_customer(&asha).await;
    for verbs in [["approve", "approve"], ["approve", "deny"], ["deny", "cancel"]] {
        let request = ask(&asha, &[&customer], &["address"]).await.shows(201).id();
        let mut all = JoinSet::new();
        for number in 0..50 {
            let verb = verbs[number % 2];
            let person = if verb == "cancel" { asha.clone() } else { manager.clone() };
            let path = format!("{PATH}/{request}/{verb}");
            all.spawn(async move {
                if verb == "cancel" { person.act(&path).await } else { person.post(&path, &json!({})).await }
            });
        }
        let mut counts = (0, 0);
        while let Some(answer) = all.join_next().await {
            let answer = answer.unwrap();
            match answer.status {
                200 => counts.0 += 1,
                _ => {
                    answer.refuses(409, "already_decided");
                    counts.1 += 1;
                }
            }
        }
        assert_eq!(counts, (1, 49), "{verbs:?}");
    }
    let rows = org.sql().await;
    let twice = "SELECT count(*) FROM access_grants GROUP BY request_id HAVING count(*) > 1";
    assert!(rows.query(twice, &[]).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_request_that_begins_after_a_revocation_sees_anything() {
    const READERS: usize = 8;
    const LATE: usize = 13;
    let org = Org::found().await;
    let (mut before, mut after) = (0, 0);
    for round in 0..10 {
        let (asha, customer, approved) = given(&org).await;
        let manager = org.manager().await;
        let revoked: Arc<std::sync::OnceLock<Instant>> = Arc::default();
        let mut readers = JoinSet::new();
        for reader in 0..READERS {
            let (asha, customer, revoked) = (asha.clone(), customer.clone(), Arc::clone(&revoked));
            readers.spawn(async move {
                let (mut seen, mut late) = (0, 0);
                while late < LATE {
                    let begun = Instant::now();
                    let answer = if (reader + round) % 2 == 0 {
                        asha.get(&format!("/v1/customers/{customer}")).await
                    } else {
                        let body = json!({"fields": ["address"], "reason": "to send the contract"});
                        asha.post(&format!("/v1/customers/{customer}/reveal"), &body).await
                    };
                    let shown = answer.status == 200;
                    if revoked.get().is_some_and(|at| *at <= begun) {
                        assert!(!shown, "begun after the revocation: {answer}");
                        late += 1;
                    }
                    seen += usize::from(shown);
                }
                (seen, late)
            });
        }
        let revoke = format!("/v1/grants/{}/revoke", approved.text_at("/grant/id"));
        tokio::task::yield_now().await;
        asha.get(&format!("/v1/customers/{customer}")).await.shows(200);
        manager.act(&revoke).await.shows(200);
        revoked.set(Instant::now()).unwrap();
        while let Some(counts) = readers.join_next().await {
            let (seen, late) = counts.unwrap();
            before += seen;
            after += late;
        }
    }
    assert!(before > 0 && after >= 10 * READERS * LATE, "{before} before, {after} after");
}

/// How many looks race a revocation, each its own; `GRANT_RACES` for another count.
fn races() -> usize {
    std::env::var("GRANT_RACES").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_look_that_raced_a_revocation_came_before_it() {
    const LANES: usize = 20;
    const LATE: &str = "SELECT count(*) FROM audit_entries e CROSS JOIN LATERAL (SELECT convert_from(e.entry, 'UTF8')::jsonb AS entry) x \
        JOIN access_grants g ON jsonb_exists(x.entry -> 'details' -> 'grants', g.id::text) WHERE e.action = 'customers.reveal' AND e.verdict = 'allowed'";
    // An instance of its own: its thousands of letters would hold up everybody else's.
    let service = own_instance(&[]);
    let org = Org::found_on(&service).await;
    let (asha, ben, manager) = (org.sales_a().await, org.sales_b().await, org.manager().await);
    let mut lanes = JoinSet::new();
    for _ in 0..LANES {
        let customer = guarded_customer(&ben).await;
        let (asha, manager) = (asha.clone(), manager.clone());
        lanes.spawn(async move {
            let (mut shown, reveal) = (0, json!({"fields": ["address"], "reason": "to send the contract"}));
            for _ in 0..races().div_ceil(LANES) {
                let request = ask(&asha, &[&customer], &["address"]).await.shows(201).id();
                let grant = approve(&manager, &request).await.shows(200).text_at("/grant/id");
                let path = format!("/v1/customers/{customer}/reveal");
                let (looked, revoked) =
                    tokio::join!(asha.post(&path, &reveal), manager.act(&format!("/v1/grants/{grant}/revoke")));
                revoked.shows(200);
                shown += i64::from(looked.status == 200);
                asha.post(&path, &reveal).await.refuses(404, "not_found");
            }
            shown
        });
    }
    let shown: i64 = lanes.join_all().await.into_iter().sum();
    let rows = org.sql().await;
    let told: i64 = rows.query_one(LATE, &[]).await.unwrap().get(0);
    let late = format!("{LATE} AND (x.entry ->> 'time')::timestamptz >= g.revoked_at");
    let late: i64 = rows.query_one(&late, &[]).await.unwrap().get(0);
    assert_eq!((told, late), (shown, 0), "every look is on record under its right, and none after its end");
}

#[tokio::test]
async fn an_approval_takes_effect_with_the_next_request() {
    let org = Org::found().await;
    let (asha, manager) = (org.sales_a().await, org.manager().await);
    let mut quickest = Duration::MAX;
    for _ in 0..5 {
        let customer = guarded_customer(&asha).await;
        let request = ask(&asha, &[&customer], &["address"]).await.shows(201).id();
        let begun = Instant::now();
        approve(&manager, &request).await.shows(200);
        let seen = asha.get(&format!("/v1/customers/{customer}")).await.shows(200);
        quickest = quickest.min(begun.elapsed());
        assert_eq!(seen.at("/field_access/address/view"), "read");
    }
    assert!(quickest < Duration::from_secs(1), "{quickest:?}");
}
