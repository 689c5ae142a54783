//! One call, without a reason, by whoever speaks for the person.

use serde_json::json;

use super::{Told, consent};
use crate::customers::merge::{merge, twins};
use crate::support::shared;

#[tokio::test]
async fn a_withdrawal_takes_one_call_and_holds_at_once() {
    let told = Told::new().await;
    let id = told.agrees(json!({})).await.shows(201).id();
    assert_eq!(told.decision("&channel=sms").await.at("/allowed"), true);
    let gone = told.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({})).await.shows(200);
    assert_eq!(gone.at("/state"), "withdrawn");
    let decision = told.decision("&channel=sms").await;
    assert_eq!(
        (decision.at("/allowed"), decision.at("/reason"), decision.at("/consent_id")),
        (json!(false), json!("withdrawn"), json!(id))
    );
    let again =
        told.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({"reason": "I said stop"})).await.shows(200);
    assert_eq!(again.at("/changed_at"), gone.at("/changed_at"));
    let log = told.org.auditor().await.get("/v1/audit/entries?action=consents.withdraw").await.shows(200);
    assert_eq!((log.at("/data/0/details/stopped"), log.at("/data/1/details/stopped")), (json!(0), json!(1)));
    // Asking again is no matter of a cool-down: nobody refused.
    told.agrees(json!({})).await.shows(201);
}

#[tokio::test]
async fn one_channel_is_stopped_alone_and_all_are_stopped_together() {
    let told = Told::new().await;
    told.agrees(json!({})).await.shows(201);
    let sms = told.agrees(json!({"channel": "sms"})).await.shows(201).id();
    told.sales.post(&format!("/v1/consents/{sms}/withdraw"), &json!({})).await.shows(200);
    assert_eq!(told.decision("&channel=sms").await.at("/reason"), "withdrawn");
    assert_eq!(told.decision("&channel=email").await.at("/allowed"), true);
    told.agrees(json!({"channel": "sms"})).await.shows(201);
    let listed = told.sales.get(&format!("/v1/customers/{}/consents", told.customer)).await.shows(200).at("/data");
    let everywhere = listed.as_array().unwrap().iter().find(|one| one["channel"].is_null()).unwrap()["id"].clone();
    told.sales.post(&format!("/v1/consents/{}/withdraw", everywhere.as_str().unwrap()), &json!({})).await.shows(200);
    for channel in ["sms", "email", "wechat"] {
        assert_eq!(told.decision(&format!("&channel={channel}")).await.at("/reason"), "withdrawn", "{channel}");
    }
}

#[tokio::test]
async fn a_person_withdraws_by_link_without_an_account() {
    let told = Told::new().await;
    let id = told.agrees(json!({})).await.shows(201).id();
    let link = told.sales.post(&format!("/v1/consents/{id}/withdrawal-link"), &json!({"days": 30})).await.shows(200);
    let stranger = shared().stranger();
    let token = link.text_at("/token");
    for bad in [token.replace('.', "x"), format!("{token}A"), "eyJhbGciOiJub25lIn0.e30.".to_owned()] {
        stranger.post("/v1/withdrawals", &json!({"token": bad})).await.refuses(403, "invalid_link");
    }
    let done = stranger.post("/v1/withdrawals", &json!({"token": token})).await.shows(200);
    assert_eq!((done.at("/state"), done.at("/purpose")), (json!("withdrawn"), json!("marketing")));
    assert_eq!(told.decision("").await.at("/reason"), "withdrawn");
    stranger.post("/v1/withdrawals", &json!({"token": token})).await.shows(200);
    let log = told.org.auditor().await.get("/v1/audit/entries?action=consents.withdraw").await.shows(200);
    assert_eq!(log.at("/data/0/actor/kind"), "subject");
}

#[tokio::test]
async fn whoever_was_deleted_or_merged_still_says_stop_by_their_link() {
    let told = Told::new().await;
    let admin = told.org.admin().await;
    let link = async |id: &str| {
        let path = format!("/v1/consents/{id}/withdrawal-link");
        told.sales.post(&path, &json!({"days": 30})).await.shows(200).text_at("/token")
    };
    let id = told.agrees(json!({})).await.shows(201).id();
    let token = link(&id).await;
    admin.delete(&format!("/v1/customers/{}", told.customer)).await.shows(204);
    let withdrawn = async |token: &str| shared().stranger().post("/v1/withdrawals", &json!({"token": token})).await;
    let done = withdrawn(&token).await.shows(200);
    assert_eq!(done.at("/state"), "withdrawn", "{done}");
    assert_eq!(withdrawn(&token).await.shows(200).at("/at"), done.at("/at"), "a second use changes nothing");
    let (stays, goes) = twins(&told.sales).await;
    let given = consent(&told.notice, json!({}));
    let given = told.sales.post(&format!("/v1/customers/{goes}/consents"), &given).await.shows(201).id();
    let token = link(&given).await;
    merge(&told.sales, &stays, &goes).await.shows(200);
    let decision = format!("/v1/consent-decisions?customer_id={stays}&purpose=marketing");
    assert_eq!(told.sales.get(&decision).await.shows(200).at("/allowed"), true, "what was agreed to goes along");
    assert_eq!(withdrawn(&token).await.shows(200).at("/state"), "withdrawn");
    assert_eq!(told.sales.get(&decision).await.shows(200).at("/reason"), "withdrawn");
}

#[tokio::test]
async fn a_partner_withdraws_under_ids_of_its_own() {
    let told = Told::new().await;
    let permissions = ["customers.read", "consents.read", "consents.record", "consents.withdraw", "consents.decide"];
    let partner = told.org.partner(&["name", "mobile"], &[], &permissions).await;
    let other = told.org.partner(&["name"], &[], &permissions).await;
    let id = told.agrees(json!({})).await.shows(201).id();
    let known = partner.get("/v1/customers").await.shows(200).text_at("/data/0/id");
    let listed = partner.get(&format!("/v1/customers/{known}/consents")).await.shows(200);
    let own = listed.text_at("/data/0/id");
    assert_ne!(own, id);
    assert!(listed.at("/data/0/recorded_by").is_null(), "{listed}");
    other.post(&format!("/v1/consents/{own}/withdraw"), &json!({})).await.refuses(404, "not_found");
    partner.post(&format!("/v1/consents/{own}/withdraw"), &json!({})).await.shows(200);
    assert_eq!(told.decision("").await.at("/reason"), "withdrawn");
    let made =
        partner.post(&format!("/v1/customers/{known}/consents"), &consent(&told.notice, json!({}))).await.shows(201);
    assert_eq!(made.at("/customer_id"), json!(known));
    let asked = format!("/v1/consent-decisions?customer_id={known}&purpose=marketing");
    assert_eq!(partner.get(&asked).await.shows(200).at("/consent_id"), made.at("/id"));
}
