//! The form itself: every fault of it at once, in whatever order its parts come.

use serde_json::json;

use super::{Form, counts, finished, nothing_is_left, total};
use crate::support::Org;

fn fault(pointer: &str, code: &str) -> (String, String) {
    (pointer.to_owned(), code.to_owned())
}

#[tokio::test]
async fn the_file_may_come_before_its_mapping() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let form =
        Form::default().file("a.csv", "name\n张三\n").part("mode", "create").part("mapping", "{\"name\":\"name\"}");
    assert_eq!(counts(&form.run(&sales).await), (1, 0, 0));
}

#[tokio::test]
async fn every_fault_of_a_mapping_is_told() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let mapping = json!({"a": "mobile", "b": "mobile", "c/d": "nickname", "e": 1, "f": "owner_id"});
    let refused = Form::csv(&mapping, "a,b\n").hand_in(&sales).await.refuses(422, "invalid_body");
    let expected = [
        fault("/mapping/b", "duplicate_value"),
        fault("/mapping/c~1d", "unknown_field"),
        fault("/mapping/e", "wrong_type"),
        fault("/mapping/f", "unknown_field"),
    ];
    assert_eq!(refused.faults(), expected);
    for text in ["", "{", "[]", "{}", "\"name\"", "{\"a\":\"name\",\"a\":\"name\"}"] {
        let form = Form::default().part("mapping", text).file("a.csv", "a\n");
        let refused = form.hand_in(&sales).await.refuses(422, "invalid_body");
        assert!(refused.faults().iter().all(|(pointer, _)| pointer == "/mapping"), "{text}: {refused}");
    }
    nothing_is_left(&org).await;
}

#[tokio::test]
async fn every_fault_of_a_form_is_told() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let form = Form::default()
        .part("mode", "replace")
        .part("dry_run", "maybe")
        .part("format", "xls")
        .part("owner", "me")
        .part("mode", "create");
    let expected = [
        fault("/dry_run", "not_a_choice"),
        fault("/file", "required"),
        fault("/format", "not_a_choice"),
        fault("/mapping", "required"),
        fault("/mode", "repeated"),
        fault("/owner", "unknown_field"),
    ];
    assert_eq!(form.hand_in(&sales).await.refuses(422, "invalid_body").faults(), expected);
    let empty = Form::csv(&json!({"name": "name"}), "").hand_in(&sales).await.refuses(422, "invalid_body");
    assert_eq!(empty.faults(), [fault("/file", "empty_file")]);
    sales.post("/v1/imports", &json!({"mapping": {}})).await.refuses(415, "unsupported_media_type");
    let torn = sales
        .request("POST", "/v1/imports")
        .body("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nname\n");
    assert_eq!(torn.await.status, 400);
    nothing_is_left(&org).await;
    let jobs = sales.get("/v1/jobs").await.shows(200);
    assert_eq!(jobs.at("/data"), json!([]), "a refused form makes no job");
}

#[tokio::test]
async fn a_retried_form_is_imported_once() {
    let org = Org::found().await;
    let sales = org.sales_a().await.with("idempotency-key", "file-1");
    let form = Form::csv(&json!({"name": "name"}), "name\n张三\n");
    let first = form.hand_in(&sales).await.shows(202);
    let again = form.hand_in(&sales).await.shows(202);
    assert_eq!((again.json(), again.sent("idempotent-replayed").as_str()), (first.json(), "true"));
    finished(&sales, &first.sent("location")).await;
    assert_eq!(total(&sales).await, 1);
    Form::csv(&json!({"name": "name"}), "name\n李四\n").hand_in(&sales).await.refuses(422, "idempotency_key_reused");
    nothing_is_left(&org).await;
}
