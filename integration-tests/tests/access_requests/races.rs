//! What happens at the same moment.

use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use tokio::task::JoinSet;

use super::{PATH, approve, ask, given, guarded_customer};
use crate::support::Org;

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
                while late < 7 {
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
    assert!(before > 0 && after >= 10 * READERS * 7, "{before} before, {after} after");
}

#[tokio::test]
async fn an_approval_takes_effect_with_the_next_request() {
    let org = Org::found().await;
    let (asha, manager) = (org.sales_a().await, org.manager().await);
    let customer = guarded_customer(&asha).await;
    let request = ask(&asha, &[&customer], &["address"]).await.shows(201).id();
    approve(&manager, &request).await.shows(200);
    let seen = asha.get(&format!("/v1/customers/{customer}")).await.shows(200);
    assert_eq!(seen.at("/field_access/address/view"), "read");
}
