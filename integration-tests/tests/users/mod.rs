//! Staff: one's own account, and colleagues'.

mod change;
mod invite;
mod me;
mod offboard;
mod successor;

use serde_json::json;

use crate::customers::{NOBODY, encoded, ids};
use crate::support::Org;

#[tokio::test]
async fn everybody_reads_their_own_account() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let me = sales.get("/v1/me").await.shows(200);
    let expected = json!({"id": sales.id, "email": org.email("sales_a"), "name": "sales_a", "state": "active",
        "department_id": org.department_id("Sales East"), "supervisor_id": org.user_id("manager"), "regions": [], "role_ids": ["sales"],
        "created_at": me.at("/created_at"), "language": null, "follow_up_letters": true});
    assert_eq!(me.json(), expected);
    sales.get("/v1/me").header("if-none-match", &me.sent("etag")).await.shows(304);
    let nobody = org.nobody().await;
    assert_eq!(nobody.get("/v1/me").await.shows(200).at("/role_ids"), json!([]));
    assert_eq!(nobody.get("/v1/me/permissions").await.shows(200).at("/permissions"), json!([]));
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    partner.get("/v1/me").await.refuses(404, "not_found");
}

#[tokio::test]
async fn accounts_come_in_pages_and_hold_no_password() {
    let (org, other) = (Org::found().await, Org::found().await);
    let admin = org.admin().await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("/v1/users?limit=4{cursor}")).await.shows(200);
        assert!(!page.text().contains("argon2") && !page.text().contains("password"), "{page}");
        seen.extend(ids(&page.json()));
        match page.at("/next_cursor").as_str() {
            Some(next) => cursor = format!("&cursor={}", encoded(next)),
            None => break,
        }
    }
    assert_eq!(seen.len(), 11);
    assert!(
        seen.contains(&org.user_id("auditor").to_string()) && !seen.contains(&other.user_id("auditor").to_string())
    );
    let theirs = admin.get(&format!("/v1/users/{}", other.user_id("admin"))).await.refuses(404, "not_found");
    let nobodys = admin.get(&format!("/v1/users/{}", NOBODY)).await.refuses(404, "not_found");
    assert_eq!(theirs.timeless(), nobodys.timeless());
}

#[tokio::test]
async fn colleagues_are_for_those_who_may_know_them() {
    let org = Org::found().await;
    let path = format!("/v1/users/{}", org.user_id("sales_a"));
    for person in [org.admin().await, org.dpo().await, org.manager().await, org.auditor().await] {
        assert_eq!(person.get(&path).await.shows(200).at("/email"), org.email("sales_a"));
    }
    for person in [org.sales_a().await, org.finance().await, org.nobody().await] {
        assert!(person.get(&path).await.refuses(403, "forbidden").text().contains("users.read"));
        person.get("/v1/users").await.refuses(403, "forbidden");
    }
}

#[tokio::test]
async fn names_and_addresses_of_staff_are_sealed_where_they_are_stored() {
    let org = Org::found().await;
    let rows =
        org.sql().await.query("SELECT users::text FROM users WHERE organization_id = $1", &[&org.id]).await.unwrap();
    assert_eq!(rows.len(), 11);
    for row in rows {
        let text: String = row.get(0);
        assert!(!text.contains("example") && !text.contains("sales_a"), "{text}");
    }
}
