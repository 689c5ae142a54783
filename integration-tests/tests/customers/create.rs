//! Entering a customer: what is filled in, what is accepted, who may.

use serde_json::json;

use super::{NOBODY, path, values, whole};
use crate::audit::Ledger;
use crate::support::Org;

#[tokio::test]
async fn a_salesperson_enters_a_customer_who_becomes_their_own() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let body = json!({"fields": {"name": "张三", "province": "上海市"}});
    let made = sales.post("/v1/customers", &body).await.shows(201);
    assert_eq!(made.at("/owner_id"), org.user_id("sales_a").to_string());
    assert_eq!(made.at("/department_id"), org.department_id("Sales East").to_string());
    assert_eq!((made.at("/region"), made.at("/version"), made.at("/stage")), (json!("CN-SH"), json!(1), json!(null)));
    assert_eq!(made.at("/restricted"), false);
    assert_eq!(made.sent("location"), path(&made.id()));
    let read = sales.get(&path(&made.id())).await.shows(200);
    assert_eq!(read.json(), made.json());
    assert_eq!(read.sent("etag"), made.sent("etag"));
}

#[tokio::test]
async fn what_is_named_wins_over_what_would_be_filled_in() {
    let org = Org::found().await;
    let manager = org.manager().await;
    let body = json!({"owner_id": org.user_id("sales_b"), "region": "CN-GD", "stage": "prospect", "source": "web_form",
        "fields": {"name": "张三", "province": "上海市"}});
    let made = manager.post("/v1/customers", &body).await.shows(201);
    assert_eq!(made.at("/owner_id"), org.user_id("sales_b").to_string());
    assert_eq!(made.at("/department_id"), org.department_id("Sales West").to_string());
    assert_eq!(
        (made.at("/region"), made.at("/stage"), made.at("/source")),
        (json!("CN-GD"), json!("prospect"), json!("web_form"))
    );
    let elsewhere = json!({"department_id": org.department_id("Sales East"), "owner_id": org.user_id("sales_b"), "fields": {"name": "李四"}});
    let made = manager.post("/v1/customers", &elsewhere).await.shows(201);
    assert_eq!(made.at("/department_id"), org.department_id("Sales East").to_string());
}

#[tokio::test]
async fn values_are_kept_in_their_canonical_form() {
    let org = Org::found().await;
    let (sales, dpo) = (org.sales_a().await, org.dpo().await);
    let id = org.customer_of(&sales).await;
    for (key, typed, kept) in [
        ("mobile", "138 1234-5678", "+8613812345678"),
        ("mobile", "００８６１３８１２３４５６７８", "+8613812345678"),
        ("mobile", "+1 (415) 555-0123", "+14155550123"),
        ("mobile", "+85291234567", "+85291234567"),
        ("id_number", "11010519491231002x", "11010519491231002X"),
        ("id_number", "110105491231002", "11010519491231002X"),
        ("id_number", "440524188001010014", "440524188001010014"),
        ("bank_card", "6222 0200 0011 1122 222", "6222020000111122222"),
        ("bank_card", "4111 1111-1111 1111", "4111111111111111"),
        ("bank_card", "378282246310005", "378282246310005"),
        ("email", " Zhang.San@EXAMPLE.com ", "Zhang.San@example.com"),
        ("email", "张三@例子.中国", "张三@例子.中国"),
        ("birthday", "1990-05-17", "1990-05-17"),
        ("address", "  某街 1 号\n二层 ", "  某街 1 号\n二层 "),
        ("notes", "=HYPERLINK(\"http://x\")\r\n'见 *附件*'", "=HYPERLINK(\"http://x\")\r\n'见 *附件*'"),
        ("name", "  𠮷田  ", "𠮷田"),
        ("wechat", " wx_01 ", "wx_01"),
    ] {
        dpo.patch(&path(&id), &json!({"fields": {key: typed}})).await.shows(200);
        let shown =
            dpo.post(&format!("{}/reveal", path(&id)), &json!({"fields": [key], "reason": "check"})).await.shows(200);
        assert_eq!(shown.at(&format!("/fields/{key}")), kept, "{key} typed as {typed:?}");
    }
}

#[tokio::test]
async fn a_customer_with_every_field_comes_back_whole() {
    let org = Org::found().await;
    let id = org.admin().await.post("/v1/customers", &whole(1)).await.shows(201).id();
    let dpo = org.dpo().await;
    let keys: Vec<String> = values(1).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys.len(), 13);
    let shown =
        dpo.post(&format!("{}/reveal", path(&id)), &json!({"fields": keys, "reason": "check"})).await.shows(200);
    for (key, value) in values(1) {
        assert_eq!(shown.at(&format!("/fields/{key}")), value, "{key}");
    }
}

#[tokio::test]
async fn empty_values_are_no_values() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let body = json!({"fields": {"name": "张三", "company": "  ", "email": "", "notes": null}});
    let made = sales.post("/v1/customers", &body).await.shows(201);
    assert_eq!(made.at("/fields"), json!({"name": "张三"}));
}

#[tokio::test]
async fn two_organizations_may_have_the_same_customer_number() {
    let (one, other) = (Org::found().await, Org::found().await);
    let body = json!({"fields": {"name": "张三", "customer_no": "SAME-1", "mobile": "13812345678"}});
    one.sales_a().await.post("/v1/customers", &body).await.shows(201);
    other.sales_a().await.post("/v1/customers", &body).await.shows(201);
}

#[tokio::test]
async fn nobody_enters_customers_where_they_have_no_say() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let for_another = json!({"owner_id": org.user_id("sales_b"), "fields": {"name": "张三"}});
    sales.post("/v1/customers", &for_another).await.refuses(403, "outside_scope");
    let manager = org.manager().await;
    let above = json!({"department_id": org.department_id("Headquarters"), "fields": {"name": "张三"}});
    manager.post("/v1/customers", &above).await.refuses(403, "outside_scope");
    for person in [
        org.support().await,
        org.dpo().await,
        org.finance().await,
        org.marketing().await,
        org.auditor().await,
        org.nobody().await,
    ] {
        let refused =
            person.post("/v1/customers", &json!({"fields": {"name": "张三"}})).await.refuses(403, "forbidden");
        assert!(refused.text().contains("customers.create"), "{refused}");
    }
    let sql = org.sql().await;
    let stored: i64 =
        sql.query_one("SELECT count(*) FROM customers WHERE organization_id = $1", &[&org.id]).await.unwrap().get(0);
    assert_eq!(stored, 0);
}

#[tokio::test]
async fn an_owner_or_department_must_be_ones_own_and_active() {
    let (org, other) = (Org::found().await, Org::found().await);
    let admin = org.admin().await;
    for owner in [NOBODY, other.user_id("sales_a")] {
        let refused = admin
            .post("/v1/customers", &json!({"owner_id": owner, "fields": {"name": "张三"}}))
            .await
            .refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [("/owner_id".to_owned(), "unknown_owner".to_owned())]);
    }
    let department = other.department_id("Sales");
    let refused = admin
        .post("/v1/customers", &json!({"department_id": department, "fields": {"name": "张三"}}))
        .await
        .refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/department_id".to_owned(), "unknown_department".to_owned())]);
    let gone = org.user_id("sales_c");
    org.sql()
        .await
        .execute("UPDATE users SET state = 'suspended' WHERE organization_id = $1 AND id = $2", &[&org.id, &gone])
        .await
        .unwrap();
    let refused = admin
        .post("/v1/customers", &json!({"owner_id": gone, "fields": {"name": "张三"}}))
        .await
        .refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/owner_id".to_owned(), "unknown_owner".to_owned())]);
}

#[tokio::test]
async fn a_retried_entry_is_on_record_again_and_shows_nothing_that_one_may_not_see_by_now() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let once = sales.with("idempotency-key", "enter-1");
    let body = json!({"fields": {"name": "张三", "mobile": "13812345678"}});
    let first = once.post("/v1/customers", &body).await.shows(201);
    let mut ledger = Ledger::of(&org).await;
    let again = once.post("/v1/customers", &body).await.shows(201);
    assert_eq!((again.json(), again.sent("idempotent-replayed").as_str()), (first.json(), "true"));
    let entry = ledger.only().await;
    assert_eq!((&entry["action"], &entry["customer"]), (&json!("customers.create"), &json!(first.id())));
    let handed_over = json!({"owner_id": org.user_id("sales_b")});
    org.manager().await.patch(&path(&first.id()), &handed_over).await.shows(200);
    once.post("/v1/customers", &body).await.refuses(404, "not_found");
}
