//! Versions: `ETag`, `If-Match`, `If-None-Match`.

use serde_json::json;

use crate::support::{Org, Person};

async fn asha_and_a_customer() -> (Person, String) {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let path = format!("/v1/customers/{}", org.customer_of(&asha).await);
    (asha, path)
}

#[tokio::test]
async fn a_change_without_a_version_is_asked_for_one() {
    let (asha, path) = asha_and_a_customer().await;
    asha.patch(&path, &json!({"stage": "lost"})).without("if-match").await.refuses(428, "precondition_required");
    assert_eq!(asha.get(&path).await.shows(200).at("/stage"), "lead");
}

#[tokio::test]
async fn a_deletion_needs_a_version_too() {
    let org = Org::found().await;
    let (admin, asha) = (org.admin().await, org.sales_a().await);
    let path = format!("/v1/customers/{}", org.customer_of(&asha).await);
    admin.delete(&path).without("if-match").await.refuses(428, "precondition_required");
    admin.delete(&path).instead("if-match", "\"9.00000000\"").await.refuses(412, "precondition_failed");
    let tag = admin.get(&path).await.shows(200).sent("etag");
    admin.delete(&path).instead("if-match", &tag).await.shows(204);
    admin.get(&path).await.refuses(404, "not_found");
}

#[tokio::test]
async fn of_two_who_change_the_same_version_one_is_told_to_read_again() {
    let (asha, path) = asha_and_a_customer().await;
    let tag = asha.get(&path).await.shows(200).sent("etag");
    let changed = asha.patch(&path, &json!({"stage": "prospect"})).instead("if-match", &tag).await.shows(200);
    assert_ne!(changed.sent("etag"), tag);
    asha.patch(&path, &json!({"stage": "lost"})).instead("if-match", &tag).await.refuses(412, "precondition_failed");
    let read = asha.get(&path).await.shows(200);
    assert_eq!((read.at("/stage"), read.sent("etag")), (json!("prospect"), changed.sent("etag")));
    asha.patch(&path, &json!({"stage": "lost"})).instead("if-match", &read.sent("etag")).await.shows(200);
}

#[tokio::test]
async fn many_at_once_with_one_version_have_one_winner() {
    let (asha, path) = asha_and_a_customer().await;
    let tag = asha.get(&path).await.shows(200).sent("etag");
    let changes = (0..16).map(|n| {
        asha.patch(&path, &json!({"fields": {"notes": format!("{n}")}})).instead("if-match", &tag).into_future()
    });
    let answers = futures_util::future::join_all(changes).await;
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1, "{answers:?}");
    assert!(answers.iter().all(|answer| [200, 412].contains(&answer.status)), "{answers:?}");
    assert_eq!(asha.get(&path).await.shows(200).at("/version"), 2);
}

#[tokio::test]
async fn a_star_takes_whatever_is_there_and_a_strange_tag_nothing() {
    let (asha, path) = asha_and_a_customer().await;
    let tag = asha.get(&path).await.shows(200).sent("etag");
    asha.patch(&path, &json!({"stage": "prospect"})).instead("if-match", "*").await.shows(200);
    for strange in ["\"x\"", "1", "\"2\"", "W/\"2.00000000\"", &tag, "", "\"-2.00000000\"", "\"02.00000000\""] {
        asha.patch(&path, &json!({"stage": "lost"}))
            .instead("if-match", strange)
            .await
            .refuses(412, "precondition_failed");
    }
    let now = asha.get(&path).await.shows(200).sent("etag");
    asha.patch(&path, &json!({"stage": "lost"})).instead("if-match", &format!("{tag}, {now}")).await.shows(200);
}

#[tokio::test]
async fn what_the_caller_has_already_is_not_sent_again() {
    let org = Org::found().await;
    let (asha, admin) = (org.sales_a().await, org.admin().await);
    let customer = format!("/v1/customers/{}", org.customer_of(&asha).await);
    let key = format!("/v1/api-keys/{}", org.partner(&["name"], &[], &["customers.read"]).await.key_id);
    let user = format!("/v1/users/{}", asha.id);
    for path in [customer.as_str(), &key, &user, "/v1/me", "/v1/me/permissions", "/v1/roles/sales"] {
        let tag = admin.get(path).await.shows(200).sent("etag");
        for same in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let answer = admin.get(path).header("if-none-match", &same).await.shows(304);
            assert!(answer.bytes.is_empty() && answer.sent("etag") == tag, "{answer}");
        }
        admin.get(path).header("if-none-match", "\"1.ffffffff\"").await.shows(200);
    }
}

#[tokio::test]
async fn another_role_sees_other_bytes_and_so_another_tag() {
    let org = Org::found().await;
    let (asha, marketing) = (org.sales_a().await, org.marketing().await);
    let path = format!("/v1/customers/{}", org.customer_of(&asha).await);
    let (hers, theirs) = (asha.get(&path).await.shows(200), marketing.get(&path).await.shows(200));
    assert_ne!(hers.sent("etag"), theirs.sent("etag"));
    marketing.get(&path).header("if-none-match", &hers.sent("etag")).await.shows(200);
}
