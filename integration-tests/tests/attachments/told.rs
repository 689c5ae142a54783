//! Files on the timeline: in their place among the records, for whoever may list them and for nobody else.

use serde_json::{Value, json};

use super::{document, hang};
use crate::audit::Ledger;
use crate::customers::path;
use crate::records::{call_on, enter};
use crate::support::{Org, Person};

fn timeline(customer: &str) -> String {
    format!("{}/timeline", path(customer))
}

/// Kind and id of each entry.
fn entries(page: &Value) -> Vec<(String, String)> {
    let text = |one: &Value, member: &str| one[member].as_str().unwrap().to_owned();
    page["data"].as_array().unwrap().iter().map(|one| (text(one, "kind"), text(one, "id"))).collect()
}

/// The whole timeline, so many at a time.
async fn walk(person: &Person, customer: &str, limit: usize) -> Vec<(String, String)> {
    let (mut all, mut next) = (Vec::new(), String::new());
    loop {
        let page = person.get(&format!("{}?limit={limit}{next}", timeline(customer))).await.shows(200);
        let found = entries(&page.json());
        assert!(found.len() <= limit);
        all.extend(found);
        match page.at("/next_cursor").as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return all,
        }
    }
}

#[tokio::test]
async fn a_file_has_its_place_on_the_timeline_page_by_page() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let id = org.customer_of(&asha).await;
    let past = enter(&asha, &id, "interaction", call_on("2026-03-11")).await.shows(201).id();
    let first = hang(&asha, &id, "合同 1.pdf", &document(100)).await.shows(201);
    let second = hang(&asha, &id, "合同 2.pdf", &document(200)).await.shows(201);
    let to_come = enter(&asha, &id, "interaction", call_on("2099-10-21")).await.shows(201).id();
    let expected: Vec<(String, String)> =
        [("record", to_come), ("attachment", second.id()), ("attachment", first.id()), ("record", past)]
            .map(|(kind, id)| (kind.to_owned(), id))
            .to_vec();
    for limit in [1, 2, 3, 4, 200] {
        assert_eq!(walk(&asha, &id, limit).await, expected, "{limit} at a time");
    }
    let mut ledger = Ledger::of(&org).await;
    let line = asha.get(&timeline(&id)).await.shows(200);
    let told = line.at("/data/1");
    let known = asha.get(&second.sent("location")).await.shows(200);
    for member in ["id", "customer_id", "record_id", "name", "media_type", "size", "state", "created_at", "created_by"]
    {
        assert_eq!(told[member], known.at(&format!("/{member}")), "{member}");
    }
    assert_eq!((&told["name"], &told["created_by"]), (&json!("合同 2.pdf"), &json!(asha.id)));
    let noted = ledger.new_entries().await;
    let listed = |entry: &&Value| entry["action"] == "attachments.list" && entry["details"]["attachments"] == 2;
    assert_eq!(noted.iter().find(listed).unwrap()["customer"], json!(id));
    asha.request("DELETE", &second.sent("location")).header("if-match", "*").await.shows(204);
    assert_eq!(walk(&asha, &id, 2).await.len(), 3);
}

#[tokio::test]
async fn who_may_not_list_the_files_is_told_of_none_on_the_timeline() {
    let org = Org::found().await;
    let (asha, ben, dpo) = (org.sales_a().await, org.sales_b().await, org.dpo().await);
    let id = org.customer_of(&asha).await;
    enter(&asha, &id, "interaction", call_on("2026-03-11")).await.shows(201);
    let file = hang(&asha, &id, "secret.pdf", &document(100)).await.shows(201);
    let kinds = |page: &Value| entries(page).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
    assert_eq!(kinds(&asha.get(&timeline(&id)).await.shows(200).json()), ["attachment", "record"]);
    ben.get(&timeline(&id)).await.refuses(404, "not_found");
    for role in [org.finance().await, org.support().await] {
        let seen = role.get(&timeline(&id)).await.shows(200);
        assert!(!seen.text().contains(&file.id()) && !seen.text().contains("secret"), "records alone: {seen}");
        assert_eq!(kinds(&seen.json()), ["record"]);
    }
    let code = crate::house::fresh_code();
    let purpose = json!({"code": code, "labels": {"en": "Delivery", "zh": "配送"}, "description": "Bringing what was bought.",
        "legal_basis": "cn_contract", "consent_kind": "none", "fields": ["name", "address"], "methods": ["use"], "jurisdictions": ["CN"]});
    dpo.post("/v1/purposes", &purpose).await.shows(201);
    let seen = asha.request("GET", &timeline(&id)).header("processing-purpose", &code).await.shows(200);
    assert_eq!(kinds(&seen.json()), ["record"], "a purpose of some fields: {seen}");
    let sql = "UPDATE customers SET restricted = true WHERE id = $1::text::uuid";
    org.sql().await.execute(sql, &[&id]).await.unwrap();
    let seen = asha.get(&timeline(&id)).await.shows(200);
    assert_eq!(kinds(&seen.json()), ["record"], "somebody restricted: {seen}");
}
