//! Deleting a customer: it is gone from everything at once, and its number is free.

use serde_json::json;

use super::{ids, path, whole};
use crate::support::Org;

#[tokio::test]
async fn a_deleted_customer_is_nowhere_any_more() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    let made = sales.post("/v1/customers", &whole(1)).await.shows(201);
    let (id, path) = (made.id(), path(&made.id()));
    let kept = org.customer_of(&sales).await;
    let gone = admin.delete(&path).await.shows(204);
    assert!(gone.bytes.is_empty());
    let reveal = json!({"fields": ["mobile"], "reason": "check"});
    for person in [&admin, &sales] {
        person.get(&path).await.refuses(404, "not_found");
        person.get(&path).header("if-none-match", &made.sent("etag")).await.refuses(404, "not_found");
        person.patch(&path, &json!({"stage": "lost"})).await.refuses(404, "not_found");
        person.post(&format!("{path}/reveal"), &reveal).await.refuses(404, "not_found");
        person.get(&format!("{path}/history")).await.refuses(404, "not_found");
        let page = person.get("/v1/customers?count=true").await.shows(200);
        assert_eq!((ids(&page.json()), page.at("/count")), (vec![kept.clone()], json!(1)));
    }
    admin.delete(&path).await.refuses(404, "not_found");
    let fields = &whole(1)["fields"];
    for field in ["mobile", "email", "customer_no", "id_number", "bank_card"] {
        let value = fields[field].as_str().unwrap();
        let page = admin.get(&format!("/v1/customers?q[{field}]={value}&count=true")).await.shows(200);
        assert_eq!((page.at("/data"), page.at("/count")), (json!([]), json!(0)), "{field}");
    }
    let left =
        org.sql().await.query("SELECT FROM blind_indexes WHERE customer_id = $1::text::uuid", &[&id]).await.unwrap();
    assert!(left.is_empty(), "no tag of a deleted customer stays");
}

#[tokio::test]
async fn the_number_of_a_deleted_customer_is_free() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let body = json!({"fields": {"name": "张三", "customer_no": "N-1"}});
    let id = admin.post("/v1/customers", &body).await.shows(201).id();
    admin.post("/v1/customers", &body).await.refuses(409, "duplicate_value");
    admin.delete(&path(&id)).await.shows(204);
    let again = admin.post("/v1/customers", &body).await.shows(201).id();
    assert_ne!(again, id);
}

#[tokio::test]
async fn only_who_may_delete_deletes() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let made = sales.post("/v1/customers", &whole(2)).await.shows(201);
    let path = path(&made.id());
    for person in [sales.clone(), org.manager().await, org.support().await, org.finance().await, org.auditor().await] {
        let refused = person.delete(&path).await.refuses(403, "forbidden");
        assert!(refused.text().contains("customers.delete"));
    }
    let admin = org.admin().await;
    admin.delete(&path).without("if-match").await.refuses(428, "precondition_required");
    sales.patch(&path, &json!({"stage": "lost"})).await.shows(200);
    admin.delete(&path).instead("if-match", &made.sent("etag")).await.refuses(412, "precondition_failed");
    sales.get(&path).await.shows(200);
}
