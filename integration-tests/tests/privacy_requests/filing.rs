//! Filing: the clock, and nothing about who exists.

use serde_json::{Value, json};

use super::{PATH, SEPTEMBER, act, asking, entries, file, somebody};
use crate::support::{Answer, Org};

/// An answer without what differs from request to request.
fn shape(answer: &Answer) -> Value {
    let mut body = answer.json();
    for own in ["id", "received_at", "due_at"] {
        body.as_object_mut().unwrap().remove(own);
    }
    body
}

#[tokio::test]
async fn the_answer_does_not_tell_who_is_on_file() {
    let org = Org::found().await;
    let (sales, (customer, address)) = (org.sales_a().await, somebody(&org).await);
    let contact = |value: &str| json!({"contact": {"field": "email", "value": value}});
    let known = file(&sales, &contact(&address.to_uppercase())).await.shows(201);
    let strangers = [
        file(&sales, &contact("nobody@people.example")).await.shows(201),
        file(&sales, &json!({"customer_id": customer})).await.shows(201),
        file(&sales, &json!({"customer_id": crate::customers::NOBODY})).await.shows(201),
        // A second one of the same person: that it repeats another is not told either.
        file(&sales, &contact(&address)).await.shows(201),
    ];
    for other in strangers {
        assert_eq!(shape(&other), shape(&known));
    }
    sales.get(&format!("{PATH}/{}", known.id())).await.refuses(403, "forbidden");
    let auditor = org.auditor().await;
    let read = auditor.get(&format!("{PATH}/{}", known.id())).await.shows(200);
    assert_eq!((read.at("/customer_id"), read.at("/duplicate_of")), (Value::Null, Value::Null), "not before proof");
    let officer = org.dpo().await.get(&format!("{PATH}/{}", known.id())).await.shows(200);
    assert_eq!(officer.at("/customer_id"), customer.as_str());
    let logged = &entries(&org, "privacy_requests.create").await[0];
    assert_eq!(logged["details"]["right"], "access");
    assert!(!logged.to_string().contains("people.example"), "{logged}");
}

#[tokio::test]
async fn days_are_counted_by_the_law_of_the_request() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let due = async |right: &str, jurisdiction: &str, received: &str| {
        let members =
            json!({"customer_id": customer, "right": right, "jurisdiction": jurisdiction, "received_at": received});
        let filed = file(&dpo, &members).await.shows(201);
        (filed.text_at("/due_on"), filed.at("/acknowledge_by"))
    };
    assert_eq!(due("access", "EU", "2026-01-31T10:00:00Z").await, ("2026-02-28".into(), Value::Null));
    assert_eq!(due("access", "US-CA", "2026-06-08T20:00:00Z").await, ("2026-07-23".into(), json!("2026-06-23")));
    assert_eq!(due("erasure", "CN", SEPTEMBER).await, ("2026-10-21".into(), Value::Null));
    let opt_out = json!({"customer_id": customer, "right": "objection", "jurisdiction": "US-CA", "received_at": "2026-06-08T20:00:00Z"});
    let opt_out = file(&dpo, &opt_out).await.shows(201);
    assert_eq!((opt_out.at("/due_on"), opt_out.at("/state")), (json!("2026-06-30"), json!("in_progress")));
    let answer = act(&dpo, &opt_out.id(), "verify", &json!({"method": "code"})).await;
    answer.refuses(409, "no_verification");
}

#[tokio::test]
async fn a_year_without_calendar_is_said_to_be_missing_until_it_is_given() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let old = json!({"customer_id": customer, "jurisdiction": "CN", "received_at": "2021-09-23T02:00:00Z"});
    let refused = file(&dpo, &old).await.refuses(422, "calendar_missing");
    assert!(refused.text().contains("2021"), "{refused}");
    let year = json!({"jurisdiction": "CN", "year": 2021, "days_off": ["2021-10-01"], "days_worked": ["2021-09-26"]});
    dpo.post(&format!("{PATH}/calendars"), &year).await.shows(200);
    assert_eq!(file(&dpo, &old).await.shows(201).at("/due_on"), "2021-10-14");
    let wrong = json!({"jurisdiction": "CN", "year": 2021, "days_off": ["2022-10-01"], "days_worked": ["2021-09-27"]});
    let wrong = dpo.post(&format!("{PATH}/calendars"), &wrong).await.refuses(422, "invalid_body");
    let not_allowed = "not_allowed".to_owned();
    assert_eq!(
        wrong.faults(),
        [("/days_off/0".to_owned(), not_allowed.clone()), ("/days_worked/0".to_owned(), not_allowed)]
    );
    org.auditor().await.post(&format!("{PATH}/calendars"), &year).await.refuses(403, "forbidden");
    let mut checked = year.clone();
    checked["verified"] = json!(true);
    let unsourced = dpo.post(&format!("{PATH}/calendars"), &checked).await.refuses(422, "invalid_body");
    assert_eq!(unsourced.faults()[0].0, "/source");
    checked["source"] = json!("notice of the year 2021");
    let given = dpo.post(&format!("{PATH}/calendars"), &checked).await.shows(200);
    assert_eq!(
        (given.at("/calendars/0/verified"), given.at("/calendars/0/source")),
        (json!(true), checked["source"].clone())
    );
    assert_eq!(given.at("/built_in_calendars/0/verified"), false, "what nobody held against the source says so");
    let missing = given.at("/missing_calendars").as_array().unwrap().len();
    let next = json!({"jurisdiction": "CN", "year": 2027, "days_off": [], "days_worked": []});
    let left = dpo.post(&format!("{PATH}/calendars"), &next).await.shows(200).at("/missing_calendars");
    assert!(left.as_array().unwrap().len() <= missing && !left.to_string().contains("2027"), "{left}");
}

#[tokio::test]
async fn in_time_is_the_organisation_s_own_policy_and_shown_as_that() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let settings = format!("{PATH}/settings");
    let before = dpo.get(&settings).await.shows(200);
    assert_eq!((before.at("/working_days"), before.at("/rolls")), (json!(15), json!(false)));
    let own = json!({"working_days": 5, "rolls": true});
    dpo.request("PUT", &settings).json(&own).await.refuses(428, "precondition_required");
    let set = dpo.request("PUT", &settings).json(&own).header("if-match", &before.sent("etag")).await.shows(200);
    assert_eq!(set.at("/working_days"), 5);
    dpo.request("PUT", &settings)
        .json(&own)
        .header("if-match", &before.sent("etag"))
        .await
        .refuses(412, "precondition_failed");
    let long = json!({"working_days": 31, "rolls": true});
    dpo.request("PUT", &settings).json(&long).header("if-match", "*").await.refuses(422, "invalid_body");
    let members = json!({"customer_id": customer, "jurisdiction": "CN", "received_at": SEPTEMBER});
    let filed = file(&dpo, &members).await.shows(201);
    assert_eq!(filed.at("/due_on"), "2026-10-08");
    let basis = dpo.get(&format!("{PATH}/{}", filed.id())).await.shows(200).at("/basis");
    assert_eq!((&basis["policy"], &basis["zh"]), (&json!(true), &json!("及时")));
    let rolled = json!({"customer_id": customer, "received_at": "2026-01-31T10:00:00Z"});
    assert_eq!(file(&dpo, &rolled).await.shows(201).at("/due_on"), "2026-03-02");
}

#[tokio::test]
async fn a_faulty_request_is_told_every_fault() {
    let org = Org::found().await;
    let (sales, (customer, _)) = (org.sales_a().await, somebody(&org).await);
    let relative = json!({"kind": "relative"});
    let members = json!({"customer_id": customer, "right": "objection", "requester": relative, "purposes": ["care", "unheard_of"]});
    let refused = file(&sales, &members).await.refuses(422, "invalid_body");
    let pointers: Vec<String> = refused.faults().into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/purposes/0", "/purposes/1", "/requester/interest", "/requester/relationship", "/right"]);
    let both = json!({"customer_id": customer, "contact": {"field": "email", "value": "a@b.example"}});
    assert_eq!(file(&sales, &both).await.refuses(422, "invalid_body").faults()[0].1, "one_of");
    let future = json!({"customer_id": customer, "received_at": "2099-01-01T00:00:00Z"});
    assert_eq!(file(&sales, &future).await.refuses(422, "invalid_body").faults()[0].0, "/received_at");
    let number = json!({"contact": {"field": "mobile", "value": "not a number"}});
    assert_eq!(file(&sales, &number).await.refuses(422, "invalid_body").faults()[0].0, "/contact/value");
    org.finance().await.post(PATH, &asking(&json!({"customer_id": customer}))).await.refuses(403, "forbidden");
}
