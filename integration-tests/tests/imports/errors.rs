//! The faults of an import: all of them, in pages or as a download, and never a value.

use serde_json::{Value, json};

use super::Form;
use crate::customers::encoded;
use crate::support::{Org, Person};

const SECRET: &str = "机密canary7431";

/// Runs a file with this many faulty lines; answers the path of its faults.
async fn faulty(person: &Person, lines: usize) -> String {
    let mut file = "name,mobile\n".to_owned();
    for _ in 0..lines {
        file += &format!("张三,{SECRET}\n");
    }
    let job = Form::csv(&json!({"name": "name", "mobile": "mobile"}), file).run(person).await;
    assert_eq!(job["error_count"], lines);
    assert_eq!(job["errors"].as_array().unwrap().len(), lines.min(100), "a job lists its first hundred");
    assert!(!job.to_string().contains(SECRET));
    job["result"]["errors_url"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn all_faults_come_in_pages_in_the_order_of_the_lines() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let url = faulty(&sales, 125).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = sales.get(&format!("{url}?limit=50{cursor}")).await.shows(200);
        assert!(!page.text().contains(SECRET));
        seen.extend(page.at("/data").as_array().unwrap().clone());
        match page.at("/next_cursor").as_str() {
            Some(next) => cursor = format!("&cursor={}", encoded(next)),
            None => break,
        }
    }
    let expected: Vec<Value> =
        (2..127).map(|line| json!({"line": line, "field": "mobile", "code": "invalid_mobile"})).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn all_faults_come_as_one_download_without_a_value() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    // More than one block of a thousand.
    let url = faulty(&sales, 1_100).await;
    let file = sales.get(&url).header("accept", "text/csv").await.shows(200);
    assert_eq!(file.sent("content-type"), "text/csv; charset=utf-8");
    assert!(file.sent("content-disposition").starts_with("attachment"));
    let lines: Vec<&str> = file.text().lines().collect();
    assert_eq!(
        (lines.len(), lines[0], lines[1], lines[1_100]),
        (1_101, "line,field,code", "2,mobile,invalid_mobile", "1101,mobile,invalid_mobile")
    );
    assert!(!file.text().contains("canary"));
}

#[tokio::test]
async fn the_faults_of_anothers_file_do_not_exist() {
    let org = Org::found().await;
    let url = faulty(&org.sales_a().await, 1).await;
    for person in [org.sales_b().await, org.manager().await, org.admin().await, org.finance().await] {
        person.get(&url).await.refuses(404, "not_found");
        person.get(&url).header("accept", "text/csv").await.refuses(404, "not_found");
    }
    org.nobody().await.get(&url).await.refuses(403, "forbidden");
}
