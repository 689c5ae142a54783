//! Backups that are too old, and trials of them, are an alarm: once, until there is a fresh one.

use chrono::Duration;
use custodian_application::backups::{self, AtCheckpoint, AtLedger, DumpFile, Manifest};
use custodian_application::detections;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::dev::program::superuser;
use crate::events::told;
use crate::support::{Org, Person, Service, own_instance};

const BACKUP: &str = "backup_overdue";
const DRILL: &str = "backup_drill_overdue";

/// The rules of the open alarms.
async fn open(person: &Person) -> Vec<Value> {
    let page = person.get("/v1/alerts?state=open").await.shows(200);
    let mut rules: Vec<Value> = page.at("/data").as_array().unwrap().iter().map(|one| one["rule"].clone()).collect();
    rules.sort_by_key(Value::to_string);
    rules
}

/// A look of the service at its backups.
async fn look(service: &Service) {
    let app = service.app.clone();
    service.run(async move { detections::watch_backups(&app).await }).await.unwrap();
}

/// A backup that was taken so many hours ago; its id.
async fn taken(service: &Service, hours: i64) -> Uuid {
    let id = service.app.new_id();
    let manifest = Manifest {
        checkpoint: AtCheckpoint { origin: "tests".to_owned(), note: String::new(), size: 0 },
        dump: DumpFile { bytes: 1, sha256: "00".repeat(32) },
        id,
        ledger: AtLedger { sequence: 0, sha256: String::new() },
        organizations: 1,
        schema: "tests".to_owned(),
        taken_at: service.app.now() - Duration::hours(hours),
        v: 1,
    };
    let app = service.app.clone();
    service.run(async move { backups::note_taken(&app, &manifest).await }).await.unwrap();
    id
}

/// A trial of a backup that ended so.
async fn drilled(service: &Service, backup: Uuid, outcome: &'static str) {
    let app = service.app.clone();
    service.run(async move { backups::note_drilled(&app, backup, 9, outcome, None).await }).await.unwrap();
}

/// Lets time go by.
async fn pass(service: &Service, sql: &str) {
    superuser(&service.data_dir).await.batch_execute(sql).await.unwrap();
}

/// An alarm ended by itself, which is on record, and waits for nobody.
async fn has_ended(org: &Org<'_>, dpo: &Person, id: &Value) {
    let at = format!("/v1/alerts/{}", id.as_str().unwrap());
    let ended = dpo.get(&at).await.shows(200);
    assert_eq!(
        (ended.at("/state"), ended.at("/outcome"), ended.at("/closed_by")),
        (json!("closed"), json!("resolved"), Value::Null)
    );
    assert_eq!(dpo.get("/v1/inbox?kind=alert").await.shows(200).at("/data"), json!([]));
    let close = json!({"outcome": "resolved", "reason": "nobody says so"});
    dpo.post(&format!("{at}/close"), &close).await.refuses(422, "invalid_body");
    let entries = org.auditor().await.get("/v1/audit/entries?action=alerts.close").await.shows(200);
    assert_eq!((&entries.at("/data/0/details/alert"), entries.at("/data/1")), (id, Value::Null));
}

#[tokio::test]
async fn a_backup_that_is_too_old_raises_one_alarm_and_a_fresh_one_ends_it() {
    let service = own_instance(&[]);
    let org = Org::found_on(&service).await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    look(&service).await;
    assert_eq!(open(&admin).await, Vec::<Value>::new(), "who has just begun has time to take one");
    pass(&service, "UPDATE organizations SET created_at = created_at - interval '27 hours'").await;
    for _ in 0..2 {
        look(&service).await;
    }
    let alarms = admin.get("/v1/alerts?state=open").await.shows(200);
    let alarm = alarms.at("/data/0");
    assert_eq!(
        (&alarm["rule"], &alarm["count"], &alarm["window_seconds"]),
        (&json!(BACKUP), &json!(27), &json!(93_600))
    );
    assert_eq!(
        (&alarm["actor_id"], &alarm["source"], &alarms.at("/data/1")),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    let inbox = dpo.get("/v1/inbox?kind=alert").await.shows(200);
    assert_eq!(inbox.at("/data/0/id"), alarm["id"]);
    assert_eq!(told(&admin, "type=alerts.raised").await["data"]["rule"], BACKUP);
    org.sales_a().await.get("/v1/alerts").await.refuses(403, "forbidden");
    taken(&service, 30).await;
    assert_eq!(open(&admin).await, [json!(BACKUP)], "one that is old ends nothing");
    taken(&service, 0).await;
    has_ended(&org, &dpo, &alarm["id"]).await;
    // It grows old again: another alarm, and once somebody has looked into it, no third one.
    pass(&service, "UPDATE backups SET taken_at = now() - interval '30 hours'").await;
    look(&service).await;
    let again = dpo.get("/v1/alerts?state=open").await.shows(200).text_at("/data/0/id");
    let looked = json!({"outcome": "confirmed", "reason": "the place for backups was full"});
    dpo.post(&format!("/v1/alerts/{again}/close"), &looked).await.shows(200);
    look(&service).await;
    assert_eq!(open(&admin).await, Vec::<Value>::new());
    assert_eq!(
        admin.get(&format!("/v1/alerts?rule={BACKUP}")).await.shows(200).at("/data").as_array().unwrap().len(),
        2
    );
}

#[tokio::test]
async fn a_trial_that_is_too_long_ago_is_an_alarm_and_a_backup_that_failed_its_trial_is_none() {
    let service = own_instance(&[]);
    let org = Org::found_on(&service).await;
    let admin = org.admin().await;
    let backup = taken(&service, 0).await;
    pass(&service, "UPDATE organizations SET created_at = created_at - interval '32 days'").await;
    look(&service).await;
    assert_eq!(open(&admin).await, [json!(DRILL)]);
    drilled(&service, backup, "passed").await;
    assert_eq!(open(&admin).await, Vec::<Value>::new(), "at once, not with the next look");
    drilled(&service, backup, "lost").await;
    assert_eq!(open(&admin).await, [json!(BACKUP)], "there is no good one left");
    drilled(&service, backup, "passed").await;
    assert_eq!(open(&admin).await, Vec::<Value>::new());
    let young = Org::found_on(&service).await;
    look(&service).await;
    assert_eq!(open(&young.admin().await).await, Vec::<Value>::new());
}

#[tokio::test]
async fn who_switches_these_alarms_off_hears_nothing() {
    let service = own_instance(&[("alarm_backup_hours", "0"), ("alarm_backup_drill_days", "0")]);
    let org = Org::found_on(&service).await;
    pass(&service, "UPDATE organizations SET created_at = created_at - interval '9 years'").await;
    look(&service).await;
    assert_eq!(open(&org.admin().await).await, Vec::<Value>::new());
}
