//! Tests of the shared parts of the document and of its checker.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use std::time::Duration;

use actix_web::body::to_bytes;
use actix_web::http::Method;
use actix_web::{App, get, patch};
use custodian_domain::kernel::Fault;
use serde_json::json;
use utoipa_actix_web::AppExt;

use super::*;
use crate::http::openapi::{ChangeProblems, PublicProblems, complete, frame};
use crate::http::{Context, Lang, Problem, Reply};

/// Change a thing.
///
/// For the tests.
#[utoipa::path(tag = "things", request_body(content = String, example = json!("new")), responses(
    (status = 200, description = "Changed.", body = String, example = json!("new")), ChangeProblems,
))]
#[patch("/v1/things/{id}")]
async fn change_thing() -> Result<Reply, Problem> {
    Ok(Reply::no_content())
}

/// Greet.
///
/// For the tests.
#[utoipa::path(tag = "things", security(()), responses(
    (status = 200, description = "Hello.", body = String, example = json!("hello")), PublicProblems,
))]
#[get("/hello")]
async fn greet() -> Result<Reply, Problem> {
    Ok(Reply::no_content())
}

#[utoipa::path(responses((status = 200, description = "?", body = String, content_type = "application/json")))]
#[get("/bare")]
async fn bare() -> Result<Reply, Problem> {
    Ok(Reply::no_content())
}

fn finished() -> OpenApi {
    let app = App::new().into_utoipa_app().openapi(frame("https://c.example")).service(change_thing).service(greet);
    complete(app.split_for_parts().1)
}

#[test]
fn a_finished_document_has_no_fault_and_says_what_it_must() {
    let document = finished();
    assert_eq!(document_faults(&document), Vec::<String>::new());
    let document = serde_json::to_value(document).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(document["info"]["license"]["identifier"], "Apache-2.0");
    assert_eq!(document["servers"][0]["url"], "https://c.example");
    let change = &document["paths"]["/v1/things/{id}"]["patch"];
    assert_eq!(change["operationId"], "change_thing");
    assert_eq!(change["security"], json!([{"bearer": []}, {"api_key": []}]));
    assert_eq!(change["responses"]["412"]["$ref"], "#/components/responses/Problem412");
    let names = change["parameters"].to_string();
    for parameter in ["AcceptLanguage", "ProcessingPurpose", "IfMatch"] {
        assert!(names.contains(parameter), "{parameter}");
    }
    assert!(!names.contains("IdempotencyKey"));
    let hello = &document["paths"]["/hello"]["get"];
    assert_eq!(hello["security"], json!([{}]));
    assert!(!hello["parameters"].to_string().contains("ProcessingPurpose"));
    let examples =
        &document["components"]["responses"]["Problem403"]["content"]["application/problem+json"]["examples"];
    assert_eq!(examples["forbidden"]["value"]["detail"], "This needs the permission customers.read.");
}

#[test]
fn a_bare_operation_is_told_everything_it_lacks() {
    let app = App::new().into_utoipa_app().openapi(frame("https://c.example")).service(bare);
    let found = document_faults(&app.split_for_parts().1).join("\n");
    for lacking in ["summary", "description", "one tag", "security", "lacks an example", "no problem"] {
        assert!(found.contains(lacking), "{lacking}: {found}");
    }
}

#[test]
fn broken_references_are_found() {
    let app = App::new().into_utoipa_app().openapi(frame("https://c.example")).service(greet);
    let unfinished = app.split_for_parts().1;
    assert!(document_faults(&unfinished).contains(&"#/components/responses/Problem404 points at nothing".to_owned()));
}

#[actix_web::test]
async fn problems_are_as_their_schema_says() {
    let document = serde_json::to_value(finished()).unwrap();
    let schema = json!({"$ref": "#/components/schemas/Problem", "components": document["components"]});
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let context = Context::new("r".to_owned(), Lang::Zh, Method::GET, "/v1".parse().unwrap(), Duration::from_secs(1));
    let members = document["components"]["schemas"]["Problem"]["properties"].as_object().unwrap().clone();
    for problem in [Problem::of("not_found"), Problem::of("invalid_body").faults(vec![Fault::new("/a", "required")])] {
        let body = to_bytes(problem.render(&context, "https://c.example").into_body()).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert!(schema.is_valid(&body), "{body}");
        assert!(body.as_object().unwrap().keys().all(|member| members.contains_key(member)), "{body}");
    }
}
