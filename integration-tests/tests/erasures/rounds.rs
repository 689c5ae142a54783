//! The rounds after an erasure: those who stay move to a new key, the old one is destroyed, ledger and keyring tell of it.

use std::fs;

use custodian_application::erasures::{KEYRING_TYP, LEDGER_TYP};
use custodian_crypto::jws;
use serde_json::{Value, json};

use super::{erase, round};
use crate::customers::{path, whole};
use crate::retention::hold;
use crate::support::Org;

/// Bucket and epoch of each key in the store of this organisation.
fn kept_keys(org: &Org<'_>) -> Vec<String> {
    let folder = org.service().settings.key_store_dir.join(org.id.to_string());
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[tokio::test]
async fn those_who_stay_lose_nothing_and_the_old_key_is_gone() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let mut people = Vec::new();
    for number in 100..110 {
        people.push(sales.post("/v1/customers", &whole(number)).await.shows(201));
    }
    let gone = people.remove(3).id();
    erase(&dpo, &gone).await.shows(202);
    let before = kept_keys(&org);
    let done = round(&org).await;
    assert_eq!(
        (done.renewed, done.destroyed),
        (2, 2),
        "the bucket that held them all, and that of what lives for a day"
    );
    let after = kept_keys(&org);
    assert_eq!(after.len(), before.len(), "two keys came, two went: {before:?}, {after:?}");
    assert_ne!(after, before);
    for (person, number) in people.iter().zip((100..110).filter(|number| *number != 103)) {
        let seen = sales.get(&path(&person.id())).await.shows(200);
        assert_eq!(seen.at("/fields/name"), person.at("/fields/name"));
        let value = whole(number)["fields"]["mobile"].as_str().unwrap().to_owned();
        let found = sales.get(&format!("/v1/customers?q[mobile]={value}")).await.shows(200);
        assert_eq!(found.at("/data/0/id"), json!(person.id()));
    }
    dpo.get(&path(&gone)).await.refuses(410, "erased");
    assert_eq!(round(&org).await.renewed, 0, "nothing is left to be done");
}

#[tokio::test]
async fn whoever_is_entered_while_the_key_changes_stays_readable() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let mut entered = Vec::new();
    for _ in 0..5 {
        let gone = org.customer_of(&sales).await;
        erase(&dpo, &gone).await.shows(202);
        let enter = async {
            let mut made = Vec::new();
            for _ in 0..20 {
                made.push(org.customer_of(&sales).await);
            }
            made
        };
        let (made, _) = tokio::join!(enter, round(&org));
        entered.extend(made);
    }
    round(&org).await;
    for id in &entered {
        sales.get(&path(id)).await.shows(200);
    }
}

#[tokio::test]
async fn a_kept_answer_outlives_the_key_unless_it_shows_the_erased() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let enter =
        async |key: &str, number: u64| sales.with("idempotency-key", key).post("/v1/customers", &whole(number)).await;
    let (stays, gone) = (enter("stays", 120).await.shows(201), enter("goes", 121).await.shows(201));
    erase(&dpo, &gone.id()).await.shows(202);
    assert_eq!(round(&org).await.destroyed, 2, "the people's key, and that of what lives for a day");
    let again = enter("stays", 120).await.shows(201);
    assert_eq!((again.sent("idempotent-replayed"), again.id()), ("true".to_owned(), stays.id()));
    enter("goes", 121).await.refuses(409, "idempotency_result_withheld");
}

#[tokio::test]
async fn the_ledger_tells_of_each_erasure_before_its_answer_and_each_line_names_the_one_before() {
    let org = Org::found().await;
    let dpo = org.dpo().await;
    let gone = org.customer_of(&org.sales_a().await).await;
    let key = org.service().ledger_key().public();
    erase(&dpo, &gone).await.shows(202);
    let text = fs::read_to_string(org.service().settings.security_ledger_file.as_ref().unwrap()).unwrap();
    // Others are just writing, too: what has no end yet is no line.
    let lines: Vec<&str> = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).collect();
    let mut found = false;
    for (at, line) in lines.iter().enumerate() {
        let payload: Value = serde_json::from_slice(&jws::open(line, LEDGER_TYP, &key).unwrap()).unwrap();
        let before = at.checked_sub(1).map_or_else(String::new, |at| {
            custodian_crypto::sha256(lines[at].as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
        });
        assert_eq!((&payload["sequence"], &payload["previous"]), (&json!(at + 1), &json!(before)));
        found |= payload["object"] == json!(gone) && payload["kind"] == "erased";
    }
    assert!(found, "the erasure stands in the ledger");
    assert!(!text.contains("Zhang"), "ids and times alone");
}

#[tokio::test]
async fn the_ledger_tells_of_every_end_that_a_backup_must_not_undo() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    let key = admin.post("/v1/api-keys", &crate::support::new_key()).await.shows(201).id();
    admin.post(&format!("/v1/api-keys/{key}/revoke"), &json!({})).await.shows(200);
    let customer = org.customer_of(&sales).await;
    let consent = crate::consents::agreed(&sales, &org.dpo().await, &customer).await;
    sales.post(&format!("/v1/consents/{consent}/withdraw"), &json!({})).await.shows(200);
    round(&org).await;
    let public = org.service().ledger_key().public();
    let text = fs::read_to_string(org.service().settings.security_ledger_file.as_ref().unwrap()).unwrap();
    let told = |kind: &str, object: &str| {
        text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).any(|line| {
            let line: Value = serde_json::from_slice(&jws::open(line, LEDGER_TYP, &public).unwrap()).unwrap();
            line["kind"] == kind && line["object"] == object && line["organization"] == json!(org.id)
        })
    };
    assert!(told("key_revoked", &key));
    assert!(told("consent_withdrawn", &consent));
    let left = org.sql().await.query("SELECT FROM security_ledger_queue WHERE organization_id = $1", &[&org.id]).await;
    assert_eq!(left.unwrap().len(), 0);
}

#[tokio::test]
async fn the_keyring_holds_the_keys_of_those_who_stay_and_of_nobody_else() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let (gone, stays) = (org.customer_of(&sales).await, org.customer_of(&sales).await);
    let key = org.service().ledger_key().public();
    erase(&dpo, &gone).await.shows(202);
    round(&org).await;
    let folder = org.service().settings.keyring_export_dir.as_ref().unwrap();
    let ours = |name: &str| name.starts_with(&org.id.to_string()) && name.ends_with(".keyring");
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let name = names.filter(|name| ours(name)).max().unwrap();
    let text = fs::read_to_string(folder.join(name)).unwrap();
    assert!(text.contains(&stays) && !text.contains(&gone));
    let closing: Value =
        serde_json::from_slice(&jws::open(text.lines().last().unwrap(), KEYRING_TYP, &key).unwrap()).unwrap();
    assert_eq!(closing["count"], json!(text.lines().count() - 1));
}

#[tokio::test]
async fn who_waited_for_a_term_is_erased_by_the_round_after_it() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let customer = org.customer_of(&sales).await;
    let term = json!({"kind": "statutory", "basis": "ECL 31", "until": "2099-01-01T00:00:00Z"});
    let held = hold(&dpo, &customer, term).await.id();
    let erasure = erase(&dpo, &customer).await.shows(202).id();
    assert_eq!(round(&org).await.taken_up, 0);
    let sql = org.sql().await;
    sql.execute("UPDATE legal_holds SET until_at = clock_timestamp() WHERE id = $1::text::uuid", &[&held])
        .await
        .unwrap();
    sql.execute("UPDATE erasures SET blocked_until = clock_timestamp()", &[]).await.unwrap();
    let later = hold(&dpo, &customer, json!({})).await.id();
    assert_eq!(round(&org).await.taken_up, 0, "a dispute that began meanwhile keeps them");
    dpo.post(&format!("/v1/legal-holds/{later}/release"), &json!({"reason": "settled"})).await.shows(200);
    assert_eq!(round(&org).await.taken_up, 1);
    dpo.get(&path(&customer)).await.refuses(410, "erased");
    let told = dpo.get(&format!("/v1/erasures/{erasure}")).await.shows(200);
    assert!(told.at("/erased_at").is_string());
}
