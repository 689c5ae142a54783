//! Rounds that meet somebody who does not open: it is said, they are left out, and nobody else is kept by them. Whom an older instance deleted does open.

use serde_json::{Value, json};
use tokio_postgres::Client;

use super::fields::{in_force, moved, packs, rule};
use super::policies::{PATH, round};
use crate::customers::path;
use crate::erasures::erase;
use crate::support::{Org, Person};

const BROKEN: &str =
    "UPDATE customers SET fields = set_byte(fields, 50, get_byte(fields, 50) # 1) WHERE id = $1::text::uuid";
/// What older instances did beside when they deleted somebody: the pack stayed closed under the version before.
const RAISED: &str = "UPDATE customers SET version = version + 1 WHERE id = $1::text::uuid";

async fn change(sql: &Client, how: &str, customer: &str) {
    assert_eq!(sql.execute(how, &[&customer]).await.unwrap(), 1);
}

/// Somebody with an address now and before, deleted a year ago.
async fn deleted(org: &Org<'_>, admin: &Person) -> String {
    let id = moved(org, admin).await;
    admin.delete(&path(&id)).await.shows(204);
    let age = "UPDATE customers SET updated_at = updated_at - interval '1 year' WHERE id = $1::text::uuid";
    change(&org.sql().await, age, &id).await;
    id
}

/// Entries about values of a customer that did not open.
async fn alarms(org: &Org<'_>, customer: &str) -> Vec<Value> {
    let entries = format!("/v1/audit/entries?action=integrity.failed&customer_id={customer}");
    org.auditor().await.get(&entries).await.shows(200).at("/data").as_array().unwrap().clone()
}

#[tokio::test]
async fn whom_an_older_instance_deleted_opens_and_loses_the_field_like_anybody() {
    let org = Org::found().await;
    let (dpo, admin, sql) = (org.dpo().await, org.admin().await, org.sql().await);
    let (old, erased) = (deleted(&org, &admin).await, deleted(&org, &admin).await);
    let due = moved(&org, &admin).await;
    change(&sql, RAISED, &old).await;
    change(&sql, RAISED, &erased).await;
    erase(&dpo, &erased).await.shows(202);
    assert_eq!(alarms(&org, &erased).await, Vec::<Value>::new(), "what is erased was whole");
    in_force(&dpo, &admin, &rule(json!({})), 2).await;
    assert_eq!((round(&org).await, packs(&org, "address").await), (2, 0));
    assert_eq!(admin.get(&path(&due)).await.shows(200).at("/fields/address"), Value::Null);
    change(&sql, RAISED, &old).await;
    erase(&dpo, &old).await.shows(202);
    assert_eq!(alarms(&org, &old).await, Vec::<Value>::new(), "the round closed it anew");
}

#[tokio::test]
async fn whoever_does_not_open_is_told_of_and_left_out_and_keeps_nobody_else() {
    let org = Org::found().await;
    let (dpo, admin, sql) = (org.dpo().await, org.admin().await, org.sql().await);
    let (broken, due) = (moved(&org, &admin).await, moved(&org, &admin).await);
    change(&sql, BROKEN, &broken).await;
    let policy = in_force(&dpo, &admin, &rule(json!({})), 2).await;
    let later = json!({"stage": "lead", "since": "updated_at", "days": 30, "action": "warn"});
    in_force(&dpo, &admin, &later, 2).await;
    assert_eq!(round(&org).await, 3, "the field of the other, and both by the policy after it");
    assert_eq!(packs(&org, "address").await, 2, "of whom does not open, now and before");
    let told = alarms(&org, &broken).await;
    assert_eq!((told.len(), &told[0]["details"]["retention_policy"]), (1, &json!(policy)));
    assert_eq!(admin.get(&path(&due)).await.shows(200).at("/fields/address"), Value::Null);
    let runs = dpo.get(&format!("{PATH}/{policy}/runs")).await.shows(200);
    assert_eq!(runs.at("/data/0/customer_count"), 1, "the register tells of whoever was met");
    change(&sql, BROKEN, &broken).await;
    assert_eq!((round(&org).await, packs(&org, "address").await), (1, 0), "once it opens it is met");
    assert_eq!(alarms(&org, &broken).await.len(), 1);
}

#[tokio::test]
async fn a_record_that_does_not_open_keeps_no_other_of_its_field() {
    let org = Org::found().await;
    let (dpo, admin, sql) = (org.dpo().await, org.admin().await, org.sql().await);
    let (broken, other) = (org.customer_of(&admin).await, org.customer_of(&admin).await);
    for customer in [&broken, &other] {
        let fields = json!({"subject": "Parcel is late", "status": "closed", "description": "It rained."});
        crate::records::enter(&admin, customer, "ticket", fields).await.shows(201);
    }
    let age = "UPDATE records SET updated_at = updated_at - interval '1 year' WHERE organization_id = $1";
    sql.execute(age, &[&org.id]).await.unwrap();
    let key = "UPDATE customers SET wrapped_key = set_byte(wrapped_key, 40, get_byte(wrapped_key, 40) # 1) WHERE id = $1::text::uuid";
    change(&sql, key, &broken).await;
    let of_tickets = rule(json!({"record_type": "ticket", "field": "description"}));
    in_force(&dpo, &admin, &of_tickets, 2).await;
    assert_eq!((round(&org).await, packs(&org, "description").await), (1, 1));
    assert_eq!(alarms(&org, &broken).await.len(), 1);
    change(&sql, key, &broken).await;
    assert_eq!((round(&org).await, packs(&org, "description").await), (1, 0));
}

#[tokio::test]
async fn a_pack_of_the_version_before_opens_of_nobody_in_use_and_an_older_one_of_nobody() {
    let org = Org::found().await;
    let (dpo, admin, sql) = (org.dpo().await, org.admin().await, org.sql().await);
    let (used, gone) = (moved(&org, &admin).await, deleted(&org, &admin).await);
    change(&sql, RAISED, &used).await;
    dpo.get(&path(&used)).await.refuses(500, "integrity_error");
    let told = alarms(&org, &used).await.len();
    for _ in 0..2 {
        change(&sql, RAISED, &gone).await;
    }
    in_force(&dpo, &admin, &rule(json!({})), 2).await;
    assert_eq!((round(&org).await, packs(&org, "address").await), (0, 4));
    assert_eq!((alarms(&org, &used).await.len(), alarms(&org, &gone).await.len()), (told + 1, 1));
}
