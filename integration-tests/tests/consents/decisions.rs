//! Were we, are we allowed: one and many, by channel, by contact point, as of any moment.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Told, consent};
use crate::support::Answer;

#[tokio::test]
async fn a_decision_names_its_ground_its_notice_and_its_reason() {
    let told = Told::new().await;
    let none = told.decision("").await;
    assert_eq!(
        (none.at("/allowed"), none.at("/reason"), none.at("/legal_basis")),
        (json!(false), json!("no_consent"), json!("cn_consent"))
    );
    let id = told.agrees(json!({"channel": "sms"})).await.shows(201).id();
    let sms = told.decision("&channel=sms").await;
    assert_eq!(
        (sms.at("/allowed"), sms.at("/consent_id"), sms.at("/notice_version")),
        (json!(true), json!(id), json!(told.notice))
    );
    assert_eq!(told.decision("&channel=email").await.at("/reason"), "no_consent");
    assert_eq!(told.decision("&channel=ads").await.at("/reason"), "channel_not_covered");
    assert_eq!(told.decision("").await.at("/allowed"), true);
    let care = format!("/v1/consent-decisions?customer_id={}&purpose=care", told.customer);
    assert_eq!(told.sales.get(&care).await.shows(200).at("/reason"), "other_basis");
    let stranger = "/v1/consent-decisions?customer_id=0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b&purpose=marketing";
    assert_eq!(told.sales.get(stranger).await.shows(200).at("/reason"), "unknown_person");
    let outside = format!("/v1/consent-decisions?customer_id={}&purpose=marketing", told.customer);
    assert_eq!(told.org.sales_b().await.get(&outside).await.shows(200).at("/reason"), "unknown_person");
    told.sales.get("/v1/consent-decisions?purpose=marketing").await.refuses(400, "invalid_query");
    let nothing = format!("/v1/consent-decisions?customer_id={}&purpose=nothing", told.customer);
    told.sales.get(&nothing).await.refuses(422, "invalid_body");
}

#[tokio::test]
async fn the_past_answers_alike_for_ever() {
    let told = Told::new().await;
    let mut told_then: Vec<Value> = vec![told.decision("").await.json()];
    let id = told.agrees(json!({})).await.shows(201).id();
    told_then.push(told.decision("").await.json());
    told.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({})).await.shows(200);
    told_then.push(told.decision("").await.json());
    told.agrees(json!({})).await.shows(201);
    told_then.push(told.decision("").await.json());
    let officer = told.org.dpo().await;
    officer.patch("/v1/purposes/marketing", &json!({"description": "Sells the data."})).await.shows(200);
    told_then.push(told.decision("").await.json());
    officer.act("/v1/purposes/marketing/retire").await.shows(200);
    told_then.push(told.decision("").await.json());
    let reasons: Vec<_> = told_then.iter().map(|one| one["reason"].as_str().unwrap()).collect();
    assert_eq!(
        reasons,
        ["no_consent", "consent_in_force", "withdrawn", "consent_in_force", "needs_renewal", "purpose_not_in_force"]
    );
    for then in told_then {
        let asked = told.decision(&format!("&as_of={}", then["as_of"].as_str().unwrap())).await;
        assert_eq!(asked.json(), then);
    }
    let path =
        format!("/v1/consent-decisions?customer_id={}&purpose=marketing&as_of=2126-01-01T00:00:00Z", told.customer);
    told.sales.get(&path).await.refuses(422, "invalid_body");
    assert_eq!(told.decision("&as_of=2020-01-01T00:00:00Z").await.at("/reason"), "unknown_person");
}

#[tokio::test]
async fn a_sealed_contact_point_is_found_and_shown_to_nobody() {
    let told = Told::new().await;
    told.agrees(json!({"channel": "sms"})).await.shows(201);
    let path = format!("/v1/customers/{}", told.customer);
    told.sales.patch(&path, &json!({"fields": {"mobile": "13700001234"}})).await.shows(200);
    let ask = json!({"purpose": "marketing", "channel": "sms", "contact_points": [{"type": "mobile", "value": "137 0000 1234"},
        {"type": "mobile", "value": "13700009999"}, {"type": "email", "value": "nobody@example.com"}, {"type": "mobile", "value": "not a number"}]});
    let answer = told.org.marketing().await.post("/v1/consent-decisions", &ask).await.shows(200);
    let reasons: Vec<_> = answer.at("/data").as_array().unwrap().iter().map(|one| one["reason"].clone()).collect();
    assert_eq!(reasons, ["consent_in_force", "unknown_person", "unknown_person", "unknown_person"]);
    assert!(!answer.text().contains("1370000"), "{answer}");
    // Another person of the same number has not agreed: the number may not be used.
    let twin = told.org.customer_of(&told.sales).await;
    told.sales.patch(&format!("/v1/customers/{twin}"), &json!({"fields": {"mobile": "13700001234"}})).await.shows(200);
    let answer = told.org.marketing().await.post("/v1/consent-decisions", &ask).await.shows(200);
    assert_eq!(answer.at("/data/0/reason"), "no_consent");
    let both = json!({"purpose": "marketing", "customer_ids": [told.customer], "contact_points": [{"type": "mobile", "value": "1"}]});
    told.sales.post("/v1/consent-decisions", &both).await.refuses(422, "invalid_body");
}

#[tokio::test]
async fn ten_thousand_are_decided_in_one_call_in_their_order() {
    let told = Told::new().await;
    told.agrees(json!({})).await.shows(201);
    let stranger = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b".to_owned();
    let ids: Vec<String> =
        (0..10_000).map(|at| if at % 100 == 7 { told.customer.clone() } else { stranger.clone() }).collect();
    let ask = |ids: &[String]| json!({"purpose": "marketing", "customer_ids": ids});
    let answer = told.sales.post("/v1/consent-decisions", &ask(&ids)).await.shows(200);
    let data = answer.at("/data").as_array().unwrap().clone();
    assert_eq!(data.len(), 10_000);
    for (at, one) in data.iter().enumerate() {
        assert_eq!(one["allowed"], at % 100 == 7, "{at}");
    }
    let more: Vec<String> = (0..10_001).map(|_| stranger.clone()).collect();
    told.sales.post("/v1/consent-decisions", &ask(&more)).await.refuses(422, "invalid_body");
}

#[tokio::test]
async fn a_key_bound_to_purposes_asks_about_them_alone() {
    let told = Told::new().await;
    told.agrees(json!({})).await.shows(201);
    let partner = told.org.partner(&["mobile"], &["marketing"], &["customers.read", "consents.decide"]).await;
    let listed = partner.get("/v1/customers").header("processing-purpose", "marketing").await.shows(200);
    let known = listed.text_at("/data/0/id");
    let asked = |purpose: &str| format!("/v1/consent-decisions?customer_id={known}&purpose={purpose}");
    assert_eq!(partner.get(&asked("marketing")).await.shows(200).at("/allowed"), true);
    partner.get(&asked("care")).await.refuses(403, "purpose_not_allowed");
    told.org.nobody().await.get(&asked("care")).await.refuses(403, "forbidden");
}

/// Every way to say yes three times over, for all of a purpose or for one way of contact, at every instant from the first to past the last.
#[tokio::test]
async fn one_yes_after_another_leaves_no_instant_without_one() {
    let told = Told::new().await;
    let said = [json!({}), json!({"channel": "sms"}), json!({"channel": "email"})];
    let (mut people, mut rows, mut by_sms) = (Vec::new(), Vec::new(), Vec::new());
    for way in 0..27_usize {
        let customer = told.org.customer_of(&told.sales).await;
        let ways = [way % 3, way / 3 % 3, way / 9];
        for at in ways {
            rows.push(json!({"customer_id": customer, "consent": consent(&told.notice, said[at].clone())}));
        }
        by_sms.push(ways.iter().position(|at| *at != 2));
        people.push(customer);
    }
    let done = told.sales.post("/v1/consents", &json!({"consents": rows})).await.shows(200);
    assert_eq!(done.at("/recorded"), 81, "{done}");
    let mut times = Vec::new();
    for row in 0..3 {
        let id = done.text_at(&format!("/results/{row}/consent_id"));
        let at = told.sales.get(&format!("/v1/consents/{id}")).await.shows(200).text_at("/at");
        times.push(at.parse::<DateTime<Utc>>().unwrap());
    }
    let mut instant = times[0];
    while instant <= times[2] + TimeDelta::microseconds(2) {
        let ask = |members: Value| {
            let mut body = json!({"purpose": "marketing", "customer_ids": people, "as_of": instant});
            body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            body
        };
        let any = told.sales.post("/v1/consent-decisions", &ask(json!({}))).await.shows(200);
        let sms = told.sales.post("/v1/consent-decisions", &ask(json!({"channel": "sms"}))).await.shows(200);
        for (person, first) in by_sms.iter().enumerate() {
            let allowed = |answer: &Answer| answer.at(&format!("/data/{person}/allowed"));
            assert_eq!(allowed(&any), true, "{person} at {instant}");
            let yes = first.is_some_and(|first| times[first] <= instant);
            assert_eq!(allowed(&sms), yes, "{person} by sms at {instant}");
        }
        instant += TimeDelta::microseconds(1);
    }
}
