//! Several requests of one person: the proved one stands, and nobody's else displaces it.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{PATH, act, file, proved, somebody};
use crate::support::{Org, Person};

async fn linked(dpo: &Person, id: &str) -> (Value, Value) {
    let read = dpo.get(&format!("{PATH}/{id}")).await.shows(200);
    (read.at("/duplicate_of"), read.at("/state"))
}

#[tokio::test]
async fn what_is_not_proved_never_displaces_and_what_is_proved_does() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let of_customer = json!({"customer_id": customer});
    let first = file(&dpo, &of_customer).await.shows(201).id();
    let second = file(&dpo, &of_customer).await.shows(201).id();
    let third = file(&dpo, &of_customer).await.shows(201).id();
    let other_right = file(&dpo, &json!({"customer_id": customer, "right": "erasure"})).await.shows(201).id();
    assert_eq!(linked(&dpo, &second).await, (json!(first), json!("received")));
    assert_eq!(linked(&dpo, &other_right).await.0, Value::Null);
    act(&dpo, &second, "verify", &json!({"method": "document"})).await.shows(200);
    assert_eq!(linked(&dpo, &second).await, (Value::Null, json!("in_progress")), "proved, it stands");
    assert_eq!((linked(&dpo, &first).await.0, linked(&dpo, &third).await.0), (json!(second), json!(second)));
    act(&dpo, &third, "verify", &json!({"method": "document"})).await.shows(200);
    assert_eq!(linked(&dpo, &third).await.0, json!(second), "the first that was proved stands");
    let late = file(&dpo, &of_customer).await.shows(201).id();
    assert_eq!(linked(&dpo, &late).await.0, json!(second));
    act(&dpo, &third, "complete", &json!({})).await.refuses(409, "duplicate_request");
    let reject = json!({"ground": "excessive", "explanation": "again and again"});
    act(&dpo, &third, "reject", &reject).await.refuses(409, "duplicate_request");
    act(&dpo, &second, "complete", &json!({"answer": "sent"})).await.shows(200);
    for answered in [&first, &third, &late] {
        assert_eq!(linked(&dpo, answered).await, (json!(second), json!("cancelled")));
    }
    assert_eq!(linked(&dpo, &other_right).await.1, "received");
}

#[tokio::test]
async fn turning_down_a_stranger_leaves_the_person_s_own_request_standing() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let stranger = file(&dpo, &json!({"customer_id": customer})).await.shows(201).id();
    let own = file(&dpo, &json!({"customer_id": customer})).await.shows(201).id();
    let reject = json!({"ground": "identity_not_proved", "explanation": "no proof was shown"});
    act(&dpo, &stranger, "reject", &reject).await.shows(200);
    assert_eq!(linked(&dpo, &own).await, (Value::Null, json!("received")));
    let taken_back = proved(&dpo, &customer, &json!({})).await;
    assert_eq!(linked(&dpo, &own).await.0, json!(taken_back));
    act(&dpo, &taken_back, "cancel", &json!({})).await.shows(200);
    assert_eq!(linked(&dpo, &own).await, (Value::Null, json!("received")));
    act(&dpo, &taken_back, "cancel", &json!({})).await.refuses(409, "request_closed");
}

#[tokio::test]
async fn however_many_are_filed_and_proved_at_once_one_stands() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let of_customer = json!({"customer_id": customer});
    let filed = join_all((0..6).map(|_| file(&dpo, &of_customer))).await;
    let ids: Vec<String> = filed.into_iter().map(|answer| answer.shows(201).id()).collect();
    let seen = json!({"method": "document"});
    join_all(ids.iter().map(|id| act(&dpo, id, "verify", &seen))).await.into_iter().for_each(|answer| {
        answer.shows(200);
    });
    let links = join_all(ids.iter().map(|id| linked(&dpo, id))).await;
    let standing: Vec<&String> = ids.iter().zip(&links).filter(|(_, (of, _))| of.is_null()).map(|(id, _)| id).collect();
    assert_eq!(standing.len(), 1, "{links:?}");
    assert_eq!(links.iter().filter(|(of, _)| *of == json!(standing[0])).count(), 5, "{links:?}");
}

#[tokio::test]
async fn of_two_corrections_that_a_person_asks_for_none_swallows_the_other() {
    let org = Org::found().await;
    let (dpo, (customer, address)) = (org.dpo().await, somebody(&org).await);
    let moved = format!("moved.{address}");
    let words = proved(&dpo, &customer, &json!({"right": "rectification", "words": "My name is misspelt."})).await;
    let asked = json!({"right": "rectification", "corrections": {"address": "2 Harbour Street"}});
    let first = proved(&dpo, &customer, &asked).await;
    let asked = json!({"right": "rectification", "corrections": {"email": moved}});
    let second = proved(&dpo, &customer, &asked).await;
    for id in [&words, &first, &second] {
        assert_eq!(linked(&dpo, id).await, (Value::Null, json!("in_progress")));
    }
    for id in [&words, &first, &second] {
        act(&dpo, id, "complete", &json!({})).await.shows(200);
    }
    let look = json!({"fields": ["address", "email"], "reason": "to see what was corrected"});
    let seen = dpo.post(&format!("/v1/customers/{customer}/reveal"), &look).await.shows(200);
    assert!(seen.text().contains("2 Harbour Street") && seen.text().contains(&moved), "{seen}");
}
