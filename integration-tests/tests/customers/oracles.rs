//! What a search must not tell, and whom it must not confuse.

use serde_json::json;

use super::{path, whole};
use crate::support::Org;

#[tokio::test]
async fn a_partner_cannot_ask_for_what_it_is_not_shown() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    sales.post("/v1/customers", &whole(1)).await.shows(201);
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    for filter in [
        format!("owner_id={}", org.user_id("sales_a")),
        format!("department_id={}", org.department_id("Sales East")),
        "source=web_form".to_owned(),
        "sort=updated_at".to_owned(),
    ] {
        partner.get(&format!("/v1/customers?count=true&{filter}")).await.refuses(403, "field_hidden");
    }
    let shown = partner.get("/v1/customers").await.shows(200);
    let entered = shown.text_at("/data/0/created_at");
    assert!(entered.ends_with("T00:00:00Z"), "a partner is told the day, not the moment: {entered}");
}

#[tokio::test]
async fn an_index_entry_moved_to_somebody_else_does_not_answer_with_the_wrong_person() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let asha = sales
        .post("/v1/customers", &json!({"fields": {"name": "张三", "mobile": "13812345678"}}))
        .await
        .shows(201)
        .id();
    let bo = sales
        .post("/v1/customers", &json!({"fields": {"name": "李四", "mobile": "13912345679"}}))
        .await
        .shows(201)
        .id();
    let (asha_id, bo_id) = (uuid::Uuid::parse_str(&asha).unwrap(), uuid::Uuid::parse_str(&bo).unwrap());
    let moved = "UPDATE blind_indexes SET customer_id = $2 WHERE organization_id = $1 AND customer_id = $3";
    org.sql().await.execute(moved, &[&org.id, &asha_id, &bo_id]).await.unwrap();
    sales.get("/v1/customers?q[mobile]=13912345679").await.refuses(500, "integrity_error");
    sales.get("/v1/customers?q[mobile]=13812345678").await.shows(200);
    sales.get(&path(&bo)).await.shows(200);
}
