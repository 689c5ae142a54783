//! Answers: done, or turned down on a ground.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{PATH, SEPTEMBER, act, entries, file, proved, somebody};
use crate::support::Org;
use crate::support::mailbox::letter;

#[tokio::test]
async fn a_request_is_done_only_after_it_is_known_who_asks() {
    let org = Org::found().await;
    let (dpo, (customer, address)) = (org.dpo().await, somebody(&org).await);
    let id = file(&dpo, &json!({"customer_id": customer})).await.shows(201).id();
    act(&dpo, &id, "complete", &json!({})).await.refuses(409, "not_in_progress");
    act(&dpo, &id, "verify", &json!({"method": "document"})).await.shows(200);
    let done = act(&dpo, &id, "complete", &json!({"answer": "A copy was handed over."})).await.shows(200);
    assert_eq!((done.at("/state"), done.at("/answer")), (json!("completed"), json!("A copy was handed over.")));
    assert!(letter(org.service(), &address, 1).await.contains("A copy was handed over."));
    for action in ["complete", "verify", "cancel"] {
        let body = if action == "verify" { json!({"method": "document"}) } else { json!({}) };
        act(&dpo, &id, action, &body).await.refuses(409, "request_closed");
    }
    let log = dpo.get(&format!("{PATH}/log")).await.shows(200);
    let line = log.at("/data/0");
    assert_eq!((&line["id"], &line["right"], &line["state"]), (&json!(id), &json!("access"), &json!("completed")));
    assert!(!log.text().contains(&customer), "the log names nobody: {log}");
    let sales = org.sales_a().await;
    sales.get(&format!("{PATH}/log")).await.refuses(403, "forbidden");
}

#[tokio::test]
async fn an_answer_of_spaces_is_none() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let id = proved(&dpo, &customer, &json!({})).await;
    for blank in [" ", " \u{3000}  "] {
        let refused = act(&dpo, &id, "complete", &json!({"answer": blank})).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [("/answer".to_owned(), "too_short".to_owned())], "{blank:?}");
    }
    assert_eq!(dpo.get(&format!("{PATH}/{id}")).await.shows(200).at("/state"), "in_progress");
    act(&dpo, &id, "complete", &json!({})).await.shows(200);
}

#[tokio::test]
async fn an_erasure_is_not_done_because_somebody_says_so() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let id = proved(&dpo, &customer, &json!({"right": "erasure"})).await;
    act(&dpo, &id, "complete", &json!({})).await.refuses(409, "erasure_not_recorded");
}

#[tokio::test]
async fn a_withdrawal_is_done_when_no_consent_is_left_that_it_is_about() {
    let org = Org::found().await;
    let (dpo, admin, (customer, _)) = (org.dpo().await, org.admin().await, somebody(&org).await);
    let consent = crate::consents::agreed(&dpo, &admin, &customer).await;
    let purpose = dpo.get(&format!("/v1/consents/{consent}")).await.shows(200).text_at("/purpose");
    let about = |purposes: Value| json!({"right": "withdraw_consent", "purposes": purposes});
    let everything = proved(&dpo, &customer, &about(json!([]))).await;
    act(&dpo, &everything, "complete", &json!({})).await.refuses(409, "consents_in_force");
    act(&dpo, &everything, "cancel", &json!({})).await.shows(200);
    let other = proved(&dpo, &customer, &about(json!(["care"]))).await;
    let answer = act(&dpo, &other, "complete", &json!({})).await;
    if purpose == "care" {
        answer.refuses(409, "consents_in_force")
    } else {
        answer.shows(200)
    };
    dpo.post(&format!("/v1/consents/{consent}/withdraw"), &json!({})).await.shows(200);
    let again = proved(&dpo, &customer, &about(json!([purpose]))).await;
    let open = if purpose == "care" { other } else { again };
    act(&dpo, &open, "complete", &json!({})).await.shows(200);
}

#[tokio::test]
async fn a_request_is_turned_down_on_a_ground_of_its_law_with_the_remedy() {
    let org = Org::found().await;
    let (dpo, (customer, address)) = (org.dpo().await, somebody(&org).await);
    let members = json!({"right": "rectification", "jurisdiction": "CN", "received_at": SEPTEMBER});
    let id = proved(&dpo, &customer, &members).await;
    act(&dpo, &id, "reject", &json!({"ground": "found_correct"})).await.refuses(422, "invalid_body");
    act(&dpo, &id, "reject", &json!({"explanation": "because"})).await.refuses(422, "invalid_body");
    let spaces = act(&dpo, &id, "reject", &json!({"ground": "found_correct", "explanation": " \u{3000}  "})).await;
    let spaces = spaces.refuses(422, "invalid_body");
    assert_eq!(spaces.faults(), [("/explanation".to_owned(), "too_short".to_owned())]);
    for wrong in ["manifestly_unfounded", "retention_required", "no_time"] {
        let body = json!({"ground": wrong, "explanation": "because"});
        let refused = act(&dpo, &id, "reject", &body).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [("/ground".to_owned(), "not_a_ground".to_owned())], "{wrong}");
    }
    let unknown = json!({"ground": "identity_not_proved", "explanation": "because"});
    act(&dpo, &id, "reject", &unknown).await.refuses(409, "already_verified");
    let body = json!({"ground": "found_correct", "explanation": "Checked against the contract."});
    let rejected = act(&dpo, &id, "reject", &body).await.shows(200);
    assert_eq!((rejected.at("/state"), rejected.at("/article")), (json!("rejected"), json!("46")));
    assert!(rejected.text_at("/remedy/zh").contains("人民法院"), "{rejected}");
    let told = letter(org.service(), &address, 1).await;
    assert!(told.contains("人民法院") && told.contains("Checked against the contract."), "{told}");
    assert_eq!(entries(&org, "privacy_requests.reject").await[0]["details"]["ground"], "found_correct");
    let european = proved(&dpo, &customer, &json!({"right": "rectification"})).await;
    let rejected = act(&dpo, &european, "reject", &body).await.shows(200);
    assert!(rejected.text_at("/remedy/en").contains("supervisory authority"), "{rejected}");
}

#[tokio::test]
async fn of_answers_at_once_one_counts() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let id = proved(&dpo, &customer, &json!({"right": "rectification"})).await;
    let reject = json!({"ground": "found_correct", "explanation": "checked"});
    let none = json!({});
    let all = join_all([
        act(&dpo, &id, "complete", &none),
        act(&dpo, &id, "reject", &reject),
        act(&dpo, &id, "cancel", &none),
        act(&dpo, &id, "complete", &none),
    ])
    .await;
    assert_eq!(all.iter().filter(|answer| answer.status == 200).count(), 1, "{all:?}");
    assert!(all.iter().all(|answer| answer.status == 200 || answer.at("/code") == "request_closed"), "{all:?}");
}
