//! A sales team's real spreadsheet: ten thousand lines, twenty of them bad, some of them odd.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Form, by_number, counts, faults, revealed, total};
use crate::support::Org;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name)
}

#[tokio::test]
#[expect(clippy::print_stderr, reason = "a test that could not be made says so")]
async fn ten_thousand_lines_give_9_980_customers_and_20_faults() {
    let (Ok(text), Ok(bad)) =
        (std::fs::read_to_string(file("customers-zh.csv")), std::fs::read_to_string(file("customers-zh.bad.csv")))
    else {
        eprintln!("skipped: {} is not there", file("customers-zh.csv").display());
        return;
    };
    let org = Org::found().await;
    let admin = org.admin().await;
    let text = ["a", "b", "c"].iter().fold(text, |text, which| {
        text.replace(&format!("sales.{which}@demo.example"), &org.email(&format!("sales_{which}")))
    });
    let mapping = json!({"客户编号": "customer_no", "姓名": "name", "手机号": "mobile", "身份证号": "id_number", "邮箱": "email", "银行卡号": "bank_card",
        "省份": "province", "地址": "address", "公司": "company", "职业": "occupation", "客户阶段": "stage", "来源": "source", "负责人邮箱": "owner_email",
        "生日": "birthday", "备注": "notes"});
    let job = Form::csv(&mapping, text).run(&admin).await;
    assert_eq!(counts(&job), (9_980, 0, 20));
    let expected: Vec<(i64, &str)> = bad
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>())
        .map(|cells| (cells[0].parse().unwrap(), cells[2]))
        .collect();
    let found: Vec<(i64, &str)> = faults(&job).into_iter().map(|(line, field, _)| (line, field)).collect();
    assert_eq!(found, expected);
    assert_eq!(total(&admin).await, 9_980);
    let notes = by_number(&admin, "C001234").await["fields"]["notes"].clone();
    assert_eq!(notes, "=HYPERLINK(\"http://evil.example\",\"点我\")");
    let notes = by_number(&admin, "C002345").await["fields"]["notes"].clone();
    assert_eq!(notes, "他说:\"下周再联系\",\n换行也要保留");
    let id = by_number(&admin, "C003456").await["id"].clone();
    let address = revealed(&admin, &id, &["address"]).await;
    assert_eq!(address["address"], "O'Brien 大道; DROP TABLE customers;--");
}
