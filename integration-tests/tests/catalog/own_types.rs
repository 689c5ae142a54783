//! A record type that an organisation made takes part in everything that the built-in ones take part in, and in no other organisation.

use serde_json::{Value, json};

use super::made_in;
use crate::audit::Ledger;
use crate::records::{enter, path, someone};
use crate::support::{Answer, Org, Person};

const TYPES: &str = "/v1/record-types";

fn visit_report() -> Value {
    json!({"code": "visit_report", "labels": {"en": "Visit report", "zh": "拜访报告"}})
}

/// Makes the type with a place, a guarded finding, and a number to find it by.
async fn visits(admin: &Person) -> Answer {
    let made = admin.post(TYPES, &visit_report()).await.shows(201);
    made_in(admin, "visit_report", "place", "text", json!({"category": "business", "required": true})).await;
    let guarded = json!({"classification": "core", "category": "special", "pi_category": "medical"});
    made_in(admin, "visit_report", "finding", "text", guarded).await;
    let found = json!({"category": "business", "searchable": ["exact"], "unique": true});
    made_in(admin, "visit_report", "report_no", "text", found).await;
    made
}

fn ids(page: &Answer) -> Vec<Value> {
    page.at("/data").as_array().unwrap().iter().map(|one| one["id"].clone()).collect()
}

#[tokio::test]
async fn records_of_it_are_entered_listed_found_changed_remembered_and_deleted() {
    let org = Org::found().await;
    let (admin, sales, manager) = (org.admin().await, org.sales_a().await, org.manager().await);
    let made = visits(&admin).await;
    assert_eq!((made.sent("location"), made.at("/built_in")), (format!("{TYPES}/visit_report"), json!(false)));
    let customer = someone(&sales).await;
    let mut ledger = Ledger::of(&org).await;
    let report = json!({"place": "Hall 3", "finding": "Peanuts", "report_no": "BG-1"});
    let entered = enter(&sales, &customer, "visit_report", report).await.shows(201);
    let entry = ledger.only().await;
    assert_eq!(
        (&entry["action"], &entry["details"]["record_type"]),
        (&json!("records.create"), &json!("visit_report"))
    );
    assert!(entry.to_string().contains("visit_report.finding") && !entry.to_string().contains("Peanuts"));
    let at = path("visit_report", &entered.id());
    assert_eq!(sales.get(&at).await.shows(200).at("/fields"), json!({"place": "Hall 3", "report_no": "BG-1"}));
    let mine = sales.get(&format!("/v1/customers/{customer}/records/visit_report")).await.shows(200);
    assert_eq!(ids(&mine), [json!(entered.id())]);
    let found = sales.get("/v1/records/visit_report?q[report_no]=bg-1").await.shows(200);
    assert_eq!(ids(&found), [json!(entered.id())]);
    let line = sales.get(&format!("/v1/customers/{customer}/timeline")).await.shows(200);
    assert_eq!(line.at("/data/0/type"), "visit_report");
    sales.patch(&at, &json!({"fields": {"place": "Hall 4"}})).await.shows(200);
    let history = sales.get(&format!("{at}/history")).await.shows(200);
    assert_eq!(history.at("/data/0/changes"), json!([{"name": "place", "before": "Hall 3", "after": "Hall 4"}]));
    let asked = json!({"fields": ["finding"], "reason": "Before the next visit"});
    sales.post(&format!("{at}/reveal"), &asked).await.refuses(403, "field_hidden");
    let shown = org.dpo().await.post(&format!("{at}/reveal"), &asked).await.shows(200);
    assert_eq!(shown.at("/fields"), json!({"finding": "Peanuts"}));
    org.sales_b().await.get(&at).await.refuses(404, "not_found");
    manager.delete(&at).await.shows(204);
    sales.get(&at).await.refuses(404, "not_found");
}

#[tokio::test]
async fn its_faults_are_told_and_its_values_are_held_unique() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    visits(&admin).await;
    let customer = someone(&sales).await;
    let refused = enter(&sales, &customer, "visit_report", json!({"mood": "good"})).await;
    let mut faults = refused.refuses(422, "invalid_body").faults();
    faults.sort();
    let all = [("/fields/mood", "unknown_field"), ("/fields/place", "required")];
    assert_eq!(faults, all.map(|(at, code)| (at.to_owned(), code.to_owned())));
    let report = json!({"place": "Hall 3", "report_no": "BG-7"});
    enter(&sales, &customer, "visit_report", report.clone()).await.shows(201);
    enter(&sales, &customer, "visit_report", report).await.refuses(409, "duplicate_value");
    sales.get("/v1/records/visit_report?q[place]=x").await.refuses(400, "not_searchable");
}

#[tokio::test]
async fn roles_and_purposes_name_its_fields() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    visits(&admin).await;
    let role = |code: &str, on: &str| {
        json!({"code": code, "labels": {"en": "Nurse", "zh": "护士"}, "permissions": ["customers.read", "records.read"], "data_scope": "own",
            "field_rules": [{"on": on, "view": "masked"}]})
    };
    admin.post("/v1/roles", &role("nurse", "field:visit_report.finding")).await.shows(201);
    admin.post("/v1/roles", &role("nurse2", "field:visit_report.mood")).await.refuses(422, "invalid_body");
    let named = |code: &str, keys: Value| crate::purposes::purpose(code, json!({"fields": keys}));
    admin.post("/v1/purposes", &named("visiting", json!(["visit_report.place"]))).await.shows(201);
    let unknown = named("visiting2", json!(["visit_report.place", "visit_report.mood"]));
    let refused = admin.post("/v1/purposes", &unknown).await.refuses(422, "invalid_body").faults();
    assert_eq!(refused.iter().map(|(at, _)| at.as_str()).collect::<Vec<_>>(), ["/fields/1"]);
    let customer = someone(&sales).await;
    enter(&sales, &customer, "visit_report", json!({"place": "Hall 3", "finding": "Peanuts"})).await.shows(201);
}

#[tokio::test]
async fn what_others_hear_of_it_names_no_field_that_is_hidden_from_them() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    visits(&admin).await;
    let customer = someone(&sales).await;
    let record = enter(&sales, &customer, "visit_report", json!({"place": "Hall 3", "finding": "Peanuts"})).await;
    let (record, manager) = (record.shows(201).id(), org.manager().await);
    sales.patch(&path("visit_report", &record), &json!({"fields": {"place": "Hall 4"}})).await.shows(200);
    manager.delete(&path("visit_report", &record)).await.shows(204);
    crate::events::told(&sales, "type=records.deleted").await;
    let told = crate::events::all(&sales, "type=records.created,records.updated,records.deleted").await;
    let data: Vec<&Value> = told.iter().map(|event| &event["data"]).collect();
    let of = |version: i32| json!({"customer_id": customer, "record_id": record, "record_type": "visit_report", "version": version});
    let with = |version: i32, fields: Value| {
        let mut data = of(version);
        data["fields"] = fields;
        data
    };
    assert_eq!(data, [&with(1, json!(["place"])), &with(2, json!(["place"])), &of(3)]);
    let (dpo, other) = (org.dpo().await, org.sales_b().await);
    let told = crate::events::all(&dpo, "type=records.created").await;
    assert_eq!(told[0]["data"]["fields"], json!(["finding", "place"]));
    assert_eq!(crate::events::all(&other, "type=records.created").await, Vec::<Value>::new());
}

#[tokio::test]
async fn it_is_named_anew_and_retired_and_what_it_held_stays_readable_until_erasure() {
    let org = Org::found().await;
    let (admin, sales, manager) = (org.admin().await, org.sales_a().await, org.manager().await);
    visits(&admin).await;
    let customer = someone(&sales).await;
    let entered = enter(&sales, &customer, "visit_report", json!({"place": "Hall 3", "report_no": "BG-1"})).await;
    let at = path("visit_report", &entered.shows(201).id());
    let one = format!("{TYPES}/visit_report");
    let mut ledger = Ledger::of(&org).await;
    let renamed = admin.patch(&one, &json!({"labels": {"en": "Visit", "zh": "拜访"}})).await.shows(200);
    assert_eq!((renamed.at("/version"), renamed.at("/label")), (json!(2), json!("Visit")));
    let entry = ledger.only().await;
    assert_eq!(
        (&entry["action"], &entry["details"]["record_type"]),
        (&json!("catalog.update_type"), &json!("visit_report"))
    );
    let stale = json!({"labels": {"en": "V", "zh": "访"}});
    admin.patch(&one, &stale).instead("if-match", "\"1.00000000\"").await.refuses(412, "precondition_failed");
    let builtin = admin.patch(&format!("{TYPES}/ticket"), &json!({"labels": {"en": "Case", "zh": "个案"}})).await;
    let builtin = builtin.shows(200);
    assert_eq!((builtin.at("/built_in"), builtin.at("/label")), (json!(true), json!("Case")));
    admin.act(&format!("{TYPES}/ticket/retire")).await.refuses(409, "record_type_built_in");
    assert_eq!(admin.act(&format!("{one}/retire")).await.shows(200).at("/state"), "retired");
    admin.act(&format!("{one}/retire")).await.refuses(409, "record_type_retired");
    let versions = admin.get(&format!("{one}/versions")).await.shows(200);
    let told = |at: &str| versions.at(&format!("/data/{at}"));
    assert_eq!(
        (told("0/state"), told("0/changed"), told("0/by")),
        (json!("retired"), json!(["state"]), json!(admin.id))
    );
    assert_eq!((told("1/labels/en"), told("1/changed")), (json!("Visit"), json!(["labels"])));
    assert_eq!(
        (told("2/version"), told("2/labels/en"), told("2/changed")),
        (json!(1), json!("Visit report"), json!([]))
    );
    let of_builtin = sales.get(&format!("{TYPES}/ticket/versions")).await.shows(200);
    assert_eq!((of_builtin.at("/data/0/version"), of_builtin.at("/data/1")), (json!(2), Value::Null));
    assert_eq!(sales.get(&format!("{TYPES}/payment/versions")).await.shows(200).at("/data"), json!([]));
    sales.get(&format!("{TYPES}/nothing_such/versions")).await.refuses(404, "not_found");
    enter(&sales, &customer, "visit_report", json!({"place": "Hall 5"})).await.refuses(409, "record_type_retired");
    sales.patch(&at, &json!({"fields": {"place": "Hall 5"}})).await.refuses(409, "record_type_retired");
    let new = super::field("mood", "text", json!({}));
    admin.post(&format!("{one}/fields"), &new).await.refuses(409, "record_type_retired");
    admin.patch(&format!("{one}/fields/place"), &json!({"required": false})).await.refuses(409, "record_type_retired");
    admin.post(TYPES, &visit_report()).await.refuses(409, "duplicate_value");
    assert_eq!(sales.get(&at).await.shows(200).at("/fields/place"), "Hall 3");
    sales.get(&format!("{at}/history")).await.shows(200);
    assert_eq!(ids(&sales.get("/v1/records/visit_report?q[report_no]=BG-1").await.shows(200)).len(), 1);
    let codes = |listed: Answer| -> Vec<Value> {
        listed.at("/data").as_array().unwrap().iter().map(|one| one["code"].clone()).collect()
    };
    assert!(!codes(sales.get(TYPES).await.shows(200)).contains(&json!("visit_report")));
    assert_eq!(codes(sales.get(&format!("{TYPES}?state=retired")).await.shows(200)), ["visit_report"]);
    manager.delete(&at).await.shows(204);
}

#[tokio::test]
async fn nobody_else_has_it_and_not_everybody_makes_one() {
    let (ours, theirs) = (Org::found().await, Org::found().await);
    visits(&ours.admin().await).await;
    let sales = theirs.sales_a().await;
    let customer = someone(&sales).await;
    enter(&sales, &customer, "visit_report", json!({"place": "x"})).await.refuses(404, "not_found");
    sales.get("/v1/records/visit_report").await.refuses(404, "not_found");
    sales.get(&format!("{TYPES}/visit_report")).await.refuses(404, "not_found");
    for person in [theirs.manager().await, sales, theirs.auditor().await] {
        person.post(TYPES, &visit_report()).await.refuses(403, "forbidden");
        person.act(&format!("{TYPES}/ticket/retire")).await.refuses(403, "forbidden");
    }
    let admin = theirs.admin().await;
    for bad in ["V", "visit-report", "拜访", "9visits", &"v".repeat(41)] {
        let body = json!({"code": bad, "labels": {"en": "V", "zh": "访"}});
        let faults = admin.post(TYPES, &body).await.refuses(422, "invalid_body").faults();
        assert_eq!(faults.first().map(|(at, _)| at.as_str()), Some("/code"), "{bad}");
    }
    let taken = json!({"code": "payment", "labels": {"en": "V", "zh": "访"}});
    admin.post(TYPES, &taken).await.refuses(409, "duplicate_value");
}

#[tokio::test]
async fn it_goes_with_its_customer_and_the_sweep_reads_what_was_retired() {
    let org = Org::found().await;
    let (admin, dpo, sales) = (org.admin().await, org.dpo().await, org.sales_a().await);
    visits(&admin).await;
    let (gone, stays) = (someone(&sales).await, someone(&sales).await);
    let number = sales.get(&format!("/v1/customers/{gone}")).await.shows(200).text_at("/fields/customer_no");
    let mine = enter(&sales, &gone, "visit_report", json!({"place": "Hall 3", "report_no": "BG-1"})).await.shows(201);
    let theirs = json!({"place": format!("beside {number}")});
    let other = enter(&sales, &stays, "visit_report", theirs).await.shows(201);
    admin.act(&format!("{TYPES}/visit_report/fields/place/retire")).await.shows(200);
    admin.act(&format!("{TYPES}/visit_report/retire")).await.shows(200);
    let erasure = crate::erasures::erase(&dpo, &gone).await.shows(202).id();
    sales.get(&path("visit_report", &mine.id())).await.refuses(410, "erased");
    for _ in 0..3 {
        crate::erasures::round(&org).await;
    }
    let told = dpo.get(&format!("/v1/erasures/{erasure}")).await.shows(200);
    assert_eq!((told.at("/findings/0/place"), told.at("/findings/0/field")), (json!("records"), json!("place")));
    sales.get(&path("visit_report", &other.id())).await.shows(200);
    let sql = org.sql().await;
    let left = "SELECT (SELECT count(*) FROM records), (SELECT count(DISTINCT customer_id) FROM record_indexes)";
    let left = sql.query_one(left, &[]).await.unwrap();
    assert_eq!((left.get::<_, i64>(0), left.get::<_, i64>(1)), (1, 0));
}
