//! Consents of whoever was merged: under ids from before, and after it was undone.

use serde_json::json;

use super::{Told, consent};
use crate::customers::merge::{merge, twins};
use crate::support::{Answer, shared};

/// Twins of whom the one that is to go has agreed to marketing: the one that stays, the one that goes, and the consent.
async fn agreed_twins(told: &Told) -> (String, String, String) {
    let (stays, goes) = twins(&told.sales).await;
    let given = consent(&told.notice, json!({}));
    let given = told.sales.post(&format!("/v1/customers/{goes}/consents"), &given).await.shows(201).id();
    (stays, goes, given)
}

fn decision(customer: &str) -> String {
    format!("/v1/consent-decisions?customer_id={customer}&purpose=marketing")
}

async fn unmerge(told: &Told, stays: &str, merged: &str) -> Answer {
    let body = json!({"merge_id": merged, "reason": "Two brothers with one telephone"});
    told.sales.post(&format!("/v1/customers/{stays}/unmerge"), &body).await
}

async fn undo(told: &Told, stays: &str, merged: &str) {
    unmerge(told, stays, merged).await.shows(200);
}

/// Twins of whom the one with the lower id has agreed to marketing and was merged into the other: the one that stays, the one that went, a link that stops what
/// it had agreed to, and the merge.
async fn merged_twins(told: &Told) -> (String, String, String, String) {
    let (one, other) = twins(&told.sales).await;
    let (goes, stays) = if one < other { (one, other) } else { (other, one) };
    let given = consent(&told.notice, json!({}));
    let given = told.sales.post(&format!("/v1/customers/{goes}/consents"), &given).await.shows(201).id();
    let token = link(told, &given).await;
    let merged = merge(&told.sales, &stays, &goes).await.shows(200).id();
    (stays, goes, token, merged)
}

/// A link that stops a consent.
async fn link(told: &Told, consent: &str) -> String {
    let path = format!("/v1/consents/{consent}/withdrawal-link");
    told.sales.post(&path, &json!({"days": 30})).await.shows(200).text_at("/token")
}

async fn stopped_by(token: &str) -> Answer {
    shared().stranger().post("/v1/withdrawals", &json!({"token": token})).await
}

/// What is answered to somebody who has to wait for whoever holds the first of two customers, and meanwhile keeps the second from nobody.
async fn waits_empty_handed(told: &Told, [first, second]: [&str; 2], asked: impl Future<Output = Answer>) -> Answer {
    let holder = told.org.sql().await;
    let hold = format!("BEGIN; SELECT FROM customers WHERE id = '{first}' FOR UPDATE");
    holder.batch_execute(&hold).await.unwrap();
    tokio::pin!(asked);
    tokio::select! {
        answer = &mut asked => panic!("it waited for nobody: {answer}"),
        () = told.org.waited_for(&holder) => {}
    }
    let free = "SELECT FROM customers WHERE id = $1::text::uuid FOR UPDATE SKIP LOCKED";
    let free = holder.query(free, &[&second]).await.unwrap().len();
    holder.batch_execute("COMMIT").await.unwrap();
    assert_eq!(free, 1, "whoever holds the first and wants the second would wait in turn");
    asked.await
}

#[tokio::test]
async fn staff_read_and_withdraw_a_consent_from_before_a_merge() {
    let told = Told::new().await;
    let (stays, goes, given) = agreed_twins(&told).await;
    merge(&told.sales, &stays, &goes).await.shows(200);
    let own = format!("/v1/consents/{given}");
    assert_eq!(told.sales.get(&own).await.shows(200).at("/state"), "given");
    told.sales.get(&format!("{own}/receipt")).await.shows(200);
    told.sales.get(&format!("{own}/recipients")).await.shows(200);
    let ben = told.org.sales_b().await;
    for path in [own.clone(), format!("{own}/receipt"), format!("{own}/recipients")] {
        ben.get(&path).await.refuses(404, "not_found");
    }
    ben.post(&format!("{own}/withdraw"), &json!({})).await.refuses(404, "not_found");
    assert_eq!(told.sales.get(&decision(&stays)).await.shows(200).at("/allowed"), true);
    let gone = told.sales.post(&format!("{own}/withdraw"), &json!({})).await.shows(200);
    assert_eq!(gone.at("/state"), "withdrawn", "{gone}");
    assert_eq!(told.sales.get(&decision(&stays)).await.shows(200).at("/reason"), "withdrawn");
    let again = told.sales.post(&format!("{own}/withdraw"), &json!({})).await.shows(200);
    assert_eq!(again.at("/changed_at"), gone.at("/changed_at"), "a second time changes nothing");
}

#[tokio::test]
async fn a_partner_withdraws_by_the_id_that_it_knew_before_a_merge() {
    let told = Told::new().await;
    let (stays, goes, given) = agreed_twins(&told).await;
    let permissions = ["customers.read", "consents.read", "consents.withdraw"];
    let partner = told.org.partner(&["name", "mobile"], &[], &permissions).await;
    let other = told.org.partner(&["name"], &[], &permissions).await;
    let known = partner.get("/v1/customers").await.shows(200).at("/data");
    let mut own = None;
    for one in known.as_array().unwrap() {
        let path = format!("/v1/customers/{}/consents", one["id"].as_str().unwrap());
        own = own.or(partner.get(&path).await.shows(200).at("/data/0/id").as_str().map(str::to_owned));
    }
    let own = own.expect("the partner knows the consent");
    assert_ne!(own, given);
    merge(&told.sales, &stays, &goes).await.shows(200);
    partner.get(&format!("/v1/consents/{own}")).await.shows(200);
    partner.get(&format!("/v1/consents/{own}/receipt")).await.shows(200);
    other.post(&format!("/v1/consents/{own}/withdraw"), &json!({})).await.refuses(404, "not_found");
    let gone = partner.post(&format!("/v1/consents/{own}/withdraw"), &json!({})).await.shows(200);
    assert_eq!(gone.at("/state"), "withdrawn", "{gone}");
    assert_eq!(told.sales.get(&decision(&stays)).await.shows(200).at("/reason"), "withdrawn");
}

#[tokio::test]
async fn the_stop_of_a_copy_reaches_what_it_was_copied_from_once_the_merge_is_undone() {
    for by_link in [true, false] {
        let told = Told::new().await;
        let (stays, goes, _) = agreed_twins(&told).await;
        let merged = merge(&told.sales, &stays, &goes).await.shows(200).id();
        let listed = told.sales.get(&format!("/v1/customers/{stays}/consents")).await.shows(200);
        let copy = format!("/v1/consents/{}", listed.text_at("/data/0/id"));
        let link = told.sales.post(&format!("{copy}/withdrawal-link"), &json!({"days": 30})).await.shows(200);
        undo(&told, &stays, &merged).await;
        assert_eq!(told.sales.get(&decision(&goes)).await.shows(200).at("/allowed"), true, "it went back");
        let token = json!({"token": link.text_at("/token")});
        let done = match by_link {
            true => shared().stranger().post("/v1/withdrawals", &token).await,
            false => told.sales.post(&format!("{copy}/withdraw"), &json!({})).await,
        };
        assert_eq!(done.shows(200).at("/state"), "withdrawn", "by link: {by_link}");
        assert_eq!(told.sales.get(&decision(&goes)).await.shows(200).at("/reason"), "withdrawn", "by link: {by_link}");
    }
}

#[tokio::test]
async fn a_stop_that_reaches_two_customers_holds_them_in_the_order_of_a_merge() {
    for by_link in [true, false] {
        let told = Told::new().await;
        let (stays, goes, _, merged) = merged_twins(&told).await;
        let listed = told.sales.get(&format!("/v1/customers/{stays}/consents")).await.shows(200);
        let copy = listed.text_at("/data/0/id");
        let token = link(&told, &copy).await;
        undo(&told, &stays, &merged).await;
        let stop = async {
            match by_link {
                true => stopped_by(&token).await,
                false => told.sales.post(&format!("/v1/consents/{copy}/withdraw"), &json!({})).await,
            }
        };
        let done = waits_empty_handed(&told, [&goes, &stays], stop).await.shows(200);
        assert_eq!(done.at("/state"), "withdrawn", "by link: {by_link}");
    }
}

#[tokio::test]
async fn whoever_was_merged_is_held_after_the_one_that_they_are_by_now() {
    let told = Told::new().await;
    let (stays, goes, token, merged) = merged_twins(&told).await;
    let both = [stays.as_str(), goes.as_str()];
    let done = waits_empty_handed(&told, both, stopped_by(&token)).await.shows(200);
    assert_eq!(done.at("/state"), "withdrawn");
    waits_empty_handed(&told, both, unmerge(&told, &stays, &merged)).await.shows(200);
    assert_eq!(told.sales.get(&decision(&goes)).await.shows(200).at("/reason"), "withdrawn");
}

#[tokio::test]
async fn a_copy_that_was_stopped_does_not_hold_again_by_undoing_the_merge() {
    let told = Told::new().await;
    let (stays, goes, _) = agreed_twins(&told).await;
    let merged = merge(&told.sales, &stays, &goes).await.shows(200).id();
    let listed = told.sales.get(&format!("/v1/customers/{stays}/consents")).await.shows(200);
    let copy = format!("/v1/consents/{}/withdraw", listed.text_at("/data/0/id"));
    told.sales.post(&copy, &json!({})).await.shows(200);
    undo(&told, &stays, &merged).await;
    for customer in [&stays, &goes] {
        assert_eq!(told.sales.get(&decision(customer)).await.shows(200).at("/allowed"), false, "{customer}");
    }
}

#[tokio::test]
async fn an_old_link_that_stops_a_later_yes_says_so() {
    let told = Told::new().await;
    let id = told.agrees(json!({})).await.shows(201).id();
    let link = told.sales.post(&format!("/v1/consents/{id}/withdrawal-link"), &json!({"days": 30})).await.shows(200);
    told.agrees(json!({})).await.shows(201);
    let token = json!({"token": link.text_at("/token")});
    let done = shared().stranger().post("/v1/withdrawals", &token).await.shows(200);
    assert_eq!(done.at("/state"), "withdrawn", "{done}");
    assert_eq!(told.decision("").await.at("/reason"), "withdrawn");
    let again = shared().stranger().post("/v1/withdrawals", &token).await.shows(200);
    assert_eq!(again.json(), done.json(), "a second use is answered like the first");
}
