//! Sealed bytes that were changed outside the service: whoever they are about is erased all the same, and nobody else pays for it.

use serde_json::{Value, json};
use tokio_postgres::Client;

use super::{certified, erase, round};
use crate::customers::path;
use crate::imports::finished;
use crate::records::{call_on, enter};
use crate::support::{Org, Person, customer};

const BATCHES: &str = "/v1/erasure-batches";

/// What is done to a customer, $1, or to what hangs on them.
const DAMAGES: [(&str, &str); 8] = [
    (
        RECORD,
        "UPDATE records SET fields = set_byte(fields, 50, get_byte(fields, 50) # 1) WHERE customer_id = $1::text::uuid",
    ),
    (
        "a record of somebody else",
        "UPDATE records SET fields = (SELECT o.fields FROM records o WHERE o.customer_id <> $1::text::uuid LIMIT 1) WHERE customer_id = $1::text::uuid",
    ),
    (
        "one bit of a value",
        "UPDATE customers SET fields = set_byte(fields, 50, get_byte(fields, 50) # 1) WHERE id = $1::text::uuid",
    ),
    ("a cut pack", "UPDATE customers SET fields = substr(fields, 1, 90) WHERE id = $1::text::uuid"),
    (
        KEY,
        "UPDATE customers SET wrapped_key = set_byte(wrapped_key, 40, get_byte(wrapped_key, 40) # 1) WHERE id = $1::text::uuid",
    ),
    (
        "a key of no bucket",
        "UPDATE customers SET wrapped_key = set_byte(wrapped_key, 3, 238) WHERE id = $1::text::uuid",
    ),
    ("what is no key", "UPDATE customers SET wrapped_key = set_byte(wrapped_key, 0, 0) WHERE id = $1::text::uuid"),
    ("a cut key", "UPDATE customers SET wrapped_key = substr(wrapped_key, 1, 30) WHERE id = $1::text::uuid"),
];
const RECORD: &str = "one bit of a record";
const KEY: &str = "one bit of the key";

/// Does it, or takes one bit back.
async fn damage(sql: &Client, what: &str, customer: &str) {
    let (_, how) = DAMAGES.iter().find(|(known, _)| *known == what).unwrap();
    assert_eq!(sql.execute(*how, &[&customer]).await.unwrap(), 1, "{what}");
}

/// Somebody with a call on record.
async fn called(sales: &Person, stage: &str) -> String {
    let mut body = customer();
    body["stage"] = json!(stage);
    let id = sales.post("/v1/customers", &body).await.shows(201).id();
    enter(sales, &id, "interaction", call_on("2026-03-11")).await.shows(201);
    id
}

/// Entries about values of a customer that did not open.
async fn alarms(org: &Org<'_>, customer: &str) -> Vec<Value> {
    let found =
        org.auditor().await.get(&format!("/v1/audit/entries?action=integrity.failed&customer_id={customer}")).await;
    found.shows(200).at("/data").as_array().unwrap().clone()
}

async fn certificate(org: &Org<'_>, dpo: &Person, erasure: &str) -> Value {
    certified(org, dpo, erasure).await;
    dpo.get(&format!("/v1/erasures/{erasure}/certificate")).await.shows(200).at("/certificate")
}

#[tokio::test]
async fn whoever_does_not_open_is_erased_all_the_same_and_it_is_said() {
    let org = Org::found().await;
    let (dpo, sales, sql) = (org.dpo().await, org.sales_a().await, org.sql().await);
    let stays = called(&sales, "lead").await;
    let mut gone = Vec::new();
    for (what, _) in DAMAGES {
        let id = called(&sales, "lead").await;
        damage(&sql, what, &id).await;
        let erasure = erase(&dpo, &id).await.shows(202);
        assert_eq!(erasure.at("/state"), "erasing", "{what}");
        dpo.get(&path(&id)).await.refuses(410, "erased");
        assert_eq!(alarms(&org, &id).await.len(), 1, "{what} is an alarm");
        gone.push((what, erasure.id()));
    }
    let whole = erase(&dpo, &org.customer_of(&sales).await).await.shows(202).id();
    for (what, erasure) in gone {
        let certificate = certificate(&org, &dpo, &erasure).await;
        assert!(certificate["removed"]["unreadable_values"].as_i64().unwrap() >= 1, "{what}: {certificate}");
        let keys = certificate["keys_destroyed"].as_array().unwrap();
        assert!(keys.iter().any(|key| key["bucket"] != 65535), "{what}: {keys:?}");
        let looked_for = certificate["sweep"]["identifiers"].as_i64().unwrap();
        match what {
            RECORD => assert!(looked_for > 1, "what opens is looked for: {certificate}"),
            _ if what.contains("key") => assert_eq!(looked_for, 1, "{what}: the id alone is known: {certificate}"),
            _ => {}
        }
    }
    let certificate = certificate(&org, &dpo, &whole).await;
    assert!(certificate["removed"]["unreadable_values"].is_null(), "{certificate}");
    sales.get(&path(&stays)).await.shows(200);
}

#[tokio::test]
async fn of_many_the_damaged_go_with_the_others() {
    let org = Org::found().await;
    let (dpo, admin, sales, sql) = (org.dpo().await, org.admin().await, org.sales_a().await, org.sql().await);
    called(&sales, "lead").await;
    let mut lost = Vec::new();
    for (what, _) in DAMAGES {
        let (damaged, other) = (called(&sales, "lost").await, called(&sales, "lost").await);
        damage(&sql, what, &damaged).await;
        lost.extend([damaged, other]);
    }
    let filter = json!({"stage": "lost"});
    dpo.post(&format!("{BATCHES}/preview"), &json!({"filter": filter})).await.shows(200);
    let wish = json!({"filter": filter, "ground": "purpose_done", "reason": "the campaign is over"});
    let asked = dpo.post(BATCHES, &wish).await.shows(201);
    assert_eq!(asked.at("/customers"), lost.len());
    let body = json!({"customers": lost.len()});
    let allowed = admin.post(&format!("{BATCHES}/{}/approve", asked.id()), &body).await.shows(202);
    finished(&admin, &allowed.sent("location")).await;
    let done = dpo.get(&format!("{BATCHES}/{}", asked.id())).await.shows(200);
    assert_eq!(done.at("/outcomes"), json!({"erased": lost.len()}));
    for id in &lost {
        dpo.get(&path(id)).await.refuses(410, "erased");
    }
    let members = dpo.get(&format!("{BATCHES}/{}/customers?limit=200", asked.id())).await.shows(200).at("/data");
    for member in members.as_array().unwrap() {
        certificate(&org, &dpo, member["erasure_id"].as_str().unwrap()).await;
    }
}

#[tokio::test]
async fn a_damaged_key_of_somebody_who_stays_keeps_the_old_keys_until_they_are_erased_too() {
    let org = Org::found().await;
    let (dpo, sales, sql) = (org.dpo().await, org.sales_a().await, org.sql().await);
    let (gone, stays) = (org.customer_of(&sales).await, org.customer_of(&sales).await);
    damage(&sql, KEY, &stays).await;
    let first = erase(&dpo, &gone).await.shows(202).id();
    dpo.get(&path(&gone)).await.refuses(410, "erased");
    let (app, id) = (org.service().app.clone(), org.id.into());
    let failed = org.service().run(async move { custodian_application::erasures::settle(&app, id).await }).await;
    assert!(failed.is_err(), "the key that an older copy of theirs opens with is not destroyed");
    let second = erase(&dpo, &stays).await.shows(202).id();
    round(&org).await;
    for erasure in [first, second] {
        certificate(&org, &dpo, &erasure).await;
    }
}

/// A request for access that was proved and done; the path of its package.
async fn answered(officer: &Person, customer: &str) -> String {
    let asked = json!({"right": "access", "jurisdiction": "EU", "channel": "phone", "customer_id": customer});
    let id = officer.post("/v1/privacy-requests", &asked).await.shows(201).id();
    let path = format!("/v1/privacy-requests/{id}");
    officer.post(&format!("{path}/verify"), &json!({"method": "document"})).await.shows(200);
    officer.post(&format!("{path}/complete"), &json!({})).await.shows(200);
    format!("{path}/package")
}

#[tokio::test]
async fn a_package_lacks_nothing_or_is_not_handed_out_and_can_be_fetched_once_all_of_it_opens() {
    let org = Org::found().await;
    let (dpo, sales, sql) = (org.dpo().await, org.sales_a().await, org.sql().await);
    let (one, other) = (called(&sales, "lead").await, called(&sales, "lead").await);
    let (package, of_other) = (answered(&dpo, &one).await, answered(&dpo, &other).await);
    damage(&sql, RECORD, &one).await;
    dpo.get(&package).await.refuses(500, "integrity_error");
    assert_eq!(alarms(&org, &one).await.len(), 1);
    dpo.get(&of_other).await.shows(200);
    damage(&sql, RECORD, &one).await;
    dpo.get(&package).await.shows(200);
    assert_eq!(alarms(&org, &one).await.len(), 1);
    damage(&sql, RECORD, &one).await;
    erase(&dpo, &one).await.shows(202);
    dpo.get(&path(&one)).await.refuses(410, "erased");
}

#[tokio::test]
async fn whoever_was_deleted_before_is_erased_as_whole_as_anybody() {
    let org = Org::found().await;
    let (admin, dpo, sales) = (org.admin().await, org.dpo().await, org.sales_a().await);
    let id = called(&sales, "lead").await;
    admin.delete(&path(&id)).await.shows(204);
    erase(&dpo, &id).await.shows(202);
    assert_eq!(alarms(&org, &id).await, Vec::<Value>::new());
}
