//! Sealed bytes moved about by somebody with SQL: the customer does not open, and nothing of it is shown.

use custodian_persistence::customers::{SealedFields, SealedValue};
use serde_json::json;
use tokio_postgres::Client;

use crate::audit::Ledger;
use crate::customers::{path, whole};
use crate::support::{Org, Person, Request};

/// A stored customer's columns.
#[derive(Clone, PartialEq)]
struct Row {
    fields: Vec<u8>,
    wrapped_key: Vec<u8>,
    version: i32,
}

struct Vault {
    sql: Client,
}

impl Vault {
    async fn row(&self, id: &str) -> Row {
        let text = "SELECT fields, wrapped_key, version FROM customers WHERE id = $1::text::uuid";
        let row = self.sql.query_one(text, &[&id]).await.unwrap();
        Row { fields: row.get(0), wrapped_key: row.get(1), version: row.get(2) }
    }

    async fn put(&self, id: &str, row: &Row) {
        let text = "UPDATE customers SET fields = $2, wrapped_key = $3, version = $4 WHERE id = $1::text::uuid";
        let changed = self.sql.execute(text, &[&id, &row.fields, &row.wrapped_key, &row.version]).await.unwrap();
        assert_eq!(changed, 1);
    }
}

/// A pack with another sealed value in the place of one.
fn with(pack: &[u8], key: &str, version: u32, sealed: &[u8]) -> Vec<u8> {
    let (old, mut new) = (SealedFields::from_packed(pack.to_vec()), SealedFields::default());
    for value in old.iter().flatten() {
        new.push(if value.key == key { SealedValue { key, version, sealed } } else { value });
    }
    new.packed().to_vec()
}

/// The values of a pack whose keys are wanted.
fn only(pack: &[u8], wanted: impl Fn(&str) -> bool) -> Vec<u8> {
    let (old, mut new) = (SealedFields::from_packed(pack.to_vec()), SealedFields::default());
    old.iter().flatten().filter(|value| wanted(value.key)).for_each(|value| new.push(value));
    new.packed().to_vec()
}

fn sealed(pack: &[u8], key: &str) -> (u32, Vec<u8>) {
    let pack = SealedFields::from_packed(pack.to_vec());
    let value = pack.get(key).unwrap();
    (value.version, value.sealed.to_vec())
}

/// Every way to see a customer.
fn ask(admin: &Person, dpo: &Person, id: &str) -> Vec<Request> {
    vec![
        dpo.get(&path(id)),
        dpo.get(&format!("{}/history", path(id))),
        dpo.post(&format!("{}/reveal", path(id)), &json!({"fields": ["company"], "reason": "check"})),
        admin.patch(&path(id), &json!({"fields": {"company": "新"}})),
        dpo.get("/v1/customers"),
    ]
}

#[tokio::test]
async fn whatever_is_moved_does_not_open_and_nothing_of_it_is_shown() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let one = admin.post("/v1/customers", &whole(1)).await.shows(201).id();
    let other = admin.post("/v1/customers", &whole(2)).await.shows(201).id();
    let vault = Vault { sql: org.sql().await };
    let first = vault.row(&one).await;
    admin.patch(&path(&one), &json!({"fields": {"mobile": "13900002222"}})).await.shows(200);
    admin.patch(&path(&one), &json!({"stage": "lost"})).await.shows(200);
    let (good, stranger) = (vault.row(&one).await, vault.row(&other).await);
    let (old_version, old_mobile) = sealed(&first.fields, "mobile");
    let (now_version, mobile) = sealed(&good.fields, "mobile");
    let (_, foreign) = sealed(&stranger.fields, "mobile");
    let (_, notes) = sealed(&good.fields, "notes");
    let (_, closing) = sealed(&good.fields, "");
    let flipped = |place: usize| {
        let mut bytes = good.fields.clone();
        bytes[place] ^= 1;
        bytes
    };
    let fields = |fields: Vec<u8>| Row { fields, ..good.clone() };
    let cases = [
        ("another customer's values", fields(stranger.fields.clone())),
        ("another customer's key", Row { wrapped_key: stranger.wrapped_key.clone(), ..good.clone() }),
        ("another customer's mobile", fields(with(&good.fields, "mobile", 1, &foreign))),
        ("the notes in the place of the mobile", fields(with(&good.fields, "mobile", now_version, &notes))),
        ("an older mobile under the version of now", fields(with(&good.fields, "mobile", now_version, &old_mobile))),
        ("an older mobile under its own version", fields(with(&good.fields, "mobile", old_version, &old_mobile))),
        ("all values as they were before", fields(first.fields.clone())),
        ("an older version number", Row { version: 2, ..good.clone() }),
        ("a newer version number", Row { version: 9, ..good.clone() }),
        ("a value taken away", fields(only(&good.fields, |key| key != "mobile"))),
        ("the close taken away", fields(only(&good.fields, |key| !key.is_empty()))),
        ("a close that closes nothing", fields(with(&good.fields, "notes", 1, &closing))),
        ("a value twice", fields([only(&good.fields, |key| key == "mobile"), good.fields.clone()].concat())),
        ("a cut pack", fields(good.fields[..good.fields.len() - 1].to_vec())),
        ("an empty pack", fields(Vec::new())),
        ("one bit of the first value", fields(flipped(80))),
        ("one bit of the last byte", fields(flipped(good.fields.len() - 1))),
        (
            "a key of no bucket",
            Row {
                wrapped_key: good
                    .wrapped_key
                    .iter()
                    .enumerate()
                    .map(|(at, b)| if at == 3 { 0xEE } else { *b })
                    .collect(),
                ..good.clone()
            },
        ),
        (
            "one bit of the key",
            Row {
                wrapped_key: good
                    .wrapped_key
                    .iter()
                    .enumerate()
                    .map(|(at, b)| if at == 40 { b ^ 1 } else { *b })
                    .collect(),
                ..good.clone()
            },
        ),
    ];
    assert_ne!(mobile, old_mobile);
    let mut ledger = Ledger::of(&org).await;
    for (what, row) in cases {
        assert!(row != good, "{what} is no change");
        vault.put(&one, &row).await;
        for request in ask(&admin, &dpo, &one) {
            let answer = request.await.refuses(500, "integrity_error");
            let asked = &answer.asked;
            assert!(answer.at("/fields").is_null() && answer.at("/data").is_null(), "{what}, {asked}: {answer}");
            let failed = ledger.only().await;
            assert_eq!(
                (&failed["action"], &failed["verdict"]),
                (&json!("integrity.failed"), &json!("failed")),
                "{what}, {asked}"
            );
            assert_eq!(failed["customer"], json!(one));
        }
        dpo.get(&path(&other)).await.shows(200);
        dpo.get("/v1/customers?q[customer_no]=D000002").await.shows(200);
        ledger.new_entries().await;
        assert!(vault.row(&one).await == row, "a change that fails changes nothing");
        vault.put(&one, &good).await;
        assert_eq!(dpo.get(&path(&one)).await.shows(200).at("/version"), 3);
        ledger.only().await;
    }
}
