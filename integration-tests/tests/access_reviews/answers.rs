//! Who answers, and what an answer does.

use serde_json::{Value, json};

use super::{PATH, begin, line, lines};
use crate::support::{Answer, Org, Person, try_log_in};

async fn say(person: &Person, review: &str, line: &Value, answer: &str) -> Answer {
    let path = format!("{PATH}/{review}/lines/{}/{answer}", line["id"].as_str().unwrap());
    person.post(&path, &json!({"comment": "asked around"})).await
}

#[tokio::test]
async fn a_supervisor_sees_and_answers_the_lines_of_their_people_alone() {
    let org = Org::found().await;
    let (dpo, manager) = (org.dpo().await, org.manager().await);
    let review = begin(&org, &dpo, 3600).await.id();
    let (all, own) = (lines(&dpo, &review).await, lines(&manager, &review).await);
    assert!(own.len() == 6 && own.iter().all(|line| line["reviewer_id"] == manager.id.to_string()), "{own:?}");
    let kept =
        say(&manager, &review, line(&own, "account", &org.user_id("sales_a").to_string()), "keep").await.shows(200);
    assert_eq!((kept.at("/decision"), kept.at("/outcome")), (json!("keep"), json!("kept")));
    assert_eq!((kept.at("/decided_by"), kept.at("/comment")), (json!(manager.id), json!("asked around")));
    say(&manager, &review, &kept.json(), "revoke").await.refuses(409, "already_answered");
    say(&manager, &review, line(&all, "account", &org.user_id("finance").to_string()), "keep")
        .await
        .refuses(404, "not_found");
    let auditor = org.auditor().await;
    assert_eq!(lines(&auditor, &review).await.len(), all.len());
    say(&auditor, &review, line(&all, "account", &org.user_id("finance").to_string()), "keep")
        .await
        .refuses(403, "not_the_reviewer");
    assert_eq!(dpo.get(&format!("{PATH}/{review}")).await.shows(200).at("/answered"), 1);
    let log = auditor.get("/v1/audit/entries?action=access_reviews.answer").await.shows(200);
    assert_eq!(log.at("/data/0/details/decision"), "keep");
}

#[tokio::test]
async fn nobody_answers_for_themselves_whatever_they_manage() {
    let org = Org::found().await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    let review = begin(&org, &dpo, 3600).await.id();
    let all = lines(&dpo, &review).await;
    for kind in ["account", "role"] {
        say(&dpo, &review, line(&all, kind, &dpo.id.to_string()), "keep").await.refuses(403, "own_line");
        say(&admin, &review, line(&all, kind, &dpo.id.to_string()), "keep").await.shows(200);
    }
    say(&admin, &review, line(&all, "key", &partner.key_id), "keep").await.refuses(403, "own_line");
    say(&dpo, &review, line(&all, "key", &partner.key_id), "keep").await.shows(200);
}

#[tokio::test]
async fn what_is_revoked_is_gone_at_once() {
    let org = Org::found().await;
    let dpo = org.dpo().await;
    let (sales, support) = (org.sales_a().await, org.support().await);
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    partner.get("/v1/customers").await.shows(200);
    let review = begin(&org, &dpo, 3600).await.id();
    let all = lines(&dpo, &review).await;
    let revoked = say(&dpo, &review, line(&all, "account", &sales.id.to_string()), "revoke").await.shows(200);
    assert_eq!(revoked.at("/outcome"), "revoked");
    sales.get("/v1/me").await.refuses(401, "session_ended");
    let again = try_log_in(org.service(), &org.email("sales_a"), crate::support::PASSWORD).await;
    assert_ne!(again.status, 200, "a suspended account does not log in: {again}");
    say(&dpo, &review, line(&all, "key", &partner.key_id), "revoke").await.shows(200);
    partner.get("/v1/customers").await.refuses(401, "invalid_api_key");
    say(&dpo, &review, line(&all, "role", &support.id.to_string()), "revoke").await.shows(200);
    let left = "SELECT count(*) FROM user_roles WHERE user_id = $1";
    let row = org.sql().await.query_one(left, &[&support.id]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
    org.support().await.get("/v1/customers").await.refuses(403, "forbidden");
}

#[tokio::test]
async fn the_last_administrator_stays_and_the_outcome_says_so() {
    let org = Org::found().await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    let review = begin(&org, &dpo, 3600).await.id();
    let all = lines(&dpo, &review).await;
    for kind in ["account", "role"] {
        let answer = say(&dpo, &review, line(&all, kind, &admin.id.to_string()), "revoke").await.shows(200);
        assert_eq!(answer.at("/outcome"), "kept_last_administrator");
    }
    admin.get("/v1/roles").await.shows(200);
}

#[tokio::test]
async fn rights_given_for_a_while_are_looked_at_like_all_others() {
    let org = Org::found().await;
    let (dpo, asha, ben, manager) = (org.dpo().await, org.sales_a().await, org.sales_b().await, org.manager().await);
    let given = async |person: &Person| {
        let customer = org.customer_of(person).await;
        let body =
            json!({"kind": "fields", "customer_ids": [customer], "fields": ["address"], "reason": "for a contract"});
        let request = person.post("/v1/access-requests", &body).await.shows(201).id();
        let given = manager.post(&format!("/v1/access-requests/{request}/approve"), &json!({})).await.shows(200);
        (customer, given.text_at("/grant/id"))
    };
    let ((used_on, used), (_, unused)) = (given(&asha).await, given(&ben).await);
    asha.get(&format!("/v1/customers/{used_on}")).await.shows(200);
    let review = begin(&org, &dpo, 3600).await.id();
    let all = lines(&dpo, &review).await;
    let (kept, gone) = (line(&all, "grant", &used), line(&all, "grant", &unused));
    assert_eq!((&kept["flags"], &gone["flags"]), (&json!([]), &json!(["dormant"])), "{all:?}");
    assert!(kept["last_used_at"].is_string() && kept["reviewer_id"] == json!(manager.id), "{kept}");
    say(&manager, &review, kept, "keep").await.shows(200);
    let revoked = say(&manager, &review, gone, "revoke").await.shows(200);
    assert_eq!(revoked.at("/outcome"), "revoked");
    let after = dpo.get(&format!("/v1/grants/{unused}")).await.shows(200);
    assert_eq!((after.at("/in_force"), after.at("/revoked_by")), (json!(false), json!(manager.id)), "{after}");
    assert_eq!(dpo.get(&format!("/v1/grants/{used}")).await.shows(200).at("/in_force"), true);
    // The manager's own right is for somebody else to answer for.
    let (_, own) = {
        let customer = org.customer_of(&manager).await;
        let body =
            json!({"kind": "fields", "customer_ids": [customer], "fields": ["address"], "reason": "for a contract"});
        let request = manager.post("/v1/access-requests", &body).await.shows(201).id();
        let admin = org.admin().await;
        let given = admin.post(&format!("/v1/access-requests/{request}/approve"), &json!({})).await.shows(200);
        (customer, given.text_at("/grant/id"))
    };
    let next = begin(&org, &dpo, 3600).await.id();
    let all = lines(&dpo, &next).await;
    assert_ne!(line(&all, "grant", &own)["reviewer_id"], json!(manager.id));
    say(&manager, &next, line(&all, "grant", &own), "keep").await.refuses(404, "not_found");
}
