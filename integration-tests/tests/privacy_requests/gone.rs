//! Acting on a request beside whoever changes whose it is, and once they are gone.

use serde_json::json;

use super::{PATH, act, asking, proved, somebody};
use crate::erasures::erase;
use crate::support::{Answer, Org};

/// What is answered to somebody who had to wait for whoever holds the customer, and meanwhile kept the request from nobody. The holder does this to it, too.
async fn beside(
    org: &Org<'_>,
    [customer, request]: [&str; 2],
    change: &str,
    asked: impl Future<Output = Answer>,
) -> Answer {
    let holder = org.sql().await;
    let hold = format!("BEGIN; SELECT FROM customers WHERE id = '{customer}' FOR UPDATE");
    holder.batch_execute(&hold).await.unwrap();
    tokio::pin!(asked);
    tokio::select! {
        answer = &mut asked => panic!("it waited for nobody: {answer}"),
        () = org.waited_for(&holder) => {}
    }
    let free = "SELECT FROM privacy_requests WHERE id = $1::text::uuid FOR UPDATE SKIP LOCKED";
    let free = holder.query(free, &[&request]).await.unwrap().len();
    holder.batch_execute(&format!("{change}; COMMIT")).await.unwrap();
    assert_eq!(free, 1, "whoever erases or merges the person would wait in turn");
    asked.await
}

#[tokio::test]
async fn whoever_acts_on_a_request_holds_whose_it_is_before_it() {
    let org = Org::found().await;
    let dpo = org.dpo().await;
    let acts = [
        ("complete", json!({})),
        ("acknowledge", json!({})),
        ("extend", json!({"reason": "Much is held."})),
        ("reject", json!({"ground": "nothing_held", "explanation": "Looked for everywhere."})),
        ("cancel", json!({})),
    ];
    for (action, body) in acts {
        let (customer, _) = somebody(&org).await;
        let id = proved(&dpo, &customer, &json!({})).await;
        beside(&org, [&customer, &id], "", act(&dpo, &id, action, &body)).await.shows(200);
    }
    let (customer, _) = somebody(&org).await;
    let id = proved(&dpo, &customer, &json!({})).await;
    act(&dpo, &id, "complete", &json!({})).await.shows(200);
    let path = format!("{PATH}/{id}/package");
    beside(&org, [&customer, &id], "", async { dpo.get(&path).await }).await.shows(200);
}

#[tokio::test]
async fn a_request_is_filed_by_whoever_waits_for_whose_it_is() {
    let org = Org::found().await;
    let (dpo, (customer, address)) = (org.dpo().await, somebody(&org).await);
    let id = proved(&dpo, &customer, &json!({})).await;
    let body = asking(&json!({"contact": {"field": "email", "value": address}}));
    beside(&org, [&customer, &id], "", async { dpo.post(PATH, &body).await }).await.shows(201);
}

#[tokio::test]
async fn a_request_that_is_somebody_elses_by_then_is_completed_for_them() {
    let org = Org::found().await;
    let (dpo, (before, _), (after, _)) = (org.dpo().await, somebody(&org).await, somebody(&org).await);
    let id = proved(&dpo, &before, &json!({"right": "restriction"})).await;
    let change = format!("UPDATE privacy_requests SET customer_id = '{after}' WHERE id = '{id}'");
    beside(&org, [&before, &id], &change, act(&dpo, &id, "complete", &json!({}))).await.shows(200);
    let restricted = async |id: &str| dpo.get(&crate::customers::path(id)).await.shows(200).at("/restricted");
    assert_eq!((restricted(&before).await, restricted(&after).await), (json!(false), json!(true)));
}

#[tokio::test]
async fn nothing_is_said_to_be_done_for_somebody_who_was_erased() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let answered = proved(&dpo, &customer, &json!({})).await;
    act(&dpo, &answered, "complete", &json!({})).await.shows(200);
    let mut open = Vec::new();
    for right in ["access", "portability", "rectification", "restriction", "objection"] {
        open.push(proved(&dpo, &customer, &json!({"right": right})).await);
    }
    erase(&dpo, &customer).await.shows(202);
    dpo.get(&format!("{PATH}/{answered}/package")).await.refuses(410, "erased");
    for id in open {
        act(&dpo, &id, "complete", &json!({})).await.refuses(410, "erased");
        assert_eq!(dpo.get(&format!("{PATH}/{id}")).await.shows(200).at("/state"), "in_progress");
        let reject = json!({"ground": "nothing_held", "explanation": "They were erased meanwhile."});
        let rejected = act(&dpo, &id, "reject", &reject).await.shows(200);
        assert_eq!((rejected.at("/state"), rejected.at("/ground")), (json!("rejected"), json!("nothing_held")));
    }
}
