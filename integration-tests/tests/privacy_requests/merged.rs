//! Requests of people who turn out to be one: what was answered is fetched still, and what is asked twice is answered once.

use serde_json::{Value, json};

use super::duplicates::linked;
use super::{PATH, act, entries, file, proved, somebody};
use crate::customers::merge::merge;
use crate::customers::path;
use crate::support::{Answer, Org, Person};

async fn unmerge(person: &Person, stays: &str, merge: &str) -> Answer {
    let body = json!({"merge_id": merge, "reason": "Two brothers with one telephone"});
    person.post(&format!("{}/unmerge", path(stays)), &body).await
}

/// Whether a package, whose entries are stored as they are, holds a text.
fn holds(package: &Answer, text: &str) -> bool {
    package.bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// A request for access that was answered, and whose package nobody has fetched.
async fn answered(dpo: &Person, customer: &str) -> String {
    let id = proved(dpo, customer, &json!({})).await;
    act(dpo, &id, "complete", &json!({})).await.shows(200);
    id
}

#[tokio::test]
async fn what_was_answered_before_a_merge_is_handed_out_once_with_the_data_of_the_one_that_they_are_now() {
    let org = Org::found().await;
    let (dpo, (stays, kept), (goes, _)) = (org.dpo().await, somebody(&org).await, somebody(&org).await);
    let (last, (_, further)) = (somebody(&org).await, somebody(&org).await);
    let admin = org.admin().await;
    let (id, again) = (answered(&dpo, &goes).await, answered(&dpo, &goes).await);
    merge(&admin, &stays, &goes).await.shows(200);
    let fetched = format!("{PATH}/{id}/package");
    let package = dpo.get(&fetched).await.shows(200);
    assert!(holds(&package, &kept) && !holds(&package, &further));
    dpo.get(&fetched).await.refuses(410, "package_fetched");
    let told = entries(&org, "privacy_requests.package").await;
    assert_eq!((told.len(), &told[0]["customer"]), (1, &json!(stays)), "whose data it showed: {told:?}");
    merge(&admin, &last.0, &stays).await.shows(200);
    let package = dpo.get(&format!("{PATH}/{again}/package")).await.shows(200);
    assert!(holds(&package, &last.1), "all the way");
}

#[tokio::test]
async fn what_was_answered_before_a_merge_that_is_undone_is_theirs_again() {
    let org = Org::found().await;
    let (dpo, (stays, kept), (goes, gone)) = (org.dpo().await, somebody(&org).await, somebody(&org).await);
    let admin = org.admin().await;
    let id = answered(&dpo, &goes).await;
    let merged = merge(&admin, &stays, &goes).await.shows(200).id();
    unmerge(&admin, &stays, &merged).await.shows(200);
    let package = dpo.get(&format!("{PATH}/{id}/package")).await.shows(200);
    assert!(holds(&package, &gone) && !holds(&package, &kept));
}

#[tokio::test]
async fn nothing_is_handed_out_of_somebody_who_was_merged_and_erased() {
    let org = Org::found().await;
    let (dpo, (stays, _), (goes, _)) = (org.dpo().await, somebody(&org).await, somebody(&org).await);
    let id = answered(&dpo, &goes).await;
    merge(&org.admin().await, &stays, &goes).await.shows(200);
    crate::erasures::erase(&dpo, &stays).await.shows(202);
    dpo.get(&format!("{PATH}/{id}/package")).await.refuses(410, "erased");
}

#[tokio::test]
async fn of_two_who_are_one_the_proved_request_stands_and_the_others_are_answered_with_it() {
    let org = Org::found().await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    for proved_goes in [true, false] {
        let ((stays, _), (goes, _)) = (somebody(&org).await, somebody(&org).await);
        let (theirs, others) = if proved_goes { (&goes, &stays) } else { (&stays, &goes) };
        let first = file(&dpo, &json!({"customer_id": others})).await.shows(201).id();
        let second = file(&dpo, &json!({"customer_id": others})).await.shows(201).id();
        let own = proved(&dpo, theirs, &json!({})).await;
        let other_right = file(&dpo, &json!({"customer_id": others, "right": "erasure"})).await.shows(201).id();
        merge(&admin, &stays, &goes).await.shows(200);
        assert_eq!(linked(&dpo, &own).await, (Value::Null, json!("in_progress")), "proved, it stands");
        for id in [&first, &second] {
            assert_eq!(linked(&dpo, id).await, (json!(own), json!("received")));
        }
        assert_eq!(linked(&dpo, &other_right).await, (Value::Null, json!("received")));
        act(&dpo, &first, "extend", &json!({"reason": "Much is held."})).await.refuses(409, "duplicate_request");
        act(&dpo, &own, "complete", &json!({})).await.shows(200);
        for id in [&first, &second] {
            assert_eq!(linked(&dpo, id).await, (json!(own), json!("cancelled")));
        }
        assert_eq!(linked(&dpo, &other_right).await.1, "received");
    }
}

#[tokio::test]
async fn where_nothing_or_everything_is_proved_the_oldest_stands() {
    let org = Org::found().await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    for goes_first in [true, false] {
        for is_proved in [true, false] {
            let ((stays, _), (goes, _)) = (somebody(&org).await, somebody(&org).await);
            let (one, other) = if goes_first { (&goes, &stays) } else { (&stays, &goes) };
            let mut ids = Vec::new();
            for customer in [one, other] {
                ids.push(if is_proved {
                    proved(&dpo, customer, &json!({})).await
                } else {
                    file(&dpo, &json!({"customer_id": customer})).await.shows(201).id()
                });
            }
            merge(&admin, &stays, &goes).await.shows(200);
            assert_eq!(linked(&dpo, &ids[0]).await.0, Value::Null, "{goes_first} {is_proved}");
            assert_eq!(linked(&dpo, &ids[1]).await.0, json!(ids[0]), "{goes_first} {is_proved}");
        }
    }
}

#[tokio::test]
async fn a_merge_undone_leaves_each_with_a_request_that_stands() {
    let org = Org::found().await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    for proved_goes in [true, false] {
        let ((stays, _), (goes, _)) = (somebody(&org).await, somebody(&org).await);
        let (theirs, others) = if proved_goes { (&goes, &stays) } else { (&stays, &goes) };
        let first = file(&dpo, &json!({"customer_id": others})).await.shows(201).id();
        let second = file(&dpo, &json!({"customer_id": others})).await.shows(201).id();
        let own = proved(&dpo, theirs, &json!({})).await;
        let merged = merge(&admin, &stays, &goes).await.shows(200).id();
        unmerge(&admin, &stays, &merged).await.shows(200);
        assert_eq!(linked(&dpo, &own).await, (Value::Null, json!("in_progress")));
        assert_eq!(linked(&dpo, &first).await, (Value::Null, json!("received")), "it waits for nobody else's answer");
        assert_eq!(linked(&dpo, &second).await.0, json!(first));
        act(&dpo, &own, "complete", &json!({})).await.shows(200);
        assert_eq!(linked(&dpo, &first).await.1, "received");
    }
}
