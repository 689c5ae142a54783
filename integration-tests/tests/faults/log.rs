//! The log cannot be written: then nothing is shown and nothing is changed, until it can again.

use serde_json::json;
use tokio_postgres::Client;

use super::{all_at_once, all_refused, lives, recovers};
use crate::consents::consent;
use crate::customers::whole;
use crate::dev::program::superuser;
use crate::notices::published;
use crate::support::{Org, Request, Service, own_instance};

async fn stored(sql: &Client) -> (i64, i64) {
    let row = sql
        .query_one("SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM customer_versions)", &[])
        .await
        .unwrap();
    (row.get(0), row.get(1))
}

async fn scene(service: &Service) -> (Org<'_>, String) {
    let org = Org::found_on(service).await;
    let id = org.sales_a().await.post("/v1/customers", &whole(1)).await.shows(201).id();
    (org, id)
}

#[tokio::test]
async fn without_the_log_nothing_is_shown_or_changed() {
    let service = own_instance(&[]);
    let (org, id) = scene(&service).await;
    let (sales, stranger) = (org.sales_a().await, service.stranger());
    let sql = superuser(&service.data_dir).await;
    let before = stored(&sql).await;

    sql.batch_execute("REVOKE INSERT ON audit_entries FROM custodian_server").await.unwrap();
    all_refused(all_at_once(&sales, &id).await, &["audit_unavailable"]);
    let in_vain = json!({"email": org.email("sales_b"), "password": crate::support::PASSWORD});
    stranger.post("/v1/auth/login", &in_vain).await.refuses(503, "audit_unavailable");
    // Even a no is an entry: without the log it is not given.
    sales.get("/v1/audit/entries").await.refuses(503, "audit_unavailable");
    lives(&stranger).await;
    stranger.get("/health/ready").await.refuses(503, "unavailable");
    assert_eq!(stored(&sql).await, before);
    sql.batch_execute("GRANT INSERT ON audit_entries TO custodian_server").await.unwrap();
    recovers(&sales, &id).await;
    stranger.get("/health/ready").await.shows(200);

    // Who holds the table lets statements wait rather than fail.
    sql.batch_execute("BEGIN; LOCK TABLE audit_entries IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let (answers, ()) = tokio::join!(all_at_once(&sales, &id), async {
        for _ in 0..5 {
            lives(&stranger).await;
        }
    });
    all_refused(answers, &["audit_unavailable", "unavailable"]);
    sql.batch_execute("COMMIT").await.unwrap();
    recovers(&sales, &id).await;
    assert_eq!(stored(&sql).await, before, "what was refused did not happen");
    assert_eq!(sales.get("/v1/customers?count=true").await.shows(200).at("/count"), 1);
}

#[tokio::test]
async fn without_the_log_no_consent_is_recorded_and_none_withdrawn() {
    let service = own_instance(&[]);
    let (org, id) = scene(&service).await;
    let sales = org.sales_a().await;
    // Somebody has to hear of a withdrawal, which takes more statements than its entry.
    org.partner(&["name"], &["marketing"], &["customers.read"]).await;
    let notice = published(&org.dpo().await, "offers", "name").await.id();
    let given = format!("/v1/customers/{id}/consents");
    let withdrawn =
        format!("/v1/consents/{}/withdraw", sales.post(&given, &consent(&notice, json!({}))).await.shows(201).id());

    let sql = superuser(&service.data_dir).await;
    sql.batch_execute("REVOKE INSERT ON audit_entries FROM custodian_server").await.unwrap();
    let by_sms = consent(&notice, json!({"channel": "sms"}));
    for key in [None, Some("a-key")] {
        let keyed = |request: Request| match key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        };
        keyed(sales.post(&given, &by_sms)).await.refuses(503, "audit_unavailable");
        keyed(sales.post(&withdrawn, &json!({}))).await.refuses(503, "audit_unavailable");
    }
    sql.batch_execute("GRANT INSERT ON audit_entries TO custodian_server").await.unwrap();
    recovers(&sales, &id).await;
    let listed = sales.get(&given).await.shows(200);
    assert_eq!((listed.at("/data/0/state"), listed.at("/data/1")), (json!("given"), json!(null)));
    sales.post(&withdrawn, &json!({})).await.shows(200);
}
