//! What stands in the files.

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::{Value, json};

use super::{parted, ready, rows, taken};
use crate::support::{Org, customer};

/// What somebody types who wants others' spreadsheets to run it, or to come apart.
const HOSTILE: [&str; 8] =
    ["=cmd|' /C calc'!A0", "＝1+1", "@SUM(A1:A9)", "-5", "＋86 138", "\",\"=1+1", "a\r\nb,\"c\"", "<b>&amp;</b>"];

/// Customers with these notes, by id.
async fn noted(org: &Org<'_>) -> BTreeMap<String, &'static str> {
    let asha = org.sales_a().await;
    let mut all = BTreeMap::new();
    for text in HOSTILE {
        let mut body = customer();
        body["fields"]["notes"] = json!(text);
        all.insert(asha.post("/v1/customers", &body).await.shows(201).id(), text);
    }
    all
}

#[tokio::test]
async fn no_cell_of_a_csv_file_is_a_formula_and_every_text_comes_back() {
    let org = Org::found().await;
    let noted = noted(&org).await;
    let (manager, export) = ready(&org, json!({"fields": ["notes", "mobile"]})).await;
    let file = taken(&manager.with("accept-charset", "gbk"), &export.id()).await;
    assert_eq!(file.sent("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.sent("content-disposition"), format!("attachment; filename=\"export-{}.csv\"", export.id()));
    assert_eq!(file.sent("cache-control"), "no-store");
    let ids: Vec<String> = noted.keys().cloned().collect();
    let (people, _) = parted(&file, &ids);
    assert_eq!(people.len(), HOSTILE.len());
    for row in rows(&file).iter().flatten() {
        assert!(!row.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']), "{row:?}");
    }
    for row in people {
        let text = noted[&row[0]];
        assert_eq!(row[1].strip_prefix('\'').unwrap_or(&row[1]), text);
        assert!(row[2].starts_with("'+86138"), "a telephone number stays a text: {row:?}");
    }
    assert!(file.text().ends_with("\r\n"));
}

#[tokio::test]
async fn lines_of_json_hold_what_was_entered() {
    let org = Org::found().await;
    let noted = noted(&org).await;
    let (manager, export) = ready(&org, json!({"fields": ["notes", "mobile"], "format": "ndjson"})).await;
    let file = taken(&manager, &export.id()).await;
    assert!(file.sent("content-type").starts_with("application/x-ndjson"));
    let lines: Vec<Value> = file.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), HOSTILE.len() + 1);
    assert!(lines.iter().all(|line| line["custodian_export"] == export.id()));
    for (id, text) in noted {
        let line = lines.iter().find(|line| line["id"] == id).unwrap();
        assert_eq!(line["notes"], text);
        assert!(line["mobile"].as_str().unwrap().starts_with("+86138"));
    }
}

#[tokio::test]
async fn a_workbook_opens_and_holds_texts_alone() {
    let org = Org::found().await;
    noted(&org).await;
    let (manager, export) = ready(&org, json!({"fields": ["notes", "mobile"], "format": "xlsx"})).await;
    let file = taken(&manager, &export.id()).await;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(file.bytes)).unwrap();
    let mut sheet = String::new();
    archive.by_name("xl/worksheets/sheet1.xml").unwrap().read_to_string(&mut sheet).unwrap();
    assert_eq!(sheet.matches("<row>").count(), HOSTILE.len() + 2);
    assert_eq!(sheet.matches("<c ").count(), sheet.matches("<c t=\"inlineStr\">").count());
    assert!(!sheet.contains("<f>") && sheet.contains("=cmd|' /C calc'!A0"));
    assert!(sheet.contains("&lt;b&gt;&amp;amp;&lt;/b&gt;"));
    assert_eq!(sheet.matches(&export.id()).count(), HOSTILE.len() + 2, "on every row and beneath each page");
}

#[tokio::test]
async fn the_decoy_does_not_stand_out() {
    let org = Org::found().await;
    let ids = super::customers(&org, 6).await;
    let fields = json!([
        "customer_no",
        "name",
        "mobile",
        "email",
        "address",
        "birthday",
        "province",
        "wechat",
        "company",
        "notes"
    ]);
    let (manager, export) = ready(&org, json!({"fields": fields})).await;
    let file = taken(&manager, &export.id()).await;
    let (_, decoys) = parted(&file, &ids);
    assert_eq!(decoys.len(), 1);
    assert!(decoys[0].iter().all(|cell| !cell.is_empty()), "{decoys:?}");
    let order: Vec<String> = rows(&file).into_iter().skip(1).map(|row| row[0][..13].to_owned()).collect();
    assert!(order.is_sorted(), "as old as its neighbours: {order:?}");
    let kept: Vec<u8> =
        org.sql().await.query_one("SELECT string_agg(tag, '') FROM export_decoys", &[]).await.unwrap().get(0);
    assert!(!kept.windows(3).any(|part| part == decoys[0][1].as_bytes()), "digests alone are kept");
}
