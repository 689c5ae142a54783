//! Records lie sealed under their customer's key: nothing is read from the table, and what is moved does not open.

use serde_json::json;

use super::{call_on, enter, path, someone};
use crate::support::Org;

#[tokio::test]
async fn nothing_that_was_said_stands_in_the_database() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let customer = someone(&sales).await;
    enter(&sales, &customer, "interaction", call_on("2026-03-11")).await.shows(201);
    let row = org.sql().await.query_one("SELECT fields FROM records", &[]).await.unwrap();
    let stored: Vec<u8> = row.get(0);
    let said = "希望下周回电".as_bytes();
    assert!(!stored.windows(said.len()).any(|bytes| bytes == said));
}

#[tokio::test]
async fn a_value_moved_to_another_record_or_put_back_does_not_open() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let customer = someone(&sales).await;
    let one = enter(&sales, &customer, "interaction", call_on("2026-03-11")).await.shows(201).id();
    let two = enter(&sales, &customer, "interaction", call_on("2026-03-12")).await.shows(201).id();
    let id = |text: &str| text.parse::<uuid::Uuid>().unwrap();
    let sql = org.sql().await;
    let old: Vec<u8> = sql.query_one("SELECT fields FROM records WHERE id = $1", &[&id(&two)]).await.unwrap().get(0);
    sql.execute("UPDATE records SET fields = $2 WHERE id = $1", &[&id(&one), &old]).await.unwrap();
    sales.get(&path("interaction", &one)).await.refuses(500, "integrity_error");
    sales.patch(&path("interaction", &two), &json!({"fields": {"channel": "visit"}})).await.shows(200);
    sql.execute("UPDATE records SET fields = $2 WHERE id = $1", &[&id(&two), &old]).await.unwrap();
    sales.get(&path("interaction", &two)).await.refuses(500, "integrity_error");
}
