//! A dry run proposes where the columns go, so that mapping a spreadsheet is a review.

use serde_json::{Value, json};

use super::{Form, counts, total};
use crate::support::Org;

fn proposed<'a>(job: &'a Value, column: &str) -> &'a Value {
    let all = job["result"]["proposals"].as_array().unwrap();
    all.iter().find(|one| one["column"] == column).unwrap_or_else(|| panic!("nothing about {column}: {job}"))
}

#[tokio::test]
async fn a_dry_run_without_a_mapping_proposes_one_and_checks_by_it() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let mut file = "客户编号,姓名,手机号,鞋码,病史\n".to_owned();
    for at in 0..12 {
        file += &format!("P{at},张三,138123456{at:02},4{},花生过敏\n", at % 3);
    }
    file += "P99,李四,12,40,\n";
    let dry = Form::default().part("dry_run", "true").file("customers.csv", file.clone());
    let job = dry.run(&sales).await;
    assert_eq!((counts(&job), total(&sales).await), ((12, 0, 1), 0));
    let mapping = json!({"客户编号": "customer_no", "姓名": "name", "手机号": "mobile"});
    assert_eq!(job["result"]["mapping"], mapping);
    assert_eq!(proposed(&job, "手机号")["field"], "mobile");
    assert_eq!(proposed(&job, "鞋码")["field"], Value::Null);
    assert_eq!(proposed(&job, "病史")["sensitive"], true);
    let text = job.to_string();
    assert!(!text.contains("13812345600") && !text.contains("花生") && !text.contains("张三"), "{text}");
    let half = Form::csv(&json!({"客户编号": "customer_no", "姓名": "name"}), file.clone()).part("dry_run", "true");
    let job = half.run(&sales).await;
    assert_eq!((counts(&job), job["result"]["proposals"].as_array().unwrap().len()), ((13, 0, 0), 3));
    let real = Form::default().file("customers.csv", file);
    let refused = real.hand_in(&sales).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/mapping".to_owned(), "required".to_owned())]);
}

#[tokio::test]
async fn for_records_the_column_that_joins_is_found() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    super::records::numbered(&sales, &["A-1"]).await;
    let lines = r#"{"客户编号": "A-1", "渠道": "phone", "跟进时间": "2026-03-11T08:00:00Z", "心情": "好"}"#;
    let form = Form::default().part("dry_run", "true").part("record_type", "interaction").file("calls.ndjson", lines);
    let job = form.run(&sales).await;
    assert_eq!(
        job["result"]["mapping"],
        json!({"客户编号": "customer_no", "渠道": "channel", "跟进时间": "occurred_at"})
    );
    assert_eq!(counts(&job), (1, 0, 0));
}

#[tokio::test]
async fn what_stands_beside_the_fields_is_proposed_where_header_and_values_say_so() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let own = org.email("sales_a");
    let file = format!(
        "姓名,负责人邮箱,邮箱,客户阶段,来源,地区,状态\n张三,{own},zhang@example.org,qualified,web_form,CN-31,正常\n"
    );
    let job = Form::default().part("dry_run", "true").file("customers.csv", file).run(&sales).await;
    let mapping = json!({"姓名": "name", "负责人邮箱": "owner_email", "邮箱": "email", "客户阶段": "stage", "来源": "source", "地区": "region"});
    assert_eq!(job["result"]["mapping"], mapping, "{job}");
    assert_eq!((counts(&job), proposed(&job, "状态")["field"].clone()), ((1, 0, 0), Value::Null));
    assert!(!job.to_string().contains(&own));
    let unknown = "姓名,客户阶段\n张三,已成交\n";
    let job = Form::default().part("dry_run", "true").file("customers.csv", unknown).run(&sales).await;
    assert_eq!(proposed(&job, "客户阶段")["field"], Value::Null, "what would be refused is not proposed");
}
