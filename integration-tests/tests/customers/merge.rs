//! Two rows about one person made one: everything follows, nothing is lost, and the old id says where.

use serde_json::json;

use super::{NOBODY, ids, path, whole};
use crate::audit::Ledger;
use crate::support::{Answer, Org, Person};

/// Makes one of two.
pub async fn merge(person: &Person, stays: &str, goes: &str) -> Answer {
    let body = json!({"customer_id": goes, "reason": "Entered twice at the fair"});
    person.post(&format!("{}/merge", path(stays)), &body).await
}

/// Two customers with a mobile number in common: the second one has an e-mail address and a number of its own.
pub async fn twins(person: &Person) -> (String, String) {
    let one = json!({"fields": {"name": "张三", "mobile": "13812340001"}});
    let other = json!({"fields": {"name": "张三丰", "mobile": "13812340001", "email": "zhang@example.org", "customer_no": "T-000002"}});
    let one = person.post("/v1/customers", &one).await.shows(201).id();
    (one, person.post("/v1/customers", &other).await.shows(201).id())
}

#[tokio::test]
async fn what_the_one_lacks_comes_from_the_other_and_the_old_id_says_where() {
    let org = Org::found().await;
    let (asha, ben) = (org.sales_a().await, org.sales_b().await);
    let (one, other) = twins(&asha).await;
    let call = crate::records::call_on("2026-03-11");
    let record = crate::records::enter(&asha, &other, "interaction", call).await.shows(201).id();
    asha.patch(&format!("/v1/records/interaction/{record}"), &json!({"fields": {"summary": "改约"}})).await.shows(200);
    let mut ledger = Ledger::of(&org).await;
    let merged = merge(&asha, &one, &other).await.shows(200);
    assert_eq!((merged.at("/fields"), merged.at("/records")), (json!(["customer_no", "email"]), json!(1)), "{merged}");
    let entries = ledger.new_entries().await;
    let told = entries.iter().find(|entry| entry["action"] == "customers.merge").expect("the merge is on record");
    assert_eq!(told["customers"], json!([one, other]));
    assert!(!told.to_string().contains("fair"), "the reason is sealed");
    let seen = asha.get(&path(&one)).await.shows(200);
    assert_eq!((seen.at("/fields/name"), seen.at("/version")), (json!("张三"), json!(2)), "its own values stay");
    assert!(seen.at("/fields/email").is_string());
    for query in ["q[customer_no]=T-000002", "q[email]=zhang@example.org", "q[mobile]=13812340001", ""] {
        assert_eq!(
            ids(&asha.get(&format!("/v1/customers?{query}")).await.shows(200).json()),
            [one.as_str()],
            "{query}"
        );
    }
    let moved = asha.get(&path(&other)).await.shows(301);
    assert_eq!(moved.sent("location"), path(&one));
    let asked = format!("{}/records/interaction?limit=10", path(&other));
    assert_eq!(asha.get(&asked).await.shows(301).sent("location"), asked.replace(&other, &one));
    assert_eq!(asha.patch(&path(&other), &json!({"stage": "lost"})).await.shows(308).sent("location"), path(&one));
    ben.get(&path(&other)).await.refuses(404, "not_found");
    let record = asha.get(&format!("/v1/records/interaction/{record}")).await.shows(200);
    assert_eq!((record.at("/customer_id"), record.at("/fields/summary")), (json!(one), json!("改约")));
    let past = asha.get(&format!("/v1/records/interaction/{}/history", record.id())).await.shows(200);
    assert!(past.text().contains("希望下周回电"), "what a record was follows, too: {past}");
}

#[tokio::test]
async fn history_access_log_tags_and_collaborators_follow() {
    let org = Org::found().await;
    let (manager, asha, ben, auditor) =
        (org.manager().await, org.sales_a().await, org.sales_b().await, org.auditor().await);
    let (one, other) = twins(&asha).await;
    for (customer, code) in [(&one, "vip"), (&other, "fair")] {
        manager.post("/v1/tags", &json!({"code": code, "name": code})).await.shows(201);
        asha.patch(&path(customer), &json!({"tags": [code]})).await.shows(200);
    }
    asha.patch(&path(&other), &json!({"fields": {"name": "张三风"}})).await.shows(200);
    let those = json!({"collaborators": [{"user_id": ben.id}]});
    let named = asha.request("PUT", &format!("{}/collaborators", path(&other))).header("if-match", "*").json(&those);
    named.await.shows(200);
    merge(&asha, &one, &other).await.shows(200);
    let seen = ben.get(&path(&one)).await.shows(200);
    assert_eq!(seen.at("/tags"), json!(["fair", "vip"]));
    let past = asha.get(&format!("{}/history?merged_id={other}", path(&one))).await.shows(200);
    let text = past.text();
    assert!(text.contains("张三丰") && text.contains("张三风"), "the other's own past: {text}");
    asha.get(&format!("{}/history?merged_id={NOBODY}", path(&one))).await.refuses(404, "not_found");
    let log = auditor.get(&format!("{}/access-log?limit=200", path(&one))).await.shows(200).json();
    let about = |id: &str| log["data"].as_array().unwrap().iter().filter(|line| line.to_string().contains(id)).count();
    assert!(about(&other) > 2, "who looked at the other one looked at this person");
}

#[tokio::test]
async fn only_who_reaches_both_makes_one_of_them() {
    let (org, elsewhere) = (Org::found().await, Org::found().await);
    let (manager, asha, ben) = (org.manager().await, org.sales_a().await, org.sales_b().await);
    let (one, other) = twins(&asha).await;
    let hers = org.customer_of(&asha).await;
    let theirs = org.customer_of(&ben).await;
    let foreign = elsewhere.customer_of(&elsewhere.manager().await).await;
    for (who, stays, goes) in [
        (&asha, &one, &theirs),
        (&manager, &one, &foreign),
        (&manager, &one, &one),
        (&manager, &one, &NOBODY.to_string()),
    ] {
        let refused = merge(who, stays, goes).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [("/customer_id".to_owned(), "unknown_customer".to_owned())], "{goes}");
    }
    merge(&ben, &one, &other).await.refuses(404, "not_found");
    let refused = merge(&org.support().await, &one, &other).await.refuses(403, "forbidden");
    assert!(refused.text().contains("customers.merge"));
    let mut body = json!({"customer_id": other, "take": ["nothing_such"], "reason": "Entered twice"});
    asha.post(&format!("{}/merge", path(&one)), &body).await.refuses(422, "invalid_body");
    body["take"] = json!(["name"]);
    asha.post(&format!("{}/merge", path(&one)), &body).await.shows(200);
    assert_eq!(asha.get(&path(&one)).await.shows(200).at("/fields/name"), "张三丰", "what was asked for is taken");
    asha.get(&path(&hers)).await.shows(200);
}

#[tokio::test]
async fn nobody_restricted_or_waiting_to_be_erased_is_merged_and_holds_bind_both() {
    let org = Org::found().await;
    let (dpo, asha) = (org.dpo().await, org.sales_a().await);
    let (one, other) = twins(&asha).await;
    let term = json!({"kind": "statutory", "basis": "ECL 31", "until": "2099-01-01T00:00:00Z"});
    crate::retention::hold(&dpo, &other, term).await;
    merge(&asha, &one, &other).await.shows(200);
    let blocked = crate::erasures::erase(&dpo, &one).await.shows(202);
    assert_eq!(blocked.at("/state"), "blocked", "what bound the one that went binds the one that stays");
    let third = asha.post("/v1/customers", &whole(3)).await.shows(201).id();
    merge(&asha, &third, &one).await.refuses(409, "customer_restricted");
    merge(&asha, &one, &third).await.refuses(409, "customer_restricted");
}

#[tokio::test]
async fn erasing_the_one_erases_the_other_in_every_copy() {
    let org = Org::found().await;
    let (dpo, asha) = (org.dpo().await, org.sales_a().await);
    let (one, other) = twins(&asha).await;
    let call = crate::records::call_on("2026-03-11");
    crate::records::enter(&asha, &other, "interaction", call).await.shows(201);
    merge(&asha, &one, &other).await.shows(200);
    let erasure = crate::erasures::erase(&dpo, &one).await.shows(202);
    assert_eq!(erasure.at("/state"), "erasing");
    for id in [&one, &other] {
        dpo.get(&path(id)).await.refuses(410, "erased");
    }
    let sql = org.sql().await;
    let left = sql
        .query("SELECT wrapped_key, fields FROM customers WHERE wrapped_key <> '' OR fields <> ''", &[])
        .await
        .unwrap();
    assert!(left.is_empty(), "neither has a key or a value");
    for table in ["customer_merges", "customer_versions", "records", "record_versions", "blind_indexes"] {
        let rows = sql.query(&format!("SELECT FROM {table}"), &[]).await.unwrap();
        assert!(rows.is_empty(), "{table}");
    }
    let all = dpo.get("/v1/erasures").await.shows(200).json();
    assert_eq!(all["data"].as_array().unwrap().len(), 2, "each is swept for and certified by itself");
    for one in all["data"].as_array().unwrap() {
        crate::erasures::certified(&org, &dpo, one["id"].as_str().unwrap()).await;
    }
}

#[tokio::test]
async fn what_was_deleted_about_the_one_goes_along_unseen_and_is_erased_with_the_other() {
    let org = Org::found().await;
    let (dpo, manager, asha) = (org.dpo().await, org.manager().await, org.sales_a().await);
    let (one, other) = twins(&asha).await;
    let call = crate::records::call_on("2026-03-11");
    let record = crate::records::enter(&asha, &other, "interaction", call).await.shows(201).id();
    let record = crate::records::path("interaction", &record);
    manager.delete(&record).await.shows(204);
    merge(&asha, &one, &other).await.shows(200);
    asha.get(&record).await.refuses(404, "not_found");
    let sql = org.sql().await;
    let whose: uuid::Uuid = sql.query_one("SELECT customer_id FROM records", &[]).await.unwrap().get(0);
    assert_eq!(whose.to_string(), one);
    assert_eq!(crate::erasures::erase(&dpo, &one).await.shows(202).at("/state"), "erasing");
    assert!(sql.query("SELECT FROM records", &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_withdrawal_of_either_wins_and_a_consent_goes_along() {
    let org = Org::found().await;
    let (dpo, asha) = (org.dpo().await, org.sales_a().await);
    let decision = async |customer: &str, purpose: &str| {
        let asked = format!("/v1/consent-decisions?customer_id={customer}&purpose={purpose}");
        asha.get(&asked).await.shows(200).at("/allowed")
    };
    let (one, other) = twins(&asha).await;
    let given = crate::consents::agreed(&asha, &dpo, &other).await;
    let purpose = asha.get(&format!("/v1/consents/{given}")).await.shows(200).text_at("/purpose");
    assert_eq!((decision(&one, &purpose).await, decision(&other, &purpose).await), (json!(false), json!(true)));
    assert_eq!(merge(&asha, &one, &other).await.shows(200).at("/consents"), 1);
    assert_eq!(decision(&one, &purpose).await, true, "a yes goes along");
    let listed = asha.get(&format!("{}/consents", path(&one))).await.shows(200).json();
    let copy = listed["data"][0]["id"].as_str().unwrap().to_owned();
    asha.post(&format!("/v1/consents/{copy}/withdraw"), &json!({})).await.shows(200);
    assert_eq!(decision(&one, &purpose).await, false);
    let third = org.customer_of(&asha).await;
    crate::consents::agreed(&asha, &dpo, &third).await;
    assert_eq!(decision(&third, &purpose).await, true);
    merge(&asha, &third, &one).await.shows(200);
    assert_eq!(decision(&third, &purpose).await, false, "a no of either wins");
}
