//! The data dictionary, for those who must know what is kept.

use serde_json::{Value, json};

use super::{made, made_in, of};
use crate::audit::Ledger;
use crate::purposes::purpose;
use crate::support::Org;

const EXPORT: &str = "/v1/catalog/export";

fn field<'a>(all: &'a Value, record_type: &str, key: &str) -> &'a Value {
    let of = all["record_types"].as_array().unwrap().iter().find(|one| one["code"] == record_type).unwrap();
    of["fields"].as_array().unwrap().iter().find(|one| one["key"] == key).unwrap()
}

#[tokio::test]
async fn it_tells_every_field_with_its_scales_its_purposes_its_retention_and_its_versions() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let tier = json!({"choices": ["gold", "jade"], "searchable": ["exact"], "retention_days": 365});
    made(&admin, "loyalty_tier", "enum", tier).await;
    admin.patch(&of("loyalty_tier"), &json!({"labels": {"en": "=Tier", "zh": "等级"}})).await.shows(200);
    admin.act(&format!("{}/retire", of("wechat"))).await.shows(200);
    made_in(&admin, "ticket", "mood", "text", json!({})).await;
    let fields = json!({"fields": ["email", "loyalty_tier", "ticket.mood"]});
    admin.post("/v1/purposes", &purpose("letters", fields)).await.shows(201);
    let mut ledger = Ledger::of(&org).await;
    let all = admin.get(EXPORT).await.shows(200).json();
    let entry = ledger.only().await;
    assert_eq!(entry["action"], "catalog.export");
    let tier = field(&all, "customer", "loyalty_tier");
    let letters = json!({"purpose": "letters", "retention_days": 730});
    assert!(tier["used_by"].as_array().unwrap().contains(&letters), "{tier}");
    assert_eq!(
        (&tier["name"], &tier["version"], &tier["retention_days"]),
        (&json!("loyalty_tier"), &json!(2), &json!(365))
    );
    assert_eq!((tier["versions"].as_array().unwrap().len(), &tier["versions"][1]["changed"]), (2, &json!(["labels"])));
    let card = field(&all, "customer", "id_number");
    assert_eq!((&card["sensitive"], &card["pi_category"]), (&json!(true), &json!("identity_doc")));
    assert!(!card["used_by"].as_array().unwrap().contains(&letters), "{card}");
    assert_eq!(field(&all, "customer", "wechat")["state"], "retired");
    assert_eq!(field(&all, "ticket", "mood")["used_by"], json!([letters]));
    assert_eq!(field(&all, "ticket", "mood")["name"], "ticket.mood");
    let table = admin.get(EXPORT).header("accept", "text/csv").await.shows(200);
    assert!(table.sent("content-type").starts_with("text/csv"));
    let text = table.text();
    let mut rows = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let head = rows.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = rows.records().map(|row| row.unwrap()).collect();
    let cell = |row: &csv::StringRecord, name: &str| {
        row.get(head.iter().position(|known| known == name).unwrap()).unwrap().to_owned()
    };
    let tier = rows.iter().find(|row| cell(row, "key") == "loyalty_tier").unwrap();
    assert_eq!((cell(tier, "label_en"), cell(tier, "choices")), ("'=Tier".to_owned(), "gold jade".to_owned()));
    assert!(cell(tier, "purposes").split(' ').any(|code| code == "letters"));
    assert_eq!(cell(tier, "retention"), "field: 365 days; letters: 730 days");
    let fields: usize =
        all["record_types"].as_array().unwrap().iter().map(|one| one["fields"].as_array().unwrap().len()).sum();
    assert_eq!(rows.len(), fields);
}

#[tokio::test]
async fn only_who_must_know_takes_it_away() {
    let org = Org::found().await;
    for person in [org.admin().await, org.dpo().await, org.auditor().await] {
        person.get(EXPORT).await.shows(200);
    }
    for person in [org.manager().await, org.sales_a().await, org.marketing().await, org.nobody().await] {
        person.get(EXPORT).await.refuses(403, "forbidden");
    }
}
