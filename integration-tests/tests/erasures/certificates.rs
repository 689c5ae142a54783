//! Certificates: given when nothing is found, the same for ever, sound without a server, and impossible while a copy is anywhere.

use std::process::Command;

use serde_json::{Value, json};

use super::{erase, round};
use crate::customers::{path, whole};
use crate::imports::{Form, by_number, finished};
use crate::support::{Answer, Org, Person, fresh_folder, program};

/// Goes round until the erasure has ended, as it does within minutes by itself.
pub async fn ended(org: &Org<'_>, dpo: &Person, erasure: &str) -> Answer {
    for _ in 0..200 {
        round(org).await;
        let told = dpo.get(&format!("/v1/erasures/{erasure}")).await.shows(200);
        if told.at("/state") == "erased" {
            return told;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it does not end: {}", dpo.get(&format!("/v1/erasures/{erasure}")).await);
}

fn certificate_path(erasure: &str) -> String {
    format!("/v1/erasures/{erasure}/certificate")
}

#[tokio::test]
async fn the_certificate_tells_everything_but_who_it_was_and_is_the_same_for_ever() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let gone = sales.post("/v1/customers", &whole(300)).await.shows(201).id();
    sales.patch(&path(&gone), &json!({"fields": {"mobile": "13977770300"}})).await.shows(200);
    let erasure = erase(&dpo, &gone).await.shows(202).id();
    dpo.get(&certificate_path(&erasure)).await.refuses(409, "certificate_pending");
    let told = ended(&org, &dpo, &erasure).await;
    assert_eq!(told.at("/findings"), json!([]));
    let first = dpo.get(&certificate_path(&erasure)).await.shows(200);
    let signed = first.at("/certificate");
    assert_eq!((&signed["erasure_id"], &signed["ground"]), (&json!(erasure), &json!("subject_request")));
    assert_eq!(signed["keys_destroyed"].as_array().unwrap().len(), 2);
    assert!(
        signed["sweep"]["identifiers"].as_i64().unwrap() >= 6,
        "old numbers are looked for, too: {}",
        signed["sweep"]
    );
    assert_eq!(signed["sweep"]["found"], 0);
    for (field, value) in crate::customers::values(300) {
        assert!(!first.text().contains(&value) || value.len() < 4, "{field} stands in the certificate");
    }
    assert!(!first.text().contains(&gone), "not even the id");
    assert_eq!(erase(&dpo, &gone).await.shows(202).id(), erasure);
    assert_eq!(dpo.get(&certificate_path(&erasure)).await.shows(200).at("/jws"), first.at("/jws"));
}

#[tokio::test]
async fn who_came_in_by_an_import_that_can_still_be_undone_gets_a_certificate_and_does_not_come_back() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let mapping = json!({"no": "customer_no", "name": "name"});
    let handed = Form::csv(&mapping, "no,name\nGONE1,张三\nSTAYS1,李四\n").hand_in(&sales).await.shows(202);
    assert_eq!(finished(&sales, &handed.sent("location")).await["state"], "succeeded");
    let gone = by_number(&sales, "GONE1").await["id"].as_str().unwrap().to_owned();
    let erasure = erase(&dpo, &gone).await.shows(202);
    assert_eq!(erasure.at("/removed/import_changes"), 1);
    assert_eq!(ended(&org, &dpo, &erasure.id()).await.at("/findings"), json!([]));
    let undone = sales.act(&format!("/v1/imports/{}/undo", handed.id())).await.shows(202).sent("location");
    let undone = finished(&sales, &undone).await;
    assert_eq!((&undone["result"]["undone"], &undone["result"]["kept"]), (&json!(1), &json!(0)), "{undone}");
    dpo.get(&path(&gone)).await.refuses(410, "erased");
}

/// Whether `custodian erasures verify` believes a certificate under published keys, and what it prints.
pub fn verified(certificate: &str, jwks: &Answer) -> (bool, String) {
    let folder = fresh_folder();
    std::fs::create_dir_all(&folder).unwrap();
    let (file, keys) = (folder.join("certificate.json"), folder.join("jwks.json"));
    std::fs::write(&keys, &jwks.bytes).unwrap();
    std::fs::write(&file, certificate).unwrap();
    let output =
        Command::new(program()).args(["erasures", "verify"]).arg(&file).arg("--jwks").arg(&keys).output().unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn anybody_checks_it_without_a_server_and_no_changed_one_holds() {
    let org = Org::found().await;
    let dpo = org.dpo().await;
    let gone = org.customer_of(&org.sales_a().await).await;
    let erasure = erase(&dpo, &gone).await.shows(202).id();
    ended(&org, &dpo, &erasure).await;
    let answer = dpo.get(&certificate_path(&erasure)).await.shows(200);
    let jwks = org.service().stranger().get("/.well-known/jwks.json").await.shows(200);
    let verify = |text: &str| verified(text, &jwks);
    let (sound, told) = verify(answer.text());
    assert!(sound && told.contains(&erasure), "{told}");
    let mut altered: Value = answer.json();
    altered["certificate"]["ground"] = json!("unlawful");
    assert!(!verify(&altered.to_string()).0);
    let jws = answer.text_at("/jws");
    assert!(verify(&jws).0);
    assert!(!verify(&jws.replace('.', "A.")).0);
}

#[tokio::test]
async fn a_copy_in_somebody_elses_note_makes_the_certificate_impossible() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let gone = sales
        .post("/v1/customers", &json!({"fields": {"name": "Li Lei", "mobile": "13977770301"}}))
        .await
        .shows(201)
        .id();
    let note = json!({"fields": {"name": "Han Mei", "notes": "her husband Li Lei: 139-7777 0301, after six"}});
    let other = sales.post("/v1/customers", &note).await.shows(201).id();
    let erasure = erase(&dpo, &gone).await.shows(202).id();
    for _ in 0..3 {
        round(&org).await;
    }
    let told = dpo.get(&format!("/v1/erasures/{erasure}")).await.shows(200);
    assert_eq!(told.at("/state"), "erasing");
    assert!(told.at("/destroyed_at").is_null(), "what was looked for is still known to the sweep");
    assert_eq!(
        told.at("/findings"),
        json!([{"place": "customers", "customer_id": other, "field": "notes", "kind": "identifier"}])
    );
    let text = told.text();
    assert!(!text.contains("7777 0301") && !text.contains("13977770301"), "where, and never what");
    dpo.get(&certificate_path(&erasure)).await.refuses(409, "certificate_pending");
    erase(&dpo, &other).await.shows(202);
    ended(&org, &dpo, &erasure).await;
    dpo.get(&certificate_path(&erasure)).await.shows(200);
}

#[tokio::test]
async fn a_copy_in_what_hangs_on_somebody_else_makes_it_impossible_too() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let gone = json!({"fields": {"name": "Li Lei", "mobile": "13977770302"}});
    let gone = sales.post("/v1/customers", &gone).await.shows(201).id();
    let other = json!({"fields": {"name": "Han Mei"}});
    let other = sales.post("/v1/customers", &other).await.shows(201).id();
    let call = json!({"channel": "phone", "occurred_at": "2026-11-20T08:00:00Z", "summary": "call her husband, 139-7777 0302"});
    let call = crate::records::enter(&sales, &other, "interaction", call).await.shows(201).id();
    let erasure = erase(&dpo, &gone).await.shows(202).id();
    for _ in 0..3 {
        round(&org).await;
    }
    let told = dpo.get(&format!("/v1/erasures/{erasure}")).await.shows(200);
    let found = json!([{"place": "records", "customer_id": other, "record_type": "interaction", "record_id": call,
        "field": "summary", "kind": "identifier"}]);
    assert_eq!(told.at("/findings"), found);
    dpo.get(&certificate_path(&erasure)).await.refuses(409, "certificate_pending");
    let path = crate::records::path("interaction", &call);
    sales.get(&path).await.shows(200);
}

#[tokio::test]
async fn a_copy_in_a_row_of_text_is_found_and_a_number_that_two_share_stays_the_others() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let fields = |name: &str| json!({"fields": {"name": name, "mobile": "13977770302"}});
    let gone = sales.post("/v1/customers", &fields("Li Lei")).await.shows(201).id();
    let shares = sales.post("/v1/customers", &fields("Han Mei")).await.shows(201).id();
    let plant = "UPDATE departments SET name = $2 WHERE organization_id = $1 AND parent_id IS NULL";
    let sql = org.sql().await;
    sql.execute(plant, &[&org.id, &"Care of 139 7777 0302"]).await.unwrap();
    let erasure = erase(&dpo, &gone).await.shows(202).id();
    round(&org).await;
    round(&org).await;
    let told = dpo.get(&format!("/v1/erasures/{erasure}")).await.shows(200);
    assert_eq!(told.at("/findings"), json!([{"place": "departments", "kind": "identifier"}]));
    sql.execute(plant, &[&org.id, &"Headquarters"]).await.unwrap();
    ended(&org, &dpo, &erasure).await;
    let signed = dpo.get(&certificate_path(&erasure)).await.shows(200);
    assert_eq!(signed.at("/certificate/sweep/shared_with_others"), 1);
    let seen = sales.get("/v1/customers?q[mobile]=13977770302").await.shows(200);
    assert_eq!(seen.at("/data/0/id"), json!(shares));
}

#[tokio::test]
async fn a_copy_is_found_however_far_back_in_a_large_table_it_lies() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let body = json!({"fields": {"name": "Li Lei", "mobile": "13977770305"}});
    let gone = sales.post("/v1/customers", &body).await.shows(201).id();
    let sql = org.sql().await;
    // More than any one page of the sweep takes; the copy comes last.
    let fill = "INSERT INTO tags (organization_id, id, code, name, version, created_at, created_by) \
        SELECT $1, gen_random_uuid(), 'word_' || n, CASE WHEN n = 12000 THEN 'Care of 139 7777 0305' ELSE 'Word ' || n END, 1, now(), gen_random_uuid() \
        FROM generate_series(1, 12000) n";
    sql.execute(fill, &[&org.id]).await.unwrap();
    let erasure = erase(&dpo, &gone).await.shows(202).id();
    round(&org).await;
    round(&org).await;
    let told = dpo.get(&format!("/v1/erasures/{erasure}")).await.shows(200);
    assert_eq!(told.at("/findings"), json!([{"place": "tags", "kind": "identifier"}]));
    sql.execute("DELETE FROM tags WHERE organization_id = $1", &[&org.id]).await.unwrap();
    ended(&org, &dpo, &erasure).await;
}

/// Tables whose keys hold bytes, numbers, moments and days, each with more rows than any one page of the sweep takes; in the last of them, by its key, a copy stands
/// wherever words may. $1 organisation.
const FILLS: [&str; 4] = [
    "INSERT INTO access_budget_days (organization_id, caller_id, day, kind, used) SELECT $1, $1, current_date - n, 'reveals', 0 FROM generate_series(1, 1200) n",
    "INSERT INTO detection_probes (organization_id, actor_id, kind, what, at) \
        SELECT $1, $1, CASE WHEN n = 1200 THEN 'z Care of 139 7777 0306' ELSE 'word' END, decode(lpad(to_hex(n), 8, '0'), 'hex'), now() FROM generate_series(1, 1200) n",
    "INSERT INTO import_errors (organization_id, import_id, line, field, code) \
        SELECT $1, $1, n, CASE WHEN n = 1200 THEN 'Care of 139 7777 0306' ELSE 'word {\"\\,' || n END, 'word' FROM generate_series(1, 1200) n",
    "INSERT INTO purpose_renewals (organization_id, code, at, cause, reference) \
        SELECT $1, CASE WHEN n = 1200 THEN 'z Care of 139 7777 0306' ELSE 'word' END, now() + n * interval '1.000001 seconds', 'purpose', $1 FROM generate_series(1, 1200) n",
];

#[tokio::test]
async fn a_copy_is_found_whatever_the_key_of_its_table_is_made_of_and_another_organisations_is_not() {
    let (org, other) = (Org::found().await, Org::found().await);
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let body = json!({"fields": {"name": "Li Lei", "mobile": "13977770306"}});
    let gone = sales.post("/v1/customers", &body).await.shows(201).id();
    for one in [&org, &other] {
        let sql = one.sql().await;
        for fill in FILLS {
            sql.execute(fill, &[&one.id]).await.unwrap();
        }
    }
    let sql = org.sql().await;
    let erasure = erase(&dpo, &gone).await.shows(202).id();
    round(&org).await;
    round(&org).await;
    let told = dpo.get(&format!("/v1/erasures/{erasure}")).await.shows(200);
    let found = ["detection_probes", "import_errors", "purpose_renewals"];
    assert_eq!(told.at("/findings"), json!(found.map(|table| json!({"place": table, "kind": "identifier"}))));
    for table in found {
        sql.execute(&format!("DELETE FROM {table} WHERE organization_id = $1"), &[&org.id]).await.unwrap();
    }
    ended(&org, &dpo, &erasure).await;
    let signed = dpo.get(&certificate_path(&erasure)).await.shows(200);
    assert!(signed.at("/certificate/sweep/rows").as_i64().unwrap() >= 1_200, "{signed}");
}

#[tokio::test]
async fn a_reason_takes_no_number_and_one_that_names_the_erased_all_the_same_is_blanked() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let fields = json!({"fields": {"name": "Li Lei", "wechat": "wx_li_lei_77"}});
    let gone = sales.post("/v1/customers", &fields).await.shows(201).id();
    let other = org.customer_of(&sales).await;
    let ask = async |reason: &str| {
        let body = json!({"kind": "fields", "customer_ids": [other], "fields": ["address"], "reason": reason});
        sales.post("/v1/access-requests", &body).await
    };
    let refused = ask("to ring 139-7777 0303 back").await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/reason".to_owned(), "personal_value".to_owned())]);
    let asked = ask("a friend of wx_li_lei_77 asks").await.shows(201).id();
    let erasure = erase(&dpo, &gone).await.shows(202).id();
    ended(&org, &dpo, &erasure).await;
    let read = sales.get(&format!("/v1/access-requests/{asked}")).await.shows(200);
    assert_eq!(read.at("/reason"), "[erased]");
    let signed = dpo.get(&certificate_path(&erasure)).await.shows(200);
    assert_eq!(signed.at("/certificate/sweep/reasons_blanked"), 1);
}

#[tokio::test]
async fn many_people_go_in_one_round_with_a_certificate_each() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let mut erasures = Vec::new();
    for _ in 0..12 {
        let id = org.customer_of(&sales).await;
        erasures.push(erase(&dpo, &id).await.shows(202).id());
    }
    ended(&org, &dpo, erasures.last().unwrap()).await;
    for erasure in &erasures {
        ended(&org, &dpo, erasure).await;
        dpo.get(&certificate_path(erasure)).await.shows(200);
    }
}
