//! The attack tool: somebody who has every copy of the database, old and new, and a key store. With the store of before it must open everybody, else it
//! proves nothing; with the store of after it opens none of the erased and all of the others.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use custodian_crypto::{BucketKey, Place, wrapped_header};
use custodian_domain::kernel::OrganizationId;
use custodian_outbound::{DirectoryKeyStore, KeyStore};
use custodian_persistence::customers::SealedFields;
use tokio_postgres::Client;
use uuid::Uuid;

use super::{erase, round};
use crate::customers::whole;
use crate::support::{Org, fresh_folder};

/// A row of a dump.
pub struct Row {
    id: Uuid,
    version: i32,
    wrapped: Vec<u8>,
    fields: Vec<u8>,
}

/// What a dump of this moment holds.
async fn dump(org: &Org<'_>) -> Vec<Row> {
    rows_of(&org.sql().await).await
}

/// Everybody's row in a database, and what their past versions were sealed as.
pub async fn rows_of(sql: &Client) -> Vec<Row> {
    const QUESTION: &str = "SELECT c.id, c.key_version, c.wrapped_key, c.fields FROM customers c UNION ALL \
        SELECT c.id, c.key_version, c.wrapped_key, v.previous_fields FROM customers c JOIN customer_versions v ON v.customer_id = c.id";
    let rows = sql.query(QUESTION, &[]).await.unwrap();
    let row = |row: &tokio_postgres::Row| Row {
        id: row.get(0),
        version: row.get(1),
        wrapped: row.get(2),
        fields: row.get(3),
    };
    rows.iter().map(row).collect()
}

/// Everybody of whom a value opens, with any wrapped key of theirs from any dump and any key of the store.
pub fn attack(org: &Org<'_>, dumps: &[&[Row]], store: &Path) -> BTreeSet<Uuid> {
    let root = || custodian_api::state::root_key(&org.service().settings.root_key_file).unwrap();
    let store = DirectoryKeyStore::open(store, root()).unwrap();
    let organization = OrganizationId::from(org.id);
    let rows = || dumps.iter().flat_map(|dump| dump.iter());
    let mut opened = BTreeSet::new();
    for row in rows() {
        for key in rows().filter(|other| other.id == row.id) {
            let Ok((bucket, epoch)) = wrapped_header(&key.wrapped) else { continue };
            let Ok(secret) = store.load(organization, bucket, epoch) else { continue };
            let bucket = BucketKey::new(org.id, bucket, epoch, &secret);
            let version = u32::try_from(key.version).unwrap();
            let Ok(data) = bucket.unwrap_data_key(key.id, version, &key.wrapped) else { continue };
            let pack = SealedFields::from_packed(row.fields.clone());
            let opens = pack.iter().flatten().any(|value| {
                let place = Place {
                    organization: org.id,
                    customer: row.id,
                    record_type: "customer",
                    record: row.id,
                    field: value.key,
                    field_version: value.version,
                };
                custodian_crypto::open(&data, &place, value.sealed).is_ok()
            });
            if opens {
                opened.insert(row.id);
            }
        }
    }
    opened
}

pub fn copy_of(store: &Path) -> std::path::PathBuf {
    let copy = fresh_folder();
    for folder in fs::read_dir(store).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let to = copy.join(folder.file_name().unwrap());
        fs::create_dir_all(&to).unwrap();
        for file in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let _ = fs::copy(&file, to.join(file.file_name().unwrap()));
        }
    }
    copy
}

#[tokio::test]
async fn every_copy_of_the_database_together_opens_none_of_the_erased_and_all_who_stay() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let mut all: Vec<Uuid> = Vec::new();
    for number in 200..212 {
        let id = sales.post("/v1/customers", &whole(number)).await.shows(201).id();
        let change = serde_json::json!({"fields": {"notes": "changed"}});
        sales.patch(&crate::customers::path(&id), &change).await.shows(200);
        all.push(id.parse().unwrap());
    }
    let live = &org.service().settings.key_store_dir;
    let (before, stolen) = (dump(&org).await, copy_of(live));
    let gone: BTreeSet<Uuid> = all.iter().copied().step_by(4).collect();
    for id in &gone {
        erase(&dpo, &id.to_string()).await.shows(202);
    }
    let between = dump(&org).await;
    round(&org).await;
    round(&org).await;
    let after = dump(&org).await;
    let dumps: [&[Row]; 3] = [&before, &between, &after];
    let everybody: BTreeSet<Uuid> = all.iter().copied().collect();
    assert_eq!(attack(&org, &dumps, &stolen), everybody, "the tool works: with the keys of before it opens everybody");
    let stay: BTreeSet<Uuid> = everybody.difference(&gone).copied().collect();
    assert_eq!(attack(&org, &dumps, live), stay, "with what exists now: none of the erased, all of the others");
    assert_eq!(attack(&org, &[&before], live), BTreeSet::new(), "an old copy by itself opens nobody any more");
    fs::remove_dir_all(stolen).unwrap();
}
