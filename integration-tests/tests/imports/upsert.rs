//! Changing who is there already: by customer number, only what the file names, only where the importer may.

use custodian_api::dev::people;
use serde_json::json;

use super::{Form, by_number, counts, faults, generated, revealed, total};
use crate::support::Org;

#[tokio::test]
async fn a_line_changes_what_it_names_and_keeps_the_rest() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    Form::csv(&people::mapping(), generated(0..3)).run(&sales).await;
    let before = by_number(&sales, "D000001").await;
    let file = "编号,公司,阶段\nD000001,新公司,dormant\nD000002,,\n";
    let mapping = json!({"编号": "customer_no", "公司": "company", "阶段": "stage"});
    let job = Form::csv(&mapping, file).part("mode", "upsert").run(&sales).await;
    assert_eq!(counts(&job), (0, 2, 0));
    let after = by_number(&sales, "D000001").await;
    let mut expected = before["fields"].clone();
    expected["company"] = "新公司".into();
    assert_eq!(after["fields"], expected);
    assert_eq!(
        (&after["version"], &after["stage"], &after["source"], &after["owner_id"]),
        (&json!(2), &json!("dormant"), &before["source"], &before["owner_id"])
    );
    let history = sales.get(&format!("/v1/customers/{}/history", after["id"].as_str().unwrap())).await.shows(200);
    let changes = history.at("/data/0/changes");
    assert_eq!(changes.as_array().unwrap().len(), 2, "{history}");
    assert_eq!(changes[0], json!({"field": "company", "before": before["fields"]["company"], "after": "新公司"}));
    assert_eq!(by_number(&sales, "D000002").await["version"], 1, "empty cells change nothing");
    let hidden = revealed(&*org.dpo().await, &after["id"], &["id_number"]).await;
    assert!(hidden["id_number"].as_str().unwrap().len() == 18, "what the importer does not see stays as well");
}

#[tokio::test]
async fn what_is_new_is_entered_beside_what_is_changed() {
    let org = Org::found().await;
    let admin = org.admin().await;
    Form::csv(&people::mapping(), generated(0..600)).run(&admin).await;
    let job = Form::csv(&people::mapping(), generated(500..1200)).part("mode", "upsert").run(&admin).await;
    assert_eq!(counts(&job), (600, 100, 0));
    assert_eq!(total(&admin).await, 1200);
    let again = Form::csv(&people::mapping(), generated(500..1200)).part("mode", "upsert").run(&admin).await;
    assert_eq!(counts(&again), (0, 700, 0));
    assert_eq!(by_number(&admin, "D001100").await["version"], 1, "the same file twice changes nothing");
}

#[tokio::test]
async fn a_number_that_stands_twice_in_a_file_is_refused_the_second_time() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let mut file = "no,name\nT1,张三\nT1,李四\n".to_owned();
    for line in 0..600 {
        file += &format!("F{line},王五\n");
    }
    file += "T1,赵六\n";
    let job = Form::csv(&json!({"no": "customer_no", "name": "name"}), file).part("mode", "upsert").run(&sales).await;
    assert_eq!(faults(&job), [(3, "customer_no", "duplicate_value"), (604, "customer_no", "duplicate_value")]);
    assert_eq!(by_number(&sales, "T1").await["fields"]["name"], "张三");
}

#[tokio::test]
async fn a_new_customer_needs_a_name_and_an_existing_one_does_not() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    sales.post("/v1/customers", &json!({"fields": {"name": "张三", "customer_no": "M1"}})).await.shows(201);
    let file = "no,company\nM1,甲公司\nM2,乙公司\n";
    let job =
        Form::csv(&json!({"no": "customer_no", "company": "company"}), file).part("mode", "upsert").run(&sales).await;
    assert_eq!((counts(&job), faults(&job)), ((0, 1, 1), vec![(3, "name", "required")]));
}

#[tokio::test]
async fn nobody_changes_a_colleagues_customer_by_a_file() {
    let org = Org::found().await;
    let made = org
        .sales_a()
        .await
        .post("/v1/customers", &json!({"fields": {"name": "张三", "customer_no": "X1"}}))
        .await
        .shows(201);
    let job = Form::csv(&json!({"no": "customer_no", "name": "name"}), "no,name\nX1,改名\n")
        .part("mode", "upsert")
        .run(&*org.sales_b().await)
        .await;
    assert_eq!((counts(&job), faults(&job)), ((0, 0, 1), vec![(2, "customer_no", "duplicate_value")]));
    assert_eq!(org.sales_a().await.get(&format!("/v1/customers/{}", made.id())).await.shows(200).json(), made.json());
}
