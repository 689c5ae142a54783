//! The log of requests, as the law wants it kept and as it is taken away.

use serde_json::{Value, json};

use super::{PATH, act, entries, file, proved, somebody};
use crate::support::Org;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn the_log_is_taken_away_whole_and_names_nobody_even_after_they_are_erased() {
    let org = Org::found().await;
    let (dpo, (customer, address)) = (org.dpo().await, somebody(&org).await);
    let words = json!({"jurisdiction": "US-CA", "words": "=cmd|' /C calc'!A0, says Ms Zhang"});
    let denied = proved(&dpo, &customer, &words).await;
    let ground = "manifestly_unfounded";
    act(&dpo, &denied, "reject", &json!({"ground": ground, "explanation": "Asked every day."})).await.shows(200);
    let erasure = proved(&dpo, &customer, &json!({"right": "erasure"})).await;
    let because = json!({"ground": "subject_request", "privacy_request_id": erasure});
    dpo.post(&format!("/v1/customers/{customer}/erase"), &because).await.shows(202);
    crate::erasures::round(&org).await;
    dpo.get(&crate::customers::path(&customer)).await.refuses(410, "erased");
    let export = dpo.get(&format!("{PATH}/export")).await.shows(200);
    assert_eq!(export.sent("content-type"), "application/x-ndjson");
    let all = lines(export.text());
    let ids: Vec<&Value> = all.iter().map(|line| &line["id"]).collect();
    assert_eq!(ids, [&json!(denied), &json!(erasure)], "oldest first");
    assert_eq!((&all[0]["state"], &all[0]["ground"]), (&json!("rejected"), &json!(ground)));
    assert_eq!((&all[0]["channel"], &all[0]["right"]), (&json!("phone"), &json!("access")));
    assert!(all[0]["answered_at"].is_string() && all[0]["article"].is_string(), "{}", all[0]);
    let table = dpo.get(&format!("{PATH}/export?format=csv")).await.shows(200);
    assert!(table.sent("content-type").starts_with("text/csv"));
    let rows: Vec<&str> = table.text().trim_start_matches('\u{feff}').lines().collect();
    assert!(rows.len() == 3 && rows[0].starts_with("\"id\",\"received_at\",\"right\""), "{table}");
    assert!(rows[1].starts_with(&format!("\"{denied}\"")), "{table}");
    for kept in [export.text(), table.text()] {
        for personal in [customer.as_str(), address.as_str(), "Zhang"] {
            assert!(!kept.contains(personal), "{personal} in {kept}");
        }
    }
    let told = entries(&org, "privacy_requests.export").await;
    assert_eq!((told.len(), &told[0]["details"]["format"]), (2, &json!("csv")));
}

#[tokio::test]
async fn an_export_is_of_a_time_in_a_form_that_there_is_and_for_those_who_answer_for_it() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    file(&dpo, &json!({"customer_id": customer, "received_at": "2026-09-23T02:00:00Z"})).await.shows(201);
    let late = file(&dpo, &json!({"customer_id": customer, "right": "objection"})).await.shows(201).id();
    let since = dpo.get(&format!("{PATH}/export?received_since=2026-10-01T00:00:00Z")).await.shows(200);
    let ids: Vec<Value> = lines(since.text()).into_iter().map(|line| line["id"].clone()).collect();
    assert_eq!(ids, [json!(late)]);
    dpo.get(&format!("{PATH}/export?format=pdf")).await.refuses(400, "invalid_query");
    org.sales_a().await.get(&format!("{PATH}/export")).await.refuses(403, "forbidden");
    let other = Org::found().await;
    assert_eq!(other.dpo().await.get(&format!("{PATH}/export")).await.shows(200).text(), "", "nobody else's");
}
