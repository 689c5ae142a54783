//! The Data Rights Protocol 1.0: set up, exercised, followed, revoked.

use serde_json::{Value, json};

use super::agent::Agent;
use super::listener::Listener;
use super::{act, only, somebody, told};
use crate::support::Org;

#[tokio::test]
async fn an_agent_sets_itself_up_and_its_token_says_who_it_is() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let mut agent = Agent::added(org.service(), &admin, json!({})).await;
    let made = agent.set_up(&agent.signed(&agent.claims())).await.shows(200);
    assert_eq!(made.text_at("/agent-id"), agent.id);
    let first = made.text_at("/token");
    agent.takes(&first);
    assert_eq!(agent.information(&agent.id).await.shows(200).json(), json!({}));
    agent.information("SOMEBODY_ELSE").await.shows(403);
    let mut later = agent.claims();
    later["jti"] = json!("the second");
    let second = agent.set_up(&agent.signed(&later)).await.shows(200).text_at("/token");
    agent.information(&agent.id).await.shows(403);
    agent.takes(&second);
    agent.information(&agent.id).await.shows(200);
}

#[tokio::test]
async fn a_right_is_exercised_and_told_of_until_it_is_fulfilled() {
    let org = Org::found().await;
    let (admin, dpo, listener) = (org.admin().await, org.dpo().await, Listener::start());
    let (customer, address) = somebody(&org).await;
    let agent = Agent::ready(org.service(), &admin, json!({"callback_urls": [listener.url]})).await;
    let person = json!({"name": "Wang", "email": address, "email_verified": true, "agent-request-id": "foo-1",
        "relationships": ["customer", "marketing"], "status_callback": listener.url, "power_of_attorney": "poa/17"});
    let taken = agent.exercise("access", person).await.shows(200);
    let id = taken.text_at("/request_id");
    assert_eq!((taken.at("/status"), taken.at("/agent_request_id")), (json!("open"), json!("foo-1")));
    assert!(taken.at("/received_at").is_string() && taken.at("/expected_by").is_string());
    let found = only(&dpo, "drp").await;
    assert_eq!((&found["id"], &found["customer_id"]), (&json!(id), &json!(customer)));
    assert_eq!((&found["state"], &found["requester"]), (&json!("received"), &json!("agent")), "its word proves nobody");
    assert_eq!((&found["jurisdiction"], &found["right"]), (&json!("US-CA"), &json!("access")));
    assert_eq!(found["details"]["authorization"], "poa/17");
    assert!(!found["details"].to_string().contains(&address), "no more is kept of the person than needed");
    act(&dpo, &id, "verify", &json!({"method": "document"})).await.shows(200);
    act(&dpo, &id, "extend", &json!({"reason": "Many records."})).await.shows(200);
    let extended = agent.status(&id).await.shows(200);
    assert!(
        extended.text_at("/expected_by") > taken.text_at("/expected_by")
            && extended.at("/processing_details").is_string()
    );
    act(&dpo, &id, "complete", &json!({})).await.shows(200);
    assert_eq!(agent.status(&id).await.shows(200).at("/status"), "fulfilled");
    told(&dpo, &id, |told| told.len() == 4 && told.iter().all(|one| one["state"] != "pending")).await;
    let mut words: Vec<String> = Vec::new();
    for heard in listener.hears(3).await {
        assert_eq!((&heard.json()["request_id"], heard.header("content-type")), (&json!(id), "application/json"));
        words.push(heard.json()["status"].as_str().unwrap().to_owned());
    }
    assert_eq!(words.first().map(String::as_str), Some("open"));
    assert!(words.contains(&"fulfilled".to_owned()), "{words:?}");
}

#[tokio::test]
async fn an_agents_word_is_proof_only_where_the_organisation_says_so_and_for_what_it_verified() {
    let org = Org::found().await;
    let (admin, dpo, (_, address)) = (org.admin().await, org.dpo().await, somebody(&org).await);
    let agent = Agent::ready(org.service(), &admin, json!({"vouches": true})).await;
    for (verified, address, status) in [
        (false, address.as_str(), "open"),
        (true, address.as_str(), "in_progress"),
        (true, "nobody@people.example", "in_progress"),
        (false, "nobody@people.example", "open"),
    ] {
        let person = json!({"email": address, "email_verified": verified});
        let taken = agent.exercise("deletion", person).await.shows(200);
        assert_eq!(taken.at("/status"), status, "{verified} {address}");
        let read = dpo.get(&format!("{}/{}", super::REQUESTS, taken.text_at("/request_id"))).await.shows(200);
        assert_eq!(read.at("/proof"), if verified { json!("partner") } else { Value::Null });
    }
    let nobody = agent.exercise("deletion", json!({"name": "Wang"})).await.shows(200);
    assert_eq!(nobody.at("/status"), "open", "who names nothing has verified nothing");
}

#[tokio::test]
async fn whoever_is_not_on_file_is_answered_alike() {
    let org = Org::found().await;
    let (admin, (_, address)) = (org.admin().await, somebody(&org).await);
    let agent = Agent::ready(org.service(), &admin, json!({})).await;
    let mut answers = Vec::new();
    for person in [
        json!({"email": address}),
        json!({"email": "nobody@people.example"}),
        json!({"email": "nobody@elsewhere.example", "phone_number": "+14155550100"}),
    ] {
        let taken = agent.exercise("access:specific", person).await.shows(200);
        let mut status = agent.status(&taken.text_at("/request_id")).await.shows(200).json();
        assert_eq!(status, taken.json());
        for name in ["request_id", "received_at"] {
            status.as_object_mut().unwrap().remove(name).unwrap();
        }
        answers.push(status);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn a_request_is_revoked_once() {
    let org = Org::found().await;
    let (admin, dpo, listener) = (org.admin().await, org.dpo().await, Listener::start());
    let agent = Agent::ready(org.service(), &admin, json!({"callback_urls": [listener.url]})).await;
    let person = json!({"email": "somebody@people.example", "status_callback": listener.url});
    let id = agent.exercise("deletion", person).await.shows(200).text_at("/request_id");
    assert_eq!(agent.revoke(&id).await.shows(200).at("/status"), "revoked");
    assert_eq!(only(&dpo, "drp").await["state"], "cancelled");
    let again = agent.revoke(&id).await.shows(409);
    assert_eq!((again.at("/code"), again.at("/fatal")), (json!("409"), Value::Null));
    assert_eq!(agent.status(&id).await.shows(200).at("/status"), "revoked");
    let heard = listener.hears(2).await;
    assert!(heard.iter().any(|one| one.json()["status"] == "revoked"));
}

#[tokio::test]
async fn what_was_turned_down_is_denied_with_a_reason_of_the_protocol() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let agent = Agent::ready(org.service(), &admin, json!({})).await;
    for (ground, reason) in [("nothing_held", "no_match"), ("identity_not_proved", "insuf_verification")] {
        let person = json!({"email": "somebody@people.example"});
        let id = agent.exercise("access:categories", person).await.shows(200).text_at("/request_id");
        let body = json!({"ground": ground, "explanation": "Said to staff alone."});
        act(&dpo, &id, "reject", &body).await.shows(200);
        let told = agent.status(&id).await.shows(200);
        assert_eq!((told.at("/status"), told.at("/reason")), (json!("denied"), json!(reason)));
        assert!(told.at("/processing_details").is_string() && !told.text().contains("Said to staff"));
    }
}

#[tokio::test]
async fn opting_out_of_sales_is_an_objection_and_needs_no_proof() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let agent = Agent::ready(org.service(), &admin, json!({})).await;
    let person = json!({"email": "somebody@people.example"});
    assert_eq!(agent.exercise("sale:opt-out", person.clone()).await.shows(200).at("/status"), "in_progress");
    assert_eq!(only(&dpo, "drp").await["right"], "objection");
    for exercise in ["sale:opt-in", "sale:opt_in", "everything"] {
        let refused = agent.exercise(exercise, person.clone()).await.shows(400);
        assert_eq!((refused.at("/code"), refused.at("/fatal")), (json!("400"), Value::Null));
    }
}
