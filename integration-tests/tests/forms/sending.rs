//! Sending a form: somebody new is entered, somebody known is not changed.

use serde_json::json;

use super::{Opened, PATH};
use crate::support::{Person, customer};

const EMAIL: &str = "zhang@forms.example";

/// Somebody known by that address, of this salesperson.
async fn known(sales: &Person) -> String {
    let mut body = customer();
    body["fields"]["email"] = json!(EMAIL);
    body["fields"]["name"] = json!("李四");
    sales.post("/v1/customers", &body).await.shows(201).id()
}

#[tokio::test]
async fn somebody_new_is_entered_with_what_they_agreed_to() {
    let opened = Opened::new(json!({})).await;
    let taken = opened.sends(json!({})).await.shows(202);
    assert_eq!(taken.at("/state"), "received");
    let people = opened.people(EMAIL).await;
    let [person] = people.as_slice() else { panic!("{people:?}") };
    let seen = opened.admin.get(&format!("/v1/customers/{person}")).await.shows(200);
    assert_eq!((seen.at("/source"), seen.at("/owner_id")), (json!("web_form"), json!(null)));
    assert_eq!(opened.consents(person).await, [("marketing".to_owned(), "given".to_owned())]);
    let decision = format!("/v1/consent-decisions?customer_id={person}&purpose=marketing");
    assert_eq!(opened.admin.get(&decision).await.shows(200).at("/allowed"), json!(true));
    let submissions = opened.submissions().await;
    assert_eq!((submissions.len(), &submissions[0]["state"]), (1, &json!("entered")));
    assert_eq!((&submissions[0]["customer_id"], &submissions[0]["id"]), (&json!(person), &taken.at("/submission_id")));
    let consent = opened.admin.get(&format!("/v1/customers/{person}/consents")).await.shows(200).at("/data/0/evidence");
    assert_eq!((&consent["method"], &consent["reference"]), (&json!("web_form"), &taken.at("/submission_id")));
    let entries = opened.org.auditor().await.get("/v1/audit/entries?action=forms.submit").await.shows(200);
    assert_eq!(entries.at("/data/0/details/standing"), "entered");
}

#[tokio::test]
async fn somebody_known_is_not_changed_until_a_member_of_staff_says_so() {
    let opened = Opened::new(json!({})).await;
    let asha = opened.org.sales_a().await;
    let person = known(&asha).await;
    let taken = opened.sends(json!({})).await.shows(202);
    assert_eq!(taken.at("/state"), "received", "the answer is that of somebody new");
    assert_eq!(opened.people(EMAIL).await, std::slice::from_ref(&person), "nobody is entered twice");
    let before = asha.get(&format!("/v1/customers/{person}")).await.shows(200);
    assert_eq!((before.at("/version"), before.at("/fields/name")), (json!(1), json!("李四")));
    assert!(opened.consents(&person).await.is_empty(), "nobody agrees in another's name");
    let path = format!("{PATH}/{}/submissions/{}", opened.form, taken.text_at("/submission_id"));
    let waits = asha.get(&path).await.shows(200);
    assert_eq!(waits.at("/state"), "proposed");
    assert_eq!(waits.at("/changes/name"), json!({"sent": "张三", "current": "李四", "view": "read"}));
    assert_eq!(waits.at("/changes/email/view"), "reveal");
    assert_eq!(waits.at("/changes/email/sent"), waits.at("/changes/email/current"));
    assert_eq!(waits.at("/consents"), json!(["marketing"]));
    let inbox = asha.get("/v1/inbox?kind=form_submission").await.shows(200);
    assert_eq!((inbox.at("/data/0/href"), inbox.at("/counts/form_submission")), (json!(path), json!(1)), "{inbox}");
    let theirs = opened.org.sales_b().await.get("/v1/inbox").await.shows(200);
    assert_eq!(theirs.at("/counts/form_submission"), 0, "who may not decide is not asked");
    opened.org.sales_b().await.get(&path).await.refuses(404, "not_found");
    opened.org.sales_b().await.post(&format!("{path}/accept"), &json!({})).await.refuses(404, "not_found");
    let strange =
        asha.post(&format!("{path}/accept"), &json!({"fields": ["notes"]})).await.refuses(422, "invalid_body");
    assert_eq!(strange.faults(), [("/fields/0".to_owned(), "unknown_field".to_owned())]);
    let accepted = asha.post(&format!("{path}/accept"), &json!({"fields": ["name"]})).await.shows(200);
    assert_eq!((accepted.at("/state"), accepted.at("/decided_by")), (json!("accepted"), json!(asha.id)));
    let after = asha.get(&format!("/v1/customers/{person}")).await.shows(200);
    assert_eq!((after.at("/version"), after.at("/fields/name")), (json!(2), json!("张三")));
    assert_eq!(opened.consents(&person).await, [("marketing".to_owned(), "given".to_owned())]);
    assert_eq!(asha.get("/v1/inbox").await.shows(200).at("/counts/form_submission"), 0);
    asha.post(&format!("{path}/accept"), &json!({})).await.refuses(409, "already_decided");
    asha.act(&format!("{path}/dismiss")).await.refuses(409, "already_decided");
    assert_eq!(asha.get(&path).await.shows(200).at("/changes"), json!({}), "what was decided is gone");
}

#[tokio::test]
async fn what_is_dismissed_leaves_nothing() {
    let opened = Opened::new(json!({})).await;
    let person = known(&opened.admin).await;
    let id = opened.sends(json!({})).await.shows(202).text_at("/submission_id");
    let path = format!("{PATH}/{}/submissions/{id}", opened.form);
    assert_eq!(opened.admin.act(&format!("{path}/dismiss")).await.shows(200).at("/state"), "dismissed");
    assert!(opened.consents(&person).await.is_empty());
    let kept = "SELECT count(*) FROM form_submissions WHERE sealed IS NOT NULL";
    assert_eq!(opened.org.sql().await.query_one(kept, &[]).await.unwrap().get::<_, i64>(0), 0);
    opened.org.marketing().await.act(&format!("{path}/dismiss")).await.refuses(403, "forbidden");
}

#[tokio::test]
async fn sent_again_it_is_taken_once() {
    let opened = Opened::new(json!({})).await;
    let body = opened.filled(json!({})).await;
    let first = opened.send(&body).await.shows(202);
    assert_eq!(opened.send(&body).await.shows(202).json(), first.json());
    let mut other = body.clone();
    other["fields"]["name"] = json!("王五");
    opened.send(&other).await.refuses(422, "idempotency_key_reused");
    assert_eq!((opened.submissions().await.len(), opened.people(EMAIL).await.len()), (1, 1));
}

#[tokio::test]
async fn two_pages_about_one_address_at_once_enter_one_person() {
    let opened = Opened::new(json!({})).await;
    let (one, other) = (opened.filled(json!({})).await, opened.filled(json!({})).await);
    let (first, second) = tokio::join!(opened.send(&one), opened.send(&other));
    first.shows(202);
    second.shows(202);
    assert_eq!(opened.people(EMAIL).await.len(), 1);
    let mut states: Vec<String> =
        opened.submissions().await.iter().map(|one| one["state"].as_str().unwrap().to_owned()).collect();
    states.sort();
    assert_eq!(states, ["entered", "proposed"]);
    let body = opened.filled(json!({"fields": {"name": "王五", "email": "wang@forms.example"}})).await;
    let (first, second) = tokio::join!(opened.send(&body), opened.send(&body));
    assert_eq!(first.shows(202).json(), second.shows(202).json());
    assert_eq!(opened.submissions().await.len(), 3, "and one body at once is one submission");
}

#[tokio::test]
async fn it_is_sealed_and_goes_with_the_person() {
    let opened = Opened::new(json!({})).await;
    let person = known(&opened.admin).await;
    opened.sends(json!({"fields": {"name": "海誓山盟之人", "email": EMAIL}})).await.shows(202);
    let bytes = "SELECT sealed FROM form_submissions";
    let sealed: Vec<u8> = opened.org.sql().await.query_one(bytes, &[]).await.unwrap().get(0);
    assert!(!sealed.windows(6).any(|part| part == "海誓".as_bytes()));
    crate::erasures::erase(&opened.admin, &person).await.shows(202);
    let left = "SELECT count(*) FROM form_submissions";
    assert_eq!(opened.org.sql().await.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
}
