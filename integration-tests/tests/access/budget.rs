//! Curiosity budgets: how many people a day somebody looks at closely.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, Org, Person, customer, own_instance};

/// A role that reaches everybody, reads names and reveals mobiles, with these budgets; held by somebody without another.
async fn curious(org: &Org<'_>, rules: Value, budgets: Value) -> Person {
    let mut body = json!({"code": "curious", "labels": {"en": "Curious", "zh": "好奇"}, "data_scope": "organization", "field_rules": rules,
        "permissions": ["customers.read", "customers.reveal", "customers.write", "customers.history"]});
    for (name, value) in budgets.as_object().unwrap() {
        body[name] = value.clone();
    }
    org.admin().await.post("/v1/roles", &body).await.shows(201);
    let give = "INSERT INTO user_roles (organization_id, user_id, role_code) VALUES ($1, $2, 'curious')";
    org.sql().await.execute(give, &[&org.id, &org.user_id("nobody")]).await.unwrap();
    org.nobody().await
}

async fn people(org: &Org<'_>, count: usize) -> Vec<String> {
    let admin = org.admin().await;
    let mut ids = Vec::new();
    for _ in 0..count {
        let mut body = customer();
        body["fields"]["notes"] = json!("call back");
        ids.push(admin.post("/v1/customers", &body).await.shows(201).id());
    }
    ids
}

async fn reveal(person: &Person, id: &str) -> Answer {
    person.post(&format!("/v1/customers/{id}/reveal"), &json!({"fields": ["mobile"], "reason": "calling back"})).await
}

async fn reveals(person: &Person) -> (u64, u64, u64) {
    let budget = person.get("/v1/me/budget").await.shows(200).at("/reveals");
    let number = |name: &str| budget[name].as_u64().unwrap();
    (number("limit"), number("used"), number("left"))
}

#[tokio::test]
async fn each_person_counts_once_a_day_and_past_the_budget_nobody_new_is_shown() {
    let org = Org::found().await;
    let rules = json!([{"on": "field:mobile", "view": "reveal"}]);
    let person = curious(&org, rules, json!({"reveal_budget": 3})).await;
    let ids = people(&org, 4).await;
    assert_eq!(reveals(&person).await, (3, 0, 3));
    for id in ids.iter().take(3).chain(ids.iter().take(2)) {
        reveal(&person, id).await.shows(200);
    }
    assert_eq!(reveals(&person).await, (3, 3, 0));
    let refused = reveal(&person, &ids[3]).await.refuses(403, "reveal_budget_exhausted");
    assert_eq!(refused.sent("link"), "</v1/access-requests>; rel=\"help\"");
    reveal(&person, &ids[0]).await.shows(200);
    person.get(&format!("/v1/customers/{}", ids[3])).await.shows(200);
    assert_eq!(reveals(&person).await, (3, 3, 0), "masks cost nothing, and neither does a refusal");
    let entries = org.auditor().await.get("/v1/audit/entries?action=access.refused").await.shows(200);
    assert_eq!(entries.at("/data/0/rule"), "reveal_budget_exhausted");
    let yesterday = "UPDATE access_budget_days SET day = day - 1";
    let sql = org.sql().await;
    sql.execute(yesterday, &[]).await.unwrap();
    assert_eq!(reveals(&person).await, (3, 0, 3));
    reveal(&person, &ids[3]).await.shows(200);
}

#[tokio::test]
async fn reading_in_full_counts_like_revealing_wherever_it_is_read() {
    let org = Org::found().await;
    let rules = json!([{"on": "field:notes", "view": "read"}, {"on": "field:company", "edit": true}]);
    let person = curious(&org, rules, json!({"reveal_budget": 4})).await;
    let ids = people(&org, 6).await;
    person.get("/v1/customers").await.refuses(403, "reveal_budget_exhausted");
    assert_eq!(reveals(&person).await.1, 0, "a page that is not shown costs nothing");
    person.get("/v1/customers?limit=2").await.shows(200);
    assert_eq!(reveals(&person).await.1, 2);
    person.get(&format!("/v1/customers/{}", ids[5])).await.shows(200);
    assert_eq!(reveals(&person).await.1, 2, "listed newest first, so counted already");
    person.patch(&format!("/v1/customers/{}", ids[0]), &json!({"fields": {"company": "New"}})).await.shows(200);
    person.get(&format!("/v1/customers/{}/history", ids[1])).await.shows(200);
    assert_eq!(reveals(&person).await, (4, 4, 0));
    let path = format!("/v1/customers/{}", ids[2]);
    person.get(&path).await.refuses(403, "reveal_budget_exhausted");
    person.get(&format!("{path}/history")).await.refuses(403, "reveal_budget_exhausted");
    person.patch(&path, &json!({"fields": {"company": "Newer"}})).await.refuses(403, "reveal_budget_exhausted");
    assert_eq!(org.admin().await.get(&path).await.shows(200).at("/version"), 1, "what is refused changes nothing");
}

#[tokio::test]
async fn the_last_place_is_taken_once_whatever_happens_at_once() {
    let org = Org::found().await;
    let rules = json!([{"on": "field:mobile", "view": "reveal"}]);
    let person = curious(&org, rules, json!({"reveal_budget": 5})).await;
    let other_session = org.nobody().await;
    let ids = people(&org, 16).await;
    let tried = ids.iter().enumerate().map(|(at, id)| reveal(if at % 2 == 0 { &person } else { &other_session }, id));
    let answers = join_all(tried).await;
    let shown = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(shown, 5, "{answers:?}");
    assert_eq!(reveals(&org.nobody().await).await, (5, 5, 0), "a new session brings no new budget");
    let counted = "SELECT count(*) FROM access_budget_people WHERE caller_id = $1";
    let row = org.sql().await.query_one(counted, &[&person.id]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 5);
}

#[tokio::test]
async fn what_another_instance_counted_counts_here() {
    let org = Org::found().await;
    let rules = json!([{"on": "field:mobile", "view": "reveal"}]);
    let person = curious(&org, rules, json!({"reveal_budget": 2, "last4_budget": 1})).await;
    let ids = people(&org, 2).await;
    reveal(&person, &ids[0]).await.shows(200);
    let elsewhere = "UPDATE access_budget_days SET used = 2 WHERE caller_id = $1";
    org.sql().await.execute(elsewhere, &[&person.id]).await.unwrap();
    reveal(&person, &ids[1]).await.refuses(403, "reveal_budget_exhausted");
}

#[tokio::test]
async fn nobody_walks_through_all_last_digits() {
    let org = Org::found().await;
    let person = curious(&org, json!([]), json!({"last4_budget": 3})).await;
    for digits in 0..3 {
        person.get(&format!("/v1/customers?q[mobile_last4]=000{digits}")).await.shows(200);
    }
    person.get("/v1/customers?q[mobile_last4]=0003").await.refuses(403, "search_budget_exhausted");
    person.get("/v1/customers?q[mobile]=13800000003").await.shows(200);
    let budget = person.get("/v1/me/budget").await.shows(200).at("/last4_searches");
    assert_eq!(budget, json!({"limit": 3, "used": 3, "left": 0}));
}

#[tokio::test]
async fn who_was_refused_a_search_makes_the_database_search_no_more_and_is_let_in_again() {
    let service = own_instance(&[]);
    let org = Org::found_on(&service).await;
    let person = curious(&org, json!([]), json!({"last4_budget": 1})).await;
    let search = async || person.get("/v1/customers?q[mobile_last4]=0001").await;
    search().await.shows(200);
    search().await.refuses(403, "search_budget_exhausted");
    let holder = org.sql().await;
    // Whoever looked into the index would wait for this and be told so.
    holder.batch_execute("BEGIN; LOCK TABLE blind_indexes IN ACCESS EXCLUSIVE MODE").await.unwrap();
    search().await.refuses(403, "search_budget_exhausted");
    holder.batch_execute("COMMIT").await.unwrap();
    let entries = org.auditor().await.get("/v1/audit/entries?action=access.refused").await.shows(200);
    let rules: Vec<Value> = entries.at("/data").as_array().unwrap().iter().map(|one| one["rule"].clone()).collect();
    assert_eq!(rules, [json!("search_budget_exhausted"), json!("search_budget_exhausted")]);
    holder.execute("UPDATE access_budget_days SET used = 0", &[]).await.unwrap();
    search().await.shows(200);
}

#[tokio::test]
async fn a_budget_is_ones_own_and_nobody_raises_theirs() {
    let org = Org::found().await;
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    partner.get("/v1/me/budget").await.refuses(403, "staff_only");
    assert_eq!(reveals(&org.nobody().await).await, (0, 0, 0), "without a role there is nothing to look at");
    assert_eq!(reveals(&org.sales_a().await).await.0, 100_000, "the installation's own figure");
    let admin = org.admin().await;
    let chief = json!({"code": "chief", "labels": {"en": "Chief", "zh": "主管"}, "data_scope": "organization", "reveal_budget": 1,
        "permissions": ["customers.read", "roles.manage", "roles.read"]});
    let path = format!("/v1/roles/{}", admin.post("/v1/roles", &chief).await.shows(201).id());
    let give = "INSERT INTO user_roles (organization_id, user_id, role_code) VALUES ($1, $2, 'chief')";
    org.sql().await.execute(give, &[&org.id, &org.user_id("nobody")]).await.unwrap();
    let chief = org.nobody().await;
    let refused = chief.patch(&path, &json!({"reveal_budget": 2})).await.refuses(403, "exceeds_own_rights");
    assert_eq!(refused.faults(), [("/reveal_budget".to_owned(), "not_held".to_owned())]);
    chief.patch(&path, &json!({"reveal_budget": 0})).await.shows(200);
    admin.patch(&path, &json!({"reveal_budget": 2})).await.shows(200);
}
