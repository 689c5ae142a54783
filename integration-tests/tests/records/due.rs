//! What is due: mine, my team's, overdue and to come.

use serde_json::{Value, json};

use super::{enter, path, someone};
use crate::support::Org;

fn due(page: &Value) -> Vec<(String, bool)> {
    let all = page["data"].as_array().unwrap();
    all.iter()
        .map(|one| (one["record"]["id"].as_str().unwrap().to_owned(), one["overdue"].as_bool().unwrap()))
        .collect()
}

#[tokio::test]
async fn overdue_follow_ups_come_first_and_only_ones_own() {
    let org = Org::found().await;
    let (sales, other, manager) = (org.sales_a().await, org.sales_b().await, org.manager().await);
    let (ours, theirs) = (someone(&sales).await, someone(&other).await);
    let call =
        |next: Value| json!({"channel": "phone", "occurred_at": "2020-01-01T08:00:00Z", "next_follow_up_at": next});
    let late = enter(&sales, &ours, "interaction", call(json!("2020-02-01T08:00:00Z"))).await.shows(201).id();
    let soon = enter(&sales, &ours, "interaction", call(json!("2999-02-01T08:00:00Z"))).await.shows(201).id();
    enter(&sales, &ours, "interaction", call(Value::Null)).await.shows(201);
    let ticket = json!({"subject": "Broken", "status": "open", "due_at": "2020-01-05T08:00:00Z"});
    let ticket = enter(&sales, &ours, "ticket", ticket).await.shows(201).id();
    let foreign = enter(&other, &theirs, "interaction", call(json!("2020-01-20T08:00:00Z"))).await.shows(201).id();
    let mine = sales.get("/v1/follow-ups").await.shows(200).json();
    assert_eq!(due(&mine), [(ticket.clone(), true), (late.clone(), true)]);
    let all = sales.get("/v1/follow-ups?due_before=2999-12-31T00:00:00Z").await.shows(200).json();
    assert_eq!(due(&all), [(ticket.clone(), true), (late.clone(), true), (soon, false)]);
    let team = manager.get("/v1/follow-ups?whose=team").await.shows(200).json();
    assert_eq!(due(&team), [(ticket.clone(), true), (foreign, true), (late.clone(), true)]);
    assert_eq!(due(&manager.get("/v1/follow-ups").await.shows(200).json()), []);
    sales.patch(&path("ticket", &ticket), &json!({"fields": {"status": "solved"}})).await.shows(200);
    assert_eq!(
        due(&sales.get("/v1/follow-ups").await.shows(200).json()),
        [(late, true)],
        "what is ended is due no more"
    );
    sales.get("/v1/follow-ups?whose=everybody").await.refuses(400, "invalid_query");
}
