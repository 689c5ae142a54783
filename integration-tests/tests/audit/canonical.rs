//! The stored bytes: canonical JSON (RFC 8785) under a MAC that notices one changed byte.

use serde_json::{Value, json};

use super::{CLOSE, OPEN};
use crate::customers::{path, whole};
use crate::support::Org;

/// RFC 8785 for what entries hold: members by their names, no white space, the shortest escapes.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
            let inner = members.iter().map(|(name, value)| format!("{}:{}", json!(name), canonical(value)));
            format!("{{{}}}", inner.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

/// An organisation whose log has entries of many kinds; answers the customer's id.
async fn busy() -> (Org<'static>, String) {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let id = sales.post("/v1/customers", &whole(1)).await.shows(201).id();
    let reveal = json!({"fields": ["mobile"], "reason": "a \"quoted\"\n\u{7f} reason 原因"});
    let named = sales.with("x-request-id", "request.id-1").with("processing-purpose", "care");
    named.post(&format!("{}/reveal", path(&id)), &reveal).await.shows(200);
    sales.get("/v1/customers?q[name_prefix]=a").await.shows(200);
    sales.patch(&path(&id), &json!({"stage": "lost"})).await.shows(200);
    org.sales_b().await.get(&path(&id)).await.refuses(404, "not_found");
    (org, id)
}

#[tokio::test]
async fn every_stored_entry_is_canonical() {
    let (org, _) = busy().await;
    let rows = org
        .sql()
        .await
        .query("SELECT id, entry, action, verdict, actor_id FROM audit_entries WHERE organization_id = $1", &[&org.id])
        .await
        .unwrap();
    assert!(rows.len() >= 8);
    for row in rows {
        let bytes: Vec<u8> = row.get(1);
        let parsed: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), canonical(&parsed));
        assert_eq!(parsed["id"], json!(row.get::<_, uuid::Uuid>(0)));
        assert_eq!(
            (&parsed["action"], &parsed["verdict"]),
            (&json!(row.get::<_, String>(2)), &json!(row.get::<_, String>(3)))
        );
        assert_eq!(
            (&parsed["actor"]["id"], &parsed["organization"]),
            (&json!(row.get::<_, uuid::Uuid>(4)), &json!(org.id))
        );
    }
}

#[tokio::test]
async fn one_changed_byte_shows() {
    let (org, id) = busy().await;
    let dpo = org.dpo().await;
    let log = format!("{}/access-log", path(&id));
    let entries = dpo.get(&log).await.shows(200);
    let all = entries.at("/data");
    assert!(all.as_array().unwrap().iter().all(|entry| entry["intact"] == true));
    let victim = all[1]["id"].as_str().unwrap().to_owned();
    let sql = org.sql().await;
    for change in [
        "entry = set_byte(entry, length(entry) - 2, get_byte(entry, length(entry) - 2) # 1)",
        "entry = entry || ' '::bytea",
        "entry = convert_to(replace(convert_from(entry, 'UTF8'), 'staff', 'robot'), 'UTF8')",
        "mac = set_byte(mac, 0, get_byte(mac, 0) # 1)",
        "entry = ''",
    ] {
        let saved =
            sql.query_one("SELECT entry, mac FROM audit_entries WHERE id = $1::text::uuid", &[&victim]).await.unwrap();
        let (entry, mac): (Vec<u8>, Vec<u8>) = (saved.get(0), saved.get(1));
        sql.batch_execute(OPEN).await.unwrap();
        let changed = sql
            .execute(&format!("UPDATE audit_entries SET {change} WHERE id = $1::text::uuid"), &[&victim])
            .await
            .unwrap();
        sql.batch_execute(CLOSE).await.unwrap();
        assert_eq!(changed, 1);
        let shown = dpo.get(&log).await.shows(200).at("/data");
        for entry in shown.as_array().unwrap() {
            assert_eq!(entry["intact"], json!(entry["id"] != json!(victim)), "after {change}: {entry}");
        }
        let back = "UPDATE audit_entries SET entry = $2, mac = $3 WHERE id = $1::text::uuid";
        sql.batch_execute(OPEN).await.unwrap();
        sql.execute(back, &[&victim, &entry, &mac]).await.unwrap();
        sql.batch_execute(CLOSE).await.unwrap();
    }
    let shown = dpo.get(&log).await.shows(200).at("/data");
    assert!(shown.as_array().unwrap().iter().all(|entry| entry["intact"] == true));
}

#[tokio::test]
async fn an_entry_put_in_another_ones_place_shows() {
    let (org, id) = busy().await;
    let dpo = org.dpo().await;
    let log = format!("{}/access-log", path(&id));
    let all = dpo.get(&log).await.shows(200).at("/data");
    let (one, other) = (all[0]["id"].as_str().unwrap(), all[1]["id"].as_str().unwrap());
    let copy = "UPDATE audit_entries a SET entry = b.entry, mac = b.mac FROM audit_entries b WHERE a.id = $1::text::uuid AND b.id = $2::text::uuid";
    let sql = org.sql().await;
    sql.batch_execute(OPEN).await.unwrap();
    assert_eq!(sql.execute(copy, &[&one, &other]).await.unwrap(), 1);
    sql.batch_execute(CLOSE).await.unwrap();
    let shown = dpo.get(&log).await.shows(200).at("/data");
    let moved = shown.as_array().unwrap().iter().find(|entry| entry["id"] == json!(one)).unwrap();
    assert_eq!(moved["intact"], json!(false), "bytes and MAC of another entry: {moved}");
}
