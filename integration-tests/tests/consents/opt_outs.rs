//! A signal of the browser lasts.

use serde_json::{Value, json};

use super::Told;

#[tokio::test]
async fn an_opt_out_stands_when_the_signal_comes_no_more_until_the_person_agrees_later() {
    let told = Told::new().await;
    let ads = json!({"channels": ["sms", "email", "ads"], "consent_kind": "consent"});
    told.org.dpo().await.patch("/v1/purposes/marketing", &ads).await.shows(200);
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
    told.agrees(json!({})).await.shows(201);
    assert_eq!(reason("").await, "consent_in_force", "the person chose otherwise");
    let event = crate::events::told(&told.sales, "type=consents.opted_out").await;
    assert_eq!(event["data"], json!({"customer_id": told.customer, "signal": "gpc"}));
    told.org.sales_b().await.get(&opt_outs).await.refuses(404, "not_found");
}
