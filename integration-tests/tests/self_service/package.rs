//! Packages: one's own data, once, and nobody else's.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{come_in, somebody};
use crate::support::{Answer, Caller, Org};

const PATH: &str = "/v1/self/privacy-requests";

/// The files of an archive of stored entries, read by its central directory.
pub(super) fn unpack(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let half = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let end = bytes.len() - 22;
    assert_eq!(&bytes[end..end + 4], b"PK\x05\x06");
    let mut at = word(end + 16);
    let mut files = BTreeMap::new();
    for _ in 0..half(end + 10) {
        assert_eq!(&bytes[at..at + 4], b"PK\x01\x02");
        let (size, length, local) = (word(at + 20), half(at + 28), word(at + 42));
        let name = String::from_utf8(bytes[at + 46..at + 46 + length].to_vec()).unwrap();
        assert_eq!(&bytes[local..local + 4], b"PK\x03\x04");
        let begin = local + 30 + half(local + 26) + half(local + 28);
        files.insert(name, bytes[begin..begin + size].to_vec());
        at += 46 + length;
    }
    files
}

pub(super) fn data(answer: &Answer) -> Value {
    serde_json::from_slice(&unpack(&answer.bytes)["data.json"]).unwrap()
}

fn keys(data: &Value) -> Vec<String> {
    let fields = data["person"]["fields"].as_array().unwrap();
    fields.iter().map(|field| field["key"].as_str().unwrap().to_owned()).collect()
}

/// A request of one's own that the officer has completed.
pub(super) async fn done(org: &Org<'_>, me: &Caller, right: &str, jurisdiction: &str) -> String {
    let id = me.post(PATH, &json!({"right": right, "jurisdiction": jurisdiction})).await.shows(201).id();
    org.dpo().await.post(&format!("/v1/privacy-requests/{id}/complete"), &json!({})).await.shows(200);
    id
}

#[tokio::test]
async fn a_person_takes_their_data_along_once() {
    let org = Org::found().await;
    let ((_, address), (_, other)) = (somebody(&org).await, somebody(&org).await);
    let me = come_in(&org, &address, 1).await;
    me.get("/v1/self/package").await.refuses(404, "not_found");
    let open = me.post(PATH, &json!({"right": "access", "jurisdiction": "EU"})).await.shows(201).id();
    me.get(&format!("/v1/self/package?request_id={open}")).await.refuses(409, "no_package");
    org.dpo().await.post(&format!("/v1/privacy-requests/{open}/complete"), &json!({})).await.shows(200);
    let package = me.get("/v1/self/package").await.shows(200);
    assert_eq!(package.sent("content-type"), "application/zip");
    assert!(package.sent("content-disposition").contains(&open) && package.sent("cache-control").contains("no-store"));
    let files = unpack(&package.bytes);
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "attachments.csv",
            "consents.csv",
            "data.csv",
            "data.json",
            "former_values.csv",
            "records.csv",
            "schema.json",
            "submissions.csv",
            "summary.txt"
        ]
    );
    let data = data(&package);
    let field =
        |key: &str| data["person"]["fields"].as_array().unwrap().iter().find(|field| field["key"] == key).cloned();
    assert_eq!(field("email").unwrap()["value"], address.as_str());
    assert_eq!(field("address").unwrap()["value"], "12 Harbour Street");
    assert_eq!((&data["person"]["source"], &data["request_id"]), (&json!("web_form"), &json!(open)));
    assert!(data["remedy"]["en"].as_str().unwrap().contains("supervisory authority"));
    let text = |name: &str| String::from_utf8(files[name].clone()).unwrap();
    assert!(text("data.csv").contains("12 Harbour Street") && text("summary.txt").contains("您的个人信息"));
    assert!(files.values().all(|file| !String::from_utf8_lossy(file).contains(&other)), "nobody else is in it");
    me.get("/v1/self/package").await.refuses(410, "package_fetched");
    let alarm = org.auditor().await.get("/v1/audit/entries?action=privacy_requests.package_again").await.shows(200);
    assert_eq!(alarm.at("/data/0/details/privacy_request"), open.as_str());
    let raised = org.auditor().await.get("/v1/alerts?rule=package_again").await.shows(200);
    assert_eq!((raised.at("/data/0/actor_kind"), raised.at("/data/0/count")), (json!("subject"), json!(1)), "{raised}");
    let entry = org.auditor().await.get("/v1/audit/entries?action=privacy_requests.package").await.shows(200);
    assert!(entry.at("/data/0/fields/revealed").to_string().contains("address"), "{entry}");
}

#[tokio::test]
async fn the_schema_in_a_package_describes_what_is_in_it() {
    let org = Org::found().await;
    let (customer, address) = somebody(&org).await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    crate::consents::agreed(&dpo, &admin, &customer).await;
    let me = come_in(&org, &address, 1).await;
    me.request("PUT", "/v1/self/preferences").json(&json!({"language": "en"})).header("if-match", "*").await.shows(200);
    crate::attachments::hung(&dpo, &customer).await;
    done(&org, &me, "access", "EU").await;
    let package = me.get("/v1/self/package").await.shows(200);
    let files = unpack(&package.bytes);
    let schema: Value = serde_json::from_slice(&files["schema.json"]).unwrap();
    follows(&schema, &data(&package), "");
    assert_eq!(data(&package)["consents"][0]["state"], "given");
    assert!(String::from_utf8(files["summary.txt"].clone()).unwrap().starts_with("Your data"));
}

/// As far as the schema of packages goes: types, required members, constants and choices.
pub(super) fn follows(schema: &Value, value: &Value, at: &str) {
    let kind = match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::Null => "null",
    };
    match &schema["type"] {
        Value::String(one) => assert_eq!(one, kind, "{at}"),
        Value::Array(many) => assert!(many.iter().any(|one| one == kind), "{at}: {kind}"),
        _ => {}
    }
    if let Some(constant) = schema.get("const") {
        assert_eq!(constant, value, "{at}");
    }
    if let Some(choices) = schema["enum"].as_array() {
        assert!(choices.contains(value), "{at}: {value}");
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(value.get(name.as_str().unwrap()).is_some(), "{at}/{name} is missing");
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        let inner = schema["properties"].get(name).or_else(|| schema.get("additionalProperties"));
        match inner {
            Some(inner) => follows(inner, member, &format!("{at}/{name}")),
            None => assert!(schema.get("properties").is_none(), "{at}/{name} is not described"),
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        follows(&schema["items"], item, &format!("{at}/{index}"));
    }
}

#[tokio::test]
async fn only_what_was_given_by_consent_or_contract_is_portable() {
    let org = Org::found().await;
    let (customer, address) = somebody(&org).await;
    let notes = json!({"fields": {"notes": "Prefers to be called in the morning"}});
    org.admin().await.patch(&format!("/v1/customers/{customer}"), &notes).await.shows(200);
    let purpose = json!({"code": crate::house::fresh_code(), "labels": {"en": "Delivery", "zh": "配送"}, "description": "Bringing what was bought.",
        "legal_basis": "cn_contract", "consent_kind": "none", "fields": ["name", "address"], "methods": ["use"], "jurisdictions": ["CN"]});
    org.dpo().await.post("/v1/purposes", &purpose).await.shows(201);
    let me = come_in(&org, &address, 1).await;
    done(&org, &me, "portability", "EU").await;
    let package = me.get("/v1/self/package").await.shows(200);
    let mut portable = keys(&data(&package));
    portable.sort();
    assert!(portable.contains(&"address".to_owned()) && portable.contains(&"name".to_owned()), "{portable:?}");
    done(&org, &me, "access", "EU").await;
    let everything = keys(&data(&me.get("/v1/self/package").await.shows(200)));
    let notes = "notes".to_owned();
    assert!(everything.contains(&notes) && !portable.contains(&notes), "what staff wrote was not given by the person");
    let all = org.dpo().await.get("/v1/purposes?limit=200").await.shows(200).at("/data");
    let grounds: Vec<&Value> = all.as_array().unwrap().iter().collect();
    for key in portable {
        let uses = |purpose: &&&Value| purpose["fields"].as_array().is_none_or(|keys| keys.contains(&json!(key)));
        let given =
            |purpose: &&Value| purpose["legal_basis"].as_str().is_some_and(|basis| basis.ends_with("_contract"));
        assert!(grounds.iter().filter(uses).any(given), "{key} was given neither by contract nor by consent");
    }
}

#[tokio::test]
async fn files_about_a_person_are_in_their_package_and_nobody_else_s() {
    let org = Org::found().await;
    let ((customer, address), (other, _)) = (somebody(&org).await, somebody(&org).await);
    let admin = org.admin().await;
    let scan = crate::attachments::document(150_000);
    for name in ["合同.pdf", "合同.pdf"] {
        crate::attachments::hang(&admin, &customer, name, &scan).await.shows(201);
    }
    crate::attachments::hang(&admin, &other, "theirs.pdf", &scan).await.shows(201);
    let me = come_in(&org, &address, 1).await;
    done(&org, &me, "access", "EU").await;
    let package = me.get("/v1/self/package").await.shows(200);
    let files = unpack(&package.bytes);
    assert!(
        files["attachments/001-合同.pdf"] == scan && files["attachments/002-合同.pdf"] == scan,
        "not a byte is another"
    );
    assert!(!files.keys().any(|name| name.contains("theirs")));
    assert_eq!(data(&package)["attachments"][0]["file"], "attachments/001-合同.pdf");
    let text = |name: &str| String::from_utf8(files[name].clone()).unwrap();
    assert!(text("summary.txt").contains("合同.pdf") && text("attachments.csv").contains("合同.pdf"));
    // Numbers of identity and account may not be handed over there, and nobody knows what stands in a file.
    done(&org, &me, "access", "US-CA").await;
    let package = me.get("/v1/self/package").await.shows(200);
    assert!(!unpack(&package.bytes).keys().any(|name| name.starts_with("attachments/")));
    let told = &data(&package)["attachments"][1];
    assert_eq!((&told["name"], &told["file"]), (&json!("合同.pdf"), &Value::Null));
}

#[tokio::test]
async fn what_hangs_on_a_person_is_theirs_and_what_the_company_plans_is_not() {
    let org = Org::found().await;
    let (customer, address) = somebody(&org).await;
    let admin = org.admin().await;
    let call = json!({"channel": "phone", "occurred_at": "2026-11-20T08:00:00Z", "summary": "wants it blue; ring his wife, 139-8765 4321",
        "next_follow_up_at": "2026-12-24T08:00:00Z"});
    let call = crate::records::enter(&admin, &customer, "interaction", call).await.shows(201).id();
    let offer = json!({"title": "Two pumps", "stage": "proposal", "amount": {"amount": "98765.00", "currency": "CNY"}});
    crate::records::enter(&admin, &customer, "opportunity", offer).await.shows(201);
    let (other, _) = somebody(&org).await;
    let ticket = json!({"subject": "Somebody else's trouble", "status": "open"});
    crate::records::enter(&admin, &other, "ticket", ticket).await.shows(201);
    let me = come_in(&org, &address, 1).await;
    let shown = me.get("/v1/self/data").await.shows(200);
    assert_eq!((shown.at("/records/1/id"), shown.at("/more_records")), (json!(call), json!(false)));
    assert_eq!(shown.at("/records/1/fields/summary/value"), "wants it blue; ring his wife, ***");
    done(&org, &me, "access", "EU").await;
    let package = me.get("/v1/self/package").await.shows(200);
    let files = unpack(&package.bytes);
    let schema: Value = serde_json::from_slice(&files["schema.json"]).unwrap();
    follows(&schema, &data(&package), "");
    let types: Vec<Value> =
        data(&package)["records"].as_array().unwrap().iter().map(|one| one["type"].clone()).collect();
    assert_eq!(types, ["opportunity", "interaction"]);
    let table = String::from_utf8(files["records.csv"].clone()).unwrap();
    assert!(table.contains("Two pumps") && table.contains("ring his wife, ***"), "{table}");
    for text in [shown.text().to_owned(), table, data(&package).to_string()] {
        for absent in ["Somebody else", "8765", "2026-12-24"] {
            assert!(!text.contains(absent), "{absent} is not theirs: {text}");
        }
    }
    done(&org, &me, "portability", "EU").await;
    let portable = data(&me.get("/v1/self/package").await.shows(200)).to_string();
    assert!(!portable.contains("wants it blue") && !portable.contains("Two pumps"), "what staff wrote was not given");
    let seen = org.auditor().await.get("/v1/audit/entries?action=privacy_requests.package").await.shows(200);
    assert!(seen.text().contains("interaction.summary"), "{seen}");
}

#[tokio::test]
async fn under_the_ccpa_numbers_of_identity_and_account_stay() {
    let org = Org::found().await;
    let (customer, address) = somebody(&org).await;
    let numbers = json!({"fields": {"id_number": "11010519491231002X"}});
    org.admin().await.patch(&format!("/v1/customers/{customer}"), &numbers).await.shows(200);
    let me = come_in(&org, &address, 1).await;
    for (jurisdiction, there) in [("EU", true), ("US-CA", false)] {
        done(&org, &me, "access", jurisdiction).await;
        let package = me.get("/v1/self/package").await.shows(200);
        assert_eq!(package.bytes.windows(18).any(|window| window == b"11010519491231002X"), there, "{jurisdiction}");
    }
}

#[tokio::test]
async fn of_those_who_fetch_at_once_one_has_the_package() {
    let org = Org::found().await;
    let (_, address) = somebody(&org).await;
    let me = come_in(&org, &address, 1).await;
    let id = done(&org, &me, "access", "EU").await;
    let dpo = org.dpo().await;
    let by_staff = format!("/v1/privacy-requests/{id}/package");
    let mut all = join_all((0..4).map(|_| me.get("/v1/self/package").into_future())).await;
    all.extend(join_all((0..2).map(|_| dpo.get(&by_staff).into_future())).await);
    assert_eq!(all.iter().filter(|answer| answer.status == 200).count(), 1, "{all:?}");
    assert!(all.iter().all(|answer| answer.status == 200 || answer.at("/code") == "package_fetched"));
}

#[tokio::test]
async fn a_package_is_of_its_person_and_its_week() {
    let org = Org::found().await;
    let ((_, address), (_, other)) = (somebody(&org).await, somebody(&org).await);
    let (me, them) = (come_in(&org, &address, 1).await, come_in(&org, &other, 1).await);
    let id = done(&org, &me, "access", "EU").await;
    them.get(&format!("/v1/self/package?request_id={id}")).await.refuses(404, "not_found");
    org.auditor().await.get(&format!("/v1/privacy-requests/{id}/package")).await.refuses(403, "forbidden");
    let sql = "UPDATE privacy_requests SET closed_at = closed_at - interval '8 days' WHERE id = $1::text::uuid";
    org.sql().await.execute(sql, &[&id]).await.unwrap();
    me.get("/v1/self/package").await.refuses(410, "package_expired");
    let erasure = me.post(PATH, &json!({"right": "explanation", "jurisdiction": "EU"})).await.shows(201).id();
    let dpo = org.dpo().await;
    dpo.post(&format!("/v1/privacy-requests/{erasure}/complete"), &json!({"answer": "So."})).await.shows(200);
    dpo.get(&format!("/v1/privacy-requests/{erasure}/package")).await.refuses(409, "no_package");
    let handed = done(&org, &me, "access", "EU").await;
    dpo.get(&format!("/v1/privacy-requests/{handed}/package")).await.shows(200);
    dpo.get(&format!("/v1/privacy-requests/{handed}/package")).await.refuses(410, "package_fetched");
}

#[tokio::test]
async fn what_was_sent_by_a_form_and_waits_belongs_to_it() {
    let opened = crate::forms::Opened::new(json!({})).await;
    let (_, address) = somebody(&opened.org).await;
    opened.sends(json!({"fields": {"name": "王五", "email": address, "province": "云南"}})).await.shows(202);
    assert_eq!(opened.submissions().await[0]["state"], "proposed");
    let me = come_in(&opened.org, &address, 1).await;
    done(&opened.org, &me, "access", "EU").await;
    let package = me.get("/v1/self/package").await.shows(200);
    let files = unpack(&package.bytes);
    let schema: Value = serde_json::from_slice(&files["schema.json"]).unwrap();
    follows(&schema, &data(&package), "");
    let sent = &data(&package)["submissions"][0];
    assert_eq!((&sent["form_id"], sent["fields"].as_array().unwrap().len()), (&json!(opened.form), 3), "{sent}");
    let text = |name: &str| String::from_utf8(files[name].clone()).unwrap();
    assert!(text("submissions.csv").contains("云南") && text("summary.txt").contains("submissions.csv"));
}

#[tokio::test]
async fn whoever_asks_for_the_head_alone_leaves_the_package_for_the_person() {
    let org = Org::found().await;
    let (_, address) = somebody(&org).await;
    let (me, dpo) = (come_in(&org, &address, 1).await, org.dpo().await);
    let id = done(&org, &me, "access", "EU").await;
    let by_staff = format!("/v1/privacy-requests/{id}/package");
    for looked in [me.request("HEAD", "/v1/self/package").await, dpo.request("HEAD", &by_staff).await] {
        assert_eq!(looked.shows(405).sent("allow"), "GET, OPTIONS");
    }
    me.get("/v1/self/package").await.shows(200);
    let alarm = org.auditor().await.get("/v1/audit/entries?action=privacy_requests.package_again").await.shows(200);
    assert_eq!(alarm.at("/data"), json!([]));
}

#[tokio::test]
async fn what_was_answered_before_a_merge_is_fetched_once_by_the_one_that_they_are_now() {
    let org = Org::found().await;
    let ((stays, kept), (goes, gone), (_, other)) = (somebody(&org).await, somebody(&org).await, somebody(&org).await);
    let id = done(&org, &come_in(&org, &gone, 1).await, "access", "EU").await;
    crate::customers::merge::merge(&org.admin().await, &stays, &goes).await.shows(200);
    let by_id = format!("/v1/self/package?request_id={id}");
    let them = come_in(&org, &other, 1).await;
    them.get(&by_id).await.refuses(404, "not_found");
    them.get("/v1/self/package").await.refuses(404, "not_found");
    let me = come_in(&org, &kept, 1).await;
    let package = me.get("/v1/self/package").await.shows(200);
    assert!(package.sent("content-disposition").contains(&id));
    let data = data(&package).to_string();
    assert!(data.contains(&kept) && !data.contains(&other), "{data}");
    me.get(&by_id).await.refuses(410, "package_fetched");
    org.dpo().await.get(&format!("/v1/privacy-requests/{id}/package")).await.refuses(410, "package_fetched");
}
