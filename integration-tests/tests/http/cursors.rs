//! Pages: each thing once, and cursors that fit one query of one organisation.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::{Caller, Org};

/// Walks a list and answers every id in order.
async fn walk(caller: &Caller, list: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = caller.get(&format!("{list}{cursor}")).await.shows(200);
        let data = page.at("/data");
        ids.extend(data.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        match page.at("/next_cursor") {
            Value::String(next) => cursor = format!("&cursor={next}"),
            _ => return ids,
        }
    }
}

#[tokio::test]
async fn walking_the_pages_shows_each_customer_exactly_once() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let mut entered = BTreeSet::new();
    for _ in 0..13 {
        entered.insert(org.customer_of(&asha).await);
    }
    // Changed since, so that the two orders part.
    for id in entered.iter().step_by(3) {
        asha.patch(&format!("/v1/customers/{id}"), &json!({"stage": "prospect"})).await.shows(200);
    }
    for sort in ["created_at", "-created_at", "updated_at", "-updated_at"] {
        for limit in [1, 4, 13, 200] {
            let ids = walk(&asha, &format!("/v1/customers?sort={sort}&limit={limit}")).await;
            assert_eq!(ids.len(), 13, "{sort} by {limit}");
            assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), entered, "{sort} by {limit}");
        }
    }
    let up = walk(&asha, "/v1/customers?sort=created_at&limit=5").await;
    let mut down = walk(&asha, "/v1/customers?sort=-created_at&limit=3").await;
    down.reverse();
    assert_eq!(up, down);
}

#[tokio::test]
async fn a_customer_entered_on_the_way_disturbs_no_page() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    for _ in 0..4 {
        org.customer_of(&asha).await;
    }
    let first = asha.get("/v1/customers?limit=2").await.shows(200);
    org.customer_of(&asha).await;
    let rest = walk(&asha, &format!("/v1/customers?limit=2&cursor={}", first.text_at("/next_cursor"))).await;
    let seen: Vec<String> =
        first.at("/data").as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap().to_owned()).collect();
    assert!(rest.len() == 2 && rest.iter().all(|id| !seen.contains(id)));
}

#[tokio::test]
async fn people_and_keys_are_walked_the_same_way() {
    let org = Org::found().await;
    for _ in 0..3 {
        org.partner(&["name"], &[], &["customers.read"]).await;
    }
    let admin = org.admin().await;
    for (list, count) in [("/v1/users", 11), ("/v1/api-keys", 3)] {
        let ids = walk(&admin, &format!("{list}?limit=2")).await;
        assert_eq!(ids.len(), count, "{list}");
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), count, "{list}");
    }
}

#[tokio::test]
async fn a_cursor_fits_its_own_query_alone() {
    let (org, other) = (Org::found().await, Org::found().await);
    let (asha, admin, theirs) = (org.sales_a().await, org.admin().await, other.admin().await);
    for _ in 0..3 {
        org.customer_of(&asha).await;
    }
    let cursor = asha.get("/v1/customers?stage=lead&limit=1").await.shows(200).text_at("/next_cursor");
    asha.get(&format!("/v1/customers?limit=2&cursor={cursor}&stage=lead")).await.shows(200);
    for query in
        ["", "stage=lost&", "stage=lead&sort=created_at&", "stage=lead&source=event&", "stage=lead&count=true&"]
    {
        asha.get(&format!("/v1/customers?{query}cursor={cursor}")).await.refuses(400, "invalid_cursor");
    }
    theirs.get(&format!("/v1/customers?stage=lead&cursor={cursor}")).await.refuses(400, "invalid_cursor");
    for list in ["/v1/users", "/v1/api-keys", "/v1/jobs"] {
        admin.get(&format!("{list}?cursor={cursor}")).await.refuses(400, "invalid_cursor");
    }
    let users = admin.get("/v1/users?limit=1").await.shows(200).text_at("/next_cursor");
    admin.get(&format!("/v1/api-keys?cursor={users}")).await.refuses(400, "invalid_cursor");
    org.dpo().await.get(&format!("/v1/audit/entries?cursor={users}")).await.refuses(400, "invalid_cursor");
    theirs.get(&format!("/v1/users?cursor={users}")).await.refuses(400, "invalid_cursor");
}

#[tokio::test]
async fn a_forged_cursor_is_refused() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    for _ in 0..2 {
        org.customer_of(&asha).await;
    }
    let cursor = asha.get("/v1/customers?limit=1").await.shows(200).text_at("/next_cursor");
    let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
    let mut forged: Vec<String> = (0..bytes.len())
        .map(|at| {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            URL_SAFE_NO_PAD.encode(changed)
        })
        .collect();
    let zeros = URL_SAFE_NO_PAD.encode([0; 40]);
    forged.extend([
        "x".to_owned(),
        String::new(),
        "A".repeat(2000),
        zeros,
        cursor[1..].to_owned(),
        format!("{cursor}A"),
        "null".to_owned(),
    ]);
    for cursor in forged {
        asha.get(&format!("/v1/customers?cursor={cursor}")).await.refuses(400, "invalid_cursor");
    }
}
