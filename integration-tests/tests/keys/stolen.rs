//! Whoever takes the disk, the log of writes or a dump finds no value and no key in it.

use std::fs;
use std::path::{Path, PathBuf};

use custodian_crypto::{BucketKey, Secret32, wrapped_header};
use serde_json::json;
use uuid::Uuid;

use crate::customers::path;
use crate::dev::program::{dump, superuser};
use crate::imports::{Form, finished};
use crate::support::{Org, Service, own_instance};

/// What is looked for, and in which form.
struct Needle {
    what: String,
    bytes: Vec<u8>,
}

/// As it is, and as Postgres writes bytes as text.
fn needles(what: &str, bytes: &[u8]) -> Vec<Needle> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let needle = |form: &str, bytes: Vec<u8>| Needle { what: format!("{what} ({form})"), bytes };
    vec![needle("plain", bytes.to_vec()), needle("hexadecimal", hex.into_bytes())]
}

/// Looks for many needles in one pass.
struct Scanner {
    needles: Vec<Needle>,
    /// The first three bytes of every needle: most places are told by one look.
    starts: Vec<bool>,
}

impl Scanner {
    fn new(needles: Vec<Needle>) -> Self {
        let mut starts = vec![false; 1 << 24];
        for needle in &needles {
            assert!(needle.bytes.len() >= 6, "{} occurs by chance", needle.what);
            starts[start(&needle.bytes)] = true;
        }
        Self { needles, starts }
    }

    fn found(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        for at in 0..bytes.len().saturating_sub(3) {
            if self.starts[start(&bytes[at..at + 3])] {
                let here = self.needles.iter().filter(|needle| bytes[at..].starts_with(&needle.bytes));
                found.extend(here.map(|needle| format!("{} in {place}", needle.what)));
            }
        }
        found
    }
}

fn start(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 16 | usize::from(bytes[1]) << 8 | usize::from(bytes[2])
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut all, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path)
            } else if path.is_file() {
                all.push(path)
            }
        }
    }
    all
}

const VALUES: [(&str, &str); 13] = [
    ("customer_no", "KANARI-7431"),
    ("name", "金丝雀之名"),
    ("mobile", "13974317431"),
    ("id_number", "11010519491231002X"),
    ("email", "kanari7431@example.org"),
    ("bank_card", "6222020000111122222"),
    ("address", "金丝雀路七四三一号"),
    ("province", "金丝雀之州"),
    ("birthday", "1974-03-17"),
    ("company", "金丝雀公司"),
    ("occupation", "金丝雀职业"),
    ("wechat", "wx_kanari_7431"),
    ("notes", "金丝雀的秘密"),
];
const REASON: &str = "金丝雀的理由";
const IMPORTED: &str = "金丝雀的来信";
/// A department's name is not sealed: the scanner has to find it.
const PLANTED: &str = "planted-7431-department";

/// Makes every kind of row that could hold a value.
async fn busy(org: &Org<'_>) {
    let admin = org.admin().await;
    let fields: serde_json::Map<_, _> = VALUES.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    let once = admin.with("idempotency-key", "stolen-1");
    let id = once.post("/v1/customers", &json!({"fields": fields})).await.shows(201).id();
    let keys: Vec<&str> = vec!["mobile", "address"];
    let reveal = json!({"fields": keys, "reason": REASON});
    admin.with("idempotency-key", "stolen-2").post(&format!("{}/reveal", path(&id)), &reveal).await.shows(200);
    for (key, value) in VALUES.iter().take(6) {
        admin.get(&format!("/v1/customers?q[{key}]={}", crate::customers::encoded(value))).await.shows(200);
    }
    admin
        .patch(&path(&id), &json!({"fields": {"notes": "other", "mobile": "13800000000", "wechat": null}}))
        .await
        .shows(200);
    let file = format!("name,note,mobile\n{IMPORTED},{IMPORTED},{IMPORTED}\n{IMPORTED},{IMPORTED},\n");
    let form = Form::csv(&json!({"name": "name", "note": "notes", "mobile": "mobile"}), file);
    let job = form.hand_in(&admin).await.shows(202).sent("location");
    finished(&admin, &job).await;
    let deleted =
        admin.post("/v1/customers", &json!({"fields": {"name": IMPORTED, "notes": IMPORTED}})).await.shows(201).id();
    admin.delete(&path(&deleted)).await.shows(204);
    let rename = "UPDATE departments SET name = $2 WHERE organization_id = $1 AND parent_id IS NULL";
    org.sql().await.execute(rename, &[&org.id, &PLANTED]).await.unwrap();
}

/// The root key, every bucket key and every customer's key.
async fn keys(service: &Service, org: &Org<'_>) -> Vec<Needle> {
    let raw = fs::read(&service.settings.root_key_file).unwrap();
    let root = custodian_api::state::root_key(&service.settings.root_key_file).unwrap();
    let mut found = needles("the root key", &raw);
    let customers = org.sql().await.query("SELECT id, wrapped_key, key_version FROM customers", &[]).await.unwrap();
    for file in files(&service.settings.key_store_dir.join(org.id.to_string())) {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let (bucket, epoch) = name.split_once('-').unwrap();
        let (bucket, epoch): (u16, u32) = (bucket.parse().unwrap(), epoch.parse().unwrap());
        let context: [&[u8]; 3] = [org.id.as_bytes(), &bucket.to_be_bytes(), &epoch.to_be_bytes()];
        let opened = root.unwrap("bucket-key/1", &context, &fs::read(&file).unwrap()).unwrap();
        found.extend(needles(&format!("bucket key {name}"), &opened));
        let key = BucketKey::new(org.id, bucket, epoch, &Secret32::from_bytes(opened.as_slice().try_into().unwrap()));
        for row in &customers {
            let (id, wrapped): (Uuid, Vec<u8>) = (row.get(0), row.get(1));
            if wrapped_header(&wrapped).unwrap() == (bucket, epoch) {
                assert!(key.unwrap_data_key(id, 1, &wrapped).is_ok(), "this is the key that opens the customers");
            }
        }
    }
    assert!(found.len() >= 6, "the root key and two bucket keys");
    found
}

#[tokio::test]
async fn neither_the_disk_nor_a_dump_holds_a_value_or_a_key() {
    let service = own_instance(&[]);
    let org = Org::found_on(&service).await;
    busy(&org).await;
    superuser(&service.data_dir).await.batch_execute("CHECKPOINT").await.unwrap();
    let mut wanted: Vec<Needle> = VALUES.iter().flat_map(|(key, value)| needles(key, value.as_bytes())).collect();
    for (what, text) in [
        ("a reason", REASON),
        ("an imported value", IMPORTED),
        ("a mobile's national form", "+8613974317431"),
        ("an address of staff", &org.email("sales_a")),
    ] {
        wanted.extend(needles(what, text.as_bytes()));
    }
    wanted.extend(keys(&service, &org).await);
    wanted.extend(needles("the planted name", PLANTED.as_bytes()));
    let scanner = Scanner::new(wanted);
    let mut found = Vec::new();
    let cluster = fs::canonicalize(service.data_dir.join("postgres/data")).unwrap();
    let all = files(&cluster);
    assert!(all.iter().any(|path| path.to_string_lossy().contains("pg_wal")) && all.len() > 500);
    for file in all {
        found.extend(scanner.found(&file.display().to_string(), &fs::read(&file).unwrap()));
    }
    found.extend(scanner.found("the server's log", &fs::read(service.data_dir.join("postgres.log")).unwrap()));
    found.extend(scanner.found("a dump", &dump(&service.data_dir, &[]).await));
    let (planted, leaked): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|place| place.starts_with("the planted name"));
    assert_eq!(leaked, Vec::<String>::new());
    for place in ["pg_wal", "base/", "a dump"] {
        assert!(planted.iter().any(|found| found.contains(place)), "the scanner finds nothing in {place}: {planted:?}");
    }
}
