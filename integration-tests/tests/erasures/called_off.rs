//! Who waits to be erased and for what: a wish that was taken back ends the waiting, a hold that was released does not prolong it, and whoever had
//! processing restricted is not erased among many.

use serde_json::{Value, json};

use super::{erase, round};
use crate::customers::path;
use crate::imports::finished;
use crate::privacy_requests::{act, lift, proved, restrict};
use crate::retention::hold;
use crate::support::{Org, Person, customer};

fn term(year: u16) -> Value {
    json!({"kind": "statutory", "basis": "ECL 31", "until": format!("{year}-01-01T00:00:00Z")})
}

async fn release(dpo: &Person, hold: &str) {
    dpo.post(&format!("/v1/legal-holds/{hold}/release"), &json!({"reason": "laid in error"})).await.shows(200);
}

/// Somebody's erasure that waits for a term and answers their request: the request, the hold, the erasure.
async fn waiting(dpo: &Person, customer: &str) -> [String; 3] {
    let request = proved(dpo, customer, &json!({"right": "erasure"})).await;
    let held = hold(dpo, customer, term(2099)).await.id();
    let wish = json!({"ground": "subject_request", "privacy_request_id": request});
    let asked = dpo.post(&format!("/v1/customers/{customer}/erase"), &wish).await.shows(202);
    assert_eq!(asked.at("/state"), "blocked");
    [request, held, asked.id()]
}

#[tokio::test]
async fn whoever_takes_the_wish_back_or_is_turned_down_is_not_erased_and_is_in_use_again() {
    let rejected = json!({"ground": "legal_claims", "explanation": "A claim is open."});
    for (action, body) in [("cancel", json!({})), ("reject", rejected)] {
        let org = Org::found().await;
        let (dpo, sales) = (org.dpo().await, org.sales_a().await);
        let customer = org.customer_of(&sales).await;
        let [request, held, erasure] = waiting(&dpo, &customer).await;
        act(&dpo, &request, action, &body).await.shows(200);
        dpo.get(&format!("/v1/erasures/{erasure}")).await.refuses(404, "not_found");
        assert_eq!(dpo.get(&path(&customer)).await.shows(200).at("/restricted"), false, "{action}");
        release(&dpo, &held).await;
        assert_eq!(round(&org).await.taken_up, 0, "{action}");
        sales.get(&path(&customer)).await.shows(200);
        let told = org.auditor().await.get("/v1/audit/entries?action=erasures.call_off").await.shows(200);
        assert_eq!(told.at("/data").as_array().unwrap().len(), 1, "{action}");
        assert_eq!(erase(&dpo, &customer).await.shows(202).at("/state"), "erasing", "a new wish is a new erasure");
    }
}

#[tokio::test]
async fn a_restriction_of_their_own_outlives_the_wish_that_was_taken_back() {
    let org = Org::found().await;
    let dpo = org.dpo().await;
    let customer = org.customer_of(&org.sales_a().await).await;
    let own = restrict(&dpo, &customer).await;
    let [request, ..] = waiting(&dpo, &customer).await;
    act(&dpo, &request, "cancel", &json!({})).await.shows(200);
    assert_eq!(dpo.get(&path(&customer)).await.shows(200).at("/restricted"), true);
    lift(&dpo, &own).await;
    assert_eq!(dpo.get(&path(&customer)).await.shows(200).at("/restricted"), false);
}

#[tokio::test]
async fn an_erasure_that_rests_on_no_request_stands() {
    let org = Org::found().await;
    let dpo = org.dpo().await;
    let customer = org.customer_of(&org.sales_a().await).await;
    hold(&dpo, &customer, term(2099)).await;
    let erasure = erase(&dpo, &customer).await.shows(202).id();
    let request = proved(&dpo, &customer, &json!({"right": "erasure"})).await;
    act(&dpo, &request, "cancel", &json!({})).await.shows(200);
    assert_eq!(dpo.get(&format!("/v1/erasures/{erasure}")).await.shows(200).at("/state"), "blocked");
}

#[tokio::test]
async fn a_released_term_lets_the_erasure_go_on_or_names_what_else_binds() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let customer = org.customer_of(&sales).await;
    let [_, held, erasure] = waiting(&dpo, &customer).await;
    let other = hold(&dpo, &customer, term(2098)).await.id();
    release(&dpo, &held).await;
    assert_eq!(round(&org).await.taken_up, 0);
    let waits = dpo.get(&format!("/v1/erasures/{erasure}")).await.shows(200);
    assert_eq!((waits.at("/blocked_by"), waits.at("/blocked_until")), (json!([other]), json!("2098-01-01T00:00:00Z")));
    release(&dpo, &other).await;
    assert_eq!(round(&org).await.taken_up, 1);
    dpo.get(&path(&customer)).await.refuses(410, "erased");
}

#[tokio::test]
async fn whoever_had_processing_restricted_is_not_erased_among_many() {
    let org = Org::found().await;
    let (dpo, admin, sales) = (org.dpo().await, org.admin().await, org.sales_a().await);
    let mut lost = Vec::new();
    for _ in 0..3 {
        let mut body = customer();
        body["stage"] = json!("lost");
        lost.push(sales.post("/v1/customers", &body).await.shows(201).id());
    }
    restrict(&dpo, &lost[0]).await;
    let [_, held, _] = waiting(&dpo, &lost[1]).await;
    release(&dpo, &held).await;
    let looked = json!({"filter": {"stage": "lost"}});
    let preview = dpo.post("/v1/erasure-batches/preview", &looked).await.shows(200);
    assert_eq!((preview.at("/customers"), preview.at("/restricted")), (json!(3), json!(1)), "told beforehand");
    let wish = json!({"filter": {"stage": "lost"}, "ground": "purpose_done", "reason": "the campaign is over"});
    let batch = dpo.post("/v1/erasure-batches", &wish).await.shows(201).id();
    let approve = format!("/v1/erasure-batches/{batch}/approve");
    let allowed = admin.post(&approve, &json!({"customers": 3})).await.shows(202);
    finished(&admin, &allowed.sent("location")).await;
    let done = dpo.get(&format!("/v1/erasure-batches/{batch}")).await.shows(200);
    assert_eq!(done.at("/outcomes"), json!({"erased": 2, "restricted": 1}));
    dpo.get(&path(&lost[0])).await.shows(200);
    let left = dpo.get(&format!("/v1/erasure-batches/{batch}/customers?outcome=restricted")).await.shows(200);
    assert_eq!(left.at("/data/0/customer_id"), json!(lost[0]));
    assert_eq!(erase(&dpo, &lost[0]).await.shows(202).at("/state"), "erasing", "their own wish is theirs");
}

#[tokio::test]
async fn whoever_had_processing_restricted_is_not_erased_for_a_reason_of_the_house() {
    let org = Org::found().await;
    let dpo = org.dpo().await;
    let customer = org.customer_of(&org.sales_a().await).await;
    let own = restrict(&dpo, &customer).await;
    let erase_for =
        async |ground: &str| dpo.post(&format!("/v1/customers/{customer}/erase"), &json!({"ground": ground})).await;
    for ground in ["purpose_done", "retention_over", "consent_withdrawn"] {
        erase_for(ground).await.refuses(409, "customer_restricted");
    }
    dpo.get(&path(&customer)).await.shows(200);
    assert_eq!(dpo.get("/v1/erasures").await.shows(200).at("/data"), json!([]));
    lift(&dpo, &own).await;
    assert_eq!(erase_for("purpose_done").await.shows(202).at("/state"), "erasing");
}

#[tokio::test]
async fn whoever_has_processing_restricted_while_a_term_runs_is_not_erased_as_it_ends_before_that_is_lifted() {
    let org = Org::found().await;
    let dpo = org.dpo().await;
    let customer = org.customer_of(&org.sales_a().await).await;
    let held = hold(&dpo, &customer, term(2099)).await.id();
    let wish = json!({"ground": "purpose_done"});
    let asked = dpo.post(&format!("/v1/customers/{customer}/erase"), &wish).await.shows(202);
    assert_eq!(asked.at("/state"), "blocked");
    let own = restrict(&dpo, &customer).await;
    release(&dpo, &held).await;
    assert_eq!(round(&org).await.taken_up, 0);
    dpo.get(&path(&customer)).await.shows(200);
    lift(&dpo, &own).await;
    assert_eq!(round(&org).await.taken_up, 1);
    dpo.get(&path(&customer)).await.refuses(410, "erased");
}
