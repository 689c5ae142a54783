//! Whoever has had processing restricted stays where they are, and is shown to nobody further.

use custodian_application::{Clock, SystemClock};
use serde_json::{Value, json};

use super::path;
use crate::privacy_requests::{lift, restrict};
use crate::support::{Org, Person, Request};

#[tokio::test]
async fn nobody_restricted_is_put_into_the_archive_or_taken_out_of_it() {
    let org = Org::found().await;
    let (asha, dpo) = (org.sales_a().await, org.dpo().await);
    let (used, kept) = (org.customer_of(&asha).await, org.customer_of(&asha).await);
    let (into, out) = (format!("{}/archive", path(&used)), format!("{}/restore", path(&kept)));
    let why = json!({"reason": "Moved abroad"});
    asha.post(&format!("{}/archive", path(&kept)), &why).await.shows(200);
    let (first, second) = (restrict(&dpo, &used).await, restrict(&dpo, &kept).await);
    for (moved, id, version) in [(&into, &used, 1), (&out, &kept, 2)] {
        asha.post(moved, &why).await.refuses(409, "customer_restricted");
        assert_eq!(asha.get(&path(id)).await.shows(200).at("/version"), version);
    }
    org.sales_b().await.post(&into, &why).await.refuses(404, "not_found");
    lift(&dpo, &first).await;
    lift(&dpo, &second).await;
    asha.post(&into, &why).await.shows(200);
    asha.post(&out, &why).await.shows(200);
}

fn with(person: &Person, id: &str, those: &Value) -> Request {
    let body = json!({"collaborators": those});
    person.request("PUT", &format!("{}/collaborators", path(id))).header("if-match", "*").json(&body)
}

#[tokio::test]
async fn whoever_is_restricted_is_shown_to_nobody_further_and_colleagues_can_be_taken_off() {
    let org = Org::found().await;
    let (asha, ben, cy, dpo) = (org.sales_a().await, org.sales_b().await, org.sales_c().await, org.dpo().await);
    let id = org.customer_of(&asha).await;
    let days = |count: i64| SystemClock.now() + chrono::Duration::days(count);
    let both = json!([{"user_id": ben.id, "ends_at": days(20)}, {"user_id": cy.id}]);
    let named = with(&asha, &id, &both).await.shows(200).at("/data");
    let until = |person: &Person| {
        let one = named.as_array().unwrap().iter().find(|one| one["user_id"] == json!(person.id));
        one.unwrap()["ends_at"].clone()
    };
    let request = restrict(&dpo, &id).await;
    let of_ben = json!({"user_id": ben.id, "ends_at": until(&ben)});
    for wider in [
        json!([of_ben, {"user_id": cy.id}, {"user_id": org.user_id("support")}]),
        json!([of_ben, {"user_id": org.user_id("support")}]),
        json!([{"user_id": ben.id, "ends_at": days(30)}, {"user_id": cy.id}]),
        json!([{"user_id": ben.id}, {"user_id": cy.id}]),
    ] {
        with(&asha, &id, &wider).await.refuses(409, "customer_restricted");
    }
    let list = format!("{}/collaborators", path(&id));
    assert_eq!(asha.get(&list).await.shows(200).at("/data"), named, "what is refused changes nothing");
    with(&asha, &id, &json!([of_ben, {"user_id": cy.id}])).await.shows(200);
    with(&asha, &id, &json!([of_ben, {"user_id": cy.id, "ends_at": days(10)}])).await.shows(200);
    with(&asha, &id, &json!([of_ben])).await.shows(200);
    cy.get(&path(&id)).await.refuses(404, "not_found");
    with(&asha, &id, &json!([])).await.shows(200);
    with(&asha, &id, &json!([of_ben])).await.refuses(409, "customer_restricted");
    ben.get(&path(&id)).await.refuses(404, "not_found");
    lift(&dpo, &request).await;
    with(&asha, &id, &both).await.shows(200);
}
