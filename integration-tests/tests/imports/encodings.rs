//! The same people in every encoding that spreadsheets come in.

use serde_json::json;

use super::{Form, by_number, counts};
use crate::support::Org;

const FILE: &str = "编号,姓名,备注\nE1,段正淳,\"第一行\n第二行，𠮷\"\nE2,欧阳娜娜,普通\n";

#[tokio::test]
async fn every_encoding_gives_the_same_customers() {
    let (gb18030, _, unmappable) = encoding_rs::GB18030.encode(FILE);
    assert!(!unmappable);
    let with_bom = [b"\xEF\xBB\xBF".as_slice(), FILE.as_bytes()].concat();
    for bytes in [FILE.as_bytes().to_vec(), with_bom, gb18030.into_owned(), FILE.replace('\n', "\r\n").into_bytes()] {
        let org = Org::found().await;
        let sales = org.sales_a().await;
        let mapping = json!({"编号": "customer_no", "姓名": "name", "备注": "notes"});
        assert_eq!(counts(&Form::csv(&mapping, bytes.clone()).run(&sales).await), (2, 0, 0));
        let one = by_number(&sales, "E1").await;
        assert_eq!(one["fields"]["name"], "段正淳");
        assert_eq!(one["fields"]["notes"].as_str().unwrap().replace('\r', ""), "第一行\n第二行，𠮷");
        assert_eq!(by_number(&sales, "E2").await["fields"]["name"], "欧阳娜娜");
    }
}

#[tokio::test]
async fn a_character_across_two_pieces_is_whole() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    // Pieces hold 65,536 bytes; three bytes a character meet that border at every offset in one of three files.
    for shift in 0..3 {
        let long = "字".repeat(3_900);
        let mut file = format!("no,name,note{}\n", "x".repeat(shift));
        for line in 0..12 {
            file += &format!("B{shift}{line},张三,{long}\n");
        }
        let mapping = json!({"no": "customer_no", "name": "name", format!("note{}", "x".repeat(shift)): "notes"});
        assert_eq!(counts(&Form::csv(&mapping, file).run(&sales).await), (12, 0, 0));
        for line in 0..12 {
            assert_eq!(by_number(&sales, &format!("B{shift}{line}")).await["fields"]["notes"], long);
        }
    }
}

#[tokio::test]
async fn text_in_no_known_encoding_is_refused() {
    let org = Org::found().await;
    let bytes = [b"name\n".as_slice(), &[0xFF; 12], b"\n"].concat();
    let refused =
        Form::csv(&json!({"name": "name"}), bytes).hand_in(&*org.sales_a().await).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/file".to_owned(), "unknown_encoding".to_owned())]);
    super::nothing_is_left(&org).await;
}
