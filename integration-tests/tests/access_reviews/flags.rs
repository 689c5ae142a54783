//! What a campaign finds.

use serde_json::json;

use super::{PATH, begin, flags, line, lines, long_ago};
use crate::support::{Org, customer};

#[tokio::test]
async fn every_account_role_and_key_has_a_line_and_what_stands_out_is_flagged() {
    let org = Org::found().await;
    let sql = org.sql().await;
    let dpo = org.dpo().await;
    let sales = org.sales_a().await;
    let id = sales.post("/v1/customers", &customer()).await.shows(201).id();
    sales
        .post(&format!("/v1/customers/{id}/reveal"), &json!({"fields": ["mobile"], "reason": "calling"}))
        .await
        .shows(200);
    let partner = org.partner(&["name"], &[], &["customers.read", "customers.write"]).await;
    partner.get("/v1/customers").await.shows(200);
    let idle = org.partner(&["name"], &[], &["customers.read"]).await;
    for table in ["users", "api_keys"] {
        let old = format!("UPDATE {table} SET created_at = $1");
        sql.execute(&old, &[&long_ago()]).await.unwrap();
    }
    for _ in 0..3 {
        org.finance().await;
    }
    let review = begin(&org, &dpo, 3600).await;
    let all = lines(&dpo, &review.id()).await;
    assert_eq!((review.at("/lines"), review.at("/answered")), (json!(all.len()), json!(0)));
    let user = |key: &str| org.user_id(key).to_string();
    assert_eq!(all.iter().filter(|line| line["kind"] == "account").count(), 11);
    assert_eq!(all.iter().filter(|line| line["kind"] == "role").count(), 10);
    assert_eq!(flags(line(&all, "account", &user("sales_b"))), ["dormant"]);
    assert!(line(&all, "account", &user("sales_b"))["last_used_at"].is_null());
    assert_eq!(flags(line(&all, "account", &user("sales_a"))), Vec::<&str>::new());
    assert!(line(&all, "account", &user("sales_a"))["last_used_at"].is_string());
    assert_eq!(
        flags(line(&all, "account", &user("auditor"))),
        ["dormant", "orphaned"],
        "the auditor has no supervisor"
    );
    assert_eq!(flags(line(&all, "account", &user("finance"))), ["shared"], "three sessions at once");
    let role = line(&all, "role", &user("sales_a"));
    assert_eq!((&role["role"], flags(role)), (&json!("sales"), vec!["over_privileged"]));
    let unused = role["unused_permissions"].as_array().unwrap();
    assert!(unused.contains(&json!("customers.write")) && unused.contains(&json!("imports.run")), "{role}");
    assert!(!unused.contains(&json!("customers.create")) && !unused.contains(&json!("customers.reveal")), "{role}");
    let key = line(&all, "key", &partner.key_id);
    assert_eq!((flags(key), &key["unused_permissions"]), (vec!["over_privileged"], &json!(["customers.write"])));
    assert_eq!(flags(line(&all, "key", &idle.key_id)), ["dormant", "over_privileged"]);
    let dormant = dpo.get(&format!("{PATH}/{}/lines?flag=dormant&kind=key", review.id())).await.shows(200);
    assert_eq!(dormant.at("/data").as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn nobody_is_asked_about_themselves() {
    let org = Org::found().await;
    let dpo = org.dpo().await;
    org.partner(&["name"], &[], &["customers.read"]).await;
    let review = begin(&org, &dpo, 3600).await.id();
    for line in lines(&dpo, &review).await {
        assert_ne!(line["reviewer_id"], line["subject_id"], "{line}");
        assert!(line["reviewer_id"].is_string(), "{line}");
    }
    let all = lines(&dpo, &review).await;
    let asked = |key: &str| line(&all, "account", &org.user_id(key).to_string())["reviewer_id"].clone();
    assert_eq!(asked("sales_a"), org.user_id("manager").to_string());
    assert_eq!(asked("auditor"), org.user_id("dpo").to_string(), "without a supervisor, whoever began it");
    assert_eq!(asked("dpo"), org.user_id("admin").to_string());
    let key = all.iter().find(|line| line["kind"] == "key").unwrap();
    assert_eq!(key["reviewer_id"], org.user_id("dpo").to_string(), "not the administrator who made it");
}

#[tokio::test]
async fn a_campaign_ends_in_the_future_and_is_begun_by_those_who_watch() {
    let org = Org::found().await;
    let dpo = org.dpo().await;
    for (due, code) in [("2020-01-01T00:00:00Z", "in_the_past"), ("2099-01-01T00:00:00Z", "too_far")] {
        let refused = dpo.post(PATH, &json!({"name": "x", "due_at": due})).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [("/due_at".to_owned(), code.to_owned())]);
    }
    for who in ["manager", "auditor", "sales_a"] {
        let body = json!({"name": "x", "due_at": "2099-01-01T00:00:00Z"});
        org.person(who).await.post(PATH, &body).await.refuses(403, "forbidden");
    }
    let review = begin(&org, &dpo, 3600).await.id();
    org.sales_a().await.get(&format!("{PATH}/{review}")).await.refuses(403, "forbidden");
    org.auditor().await.get(&format!("{PATH}/{review}")).await.shows(200);
    Org::found().await.dpo().await.get(&format!("{PATH}/{review}/lines")).await.refuses(404, "not_found");
}
