//! A spreadsheet comes in: each line becomes a customer or a fault.

use custodian_api::dev::people;
use serde_json::{Value, json};

use super::{Form, by_number, counts, faults, generated, nothing_is_left, revealed, total};
use crate::support::Org;

#[tokio::test]
async fn every_line_becomes_a_customer_of_the_importer() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let job = Form::csv(&people::mapping(), generated(0..700)).run(&sales).await;
    assert_eq!(counts(&job), (700, 0, 0), "{job}");
    assert_eq!((&job["progress"], &job["error_count"]), (&json!({"done": 700, "total": 700}), &json!(0)));
    assert_eq!(total(&sales).await, 700);
    let one = by_number(&sales, "D000123").await;
    assert_eq!(
        (&one["owner_id"], &one["department_id"]),
        (&json!(org.user_id("sales_a")), &json!(org.department_id("Sales East")))
    );
    let line = generated(0..700).lines().nth(124).unwrap().to_owned();
    let cells: Vec<&str> = line.split(',').collect();
    let plain =
        revealed(&*org.dpo().await, &one["id"], &["name", "mobile", "id_number", "bank_card", "email", "birthday"])
            .await;
    assert_eq!(plain["name"], cells[1]);
    assert_eq!(plain["mobile"], format!("+86{}", cells[2]));
    assert_eq!(
        (&plain["id_number"], &plain["email"], &plain["bank_card"]),
        (&json!(cells[3]), &json!(cells[4]), &json!(cells[5]))
    );
    assert!(one["region"].as_str().unwrap().starts_with("CN-"), "the region follows the province");
    nothing_is_left(&org).await;
}

#[tokio::test]
async fn cells_come_back_as_they_were_written() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let notes = [
        "=HYPERLINK(\"http://x\")",
        "他说:\"下周再联系\",\n换行也要保留",
        "'O'Brien",
        "  with  spaces ",
        "line\r\nbreak",
        "@SUM(1)",
        "a,b;c\td",
    ];
    let mut file = "no,name,note\n".to_owned();
    for (number, note) in notes.iter().enumerate() {
        file += &format!("N{number},Zhang,\"{}\"\n", note.replace('"', "\"\""));
    }
    let mapping = json!({"no": "customer_no", "name": "name", "note": "notes"});
    assert_eq!(counts(&Form::csv(&mapping, file).run(&sales).await), (7, 0, 0));
    for (number, note) in notes.iter().enumerate() {
        assert_eq!(by_number(&sales, &format!("N{number}")).await["fields"]["notes"], **note);
    }
}

#[tokio::test]
async fn a_line_with_a_fault_is_refused_and_the_others_come_in() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let file = "no,name,mobile,birthday,stage,extra\n\
        A1,张三,13812345678,1990-01-01,lead,x\n\
        A2,李四,12345,1990-01-01,lead,x\n\
        A3,,13812345679,1990-02-30,friend,x\n\
        A4,王五,13812345680,1990-01-01,lead\n\
        A5,赵六,138****5678,,,x\n\
        A1,钱七,13812345681,,,x\n\
        ,孙八,13812345682,,,x\n";
    let mapping =
        json!({"no": "customer_no", "name": "name", "mobile": "mobile", "birthday": "birthday", "stage": "stage"});
    let job = Form::csv(&mapping, file).run(&sales).await;
    assert_eq!(counts(&job), (2, 0, 5));
    let expected = [
        (3, "mobile", "invalid_mobile"),
        (4, "birthday", "invalid_date"),
        (4, "name", "required"),
        (4, "stage", "not_a_choice"),
        (5, "", "wrong_column_count"),
        (6, "mobile", "masked_value"),
        (7, "customer_no", "duplicate_value"),
    ];
    assert_eq!(faults(&job), expected);
    assert_eq!(total(&sales).await, 2);
    assert_eq!(by_number(&sales, "A1").await["fields"]["name"], "张三", "the first of two lines of one number stays");
}

#[tokio::test]
async fn numbers_that_exist_are_refused_whoever_has_them() {
    let org = Org::found().await;
    let (sales_a, sales_b) = (org.sales_a().await, org.sales_b().await);
    let made =
        sales_a.post("/v1/customers", &json!({"fields": {"name": "张三", "customer_no": "K-1"}})).await.shows(201);
    let mapping = json!({"no": "customer_no", "name": "name"});
    for person in [&sales_a, &sales_b] {
        let job = Form::csv(&mapping, "no,name\nk-1,Somebody\n").run(person).await;
        assert_eq!((counts(&job), faults(&job)), ((0, 0, 1), vec![(2, "customer_no", "duplicate_value")]));
    }
    assert_eq!(sales_a.get(&format!("/v1/customers/{}", made.id())).await.shows(200).json(), made.json());
}

#[tokio::test]
async fn a_dry_run_tells_everything_and_stores_nothing() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let again = generated(0..1).lines().nth(1).unwrap().to_owned();
    // The repeated number stands in a later batch than the first.
    let file = format!("{}{}\nD999999,,12345,,,,,,,,,,,\n", generated(0..700), again);
    let dry = Form::csv(&people::mapping(), file.clone()).part("dry_run", "true").run(&admin).await;
    let expected =
        [(702, "customer_no", "duplicate_value"), (703, "mobile", "invalid_mobile"), (703, "name", "required")];
    assert_eq!((counts(&dry), faults(&dry)), ((700, 0, 2), expected.to_vec()));
    assert_eq!(total(&admin).await, 0);
    let sql = org.sql().await;
    let stored: i64 = sql
        .query_one("SELECT (SELECT count(*) FROM customers) + (SELECT count(*) FROM blind_indexes)", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(stored, 0);
    nothing_is_left(&org).await;
    let wet = Form::csv(&people::mapping(), file).part("dry_run", "false").run(&admin).await;
    assert_eq!((counts(&wet), faults(&wet)), ((700, 0, 2), expected.to_vec()), "what a dry run said comes true");
}

#[tokio::test]
async fn lines_of_json_come_in_as_well() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let lines = [
        json!({"编号": "J1", "姓名": "张三", "备注": "a\nb", "别的": [1]}).to_string(),
        String::new(),
        json!({"编号": "J2", "姓名": "李四", "备注": null}).to_string(),
        "{\"编号\": \"J3\", ".to_owned(),
        "[1]".to_owned(),
        json!({"编号": "J4", "姓名": 5}).to_string(),
        json!({"编号": "J5"}).to_string(),
        r#"{"编号": "J6", "姓名": "张三", "姓名": "李四"}"#.to_owned(),
    ];
    let mapping = json!({"编号": "customer_no", "姓名": "name", "备注": "notes"});
    for (number, form) in [
        Form::default().part("mapping", &mapping.to_string()).file("people.ndjson", lines.join("\n")),
        Form::default()
            .part("mapping", &mapping.to_string())
            .part("format", "ndjson")
            .file("people.txt", lines.join("\r\n"))
            .part("mode", "upsert"),
    ]
    .into_iter()
    .enumerate()
    {
        let job = form.run(&sales).await;
        let expected = [
            (4, "", "malformed_json"),
            (5, "", "wrong_type"),
            (6, "name", "wrong_type"),
            (7, "name", "required"),
            (8, "", "duplicate_key"),
        ];
        assert_eq!(faults(&job), expected, "{job}");
        assert_eq!(counts(&job), if number == 0 { (2, 0, 5) } else { (0, 2, 5) });
    }
    assert_eq!(by_number(&sales, "J1").await["fields"]["notes"], "a\nb");
    assert_eq!(by_number(&sales, "J2").await["fields"].get("notes"), None::<&Value>);
}

#[tokio::test]
async fn owners_are_named_by_their_address() {
    let org = Org::found().await;
    let manager = org.manager().await;
    let file = format!(
        "no,name,owner\nO1,张三,{}\nO2,李四, {} \nO3,王五,\nO4,赵六,nobody@else.example\nO5,钱七,{}\n",
        org.email("sales_a"),
        org.email("sales_b").to_uppercase(),
        org.email("finance"),
    );
    let mapping = json!({"no": "customer_no", "name": "name", "owner": "owner_email"});
    let job = Form::csv(&mapping, file).run(&manager).await;
    assert_eq!(faults(&job), [(5, "owner_email", "unknown_owner"), (6, "", "outside_scope")]);
    for (number, owner, department) in
        [("O1", "sales_a", "Sales East"), ("O2", "sales_b", "Sales West"), ("O3", "manager", "Sales")]
    {
        let one = by_number(&manager, number).await;
        assert_eq!(
            (&one["owner_id"], &one["department_id"]),
            (&json!(org.user_id(owner)), &json!(org.department_id(department))),
            "{number}"
        );
    }
}

#[tokio::test]
async fn a_file_without_lines_succeeds_with_nothing() {
    let org = Org::found().await;
    let job = Form::csv(&json!({"name": "name"}), "name\n").run(&*org.sales_a().await).await;
    assert_eq!(counts(&job), (0, 0, 0));
}

#[tokio::test]
async fn a_column_that_the_file_lacks_fails_the_import() {
    let org = Org::found().await;
    let job = Form::csv(&json!({"name": "name", "phone": "mobile"}), "name\n张三\n").run(&*org.sales_a().await).await;
    assert_eq!(
        (&job["state"], &job["failure"], &job["result"]),
        (&json!("failed"), &json!("unknown_column"), &Value::Null)
    );
    nothing_is_left(&org).await;
}

#[tokio::test]
async fn two_columns_of_one_name_fail_the_import() {
    let org = Org::found().await;
    let job = Form::csv(&json!({"name": "name"}), "name,name\n张三,李四\n").run(&*org.sales_a().await).await;
    assert_eq!((&job["state"], &job["failure"]), (&json!("failed"), &json!("duplicate_column")));
    nothing_is_left(&org).await;
}
