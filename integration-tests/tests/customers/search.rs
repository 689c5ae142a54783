//! Searching what is sealed: found however it is typed, only inside one's scope, and never an oracle for what is hidden.

use serde_json::{Value, json};

use super::{encoded, ids, path, whole};
use crate::support::{Org, Person};

async fn enter(person: &Person, fields: Value) -> String {
    person.post("/v1/customers", &json!({"fields": fields})).await.shows(201).id()
}

async fn found(person: &Person, terms: &[(&str, &str)]) -> Vec<String> {
    let query: Vec<String> = terms.iter().map(|(name, value)| format!("q[{name}]={}", encoded(value))).collect();
    ids(&person.get(&format!("/v1/customers?{}", query.join("&"))).await.shows(200).json())
}

#[tokio::test]
async fn a_value_is_found_however_it_is_typed() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let fields = json!({"name": "Zhang San", "customer_no": "KH-9", "mobile": "13812345678", "id_number": "11010519491231002X",
        "bank_card": "6222020000111122222", "email": "Zhang.San@example.com", "company": "ACME Trading", "wechat": "ZS_1", "province": "上海市"});
    let id = enter(&admin, fields).await;
    enter(&admin, json!({"name": "Zhang Si", "mobile": "13912345679", "email": "zs@example.com"})).await;
    for (field, typed) in [
        ("mobile", "13812345678"),
        ("mobile", "+8613812345678"),
        ("mobile", "138 1234 5678"),
        ("mobile", "+86 138-1234-5678"),
        ("mobile", "００８６１３８１２３４５６７８"),
        ("id_number", "11010519491231002x"),
        ("id_number", "110105491231002"),
        ("bank_card", "6222 0200 0011 1122 222"),
        ("email", " zhang.san@EXAMPLE.com "),
        ("name", "zhang san"),
        ("name", "ＺＨＡＮＧ\u{3000}ＳＡＮ"),
        ("customer_no", "kh-9"),
        ("company", "acme  trading"),
        ("wechat", "zs_1"),
        ("province", "上海市"),
        ("mobile_last4", "5678"),
        ("mobile_last4", "５６７８"),
        ("id_number_last4", "002x"),
        ("bank_card_last4", "2222"),
        ("company_prefix", "ac"),
        ("company_prefix", "ACME"),
    ] {
        assert_eq!(found(&admin, &[(field, typed)]).await, std::slice::from_ref(&id), "{field} typed as {typed:?}");
    }
    for (field, typed) in [
        ("mobile", "13812345679"),
        ("mobile_last4", "5677"),
        ("name", "zhang"),
        ("name_prefix", "san"),
        ("customer_no", "KH-90"),
    ] {
        assert_eq!(found(&admin, &[(field, typed)]).await, Vec::<String>::new(), "{field} typed as {typed:?}");
    }
    assert_eq!(found(&admin, &[("name_prefix", "zhan")]).await.len(), 2);
}

#[tokio::test]
async fn several_terms_must_all_match() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let one = enter(&sales, json!({"name": "张三", "mobile": "13800005678"})).await;
    let other = enter(&sales, json!({"name": "张四", "mobile": "13900005678"})).await;
    enter(&sales, json!({"name": "李三", "mobile": "13700001111"})).await;
    let mut both = found(&sales, &[("mobile_last4", "5678"), ("name_prefix", "张")]).await;
    both.sort();
    let mut expected = vec![one.clone(), other];
    expected.sort();
    assert_eq!(both, expected);
    assert_eq!(found(&sales, &[("mobile_last4", "5678"), ("name", "张三")]).await, std::slice::from_ref(&one));
    assert_eq!(found(&sales, &[("mobile", "13800005678"), ("name_prefix", "李")]).await, Vec::<String>::new());
    let counted = sales.get("/v1/customers?q[mobile_last4]=5678&count=true&limit=1").await.shows(200);
    assert_eq!((counted.at("/count"), ids(&counted.json()).len()), (json!(2), 1));
    sales.patch(&path(&one), &json!({"stage": "customer"})).await.shows(200);
    assert_eq!(ids(&sales.get("/v1/customers?q[mobile_last4]=5678&stage=customer").await.shows(200).json()), [one]);
}

#[tokio::test]
async fn nobody_finds_what_is_not_in_their_scope() {
    let org = Org::found().await;
    let id = org.sales_a().await.post("/v1/customers", &whole(1)).await.shows(201).id();
    let mobile = whole(1)["fields"]["mobile"].as_str().unwrap().to_owned();
    for colleague in [org.sales_b().await, org.sales_c().await] {
        let page = colleague.get(&format!("/v1/customers?q[mobile]={mobile}&count=true")).await.shows(200);
        assert_eq!((page.at("/data"), page.at("/count")), (json!([]), json!(0)));
    }
    assert_eq!(found(&org.manager().await, &[("mobile", &mobile)]).await, std::slice::from_ref(&id));
    let marketing = org.marketing().await;
    assert_eq!(found(&marketing, &[("mobile", &mobile)]).await, [id], "what one sees masked one may search by");
    assert_eq!(found(&Org::found().await.admin().await, &[("mobile", &mobile)]).await, Vec::<String>::new());
}

#[tokio::test]
async fn nobody_searches_by_a_field_that_is_hidden_from_them() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let body = whole(2);
    sales.post("/v1/customers", &body).await.shows(201);
    for (person, fields) in [
        (sales, vec!["id_number", "bank_card"]),
        (org.support().await, vec!["id_number"]),
        (org.marketing().await, vec!["bank_card"]),
    ] {
        for field in fields {
            let value = body["fields"][field].as_str().unwrap();
            let hit = person.get(&format!("/v1/customers?q[{field}]={value}")).await.refuses(403, "field_hidden");
            let miss =
                person.get(&format!("/v1/customers?q[{field}]=4111111111111111")).await.refuses(403, "field_hidden");
            assert_eq!(hit.timeless(), miss.timeless());
            let tail = &value[value.len() - 4..];
            person.get(&format!("/v1/customers?q[{field}_last4]={tail}")).await.refuses(403, "field_hidden");
            // Beside another term it stays refused: an empty page would tell as much.
            person
                .get(&format!("/v1/customers?q[name_prefix]={}&q[{field}]={value}", encoded("张")))
                .await
                .refuses(403, "field_hidden");
            assert!(!hit.text().contains(value));
        }
    }
}

#[tokio::test]
async fn what_cannot_be_searched_is_refused() {
    let org = Org::found().await;
    let admin = org.admin().await;
    for term in [
        "birthday=1990-01-01",
        "address=x",
        "notes=x",
        "occupation=x",
        "email_last4=abcd",
        "name_last4=abcd",
        "mobile_prefix=138",
        "nickname=x",
        "id_number_prefix=1101",
    ] {
        let (name, value) = term.split_once('=').unwrap();
        admin.get(&format!("/v1/customers?q[{name}]={value}")).await.refuses(400, "not_searchable");
    }
    for term in [
        "mobile=",
        "mobile=12345",
        "mobile_last4=567",
        "mobile_last4=56789",
        "mobile_last4=abcd",
        "name_prefix=zhang",
        "name=",
        "id_number=1",
    ] {
        let (name, value) = term.split_once('=').unwrap();
        let refused = admin.get(&format!("/v1/customers?q[{name}]={value}")).await;
        assert_eq!(refused.status, 400, "{refused}");
        assert_eq!(refused.problem_faults(), Vec::<String>::new(), "{refused}");
        assert!(value.len() < 4 || !refused.at("/errors").to_string().contains(value), "{refused}");
    }
}
