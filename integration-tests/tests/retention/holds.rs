//! Legal holds over HTTP.

use serde_json::json;

use super::hold;
use crate::customers::merge::{merge, twins};
use crate::customers::{ids, path};
use crate::erasures::erase;
use crate::support::Org;

const PATH: &str = "/v1/legal-holds";

#[tokio::test]
async fn a_hold_is_laid_read_listed_and_ended() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let customer = org.customer_of(&sales).await;
    let made = hold(&dpo, &customer, json!({})).await;
    assert_eq!((made.at("/in_force"), made.at("/customer_ids")), (json!(true), json!([customer])));
    let one = dpo.get(&made.sent("location")).await.shows(200);
    assert_eq!((one.at("/reason"), one.at("/basis")), (json!("claim filed against us"), json!("case 17")));
    let other = hold(&dpo, &org.customer_of(&sales).await, json!({"kind": "investigation"})).await.id();
    let listed = async |query: &str| ids(&dpo.get(&format!("{PATH}?{query}")).await.shows(200).json());
    assert_eq!(listed(&format!("customer_id={customer}")).await, [made.id()]);
    assert_eq!(listed("in_force=true").await, [other.clone(), made.id()]);
    let release = format!("{PATH}/{}/release", made.id());
    let ended = dpo.post(&release, &json!({"reason": "the case was settled"})).await.shows(200);
    assert_eq!((ended.at("/in_force"), ended.at("/released_by")), (json!(false), json!(org.user_id("dpo"))));
    dpo.post(&release, &json!({"reason": "the case was settled"})).await.refuses(409, "hold_released");
    assert_eq!(listed("in_force=true").await, [other]);
    assert_eq!(listed("in_force=false").await, [made.id()]);
}

#[tokio::test]
async fn the_reason_is_sealed_in_the_rows() {
    let org = Org::found().await;
    let dpo = org.dpo().await;
    let customer = org.customer_of(&org.sales_a().await).await;
    hold(&dpo, &customer, json!({"reason": "canary-of-a-reason"})).await;
    let rows = org.sql().await.query("SELECT row_to_json(h)::text FROM legal_holds h", &[]).await.unwrap();
    let text: String = rows[0].get(0);
    let hex: String = "canary-of-a-reason".bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(!text.contains("canary-of-a-reason") && !text.contains(&hex));
}

#[tokio::test]
async fn what_cannot_be_held_is_named_all_at_once() {
    let org = Org::found().await;
    let (dpo, other) = (org.dpo().await, Org::found().await);
    let customer = org.customer_of(&org.sales_a().await).await;
    let foreign = other.customer_of(&other.sales_a().await).await;
    let gone = org.customer_of(&org.sales_a().await).await;
    erase(&dpo, &gone).await.shows(202);
    let body = json!({"kind": "statutory", "basis": "ECL 31", "reason": "must be kept", "customer_ids": [customer, foreign, gone, customer]});
    let refused = dpo.post(PATH, &body).await.refuses(422, "invalid_body");
    let mut faults = refused.faults();
    faults.sort();
    let fault = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    assert!(faults.contains(&fault("/until", "required")), "{faults:?}");
    assert!(faults.contains(&fault("/customer_ids/1", "unknown_customer")), "{faults:?}");
    assert!(faults.contains(&fault("/customer_ids/2", "erased_customer")), "{faults:?}");
    assert!(faults.iter().any(|(_, code)| code == "repeated"), "{faults:?}");
    let past = json!({"kind": "statutory", "basis": "ECL 31", "reason": "must be kept", "customer_ids": [customer], "until": "2020-01-01T00:00:00Z"});
    let refused = dpo.post(PATH, &past).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [fault("/until", "in_the_past")]);
    assert_eq!(dpo.get(PATH).await.shows(200).at("/data"), json!([]), "a refused hold binds nobody");
}

#[tokio::test]
async fn holds_are_for_those_who_answer_for_them() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let customer = org.customer_of(&sales).await;
    let held = hold(&dpo, &customer, json!({})).await.id();
    let body = json!({"kind": "litigation", "basis": "case 17", "reason": "claim filed", "customer_ids": [customer]});
    for person in [&sales, &org.manager().await] {
        person.post(PATH, &body).await.refuses(403, "forbidden");
        person.get(PATH).await.refuses(403, "forbidden");
    }
    let auditor = org.auditor().await;
    auditor.get(&format!("{PATH}/{held}")).await.shows(200);
    auditor.post(&format!("{PATH}/{held}/release"), &json!({"reason": "not mine"})).await.refuses(403, "forbidden");
    let stranger = Org::found().await.dpo().await;
    stranger.get(&format!("{PATH}/{held}")).await.refuses(404, "not_found");
    stranger.post(&format!("{PATH}/{held}/release"), &json!({"reason": "not mine"})).await.refuses(404, "not_found");
}

#[tokio::test]
async fn a_hold_and_an_erasure_at_once_never_both_win() {
    let org = Org::found().await;
    let dpo = org.dpo().await;
    let sales = org.sales_a().await;
    for _ in 0..8 {
        let customer = org.customer_of(&sales).await;
        let body =
            json!({"kind": "litigation", "basis": "case 17", "reason": "claim filed", "customer_ids": [customer]});
        let (held, erased) = tokio::join!(dpo.post(PATH, &body), erase(&dpo, &customer));
        match (held.status, erased.status) {
            (201, 409) => dpo.get(&path(&customer)).await.shows(200),
            (422, 202) => dpo.get(&path(&customer)).await.refuses(410, "erased"),
            other => panic!("both or neither won: {other:?}"),
        };
    }
}

#[tokio::test]
async fn a_hold_on_somebody_who_was_merged_away_keeps_whoever_they_are_by_now() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let (stays, goes) = twins(&sales).await;
    merge(&sales, &stays, &goes).await.shows(200);
    let made = hold(&dpo, &goes, json!({})).await;
    assert_eq!(made.at("/customer_ids"), json!([goes, stays]), "what was theirs is the other one's by now");
    erase(&dpo, &stays).await.refuses(409, "legal_hold");
    sales.get(&path(&stays)).await.shows(200);
    let release = format!("{PATH}/{}/release", made.id());
    dpo.post(&release, &json!({"reason": "the case was settled"})).await.shows(200);
    erase(&dpo, &stays).await.shows(202);
}
