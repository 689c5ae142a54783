//! Files of what hangs on customers: joined by the customer's number, within the importer's scope, each record sealed under its customer's key.

use std::path::Path;

use serde_json::{Value, json};

use super::{Form, by_number, counts, faults, total};
use crate::audit::Ledger;
use crate::catalog::made_in;
use crate::support::{Caller, Org, Person};

/// Enters customers of these numbers.
pub async fn numbered(person: &Person, numbers: &[&str]) {
    for number in numbers {
        let body = json!({"fields": {"name": "张三", "customer_no": number}});
        person.post("/v1/customers", &body).await.shows(201);
    }
}

fn calls() -> Value {
    json!({"no": "customer_no", "how": "channel", "when": "occurred_at", "what": "summary"})
}

/// The records of a customer of this number.
async fn records_of(person: &Caller, number: &str, kind: &str) -> Vec<Value> {
    let id = by_number(person, number).await["id"].as_str().unwrap().to_owned();
    let page = person.get(&format!("/v1/customers/{id}/records/{kind}")).await.shows(200);
    page.at("/data").as_array().unwrap().clone()
}

#[tokio::test]
async fn each_line_hangs_on_its_customer_and_a_bad_one_is_named_with_its_field() {
    let org = Org::found().await;
    let (sales, other) = (org.sales_a().await, org.sales_b().await);
    numbered(&sales, &["A-1", "A-2"]).await;
    numbered(&other, &["B-1"]).await;
    let mut ledger = Ledger::of(&org).await;
    let file = "no,how,when,what\nA-1,phone,2026-03-11T08:00:00Z,第一次\nA-2,visit,2026-03-12 09:30:00,\nA-1,pigeon,2026-03-11T08:00:00Z,x\n\
        B-1,phone,2026-03-11T08:00:00Z,x\nX-9,phone,2026-03-11T08:00:00Z,x\n,phone,2026-03-11T08:00:00Z,x\nA-1,phone,,x\n";
    let form = Form::csv(&calls(), file).part("record_type", "interaction").part("utc_offset", "+08:00");
    let job = form.run(&sales).await;
    assert_eq!(counts(&job), (2, 0, 5));
    let expected = [
        (4, "channel", "not_a_choice"),
        (5, "customer_no", "unknown_customer"),
        (6, "customer_no", "unknown_customer"),
        (7, "customer_no", "required"),
        (8, "occurred_at", "required"),
    ];
    assert_eq!(faults(&job), expected);
    let first = records_of(&sales, "A-1", "interaction").await;
    assert_eq!((first.len(), &first[0]["fields"]["summary"]), (1, &json!("第一次")));
    assert_eq!(first[0]["owner_id"], json!(sales.id));
    let second = records_of(&sales, "A-2", "interaction").await;
    assert_eq!(second[0]["fields"]["occurred_at"], "2026-03-12T01:30:00Z");
    assert!(records_of(&other, "B-1", "interaction").await.is_empty());
    let told = ledger.new_entries().await.into_iter().find(|entry| entry["action"] == "records.import").unwrap();
    assert_eq!((&told["details"]["record_type"], &told["details"]["count"]), (&json!("interaction"), &json!(2)));
    assert!(!told.to_string().contains("第一次"));
}

#[tokio::test]
async fn a_file_of_records_says_whose_they_are_and_only_who_may_enter_them_brings_one() {
    let org = Org::found().await;
    let (sales, admin) = (org.sales_a().await, org.admin().await);
    let file = "how,when\nphone,2026-03-11T08:00:00Z\n";
    let unjoined = json!({"how": "channel", "when": "occurred_at"});
    let form = |mapping: &Value| Form::csv(mapping, file).part("record_type", "interaction");
    let refused = form(&unjoined).hand_in(&sales).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/mapping/customer_no".to_owned(), "required".to_owned())]);
    let refused = form(&calls()).part("mode", "upsert").hand_in(&sales).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/mode".to_owned(), "needs_unique_field".to_owned())]);
    let unknown = Form::csv(&calls(), file).part("record_type", "pigeon").part("utc_offset", "8");
    let refused = unknown.hand_in(&sales).await.refuses(422, "invalid_body");
    let mut places: Vec<String> = refused.faults().into_iter().map(|(at, _)| at).collect();
    places.sort();
    assert!(places.contains(&"/record_type".to_owned()) && places.contains(&"/utc_offset".to_owned()), "{places:?}");
    let paid = json!({"no": "customer_no", "s": "status", "a": "amount"});
    let form = Form::csv(&paid, "no,s,a\n").part("record_type", "payment");
    form.hand_in(&sales).await.refuses(403, "field_not_editable");
    form.hand_in(&admin).await.shows(202);
}

#[tokio::test]
async fn an_own_type_comes_in_and_is_changed_by_its_unique_field() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    let code = json!({"code": "visit_report", "labels": {"en": "Visit report", "zh": "拜访报告"}});
    admin.post("/v1/record-types", &code).await.shows(201);
    let unique = json!({"category": "business", "searchable": ["exact"], "unique": true});
    made_in(&admin, "visit_report", "report_no", "text", unique).await;
    made_in(&admin, "visit_report", "place", "text", json!({"category": "business"})).await;
    made_in(&admin, "visit_report", "mood", "text", json!({"category": "business"})).await;
    numbered(&sales, &["A-1", "A-2"]).await;
    let mapping = json!({"no": "customer_no", "report": "report_no", "place": "place", "mood": "mood"});
    let form = |file: &str| Form::csv(&mapping, file).part("record_type", "visit_report");
    let job = form("no,report,place,mood\nA-1,R1,Hall 1,\nA-1,R2,Hall 2,good\nA-1,R1,Hall 3,\n").run(&sales).await;
    assert_eq!((counts(&job), faults(&job)), ((2, 0, 1), vec![(4, "report_no", "duplicate_value")]));
    let again = form("no,report,place,mood\nA-1,R1,Hall 9,bad\n").run(&sales).await;
    assert_eq!(faults(&again), [(2, "report_no", "duplicate_value")]);
    let find = async |number: &str| {
        let page = sales.get(&format!("/v1/records/visit_report?q[report_no]={number}")).await.shows(200);
        page.at("/data/0")
    };
    let upsert = |file: &str, rule: &str| form(file).part("mode", "upsert").part("on_conflict", rule);
    let job = upsert("no,report,place,mood\nA-1,R1,Hall 9,bad\nA-2,R3,Hall 4,\n", "fill").run(&sales).await;
    assert_eq!(counts(&job), (1, 1, 0));
    let filled = find("R1").await;
    assert_eq!((&filled["fields"]["place"], &filled["fields"]["mood"]), (&json!("Hall 1"), &json!("bad")));
    let job = upsert("no,report,place\nA-1,R1,Hall 9\n", "refuse").run(&sales).await;
    assert_eq!(job["failure"], "unknown_column", "the mapping names a column that is not there");
    let job = upsert("no,report,place,mood\nA-1,R1,Hall 9,\n", "refuse").run(&sales).await;
    assert_eq!(faults(&job), [(2, "place", "value_held")]);
    let job = upsert("no,report,place,mood\nA-1,R1,Hall 9,\nA-2,R2,Hall 9,\n", "overwrite").run(&sales).await;
    assert_eq!((counts(&job), faults(&job)), ((0, 1, 1), vec![(3, "report_no", "duplicate_value")]));
    let changed = find("R1").await;
    assert_eq!((&changed["fields"]["place"], &changed["version"]), (&json!("Hall 9"), &json!(3)));
}

#[tokio::test]
#[expect(clippy::print_stderr, reason = "a test that could not be made says so")]
async fn twenty_thousand_interactions_hang_on_their_customers() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let read = |name: &str| std::fs::read_to_string(data.join(name));
    let (Ok(customers), Ok(interactions)) = (read("customers-zh.csv"), read("interactions-zh.ndjson")) else {
        eprintln!("skipped: {} is not there", data.display());
        return;
    };
    let org = Org::found().await;
    let admin = org.admin().await;
    let job = Form::csv(&json!({"客户编号": "customer_no", "姓名": "name"}), customers).run(&admin).await;
    let known = total(&admin).await;
    assert_eq!((job["state"].clone(), known > 9_900), (json!("succeeded"), true));
    let mapping = json!({"customer_no": "customer_no", "channel": "channel", "occurred_at": "occurred_at", "summary": "summary",
        "next_follow_up_at": "next_follow_up_at"});
    let form = Form::default().part("mapping", &mapping.to_string()).part("record_type", "interaction");
    let job = form.file("interactions-zh.ndjson", interactions.clone()).run(&admin).await;
    let (created, _, rejected) = counts(&job);
    assert_eq!(created + rejected, 20_000);
    // A line is refused for one reason alone: its customer was a bad line of the other file.
    assert!(faults(&job).iter().all(|(_, field, code)| (*field, *code) == ("customer_no", "unknown_customer")));
    assert!(rejected < 20_000 * (10_000 - known) / 10_000 * 4 + 10, "{rejected}");
    let first: Value = serde_json::from_str(interactions.lines().next().unwrap()).unwrap();
    let found = records_of(&admin, first["customer_no"].as_str().unwrap(), "interaction").await;
    assert!(found.iter().any(|one| one["fields"]["summary"] == first["summary"]));
}
