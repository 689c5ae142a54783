//! Faults of a body: every one of them, each with its place, never its value.

use serde_json::json;

use crate::support::{Answer, Org, customer};

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = expected.iter().map(|(place, code)| ((*place).to_owned(), (*code).to_owned())).collect();
    pairs.sort();
    pairs
}

#[track_caller]
fn lists(answer: &Answer, expected: &[(&str, &str)]) {
    assert_eq!(answer.faults(), pairs(expected), "{answer}");
}

#[tokio::test]
async fn faults_of_shape_and_of_value_are_listed_together() {
    let asha = Org::found().await.sales_a().await;
    let body = json!({
        "stage": 7, "source": "Not A Code", "region": "nowhere", "owner_id": "me", "tenant_id": "x",
        "fields": {"mobile": "123", "id_number": "11010519491231002X1", "email": "a@", "bank_card": "6222020000000000", "birthday": "yesterday", "height": 180}
    });
    let answer = asha.post("/v1/customers", &body).await.refuses(422, "invalid_body");
    lists(
        &answer,
        &[
            ("/stage", "wrong_type"),
            ("/source", "invalid_source"),
            ("/region", "unknown_region"),
            ("/owner_id", "invalid_format"),
            ("/tenant_id", "unknown_field"),
            ("/fields/name", "required"),
            ("/fields/mobile", "invalid_mobile"),
            ("/fields/id_number", "invalid_resident_id"),
            ("/fields/email", "invalid_email"),
            ("/fields/bank_card", "invalid_bank_card"),
            ("/fields/birthday", "invalid_date"),
            ("/fields/height", "unknown_field"),
        ],
    );
    for value in ["Not A Code", "nowhere", "11010519491231002X1", "6222020000000000", "yesterday"] {
        assert!(!answer.text().contains(value), "{value} is quoted: {answer}");
    }
}

#[tokio::test]
async fn a_body_of_another_type_is_a_fault_of_the_whole() {
    let asha = Org::found().await.sales_a().await;
    for body in [json!([]), json!("x"), json!(1), json!(null), json!(true)] {
        let answer = asha.post("/v1/customers", &body).await.refuses(422, "invalid_body");
        assert_eq!(
            answer.faults().first().map(|(place, code)| (place.as_str(), code.as_str())),
            Some(("", "wrong_type")),
            "{answer}"
        );
    }
    let answer = asha.post("/v1/customers", &json!({"fields": []})).await.refuses(422, "invalid_body");
    assert!(answer.faults().contains(&("/fields".to_owned(), "wrong_type".to_owned())), "{answer}");
}

#[tokio::test]
async fn members_that_the_server_decides_are_refused() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let path = format!("/v1/customers/{}", org.customer_of(&asha).await);
    for member in [
        "id",
        "tenant_id",
        "organization_id",
        "role",
        "status",
        "created_at",
        "updated_at",
        "key_version",
        "approved_by",
        "masked",
        "classification",
        "erased_at",
        "version",
        "restricted",
        "field_access",
        "__proto__",
        "_method",
    ] {
        let mut body = customer();
        body[member] = json!("x");
        lists(
            &asha.post("/v1/customers", &body).await.refuses(422, "unknown_field"),
            &[(&format!("/{member}"), "unknown_field")],
        );
        let answer = asha.patch(&path, &json!({member: "x"})).await.refuses(422, "unknown_field");
        lists(&answer, &[(&format!("/{member}"), "unknown_field")]);
    }
}

#[tokio::test]
async fn a_number_is_not_a_text_and_a_text_is_not_a_list() {
    let org = Org::found().await;
    let (admin, asha) = (org.admin().await, org.sales_a().await);
    let answer = admin
        .post(
            "/v1/api-keys",
            &json!({"third_party": 1, "name": "", "permissions": "customers.read", "fields": [1], "expires_at": 5}),
        )
        .await;
    lists(
        &answer.refuses(422, "invalid_body"),
        &[
            ("/third_party", "wrong_type"),
            ("/name", "empty"),
            ("/permissions", "wrong_type"),
            ("/fields/0", "wrong_type"),
            ("/expires_at", "wrong_type"),
        ],
    );
    let mut body = customer();
    body["fields"]["mobile"] = json!(13_812_345_678_i64);
    let answer = asha.post("/v1/customers", &body).await.refuses(422, "invalid_body");
    assert_eq!(answer.faults().len(), 1, "{answer}");
    assert_eq!(answer.faults()[0].0, "/fields/mobile", "{answer}");
}

#[tokio::test]
async fn a_mask_written_back_changes_nothing() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let mut body = customer();
    body["fields"]["mobile"] = json!("13812345678");
    let path = format!("/v1/customers/{}", asha.post("/v1/customers", &body).await.shows(201).id());
    let shown = asha.get(&path).await.shows(200);
    let mask = shown.text_at("/fields/mobile");
    let answer = asha.patch(&path, &json!({"fields": {"mobile": mask}})).await.refuses(422, "invalid_body");
    lists(&answer, &[("/fields/mobile", "masked_value")]);
    assert_eq!(asha.get(&path).await.shows(200).sent("etag"), shown.sent("etag"));
}

#[tokio::test]
async fn a_fault_inside_a_name_with_slashes_points_there() {
    let asha = Org::found().await.sales_a().await;
    let mut body = customer();
    body["fields"]["a/b~c"] = json!(1);
    let answer = asha.post("/v1/customers", &body).await.refuses(422, "unknown_field");
    lists(&answer, &[("/fields/a~1b~0c", "unknown_field")]);
}
