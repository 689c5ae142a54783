//! What stands open beside a record's sealed values is closed when its field is guarded, by a job over what is stored.

use serde_json::{Value, json};

use crate::imports::finished;
use crate::records::{enter, path, someone};
use crate::support::{Org, Person};

const AMOUNT: &str = "/v1/record-types/opportunity/fields/amount";

async fn graded(admin: &Person, classification: &str) -> Value {
    let changed = admin.patch(AMOUNT, &json!({"classification": classification})).await.shows(200);
    finished(admin, &format!("/v1/jobs/{}", changed.text_at("/job_id"))).await
}

#[tokio::test]
async fn a_guarded_field_stands_open_no_more_and_an_unguarded_one_again() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let customer = someone(&sales).await;
    let opportunity = json!({"stage": "lead", "amount": {"amount": "1200.50", "currency": "CNY"}});
    enter(&sales, &customer, "opportunity", opportunity.clone()).await.shows(201);
    let open = async || -> Vec<Option<String>> {
        let sql = org.sql().await;
        let rows = sql.query("SELECT amount::text FROM records ORDER BY id", &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    };
    assert_eq!(open().await, [Some("1200.5000".to_owned())]);
    let job = graded(&dpo, "sensitive").await;
    assert_eq!((&job["state"], &job["kind"]), (&json!("succeeded"), &json!("catalog_rebuild")));
    assert!(job["progress"]["done"].as_i64().unwrap() >= 1, "{job}");
    enter(&sales, &customer, "opportunity", opportunity).await.shows(201);
    assert_eq!(open().await, [None, None], "neither what was stored nor what came since");
    let funnel = sales.get("/v1/reports/funnel").await.shows(200);
    assert!(!funnel.text().contains("1200.5"), "{funnel}");
    assert_eq!(graded(&dpo, "internal").await["state"], "succeeded");
    assert_eq!(open().await.into_iter().flatten().count(), 2);
}

#[tokio::test]
async fn what_was_deleted_stands_open_no_more_than_what_is_in_use_and_is_found_by_nothing_again() {
    let org = Org::found().await;
    let (dpo, manager, sales) = (org.dpo().await, org.manager().await, org.sales_a().await);
    let opportunity = json!({"stage": "lead", "amount": {"amount": "1200.50", "currency": "CNY"}});
    let (one, other) = (someone(&sales).await, someone(&sales).await);
    for (customer, is_deleted) in [(&one, true), (&one, false), (&other, false)] {
        let record = enter(&sales, customer, "opportunity", opportunity.clone()).await.shows(201).id();
        if is_deleted {
            manager.delete(&path("opportunity", &record)).await.shows(204);
        }
    }
    org.admin().await.delete(&format!("/v1/customers/{other}")).await.shows(204);
    let count = async |condition: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM records WHERE {condition}");
        org.sql().await.query_one(&sql, &[]).await.unwrap().get(0)
    };
    assert_eq!(count("amount IS NOT NULL AND currency IS NOT NULL AND state IS NOT NULL").await, 3);
    let job = graded(&dpo, "sensitive").await;
    assert_eq!((&job["state"], &job["progress"]["done"]), (&json!("succeeded"), &json!(3)), "{job}");
    assert_eq!(count("amount IS NULL AND currency IS NULL AND state IS NOT NULL").await, 3, "deleted ones, too");
    let retired = dpo.act("/v1/record-types/opportunity/fields/stage/retire").await.shows(200);
    assert_eq!(finished(&dpo, &format!("/v1/jobs/{}", retired.text_at("/job_id"))).await["state"], "succeeded");
    assert_eq!(count("state IS NULL").await, 3, "a field out of use stands open nowhere");
    assert_eq!(count("archived_at IS NOT NULL AND tags = ''").await, 1);
}
