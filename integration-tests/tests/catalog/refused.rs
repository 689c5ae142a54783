//! Changes that stored values refuse: what was asked for in `searchable` and `unique` comes into force all together, or not at all.

use serde_json::{Value, json};

use super::rebuild::{brought_about, enter};
use super::{made, made_in, of};
use crate::audit::scene::until;
use crate::imports::finished;
use crate::records;
use crate::support::{Org, Person, customer};

/// How many values repeat, as the job tells that failed for it.
fn repeated(job: &Value) -> i64 {
    assert_eq!((&job["state"], &job["failure"]), (&json!("failed"), &json!("values_repeat")), "{job}");
    job["error_count"].as_i64().unwrap()
}

/// The field is found in these ways, is unique or not, and nothing is under way.
async fn stands(admin: &Person, path: &str, searchable: Value, unique: bool) {
    let now = admin.get(path).await.shows(200);
    assert_eq!((now.at("/searchable"), now.at("/unique")), (searchable, json!(unique)));
    assert!(now.json().get("building").is_none(), "{now}");
}

async fn ended(admin: &Person, path: &str, change: &Value) -> Value {
    let changed = admin.patch(path, change).await.shows(200);
    finished(admin, &format!("/v1/jobs/{}", changed.text_at("/job_id"))).await
}

async fn tags(org: &Org<'_>, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    org.sql().await.query_one(&sql, &[]).await.unwrap().get(0)
}

async fn there_are(tags_left: i64, org: &Org<'_>, table: &str) {
    until("an index of what is found and nothing else", async || (tags(org, table).await == tags_left).then_some(()))
        .await;
}

/// Has the database do something of its own at rows of this organisation; answers what ends that.
async fn meddled(org: &Org<'_>, (event, table, row): (&str, &str, &str), does: &str) -> String {
    let name = format!("meddle_{}", org.id.simple());
    let sql = format!(
        "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does} END $$; \
         CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW WHEN ({row}.organization_id = '{}') EXECUTE FUNCTION {name}()",
        org.id
    );
    org.sql().await.batch_execute(&sql).await.unwrap();
    format!("DROP TRIGGER {name} ON {table}; DROP FUNCTION {name}()")
}

#[tokio::test]
async fn a_uniqueness_that_is_refused_takes_the_ways_of_finding_along() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    made(&admin, "member_card", "text", json!({})).await;
    let ids = enter(&sales, "member_card", &["M-0001", "M-0001", "M-0002"]).await;
    let before = tags(&org, "blind_indexes").await;
    let asked = json!({"unique": true, "searchable": ["exact", "last4"]});
    assert_eq!(repeated(&brought_about(&admin, "member_card", &asked).await), 1);
    stands(&admin, &of("member_card"), json!([]), false).await;
    for query in ["q[member_card]=M-0002", "q[member_card_last4]=0002"] {
        sales.get(&format!("/v1/customers?{query}")).await.refuses(400, "not_searchable");
    }
    there_are(before, &org, "blind_indexes").await;
    let corrected = json!({"fields": {"member_card": "M-0003"}});
    sales.patch(&format!("/v1/customers/{}", ids[1]), &corrected).await.shows(200);
    let job = brought_about(&admin, "member_card", &asked).await;
    assert_eq!(job["state"], "succeeded", "{job}");
    stands(&admin, &of("member_card"), json!(["exact", "last4"]), true).await;
    let found = sales.get("/v1/customers?q[member_card_last4]=0003").await.shows(200);
    assert_eq!(found.at("/data/0/id"), json!(ids[1]));
    let mut body = customer();
    body["fields"]["member_card"] = json!("M-0002");
    sales.post("/v1/customers", &body).await.refuses(409, "duplicate_value");
}

#[tokio::test]
async fn what_the_same_change_takes_away_stays_until_the_rest_comes() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    made(&admin, "member_card", "text", json!({"searchable": ["exact", "last4"]})).await;
    let ids = enter(&sales, "member_card", &["M-0001", "M-0001"]).await;
    let by_its_end = async || sales.get("/v1/customers?q[member_card_last4]=0001").await;
    let path = of("member_card");
    let asked = json!({"unique": true, "searchable": ["exact"]});
    let changed = admin.patch(&path, &asked).await.shows(200);
    assert_eq!(changed.at("/searchable"), json!(["exact", "last4"]));
    assert_eq!(changed.at("/building"), json!({"searchable": [], "ending": ["last4"], "unique": true}));
    by_its_end().await.shows(200);
    let job = finished(&admin, &format!("/v1/jobs/{}", changed.text_at("/job_id"))).await;
    assert_eq!(repeated(&job), 1);
    stands(&admin, &path, json!(["exact", "last4"]), false).await;
    assert_eq!(by_its_end().await.shows(200).at("/data").as_array().unwrap().len(), 2);
    let before = tags(&org, "blind_indexes").await;
    let corrected = json!({"fields": {"member_card": "M-0002"}});
    sales.patch(&format!("/v1/customers/{}", ids[1]), &corrected).await.shows(200);
    assert_eq!(ended(&admin, &path, &asked).await["state"], "succeeded");
    stands(&admin, &path, json!(["exact"]), true).await;
    by_its_end().await.refuses(400, "not_searchable");
    there_are(before - 2, &org, "blind_indexes").await;
    let unfound = json!({"searchable": ["last4"]});
    let faults = admin.patch(&path, &unfound).await.refuses(422, "invalid_body").faults();
    assert_eq!(faults, [("/unique".to_owned(), "needs_exact".to_owned())]);
}

#[tokio::test]
async fn values_that_repeat_in_one_field_refuse_no_other() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    for key in ["member_card", "locker_no"] {
        made(&admin, key, "text", json!({})).await;
    }
    for locker in ["L-1", "L-2", "L-3"] {
        let mut body = customer();
        body["fields"]["member_card"] = json!("M-0001");
        body["fields"]["locker_no"] = json!(locker);
        sales.post("/v1/customers", &body).await.shows(201);
    }
    let asked = json!({"unique": true, "searchable": ["exact"]});
    let cards = admin.patch(&of("member_card"), &asked).await.shows(200);
    let lockers = ended(&admin, &of("locker_no"), &asked).await;
    assert_eq!(lockers["state"], "succeeded", "{lockers}");
    let cards = finished(&admin, &format!("/v1/jobs/{}", cards.text_at("/job_id"))).await;
    assert_eq!(repeated(&cards), 2);
}

#[tokio::test]
async fn records_that_share_a_value_refuse_the_whole_change_as_well() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    made_in(&admin, "opportunity", "serial_no", "text", json!({"category": "business"})).await;
    let customer = records::someone(&sales).await;
    let with = |serial: &str| json!({"stage": "lead", "serial_no": serial});
    let mut ids = Vec::new();
    for serial in ["S-0001", "S-0001", "S-0001", "S-0002"] {
        ids.push(records::enter(&sales, &customer, "opportunity", with(serial)).await.shows(201).id());
    }
    let before = tags(&org, "record_indexes").await;
    let path = "/v1/record-types/opportunity/fields/serial_no";
    let asked = json!({"unique": true, "searchable": ["exact", "last4"]});
    assert_eq!(repeated(&ended(&admin, path, &asked).await), 2);
    stands(&admin, path, json!([]), false).await;
    sales.get("/v1/records/opportunity?q[serial_no_last4]=0002").await.refuses(400, "not_searchable");
    there_are(before, &org, "record_indexes").await;
    for (id, serial) in [(&ids[1], "S-0003"), (&ids[2], "S-0004")] {
        let corrected = json!({"fields": {"serial_no": serial}});
        sales.patch(&records::path("opportunity", id), &corrected).await.shows(200);
    }
    assert_eq!(ended(&admin, path, &asked).await["state"], "succeeded");
    stands(&admin, path, json!(["exact", "last4"]), true).await;
    let found = sales.get("/v1/records/opportunity?q[serial_no_last4]=0004").await.shows(200);
    assert_eq!(found.at("/data/0/id"), json!(ids[2]));
    records::enter(&sales, &customer, "opportunity", with("S-0002")).await.refuses(409, "duplicate_value");
}

#[tokio::test]
async fn the_job_of_one_change_decides_nothing_about_the_next_which_holds_off_others() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    made(&admin, "member_card", "text", json!({"searchable": ["exact", "last4"]})).await;
    enter(&sales, "member_card", &["M-0001", "M-0001"]).await;
    let path = of("member_card");
    let first = admin.patch(&path, &json!({"searchable": ["exact"]})).await.shows(200);
    let later = "NEW.due_at := clock_timestamp() + interval '1 hour'; RETURN NEW;";
    let let_go = meddled(&org, ("INSERT", "job_queue", "NEW"), later).await;
    let second = admin.patch(&path, &json!({"unique": true})).await.shows(200);
    let sql = org.sql().await;
    sql.batch_execute(&let_go).await.unwrap();
    for change in [json!({"unique": false}), json!({"searchable": ["exact", "prefix"]})] {
        admin.patch(&path, &change).await.refuses(409, "field_is_building");
    }
    admin.act(&format!("{path}/retire")).await.refuses(409, "field_is_building");
    admin.patch(&path, &json!({"max_length": 40})).await.shows(200);
    let job = finished(&admin, &format!("/v1/jobs/{}", first.text_at("/job_id"))).await;
    assert_eq!(job["state"], "succeeded", "{job}");
    let now = admin.get(&path).await.shows(200);
    assert_eq!((now.at("/unique"), now.at("/building/unique")), (json!(false), json!(true)));
    let due = "UPDATE job_queue SET due_at = clock_timestamp() WHERE job_id = $1::text::uuid";
    sql.execute(due, &[&second.text_at("/job_id")]).await.unwrap();
    assert_eq!(repeated(&finished(&admin, &format!("/v1/jobs/{}", second.text_at("/job_id"))).await), 1);
    stands(&admin, &path, json!(["exact"]), false).await;
    assert_eq!(admin.get(&path).await.shows(200).at("/max_length"), 40, "what could not be refused stays");
}

#[tokio::test]
async fn a_job_that_an_older_program_queued_decides_nothing_about_the_change_after_it() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    made(&admin, "member_card", "text", json!({"searchable": ["exact", "last4"]})).await;
    enter(&sales, "member_card", &["M-0001", "M-0001"]).await;
    let path = of("member_card");
    let later = "NEW.due_at := clock_timestamp() + interval '1 hour'; RETURN NEW;";
    let let_go = meddled(&org, ("INSERT", "job_queue", "NEW"), later).await;
    let asked = async |change: &Value| admin.patch(&path, change).await.shows(200).text_at("/job_id");
    let first = asked(&json!({"searchable": ["exact"]})).await;
    let sql = org.sql().await;
    // An older program does not say that a job of its builds nothing; this one was through with everybody before the next change.
    let older = "UPDATE catalog_rebuilds SET builds = true, round = 2, after_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff' WHERE job_id = $1::text::uuid";
    assert_eq!(sql.execute(older, &[&first]).await.unwrap(), 1);
    let second = asked(&json!({"unique": true})).await;
    sql.batch_execute(&let_go).await.unwrap();
    let run = async |job: &str| {
        let due = "UPDATE job_queue SET due_at = clock_timestamp() WHERE job_id = $1::text::uuid";
        sql.execute(due, &[&job]).await.unwrap();
        finished(&admin, &format!("/v1/jobs/{job}")).await
    };
    let job = run(first.as_str()).await;
    assert_eq!(job["state"], "succeeded", "{job}");
    let now = admin.get(&path).await.shows(200);
    assert_eq!((now.at("/unique"), now.at("/building/unique")), (json!(false), json!(true)));
    assert_eq!(repeated(&run(second.as_str()).await), 1);
    stands(&admin, &path, json!(["exact"]), false).await;
}

#[tokio::test]
async fn a_job_that_cannot_go_on_leaves_the_field_to_be_asked_again() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    made(&admin, "member_card", "text", json!({})).await;
    let ids = enter(&sales, "member_card", &["M-0001"]).await;
    let (path, asked) = (of("member_card"), json!({"searchable": ["exact"], "unique": true}));
    let let_go = meddled(&org, ("UPDATE", "catalog_rebuilds", "OLD"), "RAISE EXCEPTION 'out of order';").await;
    let job = format!("/v1/jobs/{}", admin.patch(&path, &asked).await.shows(200).text_at("/job_id"));
    let sql = org.sql().await;
    // The tenth try is the last.
    let tenth = "UPDATE job_queue SET attempts = 9, due_at = clock_timestamp() WHERE organization_id = $1 AND kind = 'catalog_rebuild' AND lease_until IS NULL";
    let failure = until("a job that is given up", async || {
        sql.execute(tenth, &[&org.id]).await.unwrap();
        let told = admin.get(&job).await.shows(200);
        (told.at("/state") == "failed").then(|| told.at("/failure"))
    })
    .await;
    assert_eq!(failure, "internal_error");
    stands(&admin, &path, json!([]), false).await;
    sql.batch_execute(&let_go).await.unwrap();
    let job = ended(&admin, &path, &asked).await;
    assert_eq!(job["state"], "succeeded", "{job}");
    let found = sales.get("/v1/customers?q[member_card]=m-0001").await.shows(200);
    assert_eq!(found.at("/data/0/id"), json!(ids[0]));
}
