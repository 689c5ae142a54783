//! Whose customers one reaches: another's does not exist, and a handed-over one does no more.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::json;

use super::{NOBODY, ids, path, whole};
use crate::support::{Answer, Org, Person};

/// Every way to ask about one customer.
async fn ask_all(person: &Person, id: &str) -> Vec<Answer> {
    let path = path(id);
    vec![
        person.get(&path).await,
        person.patch(&path, &json!({"stage": "lost"})).await,
        person.post(&format!("{path}/reveal"), &json!({"fields": ["mobile"], "reason": "curious"})).await,
        person.get(&format!("{path}/history")).await,
    ]
}

#[tokio::test]
async fn a_colleagues_customer_is_answered_like_one_that_does_not_exist() {
    let org = Org::found().await;
    let id = org.sales_a().await.post("/v1/customers", &whole(1)).await.shows(201).id();
    for colleague in [org.sales_b().await, org.sales_c().await] {
        let theirs = ask_all(&colleague, &id).await;
        let nothing = ask_all(&colleague, &NOBODY.to_string()).await;
        for (one, other) in theirs.into_iter().zip(nothing) {
            let (one, other) = (one.refuses(404, "not_found"), other.refuses(404, "not_found"));
            assert_eq!(one.timeless(), other.timeless());
        }
        assert_eq!(colleague.get("/v1/customers?count=true").await.shows(200).at("/count"), 0);
    }
    let manager = org.manager().await;
    assert!(ask_all(&manager, &id).await.iter().all(|answer| answer.status == 200));
}

#[tokio::test]
async fn another_organizations_customer_does_not_exist_for_anybody() {
    let (org, other) = (Org::found().await, Org::found().await);
    let id = org.sales_a().await.post("/v1/customers", &whole(1)).await.shows(201).id();
    for stranger in [other.admin().await, other.dpo().await] {
        for answer in ask_all(&stranger, &id).await {
            answer.refuses(404, "not_found");
        }
        stranger.get(&format!("{}/access-log", path(&id))).await.refuses(404, "not_found");
        stranger.delete(&path(&id)).await.refuses(404, "not_found");
    }
    let rows = org.sql().await.query("SELECT version FROM customers WHERE archived_at IS NULL", &[]).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].get::<_, i32>(0), 1);
}

#[tokio::test]
async fn a_manager_reaches_the_departments_beneath_and_no_other() {
    let org = Org::found().await;
    let (admin, manager) = (org.admin().await, org.manager().await);
    let a = org.customer_of(&org.sales_a().await).await;
    let b = org.customer_of(&org.sales_b().await).await;
    let above = org.customer_of(&admin).await;
    let beside = json!({"department_id": org.department_id("Services"), "fields": {"name": "王五"}});
    let beside = admin.post("/v1/customers", &beside).await.shows(201).id();
    let mut seen = ids(&manager.get("/v1/customers").await.shows(200).json());
    let mut expected = vec![a.clone(), b.clone()];
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected);
    for id in [&above, &beside] {
        manager.get(&path(id)).await.refuses(404, "not_found");
    }
    for id in [&a, &b, &above, &beside] {
        admin.get(&path(id)).await.shows(200);
    }
}

#[tokio::test]
async fn after_a_hand_over_the_former_owner_knows_nothing_more() {
    let org = Org::found().await;
    let (sales_a, sales_b) = (org.sales_a().await, org.sales_b().await);
    let id = sales_a.post("/v1/customers", &whole(5)).await.shows(201).id();
    let tag = sales_a.get(&path(&id)).await.shows(200).sent("etag");
    let handed_over = json!({"owner_id": org.user_id("sales_b")});
    let refused = sales_a.patch(&path(&id), &handed_over).await.refuses(403, "forbidden");
    assert!(refused.text().contains("customers.assign"), "a salesperson gives nobody away: {refused}");
    org.manager().await.patch(&path(&id), &handed_over).await.shows(200);
    for answer in ask_all(&sales_a, &id).await {
        answer.refuses(404, "not_found");
    }
    sales_a.get(&path(&id)).header("if-none-match", &tag).await.refuses(404, "not_found");
    assert_eq!(sales_a.get("/v1/customers?q[customer_no]=D000005").await.shows(200).at("/data"), json!([]));
    let taken = sales_b.get(&path(&id)).await.shows(200);
    assert_eq!(
        taken.at("/department_id"),
        org.department_id("Sales West").to_string(),
        "the department follows the owner"
    );
    org.manager().await.get(&path(&id)).await.shows(200);
}

#[tokio::test]
async fn who_may_not_change_customers_hands_none_over() {
    let org = Org::found().await;
    let id = org.customer_of(&org.sales_a().await).await;
    let body = json!({"owner_id": org.user_id("finance")});
    org.finance().await.patch(&path(&id), &body).await.refuses(403, "forbidden");
    org.sales_b().await.patch(&path(&id), &json!({"owner_id": org.user_id("sales_b")})).await.refuses(404, "not_found");
    let unknown =
        org.manager().await.patch(&path(&id), &json!({"owner_id": NOBODY})).await.refuses(422, "invalid_body");
    assert_eq!(unknown.faults(), [("/owner_id".to_owned(), "unknown_owner".to_owned())]);
}

#[tokio::test]
async fn whoever_has_no_role_reaches_nothing() {
    let org = Org::found().await;
    let id = org.customer_of(&org.sales_a().await).await;
    let nobody = org.nobody().await;
    for answer in ask_all(&nobody, &id).await {
        answer.refuses(403, "forbidden");
    }
    nobody.get("/v1/customers").await.refuses(403, "forbidden");
}

#[tokio::test]
async fn whoever_turns_pages_during_a_hand_over_sees_nothing_of_it_once_it_is_done() {
    let org = Org::found().await;
    let (asha, manager) = (org.sales_a().await, org.manager().await);
    let mut customers = Vec::new();
    for _ in 0..12 {
        customers.push(org.customer_of(&asha).await);
    }
    let gone = Mutex::new(BTreeSet::new());
    let handing_over = async {
        let successor = json!({"owner_id": org.user_id("sales_b")});
        for id in &customers {
            manager.patch(&path(id), &successor).await.shows(200);
            gone.lock().unwrap().insert(id.clone());
        }
    };
    let turning_pages = async {
        let (mut cursor, mut shown) = (String::new(), 0);
        loop {
            let known: BTreeSet<String> = gone.lock().unwrap().clone();
            let page = asha.get(&format!("/v1/customers?limit=2&count=true{cursor}")).await.shows(200);
            let seen = ids(&page.json());
            assert!(seen.iter().all(|id| !known.contains(id)), "handed over before it was asked for: {page}");
            assert!(page.at("/count").as_u64().unwrap() <= 12 - known.len() as u64, "counted still: {page}");
            shown += seen.len();
            if known.len() == customers.len() {
                return shown;
            }
            cursor = page.at("/next_cursor").as_str().map_or_else(String::new, |next| format!("&cursor={next}"));
        }
    };
    let ((), shown) = tokio::join!(handing_over, turning_pages);
    assert!(shown > 0, "the pages were empty from the beginning");
}
