//! A signal of the browser lasts.

use serde_json::{Value, json};

use super::{Told, agreed, consent};
use crate::exports;
use crate::support::Caller;

#[tokio::test]
async fn an_opt_out_stands_when_the_signal_comes_no_more_until_the_person_agrees_later() {
    let mut told = Told::new().await;
    told.hears_of(&json!({"channels": ["sms", "email", "ads"], "consent_kind": "consent"})).await;
    told.agrees(json!({})).await.shows(201);
    let path = format!("/v1/consent-decisions?customer_id={}&purpose=marketing", told.customer);
    let opt_outs = format!("/v1/customers/{}/opt-outs", told.customer);
    let reason = async |more: &str| told.sales.get(&format!("{path}{more}")).await.shows(200).at("/reason");
    let before = told.sales.get(&path).await.shows(200);
    assert_eq!((before.at("/reason"), reason("").await), (json!("consent_in_force"), json!("consent_in_force")));
    told.sales.get(&path).header("sec-gpc", "true").await.shows(200);
    assert_eq!(told.sales.get(&opt_outs).await.shows(200).at("/data"), json!([]), "any other value is ignored");
    for _ in 0..3 {
        let answer = told.sales.get(&path).header("sec-gpc", "1").await.shows(200);
        assert_eq!(answer.at("/reason"), "opt_out_signal");
    }
    assert_eq!(reason("").await, "opt_out_signal", "its absence changes nothing");
    let listed = told.sales.get(&opt_outs).await.shows(200);
    assert_eq!((listed.at("/data/0/signal"), listed.at("/data/1")), (json!("gpc"), Value::Null), "recorded once");
    assert_eq!(
        reason(&format!("&as_of={}", before.text_at("/as_of"))).await,
        "consent_in_force",
        "then it was allowed"
    );
    let care = format!("/v1/consent-decisions?customer_id={}&purpose=care", told.customer);
    assert_eq!(told.sales.get(&care).await.shows(200).at("/reason"), "other_basis", "nothing is sold there");
    told.agrees(json!({})).await.refuses(409, "asked_after_opt_out");
    told.agrees(json!({"outcome": "refused"})).await.refuses(409, "asked_after_opt_out");
    let intake = json!({"consents": [{"customer_id": told.customer, "consent": consent(&told.notice, json!({}))}]});
    let row = told.sales.post("/v1/consents", &intake).await.shows(200);
    assert_eq!(row.at("/results/0/code"), "asked_after_opt_out");
    told.agrees(json!({"unasked": true})).await.shows(201);
    assert_eq!(reason("").await, "consent_in_force", "the person chose otherwise");
    told.agrees(json!({})).await.shows(201);
    let event = crate::events::told(&told.sales, "type=consents.opted_out").await;
    assert_eq!(event["data"], json!({"customer_id": told.customer, "signal": "gpc"}));
    told.org.sales_b().await.get(&opt_outs).await.refuses(404, "not_found");
}

#[tokio::test]
async fn who_opted_out_is_not_asked_again_for_twelve_months() {
    let mut told = Told::new().await;
    let path = format!("/v1/consent-decisions?customer_id={}&purpose=marketing", told.customer);
    told.agrees(json!({})).await.shows(201);
    told.sales.get(&path).header("sec-gpc", "1").await.shows(200);
    told.agrees(json!({})).await.shows(201);
    told.hears_of(&json!({"channels": ["sms", "email", "ads"], "consent_kind": "consent"})).await;
    told.sales.get(&path).header("sec-gpc", "1").await.shows(200);
    let rows = told.org.sql().await;
    let back = "UPDATE opt_outs SET at = clock_timestamp() - interval '12 months' + interval '1 minute'";
    rows.execute(back, &[]).await.unwrap();
    rows.execute("UPDATE consent_states SET at = at - interval '3 years'", &[]).await.unwrap();
    told.agrees(json!({})).await.refuses(409, "asked_after_opt_out");
    rows.execute("UPDATE opt_outs SET at = at - interval '2 minutes'", &[]).await.unwrap();
    told.agrees(json!({})).await.shows(201);
    assert_eq!(told.sales.get(&path).await.shows(200).at("/reason"), "consent_in_force");
}

#[tokio::test]
async fn nothing_is_shown_of_who_opted_out_until_they_agree_later() {
    let mut told = Told::new().await;
    let (dpo, manager, admin) = (told.org.dpo().await, told.org.manager().await, told.org.admin().await);
    told.hears_of(&json!({"channels": ["sms", "email", "ads"], "consent_kind": "consent"})).await;
    told.agrees(json!({})).await.shows(201);
    let other = told.org.customer_of(&told.sales).await;
    agreed(&told.sales, &dpo, &other).await;
    let marketing = told.sales.with("processing-purpose", "marketing");
    let partner = told.org.partner(&["name", "mobile"], &["marketing"], &["customers.read"]).await;
    let partner = partner.with("processing-purpose", "marketing");
    let (path, reveal) =
        (format!("/v1/customers/{}", told.customer), json!({"fields": ["mobile"], "reason": "an offer"}));
    let listed = async |caller: &Caller| {
        let page = caller.get("/v1/customers").await.shows(200);
        page.at("/data").as_array().unwrap().iter().map(|row| row["id"].clone()).collect::<Vec<_>>()
    };
    let before = listed(&partner).await;
    assert_eq!((listed(&marketing).await.len(), before.len()), (2, 2));
    let export = exports::ask(&manager, json!({"purpose": "marketing"})).await.shows(201).id();
    let decision = format!("/v1/consent-decisions?customer_id={}&purpose=marketing", told.customer);
    told.sales.get(&decision).header("sec-gpc", "1").await.shows(200);
    for answer in [marketing.get(&path).await, marketing.post(&format!("{path}/reveal"), &reveal).await] {
        let refused = answer.refuses(403, "no_consent");
        assert!(!refused.text().contains("Zhang"), "{refused}");
    }
    assert_eq!(listed(&marketing).await, [json!(other)]);
    let left = listed(&partner).await;
    assert_eq!(left.len(), 1);
    let gone = before.iter().find(|id| !left.contains(id)).and_then(Value::as_str).unwrap();
    partner.get(&format!("/v1/customers/{gone}")).await.refuses(403, "no_consent");
    admin.post(&format!("/v1/access-requests/{export}/approve"), &json!({})).await.shows(200);
    let file = exports::until(&manager, &export, "ready").await;
    assert_eq!((file.at("/rows"), file.at("/left_out")), (json!(1), json!({"no_consent": 1})));
    told.sales.with("processing-purpose", "care").get(&path).await.shows(200);
    told.agrees(json!({"unasked": true})).await.shows(201);
    marketing.get(&path).await.shows(200);
    marketing.post(&format!("{path}/reveal"), &reveal).await.shows(200);
    assert_eq!((listed(&marketing).await.len(), listed(&partner).await), (2, before));
}
