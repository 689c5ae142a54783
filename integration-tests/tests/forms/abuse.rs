//! Who sends forms and is no person filling one in.

use serde_json::json;

use super::{ORIGIN, Opened, PATH, body, open, solved};
use crate::notices::published;

#[tokio::test]
async fn a_form_filled_in_by_a_program_is_taken_by_nobody() {
    let opened = Opened::new(json!({})).await;
    let trapped = opened.sends(json!({"website": "https://buy.example"})).await.shows(202);
    assert_eq!(trapped.at("/state"), "received", "it is told what it wants to hear");
    opened.sends(json!({"proof": "no work"})).await.refuses(403, "invalid_proof");
    opened.sends(json!({"token": "eyJhbGciOiJFZERTQSJ9.e30.c2ln"})).await.refuses(403, "invalid_form_token");
    let notice = published(&opened.org.dpo().await, "slow", "name").await.id();
    let slow = open(&opened.admin, &body(&notice, json!({"min_seconds": 60}))).await;
    let ticket = opened.stranger().act(&format!("{PATH}/{slow}/tokens")).await.shows(200);
    let hurried = opened.filled(json!({"token": ticket.at("/token"), "proof": solved(&ticket)})).await;
    opened.send(&hurried).await.refuses(403, "invalid_form_token");
    opened.stranger().post(&format!("{PATH}/{slow}/submissions"), &hurried).await.refuses(403, "form_too_fast");
    assert_eq!(opened.submissions().await.len(), 0);
}

#[tokio::test]
async fn one_address_sends_no_mass_of_forms() {
    let opened = Opened::new(json!({"hourly_per_source": 2})).await;
    for name in ["a", "b"] {
        opened.sends(json!({"fields": {"name": name, "email": format!("{name}@forms.example")}})).await.shows(202);
    }
    let refused = opened.sends(json!({})).await.refuses(429, "too_many_submissions");
    assert!(refused.sent("retry-after").parse::<u32>().unwrap() > 3_000);
    let kept = "SELECT count(*) FROM form_sources WHERE length(source) = 32";
    let rows: i64 = opened.org.sql().await.query_one(kept, &[]).await.unwrap().get(0);
    assert_eq!(rows, 2, "one for the address, by keyed digest, and one for all");
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_and_browsers_are_told_so() {
    let opened = Opened::new(json!({})).await;
    let path = format!("{PATH}/{}", opened.form);
    let stranger = opened.stranger();
    for evil in ["https://evil.example", "null", "https://www.example.com.evil.example"] {
        stranger.get(&format!("{path}/schema")).header("origin", evil).await.refuses(403, "origin_not_allowed");
        stranger.act(&format!("{path}/tokens")).header("origin", evil).await.refuses(403, "origin_not_allowed");
        let filled = opened.filled(json!({})).await;
        let sent = stranger.post(&format!("{path}/submissions"), &filled).header("origin", evil).await;
        sent.refuses(403, "origin_not_allowed");
    }
    let shown = stranger.get(&format!("{path}/schema")).header("origin", ORIGIN).await.shows(200);
    assert_eq!(shown.sent("access-control-allow-origin"), "*");
    assert_eq!(shown.header("access-control-allow-credentials"), None);
    let asked = stranger.request("OPTIONS", &format!("{path}/submissions")).header("origin", ORIGIN);
    let asked = asked.header("access-control-request-method", "POST").attempt().await.unwrap();
    assert_eq!((asked.status, asked.sent("access-control-allow-origin")), (204, "*".to_owned()));
    assert!(!asked.sent("access-control-allow-headers").to_ascii_lowercase().contains("authorization"));
    let listed = opened.admin.get(&format!("{path}/submissions")).header("origin", ORIGIN).await.shows(200);
    assert_eq!(listed.header("access-control-allow-origin"), None, "what staff read stays closed");
}

#[tokio::test]
async fn nobody_learns_by_sending_who_is_known() {
    let opened = Opened::new(json!({})).await;
    let entered = opened.sends(json!({})).await.shows(202);
    let proposed = opened.sends(json!({})).await.shows(202);
    let shape = |answer: &crate::support::Answer| {
        let mut body = answer.json();
        body["submission_id"] = json!("");
        let mut headers: Vec<&str> = ["content-type", "cache-control", "retry-after", "location", "audit-id"]
            .into_iter()
            .filter(|name| answer.header(name).is_some())
            .collect();
        headers.sort_unstable();
        (answer.status, body.to_string(), headers.join(","))
    };
    assert_eq!(shape(&entered), shape(&proposed));
    let begun = std::time::Instant::now();
    opened.sends(json!({})).await.shows(202);
    assert!(begun.elapsed() >= std::time::Duration::from_millis(400), "no answer tells by how soon it comes");
}

#[tokio::test]
async fn proposals_about_one_person_do_not_pile_up() {
    let opened = Opened::new(json!({})).await;
    opened.sends(json!({})).await.shows(202);
    let person = opened.people("zhang@forms.example").await.remove(0);
    let sql = opened.org.sql().await;
    let many = "INSERT INTO form_submissions (organization_id, id, form_id, form_version, customer_id, state, language, digest, at) \
         SELECT organization_id, gen_random_uuid(), form_id, 1, customer_id, 'proposed', 'en', digest, at FROM form_submissions, generate_series(1, 20)";
    assert_eq!(sql.execute(many, &[]).await.unwrap(), 20);
    opened.sends(json!({})).await.shows(202);
    let kept = "SELECT count(*) FROM form_submissions WHERE customer_id = $1::text::uuid";
    assert_eq!(sql.query_one(kept, &[&person]).await.unwrap().get::<_, i64>(0), 21, "the twenty-first is noted alone");
}
