//! Who may ask for an erasure, what stands against it, and what is said before.

use serde_json::json;

use super::erase;
use crate::customers::path;
use crate::retention::hold;
use crate::support::{Org, stopped};

#[tokio::test]
async fn the_preview_says_what_goes_what_stays_and_why() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let customer = org.customer_of(&sales).await;
    sales.patch(&path(&customer), &json!({"fields": {"wechat": "wx_old"}})).await.shows(200);
    let told = crate::consents::agreed(&sales, &dpo, &customer).await;
    let preview = dpo.get(&format!("/v1/customers/{customer}/erasure-preview")).await.shows(200);
    assert_eq!(preview.at("/outcome"), "erase");
    let fields = preview.at("/fields");
    for field in ["customer_no", "name", "mobile", "wechat"] {
        assert!(fields.as_array().unwrap().contains(&json!(field)), "{field} goes: {fields}");
    }
    assert_eq!(preview.at("/goes/versions"), 1);
    assert!(preview.at("/goes/blind_indexes").as_i64().unwrap() > 0);
    let stays = preview.at("/stays");
    let consents = stays.as_array().unwrap().iter().find(|one| one["what"] == "consents").unwrap();
    assert_eq!(consents["rows"], 1, "{told} stays");
    assert!(stays.as_array().unwrap().iter().all(|one| !one["ground"].as_str().unwrap().is_empty()));
    assert!(!preview.text().contains("wx_old"), "no value is shown");
    sales.get(&format!("/v1/customers/{customer}/erasure-preview")).await.refuses(403, "forbidden");
}

#[tokio::test]
async fn a_dispute_refuses_the_erasure_and_names_the_hold() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let customer = org.customer_of(&sales).await;
    let held = hold(&dpo, &customer, json!({})).await.id();
    let refused = erase(&dpo, &customer).await.refuses(409, "legal_hold");
    assert!(refused.text().contains(&held), "whoever reads it learns whom to ask");
    let preview = dpo.get(&format!("/v1/customers/{customer}/erasure-preview")).await.shows(200);
    assert_eq!((preview.at("/outcome"), preview.at("/legal_holds")), (json!("refused"), json!([held])));
    sales.get(&path(&customer)).await.shows(200);
    let release = json!({"reason": "the case was settled"});
    dpo.post(&format!("/v1/legal-holds/{held}/release"), &release).await.shows(200);
    assert_eq!(erase(&dpo, &customer).await.shows(202).at("/state"), "erasing");
}

#[tokio::test]
async fn a_statutory_term_puts_it_off_and_restricts_until_it_has_run() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let customer = org.customer_of(&sales).await;
    let term = json!({"kind": "statutory", "basis": "ECL 31", "until": "2099-01-01T00:00:00Z"});
    let held = hold(&dpo, &customer, term).await.id();
    let blocked = erase(&dpo, &customer).await.shows(202);
    assert_eq!((blocked.at("/state"), blocked.at("/blocked_by")), (json!("blocked"), json!([held])));
    assert_eq!(blocked.at("/blocked_until"), "2099-01-01T00:00:00Z");
    assert_eq!(blocked.sent("location"), format!("/v1/erasures/{}", blocked.id()));
    let seen = sales.get(&path(&customer)).await.shows(200);
    assert_eq!(seen.at("/field_access/name/view"), "masked", "stored and kept safe, and nothing else");
    let preview = dpo.get(&format!("/v1/erasures/{}/preview", blocked.id())).await.shows(200);
    assert_eq!(
        (preview.at("/outcome"), preview.at("/blocked_until")),
        (json!("blocked"), json!("2099-01-01T00:00:00Z"))
    );
    let again = erase(&dpo, &customer).await.shows(202);
    assert_eq!(again.id(), blocked.id(), "one person has one erasure");
    dpo.post(&format!("/v1/legal-holds/{held}/release"), &json!({"reason": "laid in error"})).await.shows(200);
    let erased = erase(&dpo, &customer).await.shows(202);
    assert_eq!((erased.id(), erased.at("/state")), (blocked.id(), json!("erasing")));
}

#[tokio::test]
async fn only_who_may_erases_and_only_having_proved_who_they_are() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let customer = org.customer_of(&sales).await;
    for person in [&sales, &org.manager().await, &org.support().await, &org.auditor().await] {
        let refused = erase(person, &customer).await.refuses(403, "forbidden");
        assert!(refused.text().contains("erasures.request"));
    }
    service.clock.advance(chrono::Duration::minutes(6));
    erase(&dpo, &customer).await.refuses(403, "step_up_required");
    sales.get(&path(&customer)).await.shows(200);
    erase(&org.dpo().await, &customer).await.shows(202);
}

#[tokio::test]
async fn nobody_erases_or_looks_into_another_organisation() {
    let (org, other) = (Org::found().await, Org::found().await);
    let customer = org.customer_of(&org.sales_a().await).await;
    let (dpo, stranger) = (org.dpo().await, other.dpo().await);
    let erasure = erase(&dpo, &customer).await.shows(202).id();
    erase(&stranger, &customer).await.refuses(404, "not_found");
    stranger.get(&format!("/v1/erasures/{erasure}")).await.refuses(404, "not_found");
    stranger.get(&path(&customer)).await.refuses(404, "not_found");
    assert_eq!(stranger.get("/v1/erasures").await.shows(200).at("/data"), json!([]));
}

#[tokio::test]
async fn two_wishes_at_once_are_one_erasure() {
    let org = Org::found().await;
    let dpo = org.dpo().await;
    let customer = org.customer_of(&org.sales_a().await).await;
    let (one, other) = tokio::join!(erase(&dpo, &customer), erase(&dpo, &customer));
    assert_eq!(one.shows(202).id(), other.shows(202).id());
    let rows = org.sql().await.query("SELECT FROM erasures", &[]).await.unwrap();
    assert_eq!(rows.len(), 1);
}

#[tokio::test]
async fn an_unknown_ground_is_refused() {
    let org = Org::found().await;
    let dpo = org.dpo().await;
    let customer = org.customer_of(&org.sales_a().await).await;
    let body = json!({"ground": "because"});
    dpo.post(&format!("/v1/customers/{customer}/erase"), &body).await.refuses(422, "invalid_body");
    dpo.get(&path(&customer)).await.shows(200);
}
