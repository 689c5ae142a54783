//! What was refused is on record as well: one entry each, with the rule that said no.

use serde_json::{Value, json};

use super::Ledger;
use crate::customers::{NOBODY, path, whole};
use crate::support::{Answer, Org};

fn told(entry: &Value) -> (&str, &str, &str) {
    let text = |name: &str| entry[name].as_str().unwrap_or_default();
    (text("action"), text("verdict"), text("rule"))
}

#[tokio::test]
async fn each_refusal_leaves_one_entry() {
    let org = Org::found().await;
    let id = org.sales_a().await.post("/v1/customers", &whole(1)).await.shows(201).id();
    let (finance, sales_b) = (org.finance().await, org.sales_b().await);
    let (own, nobody) = (path(&id), path(&NOBODY.to_string()));
    let taken = json!({"fields": {"name": "x", "customer_no": "D000001"}});
    let mut ledger = Ledger::of(&org).await;
    let log = &mut ledger;
    for (call, status, rule) in [
        (finance.patch(&own, &json!({"stage": "lost"})), 403, "forbidden"),
        (finance.get(&format!("{own}/history")), 403, "forbidden"),
        (finance.get("/v1/audit/entries"), 403, "forbidden"),
        (finance.get("/v1/users"), 403, "forbidden"),
        (
            finance.post(&format!("{own}/reveal"), &json!({"fields": ["mobile"], "reason": "why"})),
            403,
            "field_not_revealable",
        ),
        (sales_b.get(&own), 404, "not_found"),
        (sales_b.patch(&own, &json!({"stage": "lost"})), 404, "not_found"),
        (sales_b.get(&nobody), 404, "not_found"),
        (sales_b.get("/v1/customers?q[id_number]=11010519491231002X"), 403, "field_hidden"),
        (sales_b.post("/v1/customers", &taken), 409, "duplicate_value"),
        (
            sales_b.post("/v1/customers", &json!({"owner_id": org.user_id("sales_a"), "fields": {"name": "x"}})),
            403,
            "outside_scope",
        ),
    ] {
        let answer: Answer = call.await.refuses(status, rule);
        let entry = log.only().await;
        assert_eq!(told(&entry), ("access.refused", "refused", rule), "{}", answer.asked);
        assert_eq!(entry["request"], json!(answer.sent("x-request-id")));
        let text = entry.to_string();
        assert!(!text.contains("D000001") && !text.contains("11010519491231002X"), "no value is written down: {text}");
    }
}

#[tokio::test]
async fn a_refused_look_at_a_customer_stands_in_that_customers_log() {
    let org = Org::found().await;
    let id = org.sales_a().await.post("/v1/customers", &whole(2)).await.shows(201).id();
    let mut ledger = Ledger::of(&org).await;
    let sales_b = org.sales_b().await;
    ledger.only().await;
    sales_b.get(&path(&id)).await.refuses(404, "not_found");
    let entry = ledger.only().await;
    assert_eq!((&entry["customer"], &entry["actor"]["id"]), (&json!(id), &json!(sales_b.id)));
}
