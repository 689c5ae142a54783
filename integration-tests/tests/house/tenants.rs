//! Two organisations: neither learns that the other's things exist.

use serde_json::{Value, json};

use super::operations::{Operation, Targets, operations};
use crate::support::{Answer, Org, customer};

/// What may differ between two answers: the moment, what is left of a minute, and whether all of the body had arrived when it was refused.
const OWN_TO_THE_REQUEST: [&str; 5] = ["date", "x-request-id", "ratelimit", "audit-id", "connection"];

/// Status, headers and body without what belongs to the request alone.
fn comparable(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("?").to_owned()))
        .filter(|(name, _)| !OWN_TO_THE_REQUEST.contains(&name.as_str()))
        .collect();
    headers.sort();
    (answer.status, headers, answer.timeless())
}

#[tokio::test]
async fn what_another_organisation_has_is_answered_like_what_nobody_has() {
    let (org, other) = (Org::found().await, Org::found().await);
    let (asha, admin) = (org.sales_a().await, org.admin().await);
    let ours = Targets::fresh(&org, &asha, &admin).await;
    let mut tried = 0;
    for key in ["admin", "dpo"] {
        let theirs = other.person(key).await;
        for operation in operations().into_iter().filter(|one| one.has_id() && !one.at_own_door()) {
            let foreign = operation.request(&theirs, &ours).await;
            let missing = operation.request(&theirs, &Targets::missing()).await;
            assert_eq!(comparable(&foreign), comparable(&missing), "{key}: {}", operation.name());
            assert!([403, 404].contains(&foreign.status), "{key}: {foreign}");
            tried += usize::from(foreign.status == 404);
        }
    }
    assert!(tried > 10, "only {tried} operations let the other organisation come so far");
    asha.get(&format!("/v1/customers/{}", ours.customer)).await.shows(200);
    assert_eq!(admin.get(&format!("/v1/api-keys/{}", ours.api_key)).await.shows(200).at("/active"), true);
}

/// Things of the organisation that every colleague may read. May only get shorter.
const EVERYBODYS: [&str; 8] = [
    "show_purpose",
    "list_purpose_versions",
    "show_notice",
    "show_notice_impact",
    "list_notice_differences",
    "show_tag",
    "show_form",
    "list_form_submissions",
];

#[tokio::test]
async fn what_lies_outside_the_scope_is_answered_like_what_nobody_has() {
    let org = Org::found().await;
    let (asha, ben, admin) = (org.sales_a().await, org.sales_b().await, org.admin().await);
    let hers = Targets::fresh(&org, &asha, &admin).await;
    let somebodys = |one: &Operation| one.has_id() && !one.at_own_door() && !EVERYBODYS.contains(&one.id.as_str());
    for operation in operations().into_iter().filter(somebodys) {
        let outside = operation.request(&ben, &hers).await;
        let missing = operation.request(&ben, &Targets::missing()).await;
        assert_eq!(comparable(&outside), comparable(&missing), "{}", operation.name());
        assert!([403, 404].contains(&outside.status), "{outside}");
    }
}

#[tokio::test]
async fn ids_of_another_organisation_in_a_body_are_unknown_and_nothing_is_written() {
    let (org, other) = (Org::found().await, Org::found().await);
    let asha = other.admin().await;
    for (member, code) in [("owner_id", "unknown_owner"), ("department_id", "unknown_department")] {
        let theirs = if member == "owner_id" { org.user_id("sales_a") } else { org.department_id("Sales East") };
        let mut answers = Vec::new();
        for id in [theirs, uuid::Uuid::from_u128(7)] {
            let mut body = customer();
            body[member] = json!(id);
            let answer = asha.post("/v1/customers", &body).await.refuses(422, "invalid_body");
            assert_eq!(answer.faults(), [(format!("/{member}"), code.to_owned())], "{answer}");
            answers.push(comparable(&answer));
        }
        assert_eq!(answers[0], answers[1]);
    }
    assert_eq!(asha.get("/v1/customers?count=true").await.shows(200).at("/count"), 0);
}

#[tokio::test]
async fn filters_by_ids_of_another_organisation_find_nothing() {
    let (org, other) = (Org::found().await, Org::found().await);
    let asha = org.sales_a().await;
    let id = org.customer_of(&asha).await;
    let (theirs, auditor) = (other.admin().await, other.auditor().await);
    for query in [format!("owner_id={}", asha.id), format!("department_id={}", org.department_id("Sales East"))] {
        let answer = theirs.get(&format!("/v1/customers?count=true&{query}")).await.shows(200);
        assert_eq!((answer.at("/data"), answer.at("/count")), (json!([]), json!(0)), "{answer}");
    }
    for query in [format!("actor={}", asha.id), format!("customer_id={id}")] {
        assert_eq!(auditor.get(&format!("/v1/audit/entries?{query}")).await.shows(200).at("/data"), json!([]));
    }
}

#[tokio::test]
async fn a_number_that_is_unique_here_is_free_there() {
    let (org, other) = (Org::found().await, Org::found().await);
    let (asha, theirs) = (org.sales_a().await, other.sales_a().await);
    let mut body = customer();
    asha.post("/v1/customers", &body).await.shows(201);
    theirs.post("/v1/customers", &body).await.shows(201);
    let number = body["fields"]["customer_no"].as_str().unwrap().to_owned();
    let answer = asha.post("/v1/customers", &body).await.refuses(409, "duplicate_value");
    assert!(!answer.text().contains(&number), "{answer}");
    // Also against a colleague's customer, which this caller may not see.
    let ben = org.sales_b().await;
    let hidden = ben.post("/v1/customers", &body).await.refuses(409, "duplicate_value");
    assert_eq!(hidden.timeless(), answer.timeless());
    body["fields"]["customer_no"] = json!(format!("{number}-2"));
    ben.post("/v1/customers", &body).await.shows(201);
}
