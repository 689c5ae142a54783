//! What is taken in, who takes it away, and what becomes of it.

use serde_json::json;

use super::{document, form, hang};
use crate::audit::Ledger;
use crate::customers::path;
use crate::support::Org;

#[tokio::test]
async fn a_file_comes_back_as_it_was_and_never_in_place() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let id = org.customer_of(&asha).await;
    let bytes = document(300_000);
    let mut ledger = Ledger::of(&org).await;
    let made = hang(&asha, &id, "..\\合同 2026.pdf", &bytes).await.shows(201);
    assert_eq!(ledger.only().await["action"], "attachments.create");
    assert_eq!(
        (made.at("/name"), made.at("/media_type"), made.at("/size")),
        (json!("合同 2026.pdf"), json!("application/pdf"), json!(300_000))
    );
    let at = format!("{}/attachments/{}", path(&id), made.id());
    assert_eq!(made.sent("location"), at);
    let taken = asha.get(&format!("{at}/content")).await.shows(200);
    assert!(taken.bytes == bytes, "not a byte is another");
    let entry = ledger.only().await;
    assert_eq!((&entry["action"], &entry["customer"]), (&json!("attachments.download"), &json!(id)));
    assert!(!entry.to_string().contains("合同"));
    assert_eq!(
        taken.sent("content-disposition"),
        "attachment; filename=\"attachment\"; filename*=UTF-8''%E5%90%88%E5%90%8C%202026.pdf"
    );
    assert_eq!(
        (taken.sent("x-content-type-options"), taken.sent("content-type")),
        ("nosniff".to_owned(), "application/pdf".to_owned())
    );
    assert!(taken.sent("content-security-policy").contains("sandbox"));
    assert_eq!(taken.sent("cache-control"), "no-store");
    let listed = asha.get(&format!("{}/attachments", path(&id))).await.shows(200);
    assert_eq!(listed.at("/data/0/id"), json!(made.id()));
    let sql = org.sql().await;
    let rows = sql.query("SELECT sealed FROM attachment_chunks ORDER BY sequence", &[]).await.unwrap();
    assert_eq!(rows.len(), 5, "in pieces");
    assert!(rows.iter().all(|row| !row.get::<_, Vec<u8>>(0).windows(8).any(|part| part == b"%PDF-1.7")));
    let row = sql.query_one("SELECT sealed_facts FROM attachments", &[]).await.unwrap();
    assert!(!String::from_utf8_lossy(&row.get::<_, Vec<u8>>(0)).contains("2026"), "the name is sealed");
    asha.delete(&at).await.shows(204);
    asha.get(&format!("{at}/content")).await.refuses(404, "not_found");
    assert!(sql.query("SELECT FROM attachment_chunks", &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_a_file_is_counts_and_not_its_name() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let id = org.customer_of(&asha).await;
    let mut ledger = Ledger::of(&org).await;
    for (name, bytes) in [
        ("scan.pdf", &b"<html><script>alert(1)</script>"[..]),
        ("photo.png", b"<svg onload='alert(1)'/>"),
        ("letter.pdf", b"MZ\x90\0\x03"),
        ("notes.txt", b"#!/bin/sh\nrm -rf /"),
        ("data.bin", b"\0\x01\x02\x03"),
    ] {
        hang(&asha, &id, name, bytes).await.refuses(422, "file_type_not_allowed");
        let entries = ledger.new_entries().await;
        assert!(entries.iter().any(|entry| entry["action"] == "attachments.refuse"), "{name}");
    }
    let empty = hang(&asha, &id, "empty.txt", b"").await.refuses(422, "invalid_body");
    assert_eq!(empty.faults(), [("/file".to_owned(), "empty_file".to_owned())]);
    let text = hang(&asha, &id, "page.html", "只是文字".as_bytes()).await.shows(201);
    let taken = asha.get(&format!("{}/content", text.sent("location"))).await.shows(200);
    assert_eq!(taken.sent("content-type"), "application/octet-stream", "nothing that a browser could run");
    let left = org.sql().await.query("SELECT DISTINCT attachment_id FROM attachment_chunks", &[]).await.unwrap();
    assert_eq!(left.len(), 1, "nothing of what was refused stays");
}

#[tokio::test]
async fn a_form_that_is_no_form_and_a_file_that_is_too_large_are_refused() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let id = org.customer_of(&asha).await;
    let at = format!("{}/attachments", path(&id));
    hang(&asha, &id, "large.pdf", &document(1_100_000)).await.refuses(413, "body_too_large");
    asha.post(&at, &json!({"file": "x"})).await.refuses(415, "unsupported_media_type");
    let (media, _) = form("x", b"");
    asha.request("POST", &at).body(&media, "--edge--\r\n").await.refuses(422, "invalid_body");
    let other = "--edge\r\nContent-Disposition: form-data; name=\"owner\"\r\n\r\nme\r\n--edge--\r\n";
    let strange = asha.request("POST", &at).body(&media, other).await.refuses(422, "invalid_body");
    assert_eq!(strange.faults(), [("/owner".to_owned(), "unknown_field".to_owned())]);
    let left = org.sql().await.query("SELECT FROM attachment_chunks", &[]).await.unwrap();
    assert!(left.is_empty());
}

#[tokio::test]
async fn who_does_not_reach_the_customer_reaches_no_file() {
    let org = Org::found().await;
    let (asha, ben, marketing) = (org.sales_a().await, org.sales_b().await, org.marketing().await);
    let id = org.customer_of(&asha).await;
    let made = hang(&asha, &id, "a.pdf", &document(100)).await.shows(201);
    let at = made.sent("location");
    hang(&ben, &id, "b.pdf", &document(100)).await.refuses(404, "not_found");
    for path in [at.clone(), format!("{at}/content"), format!("{}/attachments", path(&id))] {
        ben.get(&path).await.refuses(404, "not_found");
        marketing.get(&path).await.refuses(403, "forbidden");
    }
    ben.delete(&at).await.refuses(404, "not_found");
    let theirs = org.customer_of(&ben).await;
    let moved = at.replace(&id, &theirs);
    ben.get(&format!("{moved}/content")).await.refuses(404, "not_found");
    org.finance().await.delete(&at).await.refuses(403, "forbidden");
    asha.get(&at).await.shows(200);
}

#[tokio::test]
async fn files_follow_a_merge_go_back_with_it_and_go_with_the_customer() {
    let org = Org::found().await;
    let (dpo, asha) = (org.dpo().await, org.sales_a().await);
    let (one, other) = crate::customers::merge::twins(&asha).await;
    let bytes = document(70_000);
    let file = hang(&asha, &other, "a.pdf", &bytes).await.shows(201).id();
    let content = |customer: &str| format!("{}/attachments/{file}/content", path(customer));
    let merged = crate::customers::merge::merge(&asha, &one, &other).await.shows(200).id();
    assert!(asha.get(&content(&one)).await.shows(200).bytes == bytes);
    let undo = json!({"merge_id": merged, "reason": "Two brothers"});
    asha.post(&format!("{}/unmerge", path(&one)), &undo).await.shows(200);
    asha.get(&content(&one)).await.refuses(404, "not_found");
    assert!(asha.get(&content(&other)).await.shows(200).bytes == bytes);
    crate::erasures::erase(&dpo, &other).await.shows(202);
    let sql = org.sql().await;
    for table in ["attachments", "attachment_chunks"] {
        assert!(sql.query(&format!("SELECT FROM {table}"), &[]).await.unwrap().is_empty(), "{table}");
    }
    dpo.get(&content(&other)).await.refuses(410, "erased");
}

#[tokio::test]
async fn a_file_changed_in_the_database_is_an_alarm_and_no_file() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let id = org.customer_of(&asha).await;
    let at = hang(&asha, &id, "a.pdf", &document(100)).await.shows(201).sent("location");
    org.sql().await.execute("UPDATE attachments SET size = 99", &[]).await.unwrap();
    asha.get(&format!("{at}/content")).await.refuses(500, "integrity_error");
}
