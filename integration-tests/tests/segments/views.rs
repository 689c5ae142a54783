//! How somebody likes to see their list.

use serde_json::json;

use super::{listed, of_province, with_rule};
use crate::support::Org;

const PATH: &str = "/v1/views";

#[tokio::test]
async fn a_view_says_whom_in_which_order_and_what_of_them() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let first = of_province(&asha, "上海", json!({})).await;
    let second = of_province(&asha, "上海", json!({})).await;
    of_province(&asha, "浙江", json!({})).await;
    let body =
        json!({"name": "Mine", "columns": ["name", "province"], "sort": "created_at", "q": {"province": "上海"}});
    let made = asha.post(PATH, &body).await.shows(201);
    let seen = asha.get(&format!("/v1/customers?view={}", made.id())).await.shows(200);
    assert_eq!((seen.at("/data/0/id"), seen.at("/data/1/id")), (json!(first), json!(second)));
    assert_eq!(seen.at("/data").as_array().unwrap().len(), 2);
    let keys: Vec<String> = seen.at("/data/0/fields").as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["name", "province"], "no other field leaves");
    assert_eq!(seen.at("/data/0/field_access").as_object().unwrap().len(), 2);
    let turned = asha.get(&format!("/v1/customers?view={}&sort=-created_at", made.id())).await.shows(200);
    assert_eq!(turned.at("/data/0/id"), json!(second));
    let log = asha.get("/v1/me/activity").await.shows(200);
    let entry = log.at("/data").as_array().unwrap().iter().find(|one| one["action"] == "customers.search").cloned();
    assert_eq!(entry.unwrap()["fields"]["read"], json!(["name", "province"]), "the log says what was shown");
}

#[tokio::test]
async fn a_view_is_nobody_elses() {
    let org = Org::found().await;
    let (asha, admin) = (org.sales_a().await, org.admin().await);
    let made = asha.post(PATH, &json!({"name": "Mine"})).await.shows(201);
    let path = format!("{PATH}/{}", made.id());
    admin.get(&path).await.refuses(404, "not_found");
    admin.patch(&path, &json!({"name": "x"})).await.refuses(404, "not_found");
    admin.delete(&path).await.refuses(404, "not_found");
    admin.get(&format!("/v1/customers?view={}", made.id())).await.refuses(400, "invalid_query");
    assert_eq!(admin.get(PATH).await.shows(200).at("/data"), json!([]));
    assert_eq!(asha.patch(&path, &json!({"sort": "updated_at"})).await.shows(200).at("/version"), 2);
    asha.delete(&path).await.shows(204);
    asha.get(&path).await.refuses(404, "not_found");
}

#[tokio::test]
async fn it_is_used_with_the_rights_of_the_moment() {
    let org = Org::found().await;
    let support = org.support().await;
    of_province(&org.sales_a().await, "上海", json!({})).await;
    let body = json!({"name": "Mine", "columns": ["name", "province"], "q": {"province": "上海"}});
    let made = support.post(PATH, &body).await.shows(201).id();
    assert_eq!(listed(&support, &format!("view={made}")).await.len(), 1);
    let later = with_rule(&org, "support", json!({"on": "field:province", "view": "hidden"}), &[]).await;
    let view = later.get(&format!("{PATH}/{made}")).await.shows(200);
    assert_eq!((view.at("/closed_columns"), view.at("/unusable")), (json!(["province"]), json!("field_hidden")));
    later.get(&format!("/v1/customers?view={made}")).await.refuses(403, "field_hidden");
}

#[tokio::test]
async fn what_is_no_view_is_refused() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let body = json!({"name": "Mine", "columns": ["name", "shoe_size", "name"], "sort": "size", "q": {"email": "a@b.example"}});
    let mut faults = asha.post(PATH, &body).await.refuses(422, "invalid_body").faults();
    faults.sort();
    assert_eq!(faults[0].0, "/sort");
    let body = json!({"name": "Mine", "columns": ["name", "shoe_size", "name"], "q": {"email": "a@b.example"}});
    let mut faults = asha.post(PATH, &body).await.refuses(422, "invalid_body").faults();
    faults.sort();
    let expected = [("/columns/1", "unknown_field"), ("/columns/2", "repeated"), ("/q/email", "singles_out")];
    assert_eq!(faults, expected.map(|(at, code)| (at.to_owned(), code.to_owned())));
    org.auditor().await.post(PATH, &json!({"name": "Mine"})).await.refuses(403, "forbidden");
}
