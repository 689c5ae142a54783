//! Changing a customer: what is absent stays, null takes away, and what is found follows what is stored.

use serde_json::{Value, json};

use super::{ids, mask, path, whole};
use crate::support::{Org, Person};

async fn found(person: &Person, term: &str) -> Vec<String> {
    ids(&person.get(&format!("/v1/customers?q{term}")).await.shows(200).json())
}

#[tokio::test]
async fn what_is_absent_stays_and_null_takes_away() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let path = path(&sales.post("/v1/customers", &whole(1)).await.shows(201).id());
    let made = sales.get(&path).await.shows(200);
    let changed = sales
        .patch(&path, &json!({"stage": "customer", "source": null, "fields": {"company": "新公司", "wechat": null}}))
        .await
        .shows(200);
    assert_eq!(
        (changed.at("/version"), changed.at("/stage"), changed.at("/source")),
        (json!(2), json!("customer"), Value::Null)
    );
    let mut expected = made.at("/fields");
    expected["company"] = "新公司".into();
    expected.as_object_mut().unwrap().remove("wechat");
    assert_eq!(changed.at("/fields"), expected);
    assert!(changed.at("/field_access/wechat").is_object(), "a field without a value can still be entered");
    for member in ["owner_id", "department_id", "region", "created_at"] {
        assert_eq!(changed.json()[member], made.json()[member], "{member}");
    }
    assert!(changed.text_at("/updated_at") > made.text_at("/updated_at"));
    assert_ne!(changed.sent("etag"), made.sent("etag"));
    assert_eq!(sales.get(&path).await.shows(200).json(), changed.json());
    let emptied = sales.patch(&path, &json!({"fields": {"company": "  "}})).await.shows(200);
    assert!(emptied.at("/fields/company").is_null(), "an empty text takes the value away as well");
}

#[tokio::test]
async fn a_change_that_changes_nothing_makes_no_version() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let id = sales.post("/v1/customers", &whole(2)).await.shows(201).id();
    let made = sales.get(&path(&id)).await.shows(200);
    for same in [
        json!({}),
        json!({"fields": {}}),
        json!({"stage": whole(2)["stage"], "fields": {"mobile": whole(2)["fields"]["mobile"]}}),
    ] {
        let answer = sales.patch(&path(&made.id()), &same).await.shows(200);
        assert_eq!(answer.json(), made.json(), "{same}");
    }
}

#[tokio::test]
async fn the_old_number_is_found_no_more_and_the_new_one_is() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let body = json!({"fields": {"name": "张三", "mobile": "13800001111", "email": "a@example.com"}});
    let id = sales.post("/v1/customers", &body).await.shows(201).id();
    sales.patch(&path(&id), &json!({"fields": {"mobile": "13900002222", "email": null}})).await.shows(200);
    for gone in ["[mobile]=13800001111", "[mobile_last4]=1111", "[email]=a@example.com"] {
        assert_eq!(found(&sales, gone).await, Vec::<String>::new(), "{gone}");
    }
    for here in ["[mobile]=13900002222", "[mobile_last4]=2222", "[name]=%E5%BC%A0%E4%B8%89"] {
        assert_eq!(found(&sales, here).await, std::slice::from_ref(&id), "{here}");
    }
}

#[tokio::test]
async fn who_may_enter_a_value_need_not_see_it() {
    let org = Org::found().await;
    let (sales, support) = (org.sales_a().await, org.support().await);
    let id = org.customer_of(&sales).await;
    let entered = sales
        .patch(&path(&id), &json!({"fields": {"id_number": "11010519491231002X", "bank_card": "4111111111111111"}}))
        .await
        .shows(200);
    assert_eq!(entered.at("/version"), 2);
    for (key, value) in [("id_number", "11010519491231002X"), ("bank_card", "4111111111111111")] {
        assert_eq!(entered.at(&format!("/fields/{key}")), mask(key, value), "what was typed is answered as its mask");
        let read = sales.get(&path(&id)).await.shows(200);
        assert!(read.at("/fields").get(key).is_none() && read.at("/field_access").get(key).is_none(), "{read}");
    }
    assert!(!entered.text().contains("19491231") && !entered.text().contains("1111111"), "{entered}");
    let address = "北京市海淀区中关村大街 1 号";
    let entered = support.patch(&path(&id), &json!({"fields": {"address": address}})).await.shows(200);
    assert_eq!(entered.at("/fields/address"), mask("address", address));
    let keys = json!({"fields": ["id_number", "bank_card", "address"], "reason": "check"});
    let stored = org.dpo().await.post(&format!("{}/reveal", path(&id)), &keys).await.shows(200);
    assert_eq!(
        stored.at("/fields"),
        json!({"id_number": "11010519491231002X", "bank_card": "4111111111111111", "address": address})
    );
}

#[tokio::test]
async fn one_field_that_may_not_be_changed_refuses_the_whole_change() {
    let org = Org::found().await;
    let id = org.sales_a().await.post("/v1/customers", &whole(3)).await.shows(201).id();
    let made = org.sales_a().await.get(&path(&id)).await.shows(200);
    let support = org.support().await;
    for key in ["name", "customer_no", "id_number", "bank_card", "company", "birthday"] {
        let refused = support
            .patch(&path(&made.id()), &json!({"fields": {"mobile": "13900002222", key: whole(4)["fields"][key]}}))
            .await;
        refused.refuses(403, "field_not_editable");
    }
    assert_eq!(org.sales_a().await.get(&path(&made.id())).await.shows(200).json(), made.json());
}

#[tokio::test]
async fn a_change_from_a_stale_version_is_refused() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let made = sales.post("/v1/customers", &whole(5)).await.shows(201);
    let (path, tag) = (path(&made.id()), made.sent("etag"));
    let changed = sales.patch(&path, &json!({"stage": "lost"})).instead("if-match", &tag).await.shows(200);
    sales.patch(&path, &json!({"stage": "lead"})).instead("if-match", &tag).await.refuses(412, "precondition_failed");
    sales.patch(&path, &json!({"stage": "lead"})).without("if-match").await.refuses(428, "precondition_required");
    assert_eq!(sales.get(&path).await.shows(200).json(), changed.json());
}

#[tokio::test]
async fn of_many_changes_of_one_version_exactly_one_wins() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let made = sales.post("/v1/customers", &whole(6)).await.shows(201);
    let (path, tag) = (path(&made.id()), made.sent("etag"));
    let changes = (0..12).map(|n| {
        let (sales, path, tag) = (sales.clone(), path.clone(), tag.clone());
        tokio::spawn(async move {
            sales.patch(&path, &json!({"fields": {"notes": format!("change {n}")}})).instead("if-match", &tag).await
        })
    });
    let mut won = Vec::new();
    for change in changes.collect::<Vec<_>>() {
        let answer = change.await.unwrap();
        match answer.status {
            200 => won.push(answer.at("/fields/notes")),
            _ => drop(answer.refuses(412, "precondition_failed")),
        }
    }
    assert_eq!(won.len(), 1);
    let now = sales.get(&path).await.shows(200);
    assert_eq!((now.at("/version"), now.at("/fields/notes")), (json!(2), won[0].clone()));
}
