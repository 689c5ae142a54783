//! Tests of what every request and every answer goes through.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web;
use actix_web::{App, get, post};
use serde_json::Value;
use utoipa_actix_web::AppExt;

use super::*;
use crate::http::{Id, Query, Reply, fallback};

/// Reads a thing
///
/// For the tests.
#[utoipa::path(responses((status = 200, description = "It.")))]
#[get("/v1/things/{id}")]
async fn thing(_: Id<uuid::Uuid>) -> Result<Reply, Problem> {
    Ok(Reply::ok(&"thing")?)
}

/// Lists things
///
/// For the tests.
#[utoipa::path(responses((status = 200, description = "They.")))]
#[get("/v1/things")]
async fn things(mut query: Query) -> Result<Reply, Problem> {
    query.limit();
    query.done()?;
    Ok(Reply::ok(&"things")?)
}

/// Makes a thing
///
/// For the tests.
#[utoipa::path(responses((status = 201, description = "It.")))]
#[post("/v1/things")]
async fn make() -> Result<Reply, Problem> {
    Ok(Reply::created("/v1/things/1", &"thing")?)
}

async fn framework() -> Result<HttpResponse, Error> {
    Err(actix_web::error::ErrorConflict("the framework's own words"))
}

struct Answer {
    status: StatusCode,
    headers: actix_web::http::header::HeaderMap,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn code(&self) -> &str {
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.body["status"], self.status.as_u16());
        assert_eq!(self.body["request_id"], self.header("x-request-id").unwrap());
        self.body["code"].as_str().unwrap()
    }
}

async fn send(request: TestRequest) -> Answer {
    let mut edge = Edge::new("https://c.example/", 1024, Duration::from_secs(5));
    edge.cors_origins = vec!["https://crm.example".to_owned()];
    let (app, document) = App::new().into_utoipa_app().service(thing).service(things).service(make).split_for_parts();
    edge.learn_paths(&document, &[]);
    let app = app
        .app_data(Data::new(edge))
        .route("/framework", web::get().to(framework))
        .default_service(web::to(fallback))
        .wrap(from_fn(transport));
    let answer = call_service(&init_service(app).await, request.to_request()).await;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = serde_json::from_slice(&read_body(answer).await).unwrap_or_default();
    Answer { status, headers, body }
}

const ID: &str = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

#[actix_web::test]
async fn every_answer_carries_its_id_and_the_security_headers() {
    let answer = send(TestRequest::get().uri("/v1/things").insert_header(("x-request-id", "my-request-1"))).await;
    assert_eq!(answer.status, 200);
    for (name, value) in [
        ("x-request-id", "my-request-1"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ] {
        assert_eq!(answer.header(name), Some(value));
    }
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[actix_web::test]
async fn unknown_paths_and_ids_of_any_shape_are_one_404() {
    let mut bodies = Vec::new();
    for path in
        ["/nowhere", "/v1/things/7", "/v1/things/%00", "/v1/things/..%2f..%2fetc", "/v1/things/%ff", "/v1/things/"]
    {
        let answer = send(TestRequest::get().uri(path)).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (404, "not_found"), "{path}");
        let mut body = answer.body.clone();
        for own in ["request_id", "instance"] {
            body.as_object_mut().unwrap().remove(own);
        }
        bodies.push(body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
}

#[actix_web::test]
async fn other_methods_are_405_with_allow_and_options_is_answered() {
    let answer = send(TestRequest::delete().uri("/v1/things")).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (405, "method_not_allowed"));
    assert_eq!(answer.header("allow"), Some("GET, POST, HEAD, OPTIONS"));
    let answer = send(TestRequest::default().method(Method::OPTIONS).uri(&format!("/v1/things/{ID}"))).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (204, Some("GET, HEAD, OPTIONS")));
    let overridden =
        TestRequest::post().uri(&format!("/v1/things/{ID}")).insert_header(("x-http-method-override", "GET"));
    assert_eq!(send(overridden).await.status, 405);
    let answer = send(TestRequest::default().method(Method::HEAD).uri("/v1/things")).await;
    assert_eq!(answer.status, 200);
}

#[actix_web::test]
async fn problems_speak_the_callers_language_and_leave_the_query_out() {
    let request =
        TestRequest::get().uri("/v1/things?limit=0&mobile=13812345678").insert_header(("accept-language", "zh-CN"));
    let answer = send(request).await;
    assert_eq!(answer.code(), "invalid_query");
    assert_eq!(answer.header("content-language"), Some("zh-CN"));
    assert_eq!(answer.body["title"], "查询参数无效");
    assert_eq!(answer.body["instance"], "/v1/things");
    assert_eq!(answer.body["type"], "https://c.example/problems/invalid_query");
    assert!(!answer.body.to_string().contains("13812345678"));
}

#[actix_web::test]
async fn errors_of_the_framework_become_problems_without_its_words() {
    let answer = send(TestRequest::get().uri("/framework")).await;
    assert_eq!((answer.status.as_u16(), answer.body["code"].as_str()), (400, Some("bad_request")));
    assert!(!answer.body.to_string().contains("words"));
}

#[actix_web::test]
async fn host_and_forwarded_headers_change_no_link() {
    let request = TestRequest::get()
        .uri("/nowhere")
        .insert_header(("host", "evil.example"))
        .insert_header(("x-forwarded-host", "evil.example"));
    assert!(!send(request).await.body.to_string().contains("evil"));
}

#[actix_web::test]
async fn only_configured_origins_are_let_in() {
    let preflight = |origin: &str| {
        TestRequest::default()
            .method(Method::OPTIONS)
            .uri("/v1/things")
            .insert_header(("origin", origin))
            .insert_header(("access-control-request-method", "POST"))
    };
    let answer = send(preflight("https://crm.example")).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://crm.example"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("GET, POST, HEAD, OPTIONS"));
    for origin in ["https://evil.example", "https://crm.example.evil.example", "null", "http://crm.example", "*"] {
        let answer = send(preflight(origin)).await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
        assert_eq!(answer.header("access-control-allow-methods"), None, "{origin}");
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
    let answer = send(TestRequest::get().uri("/v1/things").insert_header(("origin", "https://crm.example"))).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://crm.example"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
}
