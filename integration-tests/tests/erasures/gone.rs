//! Somebody who was erased: nowhere, by no path, and nobody else missing.

use serde_json::json;

use super::erase;
use crate::customers::{ids, path, whole};
use crate::records::{call_on, enter};
use crate::support::{Answer, Org};

#[tokio::test]
async fn an_erased_customer_is_answered_as_erased_by_every_path() {
    let org = Org::found().await;
    let (admin, dpo, sales) = (org.admin().await, org.dpo().await, org.sales_a().await);
    let made = sales.post("/v1/customers", &whole(1)).await.shows(201);
    let (id, path) = (made.id(), path(&made.id()));
    let kept = org.customer_of(&sales).await;
    let erased = erase(&dpo, &id).await.shows(202);
    assert_eq!(erased.at("/state"), "erasing");
    assert!(erased.at("/fields").as_array().unwrap().iter().all(|field| field["outcome"] == "erased"));
    let reveal = json!({"fields": ["mobile"], "reason": "check"});
    for person in [&admin, &dpo] {
        person.get(&path).await.refuses(410, "erased");
        person.get(&path).header("if-none-match", &made.sent("etag")).await.refuses(410, "erased");
        person.patch(&path, &json!({"stage": "lost"})).await.refuses(410, "erased");
        person.delete(&path).await.refuses(410, "erased");
        person.post(&format!("{path}/reveal"), &reveal).await.refuses(410, "erased");
        for part in ["history", "access-log", "consents", "erasure-preview"] {
            person.get(&format!("{path}/{part}")).await.refuses(410, "erased");
        }
        let page = person.get("/v1/customers?count=true").await.shows(200);
        assert_eq!((ids(&page.json()), page.at("/count")), (vec![kept.clone()], json!(1)));
    }
    sales.get(&path).await.refuses(410, "erased");
    org.sales_b().await.get(&path).await.refuses(404, "not_found");
    for field in ["mobile", "email", "customer_no", "id_number", "bank_card"] {
        let value = whole(1)["fields"][field].as_str().unwrap().to_owned();
        let page = admin.get(&format!("/v1/customers?q[{field}]={value}&count=true")).await.shows(200);
        assert_eq!((page.at("/data"), page.at("/count")), (json!([]), json!(0)), "{field}");
    }
    dpo.get(&format!("/v1/erasures/{}/preview", erased.id())).await.refuses(410, "erased");
}

#[tokio::test]
async fn what_hung_on_an_erased_customer_is_answered_as_erased_by_its_own_paths() {
    let org = Org::found().await;
    let (admin, dpo, sales) = (org.admin().await, org.dpo().await, org.sales_a().await);
    let (gone, stays) = (org.customer_of(&sales).await, org.customer_of(&sales).await);
    let call = async |customer: &String| {
        let entered = enter(&sales, customer, "interaction", call_on("2026-03-11")).await.shows(201);
        crate::records::path("interaction", &entered.id())
    };
    let (at, deleted, other) = (call(&gone).await, call(&gone).await, call(&stays).await);
    sales.patch(&at, &json!({"fields": {"summary": "rang back"}})).await.shows(200);
    admin.delete(&deleted).await.shows(204);
    let file = crate::attachments::hung(&sales, &gone).await;
    let preview = dpo.get(&format!("{}/erasure-preview", path(&gone))).await.shows(200);
    let left = |told: &Answer, member: &str| {
        let all = told.at(member);
        all.as_array().unwrap().iter().find(|one| one["what"] == "record_tombstones").map(|one| one["rows"].clone())
    };
    assert_eq!(left(&preview, "/stays"), Some(json!(2)));
    let erased = erase(&dpo, &gone).await.shows(202);
    assert_eq!(left(&erased, "/kept"), Some(json!(2)), "the ids, and nothing else");
    let reveal = json!({"fields": ["summary"], "reason": "check"});
    for person in [&admin, &dpo, &sales] {
        for path in [at.clone(), format!("{at}/history"), deleted.clone()] {
            person.get(&path).await.refuses(410, "erased");
        }
    }
    sales.patch(&at, &json!({"fields": {"summary": "rang again"}})).await.refuses(410, "erased");
    admin.delete(&at).await.refuses(410, "erased");
    admin.post(&format!("{at}/reveal"), &reveal).await.refuses(410, "erased");
    for path in [format!("{}/attachments/{file}", path(&gone)), format!("{}/records/interaction", path(&gone))] {
        sales.get(&path).await.refuses(410, "erased");
    }
    // Whoever could not have known of the customer learns nothing of what hung on them.
    org.sales_b().await.get(&at).await.refuses(404, "not_found");
    Org::found().await.dpo().await.get(&at).await.refuses(404, "not_found");
    sales.get(&other).await.shows(200);
    super::certified(&org, &dpo, &erased.id()).await;
    sales.get(&at).await.refuses(410, "erased");
}

#[tokio::test]
async fn what_somebody_agreed_to_is_answered_as_erased_with_them() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let id = org.customer_of(&sales).await;
    let consent = crate::consents::agreed(&sales, &dpo, &id).await;
    dpo.get(&format!("/v1/consents/{consent}")).await.shows(200);
    erase(&dpo, &id).await.shows(202);
    dpo.get(&format!("/v1/consents/{consent}")).await.refuses(410, "erased");
    org.sales_b().await.get(&format!("/v1/consents/{consent}")).await.refuses(404, "not_found");
}

#[tokio::test]
async fn nothing_of_the_person_is_left_in_the_rows_but_ids_and_times() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let id = sales.post("/v1/customers", &whole(2)).await.shows(201).id();
    let change = json!({"fields": {"notes": "other"}});
    sales.patch(&path(&id), &change).await.shows(200);
    erase(&dpo, &id).await.shows(202);
    let sql = org.sql().await;
    for table in ["blind_indexes", "customer_versions", "access_grant_customers", "access_budget_people"] {
        let query = format!("SELECT count(*) FROM {table} WHERE customer_id = $1::text::uuid");
        let left: i64 = sql.query_one(&query, &[&id]).await.unwrap().get(0);
        assert_eq!(left, 0, "{table}");
    }
    let tombstone = "SELECT length(wrapped_key) + length(fields) + length(tags), stage, source, region FROM customers WHERE id = $1::text::uuid";
    let row = sql.query_one(tombstone, &[&id]).await.unwrap();
    assert_eq!(row.get::<_, i32>(0), 0);
    assert!((1..4).all(|at| row.get::<_, Option<String>>(at).is_none()));
}

#[tokio::test]
async fn a_deleted_customer_can_be_erased_and_its_unique_values_stay_free() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let body = json!({"fields": {"name": "张三", "customer_no": "N-7"}});
    let id = admin.post("/v1/customers", &body).await.shows(201).id();
    admin.delete(&path(&id)).await.shows(204);
    erase(&dpo, &id).await.shows(202);
    admin.get(&path(&id)).await.refuses(410, "erased");
    let again = admin.post("/v1/customers", &body).await.shows(201).id();
    assert_ne!(again, id, "who comes back is somebody new");
}

#[tokio::test]
async fn a_kept_answer_does_not_bring_the_person_back() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let once = sales.with("idempotency-key", "entered-once");
    let id = once.post("/v1/customers", &whole(3)).await.shows(201).id();
    let reveal = json!({"fields": ["mobile"], "reason": "to call back"});
    let shown = sales.with("idempotency-key", "shown-once");
    shown.post(&format!("{}/reveal", path(&id)), &reveal).await.shows(200);
    erase(&dpo, &id).await.shows(202);
    let again = once.post("/v1/customers", &whole(3)).await;
    assert!([404, 410].contains(&again.status), "{}", again.text());
    shown.post(&format!("{}/reveal", path(&id)), &reveal).await.refuses(410, "erased");
}

#[tokio::test]
async fn what_waits_for_the_person_ends_with_them() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let (id, other) = (org.customer_of(&sales).await, org.customer_of(&sales).await);
    let ask = async |customers: &[&String]| {
        let body = json!({"kind": "fields", "customer_ids": customers, "fields": ["address"], "reason": "needed for a contract"});
        sales.post("/v1/access-requests", &body).await.shows(201).id()
    };
    let (alone, together) = (ask(&[&id]).await, ask(&[&id, &other]).await);
    erase(&dpo, &id).await.shows(202);
    let state =
        async |request: &str| sales.get(&format!("/v1/access-requests/{request}")).await.shows(200).at("/state");
    assert_eq!(state(&alone).await, "cancelled", "nobody is left to be seen by it");
    assert_eq!(state(&together).await, "pending");
}

#[tokio::test]
async fn each_step_stands_in_the_log_and_the_log_is_whole() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let id = org.customer_of(&sales).await;
    let erasure = erase(&dpo, &id).await.shows(202).id();
    erase(&dpo, &id).await.shows(202);
    let entries = dpo.get(&format!("/v1/audit/entries?customer_id={id}")).await.shows(200);
    let actions: Vec<_> = entries.at("/data").as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert!(actions.contains(&json!("erasures.erase")) && actions.contains(&json!("erasures.request")), "{actions:?}");
    let found = dpo.get(&format!("/v1/erasures/{erasure}")).await.shows(200);
    assert_eq!(found.at("/customer_id"), json!(id));
    let listed = dpo.get(&format!("/v1/erasures?state=erasing&customer_id={id}")).await.shows(200);
    assert_eq!(listed.at("/data/0/id"), json!(erasure));
    dpo.get("/v1/erasures?state=gone").await.refuses(400, "invalid_query");
}

/// Columns that name a customer and are looked up otherwise: by who looked, by what is searched for, by the record; or not at all. May only get shorter.
const FOUND_OTHERWISE: [&str; 5] = [
    "access_budget_people.customer_id",
    "blind_indexes.customer_id",
    "erased_records.customer_id",
    "events.customer_id",
    "withdrawal_recipients.customer_id",
];

#[tokio::test]
async fn what_is_kept_of_somebody_is_found_by_an_index_of_whom_it_is_about() {
    const SQL: &str = "SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
        AND a.attname IN ('customer_id', 'survivor_id', 'merged_id') JOIN pg_attribute o ON o.attrelid = c.oid AND o.attname = 'organization_id' \
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT EXISTS (SELECT FROM pg_index i \
        WHERE i.indrelid = c.oid AND i.indkey[0] = o.attnum AND i.indkey[1] = a.attnum AND i.indnkeyatts > 1 \
        AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', a.attname))) ORDER BY 1";
    let org = Org::found().await;
    let rows = org.sql().await.query(SQL, &[]).await.unwrap();
    let unfound: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(unfound, FOUND_OTHERWISE, "an erasure would read what is kept of everybody");
}
