//! Many who say yes or stop at the same moment: they share transactions, and nothing else.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{Told, consent};
use crate::support::{Answer, Caller};

/// Long enough for whoever does not wait for somebody, and too short for whoever does.
const SOON: Duration = Duration::from_secs(3);

async fn customers(told: &Told, count: usize) -> Vec<String> {
    join_all((0..count).map(|_| told.org.customer_of(&told.sales))).await
}

async fn gives(caller: &Caller, told: &Told, customer: &str, members: Value) -> Answer {
    caller.post(&format!("/v1/customers/{customer}/consents"), &consent(&told.notice, members)).await
}

/// What the entries of an action say of the consents that they are about.
async fn logged(told: &Told, action: &str) -> BTreeSet<String> {
    let entries =
        told.org.auditor().await.get(&format!("/v1/audit/entries?action={action}&limit=200")).await.shows(200);
    let all = entries.at("/data").as_array().unwrap().clone();
    let of = |entry: &Value| entry["details"]["consent"].as_str().unwrap().to_owned();
    let consents: BTreeSet<String> = all.iter().map(of).collect();
    assert_eq!(consents.len(), all.len(), "each in an entry of its own");
    consents
}

#[tokio::test]
async fn each_of_many_at_once_is_answered_and_logged_for_itself() {
    let told = Told::new().await;
    let (ids, marketing) = (customers(&told, 24).await, told.org.marketing().await);
    let given = join_all(ids.iter().map(|id| gives(&told.sales, &told, id, json!({}))));
    let unknown = join_all(ids.iter().map(|id| gives(&told.sales, &told, id, json!({"purpose": "nothing"}))));
    let nobody = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    let nowhere = join_all((0..8).map(|_| gives(&told.sales, &told, nobody, json!({}))));
    let body = consent(&told.notice, json!({}));
    let denied =
        join_all(ids.iter().map(async |id| marketing.post(&format!("/v1/customers/{id}/consents"), &body).await));
    let (given, unknown, nowhere, denied) = tokio::join!(given, unknown, nowhere, denied);
    let given: BTreeSet<String> = given.into_iter().map(|answer| answer.shows(201).id()).collect();
    unknown.into_iter().for_each(|answer| drop(answer.refuses(422, "invalid_body")));
    nowhere.into_iter().for_each(|answer| drop(answer.refuses(404, "not_found")));
    denied.into_iter().for_each(|answer| drop(answer.refuses(403, "forbidden")));
    assert_eq!(logged(&told, "consents.record").await, given);
    for id in &ids {
        let listed = told.sales.get(&format!("/v1/customers/{id}/consents")).await.shows(200);
        assert_eq!(listed.at("/data").as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_comes_while_one_is_under_way_shares_the_next_transaction() {
    const COUNT: usize = 16;
    let told = Told::new().await;
    let ids = customers(&told, COUNT).await;
    let mut holder = told.org.sql().await;
    let held = holder.transaction().await.unwrap();
    // Changes wait for whoever asks about the past.
    let past = "SELECT pg_advisory_xact_lock(hashtextextended('custodian.consents:' || $1, 0))";
    held.execute(past, &[&told.org.id.to_string()]).await.unwrap();
    let given = join_all(ids.iter().map(|id| gives(&told.sales, &told, id, json!({}))));
    let release = async {
        // Asked for later: when these are answered, what was sent before them is on its way.
        join_all((0..2 * COUNT).map(async |_| told.sales.get("/v1/me").await.shows(200))).await;
        held.rollback().await.unwrap();
    };
    let (given, ()) = tokio::join!(given, release);
    given.into_iter().for_each(|answer| drop(answer.shows(201)));
    let sql = "SELECT count(DISTINCT xmin::text) FROM consents WHERE organization_id = $1::text::uuid";
    let row = told.org.sql().await.query_one(sql, &[&told.org.id.to_string()]).await.unwrap();
    let transactions: i64 = row.get(0);
    assert!(transactions < COUNT as i64, "{transactions} transactions for {COUNT}");
}

#[tokio::test]
async fn each_of_many_who_stop_at_once_is_stopped_once() {
    let told = Told::new().await;
    let ids = customers(&told, 16).await;
    let given = join_all(ids.iter().map(|id| gives(&told.sales, &told, id, json!({})))).await;
    let given: BTreeSet<String> = given.into_iter().map(|answer| answer.shows(201).id()).collect();
    let stop = async |id: &String| {
        told.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({"reason": "enough"})).await.shows(200)
    };
    let twice = join_all(given.iter().flat_map(|id| [stop(id), stop(id)])).await;
    assert!(twice.iter().all(|answer| answer.at("/state") == "withdrawn"));
    for pair in twice.chunks(2) {
        assert_eq!(pair[0].json(), pair[1].json(), "the second is answered like the first");
    }
    let database = told.org.sql().await;
    for id in &given {
        let sql = "SELECT count(*) FROM consent_events WHERE consent_id = $1::text::uuid AND state = 'withdrawn'";
        assert_eq!(database.query_one(sql, &[id]).await.unwrap().get::<_, i64>(0), 1);
    }
}

#[tokio::test]
async fn who_waits_for_somebody_holds_up_nobody() {
    let told = Told::new().await;
    let ids = customers(&told, 6).await;
    let first = gives(&told.sales, &told, &ids[0], json!({})).await.shows(201).id();
    let others = join_all(ids[1..].iter().map(|id| gives(&told.sales, &told, id, json!({})))).await;
    let others: Vec<String> = others.into_iter().map(|answer| answer.shows(201).id()).collect();
    let mut holder = told.org.sql().await;
    let held = holder.transaction().await.unwrap();
    held.execute("SELECT FROM customers WHERE id = $1::text::uuid FOR UPDATE", &[&ids[0]]).await.unwrap();
    let path = format!("/v1/consents/{first}/withdraw");
    let body = json!({});
    let (late, again) = (told.sales.post(&path, &body), gives(&told.sales, &told, &ids[0], json!({"channel": "sms"})));
    let rest = async {
        let stop = async |id: &String| told.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({})).await;
        let stopped = timeout(SOON, join_all(others.iter().map(stop))).await.expect("they wait for nobody");
        stopped.into_iter().for_each(|answer| drop(answer.shows(200)));
        let more = ids[1..].iter().map(|id| gives(&told.sales, &told, id, json!({"channel": "email"})));
        let given = timeout(SOON, join_all(more)).await.expect("they wait for nobody");
        given.into_iter().for_each(|answer| drop(answer.shows(201)));
        held.rollback().await.unwrap();
    };
    let (late, again, ()) = tokio::join!(late, again, rest);
    assert_eq!(late.shows(200).at("/state"), "withdrawn");
    again.shows(201);
}
