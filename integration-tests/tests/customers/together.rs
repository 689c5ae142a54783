//! Many who enter customers at the same moment: each gets their own answer, and none waits for ever for another.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::audit::Ledger;
use crate::support::{Org, own_instance};

#[tokio::test]
async fn of_those_who_enter_the_same_customer_at_once_one_succeeds() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let body = |number: usize| json!({"fields": {"name": "张三", "customer_no": format!("N-{}", number % 8)}});
    let bodies: Vec<Value> = (0..40).map(body).collect();
    let answers = join_all(bodies.iter().map(async |body| sales.post("/v1/customers", body).await)).await;
    let entered = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(entered, 8);
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        let refused = answer.refuses(409, "duplicate_value");
        assert_eq!(refused.faults(), [("/fields/customer_no".to_owned(), "duplicate_value".to_owned())]);
    }
    let sql = org.sql().await;
    let stored: i64 =
        sql.query_one("SELECT count(*) FROM customers WHERE organization_id = $1", &[&org.id]).await.unwrap().get(0);
    assert_eq!(stored, 8);
}

#[tokio::test]
async fn one_who_is_refused_takes_nobody_else_with_them() {
    let (org, other) = (Org::found().await, Org::found().await);
    let (sales, marketing, elsewhere) = (org.sales_a().await, org.marketing().await, other.sales_a().await);
    let good = json!({"fields": {"name": "张三", "mobile": "13812345678"}});
    let bad = json!({"fields": {"name": "李四", "mobile": "12"}});
    let ask = async |number: usize| match number % 4 {
        0 => (201, sales.post("/v1/customers", &good).await),
        1 => (422, sales.post("/v1/customers", &bad).await),
        2 => (403, marketing.post("/v1/customers", &good).await),
        _ => (201, elsewhere.post("/v1/customers", &good).await),
    };
    for (expected, answer) in join_all((0..40).map(ask)).await {
        assert_eq!(answer.status, expected, "{answer}");
        if expected == 201 {
            assert_eq!(answer.at("/fields/name"), "张三");
        }
    }
}

#[tokio::test]
async fn each_of_many_is_on_record_with_its_own_author() {
    let org = Org::found().await;
    let (first, second) = (org.sales_a().await, org.sales_b().await);
    let mut ledger = Ledger::of(&org).await;
    let body = json!({"fields": {"name": "张三"}});
    let ask = async |number: usize| {
        let author = if number.is_multiple_of(2) { &first } else { &second };
        (author.id.to_string(), author.post("/v1/customers", &body).await.shows(201).id())
    };
    let mut entered = join_all((0..20).map(ask)).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entries = ledger.new_entries().await;
    let mut told: Vec<_> =
        entries.iter().map(|entry| (text(&entry["actor"]["id"]), text(&entry["customer"]))).collect();
    entered.sort();
    told.sort();
    assert_eq!(told, entered);
}

#[tokio::test]
async fn more_callers_than_connections_are_all_answered() {
    let service = own_instance(&[("database_pool_size", "2")]);
    let org = Org::found_on(&service).await;
    let sales = org.sales_a().await;
    let ask = async |number: usize| {
        // With a key each has a transaction of its own, and needs a second connection for a customer's place.
        let caller = sales.with("idempotency-key", &format!("enter-{number}"));
        caller.post("/v1/customers", &json!({"fields": {"name": "张三"}})).await.shows(201);
    };
    join_all((0..24).map(ask)).await;
}
