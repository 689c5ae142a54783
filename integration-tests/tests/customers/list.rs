//! Listing: filters, order and paging, all inside the caller's scope.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{encoded, ids, path};
use crate::support::{Org, Person, customer};

/// Enters customers that differ in these members.
async fn enter(person: &Person, members: &[Value]) -> Vec<String> {
    let mut entered = Vec::new();
    for member in members {
        let mut body = customer();
        body.as_object_mut().unwrap().extend(member.as_object().unwrap().clone());
        entered.push(person.post("/v1/customers", &body).await.shows(201).id());
    }
    entered
}

async fn listed(person: &Person, query: &str) -> Vec<String> {
    ids(&person.get(&format!("/v1/customers?{query}")).await.shows(200).json())
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repeat() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let entered = enter(&sales, &vec![json!({}); 7]).await;
    for (sort, newest_first) in [
        ("", true),
        ("&sort=-created_at", true),
        ("&sort=created_at", false),
        ("&sort=updated_at", false),
        ("&sort=-updated_at", true),
    ] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = sales.get(&format!("/v1/customers?limit=3{sort}{cursor}")).await.shows(200);
            assert!(ids(&page.json()).len() <= 3);
            assert!(page.at("/count").is_null(), "no total unless it was asked for");
            seen.extend(ids(&page.json()));
            match page.at("/next_cursor").as_str() {
                Some(next) => cursor = format!("&cursor={}", encoded(next)),
                None => break,
            }
        }
        let mut expected = entered.clone();
        if newest_first {
            expected.reverse();
        }
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 7);
        assert_eq!(seen, expected, "{sort}");
    }
}

#[tokio::test]
async fn the_last_changed_comes_first_when_asked_so() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let entered = enter(&sales, &[json!({}), json!({}), json!({})]).await;
    let changed = sales.patch(&path(&entered[0]), &json!({"stage": "lost"})).await.shows(200);
    assert_eq!(listed(&sales, "sort=-updated_at").await[0], entered[0]);
    assert_eq!(listed(&sales, "sort=-created_at").await[0], entered[2]);
    let since = encoded(&changed.text_at("/updated_at"));
    assert_eq!(listed(&sales, &format!("updated_since={since}")).await, [entered[0].clone()]);
}

#[tokio::test]
async fn filters_narrow_together() {
    let org = Org::found().await;
    let (sales, manager) = (org.sales_a().await, org.manager().await);
    let entered = enter(
        &sales,
        &[
            json!({"stage": "lead", "source": "web_form", "region": "CN-SH"}),
            json!({"stage": "lead", "source": "event", "region": "CN-GD"}),
            json!({"stage": "customer", "source": "web_form", "region": "CN-SH"}),
        ],
    )
    .await;
    let theirs =
        enter(&org.sales_b().await, &[json!({"stage": "lead", "source": "web_form", "region": "CN-SH"})]).await;
    let east = org.department_id("Sales East");
    for (query, expected) in [
        ("stage=customer".to_owned(), vec![&entered[2]]),
        ("source=event".to_owned(), vec![&entered[1]]),
        ("stage=lead&source=web_form&sort=created_at".to_owned(), vec![&entered[0], &theirs[0]]),
        ("region=CN-GD".to_owned(), vec![&entered[1]]),
        (format!("owner_id={}", org.user_id("sales_b")), vec![&theirs[0]]),
        (format!("department_id={east}&stage=lead&sort=created_at"), vec![&entered[0], &entered[1]]),
        ("stage=dormant".to_owned(), vec![]),
        ("updated_since=2099-01-01T00:00:00Z".to_owned(), vec![]),
    ] {
        assert_eq!(listed(&manager, &query).await.iter().collect::<Vec<_>>(), expected, "{query}");
        let count = manager.get(&format!("/v1/customers?count=true&limit=1&{query}")).await.shows(200).at("/count");
        assert_eq!(count, expected.len(), "{query}");
    }
}

#[tokio::test]
async fn filters_never_reach_beyond_ones_own() {
    let org = Org::found().await;
    let (sales_a, sales_b) = (org.sales_a().await, org.sales_b().await);
    enter(&sales_a, &[json!({}), json!({})]).await;
    enter(&sales_b, &[json!({})]).await;
    let (owner, department) = (org.user_id("sales_a"), org.department_id("Sales East"));
    for query in [
        format!("owner_id={owner}"),
        format!("department_id={department}"),
        format!("owner_id={owner}&department_id={department}"),
    ] {
        let page = sales_b.get(&format!("/v1/customers?count=true&{query}")).await.shows(200);
        assert_eq!(
            (page.at("/data"), page.at("/count"), page.at("/next_cursor")),
            (json!([]), json!(0), json!(null)),
            "{query}"
        );
    }
    assert_eq!(sales_a.get("/v1/customers?count=true").await.shows(200).at("/count"), 2);
    assert_eq!(org.manager().await.get("/v1/customers?count=true").await.shows(200).at("/count"), 3);
}

#[tokio::test]
async fn a_page_shows_what_a_customer_left_open() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let entered = enter(&sales, &[json!({}), json!({})]).await;
    let page = sales.get("/v1/customers?limit=1").await.shows(200);
    let cursor = encoded(&page.text_at("/next_cursor"));
    // Handed over between two pages: the next page must not show it.
    let handed_over = json!({"owner_id": org.user_id("sales_b")});
    org.manager().await.patch(&path(&entered[0]), &handed_over).await.shows(200);
    assert_eq!(listed(&sales, &format!("limit=1&cursor={cursor}")).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_query_that_cannot_be_meant_is_refused() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    for (query, pointer, code) in [
        ("sort=name", "/sort", "not_a_choice"),
        ("limit=0", "/limit", "out_of_range"),
        ("limit=201", "/limit", "out_of_range"),
        ("owner_id=me", "/owner_id", "invalid_id"),
        ("updated_since=yesterday", "/updated_since", "invalid_datetime"),
        ("count=yes", "/count", "invalid_boolean"),
    ] {
        let refused = sales.get(&format!("/v1/customers?{query}")).await.refuses(400, "invalid_query");
        assert_eq!(refused.faults(), [(pointer.to_owned(), code.to_owned())]);
    }
    sales.get("/v1/customers?tenant_id=1").await.refuses(400, "unknown_parameter");
}
