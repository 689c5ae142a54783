//! What stands open beside a record's sealed values is closed when its field is guarded, by a job over what is stored.

use serde_json::{Value, json};

use crate::imports::finished;
use crate::records::{enter, someone};
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
