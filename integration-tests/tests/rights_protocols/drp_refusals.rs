//! The Data Rights Protocol 1.0: what is refused, and how.

use chrono::Duration;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::agent::Agent;
use super::{REQUESTS, only};
use crate::support::Org;

#[tokio::test]
async fn a_message_holds_in_every_point_or_is_refused() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let agent = Agent::ready(org.service(), &admin, json!({})).await;
    let other = Agent::ready(org.service(), &admin, json!({})).await;
    let at = |minutes| json!((super::now() + Duration::minutes(minutes)).to_rfc3339());
    let with = |name: &str, value: Value| {
        let mut message = agent.message("deletion", json!({"email": "somebody@people.example"}));
        message[name] = value;
        message
    };
    let cases = [
        (agent.signed(&with("agent-id", json!(other.id))), 403, false),
        (agent.signed(&with("agent-id", Value::Null)), 403, false),
        (agent.signed(&with("business-id", json!(other.business))), 403, false),
        (agent.signed(&with("issued-at", at(5))), 400, false),
        (agent.signed(&with("issued-at", json!("soon"))), 400, false),
        (agent.signed(&with("expires-at", at(-1))), 400, true),
        (agent.signed(&with("expires-at", Value::Null)), 400, true),
        (agent.signed(&with("regime", json!("gdpr"))), 400, false),
        (agent.signed(&with("exercise", Value::Null)), 400, false),
        (agent.signed(&with("agent-request-id", json!("somebody@people.example"))), 400, false),
        (agent.signed(&with("status_callback", json!("https://10.0.0.1/status"))), 400, false),
        (agent.signed(&with("status_callback", json!("https://agent.example/elsewhere"))), 400, false),
        (agent.signed(&json!([1])), 400, false),
        (other.signed(&with("agent-id", json!(agent.id))), 403, false),
        ("not base64!".to_owned(), 400, false),
        (String::new(), 400, false),
        ("QUJD".to_owned(), 403, false),
    ];
    for (at, (text, status, fatal)) in cases.into_iter().enumerate() {
        let answer = agent.send(&text).await;
        if text.is_empty() {
            assert!([400, 403].contains(&answer.status), "{answer}");
            continue;
        }
        assert_eq!((answer.status, answer.at("/code")), (status, json!(status.to_string())), "case {at}: {answer}");
        assert_eq!(answer.at("/fatal") == json!(true), fatal, "case {at}: {answer}");
        assert!(!answer.text_at("/message").is_empty());
    }
    assert_eq!(dpo.get(REQUESTS).await.shows(200).at("/data"), json!([]), "nothing was filed");
}

#[tokio::test]
async fn members_that_the_specification_does_not_allow_are_refused_by_their_names() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let agent = Agent::ready(org.service(), &admin, json!({"vouches": true})).await;
    let person = json!({"email": "somebody@people.example", "email_verified": true, "phone_number": "+14155550100"});
    for (name, value) in [
        ("drp.version", Value::Null),
        ("drp.version", json!(1.0)),
        ("drp.version", json!("0.9.4")),
        ("drp.version", json!(["1.0"])),
        ("email", json!(["somebody@people.example"])),
        ("email", json!({"address": "somebody@people.example"})),
        ("email", json!("no address at all")),
        ("email", json!("")),
        ("email_verified", json!("true")),
        ("email_verified", json!(1)),
        ("phone_number", json!(14155550100_u64)),
        ("phone_number", json!("(415) 555-0100")),
        ("phone_number_verified", json!("yes")),
        ("exercise", json!(["deletion"])),
        ("regime", json!(7)),
        ("agent-request-id", json!(17)),
        ("relationships", json!("customer")),
        ("relationships", json!(["customer", 1])),
        ("status_callback", json!(["https://agent.example/status"])),
        ("power_of_attorney", json!({"id": "poa/17"})),
    ] {
        let mut message = agent.message("deletion", person.clone());
        message[name] = value.clone();
        let refused = agent.send(&agent.signed(&message)).await.shows(400);
        assert_eq!((refused.at("/code"), refused.at("/fatal")), (json!("400"), Value::Null), "{name} {value}");
        let said = refused.text_at("/message");
        assert!(said.contains(&format!("{name}: ")) && !said.contains("{}"), "{name} {value}: {said}");
        assert!(!said.contains("people.example"), "nothing of what was sent: {said}");
    }
    assert_eq!(dpo.get(REQUESTS).await.shows(200).at("/data"), json!([]), "nothing was filed");
    let unsaid = json!({"email": null, "email_verified": null, "relationships": null, "power_of_attorney": null});
    agent.exercise("deletion", unsaid).await.shows(200);
    let id = agent.exercise("deletion", person).await.shows(200).text_at("/request_id");
    let other = agent.signed(&json!({"reason": "no longer", "drp.version": "2.0"}));
    assert!(agent.takes_back(&id, &other).await.shows(400).text_at("/message").contains("drp.version: "));
    assert_eq!(agent.revoke(&id).await.shows(200).at("/status"), "revoked");
}

#[tokio::test]
async fn a_message_is_taken_once_also_when_it_comes_many_times_at_once() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let agent = Agent::ready(org.service(), &admin, json!({})).await;
    let text = agent.signed(&agent.message("deletion", json!({"email": "somebody@people.example"})));
    let answers = join_all((0..5).map(|_| agent.send(&text))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!((answer.status, answer.at("/fatal")), (409, json!(true)));
    }
    only(&dpo, "drp").await;
}

#[tokio::test]
async fn an_agents_own_id_of_a_request_is_taken_once() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let agent = Agent::ready(org.service(), &admin, json!({})).await;
    let person = json!({"email": "somebody@people.example", "agent-request-id": "foo"});
    agent.exercise("deletion", person.clone()).await.shows(200);
    assert_eq!(agent.exercise("access", person).await.shows(409).at("/fatal"), Value::Null);
}

#[tokio::test]
async fn a_set_up_that_does_not_hold_is_refused_without_a_word() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let mut agent = Agent::added(org.service(), &admin, json!({})).await;
    let other = Agent::added(org.service(), &admin, json!({})).await;
    let good = agent.signed(&agent.claims());
    let with = |name: &str, value: Value| {
        let mut message = agent.claims();
        message[name] = value;
        message
    };
    let past = json!((super::now() - Duration::minutes(1)).to_rfc3339());
    for text in [
        other.signed(&agent.claims()),
        agent.signed(&with("agent-id", json!(other.id))),
        agent.signed(&with("business-id", json!(other.business))),
        agent.signed(&with("business-id", json!("NOBODY"))),
        agent.signed(&with("expires-at", past)),
        agent.signed(&with("drp.version", json!("0.9.4"))),
        agent.signed(&with("drp.version", json!(1.0))),
        agent.signed(&with("drp.version", Value::Null)),
        "not base64!".to_owned(),
        "QUJD".to_owned(),
    ] {
        let answer = agent.set_up(&text).await.shows(403);
        assert!(answer.bytes.is_empty(), "{answer}");
    }
    let token = agent.set_up(&good).await.shows(200).text_at("/token");
    let again = agent.set_up(&good).await.shows(403);
    assert!(again.bytes.is_empty(), "what was heard once makes no token a second time");
    agent.takes(&token);
    agent.information(&agent.id).await.shows(200);
}

#[tokio::test]
async fn another_agents_request_is_forbidden_like_one_that_there_is_not() {
    let org = Org::found().await;
    let (admin, elsewhere) = (org.admin().await, Org::found().await);
    let agent = Agent::ready(org.service(), &admin, json!({})).await;
    let beside = Agent::ready(org.service(), &admin, json!({})).await;
    let foreign = Agent::ready(org.service(), &elsewhere.admin().await, json!({})).await;
    let person = json!({"email": "somebody@people.example"});
    let id = agent.exercise("deletion", person).await.shows(200).text_at("/request_id");
    for other in [&beside, &foreign] {
        let (theirs, nobodys) = (
            other.status(&id).await.shows(403),
            other.status(super::controller::request_id().as_str()).await.shows(403),
        );
        assert_eq!(theirs.json(), nobodys.json());
        other.revoke(&id).await.shows(403);
        other.information(&agent.id).await.shows(403);
    }
    assert_eq!(agent.status(&id).await.shows(200).at("/status"), "open");
}

#[tokio::test]
async fn an_agent_that_is_switched_off_is_out_at_once() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let agent = Agent::ready(org.service(), &admin, json!({})).await;
    let person = json!({"email": "somebody@people.example"});
    let id = agent.exercise("deletion", person.clone()).await.shows(200).text_at("/request_id");
    let place = format!("{}/{}", super::PATH, agent.partner);
    admin.patch(&place, &json!({"enabled": false})).await.shows(200);
    agent.exercise("access", person).await.shows(401);
    agent.status(&id).await.shows(401);
    agent.set_up(&agent.signed(&agent.claims())).await.shows(403);
    admin.patch(&place, &json!({"enabled": true})).await.shows(200);
    assert_eq!(agent.status(&id).await.shows(200).at("/status"), "open", "what it passed on has stayed");
}
