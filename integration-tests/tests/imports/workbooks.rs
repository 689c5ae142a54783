//! Workbooks: what they show comes in, what nobody can be sure of is refused, and none grows past its bounds.

use std::io::{Cursor, Write};

use serde_json::json;
use zip::write::SimpleFileOptions;

use super::records::numbered;
use super::{Form, by_number, counts, faults};
use crate::support::Org;

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const DOCUMENT: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";

/// What every workbook says of itself.
fn frame(part: &mut dyn FnMut(&str, String), sheets: usize) {
    let kinds: String = (1..=sheets)
        .map(|at| format!("<Override PartName=\"/xl/worksheets/sheet{at}.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>"))
        .collect();
    part(
        "[Content_Types].xml",
        format!(
            "<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>{kinds}</Types>"
        ),
    );
    part(
        "_rels/.rels",
        format!(
            "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"rId1\" Type=\"{DOCUMENT}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
        ),
    );
}

/// A workbook of these sheets: name, state, rows, and what stands after them.
fn workbook(sheets: &[(&str, &str, &str, &str)], is_1904: bool) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut part = |name: &str, text: String| {
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    };
    frame(&mut part, sheets.len());
    let named = |(at, (name, state, _, _)): (usize, &(&str, &str, &str, &str))| {
        format!("<sheet name=\"{name}\" sheetId=\"{}\" state=\"{state}\" r:id=\"rId{}\"/>", at + 1, at + 1)
    };
    let named: String = sheets.iter().enumerate().map(named).collect();
    let from = if is_1904 { "<workbookPr date1904=\"1\"/>" } else { "" };
    part(
        "xl/workbook.xml",
        format!("<workbook xmlns=\"{MAIN}\" xmlns:r=\"{DOCUMENT}\">{from}<sheets>{named}</sheets></workbook>"),
    );
    let links = (1..=sheets.len()).map(|at| {
        format!("<Relationship Id=\"rId{at}\" Type=\"{DOCUMENT}/worksheet\" Target=\"worksheets/sheet{at}.xml\"/>")
    });
    let links: String = links.collect();
    part(
        "xl/_rels/workbook.xml.rels",
        format!(
            "<Relationships xmlns=\"{PACKAGE}/relationships\">{links}<Relationship Id=\"rIdS\" Type=\"{DOCUMENT}/styles\" Target=\"styles.xml\"/></Relationships>"
        ),
    );
    // Style 1 is a date, style 2 a date with a time.
    part(
        "xl/styles.xml",
        format!(
            "<styleSheet xmlns=\"{MAIN}\"><cellXfs count=\"3\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"22\"/></cellXfs></styleSheet>"
        ),
    );
    for (at, (_, _, rows, after)) in sheets.iter().enumerate() {
        let text = format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData>{after}</worksheet>");
        part(&format!("xl/worksheets/sheet{}.xml", at + 1), text);
    }
    archive.finish().unwrap().into_inner()
}

/// A row of texts; a cell that begins with `<` stands as it is.
fn row(number: usize, cells: &[&str]) -> String {
    let cell = |(at, text): (usize, &&str)| {
        let place = format!("{}{number}", char::from(b'A' + u8::try_from(at).unwrap()));
        match text.strip_prefix('<') {
            Some(rest) => format!("<c r=\"{place}\" {rest}"),
            None if text.is_empty() => String::new(),
            None => format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>"),
        }
    };
    let cells: String = cells.iter().enumerate().map(cell).collect();
    format!("<row r=\"{number}\">{cells}</row>")
}

fn mapping() -> serde_json::Value {
    json!({"编号": "customer_no", "姓名": "name", "手机": "mobile", "生日": "birthday"})
}

fn form(mapping: &serde_json::Value, book: Vec<u8>) -> Form {
    Form::default().part("mapping", &mapping.to_string()).file("customers.xlsx", book)
}

#[tokio::test]
async fn what_the_sheet_shows_comes_in_and_what_nobody_can_be_sure_of_does_not() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let rows = [
        row(1, &["编号", "姓名", "手机", "生日"]),
        row(2, &["X1", "张三", "<><v>13812345678</v></c>", "<s=\"1\"><v>32874</v></c>"]),
        row(3, &["<><f>1000+1</f><v>1001</v></c>", "李四", "13812345679", "1990-01-02"]),
        row(4, &["X3", "王五", "<t=\"e\"><v>#REF!</v></c>", ""]),
        row(5, &["<><v>110105194912310020</v></c>", "赵六", "", ""]),
        row(7, &["X5", "", "", ""]),
        row(8, &["X6", "", "", ""]),
        row(9, &["X7", "孙七", "", "<><v>32874</v></c>"]),
    ];
    let merged = "<mergeCells count=\"1\"><mergeCell ref=\"B7:B8\"/></mergeCells>";
    let hidden = row(1, &["编号", "姓名"]) + &row(2, &["H1", "藏"]);
    let book = workbook(&[("旧", "hidden", &hidden, ""), ("客户", "visible", &rows.concat(), merged)], false);
    let job = form(&mapping(), book.clone()).run(&sales).await;
    assert_eq!(counts(&job), (2, 0, 5));
    let expected = [
        (4, "mobile", "cell_error"),
        (5, "customer_no", "digits_lost"),
        (7, "name", "required"),
        (8, "name", "merged_cell"),
        (9, "birthday", "invalid_date"),
    ];
    assert_eq!(faults(&job), expected);
    let first = by_number(&sales, "X1").await;
    let shown = super::revealed(&sales, &first["id"], &["mobile", "birthday"]).await;
    assert_eq!(shown, json!({"mobile": "+8613812345678", "birthday": "1990-01-01"}));
    by_number(&sales, "1001").await;
    let named = form(&json!({"编号": "customer_no", "姓名": "name"}), book.clone()).part("sheet", "旧");
    assert_eq!(counts(&named.run(&sales).await), (1, 0, 0));
    let nowhere = form(&mapping(), book).part("sheet", "没有").run(&sales).await;
    assert_eq!((&nowhere["state"], &nowhere["failure"]), (&json!("failed"), &json!("unknown_sheet")));
}

#[tokio::test]
async fn times_are_meant_where_the_form_says_and_days_count_from_where_the_workbook_says() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    numbered(&sales, &["A-1"]).await;
    let rows = row(1, &["no", "how", "when"]) + &row(2, &["A-1", "phone", "<s=\"2\"><v>44630.5</v></c>"]);
    let book = workbook(&[("s", "visible", &rows, "")], true);
    let form = form(&json!({"no": "customer_no", "how": "channel", "when": "occurred_at"}), book);
    let job = form.part("record_type", "interaction").part("utc_offset", "+08:00").run(&sales).await;
    assert_eq!(counts(&job), (1, 0, 0), "{job}");
    let page = sales.get("/v1/records/interaction").await.shows(200);
    assert_eq!(page.at("/data/0/fields/occurred_at"), "2026-03-11T04:00:00Z");
}

#[tokio::test]
async fn what_is_no_workbook_or_grows_without_bounds_ends_the_import() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let job = form(&mapping(), b"PK not really".to_vec()).run(&sales).await;
    assert_eq!((&job["state"], &job["failure"]), (&json!("failed"), &json!("workbook_unreadable")));
    let bomb = format!("<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>{}</t></is></c></row>", "a".repeat(3_000_000));
    let book = workbook(&[("s", "visible", &bomb, "")], false);
    assert!(book.len() < 20_000, "it is small on its way in");
    let job = form(&mapping(), book).run(&sales).await;
    assert_eq!((&job["state"], &job["failure"]), (&json!("failed"), &json!("workbook_too_large")));
}
